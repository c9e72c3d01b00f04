//! The archive stream of a container: whatever it holds, reading ends, and what is taken is a tree that can be written.
#![no_main]

use factory::stage::{Accounts, Limits, Place, Request, Spool, Tree, TreePath, read_tar};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(spool) = Spool::new() else { return };
    let mut tree = Tree::new(spool);
    let accounts = Accounts::parse(b"root:x:0:0::/:/bin/sh\n", b"root:x:0:\n").unwrap_or_default();
    let limits = Limits { entries: 1000, total_bytes: 1 << 20, file_bytes: 1 << 20, ..Limits::default() };
    let Ok(opt) = TreePath::new("opt") else { return };
    let place = Place::below(opt);
    let request = Request { place: &place, select: &|_| true, accounts: &accounts, limits: &limits, origin: "fuzz" };
    if read_tar(bytes, &request, &mut tree).is_ok() {
        tree.add_parents(0).unwrap();
        assert!(tree.check().is_ok(), "what is taken is a tree");
        for (path, _) in tree.iter() {
            assert!(!path.as_str().split('/').any(|part| part == ".."), "{path}");
        }
    }
});
