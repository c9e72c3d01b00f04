//! A library that is missing on a clean machine: the package manager inside the images that the packages come out of knows which package
//! has it, and that one belongs into `depends`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use super::{Finding, TestTarget, manager::Owner};
use crate::{
    engine::{ContainerSpec, EngineError, Output, Progress},
    event::StepId,
    execute::{Session, StepOutput},
};

/// So many libraries are asked for.
const MOST: usize = 8;
/// So much of an answer is kept, in lines.
const MOST_SAID: usize = 200;

/// The same finding with the packages to depend on, where it is about libraries that are not there and nothing else is advised.
pub async fn advised(
    finding: Finding,
    target: &TestTarget,
    step: &StepId,
    session: &Session,
    output: &StepOutput,
) -> Finding {
    let missing: BTreeSet<&str> = finding.details.iter().filter_map(|line| missing(line)).take(MOST).collect();
    if missing.is_empty() || finding.help.is_some() {
        return finding;
    }
    let images: BTreeSet<&String> = target.images.values().collect();
    let mut owners: BTreeMap<&str, String> = BTreeMap::new();
    for library in &missing {
        for image in &images {
            match asked(library, image, target.manager.owner, step, session).await {
                Ok(Some(package)) => {
                    owners.insert(library, package);
                    break;
                }
                Ok(None) => {}
                Err(error) => output.line(&format!("no package can be asked for {library}: {error}")),
            }
        }
    }
    match help(&missing, &owners) {
        Some(help) => finding.help(help),
        None => finding,
    }
}

fn help(missing: &BTreeSet<&str>, owners: &BTreeMap<&str, String>) -> Option<String> {
    let packages: BTreeSet<&String> = owners.values().collect();
    let names: Vec<String> = packages.iter().map(|package| format!("`{package}`")).collect();
    let of: Vec<String> =
        missing.iter().filter(|name| owners.contains_key(*name)).map(|name| format!("`{name}`")).collect();
    let has = if packages.len() == 1 { "it has" } else { "they have" };
    (!names.is_empty())
        .then(|| format!("add {} to `depends` of the package: {has} {} in the image", names.join(", "), of.join(", ")))
}

/// The package of an image that has a library, as the package manager in a container of it says.
async fn asked(
    library: &str,
    image: &str,
    owner: Owner,
    step: &StepId,
    session: &Session,
) -> Result<Option<String>, EngineError> {
    let spec = ContainerSpec {
        image: image.to_owned(),
        argv: owner.argv(library),
        user: "65534:65534".to_owned(),
        workdir: "/".to_owned(),
        pids: 64,
        ..ContainerSpec::default()
    };
    let container = session.create(step, spec).await?;
    let said = Said::default();
    let ended = async {
        session.services.engine.start(&container).await?;
        session.services.engine.wait(&container, &said).await
    };
    let ended = ended.await;
    session.discard(&container).await;
    let said = said.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok((ended? == 0).then(|| said.iter().find_map(|line| owner.read(line)).map(str::to_owned)).flatten())
}

/// The library that a line misses, as the dynamic linkers of glibc and musl, ldd(1) and the test of files say it.
fn missing(line: &str) -> Option<&str> {
    let marks = ["cannot open shared object file", "Error loading shared library", "=> not found", "is not there"];
    if !marks.iter().any(|mark| line.contains(mark)) {
        return None;
    }
    line.split_whitespace().map(|word| word.trim_matches([':', ',', '\'', '"', '`'])).find(|word| is_library(word))
}

/// Whether a word is the name of a shared library, and nothing else.
fn is_library(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let is_named = word.contains(".so.") || word.rsplit('.').next() == Some("so");
    is_named && word.len() <= 255 && word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.chars().all(is_plain)
}

/// Keeps what was said.
#[derive(Debug, Default)]
struct Said(Mutex<Vec<String>>);

impl Output for Said {
    fn line(&self, line: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MOST_SAID {
            kept.push(line.to_owned());
        }
    }

    fn progress(&self, _progress: Progress) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linkers_say_of_a_library() {
        for (line, library) in [
            (
                "/opt/x: error while loading shared libraries: libpq.so.5: cannot open shared object file: No such file or directory",
                Some("libpq.so.5"),
            ),
            ("ImportError: libxslt.so.1: cannot open shared object file: No such file", Some("libxslt.so.1")),
            ("Error loading shared library libz.so.1: No such file or directory (needed by /opt/x)", Some("libz.so.1")),
            ("/opt/x: libcurl.so.4 is not there", Some("libcurl.so.4")),
            ("\tlibstdc++.so.6 => not found", Some("libstdc++.so.6")),
            ("/opt/x/liba.so is not there", None),
            ("libpq.so.5 => /usr/lib/libpq.so.5", None),
            ("$(id).so.1: cannot open shared object file", None),
            ("--help.so.1: cannot open shared object file", None),
        ] {
            assert_eq!(missing(line), library, "{line}");
        }
    }

    #[test]
    fn one_line_names_all_packages() {
        let missing = BTreeSet::from(["libpq.so.5", "libz.so.1", "libno.so"]);
        let owner = |package: &str| package.to_owned();
        assert_eq!(help(&missing, &BTreeMap::new()), None);
        let one = BTreeMap::from([("libpq.so.5", owner("libpq5"))]);
        assert_eq!(
            help(&missing, &one).unwrap(),
            "add `libpq5` to `depends` of the package: it has `libpq.so.5` in the image"
        );
        let two = BTreeMap::from([("libpq.so.5", owner("libpq5")), ("libz.so.1", owner("zlib1g"))]);
        let both =
            "add `libpq5`, `zlib1g` to `depends` of the package: they have `libpq.so.5`, `libz.so.1` in the image";
        assert_eq!(help(&missing, &two).unwrap(), both);
    }
}
