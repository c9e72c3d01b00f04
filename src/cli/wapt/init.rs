//! `factory init`.

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use crate::{
    cli::context::Context,
    diag::{Exit, Failure},
    format::wapt::{
        self,
        facts::attributes::{attribute, check_together},
    },
    report::{ListColumn, ListKind, ListView},
    util::folder::{Folder, Links},
};

/// Make the folder of a new package
///
/// With `--wapt`: `setup.py`, `WAPT/control`, an icon and the files of WAPT's editors. It builds as it is: `factory build DIR`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = super::examples::INIT)]
pub struct Args {
    /// The folder; files that are there already are never overwritten
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// A WAPT package
    #[arg(long, required = true)]
    wapt: bool,
    /// The package's name; the folder's without `-wapt` at its end when not given
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
    /// Who maintains it
    #[arg(long, value_name = "TEXT", default_value = "")]
    maintainer: String,
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let folder = context.folder().join(&args.folder);
    let package = match &args.package {
        Some(name) => name.clone(),
        None => named_after(&folder),
    };
    let of_base = |name: &str| if name == "package" { package.clone() } else { String::new() };
    let own = attribute("package").and_then(|known| known.check(&package).err());
    if let Some(refused) = own.or_else(|| check_together(&of_base).into_iter().map(|(_, refused)| refused).next()) {
        let failure = Failure::new(Exit::Usage, refused.message).help(refused.help);
        return Err(if args.package.is_some() { failure } else { failure.help("name it: `--package tis-hello`") });
    }
    let shown = package.rsplit_once('-').map_or(package.as_str(), |(_, last)| last);
    let request =
        wapt::SkeletonRequest { name: shown.to_owned(), maintainer: args.maintainer.trim().to_owned(), package };
    let files = wapt::skeleton(&request);
    let there: Vec<&str> =
        files.iter().map(|(path, _)| *path).filter(|path| folder.join(path).symlink_metadata().is_ok()).collect();
    if !there.is_empty() {
        let failure =
            Failure::new(Exit::Usage, format!("`{}` has these already: {}", folder.display(), there.join(", ")));
        return Err(failure.help("name an empty folder, or one that is not there"));
    }
    let unwritten = |error| Failure::new(Exit::StepFailed, "the folder could not be written").because(error);
    let open = made(args, context).map_err(unwritten)?;
    for (path, bytes) in &files {
        open.write(Path::new(path), bytes).map_err(unwritten)?;
    }
    let column = |name, kind| ListColumn { name, kind };
    context.reporter.print(ListView {
        title: String::new(),
        columns: vec![column("file", ListKind::Text)],
        rows: files.iter().map(|(path, _)| vec![folder.join(path).display().to_string()]).collect(),
        summary: format!("build it: `factory build {}`", shown_folder(&folder)),
    });
    Ok(())
}

/// The folder to write to. One in the project is reached without links: a clone may bring some.
fn made(args: &Args, context: &Context) -> io::Result<Folder> {
    let plain = |part| matches!(part, Component::CurDir | Component::Normal(_));
    if args.folder.components().all(plain) {
        return Folder::open(context.folder(), Links::Refused)?.make(&args.folder);
    }
    let folder = context.folder().join(&args.folder);
    fs_err::create_dir_all(&folder)?;
    Folder::open(&folder, Links::Refused)
}

fn shown_folder(folder: &Path) -> String {
    let text = folder.strip_prefix(".").unwrap_or(folder).display().to_string();
    if text.contains('/') { text } else { format!("./{text}") }
}

fn named_after(folder: &Path) -> String {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.strip_suffix("-wapt").unwrap_or(&name).to_lowercase()
}
