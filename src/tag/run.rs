//! The work itself: look at every repository, make ready, then change one after the other.

use std::time::Duration;

use futures::StreamExt as _;
use tokio_util::sync::CancellationToken;

use super::{Action, Here, Note, Standing, TagBackend, TagError, TagRequest, Trouble};
use crate::{
    names::{Commit, RefName, Tag},
    source::git::GitError,
};

/// Repositories that are asked at once, and made ready at once.
const AT_ONCE: usize = 8;

/// How long a run that is stopped from outside takes to hear of it: git may hear of it first, and fail.
const HEARSAY: Duration = Duration::from_millis(200);

/// A repository and what of it gets the tag.
#[derive(Debug)]
pub struct Target<'k> {
    /// How it is called.
    pub name: String,
    /// What gets the tag; nothing where one is deleted.
    pub reference: Option<RefName>,
    /// Whether its address is one of the project's own repository.
    pub is_own: bool,
    /// Who has its tags.
    pub backend: Box<dyn TagBackend + 'k>,
}

/// What became of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// How it is called.
    pub name: String,
    /// What was done.
    pub state: State,
    /// The commit that has the tag, or had it; unknown where there was none.
    pub commit: Option<Commit>,
}

/// What was done with a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The tag is new.
    Created,
    /// The tag was where it should be.
    WasThere,
    /// The tag was elsewhere.
    Moved,
    /// The tag is gone.
    Deleted,
    /// There was no tag to delete.
    WasNotThere,
    /// With `dry_run`: the tag would be new.
    WouldCreate,
    /// With `dry_run`: the tag would be moved.
    WouldMove,
    /// With `dry_run`: the tag would go.
    WouldDelete,
    /// This is where it went wrong.
    Failed,
    /// Nothing was done because something before it went wrong.
    NotDone,
}

impl State {
    /// The words for people and machines.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::WasThere => "was there",
            Self::Moved => "moved",
            Self::Deleted => "deleted",
            Self::WasNotThere => "was not there",
            Self::WouldCreate => "would create",
            Self::WouldMove => "would move",
            Self::WouldDelete => "would delete",
            Self::Failed => "failed",
            Self::NotDone => "not done",
        }
    }
}

/// What became of all of them.
#[derive(Debug)]
pub struct Outcome {
    /// In the order of the text.
    pub rows: Vec<Row>,
    /// What it ended with, where it did not go to the end.
    pub failed: Option<Trouble>,
}

/// What one repository needs.
#[derive(Debug, Clone)]
enum Step {
    Nothing(State, Option<Commit>),
    Create(Commit),
    Shift(Standing, Commit),
    Remove(Standing),
}

/// Does what is wished for in every repository: nothing at all unless it can be done in each of them, as far as that can
/// be known before.
///
/// Where the project's own repository is among them, it is tagged at the commit that is checked out `here`, and at no other.
///
/// # Errors
/// Every reason not to; then nothing was changed.
pub async fn run(
    mut targets: Vec<Target<'_>>,
    request: &TagRequest,
    here: Option<&Here<'_>>,
    cancel: &CancellationToken,
) -> Result<Outcome, Vec<Trouble>> {
    match steps(&mut targets, request, here).await {
        Ok(steps) if request.dry_run => Ok(Outcome { rows: would(&targets, &steps), failed: None }),
        Ok(steps) => Ok(carry_out(&mut targets, steps, request, cancel).await),
        Err(troubles) => Err(heard(troubles, cancel).await),
    }
}

/// What every repository needs, with everything ready for it.
async fn steps(
    targets: &mut [Target<'_>],
    request: &TagRequest,
    here: Option<&Here<'_>>,
) -> Result<Vec<Step>, Vec<Trouble>> {
    let asked = targets.iter_mut().map(|target| look(target, request, here));
    let steps = all(futures::stream::iter(asked).buffered(AT_ONCE).collect().await)?;
    if !request.dry_run {
        let ready = targets.iter_mut().zip(&steps).map(|(target, step)| prepare(target, step, request));
        all(futures::stream::iter(ready).buffered(AT_ONCE).collect().await)?;
    }
    Ok(steps)
}

/// All of them, or all the troubles.
fn all<T>(answers: Vec<Result<T, TagError>>) -> Result<Vec<T>, Vec<Trouble>> {
    let (mut good, mut troubles) = (Vec::new(), Vec::new());
    for (index, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(answer) => good.push(answer),
            Err(error) => troubles.push(Trouble { index, error }),
        }
    }
    if troubles.is_empty() { Ok(good) } else { Err(troubles) }
}

async fn look(target: &mut Target<'_>, request: &TagRequest, here: Option<&Here<'_>>) -> Result<Step, TagError> {
    let commit = match &target.reference {
        Some(reference) => Some(target.backend.resolve(reference).await?),
        None => None,
    };
    if let (Some(here), Some(commit)) = (here, &commit) {
        here.check(commit, target.is_own)?;
    }
    let standing = target.backend.standing(&request.tag).await?;
    Ok(match (&request.action, standing, commit) {
        (Action::Delete, None, _) | (Action::Create { .. }, None, None) => Step::Nothing(State::WasNotThere, None),
        (Action::Delete, Some(old), _) => Step::Remove(old),
        (Action::Create { .. }, None, Some(commit)) => Step::Create(commit),
        (Action::Create { may_move, .. }, Some(old), Some(commit)) if old.commit != commit => {
            if !may_move {
                return Err(TagError::Elsewhere { tag: request.tag.clone(), at: old.commit, wanted: commit });
            }
            Step::Shift(old, commit)
        }
        (Action::Create { .. }, Some(old), _) => Step::Nothing(State::WasThere, Some(old.commit)),
    })
}

fn note(request: &TagRequest) -> Option<&Note> {
    match &request.action {
        Action::Create { note, .. } => note.as_ref(),
        Action::Delete => None,
    }
}

async fn prepare(target: &mut Target<'_>, step: &Step, request: &TagRequest) -> Result<(), TagError> {
    match step {
        Step::Create(commit) | Step::Shift(_, commit) => {
            target.backend.prepare(&request.tag, commit, note(request)).await
        }
        Step::Nothing(..) | Step::Remove(_) => Ok(()),
    }
}

fn would(targets: &[Target<'_>], steps: &[Step]) -> Vec<Row> {
    let row = |(target, step): (&Target<'_>, &Step)| {
        let (state, commit) = match step {
            Step::Nothing(state, commit) => (*state, commit.clone()),
            Step::Create(commit) => (State::WouldCreate, Some(commit.clone())),
            Step::Shift(_, commit) => (State::WouldMove, Some(commit.clone())),
            Step::Remove(old) => (State::WouldDelete, Some(old.commit.clone())),
        };
        Row { name: target.name.clone(), state, commit }
    };
    targets.iter().zip(steps).map(row).collect()
}

/// One repository after the other, until one fails.
async fn carry_out(
    targets: &mut [Target<'_>],
    steps: Vec<Step>,
    request: &TagRequest,
    cancel: &CancellationToken,
) -> Outcome {
    let (mut rows, mut failed) = (Vec::new(), None);
    for (index, (target, step)) in targets.iter_mut().zip(steps).enumerate() {
        let (state, commit) = match step {
            Step::Nothing(state, commit) => (state, commit),
            _ if failed.is_some() => (State::NotDone, None),
            step => match change(target, step, request, cancel).await {
                Ok(done) => done,
                Err(error) => {
                    failed = heard(vec![Trouble { index, error }], cancel).await.pop();
                    (State::Failed, None)
                }
            },
        };
        rows.push(Row { name: target.name.clone(), state, commit });
    }
    Outcome { rows, failed }
}

async fn change(
    target: &mut Target<'_>,
    step: Step,
    request: &TagRequest,
    cancel: &CancellationToken,
) -> Result<(State, Option<Commit>), TagError> {
    if cancel.is_cancelled() {
        return Err(GitError::Interrupted.into());
    }
    let (tag, backend) = (&request.tag, &mut target.backend);
    match step {
        Step::Create(commit) => {
            let made = backend.create(tag, &commit, note(request)).await;
            there(made, target, tag, &commit).await.map(|()| (State::Created, Some(commit)))
        }
        Step::Shift(old, commit) => {
            let moved = backend.shift(tag, &old, &commit, note(request)).await;
            there(moved, target, tag, &commit).await.map(|()| (State::Moved, Some(commit)))
        }
        Step::Remove(old) => backend.remove(tag, &old).await.map(|()| (State::Deleted, Some(old.commit))),
        Step::Nothing(state, commit) => Ok((state, commit)),
    }
}

/// A change whose answer was lost may have been made: so it is asked where the tag is now.
async fn there(
    made: Result<(), TagError>,
    target: &mut Target<'_>,
    tag: &Tag,
    commit: &Commit,
) -> Result<(), TagError> {
    let Err(error) = made else { return Ok(()) };
    if error.is_interruption() {
        return Err(error);
    }
    match target.backend.standing(tag).await {
        Ok(Some(standing)) if standing.commit == *commit => Ok(()),
        _ => Err(error),
    }
}

/// The troubles, or that the run was stopped.
async fn heard(troubles: Vec<Trouble>, cancel: &CancellationToken) -> Vec<Trouble> {
    if tokio::time::timeout(HEARSAY, cancel.cancelled()).await.is_err() {
        return troubles;
    }
    let stopped = |trouble: Trouble| Trouble { error: GitError::Interrupted.into(), ..trouble };
    troubles.into_iter().map(stopped).collect()
}
