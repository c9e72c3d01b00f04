//! What goes into an image build: the files of its context, and the values of its template.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};

use crate::{
    names::{User, in_source},
    plan::{
        ContextFile, ContextSource, Holdings, Inputs,
        context::{digest_into, hold_into},
        make::contents::{Owned, owned},
        maker::{Heard, Maker, PlanError},
    },
    platform::Family,
    recipe::{Content, ContentKind, Image, ImageSource, is_of_system},
    source::{
        git::Parts,
        project::{Found, LeftOut, SourceError, SourceFile},
    },
    util::{
        pattern,
        toml::{quoted, some_of},
    },
    work::image::{Asked, Listed},
};

/// How the user's word for a Python folder begins among the inputs.
pub(crate) const PYTHON_FOLDER: &str = "python folder ";

impl Maker<'_> {
    /// Files of the context: `app/<n>/` for Python folders, `rootfs/` for contents, `scripts/`. Listed once for all
    /// platforms on which the recipe says the same.
    pub(crate) fn context_files(&self, image: &Image) -> Result<Arc<Listed>, PlanError> {
        let asks = !self.asked(image).is_empty();
        let what = serde_json::json!([
            image.python,
            image.contents,
            self.wants_pip(image),
            self.has_python(image),
            image.allow,
            asks
        ])
        .to_string();
        let known = || self.context.contexts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(&what) {
            return Ok(Arc::clone(found));
        }
        let found = Arc::new(self.list(image, &what)?);
        Ok(Arc::clone(known().entry(what).or_insert(found)))
    }

    fn list(&self, image: &Image, what: &str) -> Result<Listed, PlanError> {
        let mut all = Vec::new();
        let mut folders: Vec<PathBuf> = image.python.clone();
        let (mut inputs, mut holdings) = (Inputs::new(), Holdings::new());
        let (mut notes, mut heard) = (Vec::new(), Heard::default());
        for (number, folder) in image.python.iter().enumerate() {
            let found = self.context.listing.python(folder)?;
            let files: Vec<ContextFile> = found
                .files
                .iter()
                .map(|file| ContextFile::of_project(format!("app/{number}/{}", file.relative), file))
                .collect();
            let word = format!("{PYTHON_FOLDER}{}", folder.display());
            digest_into(&mut inputs, &word, &files);
            hold_into(&mut holdings, &word, &files);
            notes.extend(of_left_out(folder, &found));
            self.heard(folder, &mut heard);
            all.extend(files);
        }
        let mut lists = Vec::new();
        for (content, found) in image.contents.iter().zip(self.taken(&image.contents)?) {
            let files = Self::content_files(content, &found)?;
            notes.extend(of_ignored(&content.src, &found));
            let word = contents_word(content);
            digest_into(&mut inputs, &word, &files);
            hold_into(&mut holdings, &word, &files);
            lists.extend(owned(content, &files));
            all.extend(files);
            if matches!(content.kind, ContentKind::Symlink | ContentKind::Dir | ContentKind::State) {
                continue;
            }
            // Below the project itself everything lies.
            let folder = pattern::parts(&content.src).0.into_owned();
            folders.extend(Some(folder).filter(|folder| !folder.is_empty()).map(PathBuf::from));
        }
        let time = self.context.times.last(what, || {
            let mut parts = Parts::default();
            self.add_files(&mut parts, &all);
            parts.folders.extend(folders);
            parts
        });
        if self.wants_pip(image) || self.looks_at(image, &all) {
            let source = ContextSource::Bytes(self.context.templates.text("virtualenv.py")?.as_bytes().to_vec());
            let script = ContextFile { path: "scripts/virtualenv.py".to_owned(), source, mode: 0o644 };
            digest_into(&mut inputs, "virtualenv.py", std::slice::from_ref(&script));
            all.push(script);
            let native = image.allow.iter().filter(|one| one.check.is_of_virtualenv());
            let lines: Vec<String> = native.map(|one| format!("{} {}\n", one.check.as_str(), one.path)).collect();
            if !lines.is_empty() {
                let source = ContextSource::Bytes(lines.concat().into_bytes());
                let allowed = ContextFile { path: "scripts/allowed".to_owned(), source, mode: 0o644 };
                digest_into(&mut inputs, "allow", std::slice::from_ref(&allowed));
                all.push(allowed);
            }
            let own: BTreeSet<&str> = all.iter().filter_map(module).collect();
            if !own.is_empty() {
                let text = own.into_iter().flat_map(|path| [path, "\n"]).collect::<String>();
                let source = ContextSource::Bytes(text.into_bytes());
                all.push(ContextFile { path: "scripts/own".to_owned(), source, mode: 0o644 });
            }
            let brought: BTreeSet<&str> = all.iter().filter_map(library).collect();
            if !brought.is_empty() {
                let text = brought.into_iter().flat_map(|name| [name, "\n"]).collect::<String>();
                let source = ContextSource::Bytes(text.into_bytes());
                all.push(ContextFile { path: "scripts/brought".to_owned(), source, mode: 0o644 });
            }
        }
        for (number, owned) in lists.iter().enumerate() {
            let (path, source) = (format!("owners/{number}"), ContextSource::Bytes(owned.list()));
            all.push(ContextFile { path, source, mode: 0o644 });
        }
        if !lists.is_empty() || !self.asked(image).is_empty() {
            let source = ContextSource::Bytes(self.context.templates.text("owners.sh")?.as_bytes().to_vec());
            let script = ContextFile { path: "scripts/owners.sh".to_owned(), source, mode: 0o644 };
            digest_into(&mut inputs, "owners.sh", std::slice::from_ref(&script));
            all.push(script);
        }
        all.sort_by(|a, b| a.path.cmp(&b.path));
        in_each_other_s_way(&all)?;
        all.dedup_by(|later, earlier| later.path == earlier.path && later == earlier);
        Ok(Listed { files: Arc::new(all), inputs, holdings, notes, heard, time })
    }

    /// Whether modules are among an image's contents, and a Python is there that can look at them.
    fn looks_at(&self, image: &Image, files: &[ContextFile]) -> bool {
        files.iter().any(|file| module(file).is_some()) && self.has_python(image)
    }

    /// Whether something goes into the virtualenv of the image, or of one that it is made from.
    fn has_python(&self, image: &Image) -> bool {
        let mut at = Some(image);
        while let Some(image) = at {
            if self.wants_pip(image) {
                return true;
            }
            at = match &image.from {
                ImageSource::Image(name) => self.recipe.images.iter().find(|other| other.name == *name),
                ImageSource::Base => None,
            };
        }
        false
    }

    pub(crate) fn values(
        &self,
        image: &Image,
        files: &[ContextFile],
        wheels: bool,
        base: &str,
        from: &str,
        epoch: i64,
    ) -> Result<serde_json::Value, PlanError> {
        let python = &self.platform.python;
        let wants_pip = self.wants_pip(image);
        // A seed brings pip: the stage that builds the project's folders then needs no more than the interpreter.
        let tools: Vec<&String> = match &python.seed {
            Some(_) => python.packages.iter().chain(&python.tools).collect(),
            None => python.tools.iter().collect(),
        };
        let mut packages: BTreeSet<String> = image.packages.iter().cloned().collect();
        if wants_pip && image.from == ImageSource::Base {
            packages.extend(python.packages.iter().cloned());
        }
        if !image.users.is_empty() {
            packages.extend(self.platform.base.users.iter().cloned());
        }
        let mut all_owned = Vec::new();
        for (content, found) in
            image.contents.iter().zip(self.taken(&image.contents)?).filter(|(one, _)| one.is_owned())
        {
            all_owned.extend(owned(content, &Self::content_files(content, &found)?));
        }
        let commands: Vec<Vec<String>> = all_owned.iter().flat_map(Owned::commands).collect();
        let owners = owners(&self.asked(image), &all_owned);
        let users: Vec<serde_json::Value> =
            image.users.iter().map(|user| user_commands(user, self.platform.family)).collect();
        let apps: Vec<usize> = (0..image.python.len()).collect();
        let prefix = self.recipe.python.as_ref().map_or("", |python| python.prefix.as_str());
        // The virtualenv goes through a link that is where it will be, or above it.
        let mut contents = Vec::new();
        for (content, found) in image.contents.iter().zip(self.taken(&image.contents)?) {
            let is_link = content.kind == ContentKind::Symlink || found.is_one_link();
            let first = wants_pip && is_link && Path::new(prefix).starts_with(&content.dst);
            contents.extend(Self::put_commands(content, &found).into_iter().map(|mut command| {
                command["first"] = first.into();
                command
            }));
        }
        let ports: Vec<String> = image
            .expose
            .iter()
            .map(|port| if port.contains('/') { port.clone() } else { format!("{port}/tcp") })
            .collect();
        let mut values = serde_json::json!({
            "project": self.recipe.project.name,
            "platform": self.platform.id,
            "image": image.name,
            "base": base,
            "from": from,
            "child": image.from != ImageSource::Base,
            "ca": self.context.ca,
            "packages": packages,
            "users": users,
            "contents": contents,
            "owned": commands,
            "owners": owners,
            "python": {
                "used": wants_pip,
                "tools": tools,
                "seed": python.seed.is_some(),
                "apps": apps,
                "wheels": wheels,
                "compile": self.looks_at(image, files),
                "pip": python.pip,
                "interpreter": python.interpreter,
                "prefix": prefix,
            },
            "env": image.env,
            "expose": image.expose,
            "ports": ports,
            "workdir": image.workdir,
            "user": self.user(image),
            "entrypoint": image.entrypoint,
            "cmd": image.cmd,
            "tag": self.context.release.tag,
            "version": self.context.release.version,
            "release": self.context.release.release,
            "suffix": self.platform.package.suffix,
            "epoch": epoch,
        });
        // A machine that the platform has no word for is an error only where somebody asks for the word.
        if let (Ok(arch), Some(values)) = (self.arch(), values.as_object_mut()) {
            values.insert("arch".to_owned(), arch.as_str().into());
            values.insert("noarch".to_owned(), self.platform.package.any.as_str().into());
        }
        Ok(values)
    }
}

/// The one command that looks up accounts and gives files their owners; none where there is nothing to do.
fn owners(asked: &[Asked], owned: &[Owned]) -> serde_json::Value {
    if asked.is_empty() && owned.is_empty() {
        return serde_json::json!({ "run": null, "lists": false });
    }
    let mut run = vec!["/bin/sh".to_owned(), "/dev/factory/scripts/owners.sh".to_owned()];
    for one in asked {
        run.extend([one.kind.as_str().to_owned(), one.name.to_string()]);
    }
    for (number, one) in owned.iter().enumerate() {
        run.extend(["own".to_owned(), one.owner.clone(), format!("/dev/factory/owners/{number}")]);
    }
    serde_json::json!({ "run": run, "lists": !owned.is_empty() })
}

/// Refuses a file that has the name of a folder: COPY would put it into the folder under a name that was not asked for.
fn in_each_other_s_way(all: &[ContextFile]) -> Result<(), PlanError> {
    let folders: BTreeSet<&Path> = all.iter().flat_map(|file| Path::new(&file.path).ancestors().skip(1)).collect();
    // A link is made by `ln`, and what comes behind it goes through it.
    for file in all.iter().filter(|file| matches!(file.source, ContextSource::File(..))) {
        let Some(place) = file.path.strip_prefix("rootfs") else { continue };
        let place = if place.is_empty() { "/" } else { place };
        let reason = if is_of_system(place) {
            "a file is to be there, and every system has a folder of this name: let `dst` end in the file's name"
        } else if folders.contains(Path::new(&file.path)) {
            "one entry of `contents` puts a file there and another one a folder: give one of them another `dst`"
        } else {
            continue;
        };
        return Err(SourceError::Name { path: place.to_owned(), reason }.into());
    }
    Ok(())
}

/// What is said of a Python folder of which git ignores something.
pub(crate) fn of_left_out(folder: &Path, found: &Found) -> Option<String> {
    let LeftOut { count, first } = &found.left_out;
    let of = match count {
        0 => return None,
        1 => "1 file or folder that `.gitignore` names is",
        _ => &format!("{count} files and folders that `.gitignore` names are"),
    };
    let names: Vec<String> = first.iter().map(|path| quoted(&path.to_string_lossy())).collect();
    Some(format!("`{}`: {of} left out of the Python package: {}", folder.display(), some_of(&names, *count)))
}

/// So many of the files that git ignores are named.
const NAMED: usize = 3;

/// What is said of files that are shipped although git ignores them: no commit has them.
pub(crate) fn of_ignored(src: &str, found: &Found) -> Option<String> {
    let ignored = || found.files.iter().filter(|file| file.is_ignored);
    let of = match ignored().count() {
        0 => return None,
        1 => "1 file that `.gitignore` names is".to_owned(),
        many => format!("{many} files that `.gitignore` names are"),
    };
    let said = format!("`{src}`: {of} shipped, and in no commit");
    if found.is_single {
        return Some(said);
    }
    let folder = pattern::parts(src).0;
    let name = |file: &SourceFile| quoted(&Path::new(folder.as_ref()).join(&file.relative).to_string_lossy());
    let names: Vec<String> = ignored().take(NAMED).map(name).collect();
    Some(format!("{said}: {}", some_of(&names, ignored().count())))
}

/// The name of a shared library that comes into the image with the contents: what is in the virtualenv may need it.
fn library(file: &ContextFile) -> Option<&str> {
    let (_, name) = file.path.strip_prefix("rootfs/")?.rsplit_once('/')?;
    let is_one = Path::new(name).extension().is_some_and(|end| end == "so") || name.contains(".so.");
    (is_one && !name.contains('\n') && matches!(file.source, ContextSource::File(..) | ContextSource::Symlink(_)))
        .then_some(name)
}

/// Whether a file is a module that comes below this folder.
fn module(file: &ContextFile) -> Option<&str> {
    let path = file.path.strip_prefix("rootfs").filter(|path| !path.contains(['\n', '\r']))?;
    let is_file = matches!(file.source, ContextSource::File(..) | ContextSource::Bytes(_));
    (is_file && path.rsplit('.').next() == Some("py")).then_some(path)
}

/// The user's word for an entry of `contents`: its destination, and where it is from when that is a source.
fn contents_word(content: &Content) -> String {
    match in_source(&content.src) {
        Some(_) if content.kind != ContentKind::Symlink => format!("contents {} from {}", content.dst, content.src),
        _ => format!("contents {}", content.dst),
    }
}

/// The commands that make a user and its group. In exec form: no shell reads the recipe's words.
fn user_commands(user: &User, family: Family) -> serde_json::Value {
    let name = user.name.as_str();
    if family == Family::Alpine {
        // Busybox has commands of its own.
        return serde_json::json!({
            "groupadd": ["addgroup", "-S", name],
            "useradd": [
                "adduser", "-S", "-D", "-H", "-h", user.home, "-s", user.shell, "-g", user.comment, "-G", name, name,
            ],
        });
    }
    serde_json::json!({
        "groupadd": ["groupadd", "--system", name],
        "useradd": [
            "useradd", "--system", "--gid", name, "--home-dir", user.home, "--no-create-home",
            "--shell", user.shell, "--comment", user.comment, name,
        ],
    })
}
