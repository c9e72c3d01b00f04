//! Packages, keys and vectors made outside of this repository, where they are at hand.

use std::path::PathBuf;

use crate::sign::{Certificate, Trust};

/// A time at which the fixtures' certificates hold.
pub const NOW: i64 = 1_795_172_800;

/// The path of a fixture; says so where there are none.
pub fn path(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/fixtures/wapt")).join(name);
    if !path.exists() {
        eprintln!("skipped: no fixture {name} beside the project");
        return None;
    }
    Some(path)
}

pub fn bytes(name: &str) -> Option<Vec<u8>> {
    Some(fs_err::read(path(name)?).unwrap())
}

pub fn json(name: &str) -> Option<serde_json::Value> {
    Some(serde_json::from_slice(&bytes(name)?).unwrap())
}

pub fn certificates(name: &str) -> Vec<Certificate> {
    Certificate::all_from_pem(&bytes(name).unwrap()).unwrap()
}

pub fn trust(names: &[&str]) -> Trust {
    Trust { anchors: names.iter().flat_map(|name| certificates(name)).collect(), crls: Vec::new() }
}
