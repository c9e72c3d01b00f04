//! `license`: an expression of the SPDX specification (annex "SPDX license expressions") whose ids are on its list. Judges no licence.

use crate::util::toml::{At, Issue, Issues, Span, Value, nearest, quoted, word};

/// Words of Fedora's before it took SPDX's (Fedora wiki, "Licensing:Main"), as far as each stands for one licence.
const FEDORA: [(&str, &str); 27] = [
    ("AGPLv3", "AGPL-3.0-only"),
    ("AGPLv3+", "AGPL-3.0-or-later"),
    ("ASL", "Apache-2.0"),
    ("Boost", "BSL-1.0"),
    ("BSD", "BSD-3-Clause"),
    ("CC-BY", "CC-BY-4.0"),
    ("CC-BY-SA", "CC-BY-SA-4.0"),
    ("CC0", "CC0-1.0"),
    ("EPL", "EPL-2.0"),
    ("GPL", "GPL-2.0-only"),
    ("GPL+", "GPL-1.0-or-later"),
    ("GPLv1", "GPL-1.0-only"),
    ("GPLv2", "GPL-2.0-only"),
    ("GPLv2+", "GPL-2.0-or-later"),
    ("GPLv3", "GPL-3.0-only"),
    ("GPLv3+", "GPL-3.0-or-later"),
    ("LGPL", "LGPL-2.1-only"),
    ("LGPLv2", "LGPL-2.0-only"),
    ("LGPLv2+", "LGPL-2.0-or-later"),
    ("LGPLv2.1", "LGPL-2.1-only"),
    ("LGPLv2.1+", "LGPL-2.1-or-later"),
    ("LGPLv3", "LGPL-3.0-only"),
    ("LGPLv3+", "LGPL-3.0-or-later"),
    ("MPLv1.1", "MPL-1.1"),
    ("MPLv2.0", "MPL-2.0"),
    ("Python", "PSF-2.0"),
    ("Apache", "Apache-2.0"),
];

/// What a word of an expression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Licence,
    Exception,
}

/// Reads the expression; an id that is on no list is an error at the line, unless another list has it ([`doubts`]).
pub(crate) fn license(value: Value<'_>, issues: &mut Issues) -> Option<String> {
    let written = value.get_ref().as_str().unwrap_or_default();
    if !written.is_empty()
        && !is_expression(written)
        && let Some(meant) = meant(written)
    {
        let message = format!("{} is not a valid SPDX licence expression", quoted(written));
        issues.add(Issue::new(&value.span(), message).label(format!("did you mean `{meant}`?")).help(HELP));
        return None;
    }
    let text =
        word("SPDX licence expression", "e.g. `Apache-2.0`, `MIT OR GPL-2.0-or-later`", is_expression)(value, issues)?;
    let mut is_known = true;
    for (id, place) in ids(&text) {
        if is_on_list(id, place) || of_fedora(id, place).is_some() {
            continue;
        }
        is_known = false;
        issues.add(unknown(&value.span(), id, place));
    }
    is_known.then_some(text)
}

const HELP: &str = "its words are those of spdx.org/licenses; a licence that is not there is called `LicenseRef-…`, with a name of your own";

fn unknown(span: &Span, id: &str, place: Place) -> Issue {
    let (what, own) = match place {
        Place::Licence => ("licence", "LicenseRef"),
        Place::Exception => ("exception", "AdditionRef"),
    };
    let near = match place {
        Place::Licence => nearest(id, spdx::identifiers::LICENSES.iter().map(|known| known.name)),
        Place::Exception => nearest(id, spdx::identifiers::EXCEPTIONS.iter().map(|known| known.name)),
    };
    let issue = Issue::new(span, format!("SPDX has no {what} {}", quoted(id)));
    let label = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("`{own}-{id}`, if it is your own"),
    };
    issue.label(label).help(HELP)
}

/// What of an expression is understood, and written otherwise today: each word with what is said of it.
pub(crate) fn doubts(license: &At<String>) -> Vec<(String, Issue)> {
    let doubt = |(id, place): (&str, Place)| {
        let (why, instead) = match of_fedora(id, place).filter(|_| !is_on_list(id, place)) {
            Some(instead) => ("is no SPDX licence, and rpm's and Debian's tools ask for one", instead.to_owned()),
            None => ("is a name that SPDX has given up", successor(id, place)?),
        };
        let message = format!("`license`: {} {why}", quoted(id));
        Some((id.to_owned(), Issue::new(&license.span, message).help(format!("write `{instead}`"))))
    };
    ids(&license.value).into_iter().filter_map(doubt).collect()
}

/// The ids of an expression.
fn ids(text: &str) -> Vec<(&str, Place)> {
    let mut place = Place::Licence;
    let mut found = Vec::new();
    for word in text.split(|c: char| c.is_ascii_whitespace() || "()".contains(c)).filter(|word| !word.is_empty()) {
        match word {
            "AND" | "OR" => {}
            "WITH" => place = Place::Exception,
            id => found.push((id, std::mem::replace(&mut place, Place::Licence))),
        }
    }
    found
}

fn is_on_list(id: &str, place: Place) -> bool {
    let is_own = |prefix: &str| {
        let id = id.strip_prefix("DocumentRef-").and_then(|rest| Some(rest.split_once(':')?.1)).unwrap_or(id);
        id.strip_prefix(prefix).is_some_and(|name| !name.is_empty())
    };
    match place {
        // Ids are compared without their case (SPDX specification, annex "SPDX license expressions").
        Place::Licence => {
            let name = id.strip_suffix('+').unwrap_or(id);
            is_own("LicenseRef-")
                || spdx::identifiers::LICENSES.iter().any(|known| known.name.eq_ignore_ascii_case(name))
        }
        Place::Exception => {
            is_own("AdditionRef-")
                || spdx::identifiers::EXCEPTIONS.iter().any(|known| known.name.eq_ignore_ascii_case(id))
        }
    }
}

fn of_fedora(id: &str, place: Place) -> Option<&'static str> {
    FEDORA.iter().find(|(word, _)| *word == id && place == Place::Licence).map(|(_, spdx)| *spdx)
}

/// The new name of an id that is given up, where it has one.
fn successor(id: &str, place: Place) -> Option<String> {
    let (name, is_later) = id.strip_suffix('+').map_or((id, false), |name| (name, true));
    let known = spdx::license_id(name).filter(|known| known.is_deprecated() && place == Place::Licence)?;
    let name = format!("{}-{}", known.name, if is_later { "or-later" } else { "only" });
    spdx::license_id(&name).map(|new| new.name.to_owned())
}

/// The one licence that a text of several words names.
fn meant(text: &str) -> Option<&'static str> {
    let text = text.trim();
    let (found, length) = spdx::imprecise_license_id(text)?;
    let rest = text.get(length..)?.trim();
    // Its list knows no number.
    (rest.is_empty() || found.name.ends_with(&format!("-{rest}"))).then_some(found.name)
}

/// The shape of an expression: ids joined by AND, OR, WITH, in brackets or not. Asks no list of ids.
fn is_expression(text: &str) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let is_id = |word: &str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.+:".contains(&b));
    let (mut depth, mut after_id) = (0_i32, false);
    for word in spaced.split_ascii_whitespace() {
        let fits = match word {
            "(" => {
                depth += 1;
                !after_id
            }
            ")" => {
                depth -= 1;
                after_id && depth >= 0
            }
            "AND" | "OR" | "WITH" => std::mem::replace(&mut after_id, false),
            id => !std::mem::replace(&mut after_id, true) && is_id(id),
        };
        if !fits {
            return false;
        }
    }
    after_id && depth == 0 && text.len() <= 200
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        for good in ["MIT", "Apache-2.0", "MIT OR (GPL-2.0-or-later WITH Classpath-exception-2.0)", "LicenseRef-Own"] {
            assert!(is_expression(good), "{good}");
        }
        for bad in ["", "MIT Apache-2.0", "MIT AND", "(MIT", "MIT)", "AND", "MIT or ISC", "M\nT"] {
            assert!(!is_expression(bad), "{bad}");
        }
    }

    #[test]
    fn ids_of_the_list() {
        for (text, unknown) in [
            ("MIT", vec![]),
            ("mit OR apache-2.0", vec![]),
            ("GPL-2.0+ AND BSD-3-Clause+", vec![]),
            ("LicenseRef-Own OR DocumentRef-x:LicenseRef-y", vec![]),
            ("GPL-2.0-or-later WITH Classpath-exception-2.0", vec![]),
            ("GPL-2.0-or-later WITH AdditionRef-x", vec![]),
            ("MTI OR (ISC AND Bsd)", vec!["MTI", "Bsd"]),
            ("MIT WITH MIT", vec!["MIT"]),
            ("LicenseRef-", vec!["LicenseRef-"]),
        ] {
            let found: Vec<&str> =
                ids(text).into_iter().filter(|(id, place)| !is_on_list(id, *place)).map(|(id, _)| id).collect();
            assert_eq!(found, unknown, "{text}");
        }
        for (_, spdx) in FEDORA {
            assert!(spdx::license_id(spdx).is_some_and(|id| !id.is_deprecated()), "{spdx}");
        }
    }

    #[test]
    fn what_is_written_otherwise_today() {
        let said = |text: &str| -> Vec<String> {
            let at = At { value: text.to_owned(), span: 0..1 };
            doubts(&at)
                .into_iter()
                .map(|(_, issue)| format!("{}; {}", issue.message, issue.help.unwrap_or_default()))
                .collect()
        };
        assert_eq!(
            said("GPLv2+ AND MIT"),
            [
                "`license`: `GPLv2+` is no SPDX licence, and rpm's and Debian's tools ask for one; write `GPL-2.0-or-later`"
            ]
        );
        assert_eq!(
            said("LGPL-2.1+"),
            ["`license`: `LGPL-2.1+` is a name that SPDX has given up; write `LGPL-2.1-or-later`"]
        );
        assert_eq!(said("GPL-3.0"), ["`license`: `GPL-3.0` is a name that SPDX has given up; write `GPL-3.0-only`"]);
        assert_eq!(said("GPL-3.0-only OR MIT"), [""; 0]);
    }

    #[test]
    fn texts_of_several_words() {
        assert_eq!(meant("Apache 2.0"), Some("Apache-2.0"));
        assert_eq!(meant("BSD 3 Clause and more"), None);
        assert_eq!(meant("my own"), None);
    }
}
