//! One wheel of one source: out of the store where the very same was built before, else built in a container that has
//! nothing else in it.

use std::path::PathBuf;

use super::{
    environment::Environment,
    found::Found,
    inside,
    pip::ROOT,
    pip_runner::{Job, Load, PipRunner},
    places::BUILD,
};
use crate::{
    engine::Output as _,
    execute::{StepError, records::blocking},
    names::Sha256,
    source::{
        requirements::{self, Line, lines, same_version},
        store::Key,
        wheelhouse::{ANYTHING, Dist, Received, Wheel, WheelName, WheelhouseError},
    },
};

/// A distribution, normalised, and its version: as much as is known of a wheel before it is there.
pub type Named = (Option<String>, Option<String>);

/// Options of a requirements file that say where things come from: a build fetches its own requirements with them.
const INDEXES: [&str; 7] =
    ["--index-url", "--extra-index-url", "--no-index", "--find-links", "--trusted-host", "--pre", "--prefer-binary"];

/// A source to be built.
pub struct Source {
    /// The distribution, normalised, and its version, where they are known before.
    pub name: Named,
    /// What it is called in messages.
    pub called: String,
    /// Of its content.
    pub sha256: Sha256,
    /// What the requirements say to its build.
    pub options: Vec<String>,
    /// Its path in the container, below [`ROOT`].
    pub place: String,
    /// What goes into the container.
    pub load: Load,
}

/// The wheel of a source distribution, and where it is.
pub async fn sdist(
    runner: &PipRunner<'_>,
    environment: &Environment<'_>,
    found: &Found,
) -> Result<(Wheel, PathBuf), StepError> {
    let received = &found.received;
    let (name, file) = (received.file.distribution(), received.file.as_str());
    let version = received.file.version().to_owned();
    let place = format!("{BUILD}/{file}");
    let load = Load { files: vec![(place.clone(), found.path.clone(), received.sha256.clone())], ..Load::default() };
    let source = Source {
        options: options(runner, &name),
        called: file.to_owned(),
        sha256: received.sha256.clone(),
        name: (Some(name), Some(version)),
        place,
        load,
    };
    let (wheel, path) = obtain(runner, environment, source).await?;
    Ok((Wheel { sdist: Some(received.sha256.clone()), ..wheel }, path))
}

/// The wheel of a source, and where it is.
pub async fn obtain(
    runner: &PipRunner<'_>,
    environment: &Environment<'_>,
    source: Source,
) -> Result<(Wheel, PathBuf), StepError> {
    let key = environment.fingerprint(source.sha256.clone(), source.options.clone()).await?.key();
    let into = runner.folder(&format!("built-{}", key.digest.short()))?;
    if let Some(wheel) = stored(runner, &key, source.name.clone(), &into).await? {
        runner.output.line(&format!("{} was built before: {} is in the store", source.called, wheel.file.as_str()));
        let path = into.join(wheel.file.as_str());
        return Ok((wheel, path));
    }
    let received = build(runner, &source, &into).await?;
    let path = into.join(received.file.as_str());
    let wheel = compiled(&received, &key, false)?;
    let (name, inside) = (wheel.file.clone(), path.clone());
    let shop = runner.shop();
    blocking(move || {
        let judged = inside::judge(&name, &inside);
        drop(shop);
        judged
    })
    .await?;
    runner.put(key, received.label(), path.clone()).await?;
    Ok((wheel, path))
}

/// The wheel that the store has, written into `into`, where it is one that the platform takes.
pub async fn stored(
    runner: &PipRunner<'_>,
    key: &Key,
    name: Named,
    into: &std::path::Path,
) -> Result<Option<Wheel>, StepError> {
    let Some(label) = runner.fetch(key.clone(), into).await? else { return Ok(None) };
    let file = Dist::new(&label.name, ANYTHING);
    let received = file.map(|file| Received { file, sha256: label.sha256.clone(), size: label.size });
    if let Some(received) = received.filter(|received| judge(runner, name)(received).is_ok()) {
        return Ok(Some(compiled(&received, key, true)?));
    }
    fs_err::remove_file(into.join(&label.name))?;
    Ok(None)
}

async fn build(runner: &PipRunner<'_>, source: &Source, into: &std::path::Path) -> Result<Received, StepError> {
    let list = format!("{BUILD}/requirements.txt");
    let mut load = source.load.clone();
    load.texts.push((list.clone(), text(runner, source)));
    load.files.extend(runner.links());
    let argv =
        ["wheel", "--progress-bar", "off", "--no-deps", "--wheel-dir", &format!("{ROOT}/wheels"), "--requirement"];
    let argv = argv.map(str::to_owned).into_iter().chain([format!("{ROOT}/{list}")]).collect();
    let about = Some(source.name.0.clone().unwrap_or_else(|| source.called.clone()));
    let done = runner.pip(Job { argv, load, gives: "wheels", about }, into, judge(runner, source.name.clone())).await?;
    match <[Received; 1]>::try_from(done.files) {
        Ok([one]) => Ok(one),
        Err(files) if files.is_empty() => Err(WheelhouseError::Empty.into()),
        Err(files) => Err(foreign(files.last(), "which is one more than the source can be built to")),
    }
}

/// The requirements file of a build: where things come from, the source, and what its own line says to it.
fn text(runner: &PipRunner<'_>, source: &Source) -> String {
    let own = [vec![format!("{ROOT}/{}", source.place)], source.options.clone()].concat();
    indexes(runner) + &own.join(" ") + "\n"
}

/// The lines that say where a build fetches its own requirements.
fn indexes(runner: &PipRunner<'_>) -> String {
    let all = runner.texts.iter().flat_map(|(path, text)| runner.placed(path, &requirements::options(text)));
    let kept = all.filter(|option| INDEXES.contains(&option.name.as_str()));
    kept.map(|option| option.written() + "\n").collect()
}

/// What the requirements say to the build of a distribution.
pub fn options(runner: &PipRunner<'_>, name: &str) -> Vec<String> {
    let all = runner.texts.values().flat_map(|text| lines(text));
    let own = all.filter_map(|line| match line {
        Line::Requirement(requirement) if requirement.name == name => Some(requirement.options),
        _ => None,
    });
    own.flatten().collect()
}

fn judge(runner: &PipRunner<'_>, name: Named) -> impl Fn(&Received) -> Result<(), &'static str> + Send + 'static {
    let python = runner.work.python.clone();
    move |received| match &received.file {
        Dist::Sdist(_) => Err("which is no wheel"),
        Dist::Wheel(file) if !file.fits(&python.version, &python.abi) => {
            Err("which the platform's interpreter does not take: does `[python]` of the platform say its version?")
        }
        Dist::Wheel(file) if name.0.as_ref().is_some_and(|name| file.distribution() != *name) => {
            Err("which is not the wheel that was to be built")
        }
        Dist::Wheel(file) if name.1.as_ref().is_some_and(|version| !same_version(version, file.version())) => {
            Err("which is of another version than its source distribution")
        }
        Dist::Wheel(_) => Ok(()),
    }
}

fn compiled(received: &Received, key: &Key, stored: bool) -> Result<Wheel, StepError> {
    let file: WheelName = match &received.file {
        Dist::Wheel(file) => file.clone(),
        Dist::Sdist(_) => return Err(foreign(Some(received), "which is no wheel")),
    };
    let wheel = Wheel::fetched(file, received.sha256.clone(), received.size, stored);
    Ok(Wheel { compiled: true, made_as: Some(key.digest.clone()), ..wheel })
}

fn foreign(received: Option<&Received>, reason: &'static str) -> StepError {
    let name = received.map_or_else(String::new, |received| received.file.as_str().to_owned());
    WheelhouseError::Foreign { name, reason }.into()
}
