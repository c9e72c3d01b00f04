//! [`Relation`]: what a package says of another one, in the words of Debian (`name (>= version) | other`, deb-control(5)),
//! which every format understands, or in rpm's own (`name >= version`, `(a or b)`, rpm.org "Boolean dependencies").
//! The version may be `{{version}}`, the full version of the package that says it. Resolves nothing.

use super::PackageName;

/// What stands for the full version of the package.
pub const VERSION: &str = "{{version}}";

/// A relation to other packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// Debian's words: one of these.
    Common(Vec<Target>),
    /// A name that only rpm has, with or without a version.
    RpmPlain,
    /// Rpm's boolean dependencies.
    RpmRich,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    name: String,
    arch: Option<String>,
    /// Operator (Debian's) and version.
    version: Option<(String, String)>,
}

/// Why a text is no relation, or none that a format can say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadRelation {
    /// What is wrong with it.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

fn bad(message: impl Into<String>, help: impl Into<String>) -> BadRelation {
    BadRelation { message: message.into(), help: help.into() }
}

const SHAPE: &str = "for example `libxml2`, `libc6 (>= 2.36)`, `mail-transport-agent | postfix`";
const RPM_SHAPE: &str = "for example `libxml2`, `libxml2 >= 2.9`, `(postfix or sendmail)`, `libxml2.so.2()(64bit)`";

impl Relation {
    /// Reads a relation; `alternatives` says whether there may be a choice: `Depends`, `Recommends`, `Suggests` (Debian
    /// policy 7.1).
    ///
    /// # Errors
    /// [`BadRelation`].
    pub fn parse(text: &str, alternatives: bool) -> Result<Self, BadRelation> {
        let text = text.trim();
        let common = common(text, alternatives);
        let kind = match common {
            Ok(targets) => Kind::Common(targets),
            Err(error) => {
                // A mistake in Debian's words is told in Debian's words, unless it is plainly meant for rpm.
                let looks = text.starts_with(['(', '/']) || text.contains("()") || rpm_plain(text).is_ok();
                // An optional feature of a distribution of Python is no architecture: `python3.9dist(requests[socks])`.
                let has_arch = text.contains('[') && !text.contains("dist(");
                if !looks || has_arch || text.contains(['|', ',']) {
                    return Err(error);
                }
                rpm(text)?
            }
        };
        Ok(Self { text: text.to_owned(), kind })
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// In the words of deb-control(5).
    ///
    /// # Errors
    /// When it is in rpm's words.
    pub fn deb(&self) -> Result<String, BadRelation> {
        match &self.kind {
            Kind::Common(_) => Ok(self.text.clone()),
            Kind::RpmPlain if common(&self.text.to_lowercase(), true).is_ok() => Err(bad(
                "it has capitals, and names of Debian packages have none (Debian policy 5.6.1)",
                format!("write `{}`, or move it to `[package.overrides.rpm]`", self.text.to_lowercase()),
            )),
            Kind::RpmPlain | Kind::RpmRich => Err(bad(
                "it is in the words of rpm, and debs have Debian's",
                "write it as Debian does (`name (>= 1.0)`), which rpm packages get translated, or move it to \
                 `[package.overrides.rpm]`",
            )),
        }
    }

    /// In the words of rpm; `rich` says whether the platform's rpm knows choices.
    ///
    /// # Errors
    /// When the platform's rpm has no word for it.
    pub fn rpm(&self, rich: bool) -> Result<String, BadRelation> {
        let too_old = || {
            bad(
                "it holds a choice, which rpm before 4.13 does not know",
                "name one of them in `[package.overrides.<platform>]`",
            )
        };
        match &self.kind {
            Kind::RpmPlain => Ok(self.text.clone()),
            Kind::RpmRich if rich => Ok(self.text.clone()),
            Kind::RpmRich => Err(too_old()),
            Kind::Common(targets) => {
                let all = targets.iter().map(Target::rpm).collect::<Result<Vec<_>, _>>()?;
                match &all[..] {
                    [one] => Ok(one.clone()),
                    _ if rich => Ok(format!("({})", all.join(" or "))),
                    _ => Err(too_old()),
                }
            }
        }
    }
}

impl Target {
    fn rpm(&self) -> Result<String, BadRelation> {
        // `:any` is about installing several architectures, which rpm does by itself.
        if self.arch.as_deref().is_some_and(|arch| arch != "any") {
            return Err(bad("it names an architecture as only Debian does", "move it to `[package.overrides.deb]`"));
        }
        Ok(match &self.version {
            None => self.name.clone(),
            Some((operator, version)) => {
                let operator = match operator.as_str() {
                    "<<" => "<",
                    ">>" => ">",
                    same => same,
                };
                format!("{} {operator} {version}", self.name)
            }
        })
    }
}

fn common(text: &str, alternatives: bool) -> Result<Vec<Target>, BadRelation> {
    if text.contains(',') {
        return Err(bad("it holds a comma", "write each relation as an item of the list"));
    }
    if text.contains('[') {
        return Err(bad("it is limited to an architecture", "a binary package cannot say that: leave `[…]` out"));
    }
    let targets = text.split('|').map(target).collect::<Result<Vec<_>, _>>()?;
    if targets.len() > 1 && !alternatives {
        return Err(bad("it holds alternatives", "only depends, recommends and suggests may (Debian policy 7.1)"));
    }
    Ok(targets)
}

/// `name`, `name:arch`, each with or without `(op version)`.
fn target(text: &str) -> Result<Target, BadRelation> {
    let text = text.trim();
    let (name, version) = match text.split_once('(') {
        Some((name, rest)) => {
            (name.trim_end(), Some(rest.strip_suffix(')').ok_or_else(|| bad("`)` is missing", SHAPE))?))
        }
        None => (text, None),
    };
    let (name, arch) = name.split_once(':').map_or((name, None), |(name, arch)| (name, Some(arch)));
    if name.contains(char::is_whitespace) || name.contains(['<', '>', '=']) {
        return Err(bad("the version goes in brackets", SHAPE));
    }
    PackageName::new(name).map_err(|error| bad(error.to_string(), SHAPE))?;
    let is_arch = |arch: &str| !arch.is_empty() && arch.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if arch.is_some_and(|arch| !is_arch(arch)) {
        return Err(bad("a colon is followed by an architecture", "for example `python3:any`"));
    }
    Ok(Target { name: name.to_owned(), arch: arch.map(str::to_owned), version: version.map(constraint).transpose()? })
}

fn constraint(text: &str) -> Result<(String, String), BadRelation> {
    let text = text.trim();
    let end = text.find(|c| !"<>=".contains(c)).unwrap_or(text.len());
    let (operator, version) = (&text[..end], text[end..].trim());
    match operator {
        "<<" | "<=" | "=" | ">=" | ">>" => {}
        "<" | ">" => return Err(bad("`<` and `>` mean something else to dpkg", "write `<<` or `>>`")),
        _ => return Err(bad("the operator is none", "one of `<<`, `<=`, `=`, `>=`, `>>`")),
    }
    if is_version(version) {
        Ok((operator.to_owned(), version.to_owned()))
    } else {
        let help = "digits first, then letters, digits, `.`, `+`, `~`, `:`, `-`; or `{{version}}`";
        Err(bad("the version is none", help))
    }
}

fn is_version(version: &str) -> bool {
    let concrete = version.replacen(VERSION, "1", 1);
    concrete.starts_with(|c: char| c.is_ascii_digit())
        && concrete.bytes().all(|b| b.is_ascii_alphanumeric() || b".+~:-^".contains(&b))
}

fn rpm(text: &str) -> Result<Kind, BadRelation> {
    if text.starts_with('(') {
        rpm_rich(text).map(|()| Kind::RpmRich)
    } else {
        rpm_plain(text).map(|()| Kind::RpmPlain)
    }
}

/// `name`, `name op version`, where a name may be a capability or a path.
fn rpm_plain(text: &str) -> Result<(), BadRelation> {
    let words: Vec<&str> = text.split(' ').collect();
    let is_name = |name: &str| {
        name.len() <= 200
            && name.starts_with(|c: char| c.is_ascii_alphanumeric() || "/_".contains(c))
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-/:()@~[]".contains(&b))
            && name.matches('(').count() == name.matches(')').count()
    };
    match words[..] {
        [name] if is_name(name) => Ok(()),
        [name, operator, version] if is_name(name) && !name.starts_with('/') => {
            if !["<", "<=", "=", ">=", ">"].contains(&operator) {
                Err(bad("the operator is none", "one of `<`, `<=`, `=`, `>=`, `>`"))
            } else if is_version(version) {
                Ok(())
            } else {
                Err(bad("the version is none", RPM_SHAPE))
            }
        }
        _ => Err(bad("it is no name with a version", RPM_SHAPE)),
    }
}

/// Checks the brackets and words of a boolean dependency; the writer reads it whole.
fn rpm_rich(text: &str) -> Result<(), BadRelation> {
    let mut depth = 0_i32;
    let mut ended = false;
    for c in text.chars() {
        if ended || !(c.is_ascii_alphanumeric() || "._+-/:()@~^[]<>= {}".contains(c)) {
            return Err(bad(format!("{c:?} does not belong there"), RPM_SHAPE));
        }
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        ended = depth == 0;
    }
    let joins = [" and ", " or ", " if ", " unless ", " with ", " without "];
    if !ended {
        Err(bad("its brackets are not closed", RPM_SHAPE))
    } else if joins.iter().any(|word| text.contains(word)) {
        Ok(())
    } else {
        Err(bad("no `and`, `or`, `if`, `unless`, `with` or `without` is in it", RPM_SHAPE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_of_debian() {
        for good in [
            "sudo",
            "libc6 (>= 2.36)",
            "libc6(>=2.36)",
            "python3:any (<< 3.12)",
            "default-mta | mail-transport-agent",
            "canopsis-core (= {{version}})",
            "x11 (>= 1:2.0~rc1-3)",
        ] {
            assert_eq!(Relation::parse(good, true).unwrap().deb().as_deref(), Ok(good));
        }
        for text in [
            "",
            "a",
            "libc6 (> 2)",
            "libc6 (>= 2",
            "libc6 (2)",
            "a b",
            "sudo, wget",
            "x | ",
            "libx [amd64]",
            "libx (>= {{tag}})",
            "libx (>= 1)\nDepends: evil",
            "libx (>= $(id))",
            "libx:",
        ] {
            assert!(Relation::parse(text, true).and_then(|relation| relation.deb()).is_err(), "{text}");
        }
        assert!(Relation::parse("foo | bar", false).is_err());
    }

    #[test]
    fn relations_of_debian_in_rpm() {
        let rpm = |text: &str, rich| Relation::parse(text, true).unwrap().rpm(rich);
        assert_eq!(rpm("libc6(>=2.36)", false).as_deref(), Ok("libc6 >= 2.36"));
        assert_eq!(rpm("python3:any (<< 3.12)", false).as_deref(), Ok("python3 < 3.12"));
        assert_eq!(rpm("core (= {{version}})", false).as_deref(), Ok("core = {{version}}"));
        assert_eq!(rpm("postfix | mta (>> 2)", true).as_deref(), Ok("(postfix or mta > 2)"));
        assert!(rpm("postfix | mta", false).unwrap_err().message.contains("choice"));
        assert!(rpm("libc6:i386", true).is_err());
    }

    #[test]
    fn names_of_debian_have_no_capitals() {
        let why = Relation::parse("Postgresql", true).unwrap().deb().unwrap_err();
        assert!(why.message.contains("capitals") && why.help.contains("write `postgresql`"), "{why:?}");
        let why = Relation::parse("libxml2.so.2()(64bit)", true).unwrap().deb().unwrap_err();
        assert!(why.message.contains("words of rpm"), "{why:?}");
    }

    #[test]
    fn relations_of_rpm() {
        for good in [
            "ImageMagick",
            "libxml2 >= 2.9",
            "libxml2.so.2()(64bit)",
            "python3.9dist(a[b])",
            "/usr/bin/env",
            "config(canopsis) = 1.0-1.el9",
            "python(abi) = 3.9",
        ] {
            let relation = Relation::parse(good, true).unwrap();
            assert_eq!(relation.rpm(false).as_deref(), Ok(good));
            assert!(relation.deb().is_err(), "{good}");
        }
        let rich = Relation::parse("(postfix or (sendmail if kernel >= 5))", true).unwrap();
        assert!(rich.rpm(true).is_ok());
        assert!(rich.rpm(false).is_err());
        let feature = "(python3.9dist(a[b]) >= 1^post2 with python3.9dist(a[b]) < 2~~)";
        assert!(Relation::parse(feature, false).unwrap().rpm(true).is_ok());
        for text in
            ["(a or b", "(a)", "(a or b) c", "x ~ 1", "x >= %{v}", "(a or `id`)", "/a/b >= 1", "-x", "a  >= 1", "a[b]"]
        {
            assert!(Relation::parse(text, true).is_err(), "{text}");
        }
    }
}
