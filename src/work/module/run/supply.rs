//! The archives that a module is made of: out of the store, else fetched, and kept there. Every one is held against its digest.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use fs_err as fs;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::choose::choose;
use crate::{
    engine::Output as _,
    event::{Event, StepId},
    execute::{Session, StepContext, StepError, StepOutput},
    names::Sha256,
    source::{
        fetch::{FetchError, Fetcher, Wanted},
        index::{self, Indexes},
        store::{Fetched, Label, key_of_file},
    },
    util::{
        files::{persist, temporary_in},
        shop::Shop,
    },
    work::module::{
        ModuleWork,
        data::Pin,
        recipe::{RuntimeKind, RuntimeSource},
    },
};

/// The largest archive: 2 GiB.
const LARGEST: u64 = 2 << 30;
/// Files that are fetched at once.
const AT_ONCE: usize = 4;
/// pip's words for indexes in the environment.
const INDEX: &str = "PIP_INDEX_URL";
const EXTRA: &str = "PIP_EXTRA_INDEX_URL";

/// Where archives come from.
pub(super) struct Supply<'s> {
    work: &'s ModuleWork,
    session: &'s Session,
    step: &'s StepId,
    output: &'s StepOutput,
    indexes: Indexes,
    /// Where they are until the module is made.
    shop: Shop,
}

/// A wheel at hand.
#[derive(Debug, Clone)]
pub(super) struct AtHand {
    /// What it is of.
    pub(super) pin: Pin,
    /// Where it is.
    pub(super) path: PathBuf,
}

impl From<FetchError> for StepError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Interrupted => Self::Interrupted,
            FetchError::Io(error) => error.into(),
            error => {
                let help = Some(error.help());
                Self::Own { error: error.into(), help }
            }
        }
    }
}

impl<'s> Supply<'s> {
    pub(super) fn new(work: &'s ModuleWork, at: StepContext<'s>) -> Result<Self, StepError> {
        let StepContext { step, session, output, .. } = at;
        let (network, services) = (&session.network, &session.services);
        let ca = network.ca.as_deref().map(Vec::as_slice);
        let fetcher = Fetcher::new(ca, services.events.clone(), services.cancel.clone())?;
        let addresses = addresses(work, &network.pip);
        let indexes = Indexes::new(fetcher, addresses);
        let shop = Shop::new(tempfile::tempdir()?);
        Ok(Self { work, session, step: &step.id, output, indexes, shop })
    }

    /// The archive of the interpreter.
    pub(super) async fn runtime(&self) -> Result<PathBuf, StepError> {
        match &self.work.runtime.from {
            RuntimeSource::File { file, .. } => Ok(self.session.paths.roots.file(file)?),
            RuntimeSource::Url { url, sha256 } => {
                let ending = match self.work.runtime.kind {
                    RuntimeKind::Nuget => "nupkg",
                };
                self.file(&format!("python-{}.{ending}", self.work.layout.python), url, sha256).await
            }
        }
    }

    /// The wheels, in the order of their names.
    pub(super) async fn wheels(&self) -> Result<Vec<AtHand>, StepError> {
        // Owned: borrowed ones make the future too special to be sent.
        let all: Vec<_> = self.work.pins.iter().map(|pin| self.wheel(pin)).collect();
        stream::iter(all).buffered(AT_ONCE).try_collect().await
    }

    async fn wheel(&self, pin: &Pin) -> Result<AtHand, StepError> {
        let told = self.indexes.files(&pin.name).await?.unwrap_or_default();
        let layout = &self.work.layout;
        let refuse = |error: super::choose::NoFile| StepError::Contents {
            message: format!("{}: {error}", pin.place),
            help: error.help().to_owned(),
        };
        let chosen = choose(pin, &told, layout.python, layout.machine).map_err(refuse)?;
        if let Some(why) = &chosen.yanked {
            let why: String = why.escape_debug().take(200).collect();
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            let text = format!("{}: its makers have taken back {} {}{why}", pin.place, pin.name, pin.version);
            self.session.doubt(self.step, text);
        }
        let sha256 = chosen.sha256.as_ref().ok_or_else(|| StepError::Internal("a file without a digest".to_owned()))?;
        let path = self.file(&chosen.name, &chosen.address, sha256).await?;
        Ok(AtHand { pin: pin.clone(), path })
    }

    /// A file of this digest: out of the store, or from there.
    async fn file(&self, name: &str, address: &str, sha256: &Sha256) -> Result<PathBuf, StepError> {
        let into = self.shop.below(Path::new(sha256.as_str()));
        fs::create_dir_all(into.path())?;
        let key = key_of_file(sha256);
        let events = &self.session.services.events;
        match self.session.services.store.fetch(&key, &into).await {
            Ok(Fetched::Whole(whole)) => {
                self.output.line(&format!("{name}: from the store"));
                return Ok(into.path().join(&whole.label().name));
            }
            Ok(Fetched::Absent) => {}
            Ok(Fetched::Doubted(why)) => events.warn(why),
            Ok(Fetched::Damaged(why)) => events.warn(format!("the store was damaged: {why}; it is fetched again")),
            Err(error) => events.warn(format!("{error}; going on without it")),
        }
        let path = into.path().join(name);
        let mut file = temporary_in(into.path())?;
        let wanted = Wanted { address, accept: "*/*", most: LARGEST };
        let size = self.indexes.fetcher().file(wanted, sha256, file.as_file_mut()).await?;
        persist(file, &path)?;
        self.output.line(&format!("{name}: fetched, {size} bytes"));
        let label = Label { name: name.to_owned(), sha256: sha256.clone(), size };
        if let Err(error) = self.session.services.store.put(&key, &label, &path).await {
            events.emit(Event::Notice { warning: true, text: format!("{error}; {name} will be fetched again") });
        }
        Ok(path)
    }
}

/// The indexes, with their logins: what the requirements name, else the environment, else pip's own.
fn addresses(work: &ModuleWork, pip: &BTreeMap<String, String>) -> Vec<String> {
    let first = [work.index.as_str(), pip.get(INDEX).map_or("", String::as_str), index::DEFAULT];
    let mut addresses: Vec<String> =
        first.into_iter().find(|one| !one.is_empty()).map(str::to_owned).into_iter().collect();
    let of_environment = pip.get(EXTRA).map(String::as_str).unwrap_or_default();
    let further = of_environment.split_whitespace().chain(work.extra_indexes.iter().map(String::as_str));
    for one in further {
        if !addresses.iter().any(|known| known == one) {
            addresses.push(one.to_owned());
        }
    }
    addresses
}
