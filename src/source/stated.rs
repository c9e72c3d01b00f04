//! The version that a Python project says of itself, as far as it can be read without running anything of it: `pyproject.toml` (PEP 621,
//! `[tool.setuptools.dynamic]`, `[tool.poetry]`), `setup.cfg`, and the literals of `setup.py`.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use pep440_rs::Version;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    names::{Allowance, Concern, UpstreamVersion},
    util::{
        allowance::{covers, line},
        toml::{Issue, quoted},
    },
};

/// The largest file that is read for a version, in bytes.
pub const LARGEST: u64 = 1 << 20;

/// A version, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// As it is written.
    pub version: String,
    /// The file, as it was asked for.
    pub file: String,
    /// Its text.
    pub text: String,
    /// Where in the text.
    pub place: Range<usize>,
}

/// What a project says. `read` gives the text of a file by its path in the project's folder, where there is one. `None` where a
/// version is only known once the project is built.
#[must_use]
pub fn stated(read: &dyn Fn(&str) -> Option<String>) -> Option<Stated> {
    let pyproject = read("pyproject.toml");
    if let Some(text) = &pyproject
        && let Some(answer) = of_pyproject(text, read)
    {
        return match answer {
            Answer::Stated(found) => Some(found),
            Answer::Built => None,
        };
    }
    // What `setup()` is given wins over `setup.cfg`.
    if let Some(text) = read("setup.py") {
        match of_setup(&text) {
            Said::Here(place) => return Some(here("setup.py", &text, place)),
            Said::Unclear => return None,
            Said::Nowhere => {}
        }
    }
    let text = read("setup.cfg")?;
    let place = of_section(&text, "metadata", "version")?;
    let value = &text[place.clone()];
    if let Some(module) = value.strip_prefix("attr:") {
        of_attribute(module.trim(), read)
    } else if let Some(file) = value.strip_prefix("file:") {
        of_file(file.trim(), read)
    } else {
        Some(here("setup.cfg", &text, place))
    }
}

/// What is wrong where a project in `folder` (as the user calls it) says another version than the release; `None` where both are one, or
/// the release has no version that Python knows (a commit between two tags).
#[must_use]
pub fn doubt(folder: &str, stated: &Stated, release: &UpstreamVersion, allow: &[Allowance]) -> Option<Issue> {
    let wanted = other_version(&stated.version, release)?;
    let file = if matches!(folder, "" | ".") { stated.file.clone() } else { format!("{folder}/{}", stated.file) };
    if is_meant(allow, &file) {
        return None;
    }
    let message = format!(
        "the Python project {} says version {}, and the release is {wanted}",
        quoted(if folder.is_empty() { "." } else { folder }),
        shown(&stated.version)
    );
    let issue = Issue::new(&stated.place, message).label("this version is what is installed").help(format!(
        "write {wanted} here, or choose the tag of this version; a library that has versions of its own may keep them: {}",
        allowed_by(&file)
    ));
    Some(issue.within(&file, &stated.text))
}

/// Whether the recipe allows what a file, or a project that was built, says of its version.
fn is_meant(allow: &[Allowance], place: &str) -> bool {
    allow.iter().any(|one| covers(one, Concern::PythonVersion, place))
}

/// What allows it.
fn allowed_by(place: &str) -> String {
    let concern = Concern::PythonVersion;
    format!("{} in `[project]` [{}]", line(concern, place), concern.as_str())
}

/// What is held against the release once a step has built projects whose version nothing said before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The release.
    pub release: UpstreamVersion,
    /// Their folders, as the user calls them.
    pub folders: BTreeSet<String>,
    /// Versions of which it was said already.
    pub said: BTreeSet<String>,
    /// What the recipe allows.
    pub allow: Vec<Allowance>,
}

impl Unread {
    /// What is wrong with what was built: the name of a project, and its version.
    #[must_use]
    pub fn doubts(&self, built: &BTreeMap<String, String>) -> Vec<String> {
        let is_news = |version: &str| !self.said.iter().any(|said| is_same(said, version));
        let doubt = |(project, version): (&String, &String)| {
            let is_told = is_news(version) && !is_meant(&self.allow, project);
            let wanted = other_version(version, &self.release).filter(|_| is_told)?;
            Some(format!(
                "the Python project {} was built as version {}, and the release is {wanted}: have it say {wanted}, or choose the tag of \
                 this version; a library that has versions of its own may keep them: {}",
                quoted(project),
                shown(version),
                allowed_by(project)
            ))
        };
        built.iter().filter_map(doubt).collect()
    }
}

fn is_same(one: &str, two: &str) -> bool {
    let version = |text: &str| text.trim().parse::<Version>().ok();
    version(one).zip(version(two)).map_or(one == two, |(one, two)| one == two)
}

/// The release in words of PEP 440, where it is another version than this one.
#[must_use]
pub fn other_version(stated: &str, release: &UpstreamVersion) -> Option<String> {
    let wanted = release.pep440()?;
    let is_same = stated.trim().parse::<Version>().is_ok_and(|version| {
        // What follows a `+` is where it was built.
        wanted.parse::<Version>().is_ok_and(|wanted| version.without_local() == wanted)
    });
    (!is_same).then_some(wanted)
}

/// A version from outside, not endless.
fn shown(version: &str) -> String {
    const LONGEST: usize = 40;
    let text: String = version.chars().take(LONGEST).collect();
    text.escape_debug().to_string()
}

fn here(file: &str, text: &str, place: Range<usize>) -> Stated {
    Stated { version: text[place.clone()].to_owned(), file: file.to_owned(), text: text.to_owned(), place }
}

/// What `pyproject.toml` says of a version.
enum Answer {
    Stated(Stated),
    /// It is known once the project is built.
    Built,
}

impl From<Option<Stated>> for Answer {
    fn from(found: Option<Stated>) -> Self {
        found.map_or(Self::Built, Self::Stated)
    }
}

/// What `pyproject.toml` says; `None` where other files are asked.
fn of_pyproject(text: &str, read: &dyn Fn(&str) -> Option<String>) -> Option<Answer> {
    let table = DeTable::parse(text).ok()?;
    let table = table.get_ref();
    let version = |value: &Spanned<DeValue<'_>>| {
        let written = value.get_ref().as_str()?.to_owned();
        Some(Stated { version: written, file: "pyproject.toml".to_owned(), text: text.to_owned(), place: value.span() })
    };
    if let Some(value) = at(table, &["project", "version"]).or_else(|| at(table, &["tool", "poetry", "version"])) {
        return Some(version(value).into());
    }
    let dynamic = at(table, &["tool", "setuptools", "dynamic", "version"])?;
    let dynamic = dynamic.get_ref().as_table()?;
    let word = |key: &str| Some(at(dynamic, &[key])?.get_ref().as_str()?.to_owned());
    if let Some(module) = word("attr") {
        return Some(of_attribute(&module, read).into());
    }
    let file = at(dynamic, &["file"])?.get_ref();
    let file = file.as_str().or_else(|| match file.as_array()?.iter().collect::<Vec<_>>().as_slice() {
        [one] => one.get_ref().as_str(),
        _ => None,
    });
    Some(file.and_then(|file| of_file(file, read)).into())
}

fn at<'t>(table: &'t DeTable<'_>, path: &[&str]) -> Option<&'t Spanned<DeValue<'t>>> {
    let (first, rest) = path.split_first()?;
    let value = table.iter().find(|(name, _)| name.get_ref().as_ref() == *first).map(|(_, value)| value)?;
    if rest.is_empty() { Some(value) } else { at(value.get_ref().as_table()?, rest) }
}

/// The first line of a file that holds nothing but a version.
fn of_file(file: &str, read: &dyn Fn(&str) -> Option<String>) -> Option<Stated> {
    let text = read(file)?;
    let line = text.trim();
    let start = text.find(line)?;
    (!line.is_empty() && !line.contains('\n')).then(|| here(file, &text, start..start + line.len()))
}

/// `package.module.NAME`, a literal of a module.
fn of_attribute(path: &str, read: &dyn Fn(&str) -> Option<String>) -> Option<Stated> {
    let (module, name) = path.rsplit_once('.')?;
    let module = module.replace('.', "/");
    let places = ["", "src/"].into_iter().flat_map(|root| {
        let module = &module;
        ["/__init__.py", ".py"].map(|end| format!("{root}{module}{end}"))
    });
    let (file, text) = places.into_iter().find_map(|file| Some((file.clone(), read(&file)?)))?;
    let place = assigned(&text, name)?;
    Some(here(&file, &text, place))
}

/// The value of a key in a section of `setup.cfg` (configparser); one of several lines is none.
fn of_section(text: &str, section: &str, key: &str) -> Option<Range<usize>> {
    let (mut start, mut is_inside) = (0, false);
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let bare = line.trim_end();
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            is_inside = name.trim() == section;
            continue;
        }
        let Some(sign) = bare.find(['=', ':']).filter(|_| is_inside && !line.starts_with([' ', '\t', '#', ';'])) else {
            continue;
        };
        if bare[..sign].trim().eq_ignore_ascii_case(key) {
            let value = bare[sign + 1..].trim_start();
            let from = at + bare.len() - value.len();
            return (!value.is_empty()).then_some(from..at + bare.len());
        }
    }
    None
}

/// What a program says of a version.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Here(Range<usize>),
    /// It computes one.
    Unclear,
    Nowhere,
}

/// The `version` that the one call of `setup` in a `setup.py` is given, where that is a literal or the name of one.
fn of_setup(text: &str) -> Said {
    let tokens = tokens(text);
    let mut calls = tokens.windows(2).enumerate().filter(|(number, pair)| {
        let is_defined = *number > 0 && tokens[number - 1].text(text) == "def";
        pair[0].text(text) == "setup" && pair[1].text(text) == "(" && !is_defined
    });
    let (Some((call, _)), None) = (calls.next(), calls.next()) else { return Said::Unclear };
    let mut depth = 0_usize;
    for number in call + 1..tokens.len() {
        match tokens[number].text(text) {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            // What a table brings may be anything.
            "*" if depth == 1 && tokens.get(number + 1).is_some_and(|next| next.text(text) == "*") => {
                return Said::Unclear;
            }
            "version" if depth == 1 && tokens.get(number + 1).is_some_and(|next| next.text(text) == "=") => {
                let (Some(value), Some(end)) = (tokens.get(number + 2), tokens.get(number + 3)) else { break };
                if !matches!(end.text(text), "," | ")") {
                    return Said::Unclear;
                }
                let place = if value.is_text { Some(value.inner()) } else { assigned(text, value.text(text)) };
                return place.map_or(Said::Unclear, Said::Here);
            }
            _ => {}
        }
    }
    Said::Nowhere
}

/// The literal that the one assignment of a name at the beginning of a line gives it.
fn assigned(text: &str, name: &str) -> Option<Range<usize>> {
    let tokens = tokens(text);
    let is_first = |at: usize| text[..at].ends_with('\n') || at == 0;
    let mut found = None;
    for number in 0..tokens.len() {
        let token = &tokens[number];
        let next = |more: usize| tokens.get(number + more).map(|next| next.text(text));
        if token.is_text || token.text(text) != name || next(1) != Some("=") {
            continue;
        }
        let value = tokens.get(number + 2)?;
        let line_end =
            tokens.get(number + 3).is_none_or(|after| text[value.place.end..after.place.start].contains('\n'));
        if !is_first(token.place.start) || !value.is_text || !line_end || found.is_some() {
            return None;
        }
        found = Some(value.inner());
    }
    found
}

/// A word, a sign or a text of Python.
#[derive(Debug, Clone)]
struct Token {
    place: Range<usize>,
    is_text: bool,
    quotes: usize,
}

impl Token {
    fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.place.clone()).unwrap_or_default()
    }

    /// What is between the quotes.
    fn inner(&self) -> Range<usize> {
        self.place.start + self.quotes..self.place.end - self.quotes
    }
}

/// The words, signs and texts of a program, without its comments. A text with a prefix (`f"…"`), a backslash or no end is a sign that
/// nothing here knows.
fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        if byte.is_ascii_whitespace() || byte == b'\\' {
            at += 1;
            continue;
        }
        if byte == b'#' {
            at = text[at..].find('\n').map_or(bytes.len(), |end| at + end);
            continue;
        }
        if byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii() {
            while bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii()) {
                at += 1;
            }
            found.push(Token { place: start..at, is_text: false, quotes: 0 });
            continue;
        }
        if matches!(byte, b'"' | b'\'') {
            let quotes = if bytes[at..].starts_with(&[byte; 3]) { 3 } else { 1 };
            let end = end_of_text(bytes, at + quotes, &[byte; 3][..quotes]);
            at = end.unwrap_or(bytes.len());
            let has_prefix = found.last().is_some_and(|last: &Token| last.place.end == start && !last.is_text)
                && start > 0
                && bytes[start - 1].is_ascii_alphabetic();
            let is_plain = end.is_some() && !has_prefix && !bytes[start..at].contains(&b'\\');
            found.push(Token { place: start..at, is_text: is_plain, quotes });
            continue;
        }
        at += 1;
        // `==` is no assignment.
        if byte == b'=' && bytes.get(at) == Some(&b'=') {
            at += 1;
        }
        found.push(Token { place: start..at, is_text: false, quotes: 0 });
    }
    found
}

/// Where a text ends that begins here and ends in these quotes.
fn end_of_text(bytes: &[u8], mut at: usize, quotes: &[u8]) -> Option<usize> {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'\n' if quotes.len() == 1 => return None,
            _ if bytes[at..].starts_with(quotes) => return Some(at + quotes.len()),
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Tag;

    fn of(files: &[(&str, &str)]) -> Option<(String, String)> {
        let read = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
        stated(&read).map(|found| {
            let place = &found.text[found.place.clone()];
            assert!(place.contains(&found.version), "{place}");
            (found.file, found.version)
        })
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is compared with what is found, which may be nothing")]
    fn said(file: &str, version: &str) -> Option<(String, String)> {
        Some((file.to_owned(), version.to_owned()))
    }

    #[test]
    fn what_a_project_says() {
        for (name, text) in [
            ("pyproject.toml", "[project]\nname = 'x'\nversion = '1.2'\n"),
            ("pyproject.toml", "[tool.poetry]\nname = 'x'\nversion = '1.2'\n"),
            ("setup.cfg", "[metadata]\nname = x\nversion = 1.2\n[options]\nversion = 3\n"),
            ("setup.py", "from setuptools import setup\nsetup(\n    name='x',  # version='3'\n    version='1.2',\n)\n"),
            ("setup.py", "import setuptools\nsetuptools.setup(name='x', version=\"1.2\")\n"),
            ("setup.py", "VERSION = \"\"\"1.2\"\"\"\nsetup(extras={'version': 1}, version=VERSION)\n"),
        ] {
            assert_eq!(of(&[(name, text)]), said(name, "1.2"), "{text}");
        }
        let dynamic = |what: &str| {
            format!("[project]\nname = 'x'\ndynamic = ['version']\n[tool.setuptools.dynamic]\nversion = {{{what}}}\n")
        };
        let module = ("src/x/__init__.py", "# x\n__version__ = '1.2'\n");
        let attr = dynamic("attr = 'x.__version__'");
        assert_eq!(of(&[("pyproject.toml", &attr), module]), said(module.0, "1.2"));
        for file in ["file = 'VERSION'", "file = ['VERSION']"] {
            let text = dynamic(file);
            assert_eq!(of(&[("pyproject.toml", &text), ("VERSION", "\n1.2\n")]), said("VERSION", "1.2"), "{file}");
        }
        let cfg = ("setup.cfg", "[metadata]\nversion = attr: x.__version__\n");
        assert_eq!(of(&[cfg, ("x.py", module.1)]), said("x.py", "1.2"));
        // What `setup()` is given wins.
        let both = [("setup.py", "setup(version='1.2')"), ("setup.cfg", "[metadata]\nversion = 3\n")];
        assert_eq!(of(&both), said("setup.py", "1.2"));
        assert_eq!(of(&[("setup.py", "setup()"), both[1]]), said("setup.cfg", "3"));
    }

    #[test]
    fn what_only_a_build_knows() {
        for text in [
            "setup(version=version())",
            "setup(version='1' + '2')",
            "setup(version=f'{x}')",
            "setup(version='1' '2')",
            "setup(version=VERSION)",
            "VERSION = '1'\nVERSION = '2'\nsetup(version=VERSION)",
            "if x:\n    VERSION = '1'\nsetup(version=VERSION)",
            "VERSION = '1' + x\nsetup(version=VERSION)",
            "setup(**about)\n",
            "setup(version='1')\nsetup(version='2')",
            "setup(version='1",
            "setup(version=",
            "'''",
            "",
        ] {
            assert_eq!(of(&[("setup.py", text), ("setup.cfg", "[metadata]\nname = x\n")]), None, "{text}");
        }
        assert_eq!(of(&[("pyproject.toml", "[project")]), None);
        assert_eq!(of(&[("pyproject.toml", "[project]\nname = 'x'\ndynamic = ['version']\n")]), None);
        assert_eq!(of(&[("setup.cfg", "[metadata]\nversion = attr: no.where\n")]), None);
    }

    #[test]
    fn two_words_for_one_version() {
        let release = |tag: &str| UpstreamVersion::from_tag(&Tag::new(tag).unwrap()).unwrap();
        for (stated, tag) in [
            ("0.14.0rc1", "0.14.0rc1"),
            ("0.14.0.rc1", "v0.14.0-rc1"),
            ("2.5", "2.5.0"),
            ("2.5.0.dev3", "2.5.0.dev3"),
            ("2.5.0a1", "2.5.0a1"),
            ("1.0.post2", "1.0.post2"),
            ("1.0+local.1", "1.0"),
            // A commit between two tags has no version that a project could say.
            ("1.0", "1.0-3-g1234567"),
        ] {
            assert_eq!(other_version(stated, &release(tag)), None, "{stated} {tag}");
        }
        for (stated, tag, wanted) in [
            ("0.13.0", "0.14.0rc1", "0.14.0rc1"),
            ("0.14.0", "0.14.0rc1", "0.14.0rc1"),
            ("0.1.dev0+d20260101", "v1.0", "1.0"),
            ("nonsense", "1.0", "1.0"),
        ] {
            assert_eq!(other_version(stated, &release(tag)).as_deref(), Some(wanted), "{stated} {tag}");
        }
    }
}
