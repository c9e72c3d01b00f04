//! An engine that does not answer: what to do about it depends on where it was asked, and on what came back.

use std::os::unix::fs::FileTypeExt as _;

use super::env;

/// The ways out, the likeliest first. `address` is where it was asked, `reason` what the system said; `denied` says that the socket
/// is there and closed to this user.
pub fn ways_out(address: &str, reason: &str, denied: bool) -> Vec<String> {
    let said = reason.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let mut ways = match address.split_once("://") {
        Some(("unix", path)) => of_socket(path, denied, has(&["refused"])),
        Some(("tcp" | "http" | "https", host)) => of_host(host, &has),
        // What is wrong with another address is in the reason, and how it is done instead.
        _ => Vec::new(),
    };
    if env::get(env::DOCKER_HOST).is_some() {
        ways.push("`DOCKER_HOST` names it: `unset DOCKER_HOST` goes back to the engine of this machine".to_owned());
    } else {
        ways.push("another one is named with `DOCKER_HOST` or `docker context use`".to_owned());
    }
    ways
}

/// A socket of this machine.
fn of_socket(path: &str, denied: bool, refused: bool) -> Vec<String> {
    let usual = path == "/var/run/docker.sock";
    // Connecting to anything else is refused, too.
    let is_other = fs_err::metadata(path).is_ok_and(|meta| !meta.file_type().is_socket());
    let text = match (denied, refused) {
        (false, true) if is_other => format!("`{path}` is no socket: name that of an engine"),
        (true, _) => format!(
            "this user may not open it: `sudo usermod -aG docker $USER` and log in again (`ls -l {path}` says which group may)"
        ),
        (false, true) => format!(
            "the socket is there and nothing listens: start the engine again (`sudo systemctl restart docker`{})",
            if usual { "" } else { ", `systemctl --user restart docker` for a rootless one" }
        ),
        (false, false) if usual => {
            "start it (`sudo systemctl start docker`), or install it (`sudo apt-get install docker.io`)".to_owned()
        }
        (false, false) => format!(
            "start the engine whose socket that is (`systemctl --user start docker` for a rootless one); `ls -l {path}` says whether it is \
             there"
        ),
    };
    vec![text]
}

/// An engine behind a network.
fn of_host(host: &str, has: &impl Fn(&[&str]) -> bool) -> Vec<String> {
    let at = host.rsplit_once(':').map_or(host, |(at, _)| at);
    let text = if has(&["wants tls", "https server"]) {
        return vec![
            "its certificates are `ca.pem`, `cert.pem` and `key.pem` in the folder that `DOCKER_CERT_PATH` names"
                .to_owned(),
        ];
    } else if has(&["certificate", "tls", "handshake", "invalid peer", ".pem", "ssl", "corrupt message"]) {
        format!(
            "with TLS, `DOCKER_CERT_PATH` names a folder with `ca.pem` (of the authority that signed the engine's certificate, which must be \
             for `{at}`), `cert.pem` and `key.pem`; without it, `unset DOCKER_TLS_VERIFY`"
        )
    } else if has(&["refused"]) {
        format!(
            "does an engine listen there? On `{at}`: `systemctl status docker`, `ss -ltn`. 2375 is the usual port, 2376 with TLS; an engine \
             opens neither unless `hosts` in its daemon.json says so"
        )
    } else if has(&["lookup", "resolve", "name or service", "no such host", "dns"]) {
        format!("no machine is called `{at}` here: see how it is written, and `getent hosts {at}`")
    } else if has(&["no answer", "timed out", "unreachable", "no route"]) {
        format!("nothing comes back from `{at}`: see the way to it, and its firewall")
    } else {
        format!("see whether what listens at `{host}` is a Docker engine: `curl http://{host}/_ping`")
    };
    vec![text]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_an_engine_has_its_own_way_out() {
        let usual = "unix:///var/run/docker.sock";
        for (address, reason, denied, says) in [
            (usual, "there is no such socket", false, "`sudo systemctl start docker`), or install"),
            (usual, "Permission denied (os error 13)", true, "usermod -aG docker"),
            (usual, "Connection refused (os error 111)", false, "nothing listens"),
            ("unix:///etc/hostname", "Connection refused (os error 111)", false, "is no socket"),
            ("unix:///run/user/1000/docker.sock", "there is no such socket", false, "systemctl --user start docker"),
            ("tcp://build:2375", "Connection refused (os error 111)", false, "does an engine listen there?"),
            ("tcp://build:2376", "invalid peer certificate: UnknownIssuer", false, "`ca.pem`"),
            (
                "tcp://build:2376",
                "it wants TLS; set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH",
                false,
                "certificates are",
            ),
            (
                "tcp://biuld:2375",
                "failed to lookup address information: Name or service not known",
                false,
                "no machine is called `biuld`",
            ),
            ("tcp://build:2375", "no answer within 5 s", false, "firewall"),
            (
                "tcp://build:80",
                "what answers there is no Docker engine (status 404)",
                false,
                "curl http://build:80/_ping",
            ),
        ] {
            let ways = ways_out(address, reason, denied);
            assert!(ways[0].contains(says), "{address} {reason}: {ways:?}");
            let is_local = address.starts_with("unix");
            assert!(is_local || !ways[0].contains("systemctl start docker"), "{address}: {ways:?}");
        }
        let ssh = ways_out("ssh://build", "ssh:// is not supported; forward the socket with `ssh -nNT …`", false);
        assert_eq!(ssh.len(), 1, "{ssh:?}");
    }
}
