//! Why an image could not be built, out of what its failed instruction said: the cause, and what to type next. The engine itself
//! only knows an exit code. Why a step is made again is decided in `plan/assess.rs`.

use super::StepError;
use crate::{
    engine::EngineError,
    platform::Host,
    work::{Installs, Work},
};

/// So many libraries are named.
const TOLD: usize = 5;

/// What is missing, as the failed instruction says it.
#[derive(Debug, PartialEq, Eq)]
enum Cause {
    /// Libraries that programs of the virtualenv need, each with one that needs it.
    Libraries(Vec<(String, String)>),
    /// Something else that cannot be loaded, in the words of the dynamic linker.
    Unloadable(String),
    /// A package that no repository has.
    Package(String),
    /// Packages that do not fit together, in the words of the package manager.
    Conflict(String),
    /// Distributions that do not fit together, in pip's words.
    Distribution(String),
    /// A module that a build back end imports.
    Module(String),
    /// A program that is not there.
    Program(String),
}

/// The error of an image build with its cause in front, where the output tells it.
pub fn explain(error: StepError, work: &Work, said: &[String]) -> StepError {
    let StepError::Engine(EngineError::Build { reason }) = &error else { return error };
    let Some(Installs { host, named }) = work.installs() else { return error };
    match cause(said) {
        Some(cause) => StepError::Contents { message: cause.message(reason), help: cause.help(host, &named) },
        None => error,
    }
}

impl Cause {
    fn message(&self, reason: &str) -> String {
        let cause = match self {
            Self::Libraries(missing) => {
                let mut all: Vec<String> =
                    missing.iter().take(TOLD).map(|(file, library)| format!("`{library}` for `{file}`")).collect();
                if missing.len() > TOLD {
                    all.push(format!("{} more", missing.len() - TOLD));
                }
                let (word, verb) = if missing.len() == 1 { ("a library", "is") } else { ("libraries", "are") };
                format!("{word} that nothing in the image has {verb} missing: {}", all.join(", "))
            }
            Self::Unloadable(words) => format!("the virtualenv cannot be loaded there: {words}"),
            Self::Package(name) => format!("no repository of the platform has the package `{name}`"),
            Self::Conflict(words) => format!("packages cannot be installed together: {words}"),
            Self::Distribution(words) => format!("what is installed does not fit together: {words}"),
            Self::Module(name) => format!("a build imports the Python module `{name}`, which is not there"),
            Self::Program(name) => format!("the program `{name}` is not there"),
        };
        format!("{cause} ({reason})")
    }

    fn help(&self, host: Option<&Host>, recipe: &str) -> String {
        match self {
            Self::Libraries(missing) => {
                let name = missing.first().map_or("", |(_, library)| library.as_str());
                let search =
                    host.map_or_else(String::new, |host| format!("{} says which package has it; ", host.search(name)));
                format!("{search}add that package to {recipe}")
            }
            Self::Unloadable(_) => {
                format!(
                    "build it for this platform, add what it needs to {recipe}, or say with `allow` why it is meant"
                )
            }
            Self::Package(name) => format!("mend the name `{name}` in {recipe}, or override it for this platform"),
            Self::Conflict(_) => format!("take one of them out of {recipe}, or add what is missing"),
            Self::Distribution(_) => {
                "add it to the requirements, or change the pin that forbids it; the same command goes on from here"
                    .to_owned()
            }
            Self::Module(_) => {
                "a folder of `python` is built with setuptools and wheel alone: as a requirement (`./folder`) it gets \
                                what its `[build-system] requires`"
                    .to_owned()
            }
            Self::Program(name) => format!("add the package that has `{name}` to {recipe}"),
        }
    }
}

fn cause(said: &[String]) -> Option<Cause> {
    let lines: Vec<&str> = super::transient::of_failed_instruction(said).into_iter().map(|line| plain(line)).collect();
    let libraries: Vec<(String, String)> = lines.iter().filter_map(|line| library(line)).collect();
    if !libraries.is_empty() {
        return Some(Cause::Libraries(libraries));
    }
    let judged = lines.iter().position(|line| line.starts_with("cannot be loaded: "));
    if let Some(words) = judged.and_then(|at| lines.get(at.checked_sub(1)?)) {
        return Some(Cause::Unloadable((*words).to_owned()));
    }
    // What comes first is the cause of the rest.
    lines.iter().enumerate().find_map(|(at, line)| one(line, lines.get(at + 1).copied().unwrap_or_default()))
}

/// A line without the number of its instruction and the time that Docker puts in front.
fn plain(line: &str) -> &str {
    let rest = line.strip_prefix('#').map_or(line, |rest| {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        match rest.split_once(' ') {
            Some((time, words)) if time.contains('.') && time.parse::<f64>().is_ok() => words,
            _ => rest,
        }
    });
    rest.trim()
}

/// `/opt/x/lib/y.so needs libz.so.1, which is not there`, as `virtualenv.py` says it.
fn library(line: &str) -> Option<(String, String)> {
    let (file, library) = line.strip_suffix(", which is not there")?.split_once(" needs ")?;
    file.starts_with('/').then(|| (file.to_owned(), library.to_owned()))
}

/// What one line says, with the one after it.
fn one(line: &str, next: &str) -> Option<Cause> {
    let after = |start: &str| line.split_once(start).map(|(_, rest)| rest.trim());
    let between =
        |start: &str, end: &str| after(start).and_then(|rest| rest.split_once(end)).map(|(name, _)| name.trim());
    let word = |name: &str| name.trim_matches(['\'', '"', '`', '.', ',']).to_owned();
    let package = [
        after("E: Unable to locate package "),
        between("E: Package '", "' has no installation candidate"),
        after("Error: Unable to find a match: "),
        between("No package ", " available"),
        after("No match for argument: "),
        between("No provider of '", "' found"),
        between("package ", " is not installed"),
        after("no package provides "),
    ];
    if let Some(name) = package.into_iter().flatten().next() {
        return Some(Cause::Package(word(name)));
    }
    if let Some(name) = line.strip_suffix("(no such package):") {
        return Some(Cause::Package(word(name.trim())));
    }
    if line.contains(": Depends: ") || line.contains("nothing provides ") || line.contains(": Conflicts: ") {
        return Some(Cause::Conflict(line.to_owned()));
    }
    if line.contains("The following packages have unmet dependencies:") && !next.is_empty() {
        return Some(Cause::Conflict(next.to_owned()));
    }
    let is_pip = line.contains(" requires ") && line.ends_with(", which is not installed.")
        || line.contains(" has requirement ") && line.contains(", but you have ");
    if is_pip {
        return Some(Cause::Distribution(line.trim_end_matches('.').to_owned()));
    }
    if let Some(name) =
        after("ModuleNotFoundError: No module named ").or_else(|| after("ImportError: No module named "))
    {
        return Some(Cause::Module(word(name)));
    }
    let shell = line.strip_suffix(": not found").or_else(|| line.strip_suffix(": command not found"))?;
    shell.contains("sh: ").then(|| Cause::Program(word(shell.rsplit(": ").next().unwrap_or(shell))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_is_missing_comes_first() {
        for (said, expected) in [
            (
                "#9 loaded 4 programs and libraries\n\
                 #9 /opt/x/lib/python3.11/site-packages/psycopg2/_psycopg.so needs libpq.so.5, which is not there\n\
                 #9 cannot be loaded: add the OS packages",
                Cause::Libraries(vec![(
                    "/opt/x/lib/python3.11/site-packages/psycopg2/_psycopg.so".to_owned(),
                    "libpq.so.5".to_owned(),
                )]),
            ),
            ("#7 1.2 E: Unable to locate package libfoo", Cause::Package("libfoo".to_owned())),
            ("#7 E: Package 'libfoo' has no installation candidate", Cause::Package("libfoo".to_owned())),
            ("#7 Error: Unable to find a match: libfoo", Cause::Package("libfoo".to_owned())),
            ("#7 No match for argument: libfoo", Cause::Package("libfoo".to_owned())),
            ("#7 No package libfoo available.", Cause::Package("libfoo".to_owned())),
            ("#7 No provider of 'libfoo' found.", Cause::Package("libfoo".to_owned())),
            (
                "#7 ERROR: unable to select packages:\n#7   libfoo (no such package):",
                Cause::Package("libfoo".to_owned()),
            ),
            ("#7 no package provides libfoo", Cause::Package("libfoo".to_owned())),
            (
                "#7 The following packages have unmet dependencies:\n#7  a : Depends: b (>= 2) but it is not installable",
                Cause::Conflict("a : Depends: b (>= 2) but it is not installable".to_owned()),
            ),
            (
                "#7 - nothing provides libx.so.2 needed by a-1.noarch",
                Cause::Conflict("- nothing provides libx.so.2 needed by a-1.noarch".to_owned()),
            ),
            (
                "#7 flask 3.0.0 requires werkzeug, which is not installed.",
                Cause::Distribution("flask 3.0.0 requires werkzeug, which is not installed".to_owned()),
            ),
            (
                "#7 flask 3.0.0 has requirement werkzeug>=3, but you have werkzeug 2.0.",
                Cause::Distribution("flask 3.0.0 has requirement werkzeug>=3, but you have werkzeug 2.0".to_owned()),
            ),
            ("#7 ModuleNotFoundError: No module named 'Cython'", Cause::Module("Cython".to_owned())),
            ("#7 /bin/sh: 1: gcc: not found", Cause::Program("gcc".to_owned())),
            ("#7 /bin/sh: line 1: gcc: command not found", Cause::Program("gcc".to_owned())),
        ] {
            let said = lines(&format!("{said}\n#9 another\n"));
            assert_eq!(cause(&said), Some(expected), "{said:?}");
        }
        assert_eq!(cause(&lines("#7 make: *** [all] Error 2")), None);
        // Only what failed is looked at.
        assert_eq!(
            cause(&lines("#6 E: Unable to locate package x\n#7 make: *** [all] Error 2\n#7 ERROR: exit code: 2")),
            None
        );
    }
}
