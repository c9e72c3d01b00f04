//! The step of an image: its names, labels and what it needs.

mod all;
pub(crate) mod context;
mod unused;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{AccountKind, Asked, GOAL, ImageWork, Start};
use crate::{
    names::Sha256,
    plan::{
        ContextFile, ContextSource, Inputs, Step,
        assess::COMMIT,
        dockerfile::Template,
        label,
        make::odd::slips,
        maker::{Made, Maker, PlanError},
    },
    recipe::{Image, ImageSource},
    source::git::Parts,
    util::toml::Issue,
    work::{Work, wheels::OwnFiles},
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

/// The label of what it is for (OCI image-spec, annotations).
const DESCRIPTION: &str = "org.opencontainers.image.description";

/// The label of the commit (OCI image-spec, annotations).
const REVISION: &str = "org.opencontainers.image.revision";

/// What an image's names and labels depend on. Its commit has a word of its own: it is no reason for anything.
fn put_on(labels: &BTreeMap<String, String>, tags: &[String]) -> Inputs {
    let mut inputs = Inputs::from([("tag".to_owned(), tags.join(" "))]);
    for (name, value) in labels.iter().filter(|(name, _)| *name != label::TAGS) {
        let word = if name == REVISION { COMMIT.to_owned() } else { format!("label {name}") };
        inputs.insert(word, value.clone());
    }
    inputs
}

impl Maker<'_> {
    pub(crate) fn tags(&self, image: &Image) -> Vec<String> {
        let tag = &self.context.release.tag;
        let mut tags = vec![format!("{}:{}-{tag}", image.repository, self.platform.id)];
        if self.recipe.project.official.as_ref() == Some(&self.platform.id) {
            tags.push(format!("{}:{tag}", image.repository));
        }
        tags
    }

    pub(crate) fn image(&self, image: &Image, wheels: Option<&Step>) -> Result<Step, PlanError> {
        let parent = match &image.from {
            ImageSource::Base => None,
            ImageSource::Image(name) => self.recipe.images.iter().find(|candidate| candidate.name == *name),
        };
        let above = parent.map(|parent| self.made_of(parent.name.as_str())).unwrap_or_default();
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
        let time = [above.time, listed.time, self.time_of_template(image), self.time_of_wheels(wheels)]
            .into_iter()
            .flatten()
            .max();
        let epoch = self.context.times.latest(&[time]);
        let values = self.values(image, &files, wheels.is_some(), base, &from, epoch)?;
        let template = match &image.dockerfile {
            Some(path) => Template::Project(path),
            None => Template::BuiltIn("python-app.hbs"),
        };
        let (dockerfile, digest) = self.rendered(&template, &values)?;
        inputs.insert("Dockerfile".to_owned(), digest.to_string());
        if let Some(parent) = parent {
            inputs.insert(format!("Dockerfile of {}", parent.name), above.dockerfiles.clone());
        }
        let mut doubts = self.unused(image, &values, &dockerfile)?;
        doubts.extend(listed.heard.doubts.iter().cloned());
        let odd = slips(&image.contents, &self.taken(&image.contents)?, &image.allow);
        doubts.extend(odd.into_iter().map(|slip| slip.issue));
        let tags = self.tags(image);
        // What an image says of itself is inherited; it is put on anew, because the parent may have got another one since.
        let mut own = above.labels;
        own.extend(image.labels.clone());
        if !image.description.is_empty() {
            own.insert(DESCRIPTION.to_owned(), image.description.clone());
        }
        let made = Made {
            time,
            dockerfiles: Sha256::of(format!("{digest} {}", above.dockerfiles)).to_string(),
            labels: own.clone(),
        };
        self.made.borrow_mut().insert(image.name.to_string(), made);
        let labels = self.labels(image, own, &tags, &parent_name, epoch);
        doubts.extend(overwritten(image, &labels));
        let mut needs = vec![parent_step.clone()];
        needs.extend(wheels.map(|step| step.id.clone()));
        let seed = match &self.recipe.python {
            Some(_) if self.wants_pip(image) => self.platform.python.seed.as_ref().map(|_| self.id("seed")),
            _ => None,
        };
        needs.extend(seed.clone());
        // Its configuration is that of the base, too, which is no part of a parent's layers.
        if parent.is_some() {
            needs.push(self.id("base"));
        }
        let put_on = put_on(&labels, &tags);
        let work = ImageWork {
            dockerfile,
            files,
            wheels: wheels.map(|step| step.id.clone()),
            seed,
            parent: parent_step,
            parent_name,
            tags: tags.clone(),
            labels,
            epoch,
            name: image.name.clone(),
            allow: image.allow.clone(),
            homes: image.users.iter().map(|user| user.home.clone()).collect(),
            host: self.host(),
            accounts: self.asked(image),
            is_own: image.dockerfile.is_some(),
            start: self.start(image),
            prefix: self.recipe.python.as_ref().map(|python| python.prefix.clone()),
            workdir: image.workdir.clone(),
        };
        let title = format!("image {}", tags[0]);
        let mut step = self.step(image.name.as_str(), title, Work::Image(Box::new(work)), inputs);
        step.labels = put_on;
        step.needs = needs;
        step.doubts = doubts;
        step.holdings.clone_from(&listed.holdings);
        step.unread = listed.heard.unread(&self.context.release.version, &self.recipe.project.allow);
        step.notes.clone_from(&listed.notes);
        step.wanted = self.wants(GOAL);
        Ok(step)
    }

    /// Whether something goes into the image's virtualenv.
    pub(crate) fn wants_pip(&self, image: &Image) -> bool {
        self.recipe.python.is_some() && (self.requirements(image).is_some() || !image.python.is_empty())
    }

    /// When the templates that make its Dockerfile were changed, where they are the project's.
    fn time_of_template(&self, image: &Image) -> Option<i64> {
        let install = format!("install-{}.hbs", self.platform.manager.as_str());
        let own =
            |name: &str| Some(format!("dockerfiles/{name}")).filter(|path| self.context.roots.is_file(Path::new(path)));
        let mut parts = Parts::default();
        parts.files.extend(own(&install).map(PathBuf::from));
        match &image.dockerfile {
            Some(path) => parts = parts.with_file(path),
            None => parts
                .files
                .extend(["python-app.hbs", "virtualenv.py"].iter().filter_map(|name| own(name)).map(PathBuf::from)),
        }
        self.context.times.last(&format!("templates {:?}", parts.files), || parts)
    }

    /// When the requirements were changed that its wheels are of, and folders among them.
    fn time_of_wheels(&self, wheels: Option<&Step>) -> Option<i64> {
        let Some(Step { work: Work::Wheels(work), specifiers, .. }) = wheels else { return None };
        let mut parts = Parts::default();
        parts.files.extend(specifiers.keys().map(PathBuf::from));
        // Sources have commits of their own.
        for own in work.own.iter().filter(|own| !own.path.as_os_str().as_encoded_bytes().starts_with(b"@")) {
            match &own.files {
                OwnFiles::Folder(files) => {
                    self.add_files(&mut parts, files);
                    parts.folders.insert(own.path.clone());
                }
                OwnFiles::Sdist { path, .. } | OwnFiles::Wheel { path, .. } => {
                    parts.files.extend(self.context.times.own(path));
                }
            }
        }
        for (_, path, _) in work.links.iter().flat_map(|links| &links.files) {
            parts.files.extend(self.context.times.own(path));
        }
        self.context.times.last(&format!("wheels {:?} {:?}", parts.files, parts.folders), || parts)
    }

    /// Adds the project's own files among those of a context.
    pub(crate) fn add_files(&self, parts: &mut Parts, files: &[ContextFile]) {
        for file in files {
            if let ContextSource::File(path, _) = &file.source {
                parts.files.extend(self.context.times.own(path));
            }
        }
    }

    /// The accounts that an image names and that neither it nor an image below it makes.
    pub(crate) fn asked(&self, image: &Image) -> Vec<Asked> {
        let mut made = BTreeSet::new();
        let mut next = Some(image);
        while let Some(image) = next {
            made.extend(image.users.iter().map(|user| user.name.as_str()));
            next = match &image.from {
                ImageSource::Base => None,
                ImageSource::Image(name) => self.recipe.images.iter().find(|candidate| candidate.name == *name),
            };
        }
        let user = image.user.as_ref().zip(image.places.get("user")).map(|(user, place)| (user.parts(), place));
        let user = user.map(|((user, group), at)| (Some(user), group, [at, at]));
        let owners = image.contents.iter().map(|one| &one.info);
        let owners = owners.map(|one| (one.owner.clone(), one.group.clone(), [&one.owner_at, &one.group_at]));
        let mut asked: Vec<Asked> = Vec::new();
        for (user, group, [user_at, group_at]) in user.into_iter().chain(owners) {
            for (kind, name, at) in [(AccountKind::User, user, user_at), (AccountKind::Group, group, group_at)] {
                let Some(name) =
                    name.filter(|name| !name.is_number() && !name.is_root() && !made.contains(name.as_str()))
                else {
                    continue;
                };
                if !asked.iter().any(|one| (one.kind, &one.name) == (kind, &name)) {
                    asked.push(Asked { kind, name, at: at.clone() });
                }
            }
        }
        asked
    }

    /// The program that an image starts with, where the recipe names its path, or a word that is looked for in `PATH`. What a command of an image is to an entrypoint that
    /// comes from elsewhere is not known.
    fn start(&self, image: &Image) -> Option<Start> {
        let of = |image: &Image, key: &'static str, words: &[String]| {
            let program = words.first().filter(|word| word.starts_with('/') || !word.contains('/'))?;
            let arguments = words.iter().skip(1).cloned().collect();
            Some(Start { program: program.clone(), arguments, at: image.places.get(key)?.clone() })
        };
        if !image.entrypoint.is_empty() {
            let words: Vec<String> = image.entrypoint.iter().chain(&image.cmd).cloned().collect();
            return of(image, "entrypoint", &words);
        }
        let mut next = Some(image);
        while let Some(above) = next {
            if above.dockerfile.is_some() || !above.entrypoint.is_empty() {
                return None;
            }
            next = match &above.from {
                ImageSource::Base => None,
                ImageSource::Image(name) => self.recipe.images.iter().find(|candidate| candidate.name == *name),
            };
        }
        of(image, "cmd", &image.cmd)
    }

    /// The user that an image runs as: its own, else that of the image it is made from.
    pub(crate) fn user(&self, image: &Image) -> Option<String> {
        if let Some(user) = &image.user {
            return Some(user.to_string());
        }
        let ImageSource::Image(parent) = &image.from else { return None };
        self.recipe.images.iter().find(|candidate| candidate.name == *parent).and_then(|parent| self.user(parent))
    }

    fn labels(
        &self,
        image: &Image,
        mut labels: BTreeMap<String, String>,
        tags: &[String],
        parent: &str,
        epoch: i64,
    ) -> BTreeMap<String, String> {
        let project = &self.recipe.project;
        let mut put = |name: &str, value: &str| {
            if !value.is_empty() {
                labels.insert(name.to_owned(), value.to_owned());
            }
        };
        put("org.opencontainers.image.title", image.repository.as_str());
        put("org.opencontainers.image.version", self.context.release.tag.as_str());
        put(REVISION, &self.context.revision);
        put("org.opencontainers.image.created", &crate::util::clock::rfc3339(epoch));
        put("org.opencontainers.image.base.name", parent);
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
