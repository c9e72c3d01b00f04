//! The part of the work that needs no network: archives in, a cabinet out.

use std::{
    collections::BTreeMap,
    io::BufReader,
    path::{Path, PathBuf},
};

use super::{Assembled, ModuleError, Parts, assemble, needs, programs, supply::AtHand};
use crate::{
    engine::Output as _,
    event::StepId,
    execute::{Session, StepError, StepOutput, run::Product},
    format::{
        cab::Cabinet,
        wheel::{Wheel, WheelError},
        zip::{Archive, Limits},
    },
    names::normalise,
    plan::RecordedFile,
    recipe::{Content, ContentKind, FileInfo},
    source::{project::SourceKind, requirements::same_version},
    stage::{Entry, Kind, Owner, Role, Spool, Tree, TreePath},
    util::{
        files::{Guarded, digest, digest_of, persist, temporary_in},
        folder::open_file,
    },
    work::{
        module::{ModuleWork, data::Pin},
        package::run::compose,
    },
};

/// The folder below which further files are put together: the top of a tree has no name.
const TOP: &str = "module";
/// The largest script, and the largest library of the C runtime: 16 MiB.
const LARGEST: u64 = 16 << 20;

type Opened = BufReader<fs_err::File>;

/// What is needed to make it.
pub(super) struct Job {
    pub(super) work: ModuleWork,
    pub(super) step: StepId,
    pub(super) platform: String,
    pub(super) session: Session,
    /// The archive of the interpreter.
    pub(super) base: PathBuf,
    pub(super) wheels: Vec<AtHand>,
}

impl Job {
    pub(super) fn finish(&self, output: &StepOutput) -> Result<Product, StepError> {
        let layout = &self.work.layout;
        let wheels = self.wheels.iter().map(opened).collect::<Result<Vec<_>, _>>()?;
        let pins: Vec<Pin> = self.wheels.iter().map(|wheel| wheel.pin.clone()).collect();
        needs::check(layout, &pins, &wheels)?;
        let spool = Spool::new()?;
        let extra = self.extra(&spool)?;
        let mut tree = Tree::new(spool);
        let parts = Parts { base: self.base()?, wheels, runtime: self.runtime()?, extra };
        let Assembled { packages, programs, unmet } = assemble(layout, parts, &mut tree)?;
        for text in programs::told(&unmet) {
            self.session.doubt(&self.step, format!("[[module]] `{}`: {text}", self.work.name));
        }
        for package in &packages {
            output.line(&format!("{} {}: {} files", package.name, package.version, package.files.len()));
        }
        output.line(&format!(
            "{} files, {programs} programs and libraries for {}",
            tree.len(),
            layout.machine.as_str()
        ));
        let file = self.write(&tree)?;
        let size = file.size;
        Ok(Product {
            output: format!("sha256:{}", file.sha256),
            note: format!("Python {} ({}), {} packages", layout.python, layout.machine.as_str(), packages.len()),
            size,
            files: vec![file],
            ..Product::default()
        })
    }

    /// The archive of the interpreter, which must be the one that was planned with.
    fn base(&self) -> Result<Archive<Opened>, StepError> {
        let mut file = open_file(&self.base)?;
        let (sha256, length) = digest_of(&mut file)?;
        if sha256 != self.work.runtime_sha256 {
            return Err(StepError::Contents {
                message: format!("`{}` changed while the run was under way", self.base.display()),
                help: "run the same command again".to_owned(),
            });
        }
        Ok(Archive::open(BufReader::new(file), length, &Limits::default()).map_err(ModuleError::Base)?)
    }

    /// The libraries of the C runtime.
    fn runtime(&self) -> Result<BTreeMap<String, Vec<u8>>, StepError> {
        let mut found = BTreeMap::new();
        let Some(dir) = &self.work.runtime_dlls else { return Ok(found) };
        for file in self.session.paths.roots.whole(dir)?.files {
            let refuse = |what| ModuleError::Runtime { path: file.relative.escape_debug().take(200).collect(), what };
            let is_library = file.relative.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("dll"));
            if !is_library || file.relative.contains('/') || !matches!(file.kind, SourceKind::File { .. }) {
                return Err(refuse("no library beside the others").into());
            }
            let bytes = self.session.paths.roots.read(&dir.join(&file.relative), LARGEST)?;
            found.insert(file.relative.clone(), bytes);
        }
        Ok(found)
    }

    /// Further files of the recipe, and its script.
    fn extra(&self, spool: &Spool) -> Result<Tree, StepError> {
        let time = self.work.layout.time;
        let contents: Vec<Content> = self.work.contents.iter().map(as_content).collect();
        let composed = compose(&contents, &Tree::new(spool.clone()), &self.session, time)?;
        let mut tree = Tree::new(spool.clone());
        for (path, entry) in composed.iter() {
            let Some(inner) = path.as_str().strip_prefix(TOP).and_then(|rest| rest.strip_prefix('/')) else { continue };
            let entry = Entry { mode: 0o644, owner: Owner::root(), mtime: time, ..entry.clone() };
            match entry.kind {
                Kind::Dir => {}
                // A cabinet says of links where they are that it holds none.
                _ => tree.add(TreePath::new(inner)?, entry)?,
            }
        }
        if let Some(script) = &self.work.postinstall {
            let text = self.session.paths.roots.read(script, LARGEST)?;
            let origin = script.display().to_string();
            tree.add_bytes(TreePath::new("postinstall.cmd")?, &with_crlf(&text), 0o644, time, Role::Plain, &origin)?;
        }
        Ok(tree)
    }

    /// Writes the cabinet; it gets its name when it is whole.
    fn write(&self, tree: &Tree) -> Result<RecordedFile, StepError> {
        let layout = &self.work.layout;
        let folder = self.session.packages_of(&self.platform)?;
        let cancel = &self.session.services.cancel;
        let mut out = Guarded::new(temporary_in(&folder)?, cancel.clone());
        match Cabinet::into_folder(&layout.folder).write(tree, layout.time, &mut out) {
            Err(_) if cancel.is_cancelled() => return Err(StepError::Interrupted),
            written => written?,
        }
        let path = folder.join(self.work.file_name());
        persist(out.into_inner(), &path)?;
        let (sha256, size) = digest(&path)?;
        let relative = path.strip_prefix(&self.session.paths.project).unwrap_or(&path);
        Ok(RecordedFile { path: relative.display().to_string(), sha256, size })
    }
}

/// An opened wheel, which is the one of its pin.
fn opened(wheel: &AtHand) -> Result<Wheel<Opened>, ModuleError> {
    let wanted = format!("{} {}", wheel.pin.name, wheel.pin.version);
    let told = |error: WheelError| ModuleError::Wheel { name: wanted.clone(), error };
    let file = open_file(&wheel.path)?;
    let length = file.metadata()?.len();
    let opened = Wheel::open(BufReader::new(file), length).map_err(told)?;
    if normalise(opened.name()) == wheel.pin.name && same_version(opened.version(), &wheel.pin.version) {
        return Ok(opened);
    }
    let found: String = format!("{} {}", opened.name(), opened.version()).escape_debug().take(200).collect();
    Err(ModuleError::Other { wanted, found })
}

/// An entry as packages have it.
fn as_content(content: &crate::work::module::recipe::ModuleContent) -> Content {
    let dst = Path::new("/").join(TOP).join(&content.dst).display().to_string();
    let dst = dst.trim_end_matches('/').to_owned();
    let (src, at) = (content.src.clone(), content.at.clone());
    Content { src, dst, kind: ContentKind::Files, info: FileInfo::default(), optional: false, at }
}

/// A script as `cmd` reads it.
fn with_crlf(text: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(text.len());
    for (at, byte) in text.iter().enumerate() {
        if *byte == b'\n' && (at == 0 || text[at - 1] != b'\r') {
            lines.push(b'\r');
        }
        lines.push(*byte);
    }
    lines
}
