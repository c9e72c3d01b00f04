//! From a resolved recipe to steps.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    BaseWork, BuilderWork, ContextFile, ContextSource, ImageWork, Inputs, PackageWork, Plan, Step, TemplateError,
    Templates, WheelsWork, Work, context::digest_into, dockerfile::Template, label, step::key_of,
};
use crate::{
    event::StepId,
    names::{ArchName, Sha256},
    platform::Platform,
    recipe::{Content, ContentKind, Image, ImageSource, Package, PythonApp, Recipe, Release},
    source::{
        project::{self, SourceError},
        requirements,
    },
};

/// What a plan depends on beside the recipe.
#[derive(Debug, Clone)]
pub struct PlanContext {
    /// The project's folder, absolute.
    pub project: PathBuf,
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
    let maker = Maker { recipe, platform, context, templates: Templates::of(&context.project) };
    let base = maker.base();
    plan.steps.push(base.clone());
    if let Some(python) = &recipe.python {
        let builder = maker.builder(python)?;
        plan.steps.push(builder);
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
        Step {
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
        let image = self.recipe.base.image.clone().unwrap_or_else(|| self.platform.base.image.clone());
        inputs.insert("base image".to_owned(), image);
        inputs.insert("base.bootstrap".to_owned(), json_word(&self.recipe.base.bootstrap));
        inputs.insert("bootstrap".to_owned(), serde_json::json!(self.platform.base.bootstrap).to_string());
        inputs.insert("base.mirror".to_owned(), self.recipe.base.mirror.clone().unwrap_or_default());
        let digest = key_of("base name", &inputs, &BTreeMap::new());
        (format!("factory.local/base:{}-{}", self.platform.id, digest.short()), inputs)
    }

    fn base(&self) -> Step {
        let (local, inputs) = self.base_name();
        let image = inputs["base image"].clone();
        let title = format!("base image {image}");
        let work = BaseWork {
            image,
            local,
            mode: self.recipe.base.bootstrap,
            bootstrap: self.platform.base.bootstrap.clone(),
            mirror: self.recipe.base.mirror.clone(),
        };
        self.step("base", title, Work::Base(work), inputs)
    }

    fn builder_packages(&self, python: &PythonApp) -> Vec<String> {
        let own = &self.platform.python;
        let all = own.packages.iter().chain(&own.tools).chain(&own.builder).chain(&python.build_packages);
        all.collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }

    fn builder(&self, python: &PythonApp) -> Result<Step, PlanError> {
        let values = serde_json::json!({
            "project": self.recipe.project.name,
            "platform": self.platform.id,
            "base": self.base_name().0,
            "packages": self.builder_packages(python),
            "ca": self.context.ca,
        });
        let dockerfile = self.templates.render(&Template::BuiltIn("builder.hbs"), self.platform.family, &values)?;
        let mut inputs = Inputs::new();
        inputs.insert("builder packages".to_owned(), self.builder_packages(python).join(" "));
        inputs.insert("builder.hbs".to_owned(), self.without_ca("builder.hbs", &values)?);
        let tag = format!(
            "factory.local/{}/builder:{}-{}",
            self.recipe.project.name,
            self.platform.id,
            &self.context.home[..12.min(self.context.home.len())]
        );
        // A checkout that moved has another name for it; the wheels, which do not depend on it, stay.
        inputs.insert("tag".to_owned(), tag.clone());
        let mut step =
            self.step("builder", "wheel builder".to_owned(), Work::Builder(BuilderWork { dockerfile, tag }), inputs);
        step.needs.push(self.id("base"));
        Ok(step)
    }

    /// The digest of a rendered template as it is without a CA bundle, which is no input.
    fn without_ca(&self, template: &'static str, values: &serde_json::Value) -> Result<String, PlanError> {
        self.digest_rendered(&Template::BuiltIn(template), values)
    }

    fn digest_rendered(&self, template: &Template<'_>, values: &serde_json::Value) -> Result<String, PlanError> {
        let mut values = values.clone();
        values["ca"] = false.into();
        Ok(Sha256::of(self.templates.render(template, self.platform.family, &values)?).to_string())
    }

    /// The requirements set of an image: its own, else that of `[python]` where it has no parent.
    fn requirements<'r>(&'r self, image: &'r Image) -> Option<&'r PathBuf> {
        let own = image.requirements.as_ref();
        let root = || match image.from {
            ImageSource::Base => self.recipe.python.as_ref().map(|python| &python.requirements),
            ImageSource::Image(_) => None,
        };
        if image.dockerfile.is_some() { own } else { own.or_else(root) }
    }

    /// The requirements files of an image's ancestors, nearest first.
    fn inherited_requirements(&self, image: &Image) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut at = image;
        while let ImageSource::Image(parent) = &at.from {
            let Some(next) = self.recipe.images.iter().find(|candidate| candidate.name == *parent) else { break };
            found.extend(self.requirements(next).cloned());
            at = next;
        }
        found
    }

    fn wheels(&self, image: &Image) -> Result<Option<Step>, PlanError> {
        let (Some(python), Some(requirements_file)) = (&self.recipe.python, self.requirements(image)) else {
            return Ok(None);
        };
        let own = &self.platform.python;
        let mut constraints = python.constraints.clone();
        constraints.extend(self.inherited_requirements(image));
        let index_url = self.context.index_url.clone().or_else(|| python.index_url.clone());
        let extra_index_urls = match &self.context.extra_index_urls {
            Some(urls) => urls.clone(),
            None => python.extra_index_urls.clone(),
        };
        let mut inputs = Inputs::new();
        let first: Vec<PathBuf> = std::iter::once(requirements_file).chain(&constraints).cloned().collect();
        for (path, text) in requirements::closure(&self.context.project, &first)? {
            inputs.insert(path.display().to_string(), Sha256::of(text).to_string());
        }
        for (name, value) in [
            ("python.no_binary", python.no_binary.join(" ")),
            ("python.index_url", index_url.clone().unwrap_or_default()),
            ("python.extra_index_urls", extra_index_urls.join(" ")),
            ("interpreter", format!("{} {} {}", own.interpreter, own.version, own.abi)),
            ("machine", format!("{} {}", self.context.machine, own.libc)),
            ("platform", self.platform.id.to_string()),
            ("builder packages", self.builder_packages(python).join(" ")),
        ] {
            inputs.insert(name.to_owned(), value);
        }
        let builder = self.builder(python)?;
        let Work::Builder(BuilderWork { tag, .. }) = &builder.work else { return Ok(None) };
        let name = format!("wheels-{}", image.name);
        let key = key_of("wheels 1", &inputs, &BTreeMap::new());
        let work = WheelsWork {
            requirements: requirements_file.clone(),
            requirements_name: requirements_file.display().to_string(),
            constraints,
            no_binary: python.no_binary.clone(),
            index_url,
            extra_index_urls,
            python: own.clone(),
            builder: tag.clone(),
            key,
        };
        let title = format!("wheels of {}", requirements_file.display());
        let mut step = self.step(&name, title, Work::Wheels(Box::new(work)), inputs);
        step.uses.push(builder.id);
        step.wanted = matches!(self.context.want, Want::All | Want::Wheels);
        Ok(Some(step))
    }

    fn digest_file(&self, path: &Path) -> Result<String, PlanError> {
        Ok(crate::util::files::digest(&self.context.project.join(path))?.0.to_string())
    }

    fn tags(&self, image: &Image) -> Vec<String> {
        let tag = &self.context.release.tag;
        let mut tags = vec![format!("{}:{}-{tag}", image.repository, self.platform.id)];
        if self.recipe.project.official.as_ref() == Some(&self.platform.id) {
            tags.push(format!("{}:{tag}", image.repository));
        }
        tags
    }

    fn image(&self, image: &Image, wheels: Option<&Step>) -> Result<Step, PlanError> {
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
        let mut inputs = Inputs::new();
        let files = self.context_files(image, &mut inputs)?;
        let values = self.values(image, &files, wheels.is_some(), &base, &from);
        let template = match &image.dockerfile {
            Some(path) => Template::Project(path),
            None => Template::BuiltIn("python-app.hbs"),
        };
        let dockerfile = self.templates.render(&template, self.platform.family, &values)?;
        inputs.insert("Dockerfile".to_owned(), self.digest_rendered(&template, &values)?);
        let tags = self.tags(image);
        let labels = self.labels(image, &tags);
        inputs.insert("tag".to_owned(), tags.join(" "));
        inputs.insert("commit".to_owned(), self.context.revision.clone());
        inputs.insert("labels".to_owned(), Sha256::of(serde_json::json!(labels).to_string()).to_string());
        let mut needs = vec![parent_step.clone()];
        needs.extend(wheels.map(|step| step.id.clone()));
        if parent.is_some() && !self.python_tools(image).is_empty() {
            needs.push(self.id("base"));
        }
        let work = ImageWork {
            dockerfile,
            files,
            wheels: wheels.map(|step| step.id.clone()),
            parent: parent_step,
            parent_name,
            tags: tags.clone(),
            labels,
        };
        let title = format!("image {}", tags[0]);
        let mut step = self.step(image.name.as_str(), title, Work::Image(Box::new(work)), inputs);
        step.needs = needs;
        step.wanted = matches!(self.context.want, Want::All | Want::Images);
        Ok(step)
    }

    /// The OS packages of pip, where the image needs pip at all.
    fn python_tools(&self, image: &Image) -> Vec<String> {
        if self.recipe.python.is_some() && (self.requirements(image).is_some() || !image.python.is_empty()) {
            self.platform.python.tools.clone()
        } else {
            Vec::new()
        }
    }

    /// Files of the context: `app/<n>/` for Python folders, `rootfs/` for contents, `scripts/`.
    fn context_files(&self, image: &Image, inputs: &mut Inputs) -> Result<Vec<ContextFile>, PlanError> {
        let mut all = Vec::new();
        for (number, folder) in image.python.iter().enumerate() {
            let found = project::files(&self.context.project.join(folder), &self.context.except)?;
            let files: Vec<ContextFile> = found
                .iter()
                .map(|file| ContextFile::of_project(format!("app/{number}/{}", file.relative), file))
                .collect();
            digest_into(inputs, &format!("python folder {}", folder.display()), &files);
            all.extend(files);
        }
        for content in &image.contents {
            let files = self.content_files(content)?;
            digest_into(inputs, &format!("contents {}", content.dst), &files);
            all.extend(files);
        }
        if !self.python_tools(image).is_empty() {
            let text = self.templates.text("virtualenv.py")?;
            let script = ContextFile {
                path: "scripts/virtualenv.py".to_owned(),
                source: ContextSource::Bytes(text.into_bytes()),
                mode: 0o644,
            };
            digest_into(inputs, "virtualenv.py", std::slice::from_ref(&script));
            all.push(script);
        }
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all.dedup_by(|later, earlier| later.path == earlier.path && later == earlier);
        Ok(all)
    }

    fn content_files(&self, content: &Content) -> Result<Vec<ContextFile>, PlanError> {
        let target = format!("rootfs{}", content.dst.trim_end_matches('/'));
        let entry = |path: String, source, mode| ContextFile { path, source, mode };
        match &content.kind {
            ContentKind::Dir | ContentKind::State => {
                Ok(vec![entry(target, ContextSource::Dir, content.info.mode.unwrap_or(0o755))])
            }
            ContentKind::Symlink => Ok(vec![entry(target, ContextSource::Symlink(content.src.clone()), 0o777)]),
            _ => {
                let single = self.context.project.join(&content.src).is_file();
                let found = project::matching(&self.context.project, &content.src, &self.context.except)?;
                Ok(found
                    .iter()
                    .map(|file| {
                        let path = if single { target.clone() } else { format!("{target}/{}", file.relative) };
                        let mut made = ContextFile::of_project(path, file);
                        if let (Some(mode), ContextSource::File(..)) = (content.info.mode, &made.source) {
                            made.mode = mode;
                        }
                        made
                    })
                    .collect())
            }
        }
    }

    fn values(&self, image: &Image, files: &[ContextFile], wheels: bool, base: &str, from: &str) -> serde_json::Value {
        let python = &self.platform.python;
        let tools = self.python_tools(image);
        let mut packages: BTreeSet<String> = image.packages.iter().cloned().collect();
        if !tools.is_empty() && image.from == ImageSource::Base {
            packages.extend(python.packages.iter().cloned());
        }
        let owned: Vec<Vec<String>> =
            image.contents.iter().filter_map(|content| owner_command(content, files)).collect();
        let users: Vec<serde_json::Value> = image.users.iter().map(user_commands).collect();
        let apps: Vec<usize> = (0..image.python.len()).collect();
        serde_json::json!({
            "project": self.recipe.project.name,
            "platform": self.platform.id,
            "image": image.name,
            "base": base,
            "from": from,
            "child": image.from != ImageSource::Base,
            "ca": self.context.ca,
            "packages": packages,
            "users": users,
            "contents": files.iter().any(|file| file.path.starts_with("rootfs/")),
            "owned": owned,
            "python": {
                "tools": tools,
                "apps": apps,
                "wheels": wheels,
                "pip": python.pip,
                "interpreter": python.interpreter,
                "prefix": self.recipe.python.as_ref().map_or("", |python| python.prefix.as_str()),
            },
            "env": image.env,
            "expose": image.expose,
            "workdir": image.workdir,
            "user": self.user(image),
            "entrypoint": image.entrypoint,
            "cmd": image.cmd,
        })
    }

    /// The user that an image runs as: its own, else that of the image it is made from.
    fn user(&self, image: &Image) -> Option<String> {
        if let Some(user) = &image.user {
            return Some(user.to_string());
        }
        let ImageSource::Image(parent) = &image.from else { return None };
        self.recipe.images.iter().find(|candidate| candidate.name == *parent).and_then(|parent| self.user(parent))
    }

    fn labels(&self, image: &Image, tags: &[String]) -> BTreeMap<String, String> {
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
        put(label::HOME, &self.context.home);
        put(label::TAGS, &tags.join(" "));
        labels
    }

    fn package(&self, package: &Package) -> Result<Step, PlanError> {
        let mut inputs = Inputs::new();
        inputs.insert("recipe".to_owned(), Sha256::of(serde_json::json!(package).to_string()).to_string());
        inputs.insert("version".to_owned(), self.context.release.version.to_string());
        inputs.insert("release".to_owned(), self.context.release.release.to_string());
        inputs.insert("time".to_owned(), crate::util::clock::rfc3339(self.context.epoch));
        inputs.insert("packaging".to_owned(), serde_json::json!(self.platform.package).to_string());
        let project = &self.recipe.project;
        inputs.insert("maintainer".to_owned(), project.maintainer.clone());
        inputs.insert("license".to_owned(), project.license.clone());
        inputs.insert("homepage".to_owned(), project.homepage.clone());
        inputs.insert("python".to_owned(), self.platform.python.depends.join(", "));
        for content in package.contents.iter().filter(|content| !content.in_container() && !content.src.is_empty()) {
            if content.kind == ContentKind::Symlink {
                continue;
            }
            let found = project::matching(&self.context.project, &content.src, &self.context.except)?;
            let files: Vec<ContextFile> =
                found.iter().map(|file| ContextFile::of_project(file.relative.clone(), file)).collect();
            digest_into(&mut inputs, &content.src, &files);
        }
        for file in package.copyright.license_file.iter().chain(&package.changelog) {
            inputs.insert(file.display().to_string(), self.digest_file(file)?);
        }
        let image = self.id(package.from.as_str());
        let without: Vec<StepId> = package.without.iter().map(|name| self.id(&package_step(name.as_str()))).collect();
        let work = PackageWork {
            package: package.clone(),
            image: image.clone(),
            prefix: self.recipe.python.as_ref().map(|python| python.prefix.clone()),
            python_depends: self.platform.python.depends.clone(),
            without: without.clone(),
            packaging: self.platform.package.clone(),
            arch: self.arch()?,
            release: self.context.release.clone(),
            maintainer: project.maintainer.clone(),
            license: project.license.clone(),
            homepage: project.homepage.clone(),
            epoch: self.context.epoch,
        };
        let title = format!("package {}", package.name);
        let mut step = self.step(&package_step(package.name.as_str()), title, Work::Package(Box::new(work)), inputs);
        step.needs = std::iter::once(image).chain(without).collect();
        step.wanted = matches!(self.context.want, Want::All | Want::Packages);
        Ok(step)
    }

    fn arch(&self) -> Result<ArchName, PlanError> {
        let known = &self.platform.package.arch;
        known.get(&self.context.machine).cloned().ok_or_else(|| PlanError::Machine {
            platform: self.platform.id.to_string(),
            machine: self.context.machine.clone(),
            known: known.keys().cloned().collect::<Vec<_>>().join(", "),
        })
    }
}

/// The step of a package: its name may be an image's, too.
fn package_step(name: &str) -> String {
    format!("package-{name}")
}

fn json_word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The command that gives a content its owner; `None` when it stays root's.
fn owner_command(content: &Content, files: &[ContextFile]) -> Option<Vec<String>> {
    if content.info.owner.is_none() && content.info.group.is_none() {
        return None;
    }
    let name = |name: &Option<crate::names::UserName>| name.as_ref().map_or("root", |name| name.as_str()).to_owned();
    let owner = format!("{}:{}", name(&content.info.owner), name(&content.info.group));
    let target = format!("rootfs{}", content.dst.trim_end_matches('/'));
    let below = format!("{target}/");
    let paths = files
        .iter()
        .filter(|file| file.path == target || file.path.starts_with(&below))
        .filter_map(|file| file.path.strip_prefix("rootfs").map(str::to_owned));
    Some(["chown".to_owned(), "-h".to_owned(), "--".to_owned(), owner].into_iter().chain(paths).collect())
}

/// The commands that make a user and its group. In exec form: no shell reads the recipe's words.
fn user_commands(user: &crate::names::User) -> serde_json::Value {
    let name = user.name.as_str();
    serde_json::json!({
        "groupadd": ["groupadd", "--system", name],
        "useradd": [
            "useradd", "--system", "--gid", name, "--home-dir", user.home, "--no-create-home",
            "--shell", user.shell, "--comment", user.comment, name,
        ],
    })
}
