//! Holds what resolving gave against the requirements and against the indexes.
//!
//! Resolving runs foreign code: pip asks source distributions what they require, in the container that it downloads to. So what
//! comes out of it is a claim: nothing of it is kept, built or installed before it was found to be a file that the requirements
//! pin by digest, or one that an index has under its name, asked by a process that nobody's code could reach (`told`).

use std::collections::BTreeSet;

use super::{
    super::StepError,
    bench::{Bench, Job, Load},
    compile, complaint, known,
    pip::ROOT,
    ready::Ready,
    resolve::{FILES, Found},
    told,
};
use crate::source::{
    requirements::{Held, Places, Refusal},
    wheelhouse::{Dist, Received, WheelhouseError},
};

/// The same files once all of them are held; what could not be asked of any index (a checkout of a repository) was fetched
/// again, apart from all others.
pub async fn hold(bench: &Bench<'_>, found: Vec<Found>, ready: &[Ready]) -> Result<Vec<Found>, StepError> {
    once(&found)?;
    let judged = known::digests(bench);
    let mut asked = Vec::new();
    for file in &found {
        let received = &file.received;
        let sha256 = &received.sha256;
        if ready
            .iter()
            .any(|ready| ready.wheel.sha256 == *sha256 && ready.wheel.file.as_str() == received.file.as_str())
        {
            continue;
        }
        let name = received.file.distribution();
        match bench.work.wanted.judge(&name, received.file.version(), sha256) {
            Ok(Held::ByDigest) => {}
            Ok(Held::ByVersion) if judged.get(&name) == Some(sha256) => {}
            Ok(Held::ByVersion) => asked.push(&received.file),
            Err(refusal) => return Err(refused(bench, received, &refusal, &found)),
        }
    }
    if asked.is_empty() {
        return Ok(found);
    }
    let told = told::ask(bench, &asked).await?;
    let asked: BTreeSet<String> = asked.iter().map(|file| file.as_str().to_owned()).collect();
    let mut apart: Option<Vec<Found>> = None;
    let mut held = Vec::with_capacity(found.len());
    for file in &found {
        let name = file.received.file.as_str();
        let digests = if asked.contains(name) { told.of(name) } else { [file.received.sha256.clone()].into() };
        if digests.contains(&file.received.sha256) {
            held.push(file.clone());
            continue;
        }
        if !digests.is_empty() {
            return Err(replaced(&file.received, "is not the file that the index has", &found));
        }
        let checkouts = match apart.take() {
            Some(checkouts) => checkouts,
            None => self::checkouts(bench).await?,
        };
        let Some(own) = checkouts.iter().find(|own| own.received.file.as_str() == name).cloned() else {
            return Err(unknown(&file.received));
        };
        apart = Some(checkouts);
        held.push(own);
    }
    Ok(held)
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

/// What the requirements have checked out of repositories, each by a pip of its own: no index can be asked for it.
async fn checkouts(bench: &Bench<'_>) -> Result<Vec<Found>, StepError> {
    let mut found = Vec::new();
    for (number, line) in Places::of(&bench.texts).checkouts.into_iter().enumerate() {
        let into = bench.folder(&format!("checkout-{number}"))?;
        let list = "in/checkout.txt";
        let mut argv: Vec<String> = ["download", "--progress-bar", "off", "--no-deps"].map(str::to_owned).into();
        argv.extend([
            "--dest".to_owned(),
            format!("{ROOT}/{FILES}"),
            "--requirement".to_owned(),
            format!("{ROOT}/{list}"),
        ]);
        let text = format!("{}{line}\n", compile::indexes(bench));
        let load = Load { texts: vec![(list.to_owned(), text)], ..Load::default() };
        let done = bench.pip(Job { argv, load, gives: FILES, about: None }, &into, |_| Ok(())).await?;
        let files = done.files.into_iter();
        found.extend(files.map(|received| Found { path: into.join(received.file.as_str()), received, offered: false }));
    }
    Ok(found)
}

fn refused(bench: &Bench<'_>, received: &Received, refusal: &Refusal, found: &[Found]) -> StepError {
    let reason = format!("`{}` {refusal}", received.file.as_str());
    let help = match refusal {
        // pip has held the download itself against it: somebody has changed it since.
        Refusal::Digest => format!("{}; {}", suspects(found), refusal.help()),
        other => other.help().to_owned(),
    };
    complaint::at(bench.work, bench.session, &received.file.distribution(), reason, help)
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
            "if one of the requirements wants it by its address, name that in your requirements, too: `{} @ https://…`",
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
    use crate::{names::Sha256, source::wheelhouse::ANYTHING};

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
