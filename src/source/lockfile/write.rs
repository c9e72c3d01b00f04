//! The text of a lock: sorted, one wheel a line, so that a change reads as what it is.

use super::{LockedWheel, Lockfile, VERSION};

const HEAD: &str = "\
# What the last builds were made of. Written by `factory build`, to be committed.
# `factory build --locked` takes nothing else.
";

/// The text of a lock.
pub(super) fn render(lock: &Lockfile) -> String {
    let mut text = format!("{HEAD}version = {VERSION}\n");
    for (platform, base) in &lock.bases {
        text.push_str(&format!(
            "\n[[base]]\nplatform = {}\nimage = {}\n",
            quote(platform.as_str()),
            quote(&base.image)
        ));
        if let Some(digest) = &base.digest {
            text.push_str(&format!("digest = {}\n", quote(digest)));
        } else if let Some(id) = &base.id {
            text.push_str(&format!("id = {}\n", quote(id)));
        }
    }
    for (name, commit) in &lock.sources {
        text.push_str(&format!(
            "\n[[source]]\nname = {}\ncommit = {}\n",
            quote(name.as_str()),
            quote(&commit.to_string())
        ));
    }
    for ((platform, image), house) in &lock.houses {
        text.push_str(&format!(
            "\n[[wheelhouse]]\nplatform = {}\nimage = {}\nrequirements = {}\nwheels = [\n",
            quote(platform.as_str()),
            quote(image.as_str()),
            quote(&house.requirements)
        ));
        for wheel in &house.wheels {
            text.push_str(&line(wheel));
        }
        text.push_str("]\n");
    }
    for ((platform, image), sha256) in &lock.indexes {
        text.push_str(&format!(
            "\n[[index]]\nplatform = {}\nimage = {}\nsha256 = {}\n",
            quote(platform.as_str()),
            quote(image.as_str()),
            quote(sha256.as_str())
        ));
    }
    text
}

fn line(wheel: &LockedWheel) -> String {
    let sdist = wheel.sdist.as_ref().map_or_else(String::new, |sdist| format!(", sdist = {}", quote(sdist.as_str())));
    format!(
        "    {{ name = {}, version = {}, file = {}, sha256 = {}{sdist} }},\n",
        quote(&wheel.file.distribution()),
        quote(wheel.file.version()),
        quote(wheel.file.as_str()),
        quote(wheel.sha256.as_str())
    )
}

/// A basic string (toml.io, "String").
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
