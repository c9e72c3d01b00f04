//! [`Places`]: where the lines of a requirements set say that files come from.

use std::collections::BTreeMap;

use super::{
    Line,
    line::{lines, options},
    text::logical,
};

/// Where files come from, beside what pip is configured to. Addresses may hold logins.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Places {
    /// The index instead of the configured one; empty where none is named.
    pub index: String,
    /// Further indexes.
    pub extra: Vec<String>,
    /// Whether no index is asked.
    pub no_index: bool,
    /// Pages with links.
    pub find_links: Vec<String>,
    /// Hosts whose certificates are not verified.
    pub trusted: Vec<String>,
    /// Files that are required by their address.
    pub addresses: Vec<String>,
}

impl Places {
    /// Those of these texts, in which variables have their values.
    #[must_use]
    pub fn from_texts<K>(texts: &BTreeMap<K, String>) -> Self {
        let mut found = Self::default();
        for text in texts.values() {
            for option in options(text) {
                match option.name.as_str() {
                    "--index-url" => found.index = option.value,
                    "--extra-index-url" => found.extra.push(option.value),
                    "--no-index" => found.no_index = true,
                    "--find-links" => found.find_links.push(option.value),
                    "--trusted-host" => found.trusted.push(option.value),
                    _ => {}
                }
            }
            for line in logical(text) {
                // What is an address is so in any line but one of options, and one that asks for what no index gives.
                if matches!(lines(&line.text)[..], [Line::Requirement(_) | Line::Address]) {
                    let address = line.text.split([' ', '\t']).find_map(address).filter(|address| is_web(address));
                    found.addresses.extend(address.map(str::to_owned));
                }
            }
        }
        found
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
        let found = Places::from_texts(&BTreeMap::from([((), text.to_owned())]));
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
        assert!(Places::from_texts(&BTreeMap::from([((), "--no-index\n".to_owned())])).no_index);
    }
}
