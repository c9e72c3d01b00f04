//! Two stores as one: the folder of this machine, and one further away that others fill, too.
//!
//! What is near is asked first, and what the far one gives is kept near. Of the far one only what proves itself is taken: a file by its
//! digest, everything else by a signature of a key that the near one lists, too. It saves time and nothing else: its first failure, and
//! its standing still, are said once, and it is not asked any more.

use std::{
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;

use super::{Fetched, Folder, Key, Label, Store, StoreError, Whole};
use crate::{event::Events, names::Period, util::shop::Shop};

/// A near and a far store.
#[derive(Debug)]
pub struct Layered {
    near: Folder,
    far: Arc<dyn Store>,
    idle_timeout: Duration,
    events: Events,
    /// Whether the far one is given up.
    is_gone: AtomicBool,
    /// Whether an entry of the far one that does not count was told.
    told: AtomicBool,
}

impl Layered {
    /// `near` before `far`. The far one is given up when nothing came of a file, or no other answer, for `idle_timeout`. `events` hears
    /// what is wrong with it.
    #[must_use]
    pub fn new(near: Folder, far: Arc<dyn Store>, idle_timeout: Duration, events: Events) -> Self {
        Self { near, far, idle_timeout, events, is_gone: AtomicBool::new(false), told: AtomicBool::new(false) }
    }

    /// What the far store answers; `None` when it is given up. `is_ours` says of an error that it is not the store's fault.
    async fn ask<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send,
        stands_still: impl Future<Output = ()> + Send,
        is_ours: fn(&StoreError) -> bool,
    ) -> Result<Option<T>, StoreError> {
        if self.is_gone.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let why = tokio::select! {
            answer = work => match answer {
                Ok(answer) => return Ok(Some(answer)),
                Err(error) if is_ours(&error) => return Err(error),
                Err(error) => error.to_string(),
            },
            () = stands_still => format!("the store said nothing for {}", Period::from_duration(self.idle_timeout)),
        };
        if !self.is_gone.swap(true, Ordering::Relaxed) {
            self.events.warn(format!(
                "{why}; the far store is not asked any more, and the build goes on with that of this machine"
            ));
        }
        Ok(None)
    }

    /// What the far store has for a key, where it proves itself.
    async fn fetch_far(&self, key: &Key, into: &Shop) -> Result<Option<Whole>, StoreError> {
        let into = into.apart();
        let fetched =
            self.ask(self.far.fetch(key, &into), into.silent_for(self.idle_timeout), is_of_the_folder).await?;
        let why = match fetched {
            Some(Fetched::Whole(whole)) if whole.proves_itself(key, self.near.keys()) => return Ok(Some(whole)),
            Some(Fetched::Whole(whole)) => {
                fs_err::remove_file(into.path().join(&whole.label().name))?;
                format!("{key} of the far store is not signed by a key that is listed")
            }
            Some(Fetched::Damaged(why) | Fetched::Doubted(why)) => why,
            Some(Fetched::Absent) | None => return Ok(None),
        };
        if !self.told.swap(true, Ordering::Relaxed) {
            self.events.warn(format!("{why}; it was not taken, and others like it are not said"));
        }
        Ok(None)
    }

    /// Keeps near what came from far. Where that fails, it is only asked for again.
    async fn keep_near(&self, key: &Key, whole: &Whole, into: &Shop) {
        if let Err(error) = self.near.adopt(key, whole, &into.path().join(&whole.label().name)).await {
            self.events.warn(format!("{error}; `{}` will be fetched from the far store again", whole.label().name));
        }
    }
}

#[async_trait]
impl Store for Layered {
    async fn fetch(&self, key: &Key, into: &Shop) -> Result<Fetched, StoreError> {
        let near = self.near.fetch(key, into).await;
        match &near {
            Ok(Fetched::Whole(_)) => return near,
            Err(error) if is_of_the_folder(error) => return near,
            _ => {}
        }
        let Some(whole) = self.fetch_far(key, into).await? else { return near };
        match near {
            Ok(Fetched::Doubted(why)) => self.events.warn(why),
            Ok(Fetched::Damaged(why)) => {
                self.events.warn(format!("the store was damaged: {why}; the far store had it"));
            }
            Err(error) => self.events.warn(format!("{error}; the far store had what was asked for")),
            Ok(Fetched::Absent | Fetched::Whole(_)) => {}
        }
        self.keep_near(key, &whole, into).await;
        Ok(Fetched::Whole(whole))
    }

    async fn holds(&self, key: &Key) -> Result<bool, StoreError> {
        let near = self.near.holds(key).await;
        if matches!(near, Ok(true)) {
            return near;
        }
        let far = self.ask(self.far.holds(key), tokio::time::sleep(self.idle_timeout), |_| false).await?;
        if far == Some(true) { Ok(true) } else { near }
    }

    async fn put(&self, key: &Key, label: &Label, from: &Path) -> Result<(), StoreError> {
        let near = self.near.put(key, label, from).await;
        if near.as_ref().is_err_and(is_of_the_file) {
            return near;
        }
        self.ask(self.far.put(key, label, from), tokio::time::sleep(self.idle_timeout), is_of_the_file).await?;
        near
    }
}

/// Whether it is wrong with the folder that is fetched into: it is full, or the name is taken there.
fn is_of_the_folder(error: &StoreError) -> bool {
    use io::ErrorKind::{AlreadyExists, StorageFull};
    matches!(error, StoreError::Io(error) if [StorageFull, AlreadyExists].contains(&error.kind()))
}

/// Whether it is wrong with the file, and not with the store.
fn is_of_the_file(error: &StoreError) -> bool {
    matches!(error, StoreError::Name(_) | StoreError::Changed(_))
}

#[cfg(test)]
mod tests;
