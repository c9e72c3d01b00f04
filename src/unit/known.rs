//! Units that systemd and distributions bring: what a unit names of them need not be in its package. Of a distribution's service, the name
//! without its version counts: `postgresql-15` and `php8.2-fpm` are known as `postgresql` and `php-fpm`.

use super::{UnitName, targets};
use crate::util::toml::nearest;

/// Services, sockets and timers of systemd itself beside those that begin with `systemd-` (systemd.special(7), and its folder of units).
const OF_SYSTEMD: &str = "\
    autovt@.service console-getty.service container-getty@.service dbus-broker.service dbus.service dbus.socket debug-shell.service \
    display-manager.service emergency.service getty@.service initrd-cleanup.service initrd-parse-etc.service \
    initrd-switch-root.service initrd-udevadm-cleanup-db.service kmod-static-nodes.service ldconfig.service modprobe@.service \
    polkit.service procps.service quotaon.service rc-local.service rescue.service serial-getty@.service syslog.service syslog.socket \
    udev.service user-runtime-dir@.service user@.service";

/// Services of well-known packages, and those that install a machine, without `.service`, versions and instances.
const OF_DISTRIBUTIONS: &str = "\
    NetworkManager NetworkManager-dispatcher NetworkManager-wait-online acpid activemq apache apparmor apt-daily apt-daily-upgrade atd \
    auditd autofs avahi-daemon bind bluetooth caddy cassandra chrony chrony-wait chronyd chronyd-wait clamav-daemon \
    clamav-freshclam cloud-config cloud-final cloud-init cloud-init-local clickhouse-server cockpit connman consul containerd \
    coturn couchdb cron crond cups dnsmasq docker dovecot elasticsearch etcd exim fail2ban firewalld freeradius gdm gitlab-runner \
    gpm grafana-server gunicorn haproxy haveged hostapd httpd icinga ifup@ influxdb ip6tables ipset iptables iscsid jenkins kafka \
    kea-dhcp keepalived keydb kibana knot kubelet ldap libvirtd lightdm logstash lvm-monitor mariadb mariadbd memcached minio \
    ModemManager mongod mongodb monit mosquitto munin-node mysql mysqld named nats-server netplan network networking nfs-mountd \
    nfs-server nftables nginx nmb nmbd nscd nslcd ntp ntpd ntpdate ntpsec open-iscsi opendkim opensearch openvpn openvpn-server \
    pcscd pgbouncer php-fpm podman polkit postfix postgresql powerdns pdns pdns-recursor prometheus prometheus-node-exporter proxysql \
    pulseaudio rabbitmq-server redis redis-sentinel redis-server resolvconf rng-tools rngd rpc-statd rpcbind rsyncd rsync rsyslog \
    salt-master salt-minion samba sendmail slapd slurmctld smartd smb smbd snapd snmpd solr spamassassin spamd squid ssh sshd sssd \
    strongswan supervisor supervisord suricata syslog-ng telegraf tftpd-hpa tinyproxy tomcat tor traefik tuned udisks ufw unattended-upgrades \
    unbound unit uwsgi valkey valkey-server varnish vault vector vsftpd wg-quick winbind wicked wpa_supplicant xinetd ypbind zabbix-agent \
    zabbix-server zookeeper";

/// Sockets and timers of well-known packages, without versions and instances.
const OTHERS_OF_DISTRIBUTIONS: &str = "\
    avahi-daemon.socket containerd.socket cups.socket docker.socket libvirtd.socket pcscd.socket podman.socket rpcbind.socket \
    snapd.socket ssh.socket sshd.socket apt-daily.timer apt-daily-upgrade.timer certbot.timer dnf-automatic.timer dpkg-db-backup.timer \
    fstrim.timer logrotate.timer man-db.timer";

/// Who brings a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brought {
    /// systemd, on every machine; or a file that the machine itself writes (`/etc/fstab`).
    BySystemd,
    /// A well-known package of a distribution, where it is installed.
    ByDistribution,
}

/// Who brings a unit of this name, where that is known.
#[must_use]
pub fn brought(unit: &UnitName) -> Option<Brought> {
    let name = unit.template().unwrap_or_else(|| unit.clone());
    let is_systemds = match unit.kind() {
        "target" => targets().any(|known| known == unit.stem()),
        "mount" | "automount" | "swap" | "slice" => true,
        _ => unit.as_str().starts_with("systemd-") || OF_SYSTEMD.split_whitespace().any(|known| known == name.as_str()),
    };
    if is_systemds {
        return Some(Brought::BySystemd);
    }
    let (stem, kind) = (plain(unit.prefix()), unit.kind());
    let is_known = match kind {
        "service" => OF_DISTRIBUTIONS.split_whitespace().any(|known| plain(known) == stem),
        _ => OTHERS_OF_DISTRIBUTIONS.split_whitespace().any(|known| known == format!("{stem}.{kind}")),
    };
    is_known.then_some(Brought::ByDistribution)
}

/// The name of a unit without numbers, dots and what joins them to it: those of versions.
fn plain(stem: &str) -> String {
    let letters: String = stem.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect();
    letters.trim_end_matches(['-', '@', '_']).to_owned()
}

/// All that are known, by their whole names.
pub fn all() -> impl Iterator<Item = String> {
    let targets = targets().map(|stem| format!("{stem}.target"));
    let services = OF_DISTRIBUTIONS.split_whitespace().map(|stem| format!("{stem}.service"));
    let whole = OF_SYSTEMD.split_whitespace().chain(OTHERS_OF_DISTRIBUTIONS.split_whitespace()).map(str::to_owned);
    targets.chain(services).chain(whole).filter(|name| !name.contains('@'))
}

/// The known unit or one of these `own` that a name is near to.
#[must_use]
pub fn near<'n>(name: &str, own: impl Iterator<Item = &'n str>) -> Option<String> {
    let (stem, kind) = name.rsplit_once('.')?;
    let all: Vec<String> = own.map(str::to_owned).chain(all()).collect();
    let end = format!(".{kind}");
    let stems = all.iter().filter_map(|other| other.strip_suffix(&end));
    nearest(stem, stems.filter(|other| *other != stem)).map(|near| format!("{near}{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_brings_a_unit() {
        for (name, by) in [
            ("network-online.target", Some(Brought::BySystemd)),
            ("systemd-resolved.service", Some(Brought::BySystemd)),
            ("getty@tty1.service", Some(Brought::BySystemd)),
            ("mnt-data.mount", Some(Brought::BySystemd)),
            ("postgresql.service", Some(Brought::ByDistribution)),
            ("postgresql-15.service", Some(Brought::ByDistribution)),
            ("postgresql@15-main.service", Some(Brought::ByDistribution)),
            ("php8.2-fpm.service", Some(Brought::ByDistribution)),
            ("apache2.service", Some(Brought::ByDistribution)),
            ("docker.socket", Some(Brought::ByDistribution)),
            ("postgrsql.service", None),
            ("docker.timer", None),
            ("shop.target", None),
        ] {
            assert_eq!(brought(&UnitName::new(name).unwrap()), by, "{name}");
        }
        for name in all() {
            assert!(UnitName::new(&name).is_ok_and(|unit| brought(&unit).is_some()), "{name}");
        }
    }

    #[test]
    fn names_that_are_meant() {
        assert_eq!(near("postgrsql.service", [].into_iter()).as_deref(), Some("postgresql.service"));
        assert_eq!(near("helo.timer", ["hello.timer", "help.service"].into_iter()).as_deref(), Some("hello.timer"));
        assert_eq!(near("entirely-else.service", [].into_iter()), None);
    }
}
