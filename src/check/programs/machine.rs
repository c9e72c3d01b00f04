//! `machine`: a program or library that another machine would run, or none.

use crate::{check::finding::Finding, depends::elf::Elf, names::Concern, platform::Host};

/// `e_machine`, whether it has 64 bits, whether it is little-endian. `None` for a machine that is not known here.
fn elf_of(host: &Host) -> Option<(u16, bool, bool)> {
    Some(match host.machine.as_str() {
        "x86_64" => (62, true, true),
        "aarch64" => (183, true, true),
        "i386" | "i686" => (3, false, true),
        "armv6l" | "armv7l" => (40, false, true),
        "ppc64le" => (21, true, true),
        "riscv64" => (243, true, true),
        "s390x" => (22, true, false),
        _ => return None,
    })
}

/// That it is for another machine than the platform's.
pub fn other(path: &str, elf: &Elf, host: &Host) -> Option<Finding> {
    let is_other = elf_of(host) != Some((elf.machine, elf.is_64, elf.is_little));
    let what = || format!("is for {}, and {} is {}", machine(elf), host.platform, host.machine);
    is_other.then(|| Finding::new(Concern::Machine, path, what()))
}

/// That it cannot run on any.
pub fn broken(path: &str, why: &str) -> Finding {
    Finding::new(Concern::Machine, path, format!("begins as an ELF file, but {why}"))
}

/// A machine for people.
fn machine(elf: &Elf) -> String {
    let bits = if elf.is_64 { 64 } else { 32 };
    match elf.machine {
        3 => "i386".to_owned(),
        8 => "mips".to_owned(),
        21 => "ppc64".to_owned(),
        22 => "s390x".to_owned(),
        40 => "arm".to_owned(),
        62 if elf.is_64 => "x86_64".to_owned(),
        62 => "x32".to_owned(),
        183 => "aarch64".to_owned(),
        243 => format!("riscv{bits}"),
        247 => "the kernel (BPF)".to_owned(),
        other => format!("the machine {other}"),
    }
}
