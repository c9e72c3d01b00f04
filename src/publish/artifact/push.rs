//! An artifact on its way to a registry.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Artifact, File};
use crate::{
    event::{Event, Events, Made, MadeKind, Outcome},
    names::Sha256,
    publish::{PushError, Taken, image::Standing},
    source::oci::{Blob, Client, Counter},
};

/// Looks an artifact up in the registry.
///
/// # Errors
/// [`PushError::Registry`].
pub async fn look(artifact: &Artifact, client: &Client) -> Result<Standing, PushError> {
    let ours = serde_json::to_vec(&artifact.manifest()).map_err(std::io::Error::from)?;
    let ours = format!("sha256:{}", Sha256::of(ours));
    Ok(match client.manifest(&artifact.place.repository, &artifact.place.tag).await? {
        None => Standing::Missing,
        Some(found) if found.digest == ours => Standing::Same(ours),
        Some(found) => Standing::Other(Taken { name: artifact.place.name.clone(), digest: found.digest }),
    })
}

/// Says that the registry has an artifact already; gives its row of the closing table.
#[must_use]
pub fn there(artifact: &Artifact, digest: &str, events: &Events) -> Made {
    let (step, outcome) = (artifact.place.step.clone(), Outcome::Cached);
    let note = format!("in the registry already, {digest}");
    events.emit(Event::StepFinished { step, outcome, took: Duration::ZERO, note });
    made(artifact, digest, None)
}

/// Pushes the files that the registry has not, and then their manifest.
///
/// # Errors
/// [`PushError`]; a tag never stands for files that are not all there.
pub async fn push(artifact: &Artifact, client: &Client, events: &Events) -> Result<Made, PushError> {
    let started = Instant::now();
    let step = artifact.place.step.clone();
    let (title, why) = (format!("push {}", artifact.place.name), "asked for".to_owned());
    events.emit(Event::StepStarted { step: step.clone(), title, why });
    let pushed = send(artifact, client, events).await;
    let (outcome, note) = match &pushed {
        Ok((digest, sent)) => {
            let there = artifact.files.len() - sent;
            (Outcome::Done, format!("{digest}, files: {sent} sent, {there} there already"))
        }
        Err(PushError::Registry(crate::source::oci::OciError::Interrupted)) => (Outcome::Interrupted, String::new()),
        Err(error) => (Outcome::Failed, error.to_string()),
    };
    events.emit(Event::StepFinished { step, outcome, took: started.elapsed(), note });
    let (digest, _) = pushed?;
    Ok(made(artifact, &digest, Some(started.elapsed())))
}

async fn send(artifact: &Artifact, client: &Client, events: &Events) -> Result<(String, usize), PushError> {
    let (place, total) = (&artifact.place, artifact.size());
    let (mut before, mut sent) = (0, 0);
    for file in &artifact.files {
        let counter = counter(artifact, file, before, total, events);
        sent += usize::from(client.put(&place.repository, &file.blob(), &counter).await?);
        before += file.size;
    }
    let silent: Counter = Arc::new(|_| {});
    client.put(&place.repository, &Blob::from_static(b"{}"), &silent).await?;
    let digest = client.name(&place.repository, &place.tag, &artifact.manifest()).await?;
    match client.manifest(&place.repository, &place.tag).await? {
        Some(found) if found.digest == digest => Ok((digest, sent)),
        found => {
            let theirs = found.map_or_else(|| "nothing".to_owned(), |found| found.digest);
            Err(PushError::Overtaken { name: place.name.clone(), ours: digest, theirs })
        }
    }
}

fn counter(artifact: &Artifact, file: &File, before: u64, total: u64, events: &Events) -> Counter {
    let (step, events, what) = (artifact.place.step.clone(), events.clone(), file.name.clone());
    Arc::new(move |sent| {
        let (step, what, done) = (step.clone(), what.clone(), before + sent);
        events.emit(Event::StepProgress { step, what, done, total: Some(total), bytes: true });
    })
}

fn made(artifact: &Artifact, digest: &str, took: Option<Duration>) -> Made {
    Made {
        kind: MadeKind::Pushed,
        platform: artifact.place.platform.to_string(),
        name: artifact.place.name.clone(),
        size: artifact.size(),
        digest: digest.to_owned(),
        took_ms: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
    }
}
