//! Packages that the image has built: what they are must fit the platform that they are listed for.
//!
//! Owners are not looked at: which users the package's own scripts make cannot be known from outside. Nor is an empty
//! package wrong: one that only needs others is made so.

use super::refusal::Refusal;
use crate::{
    format::{PackageFormat, foreign::Foreign},
    names::ArchName,
};

/// What the platform and the release want.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The platform's id.
    pub platform: &'a str,
    /// Its package format.
    pub format: PackageFormat,
    /// Its word for the machine.
    pub arch: &'a ArchName,
    /// Its word for packages without native code.
    pub any: &'a ArchName,
    /// The release's version.
    pub version: &'a str,
}

/// Holds a package against what is expected. `file` is the name of its file.
///
/// # Errors
/// What keeps it from being shipped; otherwise, what is worth a warning.
pub fn collected(package: &Foreign, file: &str, expected: &Expected<'_>) -> Result<Vec<String>, Refusal> {
    let wrong = |message: String, help: String| Err(Refusal { message, help });
    let (format, platform) = (package.format.as_str(), expected.platform);
    let article = if package.format == PackageFormat::Rpm { "an" } else { "a" };
    if PackageFormat::of_file(file).map(|(format, _)| format) != Some(package.format) {
        return wrong(
            format!("{file} is {article} {format} package under a name that says something else"),
            format!("let the image call it `{}`", package.file_name()),
        );
    }
    if format != expected.format.as_str() {
        return wrong(
            format!("{file} is {article} {format} package, but {platform} takes {} packages", expected.format.as_str()),
            format!("give `collect` in the overrides of each format: `[package.overrides.{format}]`"),
        );
    }
    if ![expected.arch.as_str(), expected.any.as_str()].contains(&package.arch.as_str()) {
        return wrong(
            format!("{file} is for `{}`, but {platform} is built for `{}` here", package.arch, expected.arch),
            format!("build it for `{}`, or for `{}` where it holds no native code", expected.arch, expected.any),
        );
    }
    super::lengths::check(file, package.files.iter().map(|item| (item.path.as_str(), item.config, None)))?;
    let mut warnings: Vec<String> = package.remarks.iter().map(|remark| format!("{file}: {remark}")).collect();
    if package.version != expected.version {
        warnings.push(format!("{file}: its version `{}` is not the release's `{}`", package.version, expected.version));
    }
    if package.file_name() != file {
        warnings.push(format!("{file} keeps its name, but {format} tools would call it {}", package.file_name()));
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(arch: &str) -> Foreign {
        let text = |text: &str| text.to_owned();
        Foreign {
            format: PackageFormat::Deb,
            name: text("tools"),
            epoch: String::new(),
            version: text("2.5.11"),
            revision: text("1~deb12"),
            arch: text(arch),
            summary: String::new(),
            description: String::new(),
            depends: Vec::new(),
            files: Vec::new(),
            keys: Vec::new(),
            capabilities: Vec::new(),
            remarks: Vec::new(),
        }
    }

    fn judge(package: &Foreign, file: &str, format: PackageFormat) -> Result<Vec<String>, String> {
        let (arch, any) = (ArchName::new("amd64").unwrap(), ArchName::new("all").unwrap());
        let expected = Expected { platform: "debian-12", format, arch: &arch, any: &any, version: "2.5.11" };
        collected(package, file, &expected).map_err(|finding| finding.message)
    }

    #[test]
    fn a_package_fits_its_platform() {
        let deb = PackageFormat::Deb;
        for arch in ["amd64", "all"] {
            assert_eq!(judge(&package(arch), &format!("tools_2.5.11-1~deb12_{arch}.deb"), deb), Ok(Vec::new()));
        }
        let said = judge(&package("arm64"), "tools_2.5.11-1~deb12_arm64.deb", deb).unwrap_err();
        assert_eq!(said, "tools_2.5.11-1~deb12_arm64.deb is for `arm64`, but debian-12 is built for `amd64` here");
        let said = judge(&package("all"), "a.deb", PackageFormat::Rpm).unwrap_err();
        assert_eq!(said, "a.deb is a deb package, but debian-12 takes rpm packages");
        let said = judge(&package("all"), "a.rpm", deb).unwrap_err();
        assert_eq!(said, "a.rpm is a deb package under a name that says something else");
    }

    #[test]
    fn names_and_versions_of_others_are_worth_a_word() {
        let other = Foreign { version: "2.5.10".to_owned(), ..package("all") };
        assert_eq!(
            judge(&other, "tools.deb", PackageFormat::Deb).unwrap(),
            [
                "tools.deb: its version `2.5.10` is not the release's `2.5.11`",
                "tools.deb keeps its name, but deb tools would call it tools_2.5.10-1~deb12_all.deb",
            ]
        );
    }
}
