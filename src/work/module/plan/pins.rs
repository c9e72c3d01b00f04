//! What pins the packages of a module, for Windows and its Python: each line to one version and to the digests of its files. What pins
//! nothing is an error at its line.

mod locks;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    str::FromStr as _,
};

use pep440_rs::{Version, VersionSpecifiers};

use locks::{Form, Lock};

use crate::{
    names::{Machine, Marker, PythonVersion, Sha256, normalise},
    plan::{make::look::issue, maker::Maker},
    source::{
        project::SourceError,
        requirements::{Line, Opt, Requirement, Texts, asking, expanded, numbered, same_version, variables},
        variables::Variables,
    },
    util::toml::{Issue, Span},
    work::module::{data::Pin, recipe::Module},
};

/// The largest lock: 16 MiB.
const LARGEST: u64 = 16 << 20;

/// The packages of a module.
#[derive(Debug)]
pub(super) struct Pinned {
    /// Each once, in the order of their names.
    pub(super) pins: Vec<Pin>,
    /// The texts that say so, by the recipe's paths.
    pub(super) texts: Texts,
    /// The index that they name; empty where they name none.
    pub(super) index: String,
    /// The further indexes that they name.
    pub(super) extra_indexes: Vec<String>,
}

impl Maker<'_> {
    /// The packages of a module with this Python.
    pub(super) fn pinned(&self, module: &Module, python: PythonVersion) -> Result<Pinned, Vec<Issue>> {
        let first = &module.requirements;
        let of = Of { python, machine: module.machine, first };
        let refuse = |error: &SourceError| vec![issue(error, &module.requirements_at)];
        if let Some(form) = Form::of(first) {
            let text = self.context.roots.text(first, LARGEST).map_err(|error| refuse(&error))?;
            return of.locked(form, first, &text);
        }
        let texts = self.context.listing.requirements(std::slice::from_ref(first));
        let texts = texts.map_err(|error| refuse(&error))?;
        let from = self.context.roots.variables();
        let unset = unset(&texts, from);
        if unset.is_empty() { of.pinned(&texts, &expanded(&texts, from)) } else { Err(unset) }
    }
}

/// Variables that have no value, each at its line.
fn unset(texts: &Texts, from: &Variables) -> Vec<Issue> {
    let all = texts.iter().flat_map(|(path, text)| {
        let missing = variables(text, from).into_iter().filter(|variable| !variable.is_set);
        missing.map(move |variable| {
            let place = Place { path, text, line: variable.line };
            let issue = place.issue(format!("`${{{}}}` is not set, or holds a line break or a comment", variable.name));
            issue.label("no value").help(format!("set it: `{}=… factory build`", variable.name))
        })
    });
    all.collect()
}

/// What the requirements are read for.
struct Of<'o> {
    python: PythonVersion,
    machine: Machine,
    first: &'o Path,
}

/// A line of one of the texts.
struct Place<'p> {
    path: &'p PathBuf,
    /// As it is written.
    text: &'p str,
    line: usize,
}

impl Place<'_> {
    /// A mistake there.
    fn issue(&self, message: String) -> Issue {
        Issue::new(&self.span(), message).within(&self.path.display().to_string(), self.text)
    }

    /// What it says, without the blanks around it.
    fn span(&self) -> Span {
        let lines = self.text.split_inclusive('\n');
        let start: usize = lines.take(self.line.saturating_sub(1)).map(str::len).sum();
        let whole = self.text[start..].split('\n').next().unwrap_or_default();
        let blanks = whole.len() - whole.trim_start().len();
        start + blanks..start + blanks.max(whole.trim_end().len())
    }

    fn shown(&self) -> String {
        format!("{}:{}", self.path.display(), self.line)
    }
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    pins: BTreeMap<String, Pin>,
    constraints: Vec<(String, String, String)>,
    index: String,
    extra_indexes: Vec<String>,
    issues: Vec<Issue>,
}

impl Of<'_> {
    /// The packages of a lock of another form.
    fn locked(&self, form: Form, path: &PathBuf, text: &str) -> Result<Pinned, Vec<Issue>> {
        let mut reading = Reading::default();
        let Lock { requirements, index } = form.read(text).map_err(|why| {
            let whole = Place { path, text, line: 1 };
            vec![whole.issue(format!("it cannot be read: {why}")).label("no such lock")]
        })?;
        for (line, requirement) in requirements {
            let read = self.pin(&requirement, &Place { path, text, line }, &mut reading);
            reading.issues.extend(read.err());
        }
        let Reading { pins, extra_indexes, issues, .. } = reading;
        let (pins, texts) = (pins.into_values().collect(), Texts::from([(path.clone(), text.to_owned())]));
        if issues.is_empty() { Ok(Pinned { pins, texts, index, extra_indexes }) } else { Err(issues) }
    }

    fn pinned(&self, texts: &Texts, plain: &Texts) -> Result<Pinned, Vec<Issue>> {
        let asking = asking(plain, self.first);
        let mut reading = Reading::default();
        for (path, text) in plain {
            let written = texts.get(path).unwrap_or(text);
            for (line, found) in numbered(text) {
                let place = Place { path, text: written, line };
                let read = match found {
                    Line::Requirement(requirement) if asking.contains(path) => {
                        self.pin(&requirement, &place, &mut reading)
                    }
                    Line::Requirement(requirement) => self.constraint(requirement, &place, &mut reading),
                    Line::Options(options) => option(&options, &place, &mut reading),
                    Line::Local(_) | Line::Address => Err(place
                        .issue("a module takes no folder, repository or address".to_owned())
                        .label("not from an index")
                        .help("build a wheel of it, put that into an index, and pin it: `name==1.0 --hash=sha256:…`")),
                    Line::Refused(why) => Err(place.issue(format!("this line cannot be read: {why}"))),
                };
                reading.issues.extend(read.err());
            }
        }
        let Reading { pins, constraints, index, extra_indexes, mut issues } = reading;
        let pins: Vec<Pin> = pins.into_values().collect();
        issues.extend(constraints.iter().filter_map(|constraint| broken(constraint, &pins, texts)));
        if issues.is_empty() { Ok(Pinned { pins, texts: texts.clone(), index, extra_indexes }) } else { Err(issues) }
    }

    /// Whether a line counts.
    fn holds(&self, requirement: &Requirement, place: &Place<'_>) -> Result<bool, Issue> {
        if requirement.marker.is_empty() {
            return Ok(true);
        }
        let value = |variable: &str| match variable {
            "extra" => Some(String::new()),
            other => self.python.marker(self.machine, other),
        };
        Marker::new(&requirement.marker).and_then(|marker| marker.holds(&value)).map_err(|error| {
            let issue = place.issue(format!("whether `{}` counts cannot be told: {error}", requirement.name));
            issue
                .label("its marker")
                .help("take the marker away, or write one over `sys_platform`, `platform_machine` or `python_version`")
        })
    }

    fn pin(&self, requirement: &Requirement, place: &Place<'_>, reading: &mut Reading) -> Result<(), Issue> {
        if !self.holds(requirement, place)? {
            return Ok(());
        }
        let name = &requirement.name;
        let Some(version) = requirement.pinned() else {
            let issue = place.issue(format!("`{name}` is not pinned to one version"));
            return Err(issue.label("no `==`").help(self.locking()));
        };
        let hashes: BTreeSet<Sha256> = requirement
            .hashes
            .iter()
            .filter_map(|hash| Sha256::new(hash.strip_prefix("sha256:")?.to_ascii_lowercase()).ok())
            .collect();
        if hashes.is_empty() {
            let issue = place.issue(format!("`{name}` is pinned by no SHA-256"));
            return Err(issue.label("no `--hash=sha256:…`").help(self.locking()));
        }
        if !requirement.options.is_empty() {
            let issue = place.issue(format!("`{name}` has options for its build, and nothing is built for a module"));
            return Err(issue.label("of a build").help("take them away: a module takes wheels alone"));
        }
        let extras = requirement.extras.split(',').map(|extra| normalise(extra.trim()));
        let pin = Pin {
            name: name.clone(),
            version: version.to_owned(),
            extras: extras.filter(|extra| !extra.is_empty()).collect(),
            hashes,
            place: place.shown(),
        };
        match reading.pins.get_mut(name) {
            Some(before) if same_version(&before.version, &pin.version) => {
                before.extras.extend(pin.extras);
                before.hashes.extend(pin.hashes);
            }
            Some(before) => {
                let message = format!("`{name}` is {} here, and {} in {}", pin.version, before.version, before.place);
                return Err(place.issue(message).label("which one?").help("keep one of both lines"));
            }
            None => drop(reading.pins.insert(name.clone(), pin)),
        }
        Ok(())
    }

    fn constraint(&self, requirement: Requirement, place: &Place<'_>, reading: &mut Reading) -> Result<(), Issue> {
        if self.holds(&requirement, place)? {
            reading.constraints.push((requirement.name, requirement.wants, place.shown()));
        }
        Ok(())
    }

    /// The command that pins everything.
    fn locking(&self) -> String {
        let machine = match self.machine {
            Machine::X86 => "i686",
            Machine::Amd64 => "x86_64",
            Machine::Arm64 => "aarch64",
        };
        format!(
            "have uv write what all of it leads to on Windows: `uv pip compile requirements.in --generate-hashes --only-binary :all: \
             --python-platform {machine}-pc-windows-msvc --python-version {} --output-file {}`",
            self.python,
            self.first.display()
        )
    }
}

/// Options that say where files are from; those that say how pip takes them hold anyway.
fn option(options: &[Opt], place: &Place<'_>, reading: &mut Reading) -> Result<(), Issue> {
    for option in options {
        match option.name.as_str() {
            "--index-url" => reading.index.clone_from(&option.value),
            "--extra-index-url" => reading.extra_indexes.push(option.value.clone()),
            "--requirement" | "--constraint" | "--require-hashes" | "--only-binary" | "--prefer-binary" | "--pre" => {}
            other => {
                let issue = place.issue(format!("`{}` is not read for a module", other.escape_debug()));
                return Err(issue.label("not known here").help("its wheels come from indexes: take the option away"));
            }
        }
    }
    Ok(())
}

/// What a constraint says against a pin.
fn broken((name, wants, place): &(String, String, String), pins: &[Pin], texts: &Texts) -> Option<Issue> {
    let pin = pins.iter().find(|pin| pin.name == *name)?;
    let fits = VersionSpecifiers::from_str(wants).ok()?.contains(&Version::from_str(&pin.version).ok()?);
    let (path, line) = pin.place.rsplit_once(':')?;
    let (path, text) = texts.get_key_value(Path::new(path))?;
    let at = Place { path, text, line: line.parse().ok()? };
    let message = format!("`{name}` is {}, and {place} wants `{wants}`", pin.version);
    (!fits).then(|| at.issue(message).label("another version").help("change one of both lines"))
}
