//! [`Native`]: a program or library of a tree, and where its libraries are looked for.

use crate::depends::elf::Elf;

/// A program or library of a tree.
#[derive(Debug, Clone)]
pub struct Native {
    /// Where, without a slash at its beginning.
    pub path: String,
    /// What it says.
    pub elf: Elf,
}

impl Native {
    /// The folders where its libraries are looked for, absolute; those of the linker not among them.
    #[must_use]
    pub fn search(&self) -> Vec<String> {
        let own = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let origin = format!("/{own}");
        let given = self.elf.search.iter();
        let given = given.map(|folder| folder.replace("${ORIGIN}", &origin).replace("$ORIGIN", &origin));
        given.filter(|folder| folder.starts_with('/')).map(|folder| plain(&folder)).collect()
    }
}

/// A path without `.` and `..`.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// A program for tests.
#[cfg(test)]
pub fn sample(path: &str, search: &[&str], versions: &[(&str, &str)]) -> Native {
    use crate::depends::elf::Version;
    let version =
        |(file, name): &(&str, &str)| Version { file: (*file).to_owned(), name: (*name).to_owned(), is_weak: false };
    let elf = Elf {
        search: search.iter().map(|folder| (*folder).to_owned()).collect(),
        versions: versions.iter().map(version).collect(),
        ..Elf::sample()
    };
    Native { path: path.to_owned(), elf }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_looked_for_beside_their_program() {
        let own = sample("opt/x/lib/a/b.so", &["$ORIGIN/../../x.libs", "${ORIGIN}", "relative", "/usr/lib/own"], &[]);
        assert_eq!(own.search(), ["/opt/x/x.libs", "/opt/x/lib/a", "/usr/lib/own"]);
    }
}
