//! The lines of a requirements file: what each asks for, and what it says to pip. Read to tell people what changed, and to
//! build one requirement as all of them would have been; what they mean together is pip's work.

use std::collections::BTreeMap;

use super::{
    super::wheelhouse::normalise,
    local::{self, Local, What},
    option::{self, Opt},
    text::{Logical, logical, push_line},
};
use crate::names::shown_address;

/// One line that asks for a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The distribution, normalised (PEP 503).
    pub name: String,
    /// What of it: `==6.0.1`, `>=1,<2`, `@ https://…` without userinfo and query, or nothing.
    pub wants: String,
    /// When it applies: an environment marker (PEP 508), or nothing.
    pub marker: String,
    /// Its extras, as written between the brackets.
    pub extras: String,
    /// What it says to the build: `--global-option=…`. Hashes are not among it.
    pub options: Vec<String>,
    /// The digests that its file may have: `sha256:…`.
    pub hashes: Vec<String>,
}

impl Requirement {
    /// The version, where exactly one will do: of `==6.0.1`, not of `==6.*`.
    #[must_use]
    pub fn pinned(&self) -> Option<&str> {
        let version = self.wants.strip_prefix("==")?.trim_start_matches('=').trim();
        (!version.contains([',', '*', ' '])).then_some(version)
    }
}

/// A line of a requirements file that is neither blank nor a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A distribution.
    Requirement(Requirement),
    /// What no index gives: a folder or a file of the project, a checkout.
    Local(Local),
    /// A file by its address.
    Address,
    /// Options for pip.
    Options(Vec<Opt>),
    /// A line that cannot be had here, and why.
    Refused(&'static str),
}

/// The lines of a text; continued ones as one, blank ones and comments left out.
#[must_use]
pub fn lines(text: &str) -> Vec<Line> {
    numbered(text).into_iter().map(|(_, line)| line).collect()
}

/// The same with the number of each, from 1.
#[must_use]
pub fn numbered(text: &str) -> Vec<(usize, Line)> {
    logical(text).into_iter().map(|Logical { number, text }| (number, read(&text))).collect()
}

/// What a text says to pip for all requirements, but for the files that it takes in.
#[must_use]
pub fn options(text: &str) -> Vec<Opt> {
    let options = lines(text).into_iter().filter_map(|line| match line {
        Line::Options(options) => Some(options),
        _ => None,
    });
    options.flatten().filter(|option| !["--requirement", "--constraint"].contains(&option.name.as_str())).collect()
}

/// Everything that a requirements file asks for, to be compared with what it asked for before: `redis` or
/// `redis; python_version < '3'` -> what of it.
#[must_use]
pub fn specifiers(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in lines(text) {
        let (name, wants, marker) = match line {
            Line::Requirement(Requirement { name, wants, marker, .. }) => (name, wants, marker),
            Line::Local(Local { written, what: What::Git(git), name, marker, .. }) => {
                let name = name.unwrap_or_else(|| git.url.without_userinfo());
                (name, plain(&format!("@{}", written.split('#').next().unwrap_or_default())), marker)
            }
            _ => continue,
        };
        let key = if marker.is_empty() { name } else { format!("{name}; {marker}") };
        found.insert(key, wants);
    }
    found
}

/// A text in which another line stands for each that `instead` has one for; each at its number.
#[must_use]
pub fn with_lines(text: &str, instead: &dyn Fn(&Line) -> Option<String>) -> String {
    let (mut whole, mut at) = (String::new(), 1);
    for Logical { number, text } in logical(text) {
        while at < number {
            whole.push('\n');
            at += 1;
        }
        push_line(&mut whole, &instead(&read(&text)).unwrap_or(text));
        at += 1;
    }
    whole
}

fn read(line: &str) -> Line {
    if line.starts_with('-') {
        let Some(mut options) = option::parsed(line) else { return Line::Refused(UNCLOSED) };
        return match options.first_mut() {
            Some(first) if first.name == "--editable" => {
                let asked = std::mem::take(&mut first.value);
                // Behind its path may be a marker, in words of their own.
                let words: Vec<&str> = options[1..]
                    .iter()
                    .take_while(|word| !word.name.starts_with('-'))
                    .map(|word| word.name.as_str())
                    .collect();
                let asked = [&[asked.as_str()][..], &words].concat().join(" ");
                of(local::read(&asked, true), &options[1 + words.len()..]).unwrap_or(Line::Refused(NOTHING))
            }
            _ => Line::Options(options),
        };
    }
    // As pip cuts it: options begin at the first word with a dash.
    let dash = line.match_indices(" -").map(|(at, _)| at).next().unwrap_or(line.len());
    let (asked, rest) = line.split_at(dash);
    let Some(options) = option::parsed(rest) else { return Line::Refused(UNCLOSED) };
    match of(local::read(asked, false), &options) {
        Some(line) => line,
        None => match distribution(asked.trim(), &options) {
            Some(requirement) => match specifier(asked, &requirement.wants) {
                Ok(()) => Line::Requirement(requirement),
                Err(why) => Line::Refused(why),
            },
            None => Line::Address,
        },
    }
}

/// Whether a version specifier can be read (PEP 440, with the versions that older pips take).
fn specifier(asked: &str, wants: &str) -> Result<(), &'static str> {
    const OPERATORS: [&str; 8] = ["===", "~=", "==", "!=", "<=", ">=", "<", ">"];
    if wants.is_empty() || wants.starts_with('@') {
        return Ok(());
    }
    for part in wants.trim_end_matches(',').split(',') {
        let Some(version) = OPERATORS.iter().find_map(|operator| part.strip_prefix(operator)) else {
            let start = part.trim_start_matches(|c: char| "=<>!~".contains(c));
            return Err(match &part[..part.len() - start.len()] {
                "=" => "`=` is no comparison: write `==`",
                "=<" => "`=<` is no comparison: write `<=`",
                "=>" => "`=>` is no comparison: write `>=`",
                "" => NO_COMPARISON,
                _ => {
                    "this is no comparison: `==`, `!=`, `~=`, `<`, `<=`, `>`, `>=` or `===` comes before a version (PEP 440)"
                }
            });
        };
        if part.starts_with("===") {
            continue;
        }
        let is_version = |c: char| c.is_alphanumeric() || ".-_+!*${}".contains(c);
        if version.is_empty() || !version.chars().all(is_version) {
            return Err("what follows the comparison is no version (PEP 440); several are separated with `,`");
        }
    }
    // `1.0 2.0` would have become one version.
    let words: Vec<&str> = asked.split(';').next().unwrap_or_default().split_whitespace().collect();
    let beside = |pair: &[&str]| {
        pair[0].ends_with(|c: char| c.is_ascii_alphanumeric()) && pair[1].starts_with(|c: char| c.is_ascii_digit())
    };
    if words.windows(2).any(beside) {
        return Err("two versions follow each other: several are separated with `,`");
    }
    Ok(())
}

const NO_COMPARISON: &str = "a comparison comes before a version: `==`, `>=`, … (PEP 440)";

const UNCLOSED: &str = "a quote in it is not closed";
const NOTHING: &str = "`-e` takes a folder of the project or a repository (`git+https://…`)";

/// The line of what was found, with its options.
fn of(found: Result<Option<Local>, &'static str>, options: &[Opt]) -> Option<Line> {
    match found {
        Ok(local) => {
            local.map(|local| Line::Local(Local { options: of_the_build(options), hashes: hashes(options), ..local }))
        }
        Err(why) => Some(Line::Refused(why)),
    }
}

fn distribution(asked: &str, options: &[Opt]) -> Option<Requirement> {
    let end = asked.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(asked.len());
    let (name, rest) = asked.split_at(end);
    let rest = rest.trim_start();
    let (extras, rest) = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?,
        None => ("", rest),
    };
    let specifier = rest.trim();
    if name.is_empty() || specifier.starts_with([':', '/', '+']) {
        return None;
    }
    let (wants, marker) = match specifier.split_once("://") {
        // In an address, `;` only begins a marker after a blank.
        Some(_) => specifier.split_once(" ;").unwrap_or((specifier, "")),
        None => specifier.split_once(';').unwrap_or((specifier, "")),
    };
    Some(Requirement {
        name: normalise(name),
        wants: plain(wants),
        marker: marker.trim().to_owned(),
        extras: extras.trim().to_owned(),
        options: of_the_build(options),
        hashes: hashes(options),
    })
}

/// A version specifier without its blanks; an address without what may be secret in it.
fn plain(wants: &str) -> String {
    let Some(url) = wants.trim().strip_prefix('@') else {
        return wants.chars().filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')')).collect();
    };
    format!("@ {}", shown_address(url))
}

/// The digests among the options.
fn hashes(options: &[Opt]) -> Vec<String> {
    options.iter().filter(|option| option.name == "--hash").map(|option| option.value.clone()).collect()
}

/// The options that are for the build: all but hashes.
fn of_the_build(options: &[Opt]) -> Vec<String> {
    options.iter().filter(|option| option.name != "--hash").map(Opt::written).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Requirement {
        match lines(text).as_slice() {
            [Line::Requirement(requirement)] => requirement.clone(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_is_asked_for() {
        for (text, name, wants, marker) in [
            ("redis==5.0.1", "redis", "==5.0.1", ""),
            ("Zope.Interface[test, docs] >= 6, < 7 # why", "zope-interface", ">=6,<7", ""),
            ("six", "six", "", ""),
            ("six (==1.16.0) ; python_version < \"3\"", "six", "==1.16.0", "python_version < \"3\""),
            ("six==1.16.0 \\\n    --hash=sha256:aa \\\n    --hash sha256:bb", "six", "==1.16.0", ""),
            ("x @ https://anna:s3cr3t@h.example/x-1.tar.gz?token=s3cr3t", "x", "@ https://h.example/x-1.tar.gz", ""),
        ] {
            let found = one(text);
            assert_eq!((&*found.name, &*found.wants, &*found.marker), (name, wants, marker), "{text}");
            assert_eq!(found.options, Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn specifiers_that_cannot_be_read() {
        for bad in [
            "flask=<3",
            "flask=>3",
            "flask=3",
            "flask 3.0",
            "flask==",
            "flask>=1.0<2",
            "flask>>1",
            "flask ~ 1.0",
            "flask>=1,=<2",
            "flask == 1.0 2.0",
            "flask>=1;",
            "flask==1.0\"",
        ] {
            let line = lines(bad).remove(0);
            let fine = bad.ends_with(';');
            assert_eq!(matches!(line, Line::Refused(_)), !fine, "{bad}: {line:?}");
        }
        for good in [
            "flask",
            "flask==1.0",
            "flask == 1.0",
            "flask (>=1, <2)",
            "flask>=1,<2,",
            "flask===2004d-foo",
            "pytz==2004d",
            "x~=1.4.2",
            "x==1.*",
            "x!=1.0.*",
            "x==1!2.0+local.1",
            "x[a,b]>=1; python_version<'3'",
            "x @ https://h.example/x.zip",
            "x== 1.0",
            "x >= 1 , < 2 ; python_version < '3' and os_name == 'nt 5'",
        ] {
            assert!(matches!(lines(good)[..], [Line::Requirement(_)]), "{good}: {:?}", lines(good));
        }
    }

    #[test]
    fn a_pin_is_one_version() {
        let pinned = |text| one(text).pinned().map(str::to_owned);
        assert_eq!(pinned("six==1.16.0"), Some("1.16.0".to_owned()));
        assert_eq!(pinned("six===1.16.0"), Some("1.16.0".to_owned()));
        for open in ["six", "six>=1", "six==1.*", "six==1,!=2", "six@ https://x.example/six-1.tar.gz"] {
            assert_eq!(pinned(open), None, "{open}");
        }
    }

    #[test]
    fn what_is_said_to_the_build() {
        let text = "lxml==5.4.0 --global-option=\"--without cython\" --hash=sha256:aa --config-settings x=y";
        assert_eq!(one(text).options, ["--global-option '--without cython'", "--config-settings 'x=y'"]);
    }

    #[test]
    fn what_is_no_distribution() {
        assert_eq!(lines("-r x.txt\n--extra-index-url https://x.example/s\n\n# six==1\n").len(), 2);
        let found = options("-r x.txt\n-cy.txt\n--pre\t# why\nsix --hash=sha256:aa\n");
        assert_eq!(found.iter().map(Opt::written).collect::<Vec<_>>(), ["--pre"]);
        for folder in [
            "./libs/own",
            "-e ./libs/own",
            "-e./libs/own",
            "./libs/own ; os_name == 'posix'",
            "--editable=./libs/own",
            "-e './libs/own'",
            "-e \"./libs/own\" ; os_name == 'posix'",
            "--edit ./libs/own --config-settings x=y",
        ] {
            let Line::Local(found) = &lines(folder)[0] else { panic!("{folder}") };
            assert_eq!(found.written, "./libs/own", "{folder}");
            assert_eq!(found.marker.is_empty(), !folder.contains(';'), "{folder}");
            assert_eq!(found.editable, folder.starts_with('-'), "{folder}");
        }
        assert_eq!(lines("https://x.example/x-1.tar.gz"), [Line::Address]);
        for bad in ["hg+https://x.example/x", "-e https://x.example/x-1.zip", "-r 'x", "six --hash='x"] {
            assert!(matches!(lines(bad)[..], [Line::Refused(_)]), "{bad}");
        }
    }

    #[test]
    fn another_line_stands_for_one() {
        let text = "# first\nsix==1.16.0 \\\n  --hash=sha256:aa \\\n  --hash sha256:bb\nidna[x]==3 ; os_name == 'posix' # why\n-e ./own\n-c c.txt";
        let instead = |line: &Line| match line {
            Line::Requirement(of) if of.name == "six" => Some(format!("SIX {}", of.hashes.join(" "))),
            Line::Requirement(of) => Some(format!("IDNA[{}];{}", of.extras, of.marker)),
            Line::Local(of) => Some(format!("OWN {}", of.written)),
            _ => None,
        };
        let expected = "\nSIX sha256:aa sha256:bb\n\n\nIDNA[x];os_name == 'posix'\nOWN ./own\n-c c.txt\n";
        assert_eq!(with_lines(text, &instead), expected);
    }

    #[test]
    fn specifiers_are_told_apart_by_their_markers() {
        let found =
            specifiers("zope.event==6.1; python_version >= '3.10'\nzope.event==6.0; python_version < '3.10'\nsix\n");
        let found: Vec<_> = found.iter().map(|(name, wants)| format!("{name} {wants}")).collect();
        assert_eq!(
            found,
            ["six ", "zope-event; python_version < '3.10' ==6.0", "zope-event; python_version >= '3.10' ==6.1"]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        #[test]
        fn no_text_is_too_strange(text in "([a-z\\[\\];@:/'\"\\\\ #\n=.-]|é|--hash|://|-e |git\\+|file:|\\$\\{A\\}){0,60}") {
            let _ = (lines(&text), specifiers(&text));
        }
    }
}
