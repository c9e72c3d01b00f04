//! Programs and libraries of the packages, loaded as the dynamic linker would: asked as ldd(1) does, it says what it
//! finds for each, and starts nothing of it.

use std::collections::{BTreeMap, BTreeSet};

use globset::GlobMatcher;

use super::{
    Finding, InstallTestError,
    container::{TestContainer, argv},
    error::none_of,
};
use crate::{
    depends::elf::{Depth, Elf},
    engine::Output as _,
    execute::StepOutput,
    source::project::glob,
    stage::{Kind, Tree},
};

/// Lists what each file is loaded with. A constant; the linker and the files are its arguments. With `--list` glibc stops at the
/// first library that it misses, and with the variable musl would run the program.
const SCRIPT: &str = "linker=$1; shift
for file; do
  echo 'factory: next'
  case $linker in
    *musl*) \"$linker\" --list \"$file\" 2>&1 </dev/null ;;
    *) LD_TRACE_LOADED_OBJECTS=1 \"$linker\" \"$file\" 2>&1 </dev/null ;;
  esac
  echo \"factory: exit $?\"
done";
/// So many files are listed at once: arguments have a bound.
const AT_ONCE: usize = 400;
/// The linkers of machines (`e_machine`) for libraries, which name none.
const LINKERS: [(u16, &str); 2] = [(62, "/lib64/ld-linux-x86-64.so.2"), (183, "/lib/ld-linux-aarch64.so.1")];

/// Loads every program and library of the packages that is installed; gives how many there are.
///
/// # Errors
/// The finding, with all that are not complete.
pub async fn check(container: &TestContainer<'_>, tree: &Tree, output: &StepOutput) -> Result<usize, InstallTestError> {
    let names: BTreeSet<&str> = tree.iter().map(|(path, _)| path.file_name()).collect();
    let allowed: Vec<GlobMatcher> =
        container.target.allowed.iter().filter_map(|path| glob(path.trim_start_matches('/')).ok()).collect();
    let mut by_linker: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for (path, entry) in tree.iter() {
        let Kind::File { size: 16.., .. } = entry.kind else { continue };
        if allowed.iter().any(|pattern| pattern.is_match(path.as_str())) {
            continue;
        }
        let Ok(Some(elf)) = Elf::read(tree.open(entry), Depth::Names) else { continue };
        let is_program = elf.interpreter.is_some();
        let linker = match elf.interpreter {
            Some(linker) => linker,
            // What is loaded with nothing, or is for a machine that the recipe allows, finds all that it needs.
            None if elf.needed.is_empty() => continue,
            None => match LINKERS.iter().find(|(machine, _)| *machine == elf.machine && elf.is_64) {
                Some((_, linker)) => (*linker).to_owned(),
                None => continue,
            },
        };
        by_linker.entry(linker).or_default().push((format!("/{path}"), is_program));
    }
    let (mut count, mut wrong) = (0, Vec::new());
    for (linker, files) in &by_linker {
        count += files.len();
        for part in files.chunks(AT_ONCE) {
            let paths = part.iter().map(|(path, _)| path.as_str());
            let words = ["/bin/sh", "-c", SCRIPT, "sh", linker];
            let answer = container.ask(argv(&words, paths)).await?;
            wrong.extend(judge(&answer.lines, part, &names)?);
        }
    }
    for line in &wrong {
        output.line(line);
    }
    none_of(&wrong, |wrong| {
        let things = if wrong == 1 { "one thing is".to_owned() } else { format!("{wrong} things are") };
        format!("every program and library should find its shared libraries, but {things} not there")
    })?;
    Ok(count)
}

/// What is wrong with each file, from what the linker said of it. A library whose neighbour is in the packages all the same may be
/// loaded after it (Python packages do that); a program may not.
fn judge(said: &[String], files: &[(String, bool)], names: &BTreeSet<&str>) -> Result<Vec<String>, Finding> {
    let answers: Vec<&[String]> = said.split(|line| line == "factory: next").skip(1).collect();
    if answers.len() != files.len() {
        return Err(Finding::new(
            "the dynamic linker should have been asked for every program, but its answers are missing",
        )
        .with_last(said));
    }
    let mut wrong = Vec::new();
    for ((path, is_program), answer) in files.iter().zip(answers) {
        let mut complaints = Vec::new();
        for line in answer.iter().map(|line| line.trim()) {
            if let Some(name) = line.strip_suffix("=> not found") {
                let name = name.trim();
                if *is_program || !names.contains(name) {
                    complaints.push(format!("{name} is not there"));
                }
            } else if line.contains("not found (required by") || line.contains("cannot open shared object") {
                complaints.push(line.to_owned());
            }
        }
        let ended = answer.iter().rev().find_map(|line| line.strip_prefix("factory: exit "));
        let is_lenient = !is_program && answer.iter().any(|line| line.trim().ends_with("=> not found"));
        if ended != Some("0") && complaints.is_empty() && !is_lenient {
            let last = answer.iter().rev().find(|line| !line.starts_with("factory: exit "));
            complaints.push(last.map_or_else(|| "it cannot be loaded".to_owned(), |line| line.trim().to_owned()));
        }
        wrong.extend(complaints.iter().map(|complaint| format!("{path}: {complaint}")));
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(said: &str, is_program: bool) -> Vec<String> {
        let said: Vec<String> = said.lines().map(str::to_owned).collect();
        judge(&said, &[("/opt/x".to_owned(), is_program)], &BTreeSet::from(["libown.so.1"])).unwrap()
    }

    #[test]
    fn what_the_linker_says() {
        let fine = "factory: next\n\tlinux-vdso.so.1 (0x0)\n\tlibc.so.6 => /lib/libc.so.6 (0x0)\nfactory: exit 0";
        assert_eq!(judged(fine, true), Vec::<String>::new());
        let missing = "factory: next\n\tlibcurl.so.4 => not found\n\tlibown.so.1 => not found\nfactory: exit 0";
        assert_eq!(judged(missing, true), ["/opt/x: libcurl.so.4 is not there", "/opt/x: libown.so.1 is not there"]);
        assert_eq!(judged(missing, false), ["/opt/x: libcurl.so.4 is not there"]);
        let old = "factory: next\n/opt/x: /lib/libc.so.6: version `GLIBC_2.99' not found (required by /opt/x)\nfactory: exit 1";
        assert!(judged(old, true)[0].contains("GLIBC_2.99"));
        assert_eq!(
            judged("factory: next\nsh: 1: /lib64/ld.so: not found\nfactory: exit 127", true),
            ["/opt/x: sh: 1: /lib64/ld.so: not found"]
        );
        assert!(judge(&[], &[("/opt/x".to_owned(), true)], &BTreeSet::new()).is_err());
    }
}
