//! Sizes as people read them. Pure.

/// A size in decimal units, three or four characters and the unit: `812 B`, `31.2 MB`, `312 MB`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = "";
    for next in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        value /= 1000.0;
        unit = next;
        // 999.6 would be shown as 1000.
        if value < 999.5 {
            break;
        }
    }
    // 99.96 would be shown as 100.0.
    if value < 99.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}
