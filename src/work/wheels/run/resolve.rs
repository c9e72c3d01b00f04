//! Which files belong to the requirements: pip resolves and downloads them into a folder that already holds what the store
//! has of the last time.
//!
//! That folder, and not `--find-links`: of two equal candidates pip 20.3 takes the local one, but its resolver since then
//! the one of the index (measured with 21.3, 23.0, 25.3 and 26.0). A file that is already where it would be downloaded to
//! is taken by every pip ("File was already downloaded"), and only after the index's digest was held against it: what is
//! resolved is what the index says, and nothing but the transfer is saved.

use std::collections::BTreeSet;

use super::{
    found::{Found, chosen},
    locked,
    offer::{self, Offer},
    pip::ROOT,
    pip_runner::{Job, Load, PipRunner},
    places::{FILES, PINS},
    ready::{self, Ready},
};
use crate::{
    execute::StepError,
    source::wheelhouse::{Dist, Received, WheelhouseError},
};

/// The files that belong to the requirements.
pub async fn run(runner: &PipRunner<'_>, ready: &[Ready]) -> Result<Vec<Found>, StepError> {
    let offers = offer::gather(runner, ready).await?;
    if !offers.is_empty()
        && let Some(found) = attempt(runner, ready, &offers, "files").await?
    {
        return Ok(found);
    }
    let found = attempt(runner, ready, &[], "all-files").await?;
    found.filter(|found| !found.is_empty()).ok_or_else(|| WheelhouseError::Empty.into())
}

/// The same with these offers; `None` where pip did not say which of them it took.
async fn attempt(
    runner: &PipRunner<'_>,
    ready: &[Ready],
    offers: &[Offer],
    folder: &str,
) -> Result<Option<Vec<Found>>, StepError> {
    let into = runner.folder(folder)?;
    let python = runner.work.python.clone();
    let judge = move |received: &Received| match &received.file {
        Dist::Wheel(file) if !file.fits(&python.version, &python.abi) => {
            Err("which the platform's interpreter does not take: does `[python]` of the platform say its version?")
        }
        _ => Ok(()),
    };
    let job = Job { argv: command(runner, ready), load: load(runner, ready, offers), gives: FILES, about: None };
    let done = runner.pip(job, &into, judge).await?;
    let found: Vec<Found> = done
        .files
        .into_iter()
        .map(|received| Found {
            path: into.join(received.file.as_str()),
            offered: offers
                .iter()
                .any(|offer| offer.file.as_str() == received.file.as_str() && offer.sha256 == received.sha256),
            received,
        })
        .collect();
    if offers.is_empty() {
        return Ok(Some(found));
    }
    Ok(chosen(&done.said).map(|names| select(found, &names)))
}

fn command(runner: &PipRunner<'_>, ready: &[Ready]) -> Vec<String> {
    let work = runner.work;
    let mut argv: Vec<String> = ["download", "--progress-bar", "off"].map(str::to_owned).into();
    if work.python.version.starts_with("2.") {
        // What pip 20.3 has for Python 2 otherwise ends with an AssertionError as soon as a constraint is not needed, and takes
        // no file for what is constrained. Images run `pip check`: what the other one lets pass would fail there.
        argv.push("--use-feature=2020-resolver".to_owned());
    }
    argv.extend(["--dest".to_owned(), format!("{ROOT}/{FILES}"), "--requirement".to_owned()]);
    argv.push(format!("{ROOT}/in/{}", work.requirements_name));
    let constraints = work.constraints.iter().map(|path| format!("{ROOT}/in/{}", path.display()));
    for constraint in constraints.chain(locked::pins(runner, ready).map(|_| format!("{ROOT}/{PINS}"))) {
        argv.extend(["--constraint".to_owned(), constraint]);
    }
    if !work.no_binary.is_empty() {
        argv.extend(["--no-binary".to_owned(), work.no_binary.join(",")]);
    }
    argv
}

fn load(runner: &PipRunner<'_>, ready: &[Ready], offers: &[Offer]) -> Load {
    let mut texts = ready::texts(runner, ready);
    texts.extend(locked::pins(runner, ready).map(|pins| (PINS.to_owned(), pins)));
    let offers = offers.iter().map(|offer| (format!("{FILES}/{}", offer.file.as_str()), &offer.path, &offer.sha256));
    let ready = ready.iter().map(|ready| (ready.place(), &ready.path, &ready.wheel.sha256));
    let files = offers.chain(ready).map(|(place, path, sha256)| (place, path.clone(), sha256.clone()));
    Load { texts, files: files.chain(runner.links()).collect(), checkout: None }
}

/// What of a folder with offers belongs to the requirements: everything that is new in it, and the offers of those
/// distributions that pip chose and has nothing new of.
fn select(found: Vec<Found>, chosen: &BTreeSet<String>) -> Vec<Found> {
    let fresh: BTreeSet<String> =
        found.iter().filter(|found| !found.offered).map(|found| found.received.file.distribution()).collect();
    let belongs = |found: &Found| {
        let name = found.received.file.distribution();
        !found.offered || (chosen.contains(&name) && !fresh.contains(&name))
    };
    found.into_iter().filter(belongs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{names::Sha256, source::wheelhouse::ANYTHING};

    fn found(file: &str, offered: bool) -> Found {
        let file = Dist::new(file, ANYTHING).unwrap();
        Found { path: file.as_str().into(), received: Received { file, sha256: Sha256::of("x"), size: 1 }, offered }
    }

    fn selected(files: &[(&str, bool)], said: &[&str]) -> Option<Vec<String>> {
        let said: Vec<String> = said.iter().map(|&line| line.to_owned()).collect();
        let found = files.iter().map(|(file, offered)| super::tests::found(file, *offered)).collect();
        Some(select(found, &chosen(&said)?).iter().map(|found| found.path.display().to_string()).collect())
    }

    #[test]
    fn offers_count_when_pip_chose_them() {
        let files = [
            ("redis-5.0.1-py3-none-any.whl", true),
            ("redis-5.0.4-py3-none-any.whl", false),
            ("zope.interface-8.0.1.tar.gz", true),
            ("six-1.16.0-py2.py3-none-any.whl", true),
            ("idna-3.10-py3-none-any.whl", true),
        ];
        let said =
            ["Saved /factory/files/redis-5.0.4-py3-none-any.whl", "Successfully downloaded redis zope.interface SIX"];
        let expected =
            ["redis-5.0.4-py3-none-any.whl", "zope.interface-8.0.1.tar.gz", "six-1.16.0-py2.py3-none-any.whl"];
        assert_eq!(selected(&files, &said), Some(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn a_pip_that_does_not_say_is_asked_again() {
        let files = [("six-1.16.0-py2.py3-none-any.whl", true)];
        assert_eq!(selected(&files, &["Done."]), None);
        assert_eq!(selected(&files, &["Successfully downloaded six an […]"]), None);
    }
}
