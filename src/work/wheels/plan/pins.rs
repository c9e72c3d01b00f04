//! Lines of requirements that no version satisfies: pip would say so after it has fetched the rest.

use std::path::Path;

use crate::{
    source::requirements::{self, Conflict, Texts, Wish},
    util::toml::Issue,
};

/// Each of them at its line: `written` has the texts as they are, `real` with the values of variables.
pub(super) fn conflicts(written: &Texts, real: &Texts, first: &Path) -> Vec<Issue> {
    requirements::conflicts(real, first).iter().filter_map(|conflict| issue(conflict, written)).collect()
}

fn issue(Conflict { name, pin, other }: &Conflict, written: &Texts) -> Option<Issue> {
    let text = written.get(&other.file)?;
    let said = |wish: &Wish| format!("`{name}{}` ({}:{})", wish.wants, wish.file.display(), wish.line);
    let message = format!("no version of `{name}` is both {} and {}", said(pin), said(other));
    let start: usize = text.split_inclusive('\n').take(other.line.saturating_sub(1)).map(str::len).sum();
    let length = text.get(start..).and_then(|rest| rest.lines().next()).map_or(0, |line| line.trim_end().len());
    let issue = Issue::new(&(start..start + length), message).label("does not take the pinned version");
    Some(issue.help("change one of the lines, or take it out").within(&other.file.display().to_string(), text))
}
