//! Holds the files that a list of checksums names against it.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use tokio_util::sync::CancellationToken;

use super::{LARGEST, is_package};
use crate::{
    format::reader::Verdict,
    names::Sha256,
    util::{
        files::{Guarded, digest_of, read_bounded},
        folder::{Folder, Links},
    },
};

/// So many faults, warnings and names are said; the others are counted.
const SHOWN: usize = 20;

/// Holds the files beside a list against it. Only files that the list names are read, only below its own folder, and each once,
/// under however many names. Reading ends soon after `cancel`.
#[must_use]
pub fn verify(list: &Path, cancel: &CancellationToken) -> Verdict {
    let (folder, text) = match opened(list) {
        Ok(opened) => opened,
        Err(text) => return Verdict { faults: vec![text.into()], ..Verdict::default() },
    };
    let Listed { digests, twice, mut faults } = Listed::read(&text);
    let mut known = HashMap::new();
    for (name, digest) in &digests {
        if let Some(fault) = fault_of((&folder, name), digest, &mut known, cancel) {
            faults.push(format!("`{}` {fault}", name.escape_debug()));
        }
    }
    if digests.is_empty() && faults.is_empty() {
        faults.push("it names no file".to_owned());
    }
    let mut verdict = Verdict::default();
    if !twice.is_empty() {
        verdict.warnings.push(format!("it names {} more than once", names(&twice)));
    }
    match unlisted(&folder, &digests) {
        Ok(missing) if missing.is_empty() => {}
        Ok(missing) => verdict.warnings.push(format!("it does not name {}, which lies beside it", names(&missing))),
        Err(error) => verdict.unchecked.push(format!("whether it names all packages beside it: {error}")),
    }
    verdict.faults = some(faults, "other files or lines").into_iter().map(Into::into).collect();
    verdict.package = format!("{} {}", digests.len(), if digests.len() == 1 { "file" } else { "files" });
    verdict.unchecked.push("what is in the files that it names: `factory verify FILE` checks each".to_owned());
    verdict
}

/// What a list says.
#[derive(Default)]
struct Listed {
    /// Each file with its digest in lower case.
    digests: BTreeMap<String, String>,
    /// What is there more than once with one digest, sorted.
    twice: Vec<String>,
    /// Lines that say nothing, or two things.
    faults: Vec<String>,
}

impl Listed {
    fn read(text: &str) -> Self {
        let mut all = Self::default();
        for (number, line) in text.lines().enumerate() {
            let Some((name, digest)) = read_line(line) else {
                all.faults.push(format!("line {} is none of sha256sum(1)", number + 1));
                continue;
            };
            match all.digests.get(&name) {
                None => _ = all.digests.insert(name, digest),
                Some(first) if *first == digest => all.twice.push(name),
                Some(_) => {
                    let name = name.escape_debug();
                    all.faults
                        .push(format!("line {} gives `{name}` another SHA-256 than a line before it", number + 1));
                }
            }
        }
        all.twice.sort();
        all.twice.dedup();
        all
    }
}

/// The first of many texts, and how many more there are.
fn some(mut all: Vec<String>, what: &str) -> Vec<String> {
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    if more > 0 {
        all.push(format!("and {more} {what}"));
    }
    all
}

/// File names in a sentence.
fn names(all: &[String]) -> String {
    let quoted = all.iter().take(SHOWN).map(|name| format!("`{}`", name.escape_debug()));
    let shown = quoted.collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} others"),
    }
}

/// The packages beside a list that it does not name.
fn unlisted(folder: &Folder, digests: &BTreeMap<String, String>) -> io::Result<Vec<String>> {
    let entries = folder.entries(Path::new(""))?.into_iter();
    let files = entries.filter(|(_, kind)| kind.is_file()).map(|(name, _)| name.to_string_lossy().into_owned());
    Ok(files.filter(|name| is_package(folder, name) && !digests.contains_key(name)).collect())
}

/// The folder of a list, and its text.
fn opened(list: &Path) -> Result<(Folder, String), String> {
    let folder = list.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = Folder::open(folder, Links::Inside).map_err(|error| error.to_string())?;
    let bytes = read_bounded(list, LARGEST).map_err(|error| error.to_string())?;
    let bytes = bytes.ok_or_else(|| "it is larger than 16 MiB".to_owned())?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    Ok((folder, text))
}

/// What is wrong with a file of a list. A file that has been read is known by its device and number: it is not read for each name.
fn fault_of(
    (folder, name): (&Folder, &str),
    digest: &str,
    known: &mut HashMap<(u64, u64), Sha256>,
    cancel: &CancellationToken,
) -> Option<String> {
    let mut found = || -> io::Result<Sha256> {
        let file = folder.file(Path::new(name))?;
        let data = file.metadata()?;
        let place = (data.dev(), data.ino());
        if let Some(digest) = known.get(&place) {
            return Ok(digest.clone());
        }
        let digest = digest_of(&mut Guarded::new(file, cancel.clone()))?.0;
        known.insert(place, digest.clone());
        Ok(digest)
    };
    match found() {
        Ok(found) if found.as_str() == digest => None,
        Ok(_) => Some("is not what it was when the list was made: its SHA-256 is another one".to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some("is not there".to_owned()),
        Err(error) => Some(format!("cannot be read: {error}")),
    }
}

/// The name and the digest of a line; `None` for any other line.
fn read_line(line: &str) -> Option<(String, String)> {
    let (line, is_escaped) = match line.strip_prefix('\\') {
        Some(rest) => (rest, true),
        None => (line, false),
    };
    let (sha256, name) = line.split_at_checked(64)?;
    let name = name.strip_prefix("  ").or_else(|| name.strip_prefix(" *")).filter(|name| !name.is_empty())?;
    let is_hex = sha256.bytes().all(|b| b.is_ascii_hexdigit());
    let name = if is_escaped { unescaped(name)? } else { name.to_owned() };
    is_hex.then(|| (name, sha256.to_ascii_lowercase()))
}

/// A name without the escapes of [`super::line`].
fn unescaped(name: &str) -> Option<String> {
    let mut out = String::with_capacity(name.len());
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            c => c,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_list_names_is_read_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("packages/SHA256SUMS");
        std::fs::create_dir(folder.path().join("packages")).unwrap();
        std::fs::write(folder.path().join("secret"), "").unwrap();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let said = |text: &str| {
            std::fs::write(&list, text).unwrap();
            verify(&list, &CancellationToken::new()).reasons()
        };
        std::fs::write(folder.path().join("packages/a.deb"), "").unwrap();
        assert_eq!(said(&format!("{empty}  a.deb\n")), "");
        assert_eq!(said(&format!("{} *a.deb\n", empty.to_uppercase())), "");
        assert!(said(&format!("{empty}  b.deb\n")).contains("`b.deb` is not there"));
        assert!(said(&format!("{}  a.deb\n", "0".repeat(64))).contains("is another one"));
        for outside in ["../secret".to_owned(), folder.path().join("secret").display().to_string()] {
            let said = said(&format!("{empty}  {outside}\n"));
            assert!(said.contains("cannot be read"), "{said}");
        }
        assert_eq!(said("no\n"), "line 1 is none of sha256sum(1)");
        assert_eq!(said(&format!("\\{empty}  a\\x\n")), "line 1 is none of sha256sum(1)");
        assert_eq!(said(""), "it names no file");
        std::fs::write(folder.path().join("packages/b.deb"), "").unwrap();
        std::fs::write(&list, format!("{empty}  a.deb\n{empty}  a.deb\n")).unwrap();
        assert_eq!(
            verify(&list, &CancellationToken::new()).warnings,
            ["it names `a.deb` more than once", "it does not name `b.deb`, which lies beside it"]
        );
    }

    #[test]
    fn a_long_list_is_counted_and_a_file_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("SHA256SUMS");
        let zero = "0".repeat(64);
        let lines = (0..1000).map(|turn| format!("{zero}  {}a.deb\n", "./".repeat(turn % 500)));
        std::fs::write(&list, lines.collect::<String>()).unwrap();
        std::fs::write(folder.path().join("a.deb"), "a").unwrap();
        let verdict = verify(&list, &CancellationToken::new());
        assert_eq!((verdict.faults.len(), verdict.faults[20].text.as_str()), (21, "and 480 other files or lines"));
        assert!(verdict.warnings[0].ends_with(" and 480 others more than once"), "{:?}", verdict.warnings);
        let mut known = HashMap::new();
        let opened = Folder::open(folder.path(), Links::Inside).unwrap();
        for name in ["a.deb", "./a.deb", "././a.deb"] {
            assert!(
                fault_of((&opened, name), &zero, &mut known, &CancellationToken::new())
                    .unwrap()
                    .starts_with("is not what it was")
            );
        }
        assert_eq!(known.len(), 1);
        std::fs::write(&list, format!("{zero}  a.deb\n{}  a.deb\n", "1".repeat(64))).unwrap();
        assert!(
            verify(&list, &CancellationToken::new())
                .reasons()
                .contains("line 2 gives `a.deb` another SHA-256 than a line before it")
        );
    }
}
