//! A package beside those of the last build: files that it has no more, and files of one that the recipe calls otherwise now.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::listing::{self, Line};
use crate::{
    event::StepId,
    execute::Records,
    names::Apart,
    recipe::Package,
    util::toml::{quoted, some_of},
    work::package::PackageWork,
};

/// How many files are named.
const NAMED: usize = 5;

/// What is said where the last package had files that this one has not; `last` is the list of its files. A file is taken for the same
/// where only numbers of its path differ, as those of versions do; byte code goes with its module.
pub fn fewer(name: &str, last: &Path, shipped: &[Line]) -> Option<String> {
    // The first package has no one before it, and a list that is damaged was not written here.
    let last = listing::read(last).ok()?;
    let now: BTreeSet<&str> = shipped.iter().map(|line| line.path.as_str()).collect();
    let mut left: BTreeMap<String, usize> = BTreeMap::new();
    for line in shipped.iter().filter(|line| counts(line)) {
        *left.entry(form(&line.path)).or_default() += 1;
    }
    let mut gone = Vec::new();
    // What is there under the very name stands for itself.
    let (same, other): (Vec<&Line>, Vec<&Line>) =
        last.iter().filter(|line| counts(line)).partition(|line| now.contains(line.path.as_str()));
    for line in same {
        left.entry(form(&line.path)).and_modify(|count| *count = count.saturating_sub(1));
    }
    for line in other {
        match left.get_mut(&form(&line.path)).filter(|count| **count > 0) {
            Some(count) => *count -= 1,
            None => gone.push(quoted(&format!("/{}", line.path))),
        }
    }
    let of = match gone.len() {
        0 => return None,
        1 => "1 file".to_owned(),
        many => format!("{many} files"),
    };
    let named = some_of(&gone[..gone.len().min(NAMED)], gone.len());
    Some(format!(
        "{name}: {of} of the last package {} not in this one: {named}",
        if gone.len() == 1 { "is" } else { "are" }
    ))
}

fn counts(line: &Line) -> bool {
    !line.is_dir() && !line.path.contains("/__pycache__/")
}

/// A path with `#` for each number, `1.2.3` is one; of folders that say what a wheel is, only the name is kept.
fn form(path: &str) -> String {
    let mut form = String::with_capacity(path.len());
    for (number, part) in path.split('/').enumerate() {
        if number > 0 {
            form.push('/');
        }
        let of_wheel = [".dist-info", ".egg-info"].iter().find(|end| part.ends_with(**end));
        if let (Some(end), Some((name, _))) = (of_wheel, part.split_once('-')) {
            form.extend([name, end]);
            continue;
        }
        let mut letters = part.chars().peekable();
        while let Some(c) = letters.next() {
            let is_inside = c == '.' && form.ends_with('#') && letters.peek().is_some_and(char::is_ascii_digit);
            match c {
                _ if is_inside => {}
                c if !c.is_ascii_digit() => form.push(c),
                _ if form.ends_with('#') => {}
                _ => form.push('#'),
            }
        }
    }
    form
}

/// What is said where a package has files of one that was made on this platform and that the recipe does not name any more, and says
/// nothing of it: package managers refuse to install it where the other one is (Debian policy 7.6, rpm.org "Obsoletes").
pub fn renamed(work: &PackageWork, step: &StepId, shipped: &[Line], records: &Records) -> Vec<String> {
    let Ok(platform) = step.platform().parse() else { return Vec::new() };
    if !work.is_installed() {
        return Vec::new();
    }
    let paths: BTreeSet<&str> = shipped.iter().filter(|line| !line.is_dir()).map(|line| line.path.as_str()).collect();
    let others = records.all(&platform).unwrap_or_default();
    let said = others.into_iter().filter_map(|(other, record)| {
        let old = other.name().strip_prefix("package-")?;
        let is_ours = old == work.package.name.as_str() || work.family.iter().any(|name| name.as_str() == old);
        if is_ours || speaks_of(&work.package, old) {
            return None;
        }
        let had = listing::read(&records.listing(&other)).ok()?;
        let shared: Vec<String> = had
            .iter()
            .filter(|line| !line.is_dir() && paths.contains(line.path.as_str()))
            .map(|line| quoted(&format!("/{}", line.path)))
            .collect();
        let first = shared.first()?;
        let is_same = record.inputs.get("version").is_some_and(|version| *version == work.release.version.to_string());
        let until = if is_same { "<=" } else { "<<" };
        let replaces = format!("`replaces = [\"{old} ({until} {{{{version}}}})\"]`");
        let removes = work.packaging.native().is_some_and(|native| native.replaces_removes);
        let (now, other) = if removes {
            (format!("{old} stays where it is installed"), format!("`provides = [\"{old} (= {{{{version}}}})\"]`"))
        } else {
            let breaks = format!("`breaks = [\"{old} ({until} {{{{version}}}})\"]`");
            (format!("it cannot be installed where {old} is"), breaks)
        };
        let name = &work.package.name;
        let shared = some_of(std::slice::from_ref(first), shared.len());
        Some(format!(
            "{name} has files of the package {old}, which the recipe does not make any more ({shared}): {now}; write {replaces} and {other} into [[package]] `{name}`"
        ))
    });
    said.collect()
}

/// Whether a package says what it is to another one.
fn speaks_of(package: &Package, other: &str) -> bool {
    let relations = [&package.conflicts, &package.breaks, &package.replaces, &package.provides].into_iter().flatten();
    relations.flat_map(|text| Apart::all(text)).any(|apart| apart.name == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(paths: &[&str]) -> Vec<Line> {
        let line = |path: &&str| {
            let what = if path.ends_with('/') { "dir" } else { "file 00" };
            let path = path.trim_end_matches('/').to_owned();
            Line {
                path,
                what: what.to_owned(),
                mode: "644".to_owned(),
                owner: "root:root".to_owned(),
                role: String::new(),
                needs: Vec::new(),
            }
        };
        paths.iter().map(line).collect()
    }

    fn said(before: &[&str], now: &[&str]) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.files");
        let text: String = lines(before).iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect();
        std::fs::write(&file, text).unwrap();
        fewer("shop", &file, &lines(now))
    }

    #[test]
    fn files_that_are_gone() {
        let gone = said(&["a/", "a/b.html", "c"], &["c"]);
        assert_eq!(gone.as_deref(), Some("shop: 1 file of the last package is not in this one: `/a/b.html`"));
        let many: Vec<String> = (b'a'..b'i').map(|letter| char::from(letter).to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let gone = said(&many, &["x"]).unwrap();
        assert!(
            gone.ends_with("8 files of the last package are not in this one: `/a`, `/b`, `/c`, `/d`, `/e` and 3 more")
        );
        // Of two that differ by a number one is gone.
        assert!(said(&["s/1.html", "s/2.html"], &["s/2.html"]).unwrap().contains("`/s/1.html`"));
    }

    #[test]
    fn files_of_another_version_are_the_same() {
        for (before, now) in [
            ("lib/x-1.0.dist-info/RECORD", "lib/x-2.10.3rc1.dist-info/RECORD"),
            ("lib/libx.so.1.2", "lib/libx.so.2"),
            ("share/x-1.0/a.html", "share/x-1.0.1/a.html"),
            ("a/__pycache__/x.cpython-311.pyc", "b"),
        ] {
            assert_eq!(said(&[before, "c/"], &[now]), None, "{before}");
        }
        assert!(said(&["lib/x-1.0.dist-info/RECORD"], &["lib/y-1.0.dist-info/RECORD"]).is_some());
        assert_eq!(fewer("shop", Path::new("/no/such/list"), &lines(&["a"])), None);
    }
}
