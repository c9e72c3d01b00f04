//! What the targets of package readers have in common.

use factory::{
    format::{PackageFormat, foreign, reader},
    stage::Limits,
};

/// Reads a package as `show` and `verify` do, and as `collect` does: whatever is wrong with it, both agree on it, and every path that
/// is shown is plain.
pub fn described(format: PackageFormat, bytes: &[u8], limits: &Limits) {
    let Some((_, examine)) = reader(format).and_then(|reader| reader.stream()) else { return };
    let mut seen = foreign::Seen::describing(format, &format!("x.{}", format.as_str()), true);
    let bounds = foreign::Bounds::for_size(bytes.len() as u64, limits);
    let is_whole = examine(&mut &*bytes, limits, bounds, &mut seen).is_ok();
    let is_good = seen.faults().is_empty() && is_whole;
    let taken = foreign::read(bytes, bytes.len() as u64, limits);
    assert!(!is_good || taken.is_ok(), "both readers agree");
    for part in seen.into_description().files {
        assert!(part.path.starts_with('/') && !part.path.split('/').any(|part| part == ".."), "{}", part.path);
    }
    let Ok(package) = taken else { return };
    for item in &package.files {
        assert!(!item.path.as_str().split('/').any(|part| part == ".." || part.is_empty()), "{}", item.path);
    }
    assert!(!package.file_name().contains('/'), "{}", package.file_name());
}
