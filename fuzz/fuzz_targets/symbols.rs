//! What the packages of an image say of their libraries: whatever it is, relations that were found have versions that are versions.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use factory::depends::{
    Shipped,
    deb::{Index, Maker, Question, SymbolsFile, implies, resolve},
};
use libfuzzer_sys::fuzz_target;

const STATUS: &str = "Package: a\nStatus: install ok installed\nArchitecture: amd64\n";

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let file = SymbolsFile::parse(&text);
    for name in file.names() {
        let library = file.library(name).expect("it has a name");
        assert!(library.least().1.is_none_or(|version| version.starts_with(|c: char| c.is_ascii_digit())));
    }
    let mut maker = Maker::new("amd64", STATUS, &text);
    for kind in ["list", "symbols", "shlibs"] {
        maker.add(&format!("a.{kind}"), &text);
    }
    let index = maker.finish(&[], "x86_64-linux-gnu");
    let kept = serde_json::to_vec(&index).expect("an index can be written");
    assert_eq!(serde_json::from_slice::<Index>(&kept).expect("and read"), index);
    let (shipped, beside, links) = (Shipped::default(), BTreeSet::new(), BTreeMap::new());
    let found = resolve(Question { shipped: &shipped, beside: &beside, index: &index, links: &links, own: "shop" });
    assert!(found.needed.is_empty());
    Maker::new("amd64", &text, &text).add("a.list", &text);
    let _ = implies(&text, &text);
});
