//! A draft becomes a signed package: written beside its later name, verified, and only then given it.

use std::path::{Path, PathBuf};

use super::draft::WaptDraft;
use crate::{
    check::{Paths, Shipped, judge, surprises::in_tree},
    execute::StepError,
    format::wapt::{self, Control, Generation, Signing},
    names::{Allowance, Topic},
    sign::{Identity, Trust},
    util::{
        clock,
        files::{Guarded, persist, temporary_in},
        toml::Source,
    },
};

/// A package under its name.
#[derive(Debug)]
pub struct Sealed {
    /// Where it is.
    pub path: PathBuf,
    /// Its control file as it was signed.
    pub control: Control,
    /// What should be said of it.
    pub warnings: Vec<String>,
}

/// Signs a draft and writes it into `folder`, named as this generation does. `date` is that of the signature and of
/// every file. The key that signs is never in it, nor another one that `allow` does not name, which is in that
/// recipe.
///
/// # Errors
/// What cannot be signed or written; no file appears then.
pub fn seal(
    draft: &WaptDraft,
    identity: &Identity,
    allow: (&[Allowance], Option<&Source>),
    date: i64,
    folder: &Path,
    generation: Generation,
    cancel: &tokio_util::sync::CancellationToken,
) -> Result<Sealed, StepError> {
    let surprises = in_tree(&draft.tree, Some(&identity.key))?;
    let whose = match draft.control.get("package") {
        "" => "the package",
        package => package,
    };
    let (allow, recipe) = allow;
    let asked = &[Topic::Surprise, Topic::Unit, Topic::Start, Topic::File];
    // Nothing of these only warns.
    judge(&surprises, allow, &Shipped { whose, recipe, paths: Paths::Relative, asked }).refusal.map_or(Ok(()), Err)?;
    fs_err::create_dir_all(folder)?;
    let signing = Signing { signer: &identity.key, chain: &identity.chain, date, as_found: draft.is_signed_anew() };
    let mut out = Guarded::new(temporary_in(folder)?, cancel.clone());
    let control = match wapt::write(&draft.tree, &draft.control, &signing, &mut out) {
        Err(_) if cancel.is_cancelled() => return Err(StepError::Interrupted),
        written => written?,
    };
    let file = out.into_inner();
    let warnings = check(file.path(), identity)?;
    let path = folder.join(wapt::file_name(&control, generation));
    persist(file, &path)?;
    Ok(Sealed { path, control, warnings })
}

/// Reads the package again, as an agent that trusts the signer would. Gives what should be said of it.
fn check(path: &Path, identity: &Identity) -> Result<Vec<String>, StepError> {
    let trust = Trust { anchors: identity.chain.clone(), crls: Vec::new() };
    let mut package = wapt::open(path)?;
    wapt::verify(&mut package, &trust, clock::now()).map(|verified| verified.warnings).map_err(|refusals| {
        let all: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        let help = refusals.iter().find_map(wapt::Refusal::help).unwrap_or("nothing was written");
        StepError::Contents {
            message: format!("agents would refuse the package: {}", all.join("; ")),
            help: help.to_owned(),
        }
    })
}
