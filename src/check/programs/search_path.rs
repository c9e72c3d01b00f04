//! `build-path` and `search-path`: folders that a program has its libraries looked for in (`RUNPATH`, `RPATH`).

use super::native::Native;
use crate::{check::finding::Finding, names::Concern};

/// Where builds are made: whoever can write there later decides what is loaded.
const OF_BUILDS: [&str; 7] = ["/build", "/builddir", "/tmp", "/var/tmp", "/home", "/root", "/dev/shm"];

/// The folders of builds among those of a program.
pub(super) fn of_builds(native: &Native) -> impl Iterator<Item = Finding> + '_ {
    let is_of_build = |folder: &String| OF_BUILDS.iter().any(|build| is_within(folder, build));
    written(native).filter(is_of_build).map(|folder| {
        let what = format!("looks for libraries in {folder:?} (RUNPATH), where a build was");
        Finding::new(Concern::BuildPath, &native.path, what)
    })
}

/// The other folders of a program, each once: whether they are there is asked elsewhere. Those of the linker need no question.
#[must_use]
pub fn others(native: &Native) -> Vec<String> {
    let is_usual =
        |folder: &str| ["/lib", "/lib64", "/usr/lib", "/usr/lib64"].iter().any(|usual| is_within(folder, usual));
    let mut found: Vec<String> = written(native).collect();
    found.retain(|folder| !OF_BUILDS.iter().any(|build| is_within(folder, build)) && !is_usual(folder));
    found.sort();
    found.dedup();
    found
}

/// That a folder is nowhere.
#[must_use]
pub fn nowhere(native: &Native, folder: &str) -> Finding {
    let what = format!("looks for libraries in {folder:?} (RUNPATH), which is neither in the package nor in the image");
    Finding::new(Concern::SearchPath, &native.path, what)
}

/// Folders that are written out: what begins at the program itself goes with it.
fn written(native: &Native) -> impl Iterator<Item = String> + '_ {
    native.elf.search.iter().filter(|folder| folder.starts_with('/')).cloned()
}

fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::{super::native::sample, *};

    #[test]
    fn folders_of_builds_and_others() {
        let native = sample(
            "opt/x/bin/a",
            &[
                "$ORIGIN/../lib",
                "/home/me/x/lib",
                "/tmp",
                "/buildings",
                "/usr/lib/x86_64-linux-gnu",
                "/opt/y/lib",
                "/opt/y/lib",
            ],
            &[],
        );
        let found: Vec<String> = of_builds(&native).map(|one| one.what).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("\"/home/me/x/lib\"") && found[1].contains("\"/tmp\""), "{found:?}");
        assert_eq!(others(&native), ["/buildings", "/opt/y/lib"]);
    }
}
