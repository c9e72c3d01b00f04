//! The step of a package.

mod all;
mod owners;
mod units;

use std::{collections::BTreeSet, path::Path, sync::Arc};

use super::{Foretold, FromImage, GOAL, PackageWork};
use crate::{
    event::StepId,
    format::facts::{Codec, PackageFormat},
    names::{ArchName, Concern, ImageName, PackageName, Sha256, UserName},
    plan::{
        ContextSource, Holdings, Inputs, Step, Unmade,
        context::{as_they_are, digest_into, hold_into},
        make::odd::{Slip, slips},
        maker::{Made, Maker, PlanError},
    },
    platform::Host,
    recipe::{Asked, Content, ContentKind, ImageSource, Package, hierarchy::odd},
    source::{
        git::Parts,
        listing::Files,
        project::{SourceFile, SourceKind},
    },
    util::{allowance::covers, pattern},
    work::{Work, image::plan::context::of_ignored},
};

/// What a package takes of the project.
#[derive(Debug, Default)]
struct Gathered {
    parts: Parts,
    /// What is said of it.
    notes: Vec<String>,
    /// What the folders among it hold.
    holdings: Holdings,
}

impl Maker<'_> {
    /// What is made of a package on this platform.
    pub(crate) fn formats(&self, package: &Package) -> Vec<(PackageFormat, Codec)> {
        let own = &self.platform.package;
        let is_written = own.native().is_some_and(|native| native.is_written);
        let here = |(format, codec): Asked| match codec {
            Some(codec) => Some((format, codec)),
            None => (format == own.format && is_written).then_some((format, own.codec)),
        };
        let asked = if package.formats.is_empty() { vec![(own.format, None)] } else { package.formats.clone() };
        asked.into_iter().filter_map(here).collect()
    }

    /// What of a package its formats do not all hold.
    fn not_held(&self, package: &Package) -> Option<String> {
        let made = self.formats(package);
        let bare = made.iter().find(|(format, _)| format.facts().is_bare)?.0;
        let needs = [&package.pre_depends, &package.depends, &package.recommends, &package.enhances];
        let refuses = [&package.conflicts, &package.breaks, &package.replaces];
        let mut relations = needs.into_iter().chain(refuses);
        let scripts = &package.scripts;
        let scripts = [&scripts.preinstall, &scripts.postinstall, &scripts.preremove, &scripts.postremove];
        let lost: Vec<&str> = [
            (relations.any(|list| !list.is_empty()), "relations"),
            (!package.users.is_empty(), "users"),
            (
                package.contents.iter().any(|content| matches!(content.kind, ContentKind::Service(_))),
                "starting of units",
            ),
            (scripts.iter().any(|script| !script.is_empty()), "scripts"),
        ]
        .into_iter()
        .filter_map(|(is_given, word)| is_given.then_some(word))
        .collect();
        let (name, format) = (&package.name, bare.as_str());
        (!lost.is_empty()).then(|| format!("{name}: its {format} archive has files only: no {}", lost.join(", ")))
    }

    /// What is said of packages of which nothing is made.
    pub(crate) fn unmade(&self, is_asked: bool, packages: Vec<PackageName>) -> Unmade {
        let (platform, format) = (self.platform.id.clone(), self.platform.package.format.as_str());
        Unmade { platform, format, is_asked, packages }
    }

    /// Whether something is made of a package of the recipe.
    pub(crate) fn is_made(&self, name: &PackageName) -> bool {
        self.recipe.packages.iter().any(|package| package.name == *name && !self.formats(package).is_empty())
    }

    pub(crate) fn package(&self, package: &Package) -> Result<Step, PlanError> {
        let mut inputs = Inputs::new();
        keys_of(RECIPE, &serde_json::json!(package), &mut inputs);
        inputs.insert("version".to_owned(), self.context.release.version.to_string());
        inputs.insert("release".to_owned(), self.context.release.release.to_string());
        inputs.insert("packaging".to_owned(), serde_json::json!(self.platform.package).to_string());
        let project = &self.recipe.project;
        let maintainer = package.maintainer.as_ref().unwrap_or(&project.maintainer);
        let license = package.license.as_ref().unwrap_or(&project.license);
        inputs.insert("maintainer".to_owned(), maintainer.clone());
        inputs.insert("license".to_owned(), license.clone());
        inputs.insert("homepage".to_owned(), project.homepage.clone());
        inputs.insert("python".to_owned(), self.platform.python.depends.join(", "));
        let taken = self.taken(&package.contents)?;
        let (mut doubts, mut foretold) = units::doubts(package, &taken, &self.recipe.packages);
        for Slip { issue, path } in slips(&package.contents, &taken, &package.allow) {
            doubts.push(issue);
            foretold.push(Foretold { concern: Concern::OddPlace, path, said: String::new() });
        }
        foretold.extend(homes(package));
        let Gathered { parts, mut notes, holdings } = self.gathered(package, taken, &mut inputs)?;
        let own = self.context.times.last(&format!("files {:?}", parts.files), || parts);
        let time = package.from.as_ref().and_then(|from| self.made_of(from.as_str()).time).max(own);
        let epoch = self.context.times.latest(&[time]);
        self.made.borrow_mut().insert(package_step(package.name.as_str()), Made { time, ..Made::default() });
        inputs.insert("time".to_owned(), crate::util::clock::rfc3339(epoch));
        let is_collected = !package.collect.is_empty();
        if is_collected {
            // Everything else is said by the packages themselves.
            inputs.retain(|name, _| {
                name.starts_with(RECIPE) || ["version", "release", "packaging"].contains(&name.as_str())
            });
        }
        let strangers = self.strangers(package);
        if !strangers.is_empty() && !is_collected {
            inputs.insert("users of others".to_owned(), serde_json::json!(strangers).to_string());
        }
        let near_units = self.near_units(package)?;
        if !near_units.is_empty() && !is_collected {
            inputs.insert("units it depends on".to_owned(), serde_json::json!(near_units).to_string());
        }
        notes.extend(self.not_held(package));
        let only_here = Arc::new(if is_collected { BTreeSet::new() } else { self.only_here(package)? });
        if !only_here.is_empty() {
            let paths = only_here.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
            inputs.insert("files that only its image has".to_owned(), Sha256::of(paths).to_string());
        }
        let image = package.from.as_ref().map(|from| self.image_of(from));
        let mut without = Vec::new();
        for name in &package.without {
            if !self.is_made(name) {
                let (of, unmade) = (format!("[[package]] `{}`", package.name), self.unmade(true, vec![name.clone()]));
                return Err(PlanError::Unmade { of, package: name.clone(), unmade });
            }
            without.push(self.id(&package_step(name.as_str())));
        }
        let beside = if is_collected { self.before(package) } else { Vec::new() };
        let work = PackageWork {
            package: package.clone(),
            image: image.clone(),
            prefix: self.recipe.python.as_ref().map(|python| python.prefix.clone()),
            python_depends: self.platform.python.depends.clone(),
            strangers,
            near_units,
            foretold,
            own_folders: self.own_folders(package),
            only_here,
            without: without.clone(),
            beside: beside.clone(),
            family: self.recipe.packages.iter().map(|package| package.name.clone()).collect(),
            ours: if is_collected { self.ours() } else { Vec::new() },
            formats: self.formats(package),
            packaging: self.platform.package.clone(),
            arch: self.arch()?,
            host: self.host(),
            release: self.context.release.clone(),
            maintainer: maintainer.clone(),
            license: license.clone(),
            homepage: project.homepage.clone(),
            epoch,
        };
        let title = if is_collected {
            format!("packages of {}", package.name)
        } else {
            format!("package {} {}", package.name, self.version_of(package))
        };
        let mut step = self.step(&package_step(package.name.as_str()), title, Work::Package(Box::new(work)), inputs);
        step.needs = image.into_iter().map(|image| image.step).chain(without).collect();
        step.after = beside;
        step.holdings = holdings;
        step.doubts = doubts;
        step.notes = notes;
        step.doubts.extend(self.odd_owners(package));
        step.wanted = self.wants(GOAL);
        Ok(step)
    }

    /// What a package takes of the project, put into its inputs.
    fn gathered(&self, package: &Package, taken: Vec<Files>, inputs: &mut Inputs) -> Result<Gathered, PlanError> {
        let mut all = Gathered::default();
        for (content, found) in package.contents.iter().zip(taken) {
            if found.files.is_empty() {
                continue;
            }
            let files = as_they_are(&found);
            all.notes.extend(of_ignored(&content.src, &found));
            digest_into(inputs, &content.src, &files);
            hold_into(&mut all.holdings, &content.src, &files);
            self.add_files(&mut all.parts, &files);
            if content.kind != ContentKind::Files
                && let [SourceFile { kind: SourceKind::Symlink { .. }, .. }] = found.files.as_slice()
                && found.is_single
            {
                // What it leads to is taken.
                let path = pattern::plain(&content.src);
                let path = Path::new(path.as_ref());
                let digest = self.context.listing.digest(path)?.to_string();
                inputs.insert(format!("{} through its link", content.src), digest);
                all.parts.files.extend(self.context.times.own(&self.context.roots.file(path)?));
            }
        }
        for file in package.copyright.license_file.iter().chain(&package.changelog) {
            inputs.insert(file.display().to_string(), self.context.listing.digest(file)?.to_string());
            all.parts.files.insert(file.clone());
        }
        Ok(all)
    }

    /// The version that a package gets, as its package manager shows it.
    fn version_of(&self, package: &Package) -> String {
        let (release, suffix) = (&self.context.release, &self.platform.package.suffix);
        let epoch = if package.epoch == 0 { String::new() } else { format!("{}:", package.epoch) };
        format!("{epoch}{}-{}{suffix}", release.version, release.release)
    }

    /// The image that a package comes out of.
    fn image_of(&self, name: &ImageName) -> FromImage {
        let base_name = self.base_name().1["base image"].clone();
        FromImage { name: name.clone(), step: self.id(name.as_str()), base: self.id("base"), base_name }
    }

    /// Users of the recipe that are not there where a package is installed.
    fn strangers(&self, package: &Package) -> Vec<UserName> {
        let packages = self.recipe.packages.iter();
        let (near, far): (Vec<&Package>, Vec<&Package>) =
            packages.partition(|other| other.name == package.name || depends(package, other));
        let own: Vec<&UserName> = near.iter().flat_map(|other| &other.users).map(|user| &user.name).collect();
        let images = self.recipe.images.iter().flat_map(|image| &image.users);
        let all = far.iter().flat_map(|other| &other.users).chain(images).map(|user| &user.name);
        let strangers: BTreeSet<&UserName> = all.filter(|name| !own.contains(name)).collect();
        strangers.into_iter().cloned().collect()
    }

    /// The names of the units in the recipe's packages that a package with units depends on.
    fn near_units(&self, package: &Package) -> Result<Vec<String>, PlanError> {
        if self.units_of(package)?.is_empty() {
            return Ok(Vec::new());
        }
        let mut names = BTreeSet::new();
        for near in self.near(package).into_iter().filter(|near| near.name != package.name) {
            names.extend(self.units_of(near)?);
        }
        Ok(names.into_iter().collect())
    }

    /// A package, and those of the recipe that are installed with it because it depends on them.
    fn near<'p>(&'p self, package: &'p Package) -> Vec<&'p Package> {
        let mut near = vec![package];
        let mut at = 0;
        while let Some(one) = near.get(at).copied() {
            for other in self.recipe.packages.iter().filter(|other| depends(one, other)) {
                if near.iter().all(|known| known.name != other.name) {
                    near.push(other);
                }
            }
            at += 1;
        }
        near
    }

    /// The names of a package's units, as far as its entries tell: those that a folder of the container holds do not show.
    fn units_of(&self, package: &Package) -> Result<BTreeSet<String>, PlanError> {
        let mut names = BTreeSet::new();
        for (content, found) in package.contents.iter().zip(self.taken(&package.contents)?) {
            let files = found.files.iter().map(|file| file.relative.as_str());
            let all = files.chain([content.dst.as_str(), content.src.as_str()]);
            let all = all.filter_map(|path| path.rsplit('/').next());
            names.extend(all.filter(|name| crate::unit::UnitName::new(name).is_ok()).map(str::to_owned));
        }
        Ok(names)
    }

    /// What the recipe itself puts into a package's image, and neither the package nor one that it depends on ships: absolute paths, and
    /// the virtualenv's folder with a slash at its end. Who installs the package does not have it.
    fn only_here(&self, package: &Package) -> Result<BTreeSet<String>, PlanError> {
        let mut shipped: Vec<(&Content, Files)> = Vec::new();
        for near in self.near(package) {
            shipped.extend(near.contents.iter().zip(self.taken(&near.contents)?));
        }
        let mut put = BTreeSet::new();
        let mut at = self.recipe.images.iter().find(|image| package.from.as_ref() == Some(&image.name));
        while let Some(image) = at {
            for (content, found) in image.contents.iter().zip(self.taken(&image.contents)?) {
                let files = Self::content_files(content, &found)?;
                // A folder may be one of the system's, too.
                let files = files.iter().filter(|file| file.source != ContextSource::Dir);
                put.extend(files.filter_map(|file| file.path.strip_prefix("rootfs")).map(str::to_owned));
            }
            if self.wants_pip(image) {
                put.extend(self.recipe.python.as_ref().map(|python| format!("{}/", python.prefix)));
            }
            at = match &image.from {
                ImageSource::Image(name) => self.recipe.images.iter().find(|other| other.name == *name),
                ImageSource::Base => None,
            };
        }
        put.retain(|path| {
            let path = path.trim_end_matches('/');
            !shipped.iter().any(|(content, found)| ships(content, path) || brings(content, found, path))
        });
        Ok(put)
    }

    /// Folders that no system has and that the recipe puts into a package's image: that they are there says nothing of the base.
    fn own_folders(&self, package: &Package) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut at = self.recipe.images.iter().find(|image| package.from.as_ref() == Some(&image.name));
        while let Some(image) = at {
            let places = image.contents.iter().map(|content| content.dst.as_str()).chain(image.workdir.as_deref());
            let prefix = self.recipe.python.as_ref().map(|python| python.prefix.as_str());
            found.extend(places.chain(prefix).filter_map(odd).map(|odd| odd.folder));
            at = match &image.from {
                ImageSource::Image(name) => self.recipe.images.iter().find(|other| other.name == *name),
                ImageSource::Base => None,
            };
        }
        found
    }

    /// The package steps before one that collects, whose files get their names elsewhere.
    fn before(&self, package: &Package) -> Vec<StepId> {
        let others = self.recipe.packages.iter().take_while(|other| other.name != package.name);
        let others = others.filter(|other| !self.formats(other).is_empty());
        others.map(|other| self.id(&package_step(other.name.as_str()))).collect()
    }

    /// The packages that are written here.
    fn ours(&self) -> Vec<PackageName> {
        let ours = self.recipe.packages.iter().filter(|package| package.collect.is_empty());
        ours.map(|package| package.name.clone()).collect()
    }

    /// What can run on the platform.
    pub(crate) fn host(&self) -> Host {
        Host {
            machine: self.context.machine.clone(),
            libc: self.platform.python.libc.clone(),
            platform: self.platform.id.to_string(),
            manager: self.platform.manager,
        }
    }

    pub(crate) fn arch(&self) -> Result<ArchName, PlanError> {
        let known = &self.platform.package.arch;
        known.get(&self.context.machine).cloned().ok_or_else(|| PlanError::Machine {
            platform: self.platform.id.to_string(),
            machine: self.context.machine.clone(),
            known: known.keys().cloned().collect::<Vec<_>>().join(", "),
        })
    }
}

/// Homes of a package's users that the recipe's reader has said something of.
fn homes(package: &Package) -> impl Iterator<Item = Foretold> {
    let homes =
        package.users.iter().map(|user| &user.home).filter(|home| odd(home).is_some_and(|odd| odd.near.is_some()));
    let path = |home: &String| home.trim_matches('/').to_owned();
    let homes = homes.filter(move |home| !package.allow.iter().any(|one| covers(one, Concern::OddPlace, &path(home))));
    homes.map(move |home| Foretold { concern: Concern::OddPlace, path: path(home), said: String::new() })
}

/// How inputs begin that are keys of the package's table.
const RECIPE: &str = "[[package]]";

/// Adds what a table of the recipe says, each key by its name: a plan says which one changed.
pub(crate) fn keys_of(table: &str, value: &serde_json::Value, inputs: &mut Inputs) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let value = match value {
            serde_json::Value::String(text) => text.clone(),
            value => Sha256::of(value.to_string()).to_string(),
        };
        inputs.insert(format!("{table} {key}"), value);
    }
}

/// The step of a package: its name may be an image's, too.
pub(crate) fn package_step(name: &str) -> String {
    format!("package-{name}")
}

/// Whether an entry of a package takes a path of the image, or something of a folder there, or puts something in its place.
fn ships(content: &Content, path: &str) -> bool {
    let is_within = |path: &str, folder: &str| {
        let folder = folder.trim_end_matches('/');
        path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if content.kind == ContentKind::Exclude {
        return false;
    }
    let (fixed, pattern) = if content.in_container() { pattern::parts(&content.src) } else { ("".into(), "") };
    let is_taken = content.in_container()
        && (is_within(path, &fixed) || is_within(&fixed, path))
        && (pattern.is_empty() || is_within(&fixed, path) || matches_any(&content.src, path));
    let is_at_top = content.dst == "/";
    is_taken || !is_at_top && is_within(path, &content.dst)
}

/// Whether an entry for the top of the tree brings a path, or something below it: that it goes there says nothing.
fn brings(content: &Content, found: &Files, path: &str) -> bool {
    let path = Path::new(path.trim_start_matches('/'));
    content.dst == "/" && found.files.iter().any(|file| Path::new(&file.relative).starts_with(path))
}

/// Whether a glob names a path or a folder above it.
fn matches_any(glob: &str, path: &str) -> bool {
    let Ok(glob) = pattern::glob(glob.trim_start_matches('/')) else { return true };
    Path::new(path.trim_start_matches('/')).ancestors().any(|path| glob.is_match(path))
}

/// Whether a package names another of the recipe in its `depends` or `pre_depends`.
fn depends(package: &Package, other: &Package) -> bool {
    package.pre_depends.iter().chain(&package.depends).any(|text| {
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"+-._".contains(c));
        words.any(|word| word == other.name.as_str())
    })
}
