//! Single files of an image: a container of it that is never started is asked for them, one call each.

use std::{
    collections::{BTreeSet, HashMap},
    io::Read as _,
    path::Path,
    sync::Arc,
};

use super::take::blocking_reader;
use crate::{
    engine::ContainerId,
    execute::{Session, StepError, records::blocking},
};

/// The most files that are asked for: each costs a call.
const MOST_ASKED: usize = 4096;
/// The most links that are followed one after the other, as the kernel has it (path_resolution(7)).
const MOST_LINKS: u32 = 40;
/// So much of a file is read to see how it begins, in bytes: the longest `#!` line (execve(2)).
const START: u64 = 256;

/// What a path of the image is, links followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// Nothing, or a link to nothing.
    Nothing,
    /// A folder.
    Folder,
    /// A file.
    File {
        /// Its permission bits.
        mode: u32,
        /// How it begins.
        start: Vec<u8>,
    },
}

impl Thing {
    /// Whether it is a file that somebody may execute.
    #[must_use]
    pub fn is_program(&self) -> bool {
        matches!(self, Self::File { mode, .. } if mode & 0o111 != 0)
    }

    /// Whether it is a file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }
}

/// What is asked of an image, and what it has said.
pub struct Files<'s> {
    session: &'s Session,
    container: &'s ContainerId,
    asked: HashMap<String, Thing>,
    /// What does not count: files, and folders with a slash at their end.
    hidden: Arc<BTreeSet<String>>,
}

impl<'s> Files<'s> {
    /// Those of a container; all of them count.
    #[must_use]
    pub fn new(session: &'s Session, container: &'s ContainerId) -> Self {
        Self { session, container, asked: HashMap::new(), hidden: Arc::default() }
    }

    /// Leaves out what only this image has.
    #[must_use]
    pub fn without(self, hidden: &Arc<BTreeSet<String>>) -> Self {
        Self { hidden: Arc::clone(hidden), ..self }
    }

    fn hides(&self, path: &str) -> bool {
        let mut folders = Path::new(path).ancestors().filter_map(Path::to_str);
        self.hidden.contains(path) || folders.any(|folder| self.hidden.contains(&format!("{folder}/")))
    }

    /// Whether one of these paths is what is looked for.
    ///
    /// # Errors
    /// When the daemon does not answer, or when there are too many questions.
    pub async fn any(&mut self, paths: &[String], fits: impl Fn(&Thing) -> bool) -> Result<bool, StepError> {
        for path in paths {
            if fits(self.look(path).await?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is there.
    ///
    /// # Errors
    /// As [`Files::any`].
    pub async fn look(&mut self, path: &str) -> Result<&Thing, StepError> {
        if !self.asked.contains_key(path) {
            if self.asked.len() >= MOST_ASKED {
                return Err(StepError::Contents {
                    message: format!("more than {MOST_ASKED} files are asked for that are not in the package"),
                    help:
                        "ship fewer programs or units in one package, or say what is loaded only sometimes with `allow`"
                            .to_owned(),
                });
            }
            let thing = self.walk(path).await?;
            self.asked.insert(path.to_owned(), thing);
        }
        Ok(self.asked.get(path).unwrap_or(&Thing::Nothing))
    }

    /// Where the links of a path end; `None` where nothing is there, or no file.
    ///
    /// # Errors
    /// When the daemon does not answer.
    pub async fn end(&self, path: &str) -> Result<Option<String>, StepError> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            match self.step(&path).await? {
                Step::Thing(thing) => return Ok(thing.is_file().then_some(path)),
                Step::Link(target) => path = behind(&path, &target),
            }
        }
        Ok(None)
    }

    async fn walk(&self, path: &str) -> Result<Thing, StepError> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            if self.hides(&path) {
                return Ok(Thing::Nothing);
            }
            match self.step(&path).await? {
                Step::Thing(thing) => return Ok(thing),
                Step::Link(target) => path = behind(&path, &target),
            }
        }
        Ok(Thing::Nothing)
    }

    async fn step(&self, path: &str) -> Result<Step, StepError> {
        let Some(stream) = self.session.services.engine.download(self.container, path).await? else {
            return Ok(Step::Thing(Thing::Nothing));
        };
        let reader = blocking_reader(stream);
        blocking(move || {
            let mut archive = tar::Archive::new(reader.take(1 << 20));
            let Some(entry) = archive.entries()?.next() else { return Ok(Step::Thing(Thing::Nothing)) };
            let entry = entry?;
            let kind = entry.header().entry_type();
            if let Some(target) = entry.link_name()?.filter(|_| kind.is_symlink()) {
                return Ok(Step::Link(target.to_string_lossy().into_owned()));
            }
            let mode = entry.header().mode()?;
            Ok(Step::Thing(match kind {
                kind if kind.is_dir() => Thing::Folder,
                kind if kind.is_file() => {
                    let mut start = Vec::new();
                    entry.take(START).read_to_end(&mut start)?;
                    Thing::File { mode, start }
                }
                _ => Thing::Nothing,
            }))
        })
        .await
    }
}

/// What the daemon says of a path.
enum Step {
    Thing(Thing),
    Link(String),
}

/// The path that a link at `path` leads to.
#[must_use]
pub fn behind(path: &str, target: &str) -> String {
    if target.starts_with('/') {
        return target.to_owned();
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{target}")
}
