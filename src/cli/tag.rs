//! `factory tag`.

mod repositories;

use std::path::{Path, PathBuf};

use super::{context::Context, env};
use repositories::{backends, listed};

use crate::{
    diag::{Exit, Failure},
    execute::Records,
    names::{RefName, Tag, UnclearVersion, UpstreamVersion},
    pipeline::{
        places,
        truth::{ReleaseProblem, dirt, failed, loose_lock, tested},
    },
    platform::Catalogue,
    recipe::{Place, ReleaseRepository},
    report::{ListColumn, ListKind, ListView},
    source::git::{Git, GitError, Host, Worktree},
    tag::{self, Action, Here, Listed, Note, Outcome, Row, State, TagRequest, Target, Trouble},
};

/// Tag the repositories of a release
///
/// The recipe's [[repository]] tables say which, and what of each gets the tag. Nothing is done in any of them unless every
/// reference is there and no tag stands on another commit. The tag is named by `--tag` or FACTORY_TAG, never guessed. A run that
/// broke off is completed by the same command.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the command line")]
pub struct Args {
    /// Write an annotated tag with this text, instead of a lightweight one
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// Sign the annotated tag, as git is configured to
    #[arg(long, requires = "message")]
    sign: bool,
    /// Move a tag that is on another commit
    #[arg(long = "move", conflicts_with = "delete")]
    may_move: bool,
    /// Remove the tag where it is
    #[arg(long, conflicts_with = "message")]
    delete: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Tag although the checkout has changes that no commit holds, or is at another commit of its repository than that which
    /// gets the tag
    #[arg(long)]
    allow_dirty: bool,
    /// Take the repositories from a `catag.ini` instead of the recipe: `[projects]`, then `group/project = ref`
    #[arg(long, value_name = "FILE", requires = "api")]
    ini: Option<PathBuf>,
    /// The interface of the server that has the projects of `--ini`: https://git.example.org/api/v4
    #[arg(long, value_name = "URL", requires = "ini")]
    api: Option<String>,
}

/// Runs the verb.
pub async fn run(args: &Args, context: &Context) -> Result<(), Failure> {
    let request = request(args, context)?;
    let listed = listed(args, context)?;
    let references = references(&listed, &request, context)?;
    let worktree = if request.action == Action::Delete { None } else { truth(args.allow_dirty, &request, context)? };
    let here = worktree.as_ref().map(Here::new).transpose()?.flatten();
    let host = host(&listed, context)?;
    let git = Git::for_host(&host).await.map_err(no_git)?;
    let backends =
        backends(args, &listed, &request, context, &git).await?.map_err(|found| nothing_done(&listed, &found))?;
    let named = listed.repositories.iter().zip(references).zip(backends);
    let target = |((repository, reference), backend): ((&ReleaseRepository, _), _)| Target {
        name: repository.name.clone(),
        reference,
        is_own: here.as_ref().is_some_and(|here| is_own(repository, here, context)),
        backend,
    };
    let targets = named.map(target).collect();
    let done = tag::run(targets, &request, here.as_ref(), &context.cancel)
        .await
        .map_err(|found| nothing_done(&listed, &found))?;
    context.reporter.print(view(&request.tag, &done.rows));
    match &done.failed {
        None => Ok(()),
        Some(trouble) => Err(broken_off(&listed, &done, trouble)),
    }
}

/// Whether a repository is the one that the project's checkout is of, by its address.
fn is_own(repository: &ReleaseRepository, here: &Here<'_>, context: &Context) -> bool {
    match &repository.place {
        Place::Git(url) => here.is_own(&url.seen_from(&real(context.folder()).to_string_lossy())),
        Place::Forge(_) => false,
    }
}

/// The folder without links; as it is where that cannot be known.
fn real(folder: &Path) -> PathBuf {
    fs_err::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}

/// What calls of git depend on. Where only servers' interfaces are asked, git is called for a token at most.
fn host(listed: &Listed, context: &Context) -> Result<Host, Failure> {
    let mut host = context.git_host()?;
    host.own_ssh |= !listed.repositories.iter().any(|repository| matches!(repository.place, Place::Git(_)));
    Ok(host)
}

fn no_git(error: GitError) -> Failure {
    match error {
        GitError::Interrupted => Failure::new(Exit::Interrupted, "interrupted; no tag was touched"),
        GitError::NoGit => {
            Failure::new(Exit::StepFailed, error.to_string()).help("install it: `sudo apt-get install git`")
        }
        error => Failure::new(Exit::StepFailed, error.to_string()),
    }
}

/// Refuses a release that was built again since its test, a checkout whose changes no commit holds, and one at another commit than
/// its own tag of that name. Gives the checkout that what gets the tag is held against.
fn truth(allow_dirty: bool, request: &TagRequest, context: &Context) -> Result<Option<Worktree>, Failure> {
    let folder =
        fs_err::canonicalize(context.folder()).map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    places::check(&folder, env::get(env::WHEEL_DIR).is_none())?;
    let wheel_dir = env::get(env::WHEEL_DIR).unwrap_or_else(|| "wheels".to_owned());
    let catalogue = Catalogue::load(Some(&folder))?;
    let dirt = if allow_dirty { None } else { dirt(&folder, &folder.join(&wheel_dir), &catalogue, &env::caller())? };
    if let Some(text) = loose_lock(&folder, &folder.join(wheel_dir), &catalogue, &env::caller())? {
        context.events().warn(text);
    }
    let mut rebuilt = None;
    for platform in Records::for_project(&folder).platforms()? {
        if let Some(failed) = failed(&folder, &platform, &request.tag)? {
            context.events().warn(format!("{} {failed}", request.tag));
        }
        let tested = tested(&folder, &platform, &request.tag)?.unwrap_or_default();
        rebuilt = rebuilt.or(tested.into_iter().next());
    }
    let worktree = if allow_dirty { None } else { Worktree::find(&folder, &env::caller())? };
    let moves = matches!(request.action, Action::Create { may_move: true, .. });
    let elsewhere = match &worktree {
        Some(worktree) if !moves => worktree.elsewhere(request.tag.as_str())?.map(ReleaseProblem::Elsewhere),
        _ => None,
    };
    match dirt.into_iter().chain(rebuilt).chain(elsewhere).next() {
        Some(problem) => {
            Err(Failure::new(Exit::StepFailed, format!("no tag was touched: {}", problem.sentence()))
                .help(problem.help()))
        }
        None => Ok(worktree),
    }
}

fn request(args: &Args, context: &Context) -> Result<TagRequest, Failure> {
    let Some(text) = context.tag() else {
        return Err(
            Failure::new(Exit::Usage, "nothing says which tag").help("name it: `--tag 2.5.11` or `FACTORY_TAG=2.5.11`")
        );
    };
    let unclear = |unclear: UnclearVersion| {
        Failure::new(Exit::Usage, format!("no tag was touched: {unclear}")).help(unclear.help)
    };
    let tag = tag::tag_name(text).map_err(|error| match UnclearVersion::of_word(text).filter(|_| !args.delete) {
        Some(word) => unclear(word),
        None => Failure::new(Exit::Usage, error.to_string()),
    })?;
    let action = if args.delete {
        Action::Delete
    } else {
        // A tag that no build takes is no release.
        UpstreamVersion::from_tag(&tag).map_err(unclear)?;
        let note = args.message.as_deref().map(|message| note(message, args.sign)).transpose()?;
        Action::Create { may_move: args.may_move, note }
    };
    Ok(TagRequest { tag, action, dry_run: args.dry_run })
}

fn note(message: &str, sign: bool) -> Result<Note, Failure> {
    if message.trim().is_empty() {
        let failure = Failure::new(Exit::Usage, "the text of an annotated tag is empty");
        return Err(failure.help("leave `--message` out for a lightweight tag"));
    }
    Ok(Note { message: message.to_owned(), sign })
}

/// What gets the tag in each repository; nothing where tags are deleted.
fn references(listed: &Listed, request: &TagRequest, context: &Context) -> Result<Vec<Option<RefName>>, Failure> {
    if request.action == Action::Delete {
        return Ok(vec![None; listed.repositories.len()]);
    }
    let references = listed.references(&request.tag, context.branch()).map_err(|found| nothing_done(listed, &found))?;
    Ok(references.into_iter().map(Some).collect())
}

fn view(tag: &Tag, rows: &[Row]) -> ListView {
    let column = |name, kind| ListColumn { name, kind };
    let short = |row: &Row| row.commit.as_ref().map_or_else(|| "-".to_owned(), |commit| commit.short().to_owned());
    ListView {
        title: format!("Tag {tag}"),
        columns: vec![
            column("repository", ListKind::Text),
            column("state", ListKind::Word),
            column("commit", ListKind::Word),
        ],
        rows: rows.iter().map(|row| vec![row.name.clone(), row.state.word().to_owned(), short(row)]).collect(),
        summary: summary(rows),
    }
}

/// `2 created, 1 was there`.
fn summary(rows: &[Row]) -> String {
    let mut counts: Vec<(State, usize)> = Vec::new();
    for row in rows {
        match counts.iter_mut().find(|(state, _)| *state == row.state) {
            Some((_, count)) => *count += 1,
            None => counts.push((row.state, 1)),
        }
    }
    counts.iter().map(|(state, count)| format!("{count} {}", state.word())).collect::<Vec<_>>().join(", ")
}

fn nothing_done(listed: &Listed, found: &[Trouble]) -> Failure {
    if found.iter().any(|trouble| trouble.error.is_interruption()) {
        return Failure::new(Exit::Interrupted, "interrupted; no tag was touched");
    }
    let choice = found.iter().all(|trouble| trouble.error.is_choice());
    let message = match (found.len(), listed.repositories.len()) {
        (1, 1) => "no tag was touched: the repository is not ready".to_owned(),
        (some, all) => format!("no tag was touched: {some} of {all} repositories are not ready"),
    };
    Failure::new(if choice { Exit::Usage } else { Exit::StepFailed }, message).showing(tag::troubles(listed, found))
}

fn broken_off(listed: &Listed, done: &Outcome, trouble: &Trouble) -> Failure {
    if trouble.error.is_interruption() {
        return Failure::new(Exit::Interrupted, "interrupted").help("the same command does the rest");
    }
    let left = done.rows.iter().filter(|row| matches!(row.state, State::Failed | State::NotDone)).count();
    let message = format!("not done: {left} of {} repositories", done.rows.len());
    Failure::new(Exit::StepFailed, message)
        .showing(tag::troubles(listed, std::slice::from_ref(trouble)))
        .help("the same command does the rest")
}
