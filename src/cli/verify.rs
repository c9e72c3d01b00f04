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
        reader::{Believed, Fault, Input, Verdict},
    },
    publish::{feed, sums},
    util::clock,
};

/// Check packages and update feeds: structure, digests, paths, fields, and signatures where there are some
///
/// Reads every file whole. Signatures that agents go by are held against what is trusted, and so is what agents leave open: which
/// attributes are signed, that nothing is there twice, that no name leads astray. What is not checked is said. Ends with exit code 4 where
/// one is refused, and says everything that is wrong with it; else with 2 where one is not there or is no package. The others are checked
/// all the same.
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

/// What is said of one file of the command line.
struct Judged {
    file: String,
    verdict: Verdict,
    /// Whether it could be judged; else its only fault says why not.
    is_read: bool,
}

impl Judged {
    /// Something that cannot be meant: not there, or no package.
    fn unread(path: &Path, failure: &Failure) -> Self {
        let help = (!failure.helps().is_empty()).then(|| failure.helps().join("; "));
        let faults = vec![Fault { text: failure.message().to_owned(), help }];
        Self { file: path.display().to_string(), verdict: Verdict { faults, ..Verdict::default() }, is_read: false }
    }
}

/// Runs the verb.
pub fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let subjects: Vec<Result<Subject, Failure>> = args.files.iter().map(|path| Subject::from_path(path)).collect();
    if let [Err(_)] = subjects[..] {
        return subjects.into_iter().collect::<Result<Vec<_>, _>>().map(|_| ());
    }
    let believed = believed(args, subjects.iter().flatten(), context)?;
    let root = root(args, &subjects, context)?;
    let mut all = Vec::new();
    for (path, subject) in args.files.iter().zip(&subjects) {
        all.push(match subject {
            Ok(subject) => judged(path, subject, (&believed, root.as_deref()), context)?,
            Err(failure) => Judged::unread(path, failure),
        });
    }
    context.reporter.print(view::verified(&all));
    refused(&all)
}

/// Reads one file and says what is odd about it.
fn judged(
    path: &Path,
    subject: &Subject,
    (believed, root): (&Believed, Option<&[u8]>),
    context: &Context,
) -> Result<Judged, Failure> {
    let verdict = subject.verify(path, believed, root, &context.cancel);
    // Also in the middle of a file: what was found until then is no verdict.
    if context.cancel.is_cancelled() {
        return Err(Failure::new(Exit::Interrupted, "interrupted"));
    }
    for text in &verdict.warnings {
        context.events().warn(format!("{}: {text}", path.display()));
    }
    Ok(Judged { file: path.display().to_string(), verdict, is_read: true })
}

/// What is trusted, where one of the files is signed by somebody.
fn believed<'s>(
    args: &Args,
    mut subjects: impl Iterator<Item = &'s Subject>,
    context: &Context,
) -> Result<Believed, Failure> {
    let now = clock::now();
    if subjects.any(Subject::asks_trust) {
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
fn root(args: &Args, subjects: &[Result<Subject, Failure>], context: &Context) -> Result<Option<Vec<u8>>, Failure> {
    let Some(path) = &args.root else { return Ok(None) };
    if !subjects.iter().flatten().any(|subject| matches!(subject, Subject::Feed)) {
        context.events().warn("`--root` is without effect: it is for update feeds, and none of these is one");
    }
    small_file(path).map(Some)
}

/// Ends with what was refused or could not be judged; the exit code is that of the worst.
fn refused(all: &[Judged]) -> Result<(), Failure> {
    let bad: Vec<&Judged> = all.iter().filter(|one| !one.verdict.is_good()).collect();
    let (judged, unread): (Vec<&Judged>, Vec<&Judged>) = bad.iter().partition(|one| one.is_read);
    let are = |count: usize| if count == 1 { "is" } else { "are" };
    let message = match (&bad[..], all.len()) {
        ([], _) => return Ok(()),
        ([Judged { file, verdict, .. }], 1) => match verdict.faults.len() {
            1 => format!("`{file}` is refused: {}", verdict.reasons()),
            several => format!("`{file}` is refused: {several} things are wrong with it"),
        },
        (_, all) => match (judged.len(), unread.len()) {
            (refused, 0) => format!("{refused} of {all} packages {} refused", are(refused)),
            (0, unread) => format!("{unread} of {all} files could not be checked"),
            (refused, unread) => {
                format!("{refused} of {all} files {} refused, {unread} could not be checked", are(refused))
            }
        },
    };
    let exit = if judged.is_empty() { Exit::Usage } else { Exit::CheckFailed };
    Err(bad.into_iter().fold(Failure::new(exit, message), |failure, one| told(failure, one, all.len() == 1)))
}

/// The failure with what is wrong with a file, and what to do about it. The only fault of the only file is the message itself.
fn told(mut failure: Failure, one: &Judged, is_alone: bool) -> Failure {
    let Judged { file, verdict, is_read } = one;
    let is_said = is_alone && verdict.faults.len() == 1;
    for fault in verdict.faults.iter().filter(|_| !is_said) {
        // Why a file was not judged names it.
        let names_file = is_alone || !is_read;
        failure = failure.help(if names_file { fault.text.clone() } else { format!("{file}: {}", fault.text) });
    }
    let help = verdict.faults.iter().find_map(|fault| fault.help.clone());
    help.into_iter().fold(failure, Failure::help)
}
