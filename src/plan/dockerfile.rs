//! Dockerfiles, rendered from the templates of `dockerfiles/`: compiled in; a file of the same name in the project's
//! `dockerfiles/` wins. A missing value is an error, and nothing is escaped for HTML.

mod bounds;
mod budget;
mod helpers;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use budget::Budget;
use handlebars::Handlebars;
use tokio_util::sync::CancellationToken;

use crate::{
    platform::Manager,
    source::{project::SourceError, roots::Roots},
    util::folder::Refusal,
};

/// Templates and scripts that are compiled in: name and text. A new manager's `install-<manager>.hbs` goes here.
const BUILT_IN: &[(&str, &str)] = &[
    ("base.hbs", include_str!("../../dockerfiles/base.hbs")),
    ("builder.hbs", include_str!("../../dockerfiles/builder.hbs")),
    ("install-apk.hbs", include_str!("../../dockerfiles/install-apk.hbs")),
    ("install-apt.hbs", include_str!("../../dockerfiles/install-apt.hbs")),
    ("install-dnf.hbs", include_str!("../../dockerfiles/install-dnf.hbs")),
    ("install-rpm.hbs", include_str!("../../dockerfiles/install-rpm.hbs")),
    ("install-yum.hbs", include_str!("../../dockerfiles/install-yum.hbs")),
    ("install-zypper.hbs", include_str!("../../dockerfiles/install-zypper.hbs")),
    ("owners.sh", include_str!("../../dockerfiles/owners.sh")),
    ("python-app.hbs", include_str!("../../dockerfiles/python-app.hbs")),
    ("seed.py", include_str!("../../dockerfiles/seed.py")),
    ("virtualenv.py", include_str!("../../dockerfiles/virtualenv.py")),
];

/// The largest template of a project, in bytes.
const LARGEST: u64 = 1 << 20;

/// Why a Dockerfile could not be rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It is in a source, and not to be had there.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It is too large to be one.
    #[error("`{name}` is larger than 1 MiB")]
    Large {
        /// The template.
        name: String,
    },
    /// It is not a template.
    #[error("`{name}` is not a Handlebars template: {reason}")]
    Syntax {
        /// The template.
        name: String,
        /// The parser's words, with line and column.
        reason: String,
    },
    /// It asks for a value that there is not.
    #[error("`{name}` could not be rendered: {reason}")]
    Render {
        /// The template.
        name: String,
        /// The renderer's words, with line and column.
        reason: String,
    },
    /// All templates of a plan together take too long.
    #[error("the templates of this project take more than a minute together; `{name}` was the last")]
    Slow {
        /// The template that was rendered then.
        name: String,
    },
    /// It is not waited for any more.
    #[error("interrupted")]
    Interrupted,
}

impl TemplateError {
    /// Whether it says nothing of the template with these values, but that there was no time for it.
    #[must_use]
    pub fn is_of_time(&self) -> bool {
        matches!(self, Self::Slow { .. } | Self::Interrupted)
    }
}

/// The templates of one project. Each is read and parsed once for a plan, however many platforms it is rendered for.
#[derive(Debug)]
pub struct Templates {
    roots: Roots,
    texts: Mutex<HashMap<String, Arc<str>>>,
    parsed: Mutex<HashMap<(Manager, String), Arc<Handlebars<'static>>>>,
    budget: Budget,
}

impl Templates {
    /// The templates that a project sees, which are rendered until a token is cancelled.
    #[must_use]
    pub fn new(roots: &Roots, cancel: CancellationToken) -> Self {
        Self { roots: roots.clone(), texts: Mutex::default(), parsed: Mutex::default(), budget: Budget::new(cancel) }
    }

    /// The text of a built-in name, the project's own where it has one.
    ///
    /// # Errors
    /// When the project's own cannot be read.
    pub fn text(&self, name: &str) -> Result<Arc<str>, TemplateError> {
        if let Some(text) = lock(&self.texts).get(name) {
            return Ok(Arc::clone(text));
        }
        let own = Path::new("dockerfiles").join(name);
        let text: Arc<str> =
            if self.roots.is_there(&own)? { read(&self.roots, &own, name)?.into() } else { built_in(name).into() };
        Ok(Arc::clone(lock(&self.texts).entry(name.to_owned()).or_insert(text)))
    }

    /// Whether the project has a text of its own, and another one, for a built-in name.
    ///
    /// # Errors
    /// When the project's own cannot be read.
    pub fn is_changed(&self, name: &str) -> Result<bool, TemplateError> {
        Ok(*self.text(name)? != *built_in(name))
    }

    /// Renders a built-in name, or a template of the project by its path.
    ///
    /// # Errors
    /// [`TemplateError`], naming the template, line and column.
    pub fn render(
        &self,
        template: &Template<'_>,
        manager: Manager,
        values: &serde_json::Value,
    ) -> Result<String, TemplateError> {
        bounds::render(&self.parsed(template, manager)?, &template.name(), values, &self.budget)
    }

    fn parsed(&self, template: &Template<'_>, manager: Manager) -> Result<Arc<Handlebars<'static>>, TemplateError> {
        // A path of the project may have the name of one that is built in.
        let key = match template {
            Template::BuiltIn(name) => (manager, (*name).to_owned()),
            Template::Project(path) => (manager, format!("project/{}", path.display())),
        };
        if let Some(engine) = lock(&self.parsed).get(&key) {
            return Ok(Arc::clone(engine));
        }
        let name = template.name();
        let text = match template {
            Template::BuiltIn(name) => self.text(name)?,
            Template::Project(path) => read(&self.roots, path, &name)?.into(),
        };
        let install = format!("install-{}.hbs", manager.as_str());
        let engine = Arc::new(engine([("install", install.clone(), self.text(&install)?), (MAIN, name, text)])?);
        Ok(Arc::clone(lock(&self.parsed).entry(key).or_insert(engine)))
    }
}

/// The text of a built-in name; empty where there is none.
fn built_in(name: &str) -> &'static str {
    BUILT_IN.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| *text)
}

/// What a template is called while it is rendered.
const MAIN: &str = "main";

/// A renderer that knows these partials: their names in templates, in messages, and their texts.
fn engine(partials: [(&str, String, Arc<str>); 2]) -> Result<Handlebars<'static>, TemplateError> {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(handlebars::no_escape);
    engine.register_helper("json", Box::new(helpers::Json));
    engine.register_helper("quoted", Box::new(helpers::Quoted));
    for (partial, name, text) in partials {
        if let Some(reason) = bounds::refusal(&text, partial != MAIN) {
            return Err(TemplateError::Syntax { name, reason: reason.to_owned() });
        }
        engine
            .register_template_string(partial, text)
            .map_err(|error| TemplateError::Syntax { name, reason: error.to_string() })?;
    }
    Ok(engine)
}

fn lock<T>(known: &Mutex<T>) -> MutexGuard<'_, T> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Which template.
#[derive(Debug, Clone, Copy)]
pub enum Template<'a> {
    /// One of `dockerfiles/`.
    BuiltIn(&'static str),
    /// The project's own, relative to the project.
    Project(&'a Path),
}

impl Template<'_> {
    fn name(&self) -> String {
        match self {
            Self::BuiltIn(name) => (*name).to_owned(),
            Self::Project(path) => path.display().to_string(),
        }
    }
}

fn read(roots: &Roots, path: &Path, name: &str) -> Result<String, TemplateError> {
    roots.text(path, LARGEST).map_err(|error| match error {
        SourceError::Io(error) if matches!(Refusal::from_error(&error), Some(Refusal::TooLarge { .. })) => {
            TemplateError::Large { name: name.to_owned() }
        }
        error => error.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("x.hbs"), "FROM {{base}}\nRUN {{nothing}}\n").unwrap();
        let error = Templates::new(&Roots::for_project(folder.path()), CancellationToken::new())
            .render(&Template::Project(Path::new("x.hbs")), Manager::Apt, &serde_json::json!({ "base": "b" }))
            .unwrap_err();
        assert!(matches!(error, TemplateError::Render { .. }), "{error}");
    }

    #[test]
    fn every_manager_installs() {
        let nowhere = Path::new("/nonexistent");
        for manager in Manager::ALL {
            for (packages, ca) in [(vec![], true), (vec!["a", "b"], true), (vec!["a"], false)] {
                let count = packages.len();
                let values = serde_json::json!({
                    "project": "x", "platform": "y", "base": "z", "packages": packages, "ca": ca,
                });
                let text = Templates::new(&Roots::for_project(nowhere), CancellationToken::new())
                    .render(&Template::BuiltIn("builder.hbs"), manager, &values)
                    .unwrap_or_else(|error| panic!("{manager:?}: {error}"));
                assert_eq!(text.lines().filter(|line| matches!(line.trim(), "a \\" | "b \\")).count(), count, "{text}");
                assert_eq!(text.contains("RUN "), count > 0, "{text}");
                // Nothing is fetched by rpm alone, which needs no certificates.
                let trusts = ca && count > 0 && manager != Manager::Rpm;
                assert_eq!(text.contains("/run/trust"), trusts, "{text}");
            }
        }
    }

    #[test]
    fn every_file_of_dockerfiles_is_compiled_in() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dockerfiles");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "README.md")
            .collect();
        files.sort();
        let known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        assert_eq!(files, known);
    }
}
