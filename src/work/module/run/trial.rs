//! What is looked at in a module that was made, without Windows: the cabinet, its configuration byte for byte, and the files that must
//! and must not be in it.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::{strip::Strip, venv};
use crate::{
    format::{
        PackageFormat, reader,
        reader::{Description, Input},
    },
    names::Sha256,
    work::module::ModuleWork,
};

/// The files that an agent looks for.
const NEEDED: [&str; 3] = ["postinstall.cmd", ".venv/pyvenv.cfg", ".venv/Scripts/python.exe"];
/// Where the configuration is.
const CONFIG: &str = ".venv/pyvenv.cfg";
/// So many files that must not be there are told of one pattern.
const TOLD: usize = 3;

/// What is right with the cabinet at `path`, else everything that is wrong with it.
pub(super) fn look(work: &ModuleWork, path: &Path, cancel: &CancellationToken) -> Result<String, Vec<String>> {
    let reader = reader(PackageFormat::Cab).ok_or_else(|| vec!["cabinets are not read here".to_owned()])?;
    let input = Input::open(path, cancel).map_err(|error| vec![error.to_string()])?;
    let description = reader.describe(input).map_err(|refused| vec![refused.text])?;
    let files = members(&description);
    let mut wrong = Vec::new();
    for needed in NEEDED {
        if !files.iter().any(|(path, _)| path == needed) {
            wrong.push(format!("it has no `{needed}`"));
        }
    }
    let config = Sha256::of(venv::config(&work.layout)).to_string();
    if files.iter().any(|(path, digest)| path == CONFIG && **digest != config) {
        wrong.push(format!("`{CONFIG}` is not the three lines that agents want, byte for byte"));
    }
    wrong.extend(patterns(&work.must_have, &files, true));
    wrong.extend(patterns(&work.must_not_have, &files, false));
    if wrong.is_empty() { Ok(format!("{} files, `{CONFIG}` byte for byte", files.len())) } else { Err(wrong) }
}

/// The files with their digests, as paths of a module.
fn members(description: &Description) -> Vec<(String, &str)> {
    let path = |path: &str| path.trim_start_matches('\\').replace('\\', "/");
    description.files.iter().map(|file| (path(&file.path), file.sha256.as_deref().unwrap_or_default())).collect()
}

/// What is wrong about each of these patterns.
fn patterns(all: &[String], files: &[(String, &str)], must_be: bool) -> Vec<String> {
    let judge = |pattern: &String| {
        let glob = match Strip::new(std::slice::from_ref(pattern)) {
            Ok(glob) => glob,
            Err(error) => return Some(error.to_string()),
        };
        let found: Vec<&str> =
            files.iter().map(|(path, _)| path.as_str()).filter(|path| glob.takes_text(path)).take(TOLD + 1).collect();
        match (must_be, found.as_slice()) {
            (true, []) => Some(format!("nothing in it is `{pattern}`, which `must_have` names")),
            (false, [_, ..]) => {
                let more = if found.len() > TOLD { " and more" } else { "" };
                let told = found.iter().take(TOLD).map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
                Some(format!("it has {told}{more}, which `must_not_have` names (`{pattern}`)"))
            }
            _ => None,
        }
    };
    all.iter().filter_map(judge).collect()
}
