//! [`Places`]: where the lines of a requirements set say that files come from.

use std::collections::BTreeMap;

use super::line::{logical, words};

/// Where files come from, beside what pip is configured to. Addresses may hold logins.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Places {
    /// The index instead of the configured one; empty where none is named.
    pub index: String,
    /// Further indexes.
    pub extra: Vec<String>,
    /// Whether no index counts.
    pub no_index: bool,
    /// Pages with links.
    pub find_links: Vec<String>,
    /// Hosts whose certificates do not count.
    pub trusted: Vec<String>,
    /// Files that are required by their address.
    pub addresses: Vec<String>,
    /// Lines that require a checkout of a repository, as written.
    #[serde(skip)]
    pub checkouts: Vec<String>,
}

impl Places {
    /// Those of these texts.
    #[must_use]
    pub fn of<K>(texts: &BTreeMap<K, String>) -> Self {
        let mut found = Self::default();
        for line in texts.values().flat_map(|text| logical(text)) {
            found.read(&line);
        }
        found
    }

    fn read(&mut self, line: &str) {
        let words: Vec<String> = words(line).iter().map(|word| word.replace(['"', '\''], "")).collect();
        let editable = matches!(words.first().map(String::as_str), Some("-e" | "--editable"));
        if !line.starts_with('-') || editable {
            match words.iter().find_map(|word| address(word)) {
                Some(address) if is_web(address) => self.addresses.push(address.to_owned()),
                Some(_) => self.checkouts.push(line.to_owned()),
                None => {}
            }
            return;
        }
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let (option, value) = match word.split_once('=') {
                Some((option, value)) if word.starts_with("--") => (option, Some(value.to_owned())),
                _ => (word.as_str(), None),
            };
            let mut value = || value.clone().or_else(|| rest.next().cloned()).unwrap_or_default();
            match option {
                "-i" | "--index-url" | "--pypi-url" => self.index = value(),
                "--extra-index-url" => self.extra.push(value()),
                "--no-index" => self.no_index = true,
                "-f" | "--find-links" => self.find_links.push(value()),
                "--trusted-host" => self.trusted.push(value()),
                _ => {}
            }
        }
    }
}

/// The address in a word: all of `x@https://…` behind the name.
fn address(word: &str) -> Option<&str> {
    let scheme = &word[..word.find("://")?];
    let begins = scheme.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '+')).map_or(0, |at| at + 1);
    word.get(begins..)
}

fn is_web(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_requirements_say_of_places() {
        let text = "-i https://a.example/simple\n--extra-index-url=https://b.example/simple --trusted-host b.example\n\
                    --find-links https://c.example/page\nsix==1.16.0 --hash=sha256:aa\n\
                    x @ https://anna:pw@d.example/x-1.tar.gz#sha256=bb ; os_name == 'posix'\nhttps://e.example/y-1-py3-none-any.whl\n\
                    z @ git+https://f.example/z.git@v1\n-e git+ssh://git@g.example/w#egg=w\n";
        let found = Places::of(&BTreeMap::from([((), text.to_owned())]));
        assert_eq!(found.index, "https://a.example/simple");
        assert_eq!(
            (found.extra, found.trusted),
            (vec!["https://b.example/simple".to_owned()], vec!["b.example".to_owned()])
        );
        assert_eq!(found.find_links, ["https://c.example/page"]);
        assert_eq!(
            found.addresses,
            ["https://anna:pw@d.example/x-1.tar.gz#sha256=bb", "https://e.example/y-1-py3-none-any.whl"]
        );
        assert_eq!(found.checkouts, ["z @ git+https://f.example/z.git@v1", "-e git+ssh://git@g.example/w#egg=w"]);
        assert!(Places::of(&BTreeMap::from([((), "--no-index\n".to_owned())])).no_index);
    }
}
