//! [`PipRunner`]: what everything that happens in a wheels step shares, and how pip is run there.

use std::{
    collections::{BTreeSet, VecDeque},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::{
    complaint,
    found::chosen,
    heed::Heed,
    pip::{self, ROOT},
    places::{BUILD, FILES, PINS},
};
use crate::{
    engine::{ContainerId, Output, Progress},
    execute::{Session, StepError, StepOutput, records::blocking, told::Told},
    names::Sha256,
    plan::{ContextFile, Step},
    source::{
        lockfile,
        requirements::{self, Opt, Texts},
        store::{Fetched, Key, Label},
        wheelhouse::{Fit, Received, Wheelhouse, receive},
    },
    util::{files::Guarded, shop::Shop},
    work::wheels::{Links, WheelsWork},
};

/// pip for a platform that has none of use: its wheels, and the script that makes it run.
#[derive(Debug, Clone)]
pub struct Toolbox {
    pub seed: Wheelhouse,
    pub script: String,
}

/// Makes a virtualenv of the seed and becomes pip in it. `$1` is the interpreter; what follows says how pip is called.
const WITH_TOOLBOX: &str =
    "python=$1 && shift && \"$python\" virtualenv.py --seed seed seed env && exec env/bin/python \"$@\"";

/// What gives pip its memory on Python 2.
const MEMO: (&str, &str) = ("memo.py", include_str!("memo.py"));

/// What everything in a step shares.
pub struct PipRunner<'a> {
    pub work: &'a WheelsWork,
    pub step: &'a Step,
    pub session: &'a Session,
    pub output: &'a StepOutput,
    /// The requirements files and what they take in, by their paths in the recipe, as pip gets them.
    pub texts: Texts,
    toolbox: Option<Toolbox>,
    shop: Shop,
}

/// A run of pip.
pub struct Job {
    /// pip's arguments. They come from checked names and stay arguments: no shell reads them.
    pub argv: Vec<String>,
    /// What goes into its container.
    pub load: Load,
    /// The folder whose files are its result, below [`ROOT`].
    pub gives: &'static str,
    /// The distribution that it is about, where it is about one.
    pub about: Option<String>,
}

/// What goes into a container; paths are below [`ROOT`].
#[derive(Debug, Clone, Default)]
pub struct Load {
    /// Texts of ours.
    pub texts: Vec<(String, String)>,
    /// Files of the host, with the digests they must have.
    pub files: Vec<(String, PathBuf, Sha256)>,
    /// A folder of the checkout that pip may write in.
    pub checkout: Option<(String, Vec<ContextFile>)>,
}

/// A run of pip that succeeded.
pub struct Done {
    /// The files of the folder that it gives.
    pub files: Vec<Received>,
    /// Its last lines.
    pub said: Vec<String>,
}

impl<'a> PipRunner<'a> {
    pub fn new(
        work: &'a WheelsWork,
        step: &'a Step,
        session: &'a Session,
        output: &'a StepOutput,
        toolbox: Option<Toolbox>,
    ) -> Result<Self, StepError> {
        let first: Vec<_> = std::iter::once(&work.requirements).chain(&work.constraints).cloned().collect();
        let written = requirements::closure(&session.paths.roots, &first)?;
        tell_variables(&written, session, output)?;
        let texts = requirements::expanded(&written, session.paths.roots.variables());
        let shop = Shop::new(Wheelhouse::workshop(&session.paths.wheel_dir, step.platform.as_str())?);
        Ok(Self { work, step, session, output, texts, toolbox, shop })
    }

    /// The options of a line of a file with the folders of the project where the container has them.
    pub fn placed(&self, file: &Path, options: &[Opt]) -> Vec<Opt> {
        let place = |option: &Opt| {
            let of = |links: &&Links| links.named.contains(&(file.to_owned(), option.value.clone()));
            match self.work.links.iter().find(of).filter(|_| option.name == "--find-links") {
                Some(links) => Opt { value: format!("{ROOT}/{}", links.place()), ..option.clone() },
                None => option.clone(),
            }
        };
        options.iter().map(place).collect()
    }

    /// The files of folders of the project that `--find-links` names, as they go into a container.
    pub fn links(&self) -> impl Iterator<Item = (String, PathBuf, Sha256)> {
        self.work.links.iter().flat_map(|links| {
            links
                .files
                .iter()
                .map(|(name, path, sha256)| (format!("{}/{name}", links.place()), path.clone(), sha256.clone()))
        })
    }

    /// The folder around everything that is made: whoever writes in it on another thread holds it.
    pub fn shop(&self) -> Shop {
        self.shop.clone()
    }

    /// A new folder of this name, beside the later wheelhouse.
    pub fn folder(&self, name: &str) -> Result<PathBuf, StepError> {
        let folder = self.shop.path().join(name);
        fs_err::create_dir(&folder)?;
        Ok(folder)
    }

    /// Runs pip in a container of its own and takes what it gives into `into`, which is empty. `judge` says of each file why
    /// it must not be there.
    pub async fn pip(
        &self,
        job: Job,
        into: &Path,
        judge: impl Fn(&Received) -> Result<(), &'static str> + Send + 'static,
    ) -> Result<Done, StepError> {
        let spec = pip::spec(&self.work.builder, self.command(&job.argv), self.session);
        let container = self.session.create(&self.step.id, spec).await?;
        let done = self.run(job, &container, into, judge).await;
        self.session.discard(&container).await;
        done
    }

    fn command(&self, argv: &[String]) -> Vec<String> {
        let interpreter = &self.work.python.interpreter;
        let start: Vec<&str> = match &self.toolbox {
            None => vec![interpreter],
            Some(_) => vec!["/bin/sh", "-c", WITH_TOOLBOX, "pip", interpreter],
        };
        let pip = if self.work.python.version.starts_with("2.") { vec![MEMO.0] } else { vec!["-m", "pip"] };
        let start = start.into_iter().chain(pip);
        let always = ["--disable-pip-version-check", "--no-cache-dir", "--no-input"];
        start.chain(always).map(str::to_owned).chain(argv.iter().cloned()).collect()
    }

    /// What places in a container of pip are called by the user.
    fn told(&self, about: Option<&str>) -> Told {
        let links = self.work.links.iter().filter_map(|links| {
            let (_, written) = links.named.first()?;
            Some((format!("{ROOT}/{}", links.place()), written.clone()))
        });
        let own = about.map(|about| (format!("{ROOT}/{BUILD}/own"), about.to_owned()));
        let pins = (format!("{ROOT}/{PINS}"), lockfile::NAME.to_owned());
        let folders = ["in", "ready", FILES, BUILD, "wheels"];
        let folders = folders.map(|folder| (format!("{ROOT}/{folder}/"), String::new()));
        Told::new(own.into_iter().chain([pins]).chain(links).chain(folders))
    }

    async fn run(
        &self,
        job: Job,
        container: &ContainerId,
        into: &Path,
        judge: impl Fn(&Received) -> Result<(), &'static str> + Send + 'static,
    ) -> Result<Done, StepError> {
        let Job { load, gives, about, .. } = job;
        let (index, session, toolbox) = (self.work.index.clone(), self.session.clone(), self.toolbox.clone());
        let tar = blocking(move || load.tar(&index, &session, toolbox.as_ref())).await?;
        let engine = &self.session.services.engine;
        engine.upload(container, "/", tar).await?;
        engine.start(container).await?;
        let told = self.told(about.as_deref());
        let ear = OutputTee {
            output: self.output,
            about: about.clone(),
            told,
            heard: Mutex::default(),
            heed: Mutex::default(),
        };
        let code = engine.wait(container, &ear).await?;
        let said = ear.tail();
        if code != 0 {
            return Err(complaint::explain(self.work, self.session, code, &said, about.as_deref()));
        }
        let path = format!("{ROOT}/{gives}");
        let missing = || StepError::Internal(format!("{path} is missing in the builder's container"));
        let stream = engine.download(container, &path).await?.ok_or_else(missing)?;
        let (reader, cancel) =
            (crate::work::package::run::blocking_reader(stream), self.session.services.cancel.clone());
        let (into, shop) = (into.to_owned(), self.shop());
        // What the lines do not name is required by what they name: pip says it last.
        let (wanted, chosen) = (self.work.wanted.clone(), chosen(&said).unwrap_or_default());
        let fits = move |name: &str, version: &str| match wanted.fit(name, version) {
            Fit::Unknown if chosen.contains(name) => Fit::Name,
            fit => fit,
        };
        let files = blocking(move || {
            let received = receive(&mut Guarded::new(reader, cancel), &into, &fits, &judge);
            drop(shop);
            Ok(received?)
        });
        Ok(Done { files: files.await?, said })
    }

    /// What the store has under a key, written into `into`, a folder of this runner. A store that cannot be read has nothing.
    pub async fn fetch(&self, key: Key, into: &Path) -> Result<Option<Label>, StepError> {
        let into = self.shop.below(into);
        match self.session.until_stopped(async { Ok(self.session.services.store.fetch(&key, &into).await) }).await? {
            Ok(Fetched::Whole(whole)) => return Ok(Some(whole.into_label())),
            Ok(Fetched::Absent) => {}
            Ok(Fetched::Doubted(why)) => self.session.services.events.warn(why),
            Ok(Fetched::Damaged(why)) => {
                self.session
                    .services
                    .events
                    .warn(format!("the wheel store was damaged: {why}; it is fetched or built again"));
            }
            Err(error) => self.session.services.events.warn(format!("{error}; going on without it")),
        }
        Ok(None)
    }

    /// Keeps a file in the store. A store that cannot be written only costs time later.
    pub async fn put(&self, key: Key, label: Label, from: PathBuf) -> Result<(), StepError> {
        let kept = self.session.until_stopped(async { Ok(self.session.services.store.put(&key, &label, &from).await) });
        if let Err(error) = kept.await? {
            self.session.services.events.warn(format!("{error}; it will be fetched or built again"));
        }
        Ok(())
    }
}

/// Says which variables of the environment the requirements give to pip, and refuses those that are not set.
fn tell_variables(texts: &Texts, session: &Session, output: &StepOutput) -> Result<(), StepError> {
    let mut told = BTreeSet::new();
    for (path, text) in texts {
        for variable in requirements::variables(text, session.paths.roots.variables()) {
            let name = &variable.name;
            if !variable.is_set {
                return Err(StepError::Requirement {
                    reason: format!("`${{{name}}}` is not set, or holds a line break or a comment"),
                    file: session.paths.roots.file(path).unwrap_or_default(),
                    name: path.display().to_string(),
                    line: variable.line,
                    help: format!("say it in the environment: `{name}=… factory build`"),
                });
            }
            if told.insert(variable.name.clone()) {
                let file = path.display();
                output.tell(&format!("{file} gives `${{{name}}}` of the environment to pip and to what it builds"));
            }
        }
    }
    Ok(())
}

impl Load {
    /// The tar of it all, together with what every pip has.
    fn tar(
        &self,
        index: &crate::work::wheels::Index,
        session: &Session,
        toolbox: Option<&Toolbox>,
    ) -> Result<std::fs::File, StepError> {
        let root = ROOT.trim_start_matches('/');
        let owner = u64::from(session.ids.user.0);
        let mut tar = pip::inputs(index, session)?;
        for (path, text) in &self.texts {
            // They may hold logins, or values of variables.
            tar.bytes(&format!("{root}/{path}"), text.as_bytes(), 0o600, owner)?;
        }
        for (path, from, sha256) in &self.files {
            tar.file(&format!("{root}/{path}"), from, sha256, 0o644)?;
        }
        if let Some((path, entries)) = &self.checkout {
            tar.folder(&format!("{root}/{path}"), 0o755, owner)?;
            for entry in entries {
                let place = format!("{root}/{path}/{}", entry.path);
                let above = place.rsplit_once('/').map_or("", |(folder, _)| folder);
                // Setuptools writes beside the sources.
                for (at, _) in above.match_indices('/').filter(|(at, _)| *at > root.len() + path.len()) {
                    tar.folder(&above[..at], 0o755, owner)?;
                }
                tar.folder(above, 0o755, owner)?;
                tar.entry(&ContextFile { path: place, ..entry.clone() })?;
            }
        }
        tar.bytes(&format!("{root}/home/{}", MEMO.0), MEMO.1.as_bytes(), 0o644, 0)?;
        if let Some(Toolbox { seed, script }) = toolbox {
            tar.bytes(&format!("{root}/home/virtualenv.py"), script.as_bytes(), 0o644, 0)?;
            for wheel in &seed.manifest.wheels {
                let name = wheel.file.as_str();
                tar.file(&format!("{root}/home/seed/{name}"), &seed.folder.join(name), &wheel.sha256, 0o644)?;
            }
        }
        tar.finish()
    }
}

/// Lines that are kept to find something in: what tells the cause is at the end of what pip says.
const HEARD: usize = 400;

/// Passes a container's output on and remembers its end: other containers of the step have said other things.
struct OutputTee<'a> {
    output: &'a StepOutput,
    about: Option<String>,
    told: Told,
    heard: Mutex<VecDeque<String>>,
    heed: Mutex<Heed>,
}

impl OutputTee<'_> {
    fn tail(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Output for OutputTee<'_> {
    fn line(&self, line: &str) {
        let line = &*self.told.line(line);
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() == HEARD {
            heard.pop_front();
        }
        heard.push_back(line.to_owned());
        drop(heard);
        for text in self.heed.lock().unwrap_or_else(PoisonError::into_inner).take(line) {
            self.output.attention(&text);
        }
        match &self.about {
            // Several may be built at once.
            Some(about) => self.output.line(&format!("{about}: {line}")),
            None => self.output.line(line),
        }
    }

    fn progress(&self, progress: Progress) {
        self.output.progress(progress);
    }
}
