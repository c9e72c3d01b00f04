//! The lines of a requirements file: what each asks for, and what it says to pip. Read to tell people what changed, and to
//! build one requirement as all of them would have been; what they mean together is pip's work.

use std::collections::BTreeMap;

use super::super::wheelhouse::normalise;

/// One line that asks for a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The distribution, normalised (PEP 503).
    pub name: String,
    /// What of it: `==6.0.1`, `>=1,<2`, `@ https://…` without userinfo and query, or nothing.
    pub wants: String,
    /// When it counts: an environment marker (PEP 508), or nothing.
    pub marker: String,
    /// Its extras, as written between the brackets.
    pub extras: String,
    /// What it says to the build, as written: `--global-option=…`. Hashes are not among it.
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

/// A line of a requirements file that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A distribution.
    Requirement(Requirement),
    /// A folder of the checkout, as written: `./libs/own`.
    Folder(String),
    /// Options for pip, as written: `--extra-index-url …`.
    Options(String),
}

/// The lines of a text that count; continued ones as one, comments left out.
#[must_use]
pub fn lines(text: &str) -> Vec<Line> {
    logical(text).iter().filter_map(|line| read(line)).collect()
}

/// What a text says to pip for all requirements, but for the files that it takes in.
#[must_use]
pub fn options(text: &str) -> Vec<String> {
    let takes_in =
        |line: &str| ["-r", "-c", "--requirement", "--constraint"].iter().any(|option| line.starts_with(option));
    let options = lines(text).into_iter().filter_map(|line| match line {
        Line::Options(line) => Some(line),
        Line::Requirement(_) | Line::Folder(_) => None,
    });
    options.filter(|line| !takes_in(line)).collect()
}

/// Everything that a requirements file asks for, to be compared with what it asked for before: `redis` or
/// `redis; python_version < '3'` -> what of it.
#[must_use]
pub fn wishes(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in lines(text) {
        if let Line::Requirement(Requirement { name, wants, marker, .. }) = line {
            let key = if marker.is_empty() { name } else { format!("{name}; {marker}") };
            found.insert(key, wants);
        }
    }
    found
}

/// A text in which another path stands wherever it names a folder of the checkout.
#[must_use]
pub fn with_folder(text: &str, written: &str, path: &str) -> String {
    let line = |line: &str| match read(without_comment(line).trim()) {
        Some(Line::Folder(folder)) if folder == written => {
            let (_, rest) = line.split_once(written).unwrap_or((line, ""));
            format!("{path}{rest}\n")
        }
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// A text without the lines that name folders of the checkout: pip takes no folder as a constraint.
#[must_use]
pub fn without_folders(text: &str) -> String {
    let line = |line: &str| match read(without_comment(line).trim()) {
        Some(Line::Folder(_)) => "\n".to_owned(),
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// A text in which another one stands for each requirement that `instead` has one for, continued lines and all.
#[must_use]
pub fn with_requirements(text: &str, instead: &dyn Fn(&Requirement) -> Option<String>) -> String {
    let (mut whole, mut begun) = (String::new(), String::new());
    for line in text.split_inclusive('\n') {
        begun.push_str(line);
        if line.trim_end_matches(['\r', '\n']).ends_with('\\') {
            continue;
        }
        let other = match lines(&begun).as_slice() {
            [Line::Requirement(requirement)] => instead(requirement),
            _ => None,
        };
        match other {
            Some(other) => whole.push_str(&format!("{other}\n")),
            None => whole.push_str(&begun),
        }
        begun.clear();
    }
    whole + &begun
}

pub(super) fn logical(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for line in text.lines() {
        let (line, goes_on) = match line.strip_suffix('\\') {
            Some(line) => (line, true),
            None => (line, false),
        };
        if let Some(last) = found.last_mut() {
            last.push_str(line);
        }
        if !goes_on {
            found.push(String::new());
        }
    }
    found.iter().map(|line| without_comment(line).trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

fn without_comment(line: &str) -> &str {
    let begins = |at: &usize| *at == 0 || line[..*at].ends_with([' ', '\t']);
    let at = line.match_indices('#').map(|(at, _)| at).find(begins);
    &line[..at.unwrap_or(line.len())]
}

fn read(line: &str) -> Option<Line> {
    let editable = ["-e ", "--editable ", "--editable="].iter().find_map(|option| line.strip_prefix(option));
    if let Some(folder) = folder(editable.unwrap_or(line).trim()) {
        return Some(Line::Folder(folder.to_owned()));
    }
    if line.starts_with('-') {
        return editable.is_none().then(|| Line::Options(line.to_owned()));
    }
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let rest = rest.trim_start();
    let (extras, rest) = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?,
        None => ("", rest),
    };
    let rest = rest.trim_start();
    if name.is_empty() || rest.starts_with([':', '/', '+']) {
        return None;
    }
    let words = words(rest);
    let first = words.iter().position(|word| word.starts_with('-')).unwrap_or(words.len());
    let (wish, options) = words.split_at(first);
    let wish = wish.join(" ");
    let (wants, marker) = match wish.split_once("://") {
        // In an address, `;` only begins a marker after a blank.
        Some(_) => wish.split_once(" ;").unwrap_or((&wish, "")),
        None => wish.split_once(';').unwrap_or((&wish, "")),
    };
    Some(Line::Requirement(Requirement {
        name: normalise(name),
        wants: plain(wants),
        marker: marker.trim().to_owned(),
        extras: extras.trim().to_owned(),
        options: of_the_build(options),
        hashes: hashes(options),
    }))
}

/// The folder of a line that names one of the checkout.
fn folder(line: &str) -> Option<&str> {
    let path = line.split([' ', '\t', ';', '[']).next()?;
    let is_file =
        [".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"].iter().any(|ending| path.ends_with(ending));
    ((path == "." || path.starts_with("./")) && !is_file).then_some(path)
}

/// A version specifier without its blanks; an address without what may be secret in it.
fn plain(wants: &str) -> String {
    let Some(url) = wants.trim().strip_prefix('@') else {
        return wants.chars().filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')')).collect();
    };
    let url = url.trim().split('?').next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.split('/').next().unwrap_or_default();
            let open = host.rsplit_once('@').map_or(0, |(userinfo, _)| userinfo.len() + 1);
            format!("@ {scheme}://{}", &rest[open..])
        }
        None => format!("@ {url}"),
    }
}

/// Words as a shell would cut them, each as it is written.
pub(super) fn words(text: &str) -> Vec<String> {
    let (mut found, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in text.chars() {
        match (quote, c) {
            (None, ' ' | '\t') => found.push(std::mem::take(&mut word)),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.push(c);
            }
            (open, c) => {
                if open == Some(c) {
                    quote = None;
                }
                word.push(c);
            }
        }
    }
    found.push(word);
    found.retain(|word| !word.is_empty());
    found
}

/// The digests among the options.
fn hashes(options: &[String]) -> Vec<String> {
    let behind = options.windows(2).filter(|pair| pair[0] == "--hash").map(|pair| pair[1].clone());
    let within = options.iter().filter_map(|word| word.strip_prefix("--hash=")).map(str::to_owned);
    behind.chain(within).collect()
}

/// The options that are for the build: all but hashes.
fn of_the_build(options: &[String]) -> Vec<String> {
    let is_value = |at: usize| at > 0 && options[at - 1] == "--hash";
    let kept = options.iter().enumerate().filter(|(at, word)| !word.starts_with("--hash") && !is_value(*at));
    kept.map(|(_, word)| word.clone()).collect()
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
            (
                "x @ git+ssh://git@h.example/x.git@v1 ; os_name == 'posix'",
                "x",
                "@ git+ssh://h.example/x.git@v1",
                "os_name == 'posix'",
            ),
        ] {
            let found = one(text);
            assert_eq!((&*found.name, &*found.wants, &*found.marker), (name, wants, marker), "{text}");
            assert_eq!(found.options, Vec::<String>::new(), "{text}");
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
        assert_eq!(one(text).options, ["--global-option=\"--without cython\"", "--config-settings", "x=y"]);
    }

    #[test]
    fn what_is_no_distribution() {
        assert_eq!(lines("-r x.txt\n--extra-index-url https://x.example/s\n\n# six==1\n").len(), 2);
        assert_eq!(options("-r x.txt\n-c y.txt\n--pre\nsix --hash=sha256:aa\n"), ["--pre"]);
        for folder in ["./libs/own", "-e ./libs/own", "./libs/own ; os_name == 'posix'", "--editable=./libs/own"] {
            assert_eq!(lines(folder), [Line::Folder("./libs/own".to_owned())], "{folder}");
        }
        for other in [
            "https://x.example/x-1.tar.gz",
            "/x/y",
            "./x-1.tar.gz",
            "git+https://x.example/x",
            "-e git+https://x.example/x",
        ] {
            assert_eq!(lines(other), [], "{other}");
        }
    }

    #[test]
    fn another_path_stands_for_a_folder() {
        let text = "six\n-e ./own # ours\n./own[x] ; os_name == 'posix'\n./ownother\n";
        let expected = "six\n/w/own-1.whl # ours\n/w/own-1.whl[x] ; os_name == 'posix'\n./ownother\n";
        assert_eq!(with_folder(text, "./own", "/w/own-1.whl"), expected);
        assert_eq!(without_folders(text), "six\n\n\n\n");
    }

    #[test]
    fn another_text_stands_for_a_requirement() {
        let text = "# first\nsix==1.16.0 \\\n  --hash=sha256:aa \\\n  --hash sha256:bb\nidna[x]==3 ; os_name == 'posix' # why\n-c c.txt";
        let instead = |requirement: &Requirement| match &*requirement.name {
            "six" => Some(format!("SIX {}", requirement.hashes.join(" "))),
            "idna" => Some(format!("IDNA[{}];{}", requirement.extras, requirement.marker)),
            _ => None,
        };
        let expected = "# first\nSIX sha256:bb sha256:aa\nIDNA[x];os_name == 'posix'\n-c c.txt";
        assert_eq!(with_requirements(text, &instead), expected);
        assert_eq!(with_requirements(text, &|_| None), text);
        let text = "six==1.16.0 \\\r\n  --hash=sha256:aa\r\nidna\r\n";
        assert_eq!(with_requirements(text, &instead), "SIX sha256:aa\nIDNA[];\n");
    }

    #[test]
    fn wishes_are_told_apart_by_their_markers() {
        let found =
            wishes("zope.event==6.1; python_version >= '3.10'\nzope.event==6.0; python_version < '3.10'\nsix\n");
        let found: Vec<_> = found.iter().map(|(name, wants)| format!("{name} {wants}")).collect();
        assert_eq!(
            found,
            ["six ", "zope-event; python_version < '3.10' ==6.0", "zope-event; python_version >= '3.10' ==6.1"]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        #[test]
        fn no_text_is_too_strange(text in "([a-z\\[\\];@:/'\"\\\\ #\n=.-]|é|--hash|://|-e ){0,60}") {
            let _ = (lines(&text), wishes(&text));
        }
    }
}
