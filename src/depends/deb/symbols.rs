//! `symbols` files (deb-symbols(5)): which version of a package first had a symbol of its library.
//!
//! In a package that is installed, dpkg-gensymbols has replaced patterns (`c++`, `symver`, `regex`, `*@VERSION`) by the symbols that they
//! stood for. Where one is left it names no symbol: dpkg-shlibdeps looks for whole names only, and so is it here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::version::{compare, is_version};

/// The most symbols of a file: the largest (LLVM's) have some ten thousand.
const MOST_SYMBOLS: usize = 1 << 20;
/// The most libraries of a file, and templates of one.
const MOST: usize = 10_000;

/// A file of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolsFile {
    libraries: BTreeMap<String, Library>,
}

/// What is said of a library.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// `libssl3 #MINVER#`: the first is what is needed, the others are for symbols that name them.
    templates: Vec<String>,
    /// `name@VERSION`, `name@Base`: the first version of the package that has it, and the number of its template.
    symbols: BTreeMap<String, (String, usize)>,
    /// The smallest version of those with the first template, whatever else they are.
    smallest: Option<String>,
}

impl SymbolsFile {
    /// Reads a file. Lines that say nothing are left out, as dpkg-shlibdeps does with a warning.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut file = Self::default();
        let (mut own, mut left) = (None::<String>, MOST_SYMBOLS);
        for line in text.lines() {
            let library = own.as_ref().and_then(|name| file.libraries.get_mut(name));
            match (line.as_bytes().first(), library) {
                (Some(b'|'), Some(library)) if library.templates.len() < MOST => {
                    library.templates.push(line[1..].trim_start().to_owned());
                }
                (Some(b' ' | b'\t' | b'#'), Some(library)) if left > 0 => {
                    if let Some((symbol, is_gone)) = symbol(line) {
                        left -= 1;
                        library.add(&symbol, is_gone);
                    }
                }
                (None | Some(b' ' | b'\t' | b'#' | b'|' | b'*'), _) => {}
                _ => {
                    let Some((name, template)) = line.split_once(char::is_whitespace) else { continue };
                    if file.libraries.len() >= MOST {
                        continue;
                    }
                    let library = file.libraries.entry(name.to_owned()).or_default();
                    library.templates = vec![template.trim_start().to_owned()];
                    own = Some(name.to_owned());
                }
            }
        }
        file
    }

    /// What is said of a library.
    #[must_use]
    pub fn library(&self, soname: &str) -> Option<&Library> {
        self.libraries.get(soname)
    }

    /// The libraries of which something is said.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.libraries.keys().map(String::as_str)
    }
}

impl Library {
    fn add(&mut self, symbol: &Symbol<'_>, is_gone: bool) {
        let Symbol { name, version, template } = *symbol;
        let is_smaller = |known: &String| compare(version, known).is_lt();
        if template == 0 && self.smallest.as_ref().is_none_or(is_smaller) {
            self.smallest = Some(version.to_owned());
        }
        if is_gone {
            self.symbols.remove(name);
        } else {
            self.symbols.insert(name.to_owned(), (version.to_owned(), template));
        }
    }

    /// What is needed whatever symbols are used, with the smallest version that there is.
    #[must_use]
    pub fn least(&self) -> (&str, Option<&str>) {
        (self.templates.first().map_or("", String::as_str), self.smallest.as_deref())
    }

    /// What is needed for a symbol (`name@VERSION`); `None` where it has none of that name.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Option<(&str, &str)> {
        let (version, template) = self.symbols.get(name)?;
        Some((self.templates.get(*template).map_or("", String::as_str), version))
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Symbol<'a> {
    name: &'a str,
    version: &'a str,
    template: usize,
}

/// The symbol of a line, and whether the library has it no more. `None` for a comment, and for a pattern.
fn symbol(line: &str) -> Option<(Symbol<'_>, bool)> {
    let (text, is_gone) = match line.strip_prefix('#') {
        // `#MISSING: 1.2# name@VERSION 1.0`
        Some(rest) => {
            let rest = rest.strip_prefix("MISSING: ").or_else(|| rest.strip_prefix("DEPRECATED: "))?;
            (rest.split_once('#')?.1.trim_start(), true)
        }
        None => (line.trim_start(), false),
    };
    let (tags, text) = match text.strip_prefix('(') {
        Some(rest) => rest.split_once(')')?,
        None => ("", text),
    };
    let quote = text.chars().next().filter(|quote| ['"', '\''].contains(quote) && !tags.is_empty());
    let (name, rest) = match quote {
        Some(quote) => text[1..].split_once(quote)?,
        None => text.split_at(text.find(char::is_whitespace)?),
    };
    let is_pattern = tags.split('|').any(|tag| ["c++", "symver", "regex"].contains(&tag)) || name.starts_with("*@");
    let mut words = rest.split_whitespace();
    let version = words.next().filter(|version| is_version(version) && !is_pattern)?;
    let template = words.next().and_then(|number| number.parse().ok()).unwrap_or_default();
    Some((Symbol { name, version, template }, is_gone))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "libfoo.so.1 libfoo1 #MINVER#\n\
                        | libfoo1-extra #MINVER#, libextra\n\
                        * Build-Depends-Package: libfoo-dev\n \
                        a@FOO_1 1.0\n \
                        b@FOO_1 1.10 1\n \
                        (arch=amd64|optional)c@Base 1.9\n\
                        #MISSING: 2.0# gone@FOO_1 0.9\n\
                        # a comment\n \
                        (c++|optional)\"Foo::bar(int)@FOO_1\" 0.1\n \
                        (symver)FOO_2 0.2\n \
                        (regex)\"^x.*@FOO_1$\" 0.3\n \
                        *@FOO_3 0.4\n \
                        bad@FOO_1 1), evil (= 1\n \
                        short\n\
                        libbar.so.2 libbar2\n \
                        d@Base 2.0\n";

    #[test]
    fn what_is_said_of_symbols() {
        let file = SymbolsFile::parse(FILE);
        assert_eq!(file.names().collect::<Vec<_>>(), ["libbar.so.2", "libfoo.so.1"]);
        let foo = file.library("libfoo.so.1").unwrap();
        assert_eq!(foo.least(), ("libfoo1 #MINVER#", Some("0.9")), "what is gone counts for the smallest version");
        assert_eq!(foo.symbol("a@FOO_1"), Some(("libfoo1 #MINVER#", "1.0")));
        assert_eq!(foo.symbol("b@FOO_1"), Some(("libfoo1-extra #MINVER#, libextra", "1.10")));
        assert_eq!(foo.symbol("c@Base"), Some(("libfoo1 #MINVER#", "1.9")));
        assert_eq!(foo.symbols.len(), 3, "{:?}", foo.symbols);
        let bar = file.library("libbar.so.2").unwrap();
        assert_eq!((bar.least(), bar.symbol("d@Base")), (("libbar2", Some("2.0")), Some(("libbar2", "2.0"))));
    }

    #[test]
    fn what_is_no_list_says_nothing() {
        for text in ["", " a@B 1", "| x", "* Field: y", "#", "()", "x", "\0\u{1}", "libfoo.so.1 x\n ()\n (a\n ()\"\n"] {
            assert!(SymbolsFile::parse(text).libraries.values().all(|library| library.symbols.is_empty()), "{text:?}");
        }
        let file = SymbolsFile::parse("a.so.1 a\n x@A 1 99\n");
        assert_eq!(file.library("a.so.1").unwrap().symbol("x@A"), Some(("", "1")), "a template that is not there");
    }
}
