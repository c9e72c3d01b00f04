//! How findings are told: one a line, grouped by what they are about, each with the id of its lint; and what to do about each kind once.

use super::{
    finding::{Finding, Paths},
    refusal::Refusal,
};
use crate::{
    names::{Concern, Topic},
    util::pattern,
};

/// So many findings of a topic are listed.
const SHOWN: usize = 20;
/// So many are named in a warning.
const NAMED: usize = 3;

/// What cannot be shipped as it is, and entries of `allow` that nothing needs, in words.
pub fn refusal(left: &[&Finding], idle: &[String], whose: &str, paths: Paths) -> Refusal {
    let mut lines = Vec::new();
    for topic in Topic::ALL {
        let own: Vec<&Finding> = left.iter().filter(|one| topic_of(one) == topic).copied().collect();
        if !own.is_empty() {
            let whose = if lines.is_empty() { whose } else { "it" };
            lines.push(format!("{whose} {}:", sentence(topic)));
            lines.extend(own.iter().take(SHOWN).map(|one| format!("  {}", line(one, paths))));
            let more = own.len().saturating_sub(SHOWN);
            lines.extend((more > 0).then(|| format!("  and {more} more")));
        }
    }
    if !idle.is_empty() {
        let what = if idle.len() == 1 { "an entry" } else { "entries" };
        lines.push(format!("`allow` of {whose} has {what} that nothing needs:"));
        lines.extend(idle.iter().map(|one| format!("  {one}")));
    }
    Refusal { message: lines.join("\n"), help: helps(left, paths) }
}

/// What is said of things that keep nothing from being shipped.
pub fn warning(concern: Concern, own: &[&Finding], whose: &str, paths: Paths) -> String {
    let shown = |one: &&Finding| format!("`{}`", paths.shown(&one.path));
    let mut kinds: Vec<String> = Vec::new();
    let mut rest = own.to_vec();
    while let Some(first) = rest.first().copied().filter(|_| kinds.len() < NAMED) {
        let (same, others): (Vec<&Finding>, Vec<&Finding>) = rest.iter().partition(|one| one.what == first.what);
        let also: Vec<String> = same.iter().skip(1).take(NAMED - 1).map(shown).collect();
        let also = if also.is_empty() { String::new() } else { format!("; the same of {}", also.join(", ")) };
        let more = same.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        kinds.push(format!("{} {}{also}{more}", shown(&first), first.what));
        rest = others;
    }
    if !rest.is_empty() {
        kinds.push(format!("and {} more", rest.len()));
    }
    // Where another name is meant, that is the advice.
    let advice = own.first().filter(|first| !first.what.ends_with('?')).map(|first| advice(first, paths));
    kinds.extend(advice);
    format!("{whose}: {} [{}]", kinds.join("; "), concern.as_str())
}

fn topic_of(one: &Finding) -> Topic {
    one.concern.map_or(Topic::Surprise, Concern::topic)
}

fn sentence(topic: Topic) -> &'static str {
    match topic {
        Topic::Program | Topic::Start => "has programs that cannot run there",
        Topic::Unit => "has units that cannot do what they are for",
        Topic::File => "has files that are not where or what they should be",
        Topic::Surprise => "would ship what is seldom meant",
    }
}

fn line(one: &Finding, paths: Paths) -> String {
    let from = one.from.as_ref().map(|from| format!(" (of `{}`)", from.escape_debug())).unwrap_or_default();
    let id = one.concern.map(|concern| format!(" [{}]", concern.as_str())).unwrap_or_default();
    format!("`{}`{from} {}{id}", paths.shown(&one.path), one.what)
}

/// What to do about the first of each kind, a line each.
fn helps(left: &[&Finding], paths: Paths) -> String {
    let mut kinds: Vec<Option<Concern>> = Vec::new();
    let mut helps = Vec::new();
    for topic in Topic::ALL {
        for one in left.iter().filter(|one| topic_of(one) == topic) {
            if !kinds.contains(&one.concern) {
                kinds.push(one.concern);
                helps.push(help(one, paths));
            }
        }
    }
    let ids: Vec<&str> = kinds.iter().flatten().map(|concern| concern.as_str()).collect();
    match ids.as_slice() {
        [] if helps.is_empty() => helps.push("take the entry out, or mend its `check` or `path`".to_owned()),
        [] => {}
        [id] => helps.push(format!("`factory explain {id}` says more")),
        _ => helps.push("`factory explain ID` says more of what stands in brackets".to_owned()),
    }
    helps.join("\n")
}

fn help(one: &Finding, paths: Paths) -> String {
    let advice = advice(one, paths);
    let Some(concern) = one.concern else { return advice };
    let meant = match concern {
        Concern::NotExecutable => "where it is meant",
        _ if concern.topic() == Topic::Program => "where it is loaded only sometimes, on purpose",
        _ => "where it is meant",
    };
    format!("{advice}; {meant}: {}", paths.allow(concern, &one.path))
}

/// How a thing is mended; of what only the container has, with the entry that leaves it out.
fn advice(one: &Finding, paths: Paths) -> String {
    let Some(concern) = one.concern else { return one.advice.clone().unwrap_or_default() };
    let mend = one.advice.as_deref().unwrap_or(concern.mend());
    if concern.topic() == Topic::Surprise && paths == Paths::Absolute && one.from.is_none() {
        let src = paths.shown(&pattern::escaped(&one.path));
        return format!("{mend}: `{{ src = \"{src}\", type = \"exclude\" }}` in `contents`");
    }
    mend.to_owned()
}
