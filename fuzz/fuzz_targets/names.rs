//! Names, addresses and small files of others: every grammar refuses or takes any text, and what it takes stays what it was.
#![no_main]

use factory::{
    names::{
        ApiUrl, Commit, GitUrl, ImageName, PackageName, RefName, Relation, Release, Repository, Sha256, SdistFile, Tag,
        UpstreamVersion, WheelFile, wapt,
    },
    report::text::{clean, cut, wrapped},
    source::oci::Manifest,
    stage::{Accounts, TreePath},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Accounts::parse(bytes, bytes).map(|accounts| accounts.owner(1000, 1000));
    let _ = serde_json::from_slice::<Manifest>(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = (ImageName::new(text), PackageName::new(text), RefName::new(text), Commit::new(text), Sha256::new(text));
    let _ = (WheelFile::new(text), SdistFile::new(text), ApiUrl::new(text));
    if let Ok(tag) = Tag::new(text) {
        let _ = UpstreamVersion::from_tag(&tag);
    }
    if let Ok(url) = GitUrl::new(text) {
        assert!(!url.as_str().starts_with('-'));
        let _ = url.submodule("../x");
    }
    let _ = Repository::new(text);
    if let Ok(relation) = Relation::parse(text, true) {
        let _ = (relation.deb(), relation.rpm(true));
    }
    for attribute in &wapt::ATTRIBUTES {
        let _ = attribute.check(text);
    }
    let _ = wapt::Request::parse(text);
    if let Ok(path) = TreePath::new(text) {
        assert_eq!(TreePath::new(path.as_str()).unwrap(), path);
    }
    let shown = clean(text);
    assert!(!shown.chars().any(char::is_control));
    let _ = (cut(&shown, 40), wrapped(&shown, 40));
    let _ = text.parse::<Release>();
});
