//! The words of a recipe that only a recipe has, each with its grammar. One value at a time; compares nothing.

use std::str::FromStr;

use toml::de::DeValue;

use crate::{
    format::facts::PackageFormat,
    names::{Account, ImageName, InvalidName, PackageName, RepositoryName, RunAs, SourceName, UserName},
    recipe::{Asked, parts::FILLED_IN},
    unit::UnitName,
    util::pattern::is_glob,
    util::toml::{
        BadPath, Issue, Issues, Value, check_glob, in_container, in_project, line, one_line, one_of, parsed,
        plain_absolute, quoted, string, unfilled, word, wrong_type,
    },
};

/// A name of the recipe as text.
pub(crate) trait Word {
    /// The text.
    fn word(&self) -> &str;
}

macro_rules! words {
    ($($name:ty),+) => {
        $(impl Word for $name {
            fn word(&self) -> &str {
                self.as_str()
            }
        })+
    };
}
words!(UserName, ImageName, PackageName, RepositoryName, SourceName);

/// `type` of an entry of `contents`, nFPM's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Dir,
    Config,
    ConfigNoReplace,
    ConfigMissingOk,
    ConfigNoReplaceMissingOk,
    State,
    Doc,
    License,
    Service,
    Symlink,
    Exclude,
}

/// The words.
pub(crate) const KINDS: [(&str, Kind); 11] = [
    ("config", Kind::Config),
    ("config|noreplace", Kind::ConfigNoReplace),
    ("config|missingok", Kind::ConfigMissingOk),
    ("config|noreplace|missingok", Kind::ConfigNoReplaceMissingOk),
    ("dir", Kind::Dir),
    ("state", Kind::State),
    ("doc", Kind::Doc),
    ("license", Kind::License),
    ("service", Kind::Service),
    ("symlink", Kind::Symlink),
    ("exclude", Kind::Exclude),
];

/// The folder of the virtualenv: deep enough to belong to no other program, short enough for `#!` lines.
pub(crate) fn prefix(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let path = plain_absolute(value, issues)?;
    let of_the_system = ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys"];
    let own = path.matches('/').count() >= 2
        && !["/usr/bin", "/usr/lib", "/usr/sbin", "/usr/share", "/usr/local", "/usr/include"].contains(&path.as_str())
        && !of_the_system.iter().any(|folder| path.starts_with(&format!("{folder}/")));
    word("prefix", "a folder of its own, at most 100 bytes, e.g. /opt/canopsis", |_| own && path.len() <= 100)(
        value, issues,
    )?;
    Some(path)
}

/// Finished packages in a container: a path or a glob.
pub(crate) fn collected(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = string(value, issues)?;
    let path = in_container(text).and_then(|path| check_glob(&path).map(|()| path)).and_then(|path| {
        let top = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        if is_glob(top) {
            let help = "name the folder that they are built in, e.g. \"/packages/*.deb\"";
            Err(BadPath::new(text, "would read the whole container", help))
        } else if !is_glob(&path) && ![".deb", ".rpm"].iter().any(|extension| path.ends_with(extension)) {
            let help = "name files, or write a glob: \"/packages/*.deb\", \"/root/rpmbuild/RPMS/**/*.rpm\"";
            Err(BadPath::new(text, "is no .deb or .rpm file", help))
        } else {
            Ok(path)
        }
    });
    path.map_err(|bad| issues.add(bad.at(&value.span()))).ok()
}

/// A Python distribution's name, normalised (PEP 503).
pub(crate) fn distribution(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let expected = "a distribution's name: letters, digits, `.`, `_` and `-`, a letter or digit at both ends";
    let name = word("distribution", expected, |text| {
        let edge = |c: char| c.is_ascii_alphanumeric();
        text.starts_with(edge)
            && text.ends_with(edge)
            && text.len() <= 100
            && text.chars().all(|c| edge(c) || ".-_".contains(c))
    })(value, issues)?;
    let parts: Vec<String> = name.split(['-', '_', '.']).filter(|p| !p.is_empty()).map(str::to_lowercase).collect();
    Some(parts.join("-"))
}

/// The name of a user that the recipe makes.
pub(crate) fn new_user(value: Value<'_>, issues: &mut Issues) -> Option<UserName> {
    let name: UserName = parsed(value, issues)?;
    if name.as_str() == "root" {
        issues.add(
            Issue::new(&value.span(), "`root` is there already").label("another name").help("leave this [[user]] out"),
        );
        return None;
    }
    Some(name)
}

/// An account, by its name or its number.
pub(crate) fn account(value: Value<'_>, issues: &mut Issues) -> Option<Account> {
    named_or_numbered(value, issues)
}

/// A user, with a group where it is another one.
pub(crate) fn run_as(value: Value<'_>, issues: &mut Issues) -> Option<RunAs> {
    named_or_numbered(value, issues)
}

/// A number may be there as one.
fn named_or_numbered<T: FromStr<Err = InvalidName>>(value: Value<'_>, issues: &mut Issues) -> Option<T> {
    match value.get_ref() {
        DeValue::Integer(digits) if digits.radix() == 10 => digits.as_str().parse().map_or_else(
            |error: InvalidName| {
                let issue =
                    Issue::new(&value.span(), format!("{} is not a valid {}", quoted(digits.as_str()), error.kind));
                issues.add(issue.label(error.kind).help(format!("expected {}", error.expected)));
                None
            },
            Some,
        ),
        _ => parsed(value, issues),
    }
}

/// A port that an image listens on, or a range, as `EXPOSE` takes it: `80`, `"53/udp"`, `"8000-8010/tcp"`. TCP, which is meant where
/// nothing is said, is left away.
pub(crate) fn port(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = match value.get_ref() {
        DeValue::Integer(digits) if digits.radix() == 10 => digits.as_str().to_owned(),
        DeValue::String(text) => text.to_string(),
        _ => {
            wrong_type(value, "a port", issues);
            return None;
        }
    };
    let (ports, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    let number = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|port| plain && *port > 0)
    };
    let ports = match ports.split_once('-') {
        None => number(ports).map(|port| port.to_string()),
        Some((first, last)) => {
            let range = number(first).zip(number(last)).filter(|(first, last)| first <= last);
            range.map(|(first, last)| format!("{first}-{last}"))
        }
    };
    match (ports, protocol.as_str()) {
        (Some(ports), "tcp") => Some(ports),
        (Some(ports), "udp" | "sctp") => Some(format!("{ports}/{protocol}")),
        _ => {
            let issue = Issue::new(&value.span(), format!("{} is no port", quoted(&text)));
            issues.add(issue.label("expected a port from 1 to 65535").help(
                "write `80`, `\"53/udp\"`, `\"8000-8010/tcp\"`; the protocols are `tcp`, which is meant where nothing is said, `udp` \
                 and `sctp`",
            ));
            None
        }
    }
}

/// The GECOS field.
pub(crate) fn gecos(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = one_line(value, issues)?;
    word("comment", "words without a colon or a comma: they end up in /etc/passwd", |text| !text.contains([':', ',']))(
        value, issues,
    )?;
    Some(text)
}

/// `from` of an image: another image of the recipe.
pub(crate) fn parent_image(value: Value<'_>, issues: &mut Issues) -> Option<ImageName> {
    let foreign = match value.get_ref() {
        DeValue::Table(_) => true,
        DeValue::String(text) => text.contains(['/', ':']),
        _ => false,
    };
    if foreign {
        let issue = Issue::new(&value.span(), "an image cannot start from another project's image yet");
        issues.add(issue.label("expected the name of an [[image]]").help(
            "`from` takes the `name` of an [[image]] of this recipe; without it an image starts from the platform's \
             base, or from `[base] image`",
        ));
        return None;
    }
    parsed(value, issues)
}

/// An environment variable's name.
pub(crate) fn env_name(key: &str) -> Result<(), String> {
    let fits = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.len() <= 100
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if fits { Ok(()) } else { Err("a letter or `_`, then letters, digits and `_`".to_owned()) }
}

/// The variable of a token. Its name says that it is one: a recipe cannot have other secrets sent anywhere.
pub(crate) fn token_env(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    word("variable of a token", "the name of a variable that ends in `TOKEN`, e.g. `GITLAB_TOKEN`", |text| {
        env_name(text).is_ok() && text.ends_with("TOKEN")
    })(value, issues)
}

/// A label's key, as Docker's documents advise.
pub(crate) fn label_name(key: &str) -> Result<(), String> {
    let edge = |c: char| c.is_ascii_alphanumeric();
    let fits = key.starts_with(edge)
        && key.ends_with(edge)
        && key.len() <= 128
        && key.chars().all(|c| edge(c) || "._-/".contains(c));
    if !fits {
        return Err("letters, digits, `.`, `_`, `-` and `/`, e.g. org.example.team".to_owned());
    }
    // `factory clean` goes by them.
    if key == "factory" || key.starts_with("factory.") {
        return Err("one that does not begin with `factory.`: those say what this program itself has made".to_owned());
    }
    Ok(())
}

/// Words that people read, in which no placeholder is filled in.
pub(crate) fn prose(
    reader: impl Fn(Value<'_>, &mut Issues) -> Option<String>,
) -> impl Fn(Value<'_>, &mut Issues) -> Option<String> {
    move |value, issues| {
        let text = reader(value, issues)?;
        let Some(placeholder) = unfilled(&text) else { return Some(text) };
        let issue = Issue::new(&value.span(), format!("{placeholder} is not filled in here"));
        issues
            .add(issue.of_word().label("would stay as it is").help(format!("write the words themselves: {FILLED_IN}")));
        None
    }
}

/// A file's mode, written in octal.
pub(crate) fn mode(value: Value<'_>, issues: &mut Issues) -> Option<u32> {
    let span = value.span();
    let octal = |digits: &str| {
        let digits = digits.trim_start_matches("0o").trim_start_matches('0');
        let fits = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| (b'0'..=b'7').contains(&b));
        format!("write `0o{}`", if fits { digits } else { "644" })
    };
    match value.get_ref() {
        DeValue::Integer(number) if number.radix() == 8 => {
            let mode = u32::from_str_radix(number.as_str(), 8).ok().filter(|mode| *mode <= 0o7777);
            if mode.is_none() {
                let message = format!("{} is no mode", quoted(&number.to_string()));
                issues.add(Issue::new(&span, message).label("expected 0 to 0o7777").help("write `0o644`"));
            }
            mode
        }
        DeValue::Integer(number) => {
            let message = format!("{} is not octal, and modes are", quoted(&number.to_string()));
            let digits = if number.radix() == 10 { number.as_str() } else { "" };
            issues.add(Issue::new(&span, message).label("expected an octal integer").help(octal(digits)));
            None
        }
        DeValue::String(text) => {
            let issue = Issue::new(&span, "a mode is an octal integer, not a string");
            issues.add(issue.label("expected an octal integer").help(octal(text)));
            None
        }
        _ => {
            wrong_type(value, "an octal integer", issues);
            None
        }
    }
}

/// One line that says what a package is (Debian policy 3.4.1, RPM).
pub(crate) fn summary(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = one_line(value, issues)?;
    let length = text.chars().count();
    let problem = if length > 80 {
        Some((format!("the summary has {length} characters"), "expected 80 at most"))
    } else if text.ends_with('.') {
        Some(("the summary ends with a full stop".to_owned(), "expected a phrase, not a sentence"))
    } else {
        None
    };
    if let Some((message, label)) = problem {
        issues.add(Issue::new(&value.span(), message).label(label).help("put the rest into `description`"));
        return None;
    }
    Some(text)
}

/// A word of `formats`.
pub(crate) fn format(value: Value<'_>, issues: &mut Issues) -> Option<Asked> {
    one_of("package format", &PackageFormat::asked())(value, issues)
}

/// The archive section.
pub(crate) fn section(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    word("section", "one of Debian's, e.g. `net`, `admin`, `python`, `misc`", |text| {
        let fits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        text.len() <= 40 && text.split('/').count() <= 2 && text.split('/').all(fits)
    })(value, issues)
}

/// A lintian tag with its context.
pub(crate) fn lintian_tag(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = one_line(value, issues)?;
    word("lintian tag", "a tag, and its context if any, e.g. `dir-or-file-in-opt *`", |text| {
        let tag = text.split_ascii_whitespace().next().unwrap_or_default();
        tag.starts_with(|c: char| c.is_ascii_lowercase())
            && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"-/".contains(&b))
    })(value, issues)?;
    Some(text)
}

/// A path or a glob of what a package ships.
pub(crate) fn allowed(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let text = line(value, issues)?;
    let path = in_project(text.trim_start_matches('/')).and_then(|path| check_glob(&path).map(|()| text.clone()));
    path.map_err(|bad| issues.add(bad.at(&value.span()))).ok()
}

/// A systemd unit, an instance included.
pub(crate) fn unit(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let expected = "the whole name, e.g. `canopsis-webserver.service`, `worker@mail.service`";
    word("unit", expected, |text| is_unit(text) && !text.contains("@."))(value, issues)
}

/// Whether a file's name is a unit's that a package can ship. Commands would take one with a dash first for an option, and systemd
/// passes over hidden files.
pub(crate) fn is_unit(name: &str) -> bool {
    UnitName::new(name).is_ok() && !name.starts_with(['-', '.'])
}
