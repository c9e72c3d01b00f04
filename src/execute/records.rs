//! Records: what each step left when it last succeeded, in `.factory/records/<platform>/<step>.json`.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Component, Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use fs_err as fs;

use super::Session;
use crate::{
    engine::{EngineError, Images},
    event::StepId,
    names::{PlatformId, Sha256},
    plan::{Inputs, NoRecord, Plan, Record, RecordedFile, Step},
    source::{
        requirements::Wanted,
        wheelhouse::{Found, Wheelhouse},
    },
    util::{
        behind::behind,
        files::Stopped,
        folder::{Folder, Links},
        here,
        state::{self, LARGEST, State, Unread},
    },
    work::Gives,
};

/// Where they are in the state folder, and the ids of the images that were built.
pub const RECORDS: &str = "records";
const IMAGES: &str = "images";

/// The form of records that this program writes and reads.
pub const RECORD_VERSION: u32 = 1;

/// The records of a project.
#[derive(Debug, Clone)]
pub struct Records {
    project: PathBuf,
    state: State,
}

impl Records {
    /// The records of the project in `project`.
    #[must_use]
    pub fn for_project(project: &Path) -> Self {
        Self { project: project.to_owned(), state: State::for_project(project) }
    }

    fn path(step: &StepId) -> PathBuf {
        Path::new(RECORDS).join(format!("{step}.json"))
    }

    /// Where a package step keeps the list of its files.
    #[must_use]
    pub fn listing(&self, step: &StepId) -> PathBuf {
        self.state.path().join(RECORDS).join(format!("{step}.files"))
    }

    /// Keeps the list of a package step's files.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn keep_listing(&self, step: &StepId, text: &[u8]) -> io::Result<()> {
        self.state.write(Path::new(RECORDS).join(format!("{step}.files")), text)
    }

    /// Where the list is of what earlier packages of a step had and it has no more.
    #[must_use]
    pub fn gone(&self, step: &StepId) -> PathBuf {
        self.state.path().join(RECORDS).join(format!("{step}.gone"))
    }

    /// Keeps that list.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn keep_gone(&self, step: &StepId, text: &[u8]) -> io::Result<()> {
        self.state.write(Path::new(RECORDS).join(format!("{step}.gone")), text)
    }

    /// The record of a step, whether true or not; one that cannot be read is taken for none, and so does one that names files
    /// which no step of this project makes: it was not written here. For those who make the step again then.
    #[must_use]
    pub fn load(&self, step: &StepId) -> Option<Record> {
        self.read(step).ok().flatten()
    }

    /// The record of a step, whether true or not, for those who judge by it; `None` where there is none, or one of another
    /// version of this program.
    ///
    /// # Errors
    /// When it is there and cannot be read, or names files which no step of this project makes.
    pub fn read(&self, step: &StepId) -> Result<Option<Record>, Unread> {
        let path = Self::path(step);
        let Some(Versioned { version }) = self.state.json(&path)? else { return Ok(None) };
        if version != Some(RECORD_VERSION) {
            return Ok(None);
        }
        let record: Option<Record> = self.state.json(&path)?;
        match record.iter().flat_map(|record| &record.files).find(|file| !is_ours(file)) {
            Some(file) => Err(Unread::new(&path, &format!("`{}` was not made here", file.path))),
            None => Ok(record),
        }
    }

    /// A file that a record names, to be read.
    ///
    /// # Errors
    /// When it is gone, no regular file, or reached through a link.
    pub fn open(&self, file: &RecordedFile) -> io::Result<fs::File> {
        if !is_ours(file) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{}` was not made here", file.path)));
        }
        Folder::open(&self.project, Links::Refused)?.file(Path::new(&file.path))
    }

    /// The platforms that have records.
    ///
    /// # Errors
    /// When they are there and cannot be listed.
    pub fn platforms(&self) -> Result<Vec<PlatformId>, Unread> {
        let names = self.state.names(RECORDS)?;
        Ok(names.into_iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// Every record of a platform.
    ///
    /// # Errors
    /// When one is there and cannot be read.
    pub fn all(&self, platform: &PlatformId) -> Result<Vec<(StepId, Record)>, Unread> {
        let names = self.state.names(Path::new(RECORDS).join(platform.as_str()))?;
        let mut found = Vec::new();
        for name in names.iter().filter_map(|name| name.strip_suffix(".json")) {
            let step = StepId::new(platform, name);
            if let Some(record) = self.read(&step)? {
                found.push((step, record));
            }
        }
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found)
    }

    /// Ids of every image that this checkout has built: a name may have moved on, and only this tells whose the old one is. A list
    /// that was not written where it is, as one that came with a clone, says nothing.
    ///
    /// # Errors
    /// When the list is there and cannot be read.
    pub fn made_images(&self) -> Result<BTreeSet<String>, Unread> {
        let unread = |error: io::Error| Unread::new(Path::new(IMAGES), &error);
        let Some(folder) = self.state.open().map_err(unread)? else { return Ok(BTreeSet::new()) };
        let file = match folder.file(Path::new(IMAGES)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            file => file.map_err(unread)?,
        };
        let (text, is_ours) = ledger(&file).map_err(unread)?;
        Ok(if is_ours { text.lines().skip(1).map(str::to_owned).collect() } else { BTreeSet::new() })
    }

    /// Notes that an image was built.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn note_image(&self, id: &str) -> io::Result<()> {
        use std::io::Write as _;
        // Steps of one run end at the same time, and no other run is at work here.
        static LEDGER: Mutex<()> = Mutex::new(());
        let _alone = LEDGER.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = self.state.make()?;
        let mut file = folder.open_or_create(Path::new(IMAGES))?;
        if !ledger(&file)?.1 {
            file.set_len(0)?;
            let mark = here::mark(&file.metadata()?);
            write!(folder.append(Path::new(IMAGES))?, "{mark}")?;
        }
        file = folder.append(Path::new(IMAGES))?;
        // A line that a full disk cut off does not run into this one.
        write!(file, "\n{id}\n")
    }

    /// Keeps a record.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn save(&self, step: &StepId, record: &Record) -> io::Result<()> {
        self.state.write(Self::path(step), &serde_json::to_vec_pretty(record).map_err(io::Error::from)?)
    }
}

/// What a list of images says, and whether it was written where it is: its first line is the file's own mark.
fn ledger(file: &fs::File) -> io::Result<(String, bool)> {
    use std::io::Read as _;
    let mut text = Vec::new();
    file.take(LARGEST).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let is_ours = text.starts_with(&here::mark(&file.metadata()?));
    Ok((text, is_ours))
}

/// What every form of a record says.
#[derive(serde::Deserialize)]
struct Versioned {
    version: Option<u32>,
}

/// Whether a record may name a file: a package, or a list of what is in one.
fn is_ours(file: &RecordedFile) -> bool {
    let plain = Path::new(&file.path).components().all(|part| matches!(part, Component::Normal(_)));
    let lists = state::place(RECORDS);
    plain && (Path::new(&file.path).starts_with("packages") || Path::new(&file.path).starts_with(lists))
}

/// The records of a plan's steps, held against the world.
#[derive(Debug, Default)]
pub struct Truth {
    found: BTreeMap<StepId, Result<Record, NoRecord>>,
    took_ms: BTreeMap<StepId, u64>,
}

/// What is looked at for a step.
struct Question {
    step: StepId,
    platform: PlatformId,
    /// The key of its wheelhouse, where it makes one, and what the requirements say of the wheels in it.
    house: Option<(Sha256, Wanted)>,
}

/// What a step left: its record, whether true or not, and what became of what it made.
struct Answer {
    record: Option<Record>,
    house: Option<Found>,
    changed: Option<String>,
}

impl Truth {
    /// Looks every step's record up and checks that what it made is still there: one call to the daemon, and the files
    /// that have changed since they were read last.
    ///
    /// # Errors
    /// When the daemon does not answer or the wheel cache cannot be read.
    pub async fn for_plan(plan: &Plan, session: &Session) -> Result<Self, super::StepError> {
        let images =
            if session.options.offline { None } else { Some(Images::list(session.services.engine.as_ref()).await?) };
        let questions = plan.steps.iter().map(question).collect();
        let looking = session.clone();
        let answers = blocking(move || look(questions, &looking)).await?;
        let mut truth = Self::default();
        for (step, answer) in plan.steps.iter().zip(answers) {
            if let Some(record) = &answer.record {
                truth.took_ms.insert(step.id.clone(), record.took_ms);
            }
            let asked = step.work.runner().asked_anew(step, answer.record.as_ref(), session);
            let record = match asked {
                Some(why) => Err(NoRecord::Untrue(why.to_owned())),
                None => judged(step, answer, images.as_ref()),
            };
            truth.found.insert(step.id.clone(), record);
        }
        Ok(truth)
    }

    /// The record of a step, or why there is none that is valid.
    ///
    /// # Errors
    /// Why none is valid.
    pub fn record(&self, step: &Step) -> Result<Record, NoRecord> {
        self.found.get(&step.id).cloned().unwrap_or(Err(NoRecord::Never))
    }

    /// How long a step took when it last ran, in milliseconds; `None` where nothing tells.
    #[must_use]
    pub fn took_ms(&self, step: &StepId) -> Option<u64> {
        self.took_ms.get(step).copied().filter(|took| *took > 0)
    }
}

fn question(step: &Step) -> Question {
    let house = match step.work.gives() {
        Gives::Wheels { key, wanted, .. } => Some((key.clone(), wanted.into_owned())),
        Gives::Nothing | Gives::Image(_) | Gives::Files => None,
    };
    Question { step: step.id.clone(), platform: step.platform.clone(), house }
}

fn look(questions: Vec<Question>, session: &Session) -> Result<Vec<Answer>, super::StepError> {
    let records = Records::for_project(&session.paths.project);
    let built: BTreeSet<PlatformId> = records.platforms().map_err(io::Error::from)?.into_iter().collect();
    let mut answers = Vec::with_capacity(questions.len());
    for Question { step, platform, house } in questions {
        if session.services.cancel.is_cancelled() {
            return Err(super::StepError::Interrupted);
        }
        let record = if built.contains(&platform) { records.load(&step) } else { None };
        let house = match house {
            Some((key, wanted)) => {
                let found = Wheelhouse::find_with(
                    &session.paths.wheel_dir,
                    platform.as_str(),
                    &key,
                    &session.services.digests,
                )?;
                Some(
                    found
                        .held(|wheels| wanted.judge_all(wheels, &|_| true))
                        .believed(&session.paths.trusted, |wheels| wanted.pins_all(wheels))?,
                )
            }
            None => None,
        };
        let files = record.iter().flat_map(|record| &record.files);
        let changed = files.into_iter().find_map(|file| changed(session, file));
        answers.push(Answer { record, house, changed });
    }
    // A memory that cannot be kept costs time only.
    let _ = session.services.digests.save();
    Ok(answers)
}

/// The record of a step when what it stands for is there; without `images` it is believed of those that it names.
fn judged(step: &Step, answer: Answer, images: Option<&Images>) -> Result<Record, NoRecord> {
    let Answer { record, house, changed } = answer;
    if let Some(house) = house {
        return of_house(step, house, record);
    }
    let record = record.ok_or(NoRecord::Never)?;
    match images.and_then(|images| moved(&record, images)).or(changed) {
        Some(why) => Err(NoRecord::Untrue(why)),
        None => Ok(record),
    }
}

/// A wheelhouse is its own record: its manifest says what it was made for and what is in it.
fn of_house(step: &Step, house: Found, old: Option<Record>) -> Result<Record, NoRecord> {
    let key = step.work.wheelhouse().ok_or(NoRecord::Never)?;
    match house {
        Found::Whole(wheelhouse) => Ok(wheels_record(step, &wheelhouse, old.map_or(0, |old| old.took_ms))),
        Found::Damaged(why) => Err(NoRecord::Untrue(format!("the wheelhouse is damaged: {why}"))),
        // The old record says what changed; its key cannot be this one's, or its wheelhouse was deleted.
        Found::Absent => match old {
            Some(old) if old.key != *key => Ok(old),
            Some(_) => Err(NoRecord::Untrue("its wheelhouse is gone".to_owned())),
            None => Err(NoRecord::Never),
        },
    }
}

/// The record that a wheelhouse stands for.
pub fn wheels_record(step: &Step, wheelhouse: &Wheelhouse, took_ms: u64) -> Record {
    Record {
        version: RECORD_VERSION,
        key: wheelhouse.manifest.key.clone(),
        content: None,
        inputs: step.inputs.clone(),
        labels: Inputs::new(),
        origins: step.origins.clone(),
        specifiers: step.specifiers.clone(),
        needs: BTreeMap::new(),
        output: wheelhouse.digest().to_string(),
        images: BTreeMap::new(),
        before: Vec::new(),
        root: None,
        files: Vec::new(),
        note: wheelhouse.describe(),
        warnings: Vec::new(),
        holdings: step.holdings.clone(),
        projects: step.unread.iter().flat_map(|unread| wheelhouse.versions_of(&unread.folders)).collect(),
        index: None,
        size: wheelhouse.size(),
        took_ms,
        finished: String::new(),
    }
}

/// Why the images that a record names are not there any more; `None` when they are.
fn moved(record: &Record, images: &Images) -> Option<String> {
    record.images.iter().find_map(|(name, id)| match images.id(name) {
        Some(found) if found.0 == *id => None,
        Some(_) => Some(format!("{name} is another image now")),
        None => Some(format!("{name} is gone from the daemon")),
    })
}

fn changed(session: &Session, file: &RecordedFile) -> Option<String> {
    let found = Records::for_project(&session.paths.project)
        .open(file)
        .and_then(|open| session.services.digests.of_open(&open));
    match found {
        Ok((sha256, _)) if sha256 == file.sha256 => None,
        Ok(_) => Some(format!("{} was changed", file.path)),
        Err(_) => Some(format!("{} is gone", file.path)),
    }
}

/// The record of a step that another one is made from: no step begins before what it needs is done.
///
/// # Errors
/// [`super::StepError::Internal`] where there is none: what an engine would make of an image without a name cannot be told.
pub fn noted<'r>(records: &'r BTreeMap<StepId, Record>, step: &StepId) -> Result<&'r Record, super::StepError> {
    let none = || super::StepError::Internal(format!("nothing is noted of {step}, which should be done by now"));
    records.get(step).ok_or_else(none)
}

/// Work that reads or writes much, off the asynchronous threads.
///
/// # Errors
/// Those of the work.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, super::StepError> + Send + 'static,
) -> Result<T, super::StepError> {
    let ended = crate::util::blocking::blocking(work).await;
    let result = ended.unwrap_or_else(|error| Err(super::StepError::Internal(error.to_string())));
    // A reader of a stream only knows that it broke off: the news is that the daemon is gone, or that somebody stopped the run.
    result.map_err(|error| match EngineError::behind(&error) {
        Some(gone) => super::StepError::Engine(gone),
        None if behind::<Stopped>(&error).is_some() => super::StepError::Interrupted,
        None => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_which_nothing_is_noted_is_no_image_without_a_name() {
        let step = StepId::new(&PlatformId::new("debian-12").unwrap(), "core");
        let error = noted(&BTreeMap::new(), &step).unwrap_err();
        let says = "this is a fault of factory itself: nothing is noted of debian-12/core, which should be done by now";
        assert_eq!(error.to_string(), says);
    }
}
