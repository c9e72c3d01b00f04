//! What every container that runs pip has: its folders, its settings, its certificates.

use crate::{
    engine::ContainerSpec,
    execute::{Session, StepError, context::TarFile},
    work::wheels::Index,
};

/// Where everything of the build is in the container. A folder of our own: nothing there can be the distro's.
pub const ROOT: &str = "/factory";

/// What the environment says to builds: it is part of what a built wheel is known by.
///
/// Distros put `-g` into Python's own flags: wheels are not debugged, and packages are shipped stripped (Debian policy
/// 10.1). Appended to Python's flags by setuptools, never instead of them. The time is the oldest that a zip can hold.
pub const SETTINGS: [(&str, &str); 4] =
    [("CFLAGS", "-g0"), ("CXXFLAGS", "-g0"), ("LDFLAGS", "-Wl,--strip-all"), ("SOURCE_DATE_EPOCH", "315532800")];

/// A container of the builder image that runs a command as the caller.
pub fn spec(builder: &str, argv: Vec<String>, session: &Session) -> ContainerSpec {
    let mut env = session.network.proxies.clone();
    let mut set = |name: &str, value: String| {
        env.insert(name.to_owned(), value);
    };
    set("HOME", format!("{ROOT}/home"));
    set("PIP_CONFIG_FILE", format!("{ROOT}/pip.conf"));
    for (name, value) in SETTINGS {
        set(name, value.to_owned());
    }
    if session.network.ca.is_some() {
        // pip reads PIP_CERT in any version; a build back end that fetches something itself reads one of the others.
        for name in ["PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"] {
            set(name, format!("{ROOT}/ca.pem"));
        }
    }
    ContainerSpec {
        image: builder.to_owned(),
        argv,
        user: format!("{}:{}", session.ids.user.0, session.ids.user.1),
        env,
        workdir: format!("{ROOT}/home"),
        network: true,
        pids: 4096,
        ..ContainerSpec::default()
    }
}

/// What goes into the container in any case: pip's settings, certificates, and folders of the caller's.
pub fn inputs(index: &Index, session: &Session) -> Result<TarFile, StepError> {
    let owner = u64::from(session.ids.user.0);
    let root = ROOT.trim_start_matches('/');
    let mut tar = TarFile::new(session.options.epoch)?;
    tar.folder(root, 0o755, 0)?;
    tar.folder(&format!("{root}/home"), 0o755, owner)?;
    tar.folder(&format!("{root}/wheels"), 0o755, owner)?;
    tar.folder(&format!("{root}/files"), 0o755, owner)?;
    tar.bytes(&format!("{root}/pip.conf"), pip_conf(index, session).as_bytes(), 0o600, owner)?;
    if let Some(ca) = &session.network.ca {
        tar.bytes(&format!("{root}/ca.pem"), ca, 0o644, 0)?;
    }
    Ok(tar)
}

/// pip's configuration file. Index addresses may hold credentials: a file that only the build's user can read, in a
/// container that is removed, is where pip itself wants them.
fn pip_conf(index: &Index, session: &Session) -> String {
    let one_line = |text: &str| text.replace(['\n', '\r'], " ");
    let mut conf = "[global]\n".to_owned();
    if let Some(url) = session.network.pip.get("PIP_INDEX_URL").or(index.url.as_ref()) {
        conf.push_str(&format!("index-url = {}\n", one_line(url)));
    }
    let extra = match session.network.pip.get("PIP_EXTRA_INDEX_URL") {
        Some(extra) => one_line(extra),
        None => index.extra_urls.join("\n    "),
    };
    if !extra.is_empty() {
        conf.push_str(&format!("extra-index-url =\n    {extra}\n"));
    }
    conf
}
