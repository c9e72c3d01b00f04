//! How findings are told: one a line, grouped by what they are about, each with the id of its lint; and what to do about each kind once.

use super::{
    finding::{Finding, Paths},
    refusal::Refusal,
};
use crate::{
    names::{Concern, Severity, Topic},
    util::pattern,
};

/// So many findings of a topic are listed.
const SHOWN: usize = 20;
/// So many are named in a warning.
const NAMED: usize = 3;
/// So many are allowed by name.
const ALLOWED: usize = 5;

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

/// What is said of things that keep nothing from being shipped: what it is, what to do, and the line that allows it.
pub fn warning(concern: Concern, own: &[&Finding], whose: &str, paths: Paths) -> String {
    let shown = |one: &&Finding| format!("`{}`", paths.shown(&one.path));
    let mut kinds: Vec<String> = Vec::new();
    let mut advices: Vec<String> = Vec::new();
    let mut rest = own.to_vec();
    while let Some(first) = rest.first().copied().filter(|_| kinds.len() < NAMED) {
        let (same, others): (Vec<&Finding>, Vec<&Finding>) = rest.iter().partition(|one| one.what == first.what);
        let also: Vec<String> = same.iter().skip(1).take(NAMED - 1).map(shown).collect();
        let also = if also.is_empty() { String::new() } else { format!("; the same of {}", also.join(", ")) };
        let more = same.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        kinds.push(format!("{} {}{also}{more}", shown(&first), first.what));
        // Where another name is meant, that is the advice.
        let advice = Some(advice(first, paths)).filter(|_| !first.what.ends_with('?'));
        advices.extend(advice.filter(|advice| !advices.contains(advice)));
        rest = others;
    }
    if !rest.is_empty() {
        kinds.push(format!("and {} more", rest.len()));
    }
    kinds.extend(advices);
    format!("{whose}: {}; where it is meant: {} [{}]", kinds.join("; "), allow(concern, own, paths), concern.as_str())
}

/// The line of a recipe that allows findings of one kind, an entry for each of the first. Of more that are only warned of, one for all below
/// their folder: what is refused is allowed one by one.
fn allow(concern: Concern, own: &[&Finding], paths: Paths) -> String {
    let mut all: Vec<&str> = Vec::new();
    for one in own {
        if !all.contains(&one.path.as_str()) {
            all.push(&one.path);
        }
        if all.len() > ALLOWED {
            break;
        }
    }
    if all.len() > NAMED
        && concern.severity() == Severity::Warning
        && let Some(folder) = common_folder(own)
    {
        return paths.allow_below(concern, folder);
    }
    paths.allow(concern, &all[..all.len().min(ALLOWED)])
}

/// The folder that all of these paths are in, where that is not the top.
fn common_folder<'p>(own: &[&'p Finding]) -> Option<&'p str> {
    let mut folder = own.first()?.path.rsplit_once('/')?.0;
    for one in own {
        while !one.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')) {
            folder = folder.rsplit_once('/')?.0;
        }
    }
    Some(folder)
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
        Topic::Recipe => "says of itself what is not so",
        Topic::Before => "is not what it was before",
    }
}

fn line(one: &Finding, paths: Paths) -> String {
    let from = one.from.as_ref().map(|from| format!(" (of `{}`)", from.escape_debug())).unwrap_or_default();
    let id = one.concern.map(|concern| format!(" [{}]", concern.as_str())).unwrap_or_default();
    format!("`{}`{from} {}{id}", paths.shown(&one.path), one.what)
}

/// What to do about each kind, a line each.
fn helps(left: &[&Finding], paths: Paths) -> String {
    let mut kinds: Vec<Option<Concern>> = Vec::new();
    let mut helps = Vec::new();
    for topic in Topic::ALL {
        for one in left.iter().filter(|one| topic_of(one) == topic) {
            if !kinds.contains(&one.concern) {
                kinds.push(one.concern);
                let same: Vec<&Finding> = left.iter().filter(|other| other.concern == one.concern).copied().collect();
                helps.push(help(&same, paths));
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

/// What to do about findings of one kind: each advice once, and what allows all of them.
fn help(same: &[&Finding], paths: Paths) -> String {
    let mut advices: Vec<String> = Vec::new();
    for one in same {
        let advice = advice(one, paths);
        if advices.len() < ALLOWED && !advices.contains(&advice) {
            advices.push(advice);
        }
    }
    let advice = joined(&advices);
    let Some(concern) = same.first().and_then(|one| one.concern) else { return advice };
    let meant = match concern {
        Concern::NotExecutable => "where it is meant",
        _ if concern.topic() == Topic::Program => "where it is loaded only sometimes, on purpose",
        _ => "where it is meant",
    };
    format!("{advice}; {meant}: {}", allow(concern, same, paths))
}

/// Advices that begin alike, as those that leave a file out, with that beginning once.
fn joined(advices: &[String]) -> String {
    let starts: Vec<&str> = advices.iter().filter_map(|advice| Some(advice.split_once(": `{ ")?.0)).collect();
    match starts.first() {
        Some(start) if starts.len() == advices.len() && advices.len() > 1 && starts.iter().all(|one| one == start) => {
            let rest: Vec<&str> =
                advices.iter().map(|advice| advice[start.len() + 2..].trim_end_matches(" in `contents`")).collect();
            format!("{start}: {} in `contents`", rest.join(", "))
        }
        _ => advices.join("; "),
    }
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
