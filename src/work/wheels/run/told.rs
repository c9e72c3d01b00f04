//! Which digests the indexes tell for files: asked in a container that runs nothing but our script, so that no foreign code can
//! answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use super::{
    pip::{self, ROOT},
    pip_runner::PipRunner,
};
use crate::{
    engine::{Output, Progress},
    execute::{StepError, context::TarFile, records::blocking},
    names::Sha256,
    source::{requirements::Places, wheelhouse::Dist},
};

/// The script, and what it shares with the one that fetches seeds. A project's own templates are not looked at here.
const SCRIPTS: [(&str, &str); 2] =
    [("told.py", include_str!("told.py")), ("seed.py", include_str!("../../../../dockerfiles/seed.py"))];

/// Most lines of an answer: several for each file of the largest set.
const MOST: usize = 50_000;

/// What the indexes tell for files, by their names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    digests: BTreeMap<String, BTreeSet<Sha256>>,
    failed: Vec<String>,
}

impl Told {
    /// The digests of a file that some index has; none of a file that no index has.
    pub fn of(&self, file: &str) -> BTreeSet<Sha256> {
        self.digests.get(file).cloned().unwrap_or_default()
    }

    fn read<'l>(lines: impl Iterator<Item = &'l str>) -> Self {
        let mut told = Self::default();
        for line in lines.filter_map(|line| line.strip_prefix("told: ")) {
            let words: Vec<&str> = line.splitn(3, ' ').collect();
            match words.as_slice() {
                ["sha256", name, digest] => match Sha256::new(*digest) {
                    Ok(digest) => {
                        told.digests.entry((*name).to_owned()).or_default().insert(digest);
                    }
                    Err(_) => told.failed.push(format!("{name}: the answer cannot be read")),
                },
                ["none", name] => {
                    told.digests.entry((*name).to_owned()).or_default();
                }
                ["failed", name, reason] => told.failed.push(format!("{name}: {reason}")),
                _ => told.failed.push(line.escape_debug().to_string()),
            }
        }
        told
    }
}

/// Asks for these files.
pub async fn ask(runner: &PipRunner<'_>, files: &[&Dist]) -> Result<Told, StepError> {
    let (work, session) = (runner.work, runner.session);
    let argv = [work.python.interpreter.clone(), format!("{ROOT}/told.py"), format!("{ROOT}/questions.json")];
    let container = session.create(&runner.step.id, pip::spec(&work.builder, argv.to_vec(), session)).await?;
    let asked = async {
        let tar = inputs(runner, files).await?;
        session.services.engine.upload(&container, "/", tar).await?;
        session.services.engine.start(&container).await?;
        let answer = Answer::default();
        let code = session.services.engine.wait(&container, &answer).await?;
        Ok::<_, StepError>((code, answer.lines.into_inner().unwrap_or_else(PoisonError::into_inner)))
    };
    let asked = asked.await;
    session.discard(&container).await;
    let (code, lines) = asked?;
    let mut told = Told::read(lines.iter().map(String::as_str));
    let silent = files.iter().map(|file| file.as_str()).find(|name| !told.digests.contains_key(*name));
    if let (Some(name), true) = (silent, told.failed.is_empty()) {
        let last = lines.last().map(|line| line.escape_debug().to_string()).unwrap_or_default();
        told.failed.push(format!("{name}: no answer (exit code {code}) {last}"));
    }
    match told.failed.first() {
        None => Ok(told),
        Some(reason) => Err(StepError::Contents {
            message: format!("the index cannot be asked for the digest of {reason}"),
            help: "check the network, the proxy variables and the index's address and login, or pin hashes in the requirements \
                   (`--hash=sha256:…`): then no index is asked"
                .to_owned(),
        }),
    }
}

async fn inputs(runner: &PipRunner<'_>, files: &[&Dist]) -> Result<std::fs::File, StepError> {
    #[derive(serde::Serialize)]
    struct Questions {
        files: Vec<(String, String)>,
        #[serde(flatten)]
        places: Places,
    }
    let files = files.iter().map(|file| (file.as_str().to_owned(), file.distribution())).collect();
    let questions = Questions { files, places: Places::from_texts(&runner.texts) };
    let (index, session) = (runner.work.index.clone(), runner.session.clone());
    blocking(move || {
        let root = ROOT.trim_start_matches('/');
        let mut tar: TarFile = pip::inputs(&index, &session)?;
        for (name, text) in SCRIPTS {
            tar.bytes(&format!("{root}/{name}"), text.as_bytes(), 0o644, 0)?;
        }
        let text = serde_json::to_vec(&questions).map_err(std::io::Error::from)?;
        // It may hold logins.
        tar.bytes(&format!("{root}/questions.json"), &text, 0o600, u64::from(session.ids.user.0))?;
        tar.finish()
    })
    .await
}

/// The lines of an answer, which would only fill a log.
#[derive(Default)]
struct Answer {
    lines: Mutex<Vec<String>>,
}

impl Output for Answer {
    fn line(&self, line: &str) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < MOST {
            lines.push(line.to_owned());
        }
    }

    fn progress(&self, _progress: Progress) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer() {
        let (one, two) = (Sha256::of("one"), Sha256::of("two"));
        let lines = format!(
            "something else\ntold: sha256 six-1-py3-none-any.whl {one}\ntold: sha256 six-1-py3-none-any.whl {two}\n\
             told: none x-1.tar.gz\ntold: failed y-1.tar.gz the server answers 500"
        );
        let told = Told::read(lines.lines());
        assert_eq!(told.of("six-1-py3-none-any.whl"), [one, two].into());
        assert_eq!(told.of("x-1.tar.gz"), BTreeSet::new());
        assert_eq!(told.failed, ["y-1.tar.gz: the server answers 500"]);
        assert_eq!(Told::read(["told: sha256 x-1.tar.gz evil"].into_iter()).failed.len(), 1);
    }
}
