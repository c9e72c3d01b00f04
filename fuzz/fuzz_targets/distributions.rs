//! What distributions of Python say of themselves: whatever it is, names and versions that were found are rpm's.
#![no_main]

use factory::depends::{
    Shipped,
    python::{Metadata, Names},
    rpm::resolve,
};
use libfuzzer_sys::fuzz_target;

const AT: &str = "/usr/lib/python3.9/site-packages";

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut shipped = Shipped::on("x86_64");
    let folders = ["x-1.dist-info/METADATA", "y.egg-info/PKG-INFO", "y.egg-info/requires.txt", "y.egg-info/entry_points.txt"];
    for file in folders {
        shipped.metadata(Metadata { path: format!("{AT}/{file}"), text: text.clone().into_owned() });
    }
    let needed = format!("Name: z\nVersion: {text}\nRequires-Dist: {text}\n");
    shipped.metadata(Metadata { path: format!("{AT}/z-1.dist-info/METADATA"), text: needed });
    for needs in [true, false] {
        let found = resolve(&shipped, Some(&Names { needs, default: "3.9".to_owned() }));
        for text in found.requires.keys() {
            assert!(text.contains("python3.9dist("), "{text}");
            assert!(text.is_ascii(), "{text}");
        }
    }
});
