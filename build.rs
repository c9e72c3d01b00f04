//! Lists `platforms/*.toml` and the seeds beside them, so that adding a platform is adding a file.
#![expect(clippy::disallowed_methods, reason = "cargo speaks to a build script in variables")]

use std::{
    env,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let platforms = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("platforms");
    let out = PathBuf::from(variable("OUT_DIR")?);
    fs::write(out.join("platforms.rs"), list(&platforms, "toml")?)?;
    fs::write(out.join("seeds.rs"), list(&platforms.join("seeds"), "sha256")?)
}

/// The files of a folder as a Rust list of names, without the extension, and texts.
fn list(folder: &Path, extension: &str) -> io::Result<String> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    let mut list = String::from("&[\n");
    for path in &files {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).ok_or_else(|| io::Error::other("a file's name"))?;
        writeln!(list, "    ({stem:?}, include_str!({:?})),", path.display().to_string()).map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    Ok(list)
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(io::Error::other)
}
