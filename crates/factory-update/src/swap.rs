//! Replaces the program, and always leaves one that runs.
//!
//! Under the program's name is the whole old file or the whole new one, at every moment: only a rename puts something there. What was begun
//! is in the journal before the program stands still, and whoever comes next reads it first. From any state it goes on:
//!
//! - *replacing*: the old program is stopped, and the new one renamed over it;
//! - *watching*: the new program is started, and watched;
//! - *undoing*: the old file gets its name back, and is started; the new version has failed.

use std::io;

use crate::{
    agent::{Agent, AgentError},
    disk::{Disk, Op},
    journal::{Backup, History, Journal, KeptError, Phase, load, save},
    names::Names,
};

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The new version runs, and is well.
    Updated(Journal),
    /// The old version runs again; why is in the journal.
    RolledBack(Journal),
    /// It had not come to anything yet: the program was not replaced, and what would have replaced it is gone.
    Forgotten(Journal),
}

/// It could not go on. The journal is kept: the next start goes on.
#[derive(Debug, thiserror::Error)]
pub enum SwapError {
    /// A file.
    #[error("a file could not be changed")]
    Disk(#[from] io::Error),
    /// The updater's own files.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// The program.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// There is no program to update.
    #[error("`{0}` is not there")]
    NoProgram(String),
    /// What lies ready is not what was downloaded.
    #[error("`{0}` is not the file that was found good")]
    NotReady(String),
    /// Neither the old nor the new program is there.
    #[error("the program is neither version {from} nor {to}, and no backup is version {from}: install it anew")]
    Lost {
        /// What it was.
        from: semver::Version,
        /// What it should have become.
        to: semver::Version,
    },
}

/// A program, its files, and what says what happens.
pub struct Swap<'a> {
    /// Where files are.
    pub disk: &'a mut dyn Disk,
    /// The program.
    pub agent: &'a mut dyn Agent,
    /// The names of its files.
    pub names: &'a Names,
    /// How many backups are kept, at least 1.
    pub backups: usize,
    /// Hears what happens.
    pub say: &'a dyn Fn(&str),
}

impl std::fmt::Debug for Swap<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Swap").field("names", self.names).field("backups", &self.backups).finish_non_exhaustive()
    }
}

impl Swap<'_> {
    /// Makes the file that lies ready ([`Names::update`]) the program.
    ///
    /// # Errors
    /// [`SwapError`].
    pub fn begin(&mut self, from: semver::Version, to: semver::Version, new: String) -> Result<Outcome, SwapError> {
        let program = self.names.program();
        let old = self.disk.digest(&program)?.ok_or_else(|| SwapError::NoProgram(program.display().to_string()))?;
        if self.disk.digest(&self.names.update())?.as_ref() != Some(&new) {
            return Err(SwapError::NotReady(self.names.update().display().to_string()));
        }
        self.back_up(&Backup { version: from.clone(), digest: old.clone() })?;
        self.proceed(Journal { phase: Phase::Replacing, from, old, to, new, why: None })
    }

    /// Goes back to the newest backup that is another file than the program. `None` where there is none.
    ///
    /// # Errors
    /// [`SwapError`].
    pub fn go_back(&mut self, now: semver::Version, why: &str) -> Result<Option<Outcome>, SwapError> {
        let program = self.names.program();
        let new = self.disk.digest(&program)?.ok_or_else(|| SwapError::NoProgram(program.display().to_string()))?;
        let history: History = load(self.disk, &self.names.history())?.unwrap_or_default();
        let Some(Backup { version, digest }) = history.backups.into_iter().find(|backup| backup.digest != new) else {
            return Ok(None);
        };
        let why = Some(why.to_owned());
        self.proceed(Journal { phase: Phase::Undoing, from: version, old: digest, to: now, new, why }).map(Some)
    }

    /// Finishes or undoes what was begun; `None` where nothing was.
    ///
    /// # Errors
    /// [`SwapError`].
    pub fn recover(&mut self) -> Result<Option<Outcome>, SwapError> {
        let Some(journal) = load::<Journal>(self.disk, &self.names.journal())? else { return Ok(None) };
        (self.say)(&format!("going on with {} to {}: {:?}", journal.from, journal.to, journal.phase));
        self.go_on(journal).map(Some)
    }

    /// From phase to phase. Each time round either ends it or is one phase further.
    fn go_on(&mut self, journal: Journal) -> Result<Outcome, SwapError> {
        let program = self.disk.digest(&self.names.program())?;
        let is = |digest: &String| program.as_ref() == Some(digest);
        match journal.phase {
            Phase::Undoing => self.undo(journal),
            _ if is(&journal.new) && journal.new != journal.old => self.watch(journal),
            Phase::Replacing if is(&journal.old) => self.replace(journal),
            // It was watched, and is the old one: undoing had begun.
            _ => self.undo(Journal {
                why: journal.why.clone().or_else(|| Some("it was not there any more".into())),
                ..journal
            }),
        }
    }

    /// The journal first, and then what it says.
    fn proceed(&mut self, journal: Journal) -> Result<Outcome, SwapError> {
        self.disk.apply_all(&save(&self.names.journal(), &journal)?)?;
        self.go_on(journal)
    }

    /// A second name for the program, and the history of it. Older backups go one further, the oldest goes.
    fn back_up(&mut self, now: &Backup) -> Result<(), SwapError> {
        let mut history: History = load(self.disk, &self.names.history())?.unwrap_or_default();
        if self.disk.digest(&self.names.backup(1))?.as_ref() != Some(&now.digest) {
            let beside = self.names.beside();
            self.disk.apply_all(&[
                Op::Remove(beside.clone()),
                Op::Link { from: self.names.program(), to: beside.clone() },
                Op::Sync(beside.clone()),
            ])?;
            for number in (1..self.backups.max(1)).rev() {
                if self.disk.digest(&self.names.backup(number))?.is_some() {
                    let [from, to] = [number, number + 1].map(|number| self.names.backup(number));
                    self.disk.apply(&Op::Rename { from, to })?;
                }
            }
            self.disk.apply(&Op::Rename { from: beside, to: self.names.backup(1) })?;
            self.disk.apply(&Op::SyncFolder(self.names.folder().to_owned()))?;
        }
        history.backups.retain(|backup| backup.digest != now.digest);
        history.backups.insert(0, now.clone());
        history.backups.truncate(self.backups.max(1));
        Ok(self.disk.apply_all(&save(&self.names.history(), &history)?)?)
    }

    fn replace(&mut self, journal: Journal) -> Result<Outcome, SwapError> {
        let update = self.names.update();
        if self.disk.digest(&update)?.as_ref() != Some(&journal.new) {
            (self.say)(&format!("version {} is not there any more, and was not begun with", journal.to));
            return self.forget(journal);
        }
        (self.say)(&format!("stopping version {}", journal.from));
        if let Err(error) = self.agent.stop() {
            // It may run or not: it is left as it was found, and the next time is another one.
            self.forget(journal)?;
            return Err(error.into());
        }
        let renamed = self.disk.apply_all(&[
            Op::Rename { from: update, to: self.names.program() },
            Op::SyncFolder(self.names.folder().to_owned()),
        ]);
        if let Err(error) = renamed {
            (self.say)(&format!("version {} could not be put in place: {error}", journal.to));
            // Which of both has failed is to be seen from the file.
            self.make_sure_it_runs()?;
            return Err(error.into());
        }
        self.watch(journal)
    }

    fn watch(&mut self, mut journal: Journal) -> Result<Outcome, SwapError> {
        if journal.phase != Phase::Watching {
            journal.phase = Phase::Watching;
            // Should this fail, replacing finds the new file in place and comes here again.
            self.note(&journal);
        }
        (self.say)(&format!("starting version {}", journal.to));
        let verdict = match self.make_sure_it_runs() {
            Ok(()) => self.agent.watch(&journal.to)?,
            Err(error) => Err(format!("it does not start: {error}")),
        };
        match verdict {
            Ok(()) => self.finish(journal),
            Err(why) => {
                (self.say)(&format!("version {} is not well: {why}", journal.to));
                self.undo(Journal { why: Some(why), ..journal })
            }
        }
    }

    fn undo(&mut self, mut journal: Journal) -> Result<Outcome, SwapError> {
        if journal.phase != Phase::Undoing {
            journal.phase = Phase::Undoing;
            // A full disk is no reason to stay with what is not well.
            self.note(&journal);
        }
        (self.say)(&format!("going back to version {}", journal.from));
        if self.disk.digest(&self.names.program())?.as_ref() != Some(&journal.old) {
            self.agent.stop()?;
            self.restore(&journal)?;
        }
        self.make_sure_it_runs()?;
        let mut history: History = load(self.disk, &self.names.history())?.unwrap_or_default();
        history.failed.insert(journal.to.clone());
        history.installed = Some(journal.from.clone());
        history.digest = Some(journal.old.clone());
        self.end(&history)?;
        Ok(Outcome::RolledBack(journal))
    }

    /// The backup gets the program's name as a second one: that takes no room, and the backup stays.
    fn restore(&mut self, journal: &Journal) -> Result<(), SwapError> {
        let mut found = None;
        for number in 1..=self.backups.max(1) + 1 {
            if self.disk.digest(&self.names.backup(number))?.as_ref() == Some(&journal.old) {
                found = Some(self.names.backup(number));
                break;
            }
        }
        let lost = || SwapError::Lost { from: journal.from.clone(), to: journal.to.clone() };
        let backup = found.ok_or_else(lost)?;
        let beside = self.names.beside();
        let linked = self.disk.apply_all(&[
            Op::Remove(beside.clone()),
            Op::Link { from: backup.clone(), to: beside.clone() },
            Op::Sync(beside.clone()),
        ]);
        let from = if linked.is_ok() { beside } else { backup };
        let folder = self.names.folder().to_owned();
        Ok(self.disk.apply_all(&[Op::Rename { from, to: self.names.program() }, Op::SyncFolder(folder)])?)
    }

    fn finish(&mut self, journal: Journal) -> Result<Outcome, SwapError> {
        let mut history: History = load(self.disk, &self.names.history())?.unwrap_or_default();
        history.installed = Some(journal.to.clone());
        history.digest = Some(journal.new.clone());
        self.end(&history)?;
        Ok(Outcome::Updated(journal))
    }

    /// Nothing was replaced.
    fn forget(&mut self, journal: Journal) -> Result<Outcome, SwapError> {
        self.make_sure_it_runs()?;
        self.forget_journal()?;
        Ok(Outcome::Forgotten(journal))
    }

    /// The history first: should the journal stay, it comes to the same end once more.
    fn end(&mut self, history: &History) -> Result<(), SwapError> {
        self.disk.apply_all(&save(&self.names.history(), history)?)?;
        self.forget_journal()
    }

    fn forget_journal(&mut self) -> Result<(), SwapError> {
        let ops =
            [Op::Remove(self.names.update()), Op::Remove(self.names.journal()), Op::SyncFolder(self.names.state())];
        Ok(self.disk.apply_all(&ops)?)
    }

    fn make_sure_it_runs(&mut self) -> Result<(), SwapError> {
        if !self.agent.runs()? {
            self.agent.start()?;
        }
        Ok(())
    }

    /// Writes the journal where it can be written; where not, the one before leads to the same end.
    fn note(&mut self, journal: &Journal) {
        let done = save(&self.names.journal(), journal).and_then(|ops| self.disk.apply_all(&ops));
        if let Err(error) = done {
            (self.say)(&format!("the journal could not be written, and it goes on without: {error}"));
        }
    }
}
