//! The lead: the 96 bytes that a package begins with (rpm.org, "RPM v4 package format", "Lead"; LSB 25.2.1). Only the
//! magic number and the types in it are looked at today, by file(1) and rpm.

/// Binary package.
const BINARY: u16 = 0;
/// The signature is a header.
const SIGNATURE_HEADER: u16 = 5;
/// What rpmbuild writes for an architecture without a number of its own; it is not read.
const NO_ARCH: u16 = 255;
/// Linux.
const LINUX: u16 = 1;

/// The lead of a binary package. `nevr` is `name-version-release`; at most 65 bytes of it fit.
pub(super) fn lead(nevr: &str, arch: &str) -> [u8; 96] {
    let mut lead = [0; 96];
    lead[..6].copy_from_slice(&[0xed, 0xab, 0xee, 0xdb, 3, 0]);
    lead[6..8].copy_from_slice(&BINARY.to_be_bytes());
    lead[8..10].copy_from_slice(&number(arch).to_be_bytes());
    let length = nevr.len().min(65);
    lead[10..10 + length].copy_from_slice(&nevr.as_bytes()[..length]);
    lead[76..78].copy_from_slice(&LINUX.to_be_bytes());
    lead[78..80].copy_from_slice(&SIGNATURE_HEADER.to_be_bytes());
    lead
}

/// An architecture's number in rpmrc (`arch_canon`); noarch is built on some machine, and 1 is the usual one's.
fn number(arch: &str) -> u16 {
    match arch {
        "noarch" | "x86_64" | "i386" | "i486" | "i586" | "i686" => 1,
        "armv6hl" | "armv7hl" => 12,
        "s390x" => 15,
        "ppc64" | "ppc64le" => 16,
        "aarch64" => 19,
        "riscv64" => 22,
        _ => NO_ARCH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut() {
        let lead = lead(&"n".repeat(90), "aarch64");
        assert_eq!((lead[9], lead[10], lead[74], lead[75], lead[77], lead[79]), (19, b'n', b'n', 0, 1, 5));
        assert_eq!(lead[80..], [0; 16]);
    }
}
