//! Where a platform's root file system comes from.

use std::collections::BTreeMap;

/// Where a platform's root file system comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Base {
    /// The image in the daemon or a registry: `debian:bookworm-slim`.
    pub image: String,
    /// How it is made from packages where there is none.
    pub bootstrap: Option<Bootstrap>,
    /// What is changed in it before its package manager works.
    pub quirks: Vec<Quirk>,
}

/// A change of a base image, and why it is needed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Quirk {
    /// Why, in a sentence.
    pub reason: String,
    /// Absolute paths of files that go away.
    pub remove: Vec<String>,
    /// Texts of files by their absolute paths.
    pub write: BTreeMap<String, String>,
}

/// A root file system from the distro's own packages.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Bootstrap {
    /// The program.
    pub tool: BootstrapTool,
    /// The suite or release: `bookworm`.
    pub suite: String,
    /// The tool's variant: `minbase`.
    pub variant: String,
    /// Packages added to the variant.
    pub include: Vec<String>,
    /// Components of the archive; the tool's default (`main`) when empty.
    pub components: Vec<String>,
    /// The archive, where the tool's default no longer has the release.
    pub mirror: Option<String>,
    /// Where the archive's keys are found on a host that lacks them.
    pub keyring: Option<Keyring>,
    /// apt's options for the making, as in apt.conf(5).
    pub options: Vec<String>,
}

/// The keys of an archive, as a package of another one that the host's own keys vouch for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Keyring {
    /// The package.
    pub package: String,
    /// The Debian suite that has it.
    pub suite: String,
    /// Where it puts the keys, and where a host that has them has them.
    pub file: String,
}

/// Programs that make a root file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BootstrapTool {
    /// mmdebstrap(1).
    Mmdebstrap,
}
