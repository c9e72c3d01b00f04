//! The targets that systemd brings (systemd.special(7)), the keys that name other units, and names that are nearly those of well-known units.

use super::{UnitFile, UnitName, file::Assignment, known};

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

/// Keys of `[Unit]` of which systemd does not start a unit without the others (systemd.unit(5)).
pub(super) const REQUIRING: [&str; 3] = ["Requires", "Requisite", "BindsTo"];
/// Keys of `[Unit]` that name others, which systemd passes over where they are not there.
pub(super) const WANTING: [&str; 15] = [
    "After",
    "Before",
    "Wants",
    "PartOf",
    "Upholds",
    "Conflicts",
    "OnFailure",
    "OnSuccess",
    "PropagatesReloadTo",
    "ReloadPropagatedFrom",
    "PropagatesStopTo",
    "StopPropagatedFrom",
    "JoinsNamespaceOf",
    "RequiresOverridable",
    "RequisiteOverridable",
];

/// Keys of `[Install]` that name what is to want a unit.
const INSTALLING: [&str; 3] = ["WantedBy", "RequiredBy", "UpheldBy"];

/// Whether a key says what is to want a unit.
#[must_use]
pub fn is_installing(key: &str) -> bool {
    INSTALLING.contains(&key)
}

/// Whether systemd starts a unit with this key only where the other one is.
#[must_use]
pub fn is_requiring(key: &str) -> bool {
    REQUIRING.contains(&key)
}

/// A unit that a unit names, and the well-known one that is probably meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misspelt {
    /// The key.
    pub key: String,
    /// `After=netwrok.target`.
    pub said: String,
    /// `network.target`.
    pub meant: String,
    /// Where it is, with its line.
    pub place: String,
}

/// The units named by a unit that are nearly one of systemd's or of a well-known package. `own` are names of units that are there.
#[must_use]
pub fn misspelt(file: &UnitFile, own: &dyn Fn(&str) -> bool) -> Vec<Misspelt> {
    let of_unit = |key: &str| REQUIRING.contains(&key) || WANTING.contains(&key);
    let is_one = |line: &&Assignment| match line.section.as_str() {
        "Unit" => of_unit(&line.key),
        "Install" => INSTALLING.contains(&line.key.as_str()),
        _ => false,
    };
    let lines = file.assignments().filter(is_one);
    lines.flat_map(|line| line.value.split_whitespace().filter_map(|word| of_word(line, word, own))).collect()
}

fn of_word(line: &Assignment, word: &str, own: &dyn Fn(&str) -> bool) -> Option<Misspelt> {
    let unit = UnitName::new(word).ok().filter(|_| !word.contains(['%', '@']))?;
    if known::brought(&unit).is_some() || own(word) {
        return None;
    }
    // Others have units, too: a slip of the finger leaves the beginning and the length.
    let meant = known::near(word, std::iter::empty())?;
    let near = meant.strip_suffix(unit.kind())?.trim_end_matches('.');
    let stem = unit.stem();
    let is_slip = near.as_bytes().first() == stem.as_bytes().first() && near.len().abs_diff(stem.len()) <= 1;
    (is_slip && stem.len() > 4).then(|| Misspelt {
        key: line.key.clone(),
        said: format!("{}={word}", line.key),
        meant,
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
            ("Requires=postgrsql.service", "x.service:2 Requires=postgrsql.service postgresql.service"),
        ] {
            assert_eq!(found(line), [said]);
        }
        for fine in [
            "After=network.target network-online.target",
            "After=remote-veritysetup.target initrd-fs.target",
            "After=netwark.target shop.target postgresql.service",
            "Description=After netwrok.target",
            "After=shop@netwrok.target",
            "After=postgresql-15.service php8.2-fpm.service mysqld.service",
            "Requires=shop.service till.socket",
            "After=",
        ] {
            assert_eq!(found(fine), [""; 0], "{fine}");
        }
    }
}
