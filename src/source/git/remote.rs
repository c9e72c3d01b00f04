//! What a reference of a repository is: the server's own list is asked; nothing is fetched.

use std::{collections::BTreeMap, path::Path};

use super::{command::Git, error::GitError};
use crate::{
    names::{Commit, GitUrl, RefName},
    util::toml::nearest,
};

/// The largest list of references that is read.
const LARGEST: u64 = 64 << 20;

/// Names that an error lists.
const LISTED: usize = 8;

/// What a reference is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A commit, and how people call the reference: `branch main`.
    Known(Commit, String),
    /// The beginning of a commit's hash, which only the repository itself can complete.
    Abbreviated,
}

/// Asks the server.
///
/// # Errors
/// [`GitError`]: also when there is none, or two.
pub async fn resolve(url: &GitUrl, reference: &RefName, git: &Git<'_>) -> Result<Answer, GitError> {
    if let Ok(commit) = Commit::new(reference.as_str()) {
        return Ok(Answer::Known(commit, "commit".to_owned()));
    }
    let asked = candidates(reference);
    let mut patterns: Vec<String> = Vec::new();
    for (name, _) in &asked {
        patterns.extend([name.clone(), format!("{name}^{{}}")]);
    }
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    let advertised = list(url, &[], &patterns, git).await?;
    match choose(reference, &asked, &advertised)? {
        Some((commit, what)) => Ok(Answer::Known(commit, what)),
        None => elsewhere(reference, &list(url, &["--heads", "--tags"], &[], git).await?),
    }
}

/// The full names that a reference may mean, and what each is.
fn candidates(reference: &RefName) -> Vec<(String, String)> {
    let name = reference.as_str();
    let call = |kind: &str, name: &str| format!("{kind} {name}");
    if name == "HEAD" {
        return vec![("HEAD".to_owned(), "HEAD".to_owned())];
    }
    if name.starts_with("refs/") {
        let what = match (name.strip_prefix("refs/heads/"), name.strip_prefix("refs/tags/")) {
            (Some(branch), _) => call("branch", branch),
            (_, Some(tag)) => call("tag", tag),
            _ => name.to_owned(),
        };
        return vec![(name.to_owned(), what)];
    }
    vec![(format!("refs/heads/{name}"), call("branch", name)), (format!("refs/tags/{name}"), call("tag", name))]
}

/// The references of these exact names that a repository has, each with its hash.
///
/// # Errors
/// [`GitError`].
pub async fn advertised(url: &GitUrl, names: &[&str], git: &Git<'_>) -> Result<BTreeMap<String, String>, GitError> {
    // A pattern of git also finds what only ends so.
    let mut found = list(url, &[], names, git).await?;
    found.retain(|name, _| names.contains(&name.as_str()));
    Ok(found)
}

async fn list(
    url: &GitUrl,
    options: &[&str],
    patterns: &[&str],
    git: &Git<'_>,
) -> Result<BTreeMap<String, String>, GitError> {
    let address = git.host().local.to_fetch_from(url).await?;
    let words = [&["ls-remote", "--quiet"], options, &["--", address.as_str()], patterns].concat();
    let bytes = git.output(Path::new("/nonexistent"), &words, LARGEST).await?;
    Ok(parse(&String::from_utf8_lossy(&bytes)))
}

/// `<hash> TAB <name>`, line by line.
fn parse(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    lines.map(|(hash, name)| (name.to_owned(), hash.to_owned())).collect()
}

/// The commit of a reference: an annotated tag's own one (`^{}`), not the tag's.
fn choose(
    reference: &RefName,
    asked: &[(String, String)],
    advertised: &BTreeMap<String, String>,
) -> Result<Option<(Commit, String)>, GitError> {
    let hash = |name: &str| advertised.get(&format!("{name}^{{}}")).or_else(|| advertised.get(name));
    let mut found = asked.iter().filter_map(|(name, what)| Some((hash(name)?, what)));
    let Some((hash, what)) = found.next() else { return Ok(None) };
    if found.next().is_some() {
        return Err(GitError::Ambiguous { reference: reference.clone() });
    }
    let commit = Commit::new(hash.as_str()).map_err(|error| GitError::Failed { reason: error.to_string() })?;
    Ok(Some((commit, what.clone())))
}

/// What else the text may be: the beginning of a commit's hash, or a name that was nearly right.
fn elsewhere(reference: &RefName, advertised: &BTreeMap<String, String>) -> Result<Answer, GitError> {
    if reference.is_abbreviated_commit() {
        return Ok(Answer::Abbreviated);
    }
    let short = |name: &str| name.strip_prefix("refs/heads/").or(name.strip_prefix("refs/tags/")).map(str::to_owned);
    let names: Vec<String> =
        advertised.keys().filter(|name| !name.ends_with("^{}")).filter_map(|name| short(name)).collect();
    Err(GitError::NoReference { reference: reference.clone(), near: near(reference, &names) })
}

/// Those of the names that somebody may have meant, in backticks, and how many more there are.
#[must_use]
pub fn near(reference: &RefName, names: &[String]) -> Vec<String> {
    let text = reference.as_str();
    let mut near: Vec<String> =
        nearest(text, names.iter().map(String::as_str)).map(str::to_owned).into_iter().collect();
    let related = |name: &&String| name.contains(text) || text.contains(name.as_str());
    for name in names.iter().filter(related).chain(names) {
        if near.len() < LISTED && !near.contains(name) {
            near.push(name.clone());
        }
    }
    let mut near: Vec<String> = near.iter().map(|name| format!("`{}`", name.escape_debug())).collect();
    if names.len() > near.len() {
        near.push(format!("and {} more", names.len() - near.len()));
    }
    near
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";

    fn answer(reference: &str, advertised: &[(&str, &str)]) -> Result<Option<(Commit, String)>, GitError> {
        let reference = RefName::new(reference).unwrap();
        let text = advertised.iter().map(|(name, hash)| format!("{hash}\t{name}")).collect::<Vec<_>>().join("\n");
        choose(&reference, &candidates(&reference), &parse(&text))
    }

    #[test]
    fn tags_are_peeled() {
        let (commit, what) = answer("v1", &[("refs/tags/v1", ONE), ("refs/tags/v1^{}", TWO)]).unwrap().unwrap();
        assert_eq!((commit.as_str(), what.as_str()), (TWO, "tag v1"));
    }

    #[test]
    fn only_the_whole_name_counts() {
        assert!(answer("main", &[("refs/x/refs/heads/main", ONE), ("refs/heads/a/main", ONE)]).unwrap().is_none());
    }

    #[test]
    fn two_of_a_name_are_no_answer() {
        let both = [("refs/heads/x", ONE), ("refs/tags/x", TWO)];
        assert!(matches!(answer("x", &both), Err(GitError::Ambiguous { .. })));
        let (commit, what) = answer("refs/tags/x", &both).unwrap().unwrap();
        assert_eq!((commit.as_str(), what.as_str()), (TWO, "tag x"));
    }

    #[test]
    fn near_names_come_first() {
        let names = ["develop", "main", "release/1", "zeta"].map(|name| format!("{ONE}\trefs/heads/{name}\n")).concat();
        let reference = RefName::new("develpo").unwrap();
        let Err(GitError::NoReference { near, .. }) = elsewhere(&reference, &parse(&names)) else { panic!("found") };
        assert_eq!(near.join(" "), "`develop` `main` `release/1` `zeta`");
        let reference = RefName::new("1a2b3c4").unwrap();
        assert_eq!(elsewhere(&reference, &parse(&names)).unwrap(), Answer::Abbreviated);
    }
}
