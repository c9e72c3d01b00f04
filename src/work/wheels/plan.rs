//! The steps of wheels: a wheelhouse for each requirements set.

mod given;
mod own;
mod pins;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use super::{GOAL, Index, Own, OwnFiles, WheelsWork, data};
use crate::{
    names::Sha256,
    plan::{
        Holdings, Inputs, Step,
        maker::{Heard, Maker, PlanError},
        step::key_of,
    },
    platform::Manager,
    recipe::{Image, ImageSource, PythonApp},
    source::{
        requirements::{self, Texts, Wanted},
        variables::Variables,
    },
    work::{Work, seed::plan::pins},
};

impl Maker<'_> {
    /// Where wheels come from: what the environment says wins over the recipe.
    pub(crate) fn index(&self, python: &PythonApp) -> Index {
        Index {
            url: self.context.index_url.clone().or_else(|| python.index_url.clone()),
            extra_urls: match &self.context.extra_index_urls {
                Some(urls) => urls.clone(),
                None => python.extra_index_urls.clone(),
            },
        }
    }

    /// The requirements set of an image: its own, else that of `[python]` where it has no parent.
    pub(crate) fn requirements<'r>(&'r self, image: &'r Image) -> Option<&'r PathBuf> {
        let own = image.requirements.as_ref();
        let root = || match image.from {
            ImageSource::Base => self.recipe.python.as_ref().map(|python| &python.requirements),
            ImageSource::Image(_) => None,
        };
        if image.dockerfile.is_some() { own } else { own.or_else(root) }
    }

    /// The requirements files of an image's ancestors, nearest first.
    pub(crate) fn inherited_requirements(&self, image: &Image) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut at = image;
        while let ImageSource::Image(parent) = &at.from {
            let Some(next) = self.recipe.images.iter().find(|candidate| candidate.name == *parent) else { break };
            found.extend(self.requirements(next).cloned());
            at = next;
        }
        found
    }

    pub(crate) fn wheels(&self, image: &Image) -> Result<Option<Step>, PlanError> {
        let (Some(python), Some(requirements_file)) = (&self.recipe.python, self.requirements(image)) else {
            return Ok(None);
        };
        let own = &self.platform.python;
        let seed = self.seed(python)?;
        let mut constraints = python.constraints.clone();
        constraints.extend(self.inherited_requirements(image));
        let index = self.index(python);
        let mut inputs = Inputs::new();
        let first: Vec<PathBuf> = std::iter::once(requirements_file).chain(&constraints).cloned().collect();
        let texts = self.context.listing.requirements(&first)?;
        for (path, text) in texts.iter() {
            inputs.insert(path.display().to_string(), Sha256::of(requirements::counted(text)).to_string());
        }
        let real = requirements::expanded(&texts, self.context.roots.variables());
        if let Some(counts) = counted(&texts, self.context.roots.variables()) {
            inputs.insert("variables of the requirements".to_owned(), counts.to_string());
        }
        let mistakes = pins::conflicts(&texts, &real, requirements_file);
        if !mistakes.is_empty() {
            return Err(PlanError::Files(mistakes));
        }
        let (mut notes, mut holdings) = (Vec::new(), Holdings::new());
        let asking = requirements::asking(&real, requirements_file);
        let asked = self.own((&texts, &real), &asking, (&mut inputs, &mut holdings), &mut notes)?;
        let is_folder = |own: &&Own| matches!(own.files, OwnFiles::Folder(_));
        let folders: Vec<PathBuf> = asked.iter().filter(is_folder).map(|own| own.path.clone()).collect();
        let links = self.links(&real, &mut inputs)?;
        let options = texts.values().flat_map(|text| requirements::options(text));
        let options: Vec<String> = options.map(|option| option.written()).collect();
        if !options.is_empty() {
            // A digest: addresses of indexes may hold logins.
            inputs.insert("options of the requirements".to_owned(), Sha256::of(options.join("\n")).to_string());
        }
        for (name, value) in [
            ("python.no_binary", python.no_binary.join(" ")),
            ("python.index_url", index.url.clone().unwrap_or_default()),
            ("python.extra_index_urls", index.extra_urls.join(" ")),
            ("interpreter", format!("{} {} {}", own.interpreter, own.version, own.abi)),
            ("machine", format!("{} {}", self.context.machine, own.libc)),
            ("platform", self.platform.id.to_string()),
            ("builder packages", self.builder_packages(python).join(" ")),
        ] {
            inputs.insert(name.to_owned(), value);
        }
        if let Some(seed) = &own.seed {
            inputs.insert("seed".to_owned(), pins(seed));
        }
        let builder = self.builder_name(python)?;
        let given = self.given(python, builder, (&texts, &links, &inputs))?;
        if let Some(builder_digest) = &given.builder_digest {
            inputs.insert("builder of the project".to_owned(), builder_digest.to_string());
        }
        let toolbox = match &seed {
            Some(step) => Some((step.id.clone(), self.context.templates.text("virtualenv.py")?.to_string())),
            None => None,
        };
        let name = format!("wheels-{}", image.name);
        let key = key_of(data::VERSION, &inputs, &BTreeMap::new());
        let work = WheelsWork {
            image: image.name.clone(),
            wanted: Wanted::from_texts(&real, requirements_file).with_own(asked.iter().map(Own::wheel).collect()),
            own: asked,
            links,
            machine: self.context.machine.clone(),
            seed: own.seed.as_ref().map(pins).unwrap_or_default(),
            builder_packages: self.builder_packages(python),
            listing: listing(self.platform.manager),
            requirements: requirements_file.clone(),
            requirements_name: requirements_file.display().to_string(),
            constraints,
            no_binary: python.no_binary.clone(),
            index,
            python: own.clone(),
            toolbox,
            builder: builder.tag.clone(),
            given: given.all,
            own_base: given.base,
            key,
        };
        let title = format!("wheels of {}", requirements_file.display());
        let mut step = self.step(&name, title, Work::Wheels(Box::new(work)), inputs);
        step.uses.push(self.id("builder"));
        step.uses.extend(seed.map(|step| step.id));
        step.wanted = self.wants(GOAL);
        let specifiers = texts.iter().map(|(path, text)| (path.display().to_string(), requirements::specifiers(text)));
        step.specifiers = specifiers.collect();
        let mut heard = Heard::default();
        for folder in &folders {
            self.heard(folder, &mut heard);
        }
        step.unread = heard.unread(&self.context.release.version, &self.recipe.project.allow);
        step.doubts = heard.doubts;
        step.holdings = holdings;
        step.notes = notes;
        Ok(Some(step))
    }
}

/// What the values of variables say of what is built; logins say nothing of it. `None` where there are none.
fn counted(texts: &Texts, variables: &Variables) -> Option<Sha256> {
    let all = texts.values().flat_map(|text| requirements::variables(text, variables));
    let counts: BTreeSet<String> = all.filter_map(|one| Some(format!("{}={}\n", one.name, one.counts?))).collect();
    (!counts.is_empty()).then(|| Sha256::of(counts.into_iter().collect::<String>()))
}

/// What lists the packages of an image with their versions.
fn listing(manager: Manager) -> Vec<String> {
    let command: &[&str] = match manager {
        Manager::Apt => &["dpkg-query", "--show", "--showformat", "${Package} ${Version}\\n"],
        Manager::Apk => &["apk", "info", "--verbose"],
        // No builder is of Windows.
        Manager::None => &["false"],
        Manager::Yum | Manager::Dnf | Manager::Zypper | Manager::Rpm => {
            &["rpm", "--query", "--all", "--queryformat", "%{NAME} %{EPOCH}:%{VERSION}-%{RELEASE}.%{ARCH}\\n"]
        }
    };
    command.iter().map(|&word| word.to_owned()).collect()
}
