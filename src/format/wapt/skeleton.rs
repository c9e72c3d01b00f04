//! A new package's folder: everything that is needed to build it, and that WAPT's editors expect.

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};

use super::control::Control;

/// What a new package is.
#[derive(Debug, Clone)]
pub struct SkeletonRequest {
    /// `package`.
    pub package: String,
    /// `name`, for people.
    pub name: String,
    /// `maintainer`.
    pub maintainer: String,
}

const SETUP: &str = "# -*- coding: utf-8 -*-
from setuphelpers import *

# Registry keys of what is installed, so that agents know how to remove it.
uninstallkey = []


def install():
    print(\"Installing %s\" % control.asrequirement())


def uninstall():
    print(\"Removing %s\" % control.asrequirement())


def session_setup():
    pass


def audit():
    return \"OK\"
";

const PROJECT: &str = "[PyScripter]
Version=3.6.2.0

[Project]
ClassName=TProjectRootNode
StoreRelativePaths=TRUE
ShowFileExtensions=FALSE

[Project\\ChildNodes\\Node0]
ClassName=TProjectFilesNode

[Project\\ChildNodes\\Node0\\ChildNodes\\Node0]
ClassName=TProjectFileNode
FileName=$[Project-Path]..\\setup.py

[Project\\ChildNodes\\Node0\\ChildNodes\\Node1]
ClassName=TProjectFileNode
FileName=$[Project-Path]control

[Project\\ChildNodes\\Node1]
ClassName=TProjectRunConfiguationsNode
";

const LAUNCH: &str = "{
    \"version\": \"0.2.0\",
    \"configurations\": [
        {
            \"name\": \"install\",
            \"type\": \"debugpy\",
            \"request\": \"launch\",
            \"program\": \"/opt/wapt/wapt-get.py\",
            \"args\": [\"-ldebug\", \"install\", \"${workspaceFolder}\"]
        }
    ]
}
";

const SETTINGS: &str = "{
    \"python.analysis.extraPaths\": [\"/opt/wapt\"],
    \"files.eol\": \"\\n\"
}
";

/// The files of a new package, by their paths in its folder.
#[must_use]
pub fn files(request: &SkeletonRequest) -> Vec<(&'static str, Vec<u8>)> {
    let mut control = Control::default();
    for (name, value) in [
        ("package", request.package.as_str()),
        ("version", "0.1.0-1"),
        ("architecture", "all"),
        ("section", "base"),
        ("priority", "optional"),
        ("name", &request.name),
        ("maintainer", &request.maintainer),
        ("description", &format!("{}, packaged", request.name)),
        ("maturity", "DEV"),
        ("locale", "all"),
        ("target_os", "windows"),
        ("audit_schedule", "1d"),
        ("licence", ""),
    ] {
        control.set(name, value);
    }
    let line = |(name, value): (&str, &str)| format!("{name:<18}: {value}\n");
    vec![
        ("setup.py", SETUP.as_bytes().to_vec()),
        ("WAPT/control", control.iter().map(line).collect::<String>().into_bytes()),
        ("WAPT/icon.png", icon(&request.package)),
        ("WAPT/wapt.psproj", PROJECT.replace('\n', "\r\n").into_bytes()),
        (".vscode/launch.json", LAUNCH.as_bytes().to_vec()),
        (".vscode/settings.json", SETTINGS.as_bytes().to_vec()),
    ]
}

/// A square of 48 pixels with a frame, in a colour that the name gives: enough to tell packages apart until somebody
/// draws a better one.
fn icon(package: &str) -> Vec<u8> {
    const SIDE: u8 = 48;
    let seed = crc32fast::hash(package.as_bytes()).to_be_bytes();
    let colour = [64 + seed[1] / 2, 64 + seed[2] / 2, 64 + seed[3] / 2];
    let mut rows = Vec::new();
    for y in 0..SIDE {
        rows.push(0);
        for x in 0..SIDE {
            let edge = x.min(y).min(SIDE - 1 - x).min(SIDE - 1 - y);
            rows.extend(match edge {
                0..2 => [0, 0, 0, 0],
                2..6 => [colour[0], colour[1], colour[2], 255],
                _ => [255 - (255 - colour[0]) / 4, 255 - (255 - colour[1]) / 4, 255 - (255 - colour[2]) / 4, 255],
            });
        }
    }
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::new(6));
    // Memory does not fail to be written.
    let _ = packer.write_all(&rows);
    let pixels = packer.finish().unwrap_or_default();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let side = u32::from(SIDE).to_be_bytes();
    for (kind, content) in
        [(b"IHDR", [&side[..], &side, &[8, 6, 0, 0, 0]].concat()), (b"IDAT", pixels), (b"IEND", Vec::new())]
    {
        png.extend(u32::try_from(content.len()).unwrap_or_default().to_be_bytes());
        let chunk = [&kind[..], &content].concat();
        png.extend(&chunk);
        png.extend(crc32fast::hash(&chunk).to_be_bytes());
    }
    png
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::wapt::{check_icon, check_setup};

    #[test]
    fn a_new_package_is_right() {
        let request =
            SkeletonRequest { package: "tis-new".to_owned(), name: "New".to_owned(), maintainer: "Me".to_owned() };
        let files = files(&request);
        let text = |path: &str| {
            let found = files.iter().find(|(name, _)| *name == path).unwrap();
            String::from_utf8_lossy(&found.1).into_owned()
        };
        let (control, warnings) = Control::check("WAPT/control", &text("WAPT/control"), &[]).unwrap();
        assert_eq!((control.get("package"), warnings.len()), ("tis-new", 0));
        assert!(check_setup(&text("setup.py"), &|name| control.get(name).to_owned()).is_empty());
        let icon = &files.iter().find(|(name, _)| *name == "WAPT/icon.png").unwrap().1;
        assert_eq!(check_icon(icon).unwrap(), (48, 48));
    }
}
