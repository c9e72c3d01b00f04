//! What a project gives to the making of wheels beyond what is known to be everybody's: a base image, a platform, templates, scripts
//! and indexes of its own. Code of it has a hand in every wheel that is built with it, so that such wheels are shared only among
//! projects that give the very same.

use std::{borrow::Cow, collections::BTreeMap};

use crate::{
    names::Sha256,
    plan::{Inputs, TemplateError, maker::Maker, step::key_of},
    platform::Platform,
    recipe::PythonApp,
    source::requirements::{self, Opt, Texts},
    work::{
        base::plan as base,
        builder::BuilderName,
        wheels::{Index, Links},
    },
};

/// Options of requirements that say where a build back end comes from.
const SOURCES: [&str; 4] = ["--index-url", "--extra-index-url", "--find-links", "--trusted-host"];

/// What a project gives to the making of wheels.
pub(crate) struct Given {
    /// Of what wheels are built in: part of a wheelhouse's key. `None` where all of it is ours and the distro's.
    pub(crate) builder_digest: Option<Sha256>,
    /// Of that, and of where build back ends come from: part of the store's key of built wheels.
    pub(crate) all: Option<Sha256>,
    /// The name of the base image, where it is the project's own: what is under it is an input, too.
    pub(crate) base: Option<String>,
}

impl Maker<'_> {
    /// What this project gives to wheels of these requirements, whose inputs and links are known.
    pub(crate) fn given(
        &self,
        python: &PythonApp,
        builder: &BuilderName,
        (texts, links, inputs): (&Texts, &[Links], &Inputs),
    ) -> Result<Given, TemplateError> {
        let builder_digest = self.builder_digest(builder)?;
        let mut all = builder_digest.clone();
        let index = self.indexes(python);
        for (name, value) in [("index", index.url.unwrap_or_default()), ("indexes", index.extra_urls.join(" "))] {
            put(&mut all, name, value);
        }
        let options = texts.values().flat_map(|text| requirements::options(text));
        let options = options.filter(|option| SOURCES.contains(&option.name.as_str()));
        let options: Vec<String> = options.map(|option: Opt| option.written()).collect();
        if !options.is_empty() {
            put(&mut all, "options", Sha256::of(options.join("\n")).to_string());
            put(&mut all, "variables", inputs.get("variables of the requirements").cloned().unwrap_or_default());
        }
        let files = links.iter().flat_map(|links| &links.files);
        let told: Vec<String> = files.map(|(name, _, sha256)| format!("{sha256}  {name}\n")).collect();
        put(&mut all, "links", told.concat());
        let known = self.known_platform();
        let own_image =
            self.recipe.base.image.is_some() || known.is_none_or(|known| known.base.image != self.platform.base.image);
        Ok(Given {
            builder_digest: digest(&builder_digest),
            all: digest(&all),
            base: own_image.then(|| self.base_name().0.clone()),
        })
    }

    /// What wheels are built in and with, as far as it is the project's own.
    fn builder_digest(&self, builder: &BuilderName) -> Result<Inputs, TemplateError> {
        let templates = &self.context.templates;
        let mut own = Inputs::new();
        let words = |platform: &Platform| {
            // The rest of what it says of Python is among the inputs, each by its own name.
            serde_json::json!([platform.base, platform.python.interpreter, platform.manager]).to_string()
        };
        if self.known_platform().is_none_or(|known| words(&known) != words(self.platform)) {
            put(&mut own, "platform", words(self.platform));
        }
        // Whatever the base is called, its name holds what it is made from.
        let given = &self.recipe.base;
        if given.image.is_some() || given.mirror.is_some() {
            put(&mut own, "base", base::name(self.recipe, self.platform).0);
        }
        let install = format!("install-{}.hbs", self.platform.manager.as_str());
        if templates.is_changed("builder.hbs")? || templates.is_changed(&install)? {
            put(&mut own, "builder", builder.digest.to_string());
        }
        if self.platform.python.seed.is_some() && templates.is_changed("virtualenv.py")? {
            put(&mut own, "virtualenv.py", Sha256::of(&*templates.text("virtualenv.py")?).to_string());
        }
        Ok(own)
    }

    /// The platform of this id that is brought along; `None` where there is none.
    fn known_platform(&self) -> Option<Cow<'_, Platform>> {
        if self.platform.is_brought_along() {
            return Some(Cow::Borrowed(self.platform));
        }
        Platform::brought_along(&self.platform.id).map(Cow::Owned)
    }

    /// The indexes that the recipe names: what the environment names is the caller's.
    fn indexes(&self, python: &PythonApp) -> Index {
        let context = self.context;
        let (url, extra) = (context.index_url.is_none(), context.extra_index_urls.is_none());
        Index {
            url: python.index_url.clone().filter(|_| url),
            extra_urls: if extra { python.extra_index_urls.clone() } else { Vec::new() },
        }
    }
}

fn put(own: &mut Inputs, name: &str, value: String) {
    if !value.is_empty() {
        own.insert(name.to_owned(), value);
    }
}

fn digest(own: &Inputs) -> Option<Sha256> {
    (!own.is_empty()).then(|| key_of("given 1", own, &BTreeMap::new()))
}
