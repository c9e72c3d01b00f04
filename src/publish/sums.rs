//! `SHA256SUMS` beside a platform's packages, in the form that `sha256sum --check` reads.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use crate::{
    format::{PackageFormat, reader::Verdict},
    util::{
        files::{digest_of, read_bounded},
        folder::{Folder, Links},
    },
};

/// The file's name.
pub const NAME: &str = "SHA256SUMS";

/// The largest list that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// What is ours in a platform's folder: packages and their checksums.
///
/// # Errors
/// When the folder cannot be read.
pub fn listed(folder: &Folder) -> io::Result<Vec<PathBuf>> {
    let entries = folder.entries(Path::new(""))?.into_iter();
    let files = entries.filter(|(_, kind)| kind.is_file()).map(|(name, _)| PathBuf::from(name));
    let ours = files.filter(|name| is_package(folder, &name.to_string_lossy()) || name == Path::new(NAME));
    Ok(ours.map(|name| folder.path().join(name)).collect())
}

/// Whether a file of a platform's folder has a package's name. Anybody's archive may end with `.tar.gz`: ours name the platform.
fn is_package(folder: &Folder, name: &str) -> bool {
    let Some((format, _)) = PackageFormat::of_file(name) else { return false };
    let facts = format.facts();
    let platform = folder.path().file_name().unwrap_or_default().to_string_lossy();
    !facts.is_bare || facts.files.iter().any(|(end, _)| name.ends_with(&format!("-{platform}.{end}")))
}

/// Writes the checksums of every package in `folder`, where they are not right already.
///
/// # Errors
/// When a package cannot be read, is no regular file, or the list cannot be written.
pub fn write(folder: &Folder) -> io::Result<()> {
    let mut lines = Vec::new();
    for name in folder.entries(Path::new(""))?.into_keys().filter(|name| is_package(folder, &name.to_string_lossy())) {
        let sha256 = digest_of(&mut folder.file(Path::new(&name))?)?.0;
        lines.push((name.to_string_lossy().into_owned(), sha256));
    }
    lines.sort();
    let text: String = lines.iter().map(|(name, sha256)| line(name, sha256.as_str())).collect();
    if folder.read(Path::new(NAME), LARGEST)?.is_some_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    folder.write(Path::new(NAME), text.as_bytes())
}

/// A line as sha256sum(1) writes and reads it: one that begins with a backslash has its name escaped.
fn line(name: &str, sha256: &str) -> String {
    if !name.contains(['\\', '\n', '\r']) {
        return format!("{sha256}  {name}\n");
    }
    let name = name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
    format!("\\{sha256}  {name}\n")
}

/// Holds the files beside a list against it. Only files that the list names are read, and only below its own folder.
#[must_use]
pub fn verify(list: &Path) -> Verdict {
    let mut verdict = Verdict::default();
    let (folder, text) = match opened(list) {
        Ok(opened) => opened,
        Err(text) => return Verdict { faults: vec![text.into()], ..verdict },
    };
    let mut names = BTreeSet::new();
    for (number, line) in text.lines().enumerate() {
        let Some((name, sha256)) = read_line(line) else {
            verdict.faults.push(format!("line {} is none of sha256sum(1)", number + 1).into());
            continue;
        };
        if let Some(fault) = fault_of(&folder, &name, &sha256) {
            verdict.faults.push(format!("`{}` {fault}", name.escape_debug()).into());
        }
        if !names.insert(name.clone()) {
            verdict.warnings.push(format!("it names `{}` twice", name.escape_debug()));
        }
    }
    if names.is_empty() && verdict.faults.is_empty() {
        verdict.faults.push("it names no file".to_owned().into());
    }
    let beside = folder.entries(Path::new("")).unwrap_or_else(|error| {
        verdict.unchecked.push(format!("whether it names all packages beside it: {error}"));
        std::collections::BTreeMap::default()
    });
    let beside =
        beside.into_iter().filter(|(_, kind)| kind.is_file()).map(|(name, _)| name.to_string_lossy().into_owned());
    let unlisted = beside.filter(|name| is_package(&folder, name) && !names.contains(name));
    verdict
        .warnings
        .extend(unlisted.map(|name| format!("`{}` lies beside it, and it does not name it", name.escape_debug())));
    let count = names.len();
    verdict.package = format!("{count} {}", if count == 1 { "file" } else { "files" });
    verdict.unchecked.push("what is in the files that it names: `factory verify FILE` checks each".to_owned());
    verdict
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

/// What is wrong with a file of a list.
fn fault_of(folder: &Folder, name: &str, sha256: &str) -> Option<String> {
    let found = folder.file(Path::new(name)).and_then(|mut file| digest_of(&mut file));
    match found {
        Ok((found, _)) if found.as_str() == sha256 => None,
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

/// A name without the escapes of [`line`].
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
    fn sha256sum_agrees() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b_1-1_all.deb", "a_1-1_all.deb", r"back\slash $x 'é.deb", "notes.txt", ".tmp-x.deb"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        write(&Folder::open(folder.path(), crate::util::folder::Links::Refused).unwrap()).unwrap();
        let text = std::fs::read_to_string(folder.path().join(NAME)).unwrap();
        assert_eq!(text.lines().count(), 3);
        let checked = std::process::Command::new("sha256sum")
            .args(["--check", "--strict", "--quiet", NAME])
            .current_dir(folder.path())
            .status();
        assert!(checked.unwrap().success());
        let verdict = verify(&folder.path().join(NAME));
        assert_eq!((verdict.reasons().as_str(), verdict.package.as_str()), ("", "3 files"));
    }

    #[test]
    fn what_a_list_names_is_read_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("packages/SHA256SUMS");
        std::fs::create_dir(folder.path().join("packages")).unwrap();
        std::fs::write(folder.path().join("secret"), "").unwrap();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let said = |text: &str| {
            std::fs::write(&list, text).unwrap();
            verify(&list).reasons()
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
            verify(&list).warnings,
            ["it names `a.deb` twice", "`b.deb` lies beside it, and it does not name it"]
        );
    }
}
