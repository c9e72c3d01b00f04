//! A package beside those of earlier builds: files that it has no more (`files-gone`), and files of one that the recipe calls otherwise now.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::listing::{self, Line};
use crate::{
    check::Finding,
    event::StepId,
    execute::{Records, StepError},
    format::PackageFormat,
    names::{Apart, Concern},
    recipe::{Package, Release},
    unit::UnitName,
    util::toml::{quoted, some_of},
    work::package::PackageWork,
};

/// What earlier packages of this name had: the one of the version before, and those that this version had since.
#[derive(Debug, Default)]
pub struct Earlier {
    lines: Vec<Line>,
}

/// The release that a list of what is gone is of, its first line.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Head {
    release: String,
}

impl Earlier {
    /// What is kept of them on this machine; nothing of a list that is damaged, which was not written here.
    pub fn of(records: &Records, step: &StepId, release: &Release) -> Self {
        let mut lines = listing::read(&records.listing(step)).unwrap_or_default();
        let input = |name: &str| records.load(step).and_then(|record| record.inputs.get(name).cloned());
        let last = input("version").zip(input("release")).map(|(version, revision)| format!("{version}-{revision}"));
        if last.is_some_and(|last| last == called(release)) {
            let known: BTreeSet<String> = lines.iter().map(|line| line.path.clone()).collect();
            let gone = read_gone(&records.gone(step), &called(release)).unwrap_or_default();
            lines.extend(gone.into_iter().filter(|line| !known.contains(&line.path)));
        }
        Self { lines }
    }

    /// Keeps what is gone for the next build of this version.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn keep(&self, shipped: &[Line], records: &Records, step: &StepId, release: &Release) -> Result<(), StepError> {
        let now: BTreeSet<&str> = shipped.iter().map(|line| line.path.as_str()).collect();
        let mut text = serde_json::to_string(&Head { release: called(release) }).map_err(std::io::Error::from)?;
        for line in self.lines.iter().filter(|line| !now.contains(line.path.as_str())) {
            text.push('\n');
            text.push_str(&serde_json::to_string(line).map_err(std::io::Error::from)?);
        }
        text.push('\n');
        Ok(records.keep_gone(step, text.as_bytes())?)
    }

    /// The files that are gone. A file is taken for the same where only numbers of its path differ, as those of versions do; byte code goes
    /// with its module.
    pub fn gone(&self, shipped: &[Line], work: &PackageWork) -> Vec<Finding> {
        let now: BTreeSet<&str> = shipped.iter().map(|line| line.path.as_str()).collect();
        let mut left: BTreeMap<String, usize> = BTreeMap::new();
        for line in shipped.iter().filter(|line| counts(line)) {
            *left.entry(form(&line.path)).or_default() += 1;
        }
        self.missing(&now, left).into_iter().map(|line| self.finding(line, shipped, work)).collect()
    }

    /// The lines that neither the paths of now nor what is left of their forms have.
    fn missing(&self, now: &BTreeSet<&str>, mut left: BTreeMap<String, usize>) -> Vec<&Line> {
        // What is there under the very name stands for itself.
        let (same, other): (Vec<&Line>, Vec<&Line>) =
            self.lines.iter().filter(|line| counts(line)).partition(|line| now.contains(line.path.as_str()));
        for line in same {
            left.entry(form(&line.path)).and_modify(|count| *count = count.saturating_sub(1));
        }
        let mut gone = Vec::new();
        for line in other {
            match left.get_mut(&form(&line.path)).filter(|count| **count > 0) {
                Some(count) => *count -= 1,
                None => gone.push(line),
            }
        }
        gone
    }

    fn finding(&self, line: &Line, shipped: &[Line], work: &PackageWork) -> Finding {
        let found = |what: &str| Finding::new(Concern::FilesGone, &line.path, what);
        let is_deb = work.packaging.format == PackageFormat::Deb;
        if let Some(unit) = unit_of(&line.path) {
            let disable = if is_deb { "deb-systemd-helper purge" } else { "systemctl disable" };
            let renamed = self
                .renamed(&unit, shipped)
                .map(|new| format!(" ({new} is new: if it is that one under another name, say so there)"));
            let mend = format!(
                "`{disable} {unit}` in `scripts.postinstall` takes away what enabled it{}",
                renamed.unwrap_or_default()
            );
            return found(
                "is a unit of the last package, and not in this one: it is stopped, and what enabled it stays",
            )
            .mend(mend);
        }
        if line.is_config() {
            let what = if is_deb {
                "is configuration of the last package, and not in this one: dpkg leaves it on every machine"
            } else {
                "is configuration of the last package, and not in this one: rpm keeps what was changed of it as `.rpmsave`"
            };
            let (name, version) = (&work.package.name, &work.release.version);
            let mend = if is_deb {
                format!(
                    "`dpkg-maintscript-helper rm_conffile '/{}' {version}~ {name} -- \"$@\"` in `scripts.preinstall`, `postinstall` and \
                     `postremove` takes it away, and `mv_conffile` gives it another name (dpkg-maintscript-helper(1))",
                    line.path.escape_debug()
                )
            } else {
                "say in the changelog where its settings went".to_owned()
            };
            return found(what).mend(mend);
        }
        found("was in the last package, and is not in this one")
    }

    /// A unit of the same kind that this package has and earlier ones had not.
    fn renamed(&self, old: &UnitName, shipped: &[Line]) -> Option<UnitName> {
        let had: BTreeSet<&str> = self.lines.iter().map(|line| line.path.as_str()).collect();
        let new = shipped.iter().filter(|line| !had.contains(line.path.as_str()));
        new.filter_map(|line| unit_of(&line.path)).find(|unit| unit.kind() == old.kind())
    }
}

/// The unit that a path is the file of.
fn unit_of(path: &str) -> Option<UnitName> {
    let (folder, name) = path.rsplit_once('/')?;
    folder.ends_with("systemd/system").then(|| UnitName::new(name).ok())?
}

fn called(release: &Release) -> String {
    format!("{}-{}", release.version, release.release)
}

/// What is kept of a release; `None` where there is nothing of it.
fn read_gone(file: &Path, release: &str) -> Option<Vec<Line>> {
    let text = listing::text(file).ok()?;
    let (head, lines) = text.split_once('\n')?;
    let head: Head = serde_json::from_str(head).ok()?;
    (head.release == release).then(|| lines.lines().map(serde_json::from_str).collect::<Result<_, _>>().ok())?
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

    fn gone(before: &[&str], now: &[&str]) -> Vec<String> {
        let earlier = Earlier { lines: lines(before) };
        let now = lines(now);
        let left: BTreeSet<&str> = now.iter().map(|line| line.path.as_str()).collect();
        let mut forms: BTreeMap<String, usize> = BTreeMap::new();
        for line in now.iter().filter(|line| counts(line)) {
            *forms.entry(form(&line.path)).or_default() += 1;
        }
        earlier.missing(&left, forms).into_iter().map(|line| line.path.clone()).collect()
    }

    #[test]
    fn files_that_are_gone() {
        assert_eq!(gone(&["a/", "a/b.html", "c"], &["c"]), ["a/b.html"]);
        // Of two that differ by a number one is gone.
        assert_eq!(gone(&["s/1.html", "s/2.html"], &["s/2.html"]), ["s/1.html"]);
    }

    #[test]
    fn files_of_another_version_are_the_same() {
        for (before, now) in [
            ("lib/x-1.0.dist-info/RECORD", "lib/x-2.10.3rc1.dist-info/RECORD"),
            ("lib/libx.so.1.2", "lib/libx.so.2"),
            ("share/x-1.0/a.html", "share/x-1.0.1/a.html"),
            ("a/__pycache__/x.cpython-311.pyc", "b"),
        ] {
            assert_eq!(gone(&[before, "c/"], &[now]), [""; 0], "{before}");
        }
        assert!(!gone(&["lib/x-1.0.dist-info/RECORD"], &["lib/y-1.0.dist-info/RECORD"]).is_empty());
    }

    #[test]
    fn what_is_kept_is_of_one_release() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.gone");
        let line = serde_json::to_string(&lines(&["a"])[0]).unwrap();
        std::fs::write(&file, format!("{{\"release\":\"2-1\"}}\n{line}\n")).unwrap();
        assert_eq!(read_gone(&file, "2-1").unwrap(), lines(&["a"]));
        assert_eq!(read_gone(&file, "2-2"), None);
        std::fs::write(&file, "{\"release\":\"2-1\"}\nno line\n").unwrap();
        assert_eq!(read_gone(&file, "2-1"), None);
        assert_eq!(read_gone(Path::new("/no/such/list"), "2-1"), None);
    }

    #[test]
    fn units_by_their_paths() {
        assert_eq!(unit_of("lib/systemd/system/a.service").unwrap().as_str(), "a.service");
        assert_eq!(unit_of("lib/systemd/system/a.service.d/b.conf"), None);
        assert_eq!(unit_of("opt/a.service"), None);
    }
}
