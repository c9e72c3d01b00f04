//! `factory verify`.

use std::path::{Path, PathBuf};

use super::{artifact::Artifact, context::Context, trust::TrustArgs};
use crate::{
    diag::{Exit, Failure},
    format::wapt,
    publish::feed::wapt as feed,
    report::{ListColumn, ListKind, ListView},
    sign::Trust,
    util::clock,
};

/// Check WAPT packages: signatures, every file, and whether their signers are trusted
///
/// Checks all that WAPT's agents check, and what they leave open: which attributes are signed, that nothing is there twice,
/// that no name leads astray. Ends with exit code 4 where one is refused, and says everything that is wrong with it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The packages; or the index `Packages` of a WAPT repository, in which the entries of all packages are checked
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
}

/// What is said of one file.
struct Verdict {
    file: String,
    package: String,
    signer: String,
    wrong: Vec<(String, Option<&'static str>)>,
    warnings: Vec<String>,
}

impl Verdict {
    fn reasons(&self) -> String {
        self.wrong.iter().map(|(wrong, _)| wrong.as_str()).collect::<Vec<_>>().join("; ")
    }
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let trust = args.trust.read()?;
    let now = clock::now();
    let mut verdicts = Vec::new();
    for path in &args.files {
        if context.cancel.is_cancelled() {
            return Err(Failure::new(Exit::Interrupted, "interrupted"));
        }
        verdicts.push(match Artifact::of(path)? {
            Artifact::Wapt(path) => wapt(&path, &trust, now),
            Artifact::WaptIndex(path) => wapt_index(&path, &trust, now),
            Artifact::WaptFolder(path) => {
                let failure = Failure::new(Exit::Usage, format!("`{}` is a folder", path.display()));
                return Err(failure.help("signatures are checked in the finished file: name the `.wapt`"));
            }
        });
    }
    for verdict in &verdicts {
        for text in &verdict.warnings {
            context.events().warn(format!("{}: {text}", verdict.file));
        }
    }
    context.reporter.print(view(&verdicts));
    let refused: Vec<&Verdict> = verdicts.iter().filter(|verdict| !verdict.wrong.is_empty()).collect();
    if refused.is_empty() {
        return Ok(());
    }
    let message = match (&refused[..], verdicts.len()) {
        ([one], 1) => format!("`{}` is refused: {}", one.file, one.reasons()),
        (some, all) => format!("{} of {all} packages are refused", some.len()),
    };
    let mut failure = Failure::new(Exit::CheckFailed, message);
    for verdict in refused {
        if verdicts.len() > 1 {
            failure = failure.help(format!("{}: {}", verdict.file, verdict.reasons()));
        }
        if let Some(help) = verdict.wrong.iter().find_map(|(_, help)| *help) {
            failure = failure.help(help);
        }
    }
    Err(failure)
}

fn wapt(path: &Path, trust: &Trust, now: i64) -> Verdict {
    let file = path.display().to_string();
    let refused = |wrong| Verdict {
        file: file.clone(),
        package: String::new(),
        signer: String::new(),
        wrong,
        warnings: Vec::new(),
    };
    let mut package = match wapt::open(path) {
        Ok(package) => package,
        Err(error) => return refused(vec![(error.to_string(), None)]),
    };
    match wapt::verify(&mut package, trust, now) {
        Ok(verified) => {
            let (package, signer) = (verified.control.title(), verified.signer.subject());
            Verdict { package, signer, warnings: verified.warnings, ..refused(Vec::new()) }
        }
        Err(refusals) => Verdict {
            package: package.control().map(|control| control.title()).unwrap_or_default(),
            ..refused(refusals.iter().map(|refusal| (refusal.to_string(), refusal.help())).collect())
        },
    }
}

/// The index of a repository: what it says of packages is signed by those who signed them.
fn wapt_index(path: &Path, trust: &Trust, now: i64) -> Verdict {
    let verdict = |package: String, wrong| Verdict {
        file: path.display().to_string(),
        package,
        signer: String::new(),
        wrong,
        warnings: Vec::new(),
    };
    let index = match feed::read_index(path) {
        Ok(index) => index,
        Err(error) => return verdict(String::new(), vec![(error.to_string(), error.help())]),
    };
    let found = index.verify(trust, now);
    let wrong = found.iter().flat_map(|(file, refusals)| {
        refusals.iter().map(move |refusal| (format!("{file}: {refusal}"), refusal.help()))
    });
    verdict(format!("{} packages", index.packages.len()), wrong.collect())
}

fn view(verdicts: &[Verdict]) -> ListView {
    let column = |name, kind| ListColumn { name, kind };
    let row = |verdict: &Verdict| {
        let state = if verdict.wrong.is_empty() { "ok" } else { "refused" };
        vec![verdict.file.clone(), state.to_owned(), verdict.package.clone(), verdict.signer.clone()]
    };
    let good = verdicts.iter().filter(|verdict| verdict.wrong.is_empty()).count();
    ListView {
        title: String::new(),
        columns: vec![
            column("file", ListKind::Text),
            column("state", ListKind::Word),
            column("package", ListKind::Word),
            column("signer", ListKind::Word),
        ],
        rows: verdicts.iter().map(row).collect(),
        summary: format!("{good} ok, {} refused", verdicts.len() - good),
    }
}
