//! The options of a requirements file's line: in all spellings that pip's parser (Python's `optparse`) takes.

/// The options that pip knows in a requirements file: the letter, the words, the first of which is told, and whether it has a value.
const KNOWN: [(&str, &[&str], bool); 24] = [
    ("-i", &["--index-url", "--pypi-url"], true),
    ("", &["--extra-index-url"], true),
    ("", &["--no-index"], false),
    ("-c", &["--constraint"], true),
    ("-r", &["--requirement"], true),
    ("-e", &["--editable"], true),
    ("-f", &["--find-links"], true),
    ("", &["--no-binary"], true),
    ("", &["--only-binary"], true),
    ("", &["--prefer-binary"], false),
    ("", &["--require-hashes"], false),
    ("", &["--pre"], false),
    ("", &["--all-releases"], true),
    ("", &["--only-final"], true),
    ("", &["--trusted-host"], true),
    ("", &["--use-feature"], true),
    ("", &["--hash"], true),
    ("-C", &["--config-settings", "--config-setting"], true),
    ("", &["--global-option"], true),
    ("", &["--install-option"], true),
    ("", &["--build-option"], true),
    ("-Z", &["--always-unzip"], false),
    ("", &["--process-dependency-links"], false),
    ("", &["--no-use-wheel"], false),
];

/// One option, under the name that pip calls it by; one that pip does not know as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opt {
    /// `--index-url`.
    pub name: String,
    /// Its value; empty where it has none.
    pub value: String,
}

impl Opt {
    /// The same as it may be in a line: quoted where it has to be.
    #[must_use]
    pub fn written(&self) -> String {
        match (self.value.as_str(), takes_value(&self.name)) {
            ("", false) => self.name.clone(),
            (value, _) => format!("{} {}", self.name, quoted(value)),
        }
    }
}

/// A word in the quotes that it needs.
pub fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.replace('\0', ""), std::borrow::Cow::into_owned)
}

fn takes_value(name: &str) -> bool {
    KNOWN.iter().any(|(_, names, value)| *value && names.contains(&name))
}

/// The options of a text; `None` where a quote is not closed.
pub fn parsed(text: &str) -> Option<Vec<Opt>> {
    let mut words = words(text)?.into_iter();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        let (name, given) = match word.split_once('=') {
            Some((name, value)) if word.starts_with("--") => (name, Some(value.to_owned())),
            _ if word.starts_with("--") => (word.as_str(), None),
            // A letter with its value behind it: `-rmore.txt`.
            _ => match word.char_indices().nth(2) {
                Some((end, _)) if word.starts_with('-') => (&word[..end], Some(word[end..].to_owned())),
                _ => (word.as_str(), None),
            },
        };
        let Some((full, has_value)) = known(name) else {
            found.push(Opt { name: word, value: String::new() });
            continue;
        };
        let value = match given {
            Some(value) => value,
            None if has_value => words.next().unwrap_or_default(),
            None => String::new(),
        };
        found.push(Opt { name: full.to_owned(), value });
    }
    Some(found)
}

/// The name of an option, and whether it has a value: of its letter, its word, or the beginning of one word only.
fn known(name: &str) -> Option<(&'static str, bool)> {
    let exact =
        KNOWN.iter().find(|(letter, names, _)| *letter == name || names.contains(&name)).filter(|_| !name.is_empty());
    let begun = || {
        let begins = |(_, names, _): &&(&str, &[&str], bool)| names.iter().any(|word| word.starts_with(name));
        let mut all = KNOWN.iter().filter(begins);
        all.next().filter(|_| all.next().is_none() && name.len() > 2 && name.starts_with("--"))
    };
    exact.or_else(begun).map(|(_, names, value)| (names[0], *value))
}

/// Words as a shell cuts them, without their quotes; a `#` is a letter like others.
fn words(text: &str) -> Option<Vec<String>> {
    // The crate takes a word that begins with `#` for a comment, and Python does not: comments are gone already.
    let mut shlex = shlex::Shlex::new(text);
    let found: Vec<String> = shlex.by_ref().collect();
    (!shlex.had_error).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        parsed(text).unwrap().iter().map(|option| format!("{}|{}", option.name, option.value)).collect()
    }

    #[test]
    fn all_spellings() {
        for (text, found) in [
            ("-r more.txt", &["--requirement|more.txt"][..]),
            ("-rmore.txt", &["--requirement|more.txt"]),
            ("--requirement=more.txt", &["--requirement|more.txt"]),
            ("-r \"with space.txt\"", &["--requirement|with space.txt"]),
            ("-c with\\ space.txt", &["--constraint|with space.txt"]),
            ("--requirement='a b'\t--pre", &["--requirement|a b", "--pre|"]),
            ("--requirem more.txt", &["--requirement|more.txt"]),
            ("--extra https://x.example --find ./v", &["--extra-index-url|https://x.example", "--find-links|./v"]),
            ("--pypi-url x -fy", &["--index-url|x", "--find-links|y"]),
            ("--requir more.txt", &["--requir|", "more.txt|"]),
            ("--unknown", &["--unknown|"]),
            ("--hash sha256:aa --hash=sha256:bb", &["--hash|sha256:aa", "--hash|sha256:bb"]),
            ("-e", &["--editable|"]),
        ] {
            assert_eq!(read(text), found, "{text}");
        }
        assert_eq!(parsed("-r \"open"), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["-r 'a b'", "--pre", "--global-option=\"--without cython\"", "-f ''", "--odd"] {
            let once = parsed(text).unwrap();
            let written: Vec<String> = once.iter().map(Opt::written).collect();
            assert_eq!(parsed(&written.join(" ")).unwrap(), once, "{text}");
        }
    }
}
