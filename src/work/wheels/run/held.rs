//! Holds what resolving gave against the requirements and against the indexes.
//!
//! Resolving runs foreign code: pip asks source distributions what they require, in the container that it downloads to. So what
//! comes out of it is a claim: nothing of it is kept, built or installed before it was found to be a file that the requirements
//! pin by digest, or one that an index has under its name, asked by a process that no foreign code could reach (`told`).

use std::collections::BTreeSet;

use super::{complaint, found::Found, known, pip_runner::PipRunner, ready::Ready, told};
use crate::{
    execute::StepError,
    names::Sha256,
    source::{
        requirements::{Held, Refusal},
        wheelhouse::{Dist, Received, WheelhouseError},
    },
};

/// The same files once all of them are held.
pub async fn hold(runner: &PipRunner<'_>, found: Vec<Found>, ready: &[Ready]) -> Result<Vec<Found>, StepError> {
    once(&found)?;
    let judged = known::digests(runner);
    let linked: BTreeSet<(String, Sha256)> = runner
        .work
        .links
        .iter()
        .flat_map(|links| &links.files)
        .map(|(name, _, sha256)| (name.clone(), sha256.clone()))
        .collect();
    let mut asked = Vec::new();
    for file in &found {
        let received = &file.received;
        let sha256 = &received.sha256;
        let own = |ready: &Ready| ready.wheel.sha256 == *sha256 && ready.wheel.file.as_str() == received.file.as_str();
        if ready.iter().any(own) {
            continue;
        }
        let name = received.file.distribution();
        match runner.work.wanted.judge(&name, received.file.version(), sha256) {
            Ok(Held::ByDigest) => {}
            Ok(Held::ByVersion) if judged.get(&name) == Some(sha256) => {}
            // The project has the very same file in a folder that `--find-links` names.
            Ok(Held::ByVersion) if linked.contains(&(received.file.as_str().to_owned(), sha256.clone())) => {}
            Ok(Held::ByVersion) => asked.push(received),
            Err(refusal) => return Err(refused(runner, received, &refusal, &found)),
        }
    }
    if asked.is_empty() {
        return Ok(found);
    }
    let told = told::ask(runner, &asked.iter().map(|received| &received.file).collect::<Vec<_>>()).await?;
    for received in asked {
        let digests = told.of(received.file.as_str());
        if digests.is_empty() {
            return Err(unknown(received));
        }
        if !digests.contains(&received.sha256) {
            return Err(replaced(received, "is not the file that the index has", &found));
        }
    }
    Ok(found)
}

/// Refuses two files of one distribution.
fn once(found: &[Found]) -> Result<(), StepError> {
    let mut seen = BTreeSet::new();
    match found.iter().find(|file| !seen.insert(file.received.file.distribution())) {
        None => Ok(()),
        Some(Found { received, .. }) => Err(WheelhouseError::Foreign {
            name: received.file.as_str().to_owned(),
            reason: "which is one of several files of one distribution",
        }
        .into()),
    }
}

fn refused(runner: &PipRunner<'_>, received: &Received, refusal: &Refusal, found: &[Found]) -> StepError {
    let reason = format!("`{}` {refusal}", received.file.as_str());
    let help = match refusal {
        // pip has held the download itself against it: somebody has changed it since.
        Refusal::Digest => format!("{}; {}", suspects(found), refusal.help()),
        other => other.help().to_owned(),
    };
    complaint::at(runner.work, runner.session, &received.file.distribution(), reason, help)
}

fn replaced(received: &Received, what: &str, found: &[Found]) -> StepError {
    let Received { file, sha256, .. } = received;
    StepError::Contents {
        message: format!("`{}` {what} (it has sha256:{sha256}): nothing of it was kept", file.as_str()),
        help: suspects(found),
    }
}

fn unknown(received: &Received) -> StepError {
    StepError::Contents {
        message: format!("`{}` came out of resolving, and no index has a file of this name", received.file.as_str()),
        help: format!(
            "if one of the requirements wants it by its address, name that in your requirements, too: `{} @ https://…` or `@ git+https://…`",
            received.file.distribution()
        ),
    }
}

/// Whose code ran while files could be replaced.
fn suspects(found: &[Found]) -> String {
    let sources: Vec<&str> = found
        .iter()
        .map(|file| &file.received.file)
        .filter_map(|file| match file {
            Dist::Sdist(name) => Some(name.as_str()),
            Dist::Wheel(_) => None,
        })
        .collect();
    match sources.as_slice() {
        [] => "the index gave it another file than to others; run the same command again".to_owned(),
        sources => format!(
            "while the requirements were resolved, these source distributions ran code of theirs, and one of them may have \
             replaced it: {}",
            sources.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::wheelhouse::ANYTHING;

    fn found(file: &str) -> Found {
        let file = Dist::new(file, ANYTHING).unwrap();
        Found {
            path: file.as_str().into(),
            received: Received { file, sha256: Sha256::of("x"), size: 1 },
            offered: false,
        }
    }

    #[test]
    fn a_distribution_comes_once() {
        assert!(once(&[found("six-1-py3-none-any.whl"), found("idna-1.tar.gz")]).is_ok());
        assert!(once(&[found("six-1-py3-none-any.whl"), found("Six-2.tar.gz")]).is_err());
    }

    #[test]
    fn who_may_have_done_it_is_named() {
        let files = [found("six-1-py3-none-any.whl"), found("evil-1.tar.gz")];
        assert!(suspects(&files).ends_with(": evil-1.tar.gz"));
        assert!(!suspects(&files[..1]).contains("replaced"));
    }
}
