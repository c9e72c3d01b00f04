//! Holds what lints have found against what the recipe allows: everything that it does not allow is said at once, and so is what it
//! allows and nothing has.

use globset::GlobMatcher;

use super::{Finding, Paths, Refusal, natives, surprises, units};
use crate::{
    names::{Allowance, Concern, Topic},
    platform::Host,
    source::project::glob,
    util::toml::Source,
};

/// So many findings of a topic are listed.
const SHOWN: usize = 20;

/// What is shipped, and what was looked for in it.
#[derive(Debug, Clone, Copy)]
pub struct Shipped<'a> {
    /// How it is called.
    pub whose: &'a str,
    /// The recipe, which has the lines of what it allows; `None` where none is at hand.
    pub recipe: Option<&'a Source>,
    /// How its paths are written.
    pub paths: Paths,
    /// What can run where it goes; `None` where nothing of it runs.
    pub host: Option<&'a Host>,
    /// The topics of lints that were asked: what a recipe allows of others is not held against anything.
    pub asked: &'a [Topic],
}

/// Holds findings against what the recipe allows.
///
/// # Errors
/// Everything that it does not allow, and everything that it allows for nothing.
pub fn judge(found: &[Finding], allowed: &[Allowance], of: &Shipped<'_>) -> Result<(), Refusal> {
    let allowed: Vec<&Allowance> = allowed.iter().filter(|one| of.asked.contains(&one.check.topic())).collect();
    let pattern = |one: &&Allowance| glob(one.path.trim_start_matches('/')).ok();
    let patterns: Vec<Option<GlobMatcher>> = allowed.iter().map(pattern).collect();
    let mut used = vec![false; allowed.len()];
    let mut left = Vec::new();
    for one in found {
        let mut is_allowed = false;
        for (number, allowance) in allowed.iter().enumerate() {
            let fits = Some(allowance.check) == one.concern
                && patterns[number].as_ref().is_some_and(|pattern| pattern.is_match(&one.path));
            used[number] |= fits;
            is_allowed |= fits;
        }
        if !is_allowed {
            left.push(one);
        }
    }
    let idle: Vec<&Allowance> = allowed.iter().zip(&used).filter(|(_, used)| !**used).map(|(one, _)| *one).collect();
    if left.is_empty() && idle.is_empty() { Ok(()) } else { Err(said(&left, &idle, of)) }
}

fn said(left: &[&Finding], idle: &[&Allowance], of: &Shipped<'_>) -> Refusal {
    let (mut parts, mut helps) = (Vec::new(), Vec::new());
    for topic in Topic::ALL {
        let is_of = |one: &&&Finding| one.concern.map_or(Topic::Surprise, Concern::topic) == topic;
        let own: Vec<&Finding> = left.iter().filter(is_of).copied().collect();
        let Some(first) = own.first() else { continue };
        let (sentence, help) = match topic {
            Topic::Program | Topic::Start => (
                "has programs that cannot run there",
                of.host.map(|host| natives::help(first, host)).unwrap_or_default(),
            ),
            Topic::Surprise => {
                let one = own.iter().find(|one| one.concern.is_some()).unwrap_or(first);
                ("would ship what is seldom meant", surprises::help(one, of.paths))
            }
            Topic::Unit => ("has units that cannot do what they are for", units::help(first)),
        };
        let whose = if parts.is_empty() { of.whose } else { "it" };
        parts.push(format!("{whose} {sentence}: {}", listed(&own, topic, of.paths)));
        helps.push(help);
    }
    if !idle.is_empty() {
        let line = |one: &Allowance| {
            of.recipe.map(|text| format!(" ({}:{})", text.name(), text.position(one.at.start).0)).unwrap_or_default()
        };
        let shown = |one: &&Allowance| format!("{} at `{}`{}", one.check.as_str(), one.path, line(one));
        let all: Vec<String> = idle.iter().map(shown).collect();
        let what = if all.len() == 1 { "an entry" } else { "entries" };
        parts.push(format!("`allow` of {} has {what} that nothing needs: {}", of.whose, all.join(", ")));
        if helps.is_empty() {
            helps.push("take the entry out, or mend its `check` or `path`".to_owned());
        }
    }
    Refusal { message: parts.join("; "), help: helps.join("\n") }
}

fn listed(own: &[&Finding], topic: Topic, paths: Paths) -> String {
    let shown = own.iter().take(SHOWN).map(|one| {
        let from = one.from.as_ref().map(|from| format!(" (of `{}`)", from.escape_debug())).unwrap_or_default();
        let what = if topic == Topic::Surprise { format!("({})", one.what) } else { one.what.clone() };
        format!("`{}`{from} {what}", paths.shown(&one.path))
    });
    let mut all: Vec<String> = shown.collect();
    if own.len() > SHOWN {
        all.push(format!("and {} more", own.len() - SHOWN));
    }
    all.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Manager;

    const ALL: [Topic; 4] = Topic::ALL;

    fn allow(check: Concern, path: &str) -> Allowance {
        Allowance { check, path: path.to_owned(), reason: "a test".to_owned(), at: 2..3 }
    }

    fn host() -> Host {
        Host {
            platform: "test-1".to_owned(),
            machine: "x86_64".to_owned(),
            libc: "glibc-2.36".to_owned(),
            manager: Manager::Apt,
        }
    }

    fn judged(found: &[Finding], allowed: &[Allowance], asked: &[Topic]) -> Result<(), Refusal> {
        let recipe = Source::new("factory.toml", "a\nb\n");
        let (whose, paths, host) = ("tools", Paths::Absolute, host());
        judge(found, allowed, &Shipped { whose, recipe: Some(&recipe), paths, host: Some(&host), asked })
    }

    fn found() -> Vec<Finding> {
        vec![
            Finding::new(Concern::Setuid, "opt/x/su", "runs as its owner, mode 4755"),
            Finding::new(Concern::PrivateKey, "opt/x/lib/python3.11/a.pem", "a private key"),
            Finding {
                from: Some("units/x.service".to_owned()),
                ..Finding::new(Concern::UnitUser, "lib/systemd/system/x.service", "line 3: User=x is nobody")
            },
            Finding::new(Concern::Machine, "usr/lib/a.so", "is for aarch64, and test-1 is x86_64"),
        ]
    }

    #[test]
    fn everything_is_said_at_once() {
        let refusal = judged(&found(), &[allow(Concern::Setgid, "/opt/x/nothing")], &ALL).unwrap_err();
        insta::assert_snapshot!(format!("{}\n{}", refusal.message, refusal.help), @r#"
        tools has programs that cannot run there: `/usr/lib/a.so` is for aarch64, and test-1 is x86_64; it has units that cannot do what they are for: `/lib/systemd/system/x.service` (of `units/x.service`) line 3: User=x is nobody; it would ship what is seldom meant: `/opt/x/su` (runs as its owner, mode 4755); `/opt/x/lib/python3.11/a.pem` (a private key); `allow` of tools has an entry that nothing needs: setgid at `/opt/x/nothing` (factory.toml:2)
        build it for this machine, or leave it out; where it is loaded only sometimes, on purpose: `allow = [{ check = "machine", path = "/usr/lib/a.so", reason = "…" }]`
        declare the user in `[[user]]` and in the package's `users`, or depend on the package that makes it; where it is meant: `allow = [{ check = "unit-user", path = "/lib/systemd/system/x.service", reason = "…" }]`
        leave it out: `{ src = "/opt/x/su", type = "exclude" }` in `contents`; or say in the recipe why it is meant: `allow = [{ check = "setuid", path = "/opt/x/su", reason = "…" }]`
        "#);
    }

    #[test]
    fn what_is_allowed_with_a_reason_passes() {
        let allowed = [
            allow(Concern::Setuid, "/opt/**"),
            allow(Concern::PrivateKey, "/opt/x/lib/python3.*/*.pem"),
            allow(Concern::UnitUser, "/lib/systemd/system/x.service"),
            allow(Concern::Machine, "/usr/lib/*.so"),
        ];
        assert_eq!(judged(&found(), &allowed, &ALL), Ok(()));
        // What was not looked for is not missed.
        assert_eq!(judged(&[], &allowed, &[]), Ok(()));
        let idle = judged(&[], &allowed, &[Topic::Unit]).unwrap_err();
        assert_eq!(
            idle.message,
            "`allow` of tools has an entry that nothing needs: unit-user at `/lib/systemd/system/x.service` (factory.toml:2)"
        );
        // The key that signs is never allowed.
        let key = Finding { concern: None, ..Finding::new(Concern::PrivateKey, "opt/k.pem", "the key that signs") };
        let refusal = judged(&[key], &[], &ALL).unwrap_err();
        assert!(refusal.message.contains("`/opt/k.pem` (the key that signs)"), "{}", refusal.message);
    }
}
