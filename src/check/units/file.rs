//! `unit-file`: programs, files and folders that a unit names and that are not there.

use super::{
    made::Made,
    question::{Units, Wanted, at},
};
use crate::{
    check::place::{self, PATH, Place, Program, find, names_of, similar},
    names::Concern,
    stage::{Kind, Tree},
    unit::judge::{Named, Needs},
};

/// What a path has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    File,
    Folder,
    Any,
}

/// Looks for what a unit needs.
pub(super) fn look(tree: &Tree, needs: &Needs, made: &Made, found: &mut Units) {
    let usual = PATH.map(str::to_owned);
    let folders = if needs.search.is_empty() { usual.as_slice() } else { needs.search.as_slice() };
    for one in &needs.programs {
        program(tree, one, folders, found);
    }
    for (all, sort) in [(&needs.files, Sort::File), (&needs.folders, Sort::Folder), (&needs.paths, Sort::Any)] {
        for one in all.iter().filter(|one| !made.has(&one.value)) {
            thing(tree, one, sort, found);
        }
    }
}

fn program(tree: &Tree, program: &Named, folders: &[String], found: &mut Units) {
    let (key, value) = (&program.key, &program.value);
    match place::program(tree, value, folders) {
        Program::Runs => {}
        Program::Wrong(how) => {
            let lack = at(Concern::UnitFile, &program.place, &format!("{key}={value} {how}"));
            let is_idle = how.starts_with("is not executable");
            let mend =
                "`chmod +x` the file of the project, or say `file_info = { mode = 0o755 }` in its entry of `contents`";
            found.lacks.push(if is_idle { lack.mend(mend) } else { lack });
        }
        Program::Beside(paths) => {
            let meant = similar(tree, value);
            let reason = format!("{key}={value} is neither in the package nor a program of the image{meant}");
            found.ask(Wanted::Program(paths), at(Concern::UnitFile, &program.place, &reason));
        }
    }
}

fn thing(tree: &Tree, named: &Named, sort: Sort, found: &mut Units) {
    let mut beside = Vec::new();
    for path in names_of(&named.value) {
        match find(tree, &path) {
            Place::There(_, entry) if sort == Sort::Any || (entry.kind == Kind::Dir) == (sort == Sort::Folder) => {
                return;
            }
            Place::There(..) => {
                let how = if sort == Sort::Folder { "is no folder" } else { "is no file" };
                let reason = format!("{}={} {how}", named.key, named.value);
                return found.lacks.push(at(Concern::UnitFile, &named.place, &reason));
            }
            Place::Beside(path) => beside.push(path),
        }
    }
    let meant = similar(tree, &named.value);
    let reason = format!("{}={} is neither in the package nor in the image{meant}", named.key, named.value);
    let wanted = match sort {
        Sort::File => Wanted::File(beside),
        Sort::Folder => Wanted::Folder(beside),
        Sort::Any => Wanted::Path(beside),
    };
    found.ask(wanted, at(Concern::UnitFile, &named.place, &reason));
}
