//! Names of files in an archive.

/// Names that Windows takes for devices, whatever stands behind a dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// No file is deeper, its own name included.
const DEEPEST: usize = 100;

/// Whether a file of a package may be called so. Refuses what leads out of the folder that agents unpack into, what they
/// refuse themselves, and what Windows cannot hold or takes for something else.
///
/// # Errors
/// The reason.
pub fn safe(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > 1024 {
        return Err("its name is empty or longer than 1,024 bytes");
    }
    if name.bytes().filter(|byte| *byte == b'/').count() >= DEEPEST {
        return Err("it is more than 100 folders deep");
    }
    if name.starts_with('/') {
        return Err("it is an absolute path");
    }
    if name.contains('\\') {
        return Err("its name has a backslash");
    }
    if name.chars().any(|c| (c as u32) < 0x20 || c == '\u{7f}' || "|:<>*?;\"".contains(c)) || name.contains("$(") {
        return Err("its name has a character that agents refuse");
    }
    name.split('/').try_for_each(component)
}

/// Whether a name stays within the folder that it is unpacked into, and is one on every Unix.
///
/// # Errors
/// The reason.
pub fn inside(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > 1024 {
        return Err("its name is empty or longer than 1,024 bytes");
    }
    if name.contains(['\\', '\0']) || name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("its path leads out of the archive, or has an empty part");
    }
    Ok(())
}

fn component(part: &str) -> Result<(), &'static str> {
    // Agents refuse every `/..`.
    if part.starts_with("..") {
        return Err("its path leads out of the package");
    }
    if part.is_empty() || part == "." {
        return Err("its path has an empty part");
    }
    if part.ends_with(['.', ' ']) || part.starts_with(' ') {
        return Err("a part of its path begins with a blank, or ends with a blank or a dot");
    }
    if is_device(part) {
        return Err("it is the name of a device of Windows");
    }
    Ok(())
}

/// Whether Windows takes a part of a path for a device, whatever stands behind a dot: `NUL`, `com1.txt`.
#[must_use]
pub fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let numbered = |word: &str| {
        let rest = stem.strip_prefix(word);
        rest.is_some_and(|rest| {
            matches!(rest, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
        })
    };
    DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

/// A name as Windows compares it: without case.
#[must_use]
pub fn folded(name: &str) -> String {
    name.to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_astray() {
        for good in ["setup.py", "données/é à.txt", ".vscode/launch.json", "a.b..c", "console.txt", "sub/comx"] {
            assert_eq!(safe(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a/..",
            "C:x",
            "a\\b",
            "\\\\host\\x",
            "a//b",
            "./a",
            "a/./b",
            "NUL",
            "nul.txt",
            "sub/COM1",
            "lpt9.log",
            "aux",
            "x.",
            "x ",
            "a /b",
            "a\nb",
            "a\0b",
            "a|b",
            "a?b",
            "$(x)",
            "con .txt",
        ] {
            assert!(safe(bad).is_err(), "{bad:?}");
        }
        assert_eq!(folded("DIR/Control"), folded("dir/control"));
        assert_eq!(folded("ſetup.py"), folded("setup.py"));
    }
}
