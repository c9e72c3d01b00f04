//! Records: what each step left when it last succeeded, in `.factory/records/<platform>/<step>.json`.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use fs_err as fs;

use super::Session;
use crate::{
    engine::EngineError,
    event::StepId,
    names::PlatformId,
    plan::{Plan, Record, RecordedFile, Step, Work},
    source::wheelhouse::{Found, Wheelhouse},
    util::files::{digest, write_whole},
};

/// The form of records that this program writes and reads.
pub const RECORD_VERSION: u32 = 1;

/// The records of a project.
#[derive(Debug, Clone)]
pub struct Records {
    project: PathBuf,
}

impl Records {
    /// The records of the project in `project`.
    #[must_use]
    pub fn of(project: &Path) -> Self {
        Self { project: project.to_owned() }
    }

    fn path(&self, step: &StepId) -> PathBuf {
        self.project.join(".factory/records").join(format!("{step}.json"))
    }

    /// Where a package step keeps the list of its files.
    #[must_use]
    pub fn listing(&self, step: &StepId) -> PathBuf {
        self.project.join(".factory/records").join(format!("{step}.files"))
    }

    /// The record of a step, whether true or not; one that cannot be read counts as none.
    #[must_use]
    pub fn load(&self, step: &StepId) -> Option<Record> {
        let text = fs::read(self.path(step)).ok()?;
        serde_json::from_slice(&text).ok().filter(|record: &Record| record.version == RECORD_VERSION)
    }

    /// The platforms that have records.
    #[must_use]
    pub fn platforms(&self) -> Vec<PlatformId> {
        let entries = fs::read_dir(self.project.join(".factory/records")).into_iter().flatten().flatten();
        let mut found: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        found.sort();
        found.into_iter().filter_map(|name| name.parse().ok()).collect()
    }

    /// Every record of a platform.
    #[must_use]
    pub fn all(&self, platform: &PlatformId) -> Vec<(StepId, Record)> {
        let folder = self.project.join(".factory/records").join(platform.as_str());
        let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let steps = entries.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        let mut found: Vec<_> = steps
            .filter_map(|path| {
                let step = StepId::new(platform, path.file_stem()?.to_str()?);
                let record = self.load(&step)?;
                Some((step, record))
            })
            .collect();
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        found
    }

    /// Ids of every image that this checkout has built: a name may have moved on, and only this tells whose the old one is.
    #[must_use]
    pub fn made_images(&self) -> BTreeSet<String> {
        let text = fs::read_to_string(self.ledger()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn ledger(&self) -> PathBuf {
        self.project.join(".factory/images")
    }

    /// Notes that an image was built.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn note_image(&self, id: &str) -> io::Result<()> {
        use std::io::Write as _;
        fs::create_dir_all(self.project.join(".factory"))?;
        writeln!(fs::OpenOptions::new().create(true).append(true).open(self.ledger())?, "{id}")
    }

    /// Keeps a record.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn save(&self, step: &StepId, record: &Record) -> io::Result<()> {
        write_whole(&self.path(step), &serde_json::to_vec_pretty(record).map_err(io::Error::from)?)
    }
}

/// The records of a plan's steps, held against the world.
#[derive(Debug, Default)]
pub struct Truth {
    found: BTreeMap<StepId, Result<Record, Option<String>>>,
}

impl Truth {
    /// Looks every step's record up and checks that what it made is still there.
    ///
    /// # Errors
    /// When the daemon does not answer or the wheel cache cannot be read.
    pub async fn of(plan: &Plan, session: &Session) -> Result<Self, super::StepError> {
        let records = Records::of(&session.project);
        let mut found = BTreeMap::new();
        for step in &plan.steps {
            let record = match &step.work {
                Work::Wheels(work) => wheels(step, &work.key, &records, session).await?,
                Work::Seed(work) => wheels(step, &work.key, &records, session).await?,
                Work::Base(_) if session.refresh => Err(Some("asked for with --refresh".to_owned())),
                Work::Image(_) if session.no_cache => Err(Some("asked for with --no-cache".to_owned())),
                _ => match records.load(&step.id) {
                    None => Err(None),
                    Some(record) => match untrue(&record, session).await? {
                        Some(why) => Err(Some(why)),
                        None => Ok(record),
                    },
                },
            };
            found.insert(step.id.clone(), record);
        }
        Ok(Self { found })
    }

    /// The record of a step, or why there is none that counts.
    ///
    /// # Errors
    /// The reason; `None` when there never was one.
    pub fn record(&self, step: &Step) -> Result<Record, Option<String>> {
        self.found.get(&step.id).cloned().unwrap_or(Err(None))
    }
}

/// A wheelhouse is its own record: its manifest says what it was made for and what is in it.
async fn wheels(
    step: &Step,
    key: &crate::names::Sha256,
    records: &Records,
    session: &Session,
) -> Result<Result<Record, Option<String>>, super::StepError> {
    let (wheel_dir, platform, wanted) = (session.wheel_dir.clone(), step.platform.to_string(), key.clone());
    let found = blocking(move || Ok(Wheelhouse::find(&wheel_dir, &platform, &wanted)?)).await?;
    Ok(match found {
        Found::Whole(wheelhouse) => {
            Ok(wheels_record(step, &wheelhouse, records.load(&step.id).map_or(0, |old| old.took_ms)))
        }
        Found::Damaged(why) => Err(Some(format!("the wheelhouse is damaged: {why}"))),
        // The old record says what changed; its key cannot be this one's, or its wheelhouse was deleted.
        Found::Absent => match records.load(&step.id) {
            Some(old) if old.key != *key => Ok(old),
            Some(_) => Err(Some("its wheelhouse is gone".to_owned())),
            None => Err(None),
        },
    })
}

/// The record that a wheelhouse stands for.
pub fn wheels_record(step: &Step, wheelhouse: &Wheelhouse, took_ms: u64) -> Record {
    Record {
        version: RECORD_VERSION,
        key: wheelhouse.manifest.key.clone(),
        inputs: step.inputs.clone(),
        origins: step.origins.clone(),
        wishes: step.wishes.clone(),
        needs: BTreeMap::new(),
        output: wheelhouse.digest().to_string(),
        images: BTreeMap::new(),
        files: Vec::new(),
        note: wheelhouse.describe(),
        size: wheelhouse.size(),
        took_ms,
        finished: String::new(),
    }
}

/// Why a record's products are not there any more; `None` when they are.
async fn untrue(record: &Record, session: &Session) -> Result<Option<String>, super::StepError> {
    for (name, id) in &record.images {
        match session.engine.image(name).await? {
            Some(image) if image.id.0 == *id => {}
            Some(_) => return Ok(Some(format!("{name} is another image now"))),
            None => return Ok(Some(format!("{name} is gone from the daemon"))),
        }
    }
    let (project, files) = (session.project.clone(), record.files.clone());
    blocking(move || Ok(files.iter().find_map(|file| changed(&project, file)))).await
}

fn changed(project: &Path, file: &RecordedFile) -> Option<String> {
    match digest(&project.join(&file.path)) {
        Ok((sha256, _)) if sha256 == file.sha256 => None,
        Ok(_) => Some(format!("{} was changed", file.path)),
        Err(_) => Some(format!("{} is gone", file.path)),
    }
}

/// Work that reads or writes much, off the asynchronous threads.
///
/// # Errors
/// Those of the work.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, super::StepError> + Send + 'static,
) -> Result<T, super::StepError> {
    let ended = tokio::task::spawn_blocking(work).await;
    let result =
        ended.unwrap_or_else(|error| Err(super::StepError::Internal(format!("a worker ended early: {error}"))));
    // A reader of a stream only knows that it broke off: the news is that the daemon is gone.
    result.map_err(|error| EngineError::behind(&error).map_or(error, super::StepError::Engine))
}
