//! Placeholders in texts, `{{version}}`: which of them a text may have. Fills nothing in.

use super::{Issue, Issues, Span, listed, nearest, quoted};

/// What is between `{{` and `}}` in a text, in its order.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0))
}

/// Adds the first placeholder of a text that is none of `known`; whether there was none.
pub(crate) fn only_placeholders(text: &str, known: &[&str], span: &Span, issues: &mut Issues) -> bool {
    let Some(other) = placeholders(text).find(|name| !known.contains(name)) else { return true };
    let label = match nearest(other.trim(), known.iter().copied()) {
        Some(near) => format!("did you mean `{{{{{near}}}}}`?"),
        None => "not filled in here".to_owned(),
    };
    let known: Vec<String> = known.iter().map(|name| format!("{{{{{name}}}}}")).collect();
    let message = format!("unknown placeholder {}", quoted(&format!("{{{{{other}}}}}")));
    let issue = Issue::new(span, message).of_word();
    issues.add(issue.label(label).help(format!("known here: {}", listed(&known))));
    false
}

/// Every placeholder of a recipe.
const ALL: [&str; 4] = ["version", "release", "tag", "branch"];

/// What else the recipe or a Dockerfile of one's own calls by these names, and somebody may hope to have filled in.
const HOPED: [&str; 4] = ["prefix", "platform", "arch", "suffix"];

/// The first placeholder of a text in which none is filled in, as it is there: one that others have, or nearly.
/// What else is in braces is another program's.
pub(crate) fn unfilled(text: &str) -> Option<String> {
    let ours = placeholders(text).find(|name| HOPED.contains(&name.trim()) || nearest(name.trim(), ALL).is_some())?;
    Some(quoted(&format!("{{{{{ours}}}}}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(String, String)> {
        let mut issues = Issues::default();
        only_placeholders(text, &["version", "release"], &(0..1), &mut issues);
        issues.into_sorted().into_iter().map(|issue| (issue.message, issue.label)).collect()
    }

    #[test]
    fn what_is_no_placeholder() {
        for fine in ["", "1.0", "{{version}}-{{release}}", "{version} }} {{", "{{version}}{{", "{{{{version}}"] {
            assert_eq!(said(fine), [], "{fine}");
        }
        for (text, name, label) in [
            ("{{vresion}}", "{{vresion}}", "did you mean `{{version}}`?"),
            ("a {{ version }}", "{{ version }}", "did you mean `{{version}}`?"),
            ("{{version}} {{branch}}", "{{branch}}", "not filled in here"),
            ("{{}}", "{{}}", "not filled in here"),
        ] {
            assert_eq!(said(text), [(format!("unknown placeholder `{name}`"), label.to_owned())], "{text}");
        }
    }

    #[test]
    fn what_stands_there_as_it_is() {
        assert_eq!(unfilled("Shop {{vresion}}, {{version}}"), Some("`{{vresion}}`".to_owned()));
        assert_eq!(unfilled("{{prefix}}/bin/shop"), Some("`{{prefix}}`".to_owned()));
        assert_eq!(unfilled("{{ tag }}"), Some("`{{ tag }}`".to_owned()));
        assert_eq!(unfilled("{{.Id}} {{mustache}} {{#each images}} {version}"), None);
    }
}
