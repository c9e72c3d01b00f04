//! What `factory build` has for WAPT packages, and `factory build PATH`: one package from its folder, or one that is there signed
//! anew. Needs no recipe and no engine.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Instant,
};

use clap::ValueEnum;

use super::{publish::publish, signer::SignerArgs};
use crate::{
    cli::{artifact::Artifact, context::Context, env},
    diag::{Exit, Failure},
    event::{Event, Made, MadeKind},
    execute::StepError,
    format::{PackageFormat, wapt::Generation},
    source::{git::Worktree, project::every_file},
    stage::Spool,
    util::{
        clock,
        files::digest,
        folder::{Folder, Links},
    },
    work::wapt::run::{WaptDraft, seal},
};

/// What may be named by its path, behind the words for everything else.
pub const PATHS: &str = "a WAPT package's folder or file, which is built or signed anew without a recipe";
/// Such paths.
pub const EXAMPLES: &str = "`./folder`, `file.wapt`";

/// Options for WAPT packages.
#[derive(Debug, clap::Args)]
pub struct BuildArgs {
    /// Give a WAPT package that is named by its path another attribute; `version=+` raises the last number of its version by one
    #[arg(long, value_name = "NAME=VALUE", value_parser = attribute, help_heading = "A WAPT package by its path")]
    set: Vec<(String, String)>,
    /// Where it goes; beside what it is made from when not given
    #[arg(long, value_name = "DIR", help_heading = "A WAPT package by its path")]
    into: Option<PathBuf>,
    /// Which WAPT's rules its file is named by
    #[arg(long, value_name = "WAPT", default_value = "2", help_heading = "A WAPT package by its path")]
    file_name: FileName,
    /// Put the WAPT packages that were made into this repository, as `factory publish` does
    #[arg(long, value_name = "DIR", conflicts_with = "dry_run", help_heading = "Publishing WAPT packages")]
    publish: Option<PathBuf>,
    /// Publish although the checkout is not at the commit of the release's git tag
    #[arg(long, requires = "publish", help_heading = "Publishing WAPT packages")]
    allow_dirty: bool,
    #[command(flatten)]
    pub signer: SignerArgs,
}

fn attribute(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected `name=value`, e.g. `version=1.2-3`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// The rules for names of files.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FileName {
    /// WAPT 2: with systems and their versions
    #[value(name = "2")]
    V2,
    /// WAPT 1.8: architecture, maturity and locale only
    #[value(name = "1.8")]
    V1,
}

impl From<FileName> for Generation {
    fn from(name: FileName) -> Self {
        match name {
            FileName::V1 => Self::V1,
            FileName::V2 => Self::V2,
        }
    }
}

impl BuildArgs {
    /// Refuses what is for a package that is named by its path, where none is.
    ///
    /// # Errors
    /// Exit code 2.
    pub fn without_path(&self) -> Result<(), Failure> {
        if self.set.is_empty() && self.into.is_none() {
            return Ok(());
        }
        let failure = Failure::new(Exit::Usage, "`--set` and `--into` are for a package that is named by its path");
        Err(failure.help("`factory build FILE.wapt --set version=+`; what a recipe makes is said in factory.toml"))
    }

    /// Whether what is made is published, and only as what the release's git tag holds.
    #[must_use]
    pub fn wants_its_tag(&self) -> bool {
        self.publish.is_some() && !self.allow_dirty
    }

    /// Publishes the WAPT packages among the files that a run has made, where that is asked for.
    ///
    /// # Errors
    /// Those of `factory publish`.
    pub fn publish_made(&self, made: &[String], project: &Path, context: &Context) -> Result<(), Failure> {
        let Some(repository) = &self.publish else { return Ok(()) };
        let packages: Vec<PathBuf> = made.iter().filter(|name| is_ours(name)).map(|name| project.join(name)).collect();
        publish(&packages, repository, None, Vec::new(), false, context)
    }
}

/// Builds what a path names.
pub fn run(path: &Path, args: &BuildArgs, context: &Context) -> Result<(), Failure> {
    let started = Instant::now();
    let artifact = Artifact::from_path(path)?;
    each_once(&args.set)?;
    let (mut draft, setup) = match &artifact {
        Artifact::Folder(PackageFormat::Wapt, folder) => {
            let open = Folder::open(folder, Links::Refused).map_err(StepError::from)?;
            let spool = Spool::new().map_err(StepError::from)?;
            // `version=+` adds one to the version that is there.
            let given: Vec<_> = args.set.iter().filter(|(_, value)| value != "+").cloned().collect();
            (
                WaptDraft::of_folder(&open, &every_file(&open).map_err(StepError::from)?, spool, &given)?,
                folder.join("setup.py"),
            )
        }
        Artifact::Package(PackageFormat::Wapt, file) => (WaptDraft::of_package(file)?, file.join("setup.py")),
        Artifact::Index(_, path) => {
            let failure = Failure::new(Exit::Usage, format!("`{}` is an index", path.display()));
            return Err(failure.help("`factory publish --into DIR --rescan` makes it anew"));
        }
        Artifact::Package(_, path) | Artifact::Folder(_, path) | Artifact::Feed(path) | Artifact::Sums(path) => {
            let failure =
                Failure::new(Exit::Usage, format!("`{}` is nothing that is built by its path", path.display()));
            return Err(failure.help("a `.wapt`, or a folder with a `WAPT/control`, is; a recipe's packages are built by `factory build packages`"));
        }
    };
    for (name, value) in &args.set {
        draft.set(name, value)?;
    }
    draft.settle(&BTreeMap::new())?;
    let mut warnings = std::mem::take(&mut draft.warnings);
    match (draft.lint(&setup.display().to_string()), &artifact) {
        // What is there already was somebody's choice: it is said, and signed all the same.
        (Err(StepError::Reported { message, report }), Artifact::Package(..)) => {
            let all = report.issues().iter().map(|one| one.issue.message.clone()).collect::<Vec<_>>();
            warnings.push(format!("{message}: {}", all.join("; ")));
        }
        (Err(StepError::Contents { message, .. }), Artifact::Package(..)) => warnings.push(message),
        (found, _) => warnings.extend(found?),
    }
    for text in warnings {
        context.events().warn(text);
    }
    let identity = args.signer.identity()?;
    let beside = path.canonicalize().ok().and_then(|path| path.parent().map(Path::to_owned));
    let folder = args.into.clone().or(beside).unwrap_or_default();
    let sealed = seal(&draft, &identity, (&[], None), date(path)?, &folder, args.file_name.into(), &context.cancel)?;
    for text in &sealed.warnings {
        context.events().warn(text.clone());
    }
    let (sha256, size) = digest(&sealed.path)
        .map_err(|error| Failure::new(Exit::StepFailed, "the package cannot be read again").because(error))?;
    let took = started.elapsed();
    let item = Made {
        kind: MadeKind::Package,
        platform: "wapt".to_owned(),
        name: shown(&sealed.path),
        size,
        digest: format!("sha256:{sha256}"),
        took_ms: u64::try_from(took.as_millis()).ok(),
    };
    context.events().emit(Event::Made { items: vec![item], took });
    match &args.publish {
        Some(repository) => publish(&[sealed.path], repository, None, Vec::new(), false, context),
        None => Ok(()),
    }
}

/// Refuses an attribute that is set twice: which of the values was meant is anybody's guess.
fn each_once(set: &[(String, String)]) -> Result<(), Failure> {
    let word = |name: &str| if name == "license" { "licence".to_owned() } else { name.to_owned() };
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (name, value) in set {
        if let Some(before) = seen.insert(word(name), value) {
            let failure = Failure::new(Exit::Usage, format!("`{name}` is set twice, to `{before}` and to `{value}`"));
            return Err(
                failure.help("keep one `--set` of each attribute; lists have commas: `--set depends=tis-a,tis-b`")
            );
        }
    }
    Ok(())
}

/// The date of the signature: `SOURCE_DATE_EPOCH`, the time of the commit, else now.
fn date(path: &Path) -> Result<i64, Failure> {
    let variable = env::get(env::SOURCE_DATE_EPOCH);
    let named = clock::source_date_epoch(variable.as_deref())
        .map_err(|error| Failure::from(crate::pipeline::PipelineError::Epoch(error)))?;
    if let Some(named) = named {
        return Ok(named);
    }
    // A file is signed now: its commit says nothing of it.
    if path.is_file() {
        return Ok(clock::now());
    }
    let committed = match Worktree::find(path, &env::caller())? {
        Some(worktree) => worktree.time()?,
        None => None,
    };
    // A signature of 1980 would say that every other one is newer.
    Ok(committed.unwrap_or_else(clock::now))
}

/// A path as the user would type it.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().and_then(fs_err::canonicalize).unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

/// Whether a file is called as WAPT packages are.
fn is_ours(name: &str) -> bool {
    PackageFormat::of_file(name).is_some_and(|(format, _)| format == PackageFormat::Wapt)
}
