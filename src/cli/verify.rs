//! `factory verify`.

mod view;

use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::{
    artifact::{Artifact, extensions, known, reader_of},
    context::Context,
    pem::small_file,
    trust::TrustArgs,
};
use crate::{
    diag::{Exit, Failure},
    format::{
        PackageFormat, Reader,
        reader::{Believed, Input, Verdict},
    },
    publish::{feed, sums},
    util::clock,
};

/// Check packages and update feeds: structure, digests, paths, fields, and signatures where there are some
///
/// Reads every file whole. Signatures that agents go by are held against what is trusted, and so is what agents leave open: which
/// attributes are signed, that nothing is there twice, that no name leads astray. What is not checked is said. Ends with exit code 4 where
/// one is refused, and says everything that is wrong with it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = crate::cli::examples::VERIFY)]
pub struct Args {
    #[arg(value_name = "FILE", required = true,
          help = format!("The packages: {}; lists of them: the index of a repository that names signers, `{}`; folders of update feeds", extensions(), sums::NAME))]
    files: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    /// The root that updaters are installed with, which an update feed is held against; its own first root when not given
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
}

/// Something to verify, and who reads it.
enum Subject {
    Package(&'static dyn Reader),
    Index(&'static dyn Reader),
    Feed,
    Sums,
}

impl Subject {
    fn from_path(path: &Path) -> Result<Self, Failure> {
        Ok(match Artifact::from_path(path)? {
            Artifact::Package(format, _) => Self::Package(reader_of(format, path)?),
            Artifact::Index(format, _) => Self::Index(reader_of(format, path)?),
            Artifact::Feed(_) => Self::Feed,
            Artifact::Sums(_) => Self::Sums,
            Artifact::Folder(..) => {
                let failure = Failure::new(Exit::Usage, format!("`{}` is a folder", path.display()));
                return Err(failure.help("what is checked is the finished file: build it first (`factory build DIR`)"));
            }
        })
    }

    fn asks_trust(&self) -> bool {
        match self {
            Self::Package(reader) | Self::Index(reader) => reader.asks_trust(),
            Self::Feed | Self::Sums => false,
        }
    }

    fn verify(&self, path: &Path, believed: &Believed, root: Option<&[u8]>, cancel: &CancellationToken) -> Verdict {
        match self {
            Self::Package(reader) => match Input::open(path, cancel) {
                Ok(input) => reader.verify(input, believed),
                Err(error) => Verdict { faults: vec![error.to_string().into()], ..Verdict::default() },
            },
            Self::Index(reader) => reader.verify_index(path, believed).unwrap_or_else(|| Verdict {
                faults: vec![format!("it is no index that is known here: known are {}", known()).into()],
                ..Verdict::default()
            }),
            Self::Feed => feed::update::verify(path, root.map(<[u8]>::to_vec), believed.now, cancel),
            Self::Sums => sums::verify(path, cancel),
        }
    }
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    // What cannot be meant is said before anything is read.
    let subjects = args.files.iter().map(|path| Subject::from_path(path)).collect::<Result<Vec<_>, _>>()?;
    let believed = believed(args, &subjects, context)?;
    let root = root(args, &subjects, context)?;
    let mut verdicts = Vec::new();
    for (path, subject) in args.files.iter().zip(&subjects) {
        let verdict = subject.verify(path, &believed, root.as_deref(), &context.cancel);
        // Also in the middle of a file: what was found until then is no verdict.
        if context.cancel.is_cancelled() {
            return Err(Failure::new(Exit::Interrupted, "interrupted"));
        }
        for text in &verdict.warnings {
            context.events().warn(format!("{}: {text}", path.display()));
        }
        verdicts.push((path.display().to_string(), verdict));
    }
    context.reporter.print(view::verified(&verdicts));
    refused(&verdicts)
}

/// What is trusted, where one of the files is signed by somebody.
fn believed(args: &Args, subjects: &[Subject], context: &Context) -> Result<Believed, Failure> {
    let now = clock::now();
    if subjects.iter().any(Subject::asks_trust) {
        return Ok(Believed { trust: args.trust.read()?, now });
    }
    if args.trust.is_given() {
        let signed =
            PackageFormat::ALL.iter().filter(|format| crate::format::reader(**format).is_some_and(Reader::asks_trust));
        let titles: Vec<String> = signed.map(|format| format!("{}s", format.facts().title)).collect();
        let whose = titles.join(", ");
        context.events().warn(format!("`--trust` is without effect: it is for {whose}, and none of the files is one"));
    }
    Ok(Believed { now, ..Believed::default() })
}

/// The root that feeds are held against.
fn root(args: &Args, subjects: &[Subject], context: &Context) -> Result<Option<Vec<u8>>, Failure> {
    let Some(path) = &args.root else { return Ok(None) };
    if !subjects.iter().any(|subject| matches!(subject, Subject::Feed)) {
        context.events().warn("`--root` is without effect: it is for update feeds, and none of these is one");
    }
    small_file(path).map(Some)
}

/// Ends with what was refused.
fn refused(verdicts: &[(String, Verdict)]) -> Result<(), Failure> {
    let refused: Vec<&(String, Verdict)> = verdicts.iter().filter(|(_, verdict)| !verdict.is_good()).collect();
    let message = match (&refused[..], verdicts.len()) {
        ([], _) => return Ok(()),
        ([(file, verdict)], 1) if verdict.faults.len() == 1 => format!("`{file}` is refused: {}", verdict.reasons()),
        ([(file, verdict)], 1) => format!("`{file}` is refused: {} things are wrong with it", verdict.faults.len()),
        (some, all) => format!("{} of {all} packages are refused", some.len()),
    };
    let mut failure = Failure::new(Exit::CheckFailed, message);
    for (file, verdict) in refused {
        let is_said = verdicts.len() == 1 && verdict.faults.len() == 1;
        for fault in verdict.faults.iter().filter(|_| !is_said) {
            failure =
                failure.help(if verdicts.len() == 1 { fault.text.clone() } else { format!("{file}: {}", fault.text) });
        }
        if let Some(help) = verdict.faults.iter().find_map(|fault| fault.help.clone()) {
            failure = failure.help(help);
        }
    }
    Err(failure)
}
