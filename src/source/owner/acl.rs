//! POSIX access control lists (acl(5)), as Linux keeps them in an extended attribute: version 2, then entries of a tag, permissions
//! and an id, all little endian (`linux/posix_acl_xattr.h`).

use std::{io, path::Path};

use rustix::{fs::lgetxattr, io::Errno};

const ATTRIBUTE: &str = "system.posix_acl_access";
/// The largest value of an attribute in bytes (`XATTR_SIZE_MAX`).
const LARGEST: usize = 1 << 16;
const VERSION: [u8; 4] = 2_u32.to_le_bytes();
const WRITE: u16 = 2;

const USER: u16 = 0x02;
const GROUP_OBJ: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHER: u16 = 0x20;

/// Whether a path has a list by which somebody may write who is none of these users. `private` is a group that is one user's own.
///
/// # Errors
/// When it cannot be looked at. A file system without such lists has none.
pub(super) fn lets_others_write(path: &Path, users: &[u32], private: Option<u32>) -> io::Result<bool> {
    let mut value = vec![0; LARGEST];
    match lgetxattr(path, ATTRIBUTE, value.as_mut_slice()) {
        Ok(length) => Ok(writers(&value[..length], users, private)),
        Err(Errno::NODATA | Errno::NOTSUP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether a list lets others write; what is no list is taken for one that does.
fn writers(value: &[u8], users: &[u32], private: Option<u32>) -> bool {
    let Some(entries) = value.strip_prefix(&VERSION) else { return true };
    let (entries, []) = entries.as_chunks::<8>() else { return true };
    let entries = entries.iter().map(|[t0, t1, p0, p1, id @ ..]| {
        (u16::from_le_bytes([*t0, *t1]), u16::from_le_bytes([*p0, *p1]), u32::from_le_bytes(*id))
    });
    let mask = entries.clone().find(|(tag, ..)| *tag == MASK).map_or(u16::MAX, |(_, mask, _)| mask);
    entries.into_iter().any(|(tag, may, id)| match tag {
        USER => may & mask & WRITE != 0 && !users.contains(&id),
        GROUP => may & mask & WRITE != 0 && private != Some(id),
        GROUP_OBJ => may & mask & WRITE != 0 && private.is_none(),
        OTHER => may & WRITE != 0,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use rustix::fs::{XattrFlags, setxattr};

    use super::*;
    use crate::source::owner::TrustedOwners;

    const USER_OBJ: u16 = 0x01;
    const NOBODY: u32 = u32::MAX;

    fn list(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let entry = |(tag, may, id): &(u16, u16, u32)| {
            [tag.to_le_bytes().to_vec(), may.to_le_bytes().to_vec(), id.to_le_bytes().to_vec()].concat()
        };
        [VERSION.to_vec(), entries.iter().flat_map(entry).collect()].concat()
    }

    /// A list with these entries beside those that every list has.
    fn with(more: &[(u16, u16, u32)], mask: u16) -> Vec<u8> {
        let mut all = vec![(USER_OBJ, 7, NOBODY), (GROUP_OBJ, 5, NOBODY), (MASK, mask, NOBODY), (OTHER, 5, NOBODY)];
        all.extend(more);
        all.sort_by_key(|(tag, ..)| *tag);
        list(&all)
    }

    #[test]
    fn who_may_write_by_a_list() {
        let judge = |value: &[u8]| writers(value, &[0, 1000], Some(1000));
        assert!(!judge(&with(&[], 7)));
        assert!(judge(&with(&[(USER, 7, 65534)], 7)));
        assert!(!judge(&with(&[(USER, 7, 65534)], 5)), "the mask takes it away");
        assert!(!judge(&with(&[(USER, 5, 65534)], 7)), "only reads");
        assert!(!judge(&with(&[(USER, 7, 1000)], 7)), "one of those who are believed");
        assert!(judge(&with(&[(GROUP, 2, 65534)], 7)));
        assert!(!judge(&with(&[(GROUP, 7, 1000)], 7)), "a group of one's own");
        let of_group = list(&[(USER_OBJ, 7, NOBODY), (GROUP_OBJ, 7, NOBODY), (MASK, 7, NOBODY), (OTHER, 5, NOBODY)]);
        assert!(!judge(&of_group));
        assert!(writers(&of_group, &[0, 1000], None));
        assert!(judge(&list(&[(USER_OBJ, 7, NOBODY), (GROUP_OBJ, 5, NOBODY), (OTHER, 7, NOBODY)])));
        for broken in [&b""[..], b"\x01\0\0\0", &with(&[], 7)[..9]] {
            assert!(judge(broken), "{broken:?}");
        }
    }

    #[test]
    fn a_store_with_a_list_for_others_is_not_believed() {
        let root = tempfile::tempdir().unwrap();
        let (project, store) = (root.path().join("project"), root.path().join("a/store"));
        for folder in [&project, &store.join("built")] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let uid = std::fs::metadata(&store).unwrap().uid();
        let trusted = TrustedOwners::for_project(&project);
        let set = |path: &Path, value: &[u8]| setxattr(path, ATTRIBUTE, value, XattrFlags::empty());
        if let Err(Errno::NOTSUP | Errno::PERM) = set(&store, &with(&[(USER, 5, 65534)], 7)) {
            #[allow(clippy::print_stderr, reason = "a test that is left out says so")]
            {
                eprintln!("skipped: no access control lists on the file system of {}", root.path().display());
            }
            return;
        }
        assert_eq!(trusted.doubt(&store).unwrap(), None, "others may only read");
        for path in [store.clone(), root.path().join("a")] {
            set(&path, &with(&[(USER, 7, 65534)], 7)).unwrap();
            let doubt = trusted.doubt(&store).unwrap().unwrap();
            assert!(doubt.help().starts_with("`setfacl -R -b ") || doubt.help().starts_with("`chmod"), "{doubt}");
            set(&path, &with(&[(USER, 7, uid)], 5)).unwrap();
            assert_eq!(trusted.doubt(&store).unwrap(), None);
        }
        set(&store.join("built"), &with(&[(GROUP, 2, 65534)], 7)).unwrap();
        assert!(trusted.doubt_below(&store, &["built"]).unwrap().is_some());
    }
}
