//! `control.tar`: the control fields (deb-control(5)), and the lists that say something of the files: conffiles and
//! md5sums.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use super::{
    super::{
        ForeignError, Item, ItemKind,
        error::{malformed, shown},
        not_utf8, text_of,
    },
    data::{Data, tar_error},
};
use crate::stage::{Limits, MemberKind, Members, Place, TreePath};

/// The largest `control` file: 1 MiB.
const LARGEST_FIELDS: u64 = 1 << 20;
/// The largest list: 64 MiB.
const LARGEST_LIST: u64 = 64 << 20;

/// What `control.tar` says.
#[derive(Debug, Default)]
pub(super) struct Control {
    /// Fields by their names in lower case; further lines as they are.
    fields: BTreeMap<String, String>,
    conffiles: Vec<TreePath>,
    /// What is odd in the fields.
    pub(super) remark: Option<String>,
    md5sums: Vec<(TreePath, [u8; 16])>,
}

impl Control {
    /// Reads the archive. Scripts and triggers are passed over.
    pub(super) fn read(tar: &mut dyn Read, limits: &Limits) -> Result<Self, ForeignError> {
        let mut members = Members::new(tar, limits.entries);
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut remark = None;
        while let Some(member) = members.next().map_err(tar_error)? {
            let name = String::from_utf8_lossy(&member.name).into_owned();
            let Some(path) = Place::top().of(&name).map_err(tar_error)? else { continue };
            if member.kind != MemberKind::File || path.parent().is_some() || seen.contains(&path) || seen.len() > 1000 {
                return Err(malformed(format!("`{}` of its control.tar is not a plain file", shown(&member.name))));
            }
            seen.insert(path.clone());
            let largest = match path.as_str() {
                "control" => LARGEST_FIELDS,
                "conffiles" | "md5sums" => LARGEST_LIST,
                _ => continue,
            };
            if member.size > largest {
                return Err(malformed(format!("its `{path}` is larger than {largest} bytes")));
            }
            let mut bytes = Vec::new();
            members.content().read_to_end(&mut bytes)?;
            let (text, is_odd) = text_of(&bytes);
            match (is_odd, path.as_str()) {
                (false, _) => {}
                // dpkg takes it, whatever Debian policy 5.1 says.
                (true, "control") => remark = Some(not_utf8("control file")),
                (true, _) => return Err(malformed(format!("its `{path}` is not UTF-8"))),
            }
            texts.insert(path.to_string(), text);
        }
        let fields = texts.get("control").ok_or_else(|| malformed("it has no `control` file"))?;
        let list = |name: &str| texts.get(name).map_or("", String::as_str);
        // A line takes more in memory than in the file.
        for name in ["conffiles", "md5sums"] {
            if list(name).lines().count() as u64 > limits.entries {
                return Err(malformed(format!("its `{name}` has more lines than a package has files")));
            }
        }
        Ok(Self {
            fields: self::fields(fields)?,
            conffiles: conffiles(list("conffiles"))?,
            remark,
            md5sums: list("md5sums").lines().map(sum).collect::<Result<_, _>>()?,
        })
    }

    /// `Installed-Size`, in bytes; `None` where it is not said.
    pub(super) fn installed(&self) -> Option<u64> {
        let kibibytes: u64 = self.fields.get("installed-size")?.parse().ok()?;
        kibibytes.checked_mul(1024)
    }

    /// A field that every package has.
    pub(super) fn required(&self, name: &str) -> Result<&str, ForeignError> {
        let value = self.fields.get(&name.to_ascii_lowercase()).map(String::as_str);
        value.filter(|value| !value.is_empty()).ok_or_else(|| malformed(format!("its control file has no `{name}`")))
    }

    /// The entries of a list in a field.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let text = self.fields.get(&name.to_ascii_lowercase()).map(String::as_str).unwrap_or_default();
        let entries = text.split(',').map(|entry| entry.split_whitespace().collect::<Vec<_>>().join(" "));
        entries.filter(|entry| !entry.is_empty()).collect()
    }

    /// The first line of the description, and the rest with its blanks and dots taken off.
    pub(super) fn description(&self) -> (String, String) {
        let text = self.fields.get("description").map(String::as_str).unwrap_or_default();
        let (summary, rest) = text.split_once('\n').unwrap_or((text, ""));
        let line = |line: &str| if line.trim() == "." { String::new() } else { line.trim().to_owned() };
        (summary.to_owned(), rest.lines().map(line).collect::<Vec<_>>().join("\n"))
    }

    /// Marks the configuration files and checks the sums.
    pub(super) fn applied_to(&self, mut data: Data) -> Result<Vec<Item>, ForeignError> {
        for path in &self.conffiles {
            match data.items.get_mut(path) {
                Some(item) if matches!(item.kind, ItemKind::File { .. }) => item.config = true,
                _ => {
                    let what = "`conffiles` names it, but it is no file of the package".to_owned();
                    return Err(ForeignError::Disagrees { path: path.clone(), what });
                }
            }
        }
        for (path, sum) in &self.md5sums {
            match data.md5.get(path) {
                Some(found) if found == sum => {}
                Some(_) => return Err(ForeignError::Digest { digest: format!("`md5sums` of `/{path}`") }),
                None => {
                    let what = "`md5sums` names it, but it is no file of the package".to_owned();
                    return Err(ForeignError::Disagrees { path: path.clone(), what });
                }
            }
        }
        data.items.finish()
    }
}

/// One paragraph of fields.
fn fields(text: &str) -> Result<BTreeMap<String, String>, ForeignError> {
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    let mut last: Option<String> = None;
    for line in text.trim_end_matches('\n').lines() {
        if let Some(more) = line.strip_prefix([' ', '\t']).filter(|more| !more.trim().is_empty()) {
            let value = last.as_ref().and_then(|name| fields.get_mut(name));
            let value = value.ok_or_else(|| malformed("its control file begins with a further line"))?;
            value.push('\n');
            value.push_str(more);
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or(("", ""));
        let plain = |b: u8| b.is_ascii_graphic();
        if name.is_empty() || name.starts_with(['-', '#']) || !name.bytes().all(plain) {
            return Err(malformed(format!("`{}` in its control file is no field", shown(line.as_bytes()))));
        }
        let name = name.to_ascii_lowercase();
        if fields.insert(name.clone(), value.trim().to_owned()).is_some() {
            return Err(malformed(format!("its control file has `{}` twice", shown(name.as_bytes()))));
        }
        last = Some(name);
    }
    Ok(fields)
}

/// deb-conffiles(5): an absolute path a line. One to be removed on upgrade is no file of the package.
fn conffiles(text: &str) -> Result<Vec<TreePath>, ForeignError> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("remove-on-upgrade "));
    let path = |line: &str| match line.strip_prefix('/') {
        Some(rest) => Ok(TreePath::new(rest)?),
        None => Err(malformed(format!("`{}` in its `conffiles` is not an absolute path", shown(line.as_bytes())))),
    };
    lines.map(path).collect()
}

/// deb-md5sums(5): 32 digits, two blanks, a path without a leading slash.
fn sum(line: &str) -> Result<(TreePath, [u8; 16]), ForeignError> {
    let (digits, path) = line.split_once("  ").unwrap_or_default();
    let mut sum = [0; 16];
    match hex::decode_to_slice(digits, &mut sum) {
        Ok(()) => Ok((TreePath::new(path)?, sum)),
        Err(_) => Err(malformed(format!("`{}` in its `md5sums` is no sum", shown(line.as_bytes())))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_dpkg_reads_them() {
        let read = fields("Package: a\nDESCRIPTION: one\n two\n .\n three\nX-Y:\n\n").unwrap();
        let control = Control { fields: read, ..Control::default() };
        assert_eq!(control.required("package").unwrap(), "a");
        assert_eq!(control.description(), ("one".to_owned(), "two\n\nthree".to_owned()));
        assert!(control.required("X-Y").is_err());
        for bad in [" a", "a", ":b", "A: 1\na: 2", "# c: d", "A: 1\n\nB: 2", "-A: 1"] {
            assert!(fields(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn lists_are_strict() {
        assert_eq!(conffiles("/etc/a b\nremove-on-upgrade /etc/c\n").unwrap(), [TreePath::new("etc/a b").unwrap()]);
        for bad in ["etc/a", "/etc/../a", "/"] {
            assert!(conffiles(bad).is_err(), "{bad:?}");
        }
        assert!(sum("d41d8cd98f00b204e9800998ecf8427e  usr/a").is_ok());
        for bad in
            ["", "d41d8cd98f00b204e9800998ecf8427e usr/a", "d41d  usr/a", "d41d8cd98f00b204e9800998ecf8427e  ../a"]
        {
            assert!(sum(bad).is_err(), "{bad:?}");
        }
    }
}
