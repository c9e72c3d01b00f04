//! Launchers: how a program of Python becomes one that Windows starts. A small program, the path of the interpreter, and a zip archive
//! with what it is to run, one behind the other ([distlib]); the small programs are those that pip brings.
//!
//! [distlib]: https://distlib.readthedocs.io/en/latest/tutorial.html#using-the-scripts-api

use std::io::{Cursor, Read, Seek};

use super::{EntryPoint, Surface, Wheel, WheelError, malformed};
use crate::{format::zip, names::Machine};

/// 1980-01-01: no archive has an earlier time, and no launcher another one.
const TIME: i64 = 315_532_800;
/// The most bytes of a small program: 4 MiB.
const LARGEST: u64 = 4 << 20;

/// What the names of distlib's programs end in.
const fn ending(machine: Machine) -> &'static str {
    match machine {
        Machine::X86 => "32",
        Machine::Amd64 => "64",
        Machine::Arm64 => "64-arm",
    }
}

/// What gives the content of a file by its path; `None` where there is none.
pub type FindFile<'f> = dyn FnMut(&str) -> Result<Option<Vec<u8>>, WheelError> + 'f;

/// The small programs of one machine.
#[derive(Debug, Clone)]
pub struct Launchers {
    console: Vec<u8>,
    gui: Vec<u8>,
}

impl Launchers {
    /// Those in a wheel of pip.
    ///
    /// # Errors
    /// Where they are not in it, not what its `RECORD` says, or of another machine.
    pub fn of_pip<R: Read + Seek>(pip: &mut Wheel<R>, machine: Machine) -> Result<Self, WheelError> {
        Self::read(machine, &mut |path| pip.file(path, LARGEST))
    }

    /// The same, where pip is unpacked: `file` gives a file of it by its path.
    ///
    /// # Errors
    /// As [`Launchers::of_pip`], and those of `file`.
    pub fn read(machine: Machine, file: &mut FindFile<'_>) -> Result<Self, WheelError> {
        let mut program = |kind: char| {
            let path = format!("pip/_vendor/distlib/{kind}{}.exe", ending(machine));
            let bytes = file(&path)?.ok_or_else(|| malformed(format!("it has no `{path}`")))?;
            match machine_of(&bytes) {
                Some(number) if number == machine.number() => Ok(bytes),
                _ => Err(malformed(format!("`{path}` is no program of its machine"))),
            }
        };
        Ok(Self { console: program('t')?, gui: program('w')? })
    }

    /// The launcher of a program, for the interpreter at a path of Windows.
    ///
    /// # Errors
    /// Where its archive cannot be written.
    pub fn launcher(&self, program: &EntryPoint, python: &str) -> Result<Vec<u8>, WheelError> {
        let start = match program.surface {
            Surface::Console => &self.console,
            Surface::Gui => &self.gui,
        };
        let mut archive = zip::Writer::new(Cursor::new(Vec::new()), TIME);
        archive.file("__main__.py", &mut main(program).as_bytes())?;
        let archive = archive.finish()?.into_inner();
        Ok([start, shebang(python).as_bytes(), &archive].concat())
    }
}

/// `#!C:\x\python.exe`, in quotes where it has blanks.
pub(super) fn shebang(python: &str) -> String {
    if python.contains(' ') { format!("#!\"{python}\"\n") } else { format!("#!{python}\n") }
}

/// What is run.
fn main(EntryPoint { module, function, .. }: &EntryPoint) -> String {
    let import = function.split('.').next().unwrap_or_default();
    format!(
        "# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom {module} import {import}\nif __name__ == '__main__':\n    \
         sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n    sys.exit({function}())\n"
    )
}

/// The number of the machine in the header of a PE file (Microsoft's PE format, 3.3.1); nothing where it is none.
fn machine_of(bytes: &[u8]) -> Option<u16> {
    let at = bytes.strip_prefix(b"MZ")?.get(0x3a..0x3e)?;
    let at = usize::try_from(u32::from_le_bytes(at.try_into().ok()?)).ok()?;
    let header = bytes.get(at..)?.strip_prefix(b"PE\0\0")?;
    header.first_chunk().map(|number| u16::from_le_bytes(*number))
}
