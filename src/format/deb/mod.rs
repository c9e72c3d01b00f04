//! Debian binary packages (deb(5), Debian policy 4.6): an ar archive of `debian-binary`, `control.tar` and `data.tar`.
//!
//! Adds to the package's files what policy wants in each (changelog, copyright, lintian overrides). Never asks dpkg,
//! never looks at the machine's accounts, clock or locale.

mod ar;
mod changelog;
mod control;
mod copyright;
pub mod facts;
mod foreign;
mod lists;
mod overrides;
mod scripts;
mod state;
#[cfg(test)]
mod tests;
mod text;
mod units;
mod users;

pub use units::UNIT_DIR;

#[cfg(test)]
use super::sample;
use super::{
    BlockCache, Format, FormatError, Meta, Target, Writer, codec,
    facts::Codec,
    own::add_own,
    tar::{self, Names},
};
use crate::stage::{Role, Tree, TreePath};

/// The Debian package format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deb {
    /// How both inner archives are compressed. The platform says which: xz for Debian 8 and later.
    pub codec: Codec,
    /// Threads that compress, 1 to 8. Never changes the bytes; each costs about 130 MiB of memory with xz.
    pub threads: u32,
}

impl Deb {
    /// The format with this codec, and as many threads as the machine has processors, 4 at most.
    #[must_use]
    pub fn new(codec: Codec) -> Self {
        Self { codec, threads: codec::threads() }
    }
}

/// The reader, of packages of others, too.
pub(super) const READER: Option<&dyn super::Reader> = Some(foreign::READER);

/// The writer for platforms whose dpkg reads this codec.
pub(super) const WRITER: Option<Writer> = Some(|codec, _| Box::new(Deb::new(codec)));

impl Format for Deb {
    /// `name_version-revision_arch.deb`. An epoch is no part of it, as dpkg-name(1) does it.
    fn file_name(&self, meta: &Meta) -> String {
        format!("{}_{}-{}_{}.deb", meta.name, meta.version, meta.revision, meta.arch)
    }

    fn write(
        &self,
        tree: &Tree,
        meta: &Meta,
        cache: Option<&dyn BlockCache>,
        out: &mut dyn Target,
    ) -> Result<(), FormatError> {
        let data = with_documents(tree, meta)?;
        let control = control_tree(&data, meta)?;
        let suffix = self.codec.extension();

        let mut archive = ar::Ar::start(out, meta.epoch)?;
        archive.member("debian-binary", |out| Ok(out.write_all(b"2.0\n")?))?;
        for (name, tree) in [("control.tar", &control), ("data.tar", &data)] {
            archive.member(&format!("{name}.{suffix}"), |out| {
                codec::compress(self.codec, self.threads, cache, out, |out| {
                    tar::write(tree, Names::Dotted, meta.epoch, out)
                })
            })?;
        }
        Ok(())
    }
}

/// The files of the package with the documents that policy wants (12.5, 12.7) and every folder above an entry.
fn with_documents(tree: &Tree, meta: &Meta) -> Result<Tree, FormatError> {
    let mut data = tree.clone();
    let documents = format!("usr/share/doc/{}", meta.name);
    let mut changelog = Vec::new();
    let text = changelog::changelog(meta)?;
    codec::gzip(&mut changelog, |out| Ok(out.write_all(text.as_bytes())?))?;
    let copyright = copyright::copyright(meta)?;
    let overrides = overrides::overrides(tree, meta)?;

    let mut add = |path: String, bytes: &[u8], role| add_own(&mut data, &path, bytes, role, meta.epoch);
    add(format!("{documents}/changelog.Debian.gz"), &changelog, Role::Doc)?;
    add(format!("{documents}/copyright"), copyright.as_bytes(), Role::License)?;
    if !overrides.is_empty() {
        add(format!("usr/share/lintian/overrides/{}", meta.name), overrides.as_bytes(), Role::Plain)?;
    }
    data.settle_links();
    data.add_parents(meta.epoch)?;
    data.check()?;
    Ok(data)
}

/// The files of `control.tar`. They wait in the spool like all others: a list of sums can be long.
fn control_tree(data: &Tree, meta: &Meta) -> Result<Tree, FormatError> {
    let mut tree = Tree::new(data.spool().clone());
    let mut add = |name: &str, text: &str, mode| -> Result<(), FormatError> {
        if text.is_empty() {
            return Ok(());
        }
        Ok(tree.add_bytes(TreePath::new(name)?, text.as_bytes(), mode, meta.epoch, Role::Plain, "factory")?)
    };
    add("control", &control::control(meta, control::installed_kib(data))?, 0o644)?;
    add("conffiles", &lists::conffiles(data)?, 0o644)?;
    add("md5sums", &lists::md5sums(data)?, 0o644)?;
    for (name, text) in scripts::scripts(data, meta)? {
        add(name, &text, 0o755)?;
    }
    Ok(tree)
}
