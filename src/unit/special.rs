//! The targets that systemd brings (systemd.special(7)), and names that are nearly one of them: systemd passes over the order after a unit
//! that is not there.

use super::{UnitFile, file::Assignment};
use crate::util::toml::nearest;

/// Their names, without `.target`.
const TARGETS: &str = "\
    basic bluetooth boot-complete cryptsetup cryptsetup-pre ctrl-alt-del default emergency exit final first-boot-complete \
    factory-reset getty getty-pre graphical halt hibernate hybrid-sleep initrd initrd-fs initrd-root-device initrd-root-fs \
    initrd-switch-root initrd-usr-fs integritysetup integritysetup-pre kbrequest kexec local-fs local-fs-pre machines multi-user network \
    network-online network-pre nss-lookup nss-user-lookup paths poweroff printer reboot remote-cryptsetup remote-fs \
    remote-fs-pre remote-veritysetup rescue rpcbind runlevel0 runlevel1 runlevel2 runlevel3 runlevel4 runlevel5 runlevel6 \
    shutdown sigpwr sleep slices smartcard sockets soft-reboot sound ssh-access storage-target-mode suspend suspend-then-hibernate swap \
    sysinit system-update system-update-pre time-set time-sync timers tpm2 umount usb-gadget veritysetup veritysetup-pre";

/// The targets that systemd brings for the system's manager, without `.target`.
pub fn targets() -> impl Iterator<Item = &'static str> {
    TARGETS.split_whitespace()
}

/// Keys of `[Unit]` that name other units (systemd.unit(5)).
const KEYS: [&str; 13] = [
    "After",
    "Before",
    "Wants",
    "Requires",
    "Requisite",
    "BindsTo",
    "PartOf",
    "Upholds",
    "Conflicts",
    "OnFailure",
    "OnSuccess",
    "PropagatesReloadTo",
    "ReloadPropagatedFrom",
];

/// A target that a unit names, and the one of systemd's that is probably meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misspelt {
    /// `After=netwrok.target`.
    pub said: String,
    /// `network.target`.
    pub meant: String,
    /// Where it is, with its line.
    pub place: String,
}

/// The targets of a unit that are nearly one of systemd's. `own` are names of units that are there.
#[must_use]
pub fn misspelt(file: &UnitFile, own: &dyn Fn(&str) -> bool) -> Vec<Misspelt> {
    let lines = file.assignments().filter(|line| line.section == "Unit" && KEYS.contains(&line.key.as_str()));
    lines.flat_map(|line| line.value.split_whitespace().filter_map(|word| of_word(line, word, own))).collect()
}

fn of_word(line: &Assignment, word: &str, own: &dyn Fn(&str) -> bool) -> Option<Misspelt> {
    let stem = word.strip_suffix(".target").filter(|stem| !stem.contains(['%', '@']))?;
    if targets().any(|target| target == stem) || own(word) {
        return None;
    }
    // Others have targets, too: a slip of the finger leaves the beginning and the length.
    let near = nearest(stem, targets())?;
    let is_slip = near.as_bytes().first() == stem.as_bytes().first() && near.len().abs_diff(stem.len()) <= 1;
    (is_slip && stem.len() > 4).then(|| Misspelt {
        said: format!("{}={word}", line.key),
        meant: format!("{near}.target"),
        place: line.place.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<String> {
        let file = UnitFile::parse(&format!("[Unit]\n{line}\n"), "x.service").unwrap();
        let said = |one: Misspelt| format!("{} {} {}", one.place, one.said, one.meant);
        misspelt(&file, &|name| name == "netwark.target").into_iter().map(said).collect()
    }

    #[test]
    fn slips_of_the_finger() {
        for (line, said) in [
            ("After=netwrok.target", "x.service:2 After=netwrok.target network.target"),
            ("After=network.target mutli-user.target", "x.service:2 After=mutli-user.target multi-user.target"),
            ("Wants=network-onlin.target", "x.service:2 Wants=network-onlin.target network-online.target"),
        ] {
            assert_eq!(found(line), [said]);
        }
        for fine in [
            "After=network.target network-online.target",
            "After=remote-veritysetup.target initrd-fs.target",
            "After=netwark.target shop.target postgresql.service",
            "Description=After netwrok.target",
            "After=shop@netwrok.target",
            "After=",
        ] {
            assert_eq!(found(fine), [""; 0], "{fine}");
        }
    }
}
