//! [`Insecure`]: registries that the daemon also speaks to without TLS.

use std::net::IpAddr;

/// `insecure-registries` of the daemon: hosts with their ports, and networks (`127.0.0.0/8`, RFC 4632).
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Insecure(pub Vec<String>);

impl Insecure {
    /// Whether a registry, host and port, is one of them. Loopback always is. Only addresses are looked up in networks, not names.
    #[must_use]
    pub fn has(&self, registry: &str) -> bool {
        let host = match registry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, _)) => address,
            None => registry.rsplit_once(':').map_or(registry, |(host, _)| host),
        };
        let address: Option<IpAddr> = host.parse().ok();
        let loopback = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        loopback
            || self.0.iter().any(|entry| entry == registry || entry == host)
            || address.is_some_and(|address| self.0.iter().any(|entry| is_in(address, entry)))
    }
}

/// Whether an address is in a network.
fn is_in(address: IpAddr, network: &str) -> bool {
    let Some((base, bits)) = network.split_once('/') else { return false };
    let (Ok(base), Ok(bits)) = (base.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    let (whole, address, base) = match (address, base) {
        (IpAddr::V4(address), IpAddr::V4(base)) => (32, u128::from(address.to_bits()), u128::from(base.to_bits())),
        (IpAddr::V6(address), IpAddr::V6(base)) => (128, address.to_bits(), base.to_bits()),
        _ => return false,
    };
    bits <= whole && (address ^ base).checked_shr(whole - bits).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hosts_and_this_machine() {
        let insecure =
            Insecure(["10.1.0.0/16", "fd00::/8", "r.lan:5000", "0.0.0.0/33", "x/8"].map(str::to_owned).into());
        for yes in
            ["10.1.2.3:5000", "10.1.255.255", "[fd12::1]:5000", "r.lan:5000", "localhost:5000", "127.1.2.3", "[::1]:5"]
        {
            assert!(insecure.has(yes), "{yes}");
        }
        for no in ["10.2.0.1:5000", "r.lan", "r.lan:5001", "registry.example.org", "[fe80::1]:5000", "192.0.2.1"] {
            assert!(!insecure.has(no), "{no}");
        }
        assert!(Insecure(vec!["0.0.0.0/0".into()]).has("192.0.2.1"));
    }
}
