//! When images and wheelhouses were last used, for those who clean up: `.factory/used.json` holds the seconds of images, whose
//! daemon does not keep them; a wheelhouse is touched, because projects may share it.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use crate::{
    event::StepId,
    plan::{Plan, Record},
    source::wheelhouse::{MANIFEST, Wheelhouse},
    util::{
        folder::open_file,
        state::{State, Unread},
    },
};

/// The file's name in the state folder.
const NAME: &str = "used.json";

/// Images that are remembered: beyond that the ones that were not used for longest are forgotten.
const MOST: usize = 10_000;

/// When images were last used by builds of this project.
#[derive(Debug, Default)]
pub struct Used {
    images: BTreeMap<String, i64>,
}

impl Used {
    /// What is known; nothing where there is no such file.
    ///
    /// # Errors
    /// When it is there and cannot be read: what is not known to be used is not therefore unused.
    pub fn for_project(project: &Path) -> Result<Self, Unread> {
        Ok(Self { images: State::for_project(project).json(NAME)?.unwrap_or_default() })
    }

    /// When an image was last used, in seconds since 1970 UTC.
    #[must_use]
    pub fn image(&self, id: &str) -> Option<i64> {
        self.images.get(id).copied()
    }

    /// Notes that a run has used all that these records name.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn note(
        project: &Path,
        wheel_dir: &Path,
        plan: &Plan,
        records: &BTreeMap<StepId, Record>,
        now: i64,
    ) -> io::Result<()> {
        // One that cannot be read is begun anew, as of now.
        let mut used = Self::for_project(project).unwrap_or_default();
        for step in &plan.steps {
            let Some(record) = records.get(&step.id) else { continue };
            used.images.extend(record.images.values().map(|id| (id.clone(), now)));
            if step.work.wheelhouse().is_some() {
                let folder = Wheelhouse::folder(wheel_dir, step.platform.as_str(), &record.key);
                touch(&folder.join(MANIFEST), now);
            }
        }
        while used.images.len() > MOST {
            let oldest = used.images.iter().min_by_key(|(_, when)| **when).map(|(id, _)| id.clone());
            oldest.and_then(|id| used.images.remove(&id));
        }
        State::for_project(project).write(NAME, &serde_json::to_vec_pretty(&used.images).map_err(io::Error::from)?)
    }
}

fn touch(path: &Path, now: i64) {
    let now = UNIX_EPOCH + Duration::from_secs(u64::try_from(now).unwrap_or_default());
    // One of somebody else's that may not be touched is as old as it looks.
    let _ = open_file(path).and_then(|file| file.set_modified(now));
}
