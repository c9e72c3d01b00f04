//! `unit-file`: programs, scripts, files and folders that a unit names and that are not there, or that the kernel cannot start.

use std::io::Read as _;

use super::{
    made::Made,
    question::{Units, Wanted, at},
    swapped,
};
use crate::{
    check::{
        finding::Finding,
        place::{self, PATH, Place, Program, find, names_of, similar},
        shebang::WINDOWS,
    },
    names::Concern,
    stage::{Entry, Kind, Tree},
    unit::judge::{Named, Needs, Run},
    util::toml::nearest,
};

/// So much of a file is read to see how its first line ends, in bytes.
const START: u64 = 4096;

/// What a path has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    File,
    Folder,
    Any,
}

/// Looks for what a unit needs.
///
/// # Errors
/// When the spool cannot be read.
pub(super) fn look(tree: &Tree, needs: &Needs, made: &Made, found: &mut Units) -> std::io::Result<()> {
    let usual = PATH.map(str::to_owned);
    let folders = if needs.search.is_empty() { usual.as_slice() } else { needs.search.as_slice() };
    for one in &needs.programs {
        program(tree, one, folders, found)?;
    }
    for one in needs.scripts.iter().filter(|one| !made.has(&one.named.value)) {
        script(tree, one, found)?;
    }
    for (all, sort) in [(&needs.files, Sort::File), (&needs.folders, Sort::Folder), (&needs.paths, Sort::Any)] {
        for one in all.iter().filter(|one| !made.has(&one.value)) {
            thing(tree, (one, needs.made.as_slice()), sort, found);
        }
    }
    Ok(())
}

fn program(tree: &Tree, program: &Named, folders: &[String], found: &mut Units) -> std::io::Result<()> {
    let (key, value) = (&program.key, &program.value);
    match place::program(tree, value, folders) {
        Program::Runs => found.lacks.extend(no_program(tree, program)?),
        Program::Wrong(how) => {
            let lack = at(Concern::UnitFile, &program.place, &format!("{key}={value} {how}"));
            let is_idle = how.starts_with("is not executable");
            let mend =
                "`chmod +x` the file of the project, or say `file_info = { mode = 0o755 }` in its entry of `contents`";
            found.lacks.push(if is_idle { lack.mend(mend) } else { lack });
        }
        Program::Beside(paths) => {
            let subject = format!("{key}={value}");
            let lack = or_swapped(tree, program, &subject, || {
                let meant = if value.starts_with('/') { similar(tree, value) } else { place::called(tree, value) };
                format!("{subject} is neither in the package nor a program of the image{meant}")
            });
            found.ask(Wanted::Program(paths), lack);
        }
    }
    Ok(())
}

/// What is wrong with something that is not there: that a link was made the other way round, where it looks like that, else what is said.
fn or_swapped(tree: &Tree, named: &Named, subject: &str, reason: impl Fn() -> String) -> Finding {
    let link = swapped::of(tree, &named.value);
    let swapped = link.map(|link| at(Concern::UnitFile, &named.place, &link.reason(subject)).mend(link.mend()));
    swapped.unwrap_or_else(|| at(Concern::UnitFile, &named.place, &reason()))
}

/// That a file of the tree is executable, but nothing that the kernel starts (execve(2)).
fn no_program(tree: &Tree, program: &Named) -> std::io::Result<Option<Finding>> {
    let entry = names_of(&program.value).iter().find_map(|path| match find(tree, path) {
        Place::There(_, entry) => Some(entry),
        Place::Beside(_) => None,
    });
    let Some(entry) = entry else { return Ok(None) };
    let start = start_of(tree, entry)?;
    let is_one = start.starts_with(b"#!") || start.starts_with(b"\x7fELF");
    let reason = format!("{}={} begins neither as a program (ELF) nor with `#!`", program.key, program.value);
    let mend =
        "begin it with `#!` and the absolute path of an interpreter, as `#!/bin/sh`: systemd ends it with 203/EXEC";
    Ok((!is_one).then(|| at(Concern::UnitFile, &program.place, &reason).mend(mend)))
}

/// A script that an interpreter is told to run: it has to be there, and its lines have to be such as a shell reads.
fn script(tree: &Tree, run: &Run, found: &mut Units) -> std::io::Result<()> {
    let Named { key, value, place } = &run.named;
    let subject = format!("{key}= has {} run {value}, which", run.script.by);
    let mut beside = Vec::new();
    for path in names_of(value) {
        match find(tree, &path) {
            Place::There(path, entry) if entry.kind != Kind::Dir => {
                found.lacks.extend(of_windows(tree, (&path, entry), run)?);
                return Ok(());
            }
            Place::Beside(path) if !place::has_below(tree, &path) => beside.push(path),
            Place::There(..) | Place::Beside(_) => {
                if !run.script.may_be_folder {
                    found.lacks.push(at(Concern::UnitFile, place, &format!("{subject} is a folder")));
                }
                return Ok(());
            }
        }
    }
    let lack = or_swapped(tree, &run.named, &subject, || {
        format!("{subject} is neither in the package nor in the image{}", similar(tree, value))
    });
    found.ask(if run.script.may_be_folder { Wanted::Path(beside) } else { Wanted::File(beside) }, lack);
    Ok(())
}

/// That a shell reads a script whose lines end with CR LF. Of one that begins with `#!`, that line says it already.
fn of_windows(tree: &Tree, (path, entry): (&str, &Entry), run: &Run) -> std::io::Result<Option<Finding>> {
    if !run.script.is_shell {
        return Ok(None);
    }
    let start = start_of(tree, entry)?;
    let is_windows = start.split_inclusive(|byte| *byte == b'\n').next().is_some_and(|line| line.ends_with(b"\r\n"));
    let what = format!("is run by {} (`{}=`), and {WINDOWS}", run.script.by.escape_debug(), run.named.key);
    Ok((is_windows && !start.starts_with(b"#!"))
        .then(|| Finding::new(Concern::LineEnds, path.trim_start_matches('/'), what)))
}

/// How a file of the tree begins.
fn start_of(tree: &Tree, entry: &Entry) -> std::io::Result<Vec<u8>> {
    let entry = match &entry.kind {
        Kind::Hardlink { target } => tree.get(target).unwrap_or(entry),
        _ => entry,
    };
    let mut start = Vec::new();
    tree.open(entry).take(START).read_to_end(&mut start)?;
    Ok(start)
}

fn thing(tree: &Tree, (named, made): (&Named, &[String]), sort: Sort, found: &mut Units) {
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
    let subject = format!("{}={}", named.key, named.value);
    let lack = or_swapped(tree, named, &subject, || {
        let near = nearest(&named.value, made.iter().map(String::as_str));
        let meant = near.map_or_else(|| similar(tree, &named.value), |near| format!(", did you mean {near}?"));
        format!("{subject} is neither in the package nor in the image{meant}")
    });
    let wanted = match sort {
        Sort::File => Wanted::File(beside),
        Sort::Folder => Wanted::Folder(beside),
        Sort::Any => Wanted::Path(beside),
    };
    found.ask(wanted, lack);
}
