//! The steps of wheels: the builder image, and a wheelhouse for each requirements set.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use super::{
    super::{BuilderWork, Index, Inputs, Own, SeedWork, Step, WheelsWork, Work, dockerfile::Template, step::key_of},
    Maker, PlanError, Want,
};
use crate::{
    names::Sha256,
    platform::{Manager, Seed},
    recipe::{Image, ImageSource, PythonApp},
    source::requirements::{self, Texts, Variables, Wanted},
};

impl Maker<'_> {
    pub(super) fn builder_packages(&self, python: &PythonApp) -> Vec<String> {
        let own = &self.platform.python;
        let all = own.packages.iter().chain(&own.tools).chain(&own.builder).chain(&python.build_packages);
        all.collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }

    pub(super) fn builder(&self, python: &PythonApp) -> Result<Step, PlanError> {
        let BuilderName { tag, inputs, dockerfile, .. } = self.builder_name(python)?.clone();
        let mut step =
            self.step("builder", "wheel builder".to_owned(), Work::Builder(BuilderWork { dockerfile, tag }), inputs);
        step.needs.push(self.id("base"));
        Ok(step)
    }

    /// The builder's name, which holds how it is made: checkouts of a project that differ in it do not take each other's.
    pub(super) fn builder_name(&self, python: &PythonApp) -> Result<&BuilderName, PlanError> {
        if let Some(known) = self.builder.get() {
            return Ok(known);
        }
        let values = serde_json::json!({
            "project": self.recipe.project.name,
            "platform": self.platform.id,
            "base": self.base_name().0,
            "packages": self.builder_packages(python),
            "ca": self.context.ca,
        });
        let (dockerfile, digest) = self.rendered(&Template::BuiltIn("builder.hbs"), &values)?;
        let mut inputs = Inputs::new();
        inputs.insert("builder packages".to_owned(), self.builder_packages(python).join(" "));
        inputs.insert("builder.hbs".to_owned(), digest.to_string());
        let name = key_of("builder name", &inputs, &BTreeMap::new());
        let (project, platform) = (&self.recipe.project.name, &self.platform.id);
        let tag = format!("factory.local/{project}/builder:{platform}-{}", name.short());
        Ok(self.builder.get_or_init(|| BuilderName { tag, inputs, dockerfile, digest }))
    }

    /// The step that fetches pip, where the platform's own is too old.
    pub(super) fn seed(&self, python: &PythonApp) -> Result<Option<Step>, PlanError> {
        let own = &self.platform.python;
        let Some(seed) = &own.seed else { return Ok(None) };
        let builder = self.builder_name(python)?;
        // Pinned by digest: where they come from is no input.
        let inputs = Inputs::from([
            ("pinned wheels".to_owned(), pins(seed)),
            ("platform".to_owned(), self.platform.id.to_string()),
            ("interpreter".to_owned(), format!("{} {} {}", own.interpreter, own.version, own.abi)),
        ]);
        let key = key_of("seed 1", &inputs, &BTreeMap::new());
        let work = SeedWork {
            seed: seed.clone(),
            python: own.clone(),
            script: self.context.templates.text("seed.py")?.to_string(),
            index: self.index(python),
            builder: builder.tag.clone(),
            key,
        };
        let title = format!("pip for Python {}", own.version);
        let mut step = self.step("seed", title, Work::Seed(Box::new(work)), inputs);
        step.uses.push(self.id("builder"));
        Ok(Some(step))
    }

    fn index(&self, python: &PythonApp) -> Index {
        Index {
            url: self.context.index_url.clone().or_else(|| python.index_url.clone()),
            extra_urls: match &self.context.extra_index_urls {
                Some(urls) => urls.clone(),
                None => python.extra_index_urls.clone(),
            },
        }
    }

    /// The requirements set of an image: its own, else that of `[python]` where it has no parent.
    pub(super) fn requirements<'r>(&'r self, image: &'r Image) -> Option<&'r PathBuf> {
        let own = image.requirements.as_ref();
        let root = || match image.from {
            ImageSource::Base => self.recipe.python.as_ref().map(|python| &python.requirements),
            ImageSource::Image(_) => None,
        };
        if image.dockerfile.is_some() { own } else { own.or_else(root) }
    }

    /// The requirements files of an image's ancestors, nearest first.
    pub(super) fn inherited_requirements(&self, image: &Image) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut at = image;
        while let ImageSource::Image(parent) = &at.from {
            let Some(next) = self.recipe.images.iter().find(|candidate| candidate.name == *parent) else { break };
            found.extend(self.requirements(next).cloned());
            at = next;
        }
        found
    }

    pub(super) fn wheels(&self, image: &Image) -> Result<Option<Step>, PlanError> {
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
        let mut notes = Vec::new();
        let asking = requirements::asking(&real, requirements_file);
        let asked = self.own((&texts, &real), &asking, &mut inputs, &mut notes)?;
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
        if let Some(bench) = &given.bench {
            inputs.insert("builder of the project".to_owned(), bench.to_string());
        }
        let toolbox = match &seed {
            Some(step) => Some((step.id.clone(), self.context.templates.text("virtualenv.py")?.to_string())),
            None => None,
        };
        let name = format!("wheels-{}", image.name);
        let key = key_of("wheels 2", &inputs, &BTreeMap::new());
        let work = WheelsWork {
            image: image.name.clone(),
            wanted: Wanted::of(&real, requirements_file).with_own(asked.iter().map(Own::wheel).collect()),
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
        step.wanted = matches!(self.context.want, Want::All | Want::Wheels);
        let wishes = texts.iter().map(|(path, text)| (path.display().to_string(), requirements::wishes(text)));
        step.wishes = wishes.collect();
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
        Manager::Yum | Manager::Dnf | Manager::Zypper | Manager::Rpm => {
            &["rpm", "--query", "--all", "--queryformat", "%{NAME} %{EPOCH}:%{VERSION}-%{RELEASE}.%{ARCH}\\n"]
        }
    };
    command.iter().map(|&word| word.to_owned()).collect()
}

/// A builder's name and what is behind it.
#[derive(Debug, Clone)]
pub(super) struct BuilderName {
    pub(super) tag: String,
    inputs: Inputs,
    dockerfile: String,
    /// Of the Dockerfile without a CA bundle.
    pub(super) digest: Sha256,
}

/// The pins of a seed in one line: name and digest.
fn pins(seed: &Seed) -> String {
    seed.wheels.iter().map(|(name, sha256)| format!("{name} {sha256}")).collect::<Vec<_>>().join(" ")
}
