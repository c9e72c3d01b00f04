//! A machine in memory, whose power can fail: what was not synced is gone then, the names of each folder in the order in which they were
//! changed, and no folder waits for another one.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    rc::Rc,
};

use factory_update::{
    agent::{Agent, AgentError},
    disk::{Disk, Op},
    names::Names,
};
use semver::Version;

pub const PROGRAM: &str = "/opt/app/agent.exe";

/// Bytes, and those of them that are on the disk.
#[derive(Debug, Clone)]
pub struct File {
    bytes: Vec<u8>,
    safe: Vec<u8>,
}

/// A change of names that may not be on the disk yet.
#[derive(Debug, Clone)]
pub enum Change {
    Set(PathBuf, usize),
    Move(PathBuf, PathBuf),
    Gone(PathBuf),
}

/// A machine.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    pub files: Vec<File>,
    pub now: BTreeMap<PathBuf, usize>,
    pub safe: BTreeMap<PathBuf, usize>,
    pub pending: Vec<Change>,
    /// What runs: the bytes of the program when it was started.
    pub runs: Option<Vec<u8>>,
    /// How many more things may happen before the updater is dead.
    pub left: Option<usize>,
    /// Whether nothing more fits onto the disk.
    pub full: bool,
    /// What the disk was told to do.
    pub told: Vec<Op>,
    /// Which of that it says that it did, and did not.
    pub skipped: Option<usize>,
    /// Programs that do not start, and those that end soon.
    pub broken: Vec<&'static [u8]>,
    pub sick: Vec<&'static [u8]>,
}

/// A machine that the updater and a test share.
#[derive(Debug, Clone)]
pub struct Shared(pub Rc<RefCell<Machine>>);

fn dead() -> io::Error {
    io::Error::other("the updater is dead")
}

fn apply(names: &mut BTreeMap<PathBuf, usize>, change: &Change) {
    match change {
        Change::Set(path, file) => drop(names.insert(path.clone(), *file)),
        Change::Gone(path) => drop(names.remove(path)),
        Change::Move(from, to) => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
    }
}

impl Machine {
    /// With a program that runs.
    pub fn new(program: &[u8]) -> Self {
        let mut machine = Self::default();
        machine.install(Path::new(PROGRAM), program);
        machine.runs = Some(program.to_vec());
        machine
    }

    /// A file that is safe at once.
    pub fn install(&mut self, path: &Path, bytes: &[u8]) {
        self.files.push(File { bytes: bytes.to_vec(), safe: bytes.to_vec() });
        self.now.insert(path.to_owned(), self.files.len() - 1);
        self.safe.insert(path.to_owned(), self.files.len() - 1);
    }

    pub fn bytes(&self, path: &Path) -> Option<&[u8]> {
        self.now.get(path).map(|file| &self.files[*file].bytes[..])
    }

    pub fn program(&self) -> Option<&[u8]> {
        self.bytes(Path::new(PROGRAM))
    }

    /// The machines that there may be after a failure: the updater was killed, or the power failed, with more or less on the disk.
    pub fn after_a_failure(&self) -> Vec<Self> {
        let mut found = vec![Self { left: None, ..self.clone() }];
        // A name that moves from one folder to another one is with those of its new folder.
        let is_state = |change: &&Change| {
            let (Change::Set(path, _) | Change::Gone(path) | Change::Move(_, path)) = change;
            path.parent() == Some(&names().state())
        };
        let (state, others): (Vec<_>, Vec<_>) = self.pending.iter().partition(is_state);
        let both = (0..=state.len()).flat_map(|first| (0..=others.len()).map(move |second| (first, second)));
        for (first, second) in both {
            for with_bytes in [false, true] {
                let mut names = self.safe.clone();
                state[..first].iter().chain(&others[..second]).for_each(|change| apply(&mut names, change));
                let bytes = |file: &File| if with_bytes { file.bytes.clone() } else { file.safe.clone() };
                let file = |file: &File| File { bytes: bytes(file), safe: bytes(file) };
                let files = self.files.iter().map(file).collect();
                let (now, safe) = (names.clone(), names);
                found.push(Self { files, now, safe, pending: Vec::new(), runs: None, left: None, ..self.clone() });
            }
        }
        found
    }

    /// One more thing happens, or none any more.
    fn step(&mut self) -> io::Result<()> {
        match &mut self.left {
            Some(0) => Err(dead()),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn change(&mut self, op: &Op) -> io::Result<()> {
        let there = |machine: &Self, path: &Path| machine.now.get(path).copied().ok_or(io::ErrorKind::NotFound);
        let is_new = |machine: &Self, path: &Path| {
            if machine.now.contains_key(path) { Err(io::Error::from(io::ErrorKind::AlreadyExists)) } else { Ok(()) }
        };
        let change = match op {
            Op::Write { to, bytes } => {
                is_new(self, to)?;
                if self.full {
                    // What a full disk leaves behind.
                    self.files.push(File { bytes: Vec::new(), safe: Vec::new() });
                    let change = Change::Set(to.clone(), self.files.len() - 1);
                    apply(&mut self.now, &change);
                    self.pending.push(change);
                    return Err(io::ErrorKind::StorageFull.into());
                }
                self.files.push(File { bytes: bytes.clone(), safe: Vec::new() });
                Change::Set(to.clone(), self.files.len() - 1)
            }
            Op::Link { from, to } => {
                is_new(self, to)?;
                Change::Set(to.clone(), there(self, from)?)
            }
            Op::Sync(path) => {
                let file = there(self, path)?;
                self.files[file].safe = self.files[file].bytes.clone();
                return Ok(());
            }
            Op::Rename { from, to } => {
                there(self, from)?;
                Change::Move(from.clone(), to.clone())
            }
            Op::Remove(path) if self.now.contains_key(path) => Change::Gone(path.clone()),
            Op::Remove(_) => return Ok(()),
            Op::SyncFolder(folder) => {
                self.sync(folder);
                return Ok(());
            }
        };
        apply(&mut self.now, &change);
        self.pending.push(change);
        Ok(())
    }

    /// What changed in a folder reaches the disk, in its order.
    fn sync(&mut self, folder: &Path) {
        let is_in = |path: &Path| path.parent() == Some(folder);
        let touches = |change: &Change| match change {
            Change::Set(path, _) | Change::Gone(path) => is_in(path),
            Change::Move(from, to) => is_in(from) || is_in(to),
        };
        let (done, left) = std::mem::take(&mut self.pending).into_iter().partition(touches);
        let done: Vec<Change> = done;
        for change in &done {
            apply(&mut self.safe, change);
        }
        self.pending = left;
    }
}

impl Disk for Shared {
    fn apply(&mut self, op: &Op) -> io::Result<()> {
        let mut machine = self.0.borrow_mut();
        machine.step()?;
        machine.told.push(op.clone());
        if machine.skipped == Some(machine.told.len() - 1) {
            return Ok(());
        }
        machine.change(op)
    }

    fn read(&self, path: &Path, _: u64) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.borrow().bytes(path).map(<[u8]>::to_vec))
    }

    fn digest(&self, path: &Path) -> io::Result<Option<String>> {
        Ok(self.0.borrow().bytes(path).map(digest))
    }
}

pub fn digest(bytes: &[u8]) -> String {
    hex::encode(ring::digest::digest(&ring::digest::SHA256, bytes))
}

impl Agent for Shared {
    fn stop(&mut self) -> Result<(), AgentError> {
        self.happens()?;
        self.0.borrow_mut().runs = None;
        Ok(())
    }

    fn start(&mut self) -> Result<(), AgentError> {
        self.happens()?;
        let mut machine = self.0.borrow_mut();
        let program = machine.program().map(<[u8]>::to_vec);
        let starts = program.filter(|program| !machine.broken.contains(&&program[..]) && !program.is_empty());
        let failed = AgentError::Command { command: "start".into(), said: "it does not start".into() };
        machine.runs = Some(starts.ok_or(failed)?);
        Ok(())
    }

    fn runs(&mut self) -> Result<bool, AgentError> {
        Ok(self.0.borrow().runs.is_some())
    }

    fn watch(&mut self, _: &Version) -> Result<Result<(), String>, AgentError> {
        self.happens()?;
        let mut machine = self.0.borrow_mut();
        if machine.runs.as_ref().is_some_and(|program| !machine.sick.contains(&&program[..])) {
            return Ok(Ok(()));
        }
        machine.runs = None;
        Ok(Err("it has ended".into()))
    }
}

impl Shared {
    fn happens(&self) -> Result<(), AgentError> {
        self.0.borrow_mut().step().map_err(|source| AgentError::System { what: "nothing".into(), source })
    }
}

/// The names on that machine.
pub fn names() -> Names {
    Names::of(Path::new(PROGRAM)).unwrap()
}
