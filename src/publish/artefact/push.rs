//! An artefact on its way to a registry.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Artefact, File};
use crate::{
    event::{Event, Events, Made, MadeKind, Outcome},
    names::Sha256,
    publish::{PushError, Taken, image::Standing},
    source::oci::{Blob, Client, Counter},
};

/// Looks an artefact up in the registry.
///
/// # Errors
/// [`PushError::Registry`].
pub async fn look(artefact: &Artefact, client: &Client) -> Result<Standing, PushError> {
    let ours = serde_json::to_vec(&artefact.manifest()).map_err(std::io::Error::from)?;
    let ours = format!("sha256:{}", Sha256::of(ours));
    Ok(match client.manifest(&artefact.place.repository, &artefact.place.tag).await? {
        None => Standing::Missing,
        Some(found) if found.digest == ours => Standing::Same(ours),
        Some(found) => Standing::Other(Taken { name: artefact.place.name.clone(), digest: found.digest }),
    })
}

/// Says that the registry has an artefact already; gives its row of the closing table.
#[must_use]
pub fn there(artefact: &Artefact, digest: &str, events: &Events) -> Made {
    let (step, outcome) = (artefact.place.step.clone(), Outcome::Cached);
    let note = format!("in the registry already, {digest}");
    events.emit(Event::StepFinished { step, outcome, took: Duration::ZERO, note });
    made(artefact, digest, None)
}

/// Pushes the files that the registry has not, and then their manifest.
///
/// # Errors
/// [`PushError`]; a tag never stands for files that are not all there.
pub async fn push(artefact: &Artefact, client: &Client, events: &Events) -> Result<Made, PushError> {
    let started = Instant::now();
    let step = artefact.place.step.clone();
    let (title, why) = (format!("push {}", artefact.place.name), "asked for".to_owned());
    events.emit(Event::StepStarted { step: step.clone(), title, why });
    let pushed = send(artefact, client, events).await;
    let (outcome, note) = match &pushed {
        Ok((digest, sent)) => {
            let there = artefact.files.len() - sent;
            (Outcome::Done, format!("{digest}, files: {sent} sent, {there} there already"))
        }
        Err(PushError::Registry(crate::source::oci::OciError::Interrupted)) => (Outcome::Interrupted, String::new()),
        Err(error) => (Outcome::Failed, error.to_string()),
    };
    events.emit(Event::StepFinished { step, outcome, took: started.elapsed(), note });
    let (digest, _) = pushed?;
    Ok(made(artefact, &digest, Some(started.elapsed())))
}

async fn send(artefact: &Artefact, client: &Client, events: &Events) -> Result<(String, usize), PushError> {
    let (place, total) = (&artefact.place, artefact.size());
    let (mut before, mut sent) = (0, 0);
    for file in &artefact.files {
        let counter = counter(artefact, file, before, total, events);
        sent += usize::from(client.put(&place.repository, &file.blob(), &counter).await?);
        before += file.size;
    }
    let silent: Counter = Arc::new(|_| {});
    client.put(&place.repository, &Blob::of(b"{}"), &silent).await?;
    let digest = client.name(&place.repository, &place.tag, &artefact.manifest()).await?;
    match client.manifest(&place.repository, &place.tag).await? {
        Some(found) if found.digest == digest => Ok((digest, sent)),
        found => {
            let theirs = found.map_or_else(|| "nothing".to_owned(), |found| found.digest);
            Err(PushError::Overtaken { name: place.name.clone(), ours: digest, theirs })
        }
    }
}

fn counter(artefact: &Artefact, file: &File, before: u64, total: u64, events: &Events) -> Counter {
    let (step, events, what) = (artefact.place.step.clone(), events.clone(), file.name.clone());
    Arc::new(move |sent| {
        let (step, what, done) = (step.clone(), what.clone(), before + sent);
        events.emit(Event::StepProgress { step, what, done, total: Some(total), bytes: true });
    })
}

fn made(artefact: &Artefact, digest: &str, took: Option<Duration>) -> Made {
    Made {
        kind: MadeKind::Pushed,
        platform: artefact.place.platform.to_string(),
        name: artefact.place.name.clone(),
        size: artefact.size(),
        digest: digest.to_owned(),
        took_ms: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
    }
}
