//! The step of an image: its names, labels and what it needs.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    super::{ImageWork, Step, Work, dockerfile::Template, label},
    Maker, PlanError, Want,
};
use crate::{
    names::Sha256,
    recipe::{Image, ImageSource},
    util::toml::Issue,
};

/// Labels that say what an image is made from: known once it is built.
const OF_BASE: [&str; 2] = ["org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"];

/// The labels of an image's table that get another value, because this program knows it.
fn overwritten(image: &Image, labels: &BTreeMap<String, String>) -> Vec<Issue> {
    let Some(place) = image.places.get("labels") else { return Vec::new() };
    let others = image.labels.iter().filter(|(name, value)| {
        OF_BASE.contains(&name.as_str()) || labels.get(*name).is_some_and(|label| label != *value)
    });
    let issue = |(name, _): (&String, &String)| {
        let message = format!("the label `{name}` of the image `{}` is not used: factory says it itself", image.name);
        Issue::new(place, message).help("leave it out")
    };
    others.map(issue).collect()
}

impl Maker<'_> {
    pub(super) fn tags(&self, image: &Image) -> Vec<String> {
        let tag = &self.context.release.tag;
        let mut tags = vec![format!("{}:{}-{tag}", image.repository, self.platform.id)];
        if self.recipe.project.official.as_ref() == Some(&self.platform.id) {
            tags.push(format!("{}:{tag}", image.repository));
        }
        tags
    }

    pub(super) fn image(&self, image: &Image, wheels: Option<&Step>) -> Result<Step, PlanError> {
        let parent = match &image.from {
            ImageSource::Base => None,
            ImageSource::Image(name) => self.recipe.images.iter().find(|candidate| candidate.name == *name),
        };
        let (base, base_inputs) = self.base_name();
        let (parent_step, from, parent_name) = match parent {
            None => (self.id("base"), base.clone(), base_inputs["base image"].clone()),
            Some(parent) => {
                let first = self.tags(parent).remove(0);
                (self.id(parent.name.as_str()), first.clone(), first)
            }
        };
        let listed = self.context_files(image)?;
        let (files, mut inputs) = (Arc::clone(&listed.files), listed.inputs.clone());
        let values = self.values(image, &files, wheels.is_some(), base, &from)?;
        let template = match &image.dockerfile {
            Some(path) => Template::Project(path),
            None => Template::BuiltIn("python-app.hbs"),
        };
        let (dockerfile, digest) = self.rendered(&template, &values)?;
        inputs.insert("Dockerfile".to_owned(), digest.to_string());
        let mut doubts = self.unused(image, &values, &dockerfile);
        let tags = self.tags(image);
        let labels = self.labels(image, &tags);
        doubts.extend(overwritten(image, &labels));
        inputs.insert("tag".to_owned(), tags.join(" "));
        inputs.insert("commit".to_owned(), self.context.revision.clone());
        inputs.insert("labels".to_owned(), Sha256::of(serde_json::json!(labels).to_string()).to_string());
        let mut needs = vec![parent_step.clone()];
        needs.extend(wheels.map(|step| step.id.clone()));
        let seed = match &self.recipe.python {
            Some(_) if self.wants_pip(image) => self.platform.python.seed.as_ref().map(|_| self.id("seed")),
            _ => None,
        };
        needs.extend(seed.clone());
        if parent.is_some() && self.wants_pip(image) {
            needs.push(self.id("base"));
        }
        let work = ImageWork {
            dockerfile,
            files,
            wheels: wheels.map(|step| step.id.clone()),
            seed,
            parent: parent_step,
            parent_name,
            tags: tags.clone(),
            labels,
            name: image.name.clone(),
            allow: image.allow.clone(),
            host: self.host(),
        };
        let title = format!("image {}", tags[0]);
        let mut step = self.step(image.name.as_str(), title, Work::Image(Box::new(work)), inputs);
        step.needs = needs;
        step.doubts = doubts;
        step.notes.clone_from(&listed.notes);
        step.wanted = matches!(self.context.want, Want::All | Want::Images);
        Ok(step)
    }

    /// Whether something goes into the image's virtualenv.
    pub(super) fn wants_pip(&self, image: &Image) -> bool {
        self.recipe.python.is_some() && (self.requirements(image).is_some() || !image.python.is_empty())
    }

    /// The user that an image runs as: its own, else that of the image it is made from.
    pub(super) fn user(&self, image: &Image) -> Option<String> {
        if let Some(user) = &image.user {
            return Some(user.to_string());
        }
        let ImageSource::Image(parent) = &image.from else { return None };
        self.recipe.images.iter().find(|candidate| candidate.name == *parent).and_then(|parent| self.user(parent))
    }

    pub(super) fn labels(&self, image: &Image, tags: &[String]) -> BTreeMap<String, String> {
        let project = &self.recipe.project;
        let mut labels = image.labels.clone();
        let mut put = |name: &str, value: &str| {
            if !value.is_empty() {
                labels.insert(name.to_owned(), value.to_owned());
            }
        };
        put("org.opencontainers.image.title", image.repository.as_str());
        put("org.opencontainers.image.description", &image.description);
        put("org.opencontainers.image.version", self.context.release.tag.as_str());
        put("org.opencontainers.image.revision", &self.context.revision);
        put("org.opencontainers.image.created", &crate::util::clock::rfc3339(self.context.epoch));
        put("org.opencontainers.image.licenses", &project.license);
        put("org.opencontainers.image.vendor", &project.maintainer);
        put("org.opencontainers.image.url", &project.homepage);
        put(label::PROJECT, project.name.as_str());
        put(label::KIND, "image");
        put(label::STEP, self.id(image.name.as_str()).as_str());
        put(label::TAGS, &tags.join(" "));
        labels
    }
}
