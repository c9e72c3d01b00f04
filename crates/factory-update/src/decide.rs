//! Which release a machine takes now. Pure: what is known comes in, what is done and why comes out.

use std::{cmp::Ordering, collections::BTreeSet};

use factory_tuf::{Release, Window};
use semver::Version;
use serde::Serialize;

/// What is known of a machine.
#[derive(Debug, Clone)]
pub struct Machine<'a> {
    /// What runs.
    pub version: &'a Version,
    /// Which machine it is; without it, it takes only what everybody takes.
    pub id: Option<&'a str>,
    /// What it follows.
    pub channel: &'a str,
    /// Whether it goes to another major version by itself.
    pub major: bool,
    /// When it may be updated.
    pub window: Option<Window>,
    /// What failed here.
    pub failed: &'a BTreeSet<Version>,
    /// In seconds since 1970 UTC.
    pub now: i64,
}

/// Why a newer release is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It was taken back.
    #[error("it was withdrawn")]
    Withdrawn,
    /// It failed here.
    #[error("it failed on this machine before")]
    FailedBefore,
    /// Another major version.
    #[error("it is another major version, to which no machine goes by itself")]
    Major,
    /// The version that runs is too old for it.
    #[error("it can only follow version {0} or a later one")]
    Minimum(Version),
    /// Others get it first.
    #[error("it is rolled out to {percent} % of all machines, and this one is not among them")]
    RollOut {
        /// How many.
        percent: u8,
    },
    /// The machine has no name to be among them by.
    #[error("it is rolled out to some machines only, and this one has no id")]
    NoId,
    /// Not at this hour.
    #[error("it may be installed from {0} UTC")]
    Window(String),
    /// Two files of one version.
    #[error("the feed has it twice")]
    Twice,
}

/// What is to be done, and why not more.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<'a> {
    /// The release to take; `None` where there is none.
    pub take: Option<&'a Release>,
    /// Newer ones that are not taken, the newest first.
    pub left: Vec<(&'a Version, Reason)>,
}

/// Decides. "Newer" is the order of Semantic Versioning, not of time.
#[must_use]
pub fn decide<'a>(releases: &'a [Release], machine: &Machine) -> Decision<'a> {
    let of_channel = |release: &&Release| release.says.channels.iter().any(|channel| channel == machine.channel);
    let mut newer: Vec<&Release> = releases
        .iter()
        .filter(of_channel)
        .filter(|release| order(&release.says.version, machine.version).is_gt())
        .collect();
    newer.sort_by(|one, other| order(&other.says.version, &one.says.version));
    let mut left = Vec::new();
    for (at, release) in newer.iter().enumerate() {
        let is_same = |other: Option<&&Release>| {
            other.is_some_and(|other| order(&other.says.version, &release.says.version).is_eq())
        };
        let twice = is_same(newer.get(at + 1)) || at.checked_sub(1).is_some_and(|before| is_same(newer.get(before)));
        match if twice { Some(Reason::Twice) } else { against(release, machine) } {
            None => return Decision { take: Some(release), left },
            Some(reason) => left.push((&release.says.version, reason)),
        }
    }
    Decision { take: None, left }
}

/// Build metadata is not compared (Semantic Versioning, 10).
fn order(one: &Version, other: &Version) -> Ordering {
    one.cmp_precedence(other)
}

fn against(release: &Release, machine: &Machine) -> Option<Reason> {
    let says = &release.says;
    if says.withdrawn {
        return Some(Reason::Withdrawn);
    }
    if machine.failed.iter().any(|failed| order(failed, &says.version).is_eq()) {
        return Some(Reason::FailedBefore);
    }
    if says.version.major != machine.version.major && !machine.major {
        return Some(Reason::Major);
    }
    if let Some(minimum) = says.minimum.as_ref().filter(|minimum| order(machine.version, minimum).is_lt()) {
        return Some(Reason::Minimum(minimum.clone()));
    }
    if says.percent < 100 {
        match machine.id {
            None => return Some(Reason::NoId),
            Some(id) if share(id, &says.version) >= u64::from(says.percent) => {
                return Some(Reason::RollOut { percent: says.percent });
            }
            Some(_) => {}
        }
    }
    let closed = [says.window, machine.window].into_iter().flatten().find(|window| !window.is_open(machine.now));
    closed.map(|window| Reason::Window(window.to_string()))
}

/// Which hundredth of all machines this one is in, for a version: from 0 to 99, by SHA-256 of both. The same each time, another one for
/// each version, and those of 20 % are among those of 50 %.
#[must_use]
pub fn share(id: &str, version: &Version) -> u64 {
    let digest = ring::digest::digest(&ring::digest::SHA256, format!("{id}\n{version}").as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest.as_ref()[..8]);
    u64::from_be_bytes(first) % 100
}

#[cfg(test)]
mod tests {
    use factory_tuf::{Says, TargetFile, TargetPath};

    use super::*;

    fn release(version: &str, change: impl FnOnce(&mut Says)) -> Release {
        let mut says = Says {
            product: "app".into(),
            platform: "linux-x86_64".into(),
            version: version.parse().unwrap(),
            channels: vec!["stable".into()],
            percent: 100,
            minimum: None,
            window: None,
            withdrawn: false,
        };
        change(&mut says);
        Release { path: TargetPath::new("app").unwrap(), file: TargetFile::of(b""), says }
    }

    /// What a machine of version 2.8.0 takes, and why not more.
    fn taken(releases: &[Release], change: impl FnOnce(&mut Machine)) -> (Option<String>, Vec<Reason>) {
        let (version, failed) = (Version::new(2, 8, 0), BTreeSet::from([Version::new(2, 8, 7)]));
        let mut machine = Machine {
            version: &version,
            id: Some("m"),
            channel: "stable",
            major: false,
            window: None,
            failed: &failed,
            now: 0,
        };
        change(&mut machine);
        let Decision { take, left } = decide(releases, &machine);
        (take.map(|release| release.says.version.to_string()), left.into_iter().map(|(_, reason)| reason).collect())
    }

    #[test]
    fn the_newest_is_the_highest_version_of_the_channel() {
        let beta = |says: &mut Says| says.channels = vec!["beta".into()];
        let all = [
            release("2.9.9", |_| ()),
            release("2.10.0", |_| ()),
            release("2.8.1", |_| ()),
            release("2.11.0-beta.1", beta),
        ];
        assert_eq!(taken(&all, |_| ()), (Some("2.10.0".into()), vec![]));
        assert_eq!(taken(&all, |machine| machine.channel = "beta").0.unwrap(), "2.11.0-beta.1");
        assert_eq!(taken(&all, |machine| machine.channel = "nightly"), (None, vec![]));
        assert_eq!(
            taken(&[release("2.8.0", |_| ()), release("2.7.9", |_| ()), release("2.8.0-rc.1", |_| ())], |_| ()),
            (None, vec![])
        );
        assert_eq!(taken(&[release("2.8.0+build.2", |_| ())], |_| ()), (None, vec![]), "a rebuild is no newer version");
    }

    #[test]
    fn what_is_not_taken_has_its_reason() {
        let all = [
            release("3.0.0", |_| ()),
            release("2.8.9", |says| says.withdrawn = true),
            release("2.8.8", |says| says.minimum = Some(Version::new(2, 8, 5))),
            release("2.8.7", |_| ()),
            release("2.8.6", |says| says.percent = 0),
            release("2.8.4", |_| ()),
            release("2.8.4", |_| ()),
            release("2.8.3", |says| says.window = Some(Window::try_from("01:00-02:00".to_owned()).unwrap())),
            release("2.8.1", |_| ()),
        ];
        let wanted = vec![
            Reason::Major,
            Reason::Withdrawn,
            Reason::Minimum(Version::new(2, 8, 5)),
            Reason::FailedBefore,
            Reason::RollOut { percent: 0 },
            Reason::Twice,
            Reason::Twice,
            Reason::Window("01:00-02:00".into()),
        ];
        assert_eq!(taken(&all, |_| ()), (Some("2.8.1".into()), wanted));
        assert_eq!(taken(&all, |machine| machine.major = true).0.unwrap(), "3.0.0");
        assert_eq!(taken(&all, |machine| machine.now = 3600).0.unwrap(), "2.8.3");
        assert_eq!(taken(&all[4..5], |machine| machine.id = None), (None, vec![Reason::NoId]));
    }

    #[test]
    fn a_fifth_of_the_machines_is_a_fifth_and_stays_so() {
        let version = Version::new(2, 8, 1);
        let shares: Vec<u64> = (0..1000).map(|number| share(&format!("machine-{number}"), &version)).collect();
        let within = |percent: u64| shares.iter().filter(|share| **share < percent).count();
        assert!((160..=240).contains(&within(20)), "{}", within(20));
        assert!((450..=550).contains(&within(50)), "{}", within(50));
        assert_eq!(share("machine-1", &version), share("machine-1", &version));
        let other = Version::new(2, 8, 2);
        let moved = (0..1000).filter(|number| share(&format!("machine-{number}"), &other) != shares[*number]).count();
        assert!(moved > 900, "another version begins with other machines: {moved}");
        assert_eq!((share("machine-1", &version), share("m", &version)), (89, 61), "kept for ever");
    }
}
