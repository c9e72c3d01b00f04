//! Holds what lints have found against what the recipe allows: everything that it does not allow is said at once, and so is what it
//! allows and nothing has.

use globset::GlobMatcher;

use super::{
    finding::{Finding, Paths},
    refusal::Refusal,
    told,
};
use crate::{
    names::{Allowance, Concern, Severity, Topic},
    source::project::glob,
    util::toml::Source,
};

/// What is shipped, and what was looked for in it.
#[derive(Debug, Clone, Copy)]
pub struct Shipped<'a> {
    /// How it is called.
    pub whose: &'a str,
    /// The recipe, which has the lines of what it allows; `None` where none is at hand.
    pub recipe: Option<&'a Source>,
    /// How its paths are written.
    pub paths: Paths,
    /// The topics of lints that were asked: what a recipe allows of others is not held against anything.
    pub asked: &'a [Topic],
}

impl Shipped<'_> {
    /// An entry of `allow` that nothing needs, with its line.
    fn idle(&self, one: &Allowance) -> String {
        let line = self.recipe.map(|text| format!(" ({}:{})", text.name(), text.position(one.at.start).0));
        format!("{} at `{}`{}", one.check.as_str(), one.path, line.unwrap_or_default())
    }
}

/// What is left to say of what was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Why it cannot be shipped.
    pub refusal: Option<Refusal>,
    /// What is said of it all the same, a sentence for each kind.
    pub warnings: Vec<String>,
}

/// Holds findings against what the recipe allows: what of them it does not, and what it allows for nothing.
#[must_use]
pub fn judge(found: &[Finding], allowed: &[Allowance], of: &Shipped<'_>) -> Judged {
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
    let is_idle = |one: &Allowance, used: bool| !used && one.check.topic().is_same_everywhere();
    let idle: Vec<&Allowance> =
        allowed.iter().zip(&used).filter(|(one, used)| is_idle(one, **used)).map(|(one, _)| *one).collect();
    let is_warning = |one: &&Finding| one.concern.is_some_and(|concern| concern.severity() == Severity::Warning);
    let (warnings, errors): (Vec<&Finding>, Vec<&Finding>) = left.into_iter().partition(is_warning);
    let idle: Vec<String> = idle.into_iter().map(|one| of.idle(one)).collect();
    let refusal = (!errors.is_empty() || !idle.is_empty()).then(|| told::refusal(&errors, &idle, of.whose, of.paths));
    Judged { refusal, warnings: said(&warnings, of) }
}

fn said(warnings: &[&Finding], of: &Shipped<'_>) -> Vec<String> {
    let mut concerns: Vec<Concern> = warnings.iter().filter_map(|one| one.concern).collect();
    concerns.sort_unstable();
    concerns.dedup();
    let of_one = |concern: Concern| {
        let own: Vec<&Finding> = warnings.iter().filter(|one| one.concern == Some(concern)).copied().collect();
        told::warning(concern, &own, of.whose, of.paths)
    };
    concerns.into_iter().map(of_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(check: Concern, path: &str) -> Allowance {
        Allowance { check, path: path.to_owned(), reason: "a test".to_owned(), at: 2..3 }
    }

    fn judged(found: &[Finding], allowed: &[Allowance], asked: &[Topic]) -> Judged {
        let recipe = Source::new("factory.toml", "a\nb\n");
        judge(found, allowed, &Shipped { whose: "tools", recipe: Some(&recipe), paths: Paths::Absolute, asked })
    }

    fn found() -> Vec<Finding> {
        vec![
            Finding::new(Concern::Setuid, "opt/x/su", "runs as its owner, mode 4755"),
            Finding::new(Concern::PrivateKey, "opt/x/lib/python3.11/a.pem", "is a private key"),
            Finding {
                from: Some("units/x.service".to_owned()),
                ..Finding::new(Concern::UnitUser, "lib/systemd/system/x.service", "line 3: User=x is nobody")
            },
            Finding::new(Concern::Machine, "usr/lib/a.so", "is for aarch64, and test-1 is x86_64"),
        ]
    }

    #[test]
    fn everything_is_said_at_once() {
        let refusal = judged(&found(), &[allow(Concern::Setgid, "/opt/x/nothing")], &Topic::ALL).refusal.unwrap();
        insta::assert_snapshot!(format!("{}\n{}", refusal.message, refusal.help), @r#"
        tools has programs that cannot run there:
          `/usr/lib/a.so` is for aarch64, and test-1 is x86_64 [machine]
        it has units that cannot do what they are for:
          `/lib/systemd/system/x.service` (of `units/x.service`) line 3: User=x is nobody [unit-user]
        it would ship what is seldom meant:
          `/opt/x/su` runs as its owner, mode 4755 [setuid]
          `/opt/x/lib/python3.11/a.pem` is a private key [private-key]
        `allow` of tools has an entry that nothing needs:
          setgid at `/opt/x/nothing` (factory.toml:2)
        build it for this machine, or leave it out; where it is loaded only sometimes, on purpose: `allow = [{ check = "machine", path = "/usr/lib/a.so", reason = "…" }]`
        declare the user in `[[user]]` and in the package's `users`, or depend on the package that makes it; where it is meant: `allow = [{ check = "unit-user", path = "/lib/systemd/system/x.service", reason = "…" }]`
        take the bit away (`chmod u-s`), or leave it out: `{ src = "/opt/x/su", type = "exclude" }` in `contents`; where it is meant: `allow = [{ check = "setuid", path = "/opt/x/su", reason = "…" }]`
        leave it out: `{ src = "/opt/x/lib/python3.11/a.pem", type = "exclude" }` in `contents`; where it is meant: `allow = [{ check = "private-key", path = "/opt/x/lib/python3.*/a.pem", reason = "…" }]`
        `factory explain ID` says more of what stands in brackets
        "#);
    }

    #[test]
    fn every_one_of_a_kind_has_its_help() {
        let key = |path: &str| Finding::new(Concern::PrivateKey, path, "is a private key");
        let refusal = judged(&[key("a/x.pem"), key("b.pem")], &[], &Topic::ALL).refusal.unwrap();
        insta::assert_snapshot!(refusal.help, @r#"
        leave it out: `{ src = "/a/x.pem", type = "exclude" }`, `{ src = "/b.pem", type = "exclude" }` in `contents`; where it is meant: `allow = [{ check = "private-key", path = "/a/x.pem", reason = "…" }, { check = "private-key", path = "/b.pem", reason = "…" }]`
        `factory explain private-key` says more
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
        assert_eq!(judged(&found(), &allowed, &Topic::ALL), Judged::default());
        // What was not looked for is not missed.
        assert_eq!(judged(&[], &allowed, &[]), Judged::default());
        let idle = judged(&[], &allowed, &[Topic::Unit]).refusal.unwrap();
        assert_eq!(
            idle.message,
            "`allow` of tools has an entry that nothing needs:\n  unit-user at `/lib/systemd/system/x.service` (factory.toml:2)"
        );
        // The key that signs is never allowed.
        let key = Finding::never("opt/k.pem", "is the key that signs", "leave it out");
        let refusal = judged(&[key], &[], &Topic::ALL).refusal.unwrap();
        assert!(refusal.message.contains("`/opt/k.pem` is the key that signs"), "{}", refusal.message);
    }

    #[test]
    fn a_warning_refuses_nothing_and_can_be_allowed() {
        let link = |path: &str| Finding::new(Concern::DanglingLink, path, "leads to `x`, which is not there");
        let all: Vec<Finding> = ["a", "b", "c", "d", "e"].map(link).into();
        let one = judged(&all[..1], &[], &Topic::ALL);
        assert_eq!(one.refusal, None);
        insta::assert_snapshot!(one.warnings.join("\n"), @r#"tools: `/a` leads to `x`, which is not there; mend the target, ship what it leads to, or depend on the package that has it; where it is meant: `allow = [{ check = "dangling-link", path = "/a", reason = "…" }]` [dangling-link]"#);
        insta::assert_snapshot!(judged(&all, &[], &Topic::ALL).warnings.join("\n"), @r#"tools: `/a` leads to `x`, which is not there; the same of `/b`, `/c` and 2 more; mend the target, ship what it leads to, or depend on the package that has it; where it is meant: `allow = [{ check = "dangling-link", path = "/a", reason = "…" }, { check = "dangling-link", path = "/b", reason = "…" }, { check = "dangling-link", path = "/c", reason = "…" }, { check = "dangling-link", path = "/d", reason = "…" }, { check = "dangling-link", path = "/e", reason = "…" }]` [dangling-link]"#);
        assert_eq!(judged(&all, &[allow(Concern::DanglingLink, "/*")], &Topic::ALL), Judged::default());
        let idle = judged(&[], &[allow(Concern::DanglingLink, "/a")], &Topic::ALL).refusal.unwrap();
        assert!(idle.message.contains("dangling-link at `/a`"), "{}", idle.message);
        // Of many in one folder, all of it.
        let deep: Vec<Finding> = ["o/x/a", "o/x/b", "o/y", "o/z/c"].map(link).into();
        let said = judged(&deep, &[], &Topic::ALL).warnings.join("\n");
        assert!(said.contains("path = \"/o/**\""), "{said}");
        // What only a machine knows that made the last package is never missed.
        assert_eq!(judged(&[], &[allow(Concern::FilesGone, "/a")], &Topic::ALL), Judged::default());
        let with_an_error = judged(&[link("a"), found()[0].clone()], &[], &Topic::ALL);
        assert!(with_an_error.refusal.is_some() && with_an_error.warnings.len() == 1, "both are said");
    }
}
