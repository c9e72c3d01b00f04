//! `control.tar`: the control fields (deb-control(5)), and the lists that say something of the files: conffiles and
//! md5sums.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    io::Read,
};

use crate::{
    format::{
        foreign::{
            ForeignError, ItemKind, Seen,
            contents::{Contents, path, tar_error},
            error::{malformed, shown},
            not_utf8, text_of,
        },
        reader::Part,
    },
    stage::{Limits, MemberKind, Members, TreePath},
};

/// The maintainer scripts (Debian policy 6.1), and debconf's.
const SCRIPTS: [&str; 5] = ["preinst", "postinst", "prerm", "postrm", "config"];
/// The largest `control` file: 1 MiB.
const LARGEST_FIELDS: u64 = 1 << 20;
/// The largest list: 64 MiB.
const LARGEST_LIST: u64 = 64 << 20;

/// What `control.tar` says.
#[derive(Debug, Default)]
pub(super) struct Control {
    /// Fields in their order.
    fields: Fields,
    /// Scripts and triggers by their files' names, in that order.
    texts: BTreeMap<String, String>,
    /// Its other files, which are not read.
    pub(super) others: Vec<String>,
    conffiles: Vec<TreePath>,
    /// What is odd in it.
    pub(super) remarks: Vec<String>,
    /// Whether sums of the files are there at all.
    pub(super) has_sums: bool,
    md5sums: Vec<(TreePath, [u8; 16])>,
}

impl Control {
    /// Reads the archive.
    pub(super) fn read(tar: &mut dyn Read, limits: &Limits) -> Result<Self, ForeignError> {
        let mut members = Members::of_archive(tar, limits.entries);
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let (mut remarks, mut others) = (Vec::new(), Vec::new());
        while let Some(member) = members.next().map_err(tar_error)? {
            let Some(path) = path(&member, limits)? else { continue };
            if member.kind != MemberKind::File || path.parent().is_some() || seen.contains(&path) || seen.len() > 1000 {
                return Err(malformed(format!("`{}` of its control.tar is not a plain file", shown(&member.name))));
            }
            seen.insert(path.clone());
            let largest = match path.as_str() {
                "control" => LARGEST_FIELDS,
                "conffiles" | "md5sums" => LARGEST_LIST,
                name if SCRIPTS.contains(&name) || name == "triggers" => {
                    if member.size > LARGEST_FIELDS {
                        remarks.push(format!("its `{name}` is larger than 1 MiB, and not shown"));
                        others.push(name.to_owned());
                        continue;
                    }
                    LARGEST_FIELDS
                }
                name => {
                    others.push(name.to_owned());
                    continue;
                }
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
                (true, "control") => remarks.push(not_utf8("control file")),
                (true, name) if !["conffiles", "md5sums"].contains(&name) => {
                    remarks.push(format!("its `{name}` is not UTF-8; it is shown as ISO 8859-1"));
                }
                (true, _) => return Err(malformed(format!("its `{path}` is not UTF-8"))),
            }
            texts.insert(path.to_string(), text);
        }
        let fields = texts.remove("control").ok_or_else(|| malformed("it has no `control` file"))?;
        let has_sums = texts.contains_key("md5sums");
        let mut list = |name: &str| texts.remove(name).unwrap_or_default();
        let (conffiles, md5sums) = (list("conffiles"), list("md5sums"));
        // A line takes more in memory than in the file.
        for (name, list) in [("conffiles", &conffiles), ("md5sums", &md5sums)] {
            if list.lines().count() as u64 > limits.entries {
                return Err(malformed(format!("its `{name}` has more lines than a package has files")));
            }
        }
        Ok(Self {
            fields: Fields::read(&fields)?,
            texts,
            others,
            conffiles: self::conffiles(&conffiles)?,
            remarks,
            has_sums,
            md5sums: md5sums.lines().map(sum).collect::<Result<_, _>>()?,
        })
    }

    /// The fields in their order, each with its value: further lines as they are but for the blank before them.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.all.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The scripts, in the order of policy 6.
    pub(super) fn scripts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        SCRIPTS.into_iter().filter_map(|name| Some((name, self.texts.get(name)?.as_str())))
    }

    /// deb-triggers(5): a directive a line.
    pub(super) fn triggers(&self) -> impl Iterator<Item = &str> {
        let lines = self.texts.get("triggers").into_iter().flat_map(|text| text.lines());
        lines.map(|line| line.split('#').next().unwrap_or_default().trim()).filter(|line| !line.is_empty())
    }

    /// `Installed-Size`, in bytes; `None` where it is not said.
    pub(super) fn installed(&self) -> Option<u64> {
        let kibibytes: u64 = self.fields.get("Installed-Size")?.parse().ok()?;
        kibibytes.checked_mul(1024)
    }

    /// A field; empty where it is not said.
    pub(super) fn get(&self, name: &str) -> &str {
        self.fields.get(name).unwrap_or_default()
    }

    /// A field that every package has.
    pub(super) fn required(&self, name: &str) -> Result<&str, ForeignError> {
        let value = self.fields.get(name);
        value.filter(|value| !value.is_empty()).ok_or_else(|| malformed(format!("its control file has no `{name}`")))
    }

    /// The entries of a list in a field.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let text = self.get(name);
        let entries = text.split(',').map(|entry| entry.split_whitespace().collect::<Vec<_>>().join(" "));
        entries.filter(|entry| !entry.is_empty()).collect()
    }

    /// The first line of the description, and the rest with its blanks and dots taken off.
    pub(super) fn description(&self) -> (String, String) {
        let text = self.get("Description");
        let (summary, rest) = text.split_once('\n').unwrap_or((text, ""));
        let line = |line: &str| if line.trim() == "." { String::new() } else { line.trim().to_owned() };
        (summary.to_owned(), rest.lines().map(line).collect::<Vec<_>>().join("\n"))
    }

    /// Marks the configuration files and checks the sums.
    pub(super) fn marks(&self, data: &mut Contents, seen: &mut Seen) {
        for path in &self.conffiles {
            match data.items.get_mut(path) {
                Some(item) if matches!(item.kind, ItemKind::File { .. }) => item.config = true,
                _ => {
                    let what = "`conffiles` names it, but it is no file of the package".to_owned();
                    seen.fault(ForeignError::Disagrees { path: path.clone(), what });
                }
            }
        }
        for (path, sum) in &self.md5sums {
            match data.md5.get(path) {
                Some(found) if found == sum => {}
                Some(_) => seen.fault(ForeignError::Digest { digest: format!("`md5sums` of `/{path}`") }),
                None => {
                    let what = "`md5sums` names it, but it is no file of the package".to_owned();
                    seen.fault(ForeignError::Disagrees { path: path.clone(), what });
                }
            }
        }
    }

    /// Says of files what the lists say of them.
    pub(super) fn say_of(&self, files: &mut [Part]) {
        let sums: HashMap<&str, &[u8; 16]> = self.md5sums.iter().map(|(path, sum)| (path.as_str(), sum)).collect();
        let conffiles: HashSet<&str> = self.conffiles.iter().map(TreePath::as_str).collect();
        for file in files {
            let path = file.path.trim_start_matches('/');
            file.md5 = sums.get(path).map(hex::encode);
            if conffiles.contains(path) {
                file.marks.push("conffile");
            }
        }
    }
}

/// One paragraph of fields (deb-control(5)).
#[derive(Debug, Default)]
struct Fields {
    /// In their order.
    all: Vec<(String, String)>,
    /// Where each is, by its name in lower case.
    places: HashMap<String, usize>,
}

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        let at = self.places.get(&name.to_ascii_lowercase())?;
        self.all.get(*at).map(|(_, value)| value.as_str())
    }

    fn read(text: &str) -> Result<Self, ForeignError> {
        let mut fields = Self::default();
        for line in text.trim_end_matches('\n').lines() {
            if let Some(more) = line.strip_prefix([' ', '\t']).filter(|more| !more.trim().is_empty()) {
                let last = fields.all.last_mut();
                let (_, value) = last.ok_or_else(|| malformed("its control file begins with a further line"))?;
                value.push('\n');
                value.push_str(more);
                continue;
            }
            let (name, value) = line.split_once(':').unwrap_or(("", ""));
            let plain = |b: u8| b.is_ascii_graphic();
            if name.is_empty() || name.starts_with(['-', '#']) || !name.bytes().all(plain) {
                return Err(malformed(format!("`{}` in its control file is no field", shown(line.as_bytes()))));
            }
            if fields.places.insert(name.to_ascii_lowercase(), fields.all.len()).is_some() {
                return Err(malformed(format!("its control file has `{}` twice", shown(name.as_bytes()))));
            }
            fields.all.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(fields)
    }
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
        let read = Fields::read("Package: a\nDESCRIPTION: one\n two\n .\n three\nX-Y:\n\n").unwrap();
        let control = Control { fields: read, ..Control::default() };
        assert_eq!(control.required("package").unwrap(), "a");
        assert_eq!(control.description(), ("one".to_owned(), "two\n\nthree".to_owned()));
        assert!(control.required("X-Y").is_err());
        for bad in [" a", "a", ":b", "A: 1\na: 2", "# c: d", "A: 1\n\nB: 2", "-A: 1"] {
            assert!(Fields::read(bad).is_err(), "{bad:?}");
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
