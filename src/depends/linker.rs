//! Where the dynamic linker looks for libraries (ld.so(8)): the folders that a file names, then those of the system.

use super::{Native, merged};

/// The most files that `/etc/ld.so.conf` takes in, and folders that are found so.
const MOST: usize = 1024;

/// The folders that a file names itself, in the form of [`merged`]. What is not absolute then is left out: it depends on where somebody
/// is.
#[must_use]
pub fn own_folders(native: &Native) -> Vec<String> {
    let origin = native.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let named = native.elf.search.iter();
    let named = named.map(|folder| folder.replace("${ORIGIN}", origin).replace("$ORIGIN", origin));
    named.filter(|folder| folder.starts_with('/') && !folder.contains('$')).map(|folder| merged(&folder)).collect()
}

/// The folders that `/etc/ld.so.conf` and the files that it takes in name, as written there. `text` gives a file by its path, and
/// `below` the paths of a folder, sorted.
pub fn configured(text: &dyn Fn(&str) -> Option<String>, below: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
    let (mut found, mut waiting, mut seen) = (Vec::new(), vec!["/etc/ld.so.conf".to_owned()], 0);
    while let Some(path) = waiting.pop() {
        seen += 1;
        let Some(text) = text(&path).filter(|_| seen <= MOST) else { continue };
        let mut taken = Vec::new();
        for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
            match line.strip_prefix("include") {
                Some(pattern) if pattern.starts_with([' ', '\t']) => taken.extend(including(pattern.trim(), below)),
                _ if line.starts_with('/') && found.len() < MOST => found.push(line.trim_end_matches('/').to_owned()),
                _ => {}
            }
        }
        // Their folders are where they are taken in, which is nearly always at the end.
        waiting.extend(taken.into_iter().rev());
    }
    found
}

/// The files that `include /etc/ld.so.conf.d/*.conf` means: a `*` in the last part is all that is known here.
fn including(pattern: &str, below: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
    let pattern = if pattern.starts_with('/') { pattern.to_owned() } else { format!("/etc/{pattern}") };
    let Some((folder, name)) = pattern.rsplit_once('/') else { return Vec::new() };
    let Some((start, end)) = name.split_once('*') else { return vec![pattern] };
    let mut all = below(folder);
    all.retain(|path| {
        let name = path.rsplit('/').next().unwrap_or_default();
        name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
    });
    all.truncate(MOST);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_system_are_read_in_their_order() {
        let text = |path: &str| {
            Some(match path {
                "/etc/ld.so.conf" => "include /etc/ld.so.conf.d/*.conf\n# /no\n/opt/x/lib/ # why\n\n".to_owned(),
                "/etc/ld.so.conf.d/a.conf" => "/usr/lib/a\nrelative\n".to_owned(),
                "/etc/ld.so.conf.d/b.conf" => "/usr/lib/b\ninclude /etc/ld.so.conf\n".to_owned(),
                _ => return None,
            })
        };
        let below = |folder: &str| ["a.conf", "b.conf", "c.txt"].map(|name| format!("{folder}/{name}")).to_vec();
        let found = configured(&text, &below);
        assert_eq!(found[..3], ["/opt/x/lib", "/usr/lib/a", "/usr/lib/b"]);
        assert!(found.len() <= MOST, "a circle ends");
    }
}
