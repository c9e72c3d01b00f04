//! Unpacking: every file of a wheel into its place in the tree, held against the list; launchers; a list of what is there now.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
};

use super::{
    Launchers, Scheme, Surface, Wheel, WheelError, launcher, malformed,
    record::{self, Check},
    scheme::KINDS,
};
use crate::{
    format::zip::Entry,
    stage::{self, Kind, Owner, Role, Tree, TreePath},
};

/// The most bytes of a script whose first line is changed: 4 MiB.
const SCRIPT: u64 = 4 << 20;
/// What is in the place of an interpreter, and of one without a console.
const ANY: &[u8] = b"#!python";
const ANY_GUI: &[u8] = b"#!pythonw";

/// What a wheel became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The distribution's name, as its metadata have it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Every file of it, in the order of the list.
    pub files: Vec<TreePath>,
    /// Files that were left out: those in `__pycache__`, which an interpreter makes anew, and those that the caller did not want.
    pub left_out: usize,
}

/// A file that is in the tree.
struct Placed {
    path: TreePath,
    sha256: [u8; 32],
    size: u64,
}

impl<R: Read + Seek> Wheel<R> {
    /// Unpacks it into a tree, each file with this time (seconds since 1970 UTC).
    ///
    /// Files go where [`Scheme`] says, those of the `.data` folder by their kind. `#!python` in scripts becomes the environment's
    /// interpreter; each program of the entry points becomes a launcher. `RECORD` lists what is in the tree now. No byte code is taken, and
    /// nothing that `leave_out` says.
    ///
    /// # Errors
    /// [`WheelError`]; the tree has some of its files then.
    pub fn install(
        &mut self,
        scheme: &Scheme,
        launchers: Option<&Launchers>,
        leave_out: &dyn Fn(&TreePath) -> bool,
        time: i64,
        tree: &mut Tree,
    ) -> Result<Installed, WheelError> {
        let origin = format!("the wheel of {} {}", self.name, self.version);
        let mut to = Into { tree, time, origin, leave_out, left_out: 0 };
        let mut placed = Vec::new();
        let entries: Vec<Entry> = self.archive.entries().iter().filter(|entry| !entry.is_dir).cloned().collect();
        for entry in &entries {
            if self.is_replaced(&entry.name) {
                continue;
            }
            if entry.name.split('/').any(|part| part.eq_ignore_ascii_case("__pycache__")) {
                to.left_out += 1;
                continue;
            }
            if entry.name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("pyc")) {
                let text =
                    format!("byte code without its source, `{}`, which only one version of Python takes", entry.name);
                return Err(WheelError::Unsupported(text));
            }
            let (path, is_script) = self.place(&entry.name, scheme)?;
            if to.takes(&path) {
                placed.push(self.put(entry, path, is_script.then_some(scheme), &mut to)?);
            }
        }
        placed.extend(self.programs(scheme, launchers, &mut to)?);
        placed.push(to.bytes(scheme.packages(&format!("{}/INSTALLER", self.info))?, b"factory\n")?);
        let files = self.list(scheme, placed, &mut to)?;
        Ok(Installed { name: self.name.clone(), version: self.version.clone(), files, left_out: to.left_out })
    }

    /// The content of a small file, as the list says; `None` where there is none of this name.
    ///
    /// # Errors
    /// [`WheelError::Changed`], and what the archive says.
    pub fn file(&mut self, path: &str, most: u64) -> Result<Option<Vec<u8>>, WheelError> {
        let Some(bytes) = self.archive.small(path, most)? else { return Ok(None) };
        let mut check = self.check(path)?;
        check.update(&bytes);
        if check.fits() { Ok(Some(bytes)) } else { Err(changed(path)) }
    }

    fn check(&self, path: &str) -> Result<Check, WheelError> {
        self.record.check(path).ok_or_else(|| changed(path))
    }

    /// Whether a file is another one when a wheel is unpacked: the list, and who unpacked it.
    fn is_replaced(&self, path: &str) -> bool {
        self.is_record(path) || ["INSTALLER", "REQUESTED"].iter().any(|file| self.is_own(path, file))
    }

    /// Where a file goes, and whether it is a script.
    fn place(&self, path: &str, scheme: &Scheme) -> Result<(TreePath, bool), WheelError> {
        let (top, below) = path.split_once('/').unwrap_or((path, ""));
        let Some(stem) = top.strip_suffix(".data") else { return Ok((scheme.packages(path)?, false)) };
        match below.split_once('/') {
            Some((kind, rest)) if KINDS.contains(&kind) && self.info.strip_suffix(".dist-info") == Some(stem) => {
                Ok((scheme.place(kind, &self.name, rest)?, kind == "scripts"))
            }
            _ => Err(malformed(format!("`{path}` is in no folder that its data have"))),
        }
    }

    /// Unpacks one file into the tree; a script with the interpreter of this environment.
    fn put(
        &mut self,
        entry: &Entry,
        path: TreePath,
        script_of: Option<&Scheme>,
        to: &mut Into,
    ) -> Result<Placed, WheelError> {
        let (file, check) = (tempfile::tempfile()?, self.check(&entry.name)?);
        let mut checked = Checked { file, check };
        self.archive.unpack(entry, &mut checked)?;
        let Checked { mut file, check } = checked;
        if !check.fits() {
            return Err(changed(&entry.name));
        }
        file.seek(SeekFrom::Start(0))?;
        let mut start = Vec::new();
        (&mut file).take(ANY_GUI.len() as u64).read_to_end(&mut start)?;
        file.seek(SeekFrom::Start(0))?;
        match script_of {
            Some(scheme) if start.starts_with(ANY) && entry.size <= SCRIPT => {
                let mut text = Vec::new();
                file.read_to_end(&mut text)?;
                to.bytes(path, &with_interpreter(&text, scheme))
            }
            _ => to.read(path, &mut file),
        }
    }

    /// A launcher for each program.
    fn programs(
        &self,
        scheme: &Scheme,
        launchers: Option<&Launchers>,
        to: &mut Into,
    ) -> Result<Vec<Placed>, WheelError> {
        let mut placed = Vec::new();
        for program in &self.entry_points {
            let path = scheme.scripts(&format!("{}.exe", program.name))?;
            if !to.takes(&path) {
                continue;
            }
            let has_console = program.surface == Surface::Console;
            let surface = if has_console { "a console" } else { "windows" };
            let none = || WheelError::NoLauncher { program: program.name.clone(), surface };
            let launcher = launchers.ok_or_else(none)?.launcher(program, &scheme.interpreter(has_console))?;
            placed.push(to.bytes(path, &launcher)?);
        }
        Ok(placed)
    }

    /// Writes the list of what is there now.
    fn list(&self, scheme: &Scheme, mut placed: Vec<Placed>, to: &mut Into) -> Result<Vec<TreePath>, WheelError> {
        let path = scheme.packages(&format!("{}/RECORD", self.info))?;
        placed.sort_by(|one, other| one.path.cmp(&other.path));
        let lines = placed.iter().map(|file| record::line(&scheme.listed(&file.path), &file.sha256, file.size));
        let own = format!("{},,\n", record::value(&scheme.listed(&path)));
        let list: String = lines.chain([own]).collect();
        to.bytes(path.clone(), list.as_bytes())?;
        Ok(placed.into_iter().map(|file| file.path).chain([path]).collect())
    }
}

/// The first line of a script with this environment's interpreter. It ends as it did.
fn with_interpreter(text: &[u8], scheme: &Scheme) -> Vec<u8> {
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let (first, rest) = text.split_at(end);
    let is_gui = first.starts_with(ANY_GUI);
    let said = launcher::shebang(&scheme.interpreter(!is_gui));
    let arguments = first.get(if is_gui { ANY_GUI.len() } else { ANY.len() }..).unwrap_or_default();
    [said.trim_end().as_bytes(), arguments, rest].concat()
}

fn changed(path: &str) -> WheelError {
    WheelError::Changed { path: path.escape_debug().take(200).collect() }
}

/// Holds what is written against the list.
struct Checked {
    file: File,
    check: Check,
}

impl Write for Checked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.check.update(&bytes[..written]);
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The tree that is filled.
struct Into<'t> {
    tree: &'t mut Tree,
    time: i64,
    origin: String,
    leave_out: &'t dyn Fn(&TreePath) -> bool,
    left_out: usize,
}

impl Into<'_> {
    /// Whether a file is wanted; adds one to the number left out where it is not.
    fn takes(&mut self, path: &TreePath) -> bool {
        let is_out = (self.leave_out)(path);
        self.left_out += usize::from(is_out);
        !is_out
    }

    fn bytes(&mut self, path: TreePath, bytes: &[u8]) -> Result<Placed, WheelError> {
        self.read(path, &mut &*bytes)
    }

    fn read(&mut self, path: TreePath, content: &mut dyn Read) -> Result<Placed, WheelError> {
        let kind = self.tree.spool().append(content)?;
        let Kind::File { size, sha256, .. } = kind else {
            return Err(io::Error::other("a spool gives files").into());
        };
        let (owner, origin) = (Owner::root(), self.origin.as_str().into());
        let entry = stage::Entry { kind, mode: 0o644, owner, mtime: self.time, role: Role::Plain, origin };
        self.tree.add(path.clone(), entry)?;
        Ok(Placed { path, sha256, size })
    }
}
