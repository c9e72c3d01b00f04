//! [`Parcel`]: a WAPT package's files and attributes before it is signed: from a folder, or from a package that is there.

use std::{io, path::Path};

use super::super::StepError;
use crate::{
    format::wapt::{self, Control, Finding, is_left_out},
    names::wapt::{Increment, Source as By, attribute},
    sign::Trust,
    source::project::{SourceKind, every_file},
    stage::{Entry, Kind, Owner, Role, Spool, Tree, TreePath},
    util::{
        clock,
        folder::{Folder, Refusal},
        toml::Report,
    },
};

/// No control file that somebody writes is larger: 1 MiB.
const LARGEST_CONTROL: u64 = 1 << 20;

/// What will be signed.
#[derive(Debug)]
pub struct Parcel {
    /// Its files; those that signing makes are made anew.
    pub tree: Tree,
    /// Its attributes.
    pub control: Control,
    /// What should be said of it.
    pub warnings: Vec<String>,
}

fn refused(message: String, help: &str) -> StepError {
    StepError::Contents { message, help: help.to_owned() }
}

fn reported(message: &str, report: Report) -> StepError {
    StepError::Reported { message: message.to_owned(), report: Box::new(report) }
}

impl Parcel {
    /// A package's folder: every file in it, and its `WAPT/control`, which is checked strictly. Links are refused. Contents go
    /// to `spool`.
    ///
    /// # Errors
    /// Everything that is wrong with the control file, at its lines; what cannot be read.
    pub fn of_folder(folder: &Folder, spool: Spool) -> Result<Self, StepError> {
        let path = Path::new("WAPT/control");
        let name = folder.path().join(path).display().to_string();
        let none = || {
            let help = "`factory init --wapt DIR` makes a folder that builds";
            let text = format!("`{}` is no WAPT package's folder: it has no `WAPT/control`", folder.path().display());
            refused(text, help)
        };
        let bytes = match folder.read(path, LARGEST_CONTROL) {
            Ok(bytes) => bytes.ok_or_else(none)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(none()),
            Err(error) => {
                return Err(match Refusal::of(&error) {
                    Some(Refusal::TooLarge { .. }) => {
                        refused(format!("`{name}` is larger than 1 MiB"), "is it a control file?")
                    }
                    Some(_) => refused(error.to_string(), "put the file itself there: agents know no links"),
                    None => error.into(),
                });
            }
        };
        let text = String::from_utf8(bytes)
            .map_err(|_| refused(format!("`{name}` is not UTF-8 text"), "save the file with the encoding UTF-8"))?;
        let (mut control, warnings) =
            Control::check(&name, &text).map_err(|report| reported("the control file is not right", report))?;
        // A new package is not the old one: each gets an id of its own.
        control.set("package_uuid", "");
        let mut tree = Tree::new(spool);
        add_folder(&mut tree, folder)?;
        Ok(Self { tree, control, warnings })
    }

    /// A package that is there, signed or not: to be signed again. What was changed in it since it was signed is said.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_package(path: &Path) -> Result<Self, StepError> {
        let mut package = wapt::open(path)?;
        let doubts = doubts(&mut package);
        let mut control = package.control()?;
        control.set("package_uuid", "");
        let mut tree = Tree::new(Spool::new()?);
        let entries: Vec<_> = package.entries().iter().filter(|entry| !entry.is_dir).cloned().collect();
        for entry in &entries {
            let mut unpacked = tempfile::tempfile()?;
            package.unpack(entry, &mut unpacked).map_err(wapt::WaptError::from)?;
            std::io::Seek::rewind(&mut unpacked)?;
            let kind = tree.spool().append(&mut unpacked)?;
            add(&mut tree, &entry.name, kind, path)?;
        }
        let warning = || format!("`{}` would be refused as it is: {}", path.display(), doubts.join("; "));
        let warnings = if doubts.is_empty() { Vec::new() } else { vec![warning()] };
        Ok(Self { tree, control, warnings })
    }

    /// Sets attributes as `name=value`; `version=+` counts one on.
    ///
    /// # Errors
    /// An attribute that there is not, or a value that it does not take.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), StepError> {
        let name = if name == "license" { "licence" } else { name };
        let help = "`factory show FILE` lists the attributes of a package";
        let known =
            attribute(name).ok_or_else(|| refused(format!("`{name}` is no attribute of a WAPT package"), help))?;
        if known.source == By::Program {
            return Err(refused(format!("`{name}` is filled in when the package is signed"), "leave it out"));
        }
        let counted = if name == "version" && value == "+" { Increment::of(self.control.get("version")) } else { None };
        let value = counted.as_deref().unwrap_or(value);
        let random = name == "package_uuid" && value == wapt::RANDOM;
        if !random {
            known.check(value).map_err(|bad| refused(format!("{name}: {bad}"), bad.help))?;
        }
        self.control.set(name, value);
        Ok(())
    }

    /// Looks through `setup.py`, where there is one. Gives what should be said of it.
    ///
    /// # Errors
    /// What agents would not find in it, at its lines.
    pub fn lint(&self, shown: &str) -> Result<Vec<String>, StepError> {
        let Some(entry) = TreePath::new("setup.py").ok().and_then(|path| self.tree.get(&path)) else {
            return if self.control.get("section") == "base" || self.control.get("section").is_empty() {
                Ok(vec!["there is no `setup.py`: the package installs nothing but what it depends on".to_owned()])
            } else {
                Ok(Vec::new())
            };
        };
        let mut bytes = Vec::new();
        let most = wapt::LARGEST_SETUP as u64 + 1;
        std::io::Read::read_to_end(&mut std::io::Read::take(self.tree.open(entry), most), &mut bytes)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| refused(format!("`{shown}` is not UTF-8 text"), "save the file with the encoding UTF-8"))?;
        let found: Vec<Finding> = wapt::check_setup(&text, &|name| self.control.get(name).to_owned());
        wapt::setup_findings(shown, &text, found)
            .map_err(|report| reported("`setup.py` is not what agents want", report))
    }
}

/// What is wrong with a package before it is signed anew, whoever signed it: with the new signature nobody sees it any more.
fn doubts(package: &mut wapt::Package) -> Vec<String> {
    let anchors = package.certificates().unwrap_or_default().into_iter().take(1).collect();
    let refusals = wapt::verify(package, &Trust { anchors, crls: Vec::new() }, clock::now()).err().unwrap_or_default();
    let others = refusals.iter().filter(|refusal| !matches!(refusal, wapt::Refusal::Untrusted(_)));
    others.map(ToString::to_string).collect()
}

/// Adds every file of a folder, hidden ones too.
fn add_folder(tree: &mut Tree, folder: &Folder) -> Result<(), StepError> {
    for file in every_file(folder)? {
        if is_left_out(&file.relative) {
            continue;
        }
        if let SourceKind::Symlink { .. } = file.kind {
            let help = "put the file itself there: agents know no links";
            return Err(refused(format!("`{}` is a symbolic link", file.path.display()), help));
        }
        let kind = tree.spool().append(&mut file.open()?)?;
        add(tree, &file.relative, kind, &file.path)?;
    }
    Ok(())
}

fn add(tree: &mut Tree, path: &str, kind: Kind, origin: &Path) -> Result<(), StepError> {
    let origin = origin.display().to_string().into();
    let entry = Entry { kind, mode: 0o644, owner: Owner::root(), mtime: 0, role: Role::Plain, origin };
    Ok(tree.add(TreePath::new(path)?, entry)?)
}
