//! `interpreter`: a program or script that the kernel cannot start, because what it begins with is not there.

use crate::{
    check::{
        finding::Finding,
        place::{self, PATH, Program},
        shebang::Shebang,
    },
    names::Concern,
    stage::Tree,
};

/// A script, and a program of its `#!` line that the tree does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The program is under one of these paths.
    pub wanted: Vec<String>,
    /// What is wrong where it is not.
    pub lack: Finding,
}

/// That nothing loads a program.
#[must_use]
pub fn no_loader(path: &str, loader: &str) -> Finding {
    Finding::new(Concern::Interpreter, path, format!("is loaded by {loader:?}, which is not there"))
}

/// What is wrong with the `#!` line of a script by the tree alone, and what is to be asked elsewhere.
pub(super) fn of_script(tree: &Tree, path: &str, start: &[u8]) -> (Vec<Finding>, Vec<Script>) {
    let (mut lacks, mut scripts) = (Vec::new(), Vec::new());
    match Shebang::of(start) {
        None => {}
        Some(Err(what)) => {
            let mend = "begin it with `#!` and the absolute path of an interpreter";
            lacks.push(Finding::new(Concern::Interpreter, path, what).mend(mend));
        }
        Some(Ok(shebang)) => {
            for (program, what) in shebang.programs() {
                match place::program(tree, program, &PATH) {
                    Program::Runs => {}
                    Program::Wrong(how) => {
                        let what = shebang.without(&format!("and {program} {how}"));
                        lacks.push(Finding::new(Concern::Interpreter, path, what));
                    }
                    Program::Beside(wanted) => {
                        scripts.push(Script { wanted, lack: Finding::new(Concern::Interpreter, path, what) });
                    }
                }
            }
        }
    }
    (lacks, scripts)
}

/// Whether a path is one where programs are, not data that is executable.
pub(super) fn is_program(path: &str) -> bool {
    let folder = path.rsplit('/').nth(1).unwrap_or_default();
    ["bin", "sbin", "libexec", "games"].contains(&folder)
}
