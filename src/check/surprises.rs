//! What nobody ships on purpose: private keys, and rights that make a file dangerous to whoever installs it. The recipe may
//! allow each, with a reason; all are said at once, and so is what the recipe allows and nothing has.

use std::io::Read as _;

use globset::GlobMatcher;

use super::Finding;
use crate::{
    format::foreign::{Foreign, ItemKind},
    names::{Allowance, Concern},
    sign::{LOOKED_AT, RsaKey, holds, private_key},
    source::project::glob,
    stage::{Kind, Tree, TreePath},
};

/// So many findings are listed.
const SHOWN: usize = 20;

/// One thing that is seldom meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surprise {
    /// What kind of thing; `None` for what no recipe can allow.
    pub concern: Option<Concern>,
    /// Where, without a slash at its beginning.
    pub path: String,
    /// What it is, for people.
    pub what: String,
}

impl Surprise {
    /// A thing of a kind at a place.
    pub fn new(concern: Concern, path: &str, what: impl Into<String>) -> Self {
        Self { concern: Some(concern), path: path.to_owned(), what: what.into() }
    }
}

/// What is in a tree. `key` is the one that signs it: it must not be in there, whatever the recipe allows.
///
/// # Errors
/// When the spool cannot be read.
pub fn in_tree(tree: &Tree, key: Option<&RsaKey>) -> std::io::Result<Vec<Surprise>> {
    let mut found = Vec::new();
    for (path, entry) in tree.iter() {
        let is_file = matches!(entry.kind, Kind::File { .. } | Kind::Hardlink { .. });
        if is_file || entry.kind == Kind::Dir {
            found.extend(of_mode(path.as_str(), entry.mode, entry.kind == Kind::Dir));
        }
        if matches!(entry.kind, Kind::File { .. }) {
            let mut start = Vec::new();
            tree.open(entry).take(LOOKED_AT).read_to_end(&mut start)?;
            found.extend(of_bytes(path.as_str(), &start, key));
        }
    }
    Ok(found)
}

/// What is in the beginning of a file.
#[must_use]
pub fn of_bytes(path: &str, start: &[u8], key: Option<&RsaKey>) -> Option<Surprise> {
    if key.is_some_and(|key| holds(start, key)) {
        let what = "the key that signs the package".to_owned();
        return Some(Surprise { concern: None, path: path.to_owned(), what });
    }
    private_key(start).map(|what| Surprise::new(Concern::PrivateKey, path, what))
}

/// What the rights of a file or folder allow. A folder with its sticky bit is one as `/tmp`.
#[must_use]
pub fn of_mode(path: &str, mode: u32, is_dir: bool) -> Vec<Surprise> {
    let all = [
        (Concern::Setuid, !is_dir && mode & 0o4000 != 0, "runs as its owner"),
        (Concern::Setgid, !is_dir && mode & 0o2000 != 0, "runs as its group"),
        (Concern::WorldWritable, mode & 0o002 != 0 && !(is_dir && mode & 0o1000 != 0), "everybody may write it"),
    ];
    let found = all.into_iter().filter(|(_, is_so, _)| *is_so);
    found.map(|(concern, _, what)| Surprise::new(concern, path, format!("{what}, mode {mode:04o}"))).collect()
}

/// What is in a package that somebody else built.
#[must_use]
pub fn in_package(package: &Foreign) -> Vec<Surprise> {
    let of_item = |item: &crate::format::foreign::Item| match item.kind {
        ItemKind::Symlink { .. } => Vec::new(),
        _ => of_mode(item.path.as_str(), item.mode, item.kind == ItemKind::Dir),
    };
    let of_modes = package.files.iter().flat_map(of_item);
    let keys = package.keys.iter().map(|(path, what)| Surprise::new(Concern::PrivateKey, path.as_str(), *what));
    let capabilities = package
        .capabilities
        .iter()
        .map(|path| Surprise::new(Concern::Capabilities, path.as_str(), "has file capabilities"));
    of_modes.chain(keys).chain(capabilities).collect()
}

/// Files whose capabilities the package will not have.
pub fn lost_capabilities<'p>(paths: impl IntoIterator<Item = &'p TreePath>) -> impl Iterator<Item = Surprise> {
    let what = "has file capabilities, which a package loses: set them in `scripts.postinstall`";
    paths.into_iter().map(move |path| Surprise::new(Concern::Capabilities, path.as_str(), what))
}

/// Holds what was found in `whose` against what the recipe allows.
///
/// # Errors
/// Everything that it does not allow, and everything that it allows for nothing.
pub fn judge(whose: &str, found: &[Surprise], allowed: &[Allowance]) -> Result<(), Finding> {
    let allowed: Vec<&Allowance> = allowed.iter().filter(|one| !one.check.is_native()).collect();
    let mut used = vec![false; allowed.len()];
    let patterns: Vec<Option<GlobMatcher>> =
        allowed.iter().map(|one| glob(one.path.trim_start_matches('/')).ok()).collect();
    let mut left = Vec::new();
    for one in found {
        let mut is_allowed = false;
        for (number, allowance) in allowed.iter().enumerate() {
            let fits = Some(allowance.check) == one.concern
                && patterns[number].as_ref().is_some_and(|pattern| pattern.is_match(&one.path));
            used[number] |= fits;
            is_allowed |= fits;
        }
        if !is_allowed {
            left.push(one);
        }
    }
    let idle: Vec<&Allowance> = allowed.iter().zip(&used).filter(|(_, used)| !**used).map(|(one, _)| *one).collect();
    if left.is_empty() && idle.is_empty() { Ok(()) } else { Err(said(whose, &left, &idle)) }
}

fn said(whose: &str, left: &[&Surprise], idle: &[&Allowance]) -> Finding {
    let mut parts: Vec<String> = Vec::new();
    if !left.is_empty() {
        let shown = left.iter().take(SHOWN).map(|one| format!("`{}` ({})", one.path.escape_debug(), one.what));
        let mut all: Vec<String> = shown.collect();
        if left.len() > SHOWN {
            all.push(format!("and {} more", left.len() - SHOWN));
        }
        parts.push(format!("{whose} would ship what is seldom meant: {}", all.join(", ")));
    }
    if !idle.is_empty() {
        let all: Vec<String> = idle.iter().map(|one| format!("{} at `{}`", one.check.as_str(), one.path)).collect();
        parts.push(format!("`allow` of {whose} names what is not there: {}", all.join(", ")));
    }
    let help = match left.iter().find_map(|one| Some((one.concern?, &one.path))) {
        Some((concern, path)) => format!(
            "leave it out, or say in the recipe why it is meant: `allow = [{{ check = \"{}\", path = \"{}\", reason = \"…\" }}]`",
            concern.as_str(),
            path.escape_debug()
        ),
        None if left.is_empty() => "take the entry out, or mend its `check` or `path`".to_owned(),
        None => "leave it out: whoever has the package could sign as you do. A key that was shipped is to be replaced"
            .to_owned(),
    };
    Finding { message: parts.join("; "), help }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sign::{Bits, Made},
        stage::{Role, Spool},
    };

    fn allow(check: Concern, path: &str) -> Allowance {
        Allowance { check, path: path.to_owned(), reason: "a test".to_owned() }
    }

    fn tree() -> (Tree, Made) {
        let made = Made::new(Bits::B2048).unwrap();
        let mut tree = Tree::new(Spool::new().unwrap());
        let mut add = |path: &str, bytes: &[u8], mode| {
            tree.add_bytes(TreePath::new(path).unwrap(), bytes, mode, 0, Role::Plain, "a test").unwrap();
        };
        add("opt/x/key.pem", made.to_pkcs1().as_bytes(), 0o600);
        add("opt/x/su", b"", 0o6755);
        add("opt/x/open", b"", 0o666);
        add("opt/x/plain", b"", 0o644);
        (tree, made)
    }

    #[test]
    fn everything_is_said_at_once() {
        let (tree, _) = tree();
        let found = in_tree(&tree, None).unwrap();
        let finding = judge("tools", &found, &[allow(Concern::Setuid, "/opt/x/nothing")]).unwrap_err();
        insta::assert_snapshot!(format!("{}\n{}", finding.message, finding.help), @r#"
        tools would ship what is seldom meant: `opt/x/key.pem` (a private key), `opt/x/open` (everybody may write it, mode 0666), `opt/x/su` (runs as its owner, mode 6755), `opt/x/su` (runs as its group, mode 6755); `allow` of tools names what is not there: setuid at `/opt/x/nothing`
        leave it out, or say in the recipe why it is meant: `allow = [{ check = "private-key", path = "opt/x/key.pem", reason = "…" }]`
        "#);
    }

    #[test]
    fn what_is_allowed_with_a_reason_passes() {
        let (tree, made) = tree();
        let found = in_tree(&tree, None).unwrap();
        let allowed = [
            allow(Concern::PrivateKey, "/opt/x/*.pem"),
            allow(Concern::Setuid, "/opt/**"),
            allow(Concern::Setgid, "/opt/x/su"),
            allow(Concern::WorldWritable, "/opt/x/open"),
        ];
        assert_eq!(judge("tools", &found, &allowed), Ok(()));
        // The key that signs is never allowed.
        let key = made.key().unwrap();
        let found = in_tree(&tree, Some(&key)).unwrap();
        let finding = judge("tools", &found, &allowed).unwrap_err();
        assert!(finding.message.contains("`opt/x/key.pem` (the key that signs the package)"), "{}", finding.message);
    }

    #[test]
    fn folders_as_tmp_are_meant() {
        assert_eq!(of_mode("var/x", 0o1777, true), []);
        assert_eq!(of_mode("var/x", 0o2775, true), []);
        assert_eq!(of_mode("var/x", 0o777, true).len(), 1);
    }
}
