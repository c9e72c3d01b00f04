//! Owners of a package's files whose name is nearly that of a user whom the recipe makes: said before anything is made, because only the base
//! image knows whether it has an account of that name, too.

use crate::{
    names::Account,
    plan::maker::Maker,
    util::toml::{Issue, Span, nearest, quoted},
    work::package::recipe::Package,
};

/// Accounts that distributions bring by themselves or with well-known packages: a name that is near one of these is not mistyped.
const KNOWN: &str = "\
    root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats nobody nogroup adm tty disk fax voice cdrom \
    floppy tape sudo audio dip operator src shadow utmp video sasl plugdev staff users halt shutdown ftp wheel mem kmem dialout lock \
    input render sgx kvm systemd-journal systemd-network systemd-resolve systemd-timesync dbus messagebus sshd polkitd tss chrony apache \
    nginx mysql postgres redis rabbitmq mongodb memcached haproxy named bind ntp postfix rpc rpcuser ssl-cert";

impl Maker<'_> {
    /// Those of a package, each at its owner.
    pub(super) fn odd_owners(&self, package: &Package) -> Vec<Issue> {
        let recipe = self.recipe;
        let packages = recipe.packages.iter().flat_map(|package| &package.users);
        let users = packages.chain(recipe.images.iter().flat_map(|image| &image.users));
        let declared: Vec<&str> = users.map(|user| user.name.as_str()).collect();
        let infos = package.contents.iter().map(|content| &content.info);
        let named =
            infos.flat_map(|info| [(&info.owner, &info.owner_at, "user"), (&info.group, &info.group_at, "group")]);
        let named = named.filter_map(|(name, at, kind)| Some((name.as_ref()?, at, kind)));
        let mut found: Vec<Issue> = Vec::new();
        for (name, at, kind) in named {
            found.extend(odd(name, &declared).map(|near| issue((name, kind), at, near, package)));
        }
        found
    }
}

/// The declared user that is meant by an owner, where it is none itself.
fn odd<'d>(name: &Account, declared: &[&'d str]) -> Option<&'d str> {
    let is_usual = name.is_root() || name.is_number() || KNOWN.split(' ').any(|known| known == name.as_str());
    let is_declared = declared.contains(&name.as_str());
    if is_usual || is_declared { None } else { nearest(name.as_str(), declared.iter().copied()) }
}

fn issue((name, kind): (&Account, &str), at: &Span, near: &str, package: &Package) -> Issue {
    let (name, near) = (quoted(name.as_str()), quoted(near));
    let (of, beside) = (&package.name, "an account of the base image may own files, too");
    let message = format!(
        "files of {of} belong to the {kind} {name}, whom the recipe does not make, did you mean {near}? ({beside})"
    );
    Issue::new(at, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_nearly_declared() {
        let declared = ["isso", "shop", "mail1"];
        let near = |name: &str| odd(&Account::new(name).unwrap(), &declared);
        assert_eq!(near("isoo"), Some("isso"));
        assert_eq!(near("shpo"), Some("shop"));
        for name in ["isso", "root", "0", "mail", "www-data", "postgres", "entirely-else"] {
            assert_eq!(near(name), None, "{name}");
        }
    }
}
