//! `catag.ini`, the older form of a release's repositories: `[projects]`, then `group/project = ref` line by line. Read as its
//! own tool read it, except that a project that is there twice is an error.

use std::{collections::BTreeMap, path::Path};

use super::Listed;
use crate::{
    names::{ApiUrl, ForgeKind, ForgeProject, RefName},
    recipe::{ForgePlace, Place, ReleaseRepository},
    source::project::within,
    util::{
        files::read_bounded,
        folder::{Folder, Links},
        toml::{Issue, Issues, Report, Source, Span, quoted},
    },
};

/// The section that is read.
const SECTION: &str = "projects";
/// No such file is larger: 1 MiB.
const LARGEST: u64 = 1 << 20;

/// Reads a file. One that is named from the folder that one is in is a file of the project there: no link leads out of it. An
/// absolute path is opened as it is.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path) -> std::io::Result<String> {
    if within(path).is_some() {
        return Folder::open(Path::new("."), Links::Inside)?.text(path, LARGEST);
    }
    let bytes = read_bounded(path, LARGEST)?;
    let bytes = bytes.ok_or_else(|| std::io::Error::other(format!("`{}` is larger than 1 MiB", path.display())))?;
    String::from_utf8(bytes).map_err(std::io::Error::other)
}

/// The projects of a text, in its order; `name` is what errors call it.
///
/// # Errors
/// Everything that is wrong, each at its line.
pub fn parse(name: &str, text: &str, api: &ApiUrl) -> Result<Listed, Report> {
    let mut issues = Issues::default();
    let repositories = projects(text, api, &mut issues);
    let shown = Source::new(name, text);
    if issues.is_empty() {
        Ok(Listed { text: shown, repositories })
    } else {
        Err(Report::new(shown, issues.into_sorted()))
    }
}

fn projects(text: &str, api: &ApiUrl, issues: &mut Issues) -> Vec<ReleaseRepository> {
    let (mut repositories, mut first) = (Vec::new(), BTreeMap::<String, Span>::new());
    let (mut section, mut start) = (String::new(), 0);
    for line in text.split_inclusive('\n') {
        let at = start + (line.len() - line.trim_start().len());
        start += line.len();
        let line = line.trim();
        let span = at..at + line.len();
        if line.is_empty() || line.starts_with([';', '#']) {
            continue;
        }
        match line.split_once('=') {
            // As the older tool does: a line with `=` is never the head of a section.
            Some((key, value)) if !key.is_empty() => {
                if section != SECTION {
                    continue;
                }
                let (key, value) = (key.trim(), value.trim());
                if let Some(before) = first.insert(key.to_owned(), span.clone()) {
                    let issue = Issue::new(&span, format!("{} is here twice", quoted(key))).label("again here");
                    issues.add(
                        issue.also(&before, "first here").help("the older tool took the last one: leave one of them"),
                    );
                    continue;
                }
                repositories.extend(repository(key, value, &span, api, issues));
            }
            None if line.starts_with('[') && line.ends_with(']') => {
                line[1..line.len() - 1].trim().clone_into(&mut section);
            }
            _ => {
                let issue = Issue::new(&span, "this is neither a project nor a section")
                    .label("expected `group/project = ref`");
                issues.add(issue.help("comments begin with `#` or `;`"));
            }
        }
    }
    if repositories.is_empty() && issues.is_empty() {
        let issue = Issue::new(&(0..0), "there is no project in it").label("expected `[projects]`");
        issues.add(issue.help("write `[projects]`, then `group/project = ref` line by line"));
    }
    repositories
}

fn repository(key: &str, value: &str, span: &Span, api: &ApiUrl, issues: &mut Issues) -> Option<ReleaseRepository> {
    let project = ForgeProject::new(key).map_err(|error| {
        let message = format!("{} is not a valid {}", quoted(key), error.kind);
        issues.add(Issue::new(span, message).label(error.kind).help(format!("expected {}", error.expected)));
    });
    let fits = RefName::new(value.replace("{{branch}}", "x").replace("{{tag}}", "x")).is_ok();
    if !fits {
        let issue = Issue::new(span, format!("{} is not a valid git reference", quoted(value))).label("git reference");
        issues.add(issue.help("expected a branch, a tag, a commit, `{{branch}}` or `{{tag}}`"));
    }
    let project = project.ok().filter(|_| fits)?;
    let kind = ForgeKind::from_api(api).unwrap_or(ForgeKind::Gitlab);
    Some(ReleaseRepository {
        name: project.to_string(),
        place: Place::Forge(ForgePlace { kind, api: api.clone(), project, token_env: None }),
        reference: value.to_owned(),
        place_at: span.clone(),
        reference_at: span.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<String>, Vec<String>> {
        let api = ApiUrl::new("https://git.example.org/api/v4").unwrap();
        match parse("catag.ini", text, &api) {
            Ok(listed) => Ok(listed.repositories.iter().map(|one| format!("{} {}", one.name, one.reference)).collect()),
            Err(report) => {
                let line = |located: &crate::util::toml::Located| {
                    format!("{}: {}", located.position().0, located.issue.message)
                };
                Err(report.issues().iter().map(line).collect())
            }
        }
    }

    #[test]
    fn the_grammar_of_the_older_tool() {
        let text = "; c\n# c = d\nlost = 1\n[other]\na/b = c\n  [ projects ]  \r\n cat/canopsis-cat = develop \r\n\
                    a/b=refs/heads/x\n[projects]\nc/d = 1a2b3c4\n";
        assert_eq!(parsed(text).unwrap(), ["cat/canopsis-cat develop", "a/b refs/heads/x", "c/d 1a2b3c4"]);
    }

    #[test]
    fn mistakes_come_at_their_lines() {
        let text = "[projects]\na/b = x\nc/d = x = y\n= x\nword\nsingle = x\na/b = y\ne/f =\ng/h = --force\n";
        assert_eq!(
            parsed(text).unwrap_err(),
            [
                "3: `x = y` is not a valid git reference",
                "4: this is neither a project nor a section",
                "5: this is neither a project nor a section",
                "6: `single` is not a valid project path",
                "7: `a/b` is here twice",
                "8: `` is not a valid git reference",
                "9: `--force` is not a valid git reference",
            ]
        );
        assert_eq!(parsed("[project]\na/b = x\n").unwrap_err(), ["1: there is no project in it"]);
        assert_eq!(parsed("").unwrap_err().len(), 1);
    }
}
