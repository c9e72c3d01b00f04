//! The `control` file (deb-control(5), policy 5.3) and the version it carries.
//!
//! Fields come in dpkg's own order. Every value is checked for line ends, because the next line would be a field.

use std::fmt::Write as _;

use super::{
    super::{FormatError, Meta},
    text,
};
use crate::stage::{Kind, Tree};

/// The package that makes accounts in `preinst`: it has to be configured before the unpacking.
const ADDUSER: &str = "adduser";

/// The whole version, `upstream-revision`, an epoch included where the upstream part has one.
///
/// # Errors
/// What policy 5.6.12 does not allow.
pub(super) fn version(meta: &Meta) -> Result<String, FormatError> {
    let allowed = |text: &str, more: &[u8]| text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b));
    if !meta.version.starts_with(|c: char| c.is_ascii_digit()) || !allowed(&meta.version, b".+-~") {
        let reason = "dpkg wants a digit first, then letters, digits and `.+-~`";
        return Err(FormatError::field("version", &meta.version, reason));
    }
    if meta.revision.is_empty() || !allowed(&meta.revision, b".+~") {
        let reason = "dpkg wants letters, digits and `.+~`, at least one";
        return Err(FormatError::field("revision", &meta.revision, reason));
    }
    Ok(meta.evr())
}

/// The control file's text.
///
/// # Errors
/// A field that is empty though it has to say something, or that holds a line end.
pub(super) fn control(meta: &Meta, installed_kib: u64) -> Result<String, FormatError> {
    let mut fields = Fields::default();
    fields.required("Package", "name", meta.name.as_str())?;
    fields.required("Version", "version", &version(meta)?)?;
    fields.required("Architecture", "architecture", meta.arch.as_str())?;
    fields.required("Maintainer", "maintainer", maintainer(meta)?)?;
    fields.required("Installed-Size", "installed size", &installed_kib.to_string())?;
    fields.relations("Pre-Depends", "pre_depends", &pre_depends(meta))?;
    fields.relations("Depends", "depends", &meta.depends)?;
    fields.relations("Recommends", "recommends", &meta.recommends)?;
    fields.relations("Suggests", "suggests", &meta.suggests)?;
    fields.relations("Enhances", "enhances", &meta.enhances)?;
    fields.relations("Conflicts", "conflicts", &meta.conflicts)?;
    fields.relations("Breaks", "breaks", &meta.breaks)?;
    fields.relations("Replaces", "replaces", &meta.replaces)?;
    fields.relations("Provides", "provides", &meta.provides)?;
    fields.optional("Section", "section", &meta.section)?;
    fields.optional("Priority", "priority", &meta.priority)?;
    fields.optional("Homepage", "homepage", &meta.homepage)?;
    fields.required("Description", "summary", &meta.summary)?;
    for line in text::fold(&meta.description) {
        fields.0.push_str(&line);
        fields.0.push('\n');
    }
    Ok(fields.0)
}

/// `Name <mail>`, which the changelog repeats.
///
/// # Errors
/// Anything else (policy 5.6.2).
pub(super) fn maintainer(meta: &Meta) -> Result<&str, FormatError> {
    let line = text::line("maintainer", &meta.maintainer)?;
    let mail = line.strip_suffix('>').and_then(|line| line.rsplit_once(" <"));
    match mail {
        Some((name, mail)) if !name.trim().is_empty() && mail.contains('@') && !mail.contains([' ', '<', '>']) => {
            Ok(line)
        }
        _ => Err(FormatError::field("maintainer", line, "Debian wants `Name <mail@example.org>`")),
    }
}

/// The size on disk in KiB as dpkg-gencontrol estimates it (policy 5.6.20): each file and symbolic link rounded up to
/// 1 KiB, 1 KiB for each folder and for the root, nothing for the further names of a file.
pub(super) fn installed_kib(tree: &Tree) -> u64 {
    let kib = |kind: &Kind| match kind {
        Kind::File { size, .. } => size.div_ceil(1024),
        Kind::Symlink { target } => (target.len() as u64).div_ceil(1024),
        Kind::Dir => 1,
        Kind::Hardlink { .. } => 0,
    };
    1 + tree.iter().map(|(_, entry)| kib(&entry.kind)).sum::<u64>()
}

fn pre_depends(meta: &Meta) -> Vec<String> {
    let mut relations = meta.pre_depends.clone();
    let names_adduser = |relation: &String| relation.split([' ', '(', ':', '|']).next() == Some(ADDUSER);
    if !meta.users.is_empty() && !relations.iter().any(names_adduser) {
        relations.insert(0, ADDUSER.to_owned());
    }
    relations
}

#[derive(Default)]
struct Fields(String);

impl Fields {
    fn required(&mut self, name: &str, field: &'static str, value: &str) -> Result<(), FormatError> {
        text::line(field, value).map(|value| self.push(name, value))
    }

    fn optional(&mut self, name: &str, field: &'static str, value: &str) -> Result<(), FormatError> {
        text::optional_line(field, value).map(|value| {
            if !value.is_empty() {
                self.push(name, value);
            }
        })
    }

    fn relations(&mut self, name: &str, field: &'static str, relations: &[String]) -> Result<(), FormatError> {
        let mut kept: Vec<&str> = Vec::new();
        for relation in relations {
            let relation = text::line(field, relation)?;
            if !kept.contains(&relation) {
                kept.push(relation);
            }
        }
        if !kept.is_empty() {
            self.push(name, &kept.join(", "));
        }
        Ok(())
    }

    fn push(&mut self, name: &str, value: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{name}: {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sample, *};

    #[test]
    fn versions_are_dpkgs() {
        let whole = |version_epoch, version: &str, revision: &str| {
            let (version, revision) = (version.to_owned(), revision.to_owned());
            super::version(&Meta { version_epoch, version, revision, ..sample::meta() })
        };
        assert_eq!(whole(0, "2.5.0~rc1", "1~deb12").unwrap(), "2.5.0~rc1-1~deb12");
        assert_eq!(whole(1, "2.5", "1").unwrap(), "1:2.5-1");
        for (version, revision) in
            [("a", "1"), ("", "1"), ("1", ""), ("1", "1-2"), ("1:2", "1"), (":1", "1"), ("1 2", "1")]
        {
            assert!(whole(0, version, revision).is_err(), "{version}-{revision}");
        }
    }

    #[test]
    fn a_value_cannot_begin_a_field() {
        let evil = "x\nPre-Depends: evil".to_owned();
        let base = sample::meta;
        for meta in [
            Meta { depends: vec![evil.clone()], ..base() },
            Meta { summary: evil.clone(), ..base() },
            Meta { homepage: evil.clone(), ..base() },
            Meta { section: evil.clone(), ..base() },
            Meta { maintainer: format!("{evil} <a@b>"), ..base() },
            Meta { depends: vec![" ".to_owned()], ..base() },
            Meta { maintainer: "nobody".to_owned(), ..base() },
        ] {
            assert!(control(&meta, 1).is_err());
        }
        let text = control(&Meta { description: evil, ..base() }, 1).unwrap();
        assert!(text.ends_with("\n x Pre-Depends: evil\n"), "{text}");
    }

    #[test]
    fn adduser_is_needed_once() {
        let of = |pre_depends: &[&str]| {
            let pre_depends = pre_depends.iter().map(ToString::to_string).collect();
            super::pre_depends(&Meta { pre_depends, ..sample::meta() })
        };
        assert_eq!(of(&["x"]), ["adduser", "x"]);
        assert_eq!(of(&["x", "adduser (>= 3)"]), ["x", "adduser (>= 3)"]);
    }
}
