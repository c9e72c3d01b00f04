//! [`Expected`]: the names that the files of an artifact may have. A registry says what it likes; here it is held against what the
//! recipe makes on the platform.

use std::collections::BTreeSet;

use crate::source::wheelhouse::{MANIFEST, WheelName};

/// What an artifact may hold.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Names of files as they are: of packages that are written here.
    pub names: BTreeSet<String>,
    /// An extension of files whose names the recipe cannot know, because the image builds them.
    pub extension: Option<&'static str>,
    /// What names begin with behind which words for version and system follow, and their extensions.
    pub begin: BTreeSet<(String, &'static str)>,
    /// Whether it is a wheelhouse: wheels and their manifest.
    pub wheels: bool,
}

impl Expected {
    /// Allows what another one allows, too.
    pub fn add(&mut self, other: Self) {
        self.names.extend(other.names);
        self.extension = self.extension.or(other.extension);
        self.begin.extend(other.begin);
        self.wheels |= other.wheels;
    }

    /// Whether it allows nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.extension.is_none() && self.begin.is_empty() && !self.wheels
    }

    /// The file that a name stands for, where it may be there: equal for two spellings of one name.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<String> {
        let plain = name.len() <= 255
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+~-:^%!".contains(&b));
        if !plain {
            return None;
        }
        if self.wheels {
            return if name == MANIFEST {
                Some(name.to_owned())
            } else {
                WheelName::new(name).map(|name| name.distribution())
            };
        }
        let is_collected = self.extension.is_some_and(|extension| {
            name.strip_suffix(extension).is_some_and(|stem| stem.len() > 1 && stem.ends_with('.'))
        });
        let of_kind = |extension: &str| name.rsplit_once('.').is_some_and(|(_, end)| end == extension);
        let goes_on = |start: &String| name.strip_prefix(start).is_some_and(|rest| rest.starts_with(['_', '.']));
        let begins = self.begin.iter().any(|(start, extension)| of_kind(extension) && goes_on(start));
        // `%3a` and `:`, `A` and `a` are one name for some tools and file systems.
        let spelt = decoded(name)?.to_lowercase();
        (self.names.contains(name) || is_collected || begins).then_some(spelt)
    }
}

/// A name with what is percent-encoded in it as it is meant; `None` where that is nothing, or no name any more.
fn decoded(name: &str) -> Option<String> {
    let mut parts = name.split('%');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok())?;
        let c = char::from(byte);
        if !(c.is_ascii_graphic() && c != '/' && c != '\\' && c != '%') {
            return None;
        }
        whole.push(c);
        whole.push_str(part.get(2..)?);
    }
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_recipe_makes_may_be_there() {
        let own = Expected { names: ["shop_1.0-1~deb12_all.deb".to_owned()].into(), ..Expected::default() };
        assert!(own.file("shop_1.0-1~deb12_all.deb").is_some());
        for other in
            ["other_1.0-1~deb12_all.deb", "shop_1.0-2~deb12_all.deb", "shop_1.0-1~deb12_all.deb.deb", "-oDebug.deb", ""]
        {
            assert_eq!(own.file(other), None, "{other}");
        }
        let collects = Expected { extension: Some("deb"), begin: [("tis-shop".to_owned(), "msi")].into(), ..own };
        for good in
            ["other_1.0-1~deb12_all.deb", "x_1%3a2-1_all.deb", "tis-shop_1.0-1_windows_PROD.msi", "tis-shop.msi"]
        {
            assert!(collects.file(good).is_some(), "{good}");
        }
        for bad in [
            "-oDebug.deb",
            ".x.deb",
            "x.rpm",
            "tis-shopper_1.msi",
            "a/b.deb",
            "x%2f.deb",
            "x%.deb",
            "x%0a.deb",
            "é.deb",
            ".deb",
            "x%252f.deb",
        ] {
            assert_eq!(collects.file(bad), None, "{bad}");
        }
        for (one, other) in [("x_1%3a2_all.deb", "x_1:2_all.deb"), ("X_1_all.deb", "x_1_all.deb")] {
            assert_eq!(collects.file(one), collects.file(other));
        }
        let wheels = Expected { wheels: true, ..Expected::default() };
        assert_eq!(wheels.file("zope.interface-6-py3-none-any.whl"), wheels.file("Zope_Interface-6-py2-none-any.whl"));
        assert!(wheels.file(MANIFEST).is_some() && wheels.file("x.deb").is_none());
    }
}
