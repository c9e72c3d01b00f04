//! `factory show`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{artifact::Artifact, context::Context};
use crate::{
    diag::{Exit, Failure},
    format::wapt,
    report::{ListColumn, ListKind, ListView, units},
};

/// Show what a WAPT package says of itself and what is in it; of two packages, what differs
///
/// Checks no signature: that is `factory verify`. Debian and rpm packages are shown by `dpkg-deb --info` and `rpm -qip`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The package
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Another one: only what differs is shown
    #[arg(value_name = "OTHER")]
    other: Option<PathBuf>,
}

/// A package as rows: what, and its value.
struct Shown {
    title: String,
    attributes: Vec<(String, String)>,
    files: BTreeMap<String, File>,
}

struct File {
    size: u64,
    digest: String,
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let shown = read(&args.file)?;
    let view = match &args.other {
        None => whole(&shown),
        Some(other) => difference(&shown, &read(other)?),
    };
    context.reporter.print(view);
    Ok(())
}

fn read(path: &Path) -> Result<Shown, Failure> {
    match Artifact::of(path)? {
        Artifact::Wapt(path) => wapt_file(&path).map_err(|error| {
            let failure = Failure::new(Exit::CheckFailed, format!("`{}` cannot be shown: {error}", path.display()));
            match error.help() {
                Some(help) => failure.help(help),
                None => failure,
            }
        }),
        Artifact::WaptIndex(path) => {
            let failure = Failure::new(Exit::Usage, format!("`{}` is an index", path.display()));
            Err(failure.help("name one of its packages; `factory verify Packages` checks them all"))
        }
        Artifact::WaptFolder(path) => {
            let failure = Failure::new(Exit::Usage, format!("`{}` is a folder", path.display()));
            Err(failure.help("build it first: `factory build DIR`"))
        }
    }
}

fn wapt_file(path: &Path) -> Result<Shown, wapt::WaptError> {
    let mut package = wapt::open(path)?;
    let control = package.control()?;
    let set = control.iter().filter(|(_, value)| !value.is_empty());
    let attributes = set.map(|(name, value)| (name.to_owned(), shown(name, value))).collect();
    let digests = match package.manifest_bytes()? {
        Some(bytes) => wapt::read_manifest(&bytes)?,
        None => BTreeMap::new(),
    };
    let files = package.entries().iter().filter(|entry| !entry.is_dir).map(|entry| {
        let digest = digests.get(&entry.name).cloned().unwrap_or_default();
        (entry.name.clone(), File { size: entry.size, digest })
    });
    Ok(Shown { title: control.title(), attributes, files: files.collect() })
}

/// A value on one line; what nobody reads is cut.
fn shown(name: &str, value: &str) -> String {
    match name {
        "signature" => value.chars().take(16).chain(['…']).collect(),
        "signed_attributes" => format!("{} of them", value.split(',').count()),
        _ => value.replace('\n', " | ").chars().filter(|c| !c.is_control()).collect(),
    }
}

const fn column(name: &'static str, kind: ListKind) -> ListColumn {
    ListColumn { name, kind }
}

fn whole(shown: &Shown) -> ListView {
    let attribute = |(name, value): &(String, String)| vec!["attribute".to_owned(), name.clone(), value.clone()];
    let file = |(name, file): (&String, &File)| vec!["file".to_owned(), units::size(file.size), name.clone()];
    let size: u64 = shown.files.values().map(|file| file.size).sum();
    ListView {
        title: shown.title.clone(),
        columns: vec![column("kind", ListKind::Word), column("name", ListKind::Word), column("value", ListKind::Text)],
        rows: shown.attributes.iter().map(attribute).chain(shown.files.iter().map(file)).collect(),
        summary: format!("{}, {}", units::count(shown.files.len(), "file", "files"), units::size(size)),
    }
}

fn difference(one: &Shown, other: &Shown) -> ListView {
    let mut rows = Vec::new();
    let mut row = |kind: &str, name: &str, before: String, after: String| {
        let said = |text: String| if text.is_empty() { "nothing".to_owned() } else { text };
        rows.push(vec![kind.to_owned(), name.to_owned(), format!("{} -> {}", said(before), said(after))]);
    };
    let value = |shown: &Shown, name: &str| {
        shown.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let new = other.attributes.iter().filter(|(name, _)| !one.attributes.iter().any(|(own, _)| own == name));
    for (name, _) in one.attributes.iter().chain(new) {
        let (before, after) = (value(one, name), value(other, name));
        if before != after && name != "signature" {
            row("attribute", name, before, after);
        }
    }
    let names = one.files.keys().chain(other.files.keys().filter(|name| !one.files.contains_key(*name)));
    for name in names {
        let said = |shown: &Shown| shown.files.get(name).map(|file| units::size(file.size)).unwrap_or_default();
        match (one.files.get(name), other.files.get(name)) {
            (Some(a), Some(b)) if a.size == b.size && a.digest == b.digest && !a.digest.is_empty() => {}
            // They are made anew with every signature.
            (Some(_), Some(_)) if name.starts_with("WAPT/signature") || name.starts_with("WAPT/manifest") => {}
            _ => row("file", name, said(one), said(other)),
        }
    }
    let count = rows.len();
    ListView {
        title: format!("{} -> {}", one.title, other.title),
        columns: vec![column("kind", ListKind::Word), column("name", ListKind::Word), column("change", ListKind::Text)],
        rows,
        summary: if count == 0 { "no difference".to_owned() } else { format!("{count} differences") },
    }
}
