//! [`WaptDraft`]: a WAPT package's files and attributes before it is signed: from a folder, or from a package that is there.

use std::{collections::BTreeMap, io, path::Path};

use crate::{
    execute::StepError,
    format::wapt::facts::attributes::{ATTRIBUTES, Increment, Refused, Source as By, attribute, check_together},
    format::wapt::{self, Control, Finding, is_left_out},
    sign::Trust,
    source::project::{SourceFile, SourceKind},
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
pub struct WaptDraft {
    /// Its files; those that signing makes are made anew.
    pub tree: Tree,
    /// Its attributes.
    pub control: Control,
    /// What should be said of it.
    pub warnings: Vec<String>,
    origin: Origin,
}

/// What a draft began as.
#[derive(Debug)]
enum Origin {
    /// Nothing: its attributes come from the recipe.
    Nothing,
    /// A package's folder.
    Folder,
    /// A package that is there: what agents take in it is signed anew as it is. With what was wrong with its attributes.
    Package(Vec<(&'static str, Refused)>),
}

fn refused(message: String, help: &str) -> StepError {
    StepError::Contents { message, help: help.to_owned() }
}

fn reported(message: &str, report: Report) -> StepError {
    StepError::Reported { message: message.to_owned(), report: Box::new(report) }
}

impl WaptDraft {
    /// Nothing yet. Contents go to `spool`.
    #[must_use]
    pub fn empty(spool: Spool) -> Self {
        Self { tree: Tree::new(spool), control: Control::default(), warnings: Vec::new(), origin: Origin::Nothing }
    }

    /// A package's folder: its `files`, and its `WAPT/control`, which is checked strictly but for the attributes that
    /// are `given` elsewhere. Links are refused. Contents go to `spool`.
    ///
    /// # Errors
    /// Everything that is wrong with the control file, at its lines; what cannot be read.
    pub fn of_folder(
        folder: &Folder,
        files: &[SourceFile],
        spool: Spool,
        given: &[(String, String)],
    ) -> Result<Self, StepError> {
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
                return Err(match Refusal::from_error(&error) {
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
        let (mut control, mut warnings) =
            Control::check(&name, &text, given).map_err(|report| reported("the control file is not right", report))?;
        // A new package is not the old one: each gets an id of its own.
        control.set("package_uuid", "");
        let mut tree = Tree::new(spool);
        let empty = add_files(&mut tree, files)?;
        warnings.extend(of_empty(&empty));
        Ok(Self { tree, control, warnings, origin: Origin::Folder })
    }

    /// A package that is there, signed or not: to be signed again. What was changed in it since it was signed is said.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_package(path: &Path) -> Result<Self, StepError> {
        let mut package = wapt::open(path)?;
        let doubts = doubts(&mut package);
        if package.is_swollen() && !doubts.is_empty() {
            let message = format!("`{}` is not unpacked: {}", path.display(), doubts.join("; "));
            return Err(refused(
                message,
                "its contents are more than 100 times as large as the file: look at it with `factory show`",
            ));
        }
        let bytes = package.control_bytes()?;
        let mut control = Control::read(&bytes)?;
        control.set("package_uuid", "");
        let mut tree = Tree::new(Spool::new()?);
        let folders: Vec<String> = package.empty_folders();
        let entries: Vec<_> = package.entries().iter().filter(|entry| !entry.is_dir).cloned().collect();
        for entry in &entries {
            let mut unpacked = tempfile::tempfile()?;
            package.unpack(entry, &mut unpacked).map_err(wapt::WaptError::from)?;
            std::io::Seek::rewind(&mut unpacked)?;
            let kind = tree.spool().append(&mut unpacked)?;
            add(&mut tree, &entry.name, kind, path)?;
        }
        let warning = || format!("`{}` would be refused as it is: {}", path.display(), doubts.join("; "));
        let mut warnings = if doubts.is_empty() { Vec::new() } else { vec![warning()] };
        warnings.extend(of_empty(&folders));
        for name in Control::repeated(&bytes) {
            warnings.push(format!(
                "`{name}` is in its control file more than once: the last one, which agents read, is kept"
            ));
        }
        let unknown = control.iter().filter(|(name, _)| attribute(name).is_none());
        warnings.extend(unknown.map(|(name, _)| {
            let name: String = name.escape_debug().take(60).collect();
            format!("`{name}` is no attribute that is known here: it is kept, and not signed")
        }));
        let wrong = wrong(&control);
        Ok(Self { tree, control, warnings, origin: Origin::Package(wrong) })
    }

    /// Whether what is there is signed as it is.
    #[must_use]
    pub fn is_signed_anew(&self) -> bool {
        matches!(self.origin, Origin::Package(_))
    }

    /// Fills in what goes without saying, once everything is set: `of_project` where nothing is said, and WAPT's own defaults.
    /// What a control file could have said and did not is said.
    ///
    /// # Errors
    /// Attributes that do not fit each other, but for those of a package that is signed anew and had them already.
    pub fn settle(&mut self, of_project: &BTreeMap<String, String>) -> Result<(), StepError> {
        for (name, value) in of_project {
            if self.control.get(name).is_empty() {
                self.control.set(name, value);
            }
        }
        let defaults = self.control.defaults();
        let missing: Vec<_> = defaults.iter().filter(|(name, _)| self.control.get(name).is_empty()).collect();
        if !missing.is_empty() && !matches!(self.origin, Origin::Nothing) {
            let taken: Vec<String> = missing.iter().map(|(name, value)| format!("`{name}` is `{value}`")).collect();
            self.warnings.push(format!("WAPT/control does not say them: {} in this package", taken.join(", ")));
        }
        let Origin::Package(before) = &self.origin else { return Ok(()) };
        if self.control.get("version").is_empty() {
            self.warnings.push("WAPT/control has no `version`: it is 0, as agents read it".to_owned());
            self.control.set("version", "0");
        }
        let target = self.control.get("target_os");
        if target != target.to_lowercase() {
            self.warnings.push(format!("`target_os` was `{target}`: WAPT 2 signs it in lower case"));
        }
        for (name, refused) in wrong(&self.control) {
            if !before.contains(&(name, refused.clone())) {
                return Err(super::draft::refused(format!("{name}: {refused}"), refused.help));
            }
            self.warnings.push(format!("{name}: {refused}; it is signed as it is ({})", refused.help));
        }
        Ok(())
    }

    /// Sets attributes as `name=value`; `version=+` adds one.
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
        if value.is_empty() && known.required {
            return Err(refused(format!("`{name}` cannot be empty: every package has one"), help));
        }
        let mut counted = None;
        if name == "version" && value == "+" {
            let now = self.control.get("version");
            let shown: String = now.escape_debug().take(60).collect();
            counted = Some(Increment::of(now).ok_or_else(|| {
                let message =
                    format!("`version=+` raises the last number of the version by one, and `{shown}` has none");
                refused(message, "write the version out: `version=1.2.3-1`")
            })?);
        }
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

/// What this program would not write of a package's attributes, each with its attribute.
fn wrong(control: &Control) -> Vec<(&'static str, Refused)> {
    let own = ATTRIBUTES.iter().filter(|attribute| attribute.source == By::User);
    let single =
        own.filter_map(|attribute| Some((attribute.name, attribute.check(control.get(attribute.name)).err()?)));
    single.chain(check_together(&|name| control.get(name).to_owned())).collect()
}

/// What is said of folders with nothing in them.
pub(crate) fn of_empty(folders: &[String]) -> Option<String> {
    let first = folders.first()?.escape_debug();
    let more = if folders.len() > 1 { format!(" and {} more", folders.len() - 1) } else { String::new() };
    Some(format!(
        "`{first}/`{more}: there is nothing in it, and it is left out: WAPT 1.8 refuses packages with empty folders"
    ))
}

/// What is wrong with a package before it is signed anew, whoever signed it: with the new signature it is not seen any more.
fn doubts(package: &mut wapt::Package) -> Vec<String> {
    let anchors = package.certificates().unwrap_or_default().into_iter().take(1).collect();
    let refusals = wapt::verify(package, &Trust { anchors, crls: Vec::new() }, clock::now()).err().unwrap_or_default();
    let others = refusals.iter().filter(|refusal| !matches!(refusal, wapt::Refusal::Untrusted(_)));
    others.map(ToString::to_string).collect()
}

/// Adds the files of a folder. Gives the folders with nothing in them.
fn add_files(tree: &mut Tree, files: &[SourceFile]) -> Result<Vec<String>, StepError> {
    let mut empty = Vec::new();
    for file in files.iter().filter(|file| !is_left_out(&file.relative)) {
        match &file.kind {
            SourceKind::Symlink { .. } => {
                let help = "put the file itself there: agents know no links";
                return Err(refused(format!("`{}` is a symbolic link", file.path.display()), help));
            }
            SourceKind::Folder => empty.push(file.relative.clone()),
            SourceKind::File { .. } => {
                let kind = tree.spool().append(&mut file.open()?)?;
                add(tree, &file.relative, kind, &file.path)?;
            }
        }
    }
    Ok(empty)
}

fn add(tree: &mut Tree, path: &str, kind: Kind, origin: &Path) -> Result<(), StepError> {
    let origin = origin.display().to_string().into();
    let entry = Entry { kind, mode: 0o644, owner: Owner::root(), mtime: 0, role: Role::Plain, origin };
    Ok(tree.add(TreePath::new(path)?, entry)?)
}
