//! From a resolved recipe to steps: one file for each kind of work.

mod context;
mod image;
mod package;
mod wheels;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    BaseWork, ContextFile, ContextSource, Inputs, Plan, QuirksWork, Step, TemplateError, Templates, Work,
    dockerfile::Template, step::key_of,
};
use crate::{
    event::StepId,
    names::Sha256,
    platform::{Platform, Quirk},
    recipe::{Recipe, Release},
    source::{project::SourceError, roots::Roots},
};

/// What a plan depends on beside the recipe.
#[derive(Debug, Clone)]
pub struct PlanContext {
    /// The project's folder, absolute.
    pub project: PathBuf,
    /// Where the recipe's paths are.
    pub roots: Roots,
    /// A digest of that folder's place: the owner of what is made in the daemon.
    pub home: String,
    /// The release.
    pub release: Release,
    /// Time of artefacts.
    pub epoch: i64,
    /// The commit of the checkout; empty outside git.
    pub revision: String,
    /// The engine's machine, `x86_64`.
    pub machine: String,
    /// Whether a CA bundle goes into builds (`FACTORY_CA_BUNDLE`). Its contents are no input: a build that succeeds gives
    /// the same whatever it trusts.
    pub ca: bool,
    /// The index that the environment names (`PIP_INDEX_URL`) without its userinfo; it wins over the recipe's.
    pub index_url: Option<String>,
    /// The same of `PIP_EXTRA_INDEX_URL`.
    pub extra_index_urls: Option<Vec<String>>,
    /// Folders of the project that hold output: never an input.
    pub except: Vec<PathBuf>,
    /// What is wanted.
    pub want: Want,
}

/// What a run is asked to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Everything.
    All,
    /// Wheels only.
    Wheels,
    /// Images, and the wheels that they need.
    Images,
    /// Packages, and what they need.
    Packages,
    /// Base images only: needs no file of the project or of a source.
    Bases,
}

/// Why a plan could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A file of the project.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A file that the recipe names.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The platform takes packages that are not written yet.
    #[error(
        "{platform} takes {format} packages, which factory does not write yet: only wheels and images are built for it"
    )]
    Format {
        /// The platform's id.
        platform: String,
        /// Its format.
        format: &'static str,
    },
    /// The platform has no word for the engine's machine.
    #[error("{platform} has no packages for {machine} machines: it knows {known}")]
    Machine {
        /// The platform's id.
        platform: String,
        /// The engine's machine.
        machine: String,
        /// What it knows.
        known: String,
    },
}

/// The steps of one platform, added to `plan`.
///
/// # Errors
/// [`PlanError`].
pub fn make(plan: &mut Plan, recipe: &Recipe, platform: &Platform, context: &PlanContext) -> Result<(), PlanError> {
    let maker = Maker { recipe, platform, context, templates: Templates::of(&context.project, &context.roots) };
    plan.steps.push(maker.base()?);
    if context.want == Want::Bases {
        return Ok(());
    }
    if let Some(python) = &recipe.python {
        plan.steps.push(maker.builder(python)?);
        plan.steps.extend(maker.seed(python)?);
    }
    for image in &recipe.images {
        let wheels = maker.wheels(image)?;
        let step = maker.image(image, wheels.as_ref())?;
        plan.steps.extend(wheels);
        plan.steps.push(step);
    }
    for package in &recipe.packages {
        plan.steps.push(maker.package(package)?);
    }
    Ok(())
}

struct Maker<'a> {
    recipe: &'a Recipe,
    platform: &'a Platform,
    context: &'a PlanContext,
    templates: Templates,
}

impl Maker<'_> {
    fn id(&self, name: &str) -> StepId {
        StepId::new(&self.platform.id, name)
    }

    fn step(&self, name: &str, title: String, work: Work, inputs: Inputs) -> Step {
        let origin = |word: &String| Some((word.clone(), self.context.roots.origin(word)?));
        Step {
            origins: inputs.keys().filter_map(origin).collect(),
            id: self.id(name),
            platform: self.platform.id.clone(),
            title,
            work,
            inputs,
            needs: Vec::new(),
            uses: Vec::new(),
            wanted: false,
        }
    }

    /// The name under which this platform's base image stands in Dockerfiles: one per way of making it, shared by all
    /// projects on the daemon.
    fn base_name(&self) -> (String, Inputs) {
        let mut inputs = Inputs::new();
        let image = whole_reference(self.recipe.base.image.as_ref().unwrap_or(&self.platform.base.image));
        inputs.insert("base image".to_owned(), image);
        inputs.insert("base.bootstrap".to_owned(), json_word(&self.recipe.base.bootstrap));
        inputs.insert("bootstrap".to_owned(), serde_json::json!(self.platform.base.bootstrap).to_string());
        inputs.insert("quirks".to_owned(), serde_json::json!(self.platform.base.quirks).to_string());
        inputs.insert("base.mirror".to_owned(), self.recipe.base.mirror.clone().unwrap_or_default());
        let digest = key_of("base name", &inputs, &BTreeMap::new());
        (format!("factory.local/base:{}-{}", self.platform.id, digest.short()), inputs)
    }

    fn base(&self) -> Result<Step, PlanError> {
        let (local, mut inputs) = self.base_name();
        let image = inputs["base image"].clone();
        let title = format!("base image {image}");
        let quirks = self.quirks(&mut inputs)?;
        let work = BaseWork {
            image,
            local,
            mode: self.recipe.base.bootstrap,
            bootstrap: self.platform.base.bootstrap.clone(),
            mirror: self.recipe.base.mirror.clone(),
            refresh_days: self.recipe.base.refresh_days,
            quirks,
        };
        Ok(self.step("base", title, Work::Base(Box::new(work)), inputs))
    }

    /// The Dockerfile and files that change the base image; `None` where it is taken as it is.
    fn quirks(&self, inputs: &mut Inputs) -> Result<Option<QuirksWork>, PlanError> {
        let quirks = &self.platform.base.quirks;
        if quirks.is_empty() {
            return Ok(None);
        }
        let remove = |quirk: &Quirk| match &quirk.remove[..] {
            [] => Vec::new(),
            paths => ["rm", "-f", "--"].into_iter().map(str::to_owned).chain(paths.iter().cloned()).collect(),
        };
        let files: Vec<ContextFile> = quirks
            .iter()
            .flat_map(|quirk| &quirk.write)
            .map(|(path, text)| ContextFile {
                path: format!("rootfs{path}"),
                source: ContextSource::Bytes(text.clone().into_bytes()),
                mode: 0o644,
            })
            .collect();
        let values = serde_json::json!({
            "platform": self.platform.id,
            "from": QuirksWork::FROM,
            "quirks": quirks
                .iter()
                .map(|quirk| serde_json::json!({ "reason": quirk.reason, "remove": remove(quirk) }))
                .collect::<Vec<_>>(),
            "writes": !files.is_empty(),
            "ca": false,
        });
        let template = Template::BuiltIn("base.hbs");
        let dockerfile = self.templates.render(&template, self.platform.manager, &values)?;
        inputs.insert("base.hbs".to_owned(), Sha256::of(&dockerfile).to_string());
        Ok(Some(QuirksWork { dockerfile, files }))
    }

    fn digest_rendered(&self, template: &Template<'_>, values: &serde_json::Value) -> Result<String, PlanError> {
        let mut values = values.clone();
        values["ca"] = false.into();
        Ok(Sha256::of(self.templates.render(template, self.platform.manager, &values)?).to_string())
    }

    fn digest_file(&self, path: &Path) -> Result<String, PlanError> {
        Ok(crate::util::files::digest(&self.context.roots.file(path)?)?.0.to_string())
    }
}

/// An image's reference as the daemon lists it: with `:latest` where nothing is said.
fn whole_reference(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.contains([':', '@']) { image.to_owned() } else { format!("{image}:latest") }
}

fn json_word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::whole_reference;

    #[test]
    fn a_reference_without_a_tag_is_the_latest() {
        for (given, whole) in [
            ("debian", "debian:latest"),
            ("debian:12", "debian:12"),
            ("r.example.org:5000/x", "r.example.org:5000/x:latest"),
            ("x@sha256:00", "x@sha256:00"),
        ] {
            assert_eq!(whole_reference(given), whole);
        }
    }
}
