//! `factory keys store`.

use std::path::PathBuf;

use super::file::write_new;
use crate::{
    cli::context::Context,
    diag::{Exit, Failure},
    report::{ListColumn, ListKind, ListView},
    sign::to_pem,
    source::store::{KeyError, Signer},
};

/// Make a key that signs what is kept in the store of a wheel cache
///
/// Writes `<NAME>.pem`, which FACTORY_STORE_KEY names where entries are made, and shows the public key, which FACTORY_STORE_KEYS lists
/// where they are believed whoever could have written them. Nothing is overwritten.
#[derive(Debug, clap::Args)]
#[command(after_long_help = crate::cli::examples::KEYS_STORE)]
pub struct Args {
    /// The file's name
    #[arg(value_name = "NAME")]
    name: String,
    /// Where the file goes
    #[arg(long, value_name = "DIR", default_value = ".")]
    into: PathBuf,
}

/// Makes it.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let refuse = |why: &str, help: &str| Failure::new(Exit::Usage, why.to_owned()).help(help);
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !args.name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !args.name.chars().all(plain) {
        return Err(refuse("this cannot be the name of a key", "letters, digits, `.`, `_` and `-`"));
    }
    let file = args.into.join(format!("{}.pem", args.name));
    if file.exists() {
        let why = format!("`{}` is there already", file.display());
        return Err(refuse(&why, "take another name, or move it away"));
    }
    let failed = |error: KeyError| Failure::new(Exit::StepFailed, error.to_string());
    let made = Signer::make().map_err(failed)?;
    let public = Signer::new(&made).map_err(failed)?.public();
    write_new(&file, to_pem("PRIVATE KEY", &made).as_bytes(), 0o600)?;
    let row = |what: &str, value: String| vec![what.to_owned(), value];
    context.reporter.print(ListView {
        title: String::new(),
        columns: vec![
            ListColumn { name: "what", kind: ListKind::Word },
            ListColumn { name: "value", kind: ListKind::Text },
        ],
        rows: vec![row("key", file.display().to_string()), row("public", public.to_string())],
        summary: String::new(),
    });
    Ok(())
}
