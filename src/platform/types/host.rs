//! What a platform can run.

use super::Manager;

/// The machine and the C library of a platform: what its programs must be made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The platform's id, for messages.
    pub platform: String,
    /// The machine in the kernel's word: `x86_64`.
    pub machine: String,
    /// The C library and its version: `glibc-2.36`, `musl-1.2`.
    pub libc: String,
    /// What installs packages there.
    pub manager: Manager,
}

impl Host {
    /// What to type to find the package of a library there.
    #[must_use]
    pub fn search(&self, library: &str) -> String {
        let at = match self.manager {
            Manager::Apt => format!("apt-file search {library}"),
            Manager::Dnf | Manager::Yum => format!("{} provides '*/{library}'", self.manager.as_str()),
            Manager::Zypper => format!("zypper search --provides '{library}*'"),
            Manager::Rpm => format!("rpm --query --whatprovides '{library}()(64bit)'"),
            Manager::Apk => format!("apk search so:{library}"),
            Manager::None => library.to_owned(),
        };
        format!("`{at}` on {}", self.platform)
    }
}
