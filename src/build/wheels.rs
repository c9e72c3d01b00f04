//! Wheels: pip in a container of the builder image, as the caller's user; what it made becomes a wheelhouse.

mod complaint;

use std::collections::BTreeSet;

use super::{
    Lines, Session, StepError,
    context::TarFile,
    records::{blocking, wheels_record},
    run::Product,
};
use crate::{
    engine::{ContainerId, ContainerSpec},
    plan::{Step, WheelsWork},
    source::{
        requirements,
        wheelhouse::{Wheelhouse, normalise},
    },
    util::files::Guarded,
};

/// Where everything of the build is in the container. A folder of our own: nothing there can be the distro's.
const ROOT: &str = "/factory";

/// Runs the step.
pub async fn run(work: &WheelsWork, step: &Step, session: &Session, lines: &Lines) -> Result<Product, StepError> {
    let container = session.create(&step.id, spec(work, session)).await?;
    let made = build(work, step, session, lines, &container).await;
    session.discard(&container).await;
    let record = wheels_record(step, &made?, 0);
    Ok(Product { output: record.output, note: record.note, size: record.size, ..Product::default() })
}

fn spec(work: &WheelsWork, session: &Session) -> ContainerSpec {
    let mut env = session.proxies.clone();
    let mut set = |name: &str, value: String| {
        env.insert(name.to_owned(), value);
    };
    set("HOME", format!("{ROOT}/home"));
    set("PIP_CONFIG_FILE", format!("{ROOT}/pip.conf"));
    set("SOURCE_DATE_EPOCH", crate::util::clock::FLOOR.to_string());
    // Distros put `-g` into Python's own flags: nobody debugs from a wheel, and packages are shipped stripped (Debian
    // policy 10.1). Appended to Python's flags by setuptools, never instead of them.
    set("CFLAGS", "-g0".to_owned());
    set("CXXFLAGS", "-g0".to_owned());
    set("LDFLAGS", "-Wl,--strip-all".to_owned());
    if session.ca.is_some() {
        // pip reads PIP_CERT in any version; a build back end that fetches something itself reads one of the others.
        for name in ["PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"] {
            set(name, format!("{ROOT}/ca.pem"));
        }
    }
    ContainerSpec {
        image: work.builder.clone(),
        argv: command(work),
        user: format!("{}:{}", session.user.0, session.user.1),
        env,
        workdir: format!("{ROOT}/home"),
        network: true,
        pids: 4096,
        ..ContainerSpec::default()
    }
}

/// pip's command line. Arguments come from checked names and stay arguments: no shell reads them.
fn command(work: &WheelsWork) -> Vec<String> {
    let mut argv: Vec<String> = [
        &work.python.interpreter,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-cache-dir",
        "--no-input",
        "wheel",
        "--progress-bar",
        "off",
        "--wheel-dir",
        &format!("{ROOT}/wheels"),
        "--requirement",
        &format!("{ROOT}/in/{}", work.requirements_name),
    ]
    .map(str::to_owned)
    .into();
    for constraint in &work.constraints {
        argv.extend(["--constraint".to_owned(), format!("{ROOT}/in/{}", constraint.display())]);
    }
    if !work.no_binary.is_empty() {
        argv.extend(["--no-binary".to_owned(), work.no_binary.join(",")]);
    }
    argv
}

async fn build(
    work: &WheelsWork,
    step: &Step,
    session: &Session,
    lines: &Lines,
    container: &ContainerId,
) -> Result<Wheelhouse, StepError> {
    session.engine.upload(container, "/", inputs(work, session)?).await?;
    session.engine.start(container).await?;
    let code = session.engine.wait(container, lines).await?;
    if code != 0 {
        return Err(complaint::explain(work, session, code, &lines.tail()));
    }
    receive(work, step, session, lines, container).await
}

/// What goes into the container: requirements, pip's settings, certificates, and two folders of the caller's.
fn inputs(work: &WheelsWork, session: &Session) -> Result<std::fs::File, StepError> {
    let owner = u64::from(session.user.0);
    let root = ROOT.trim_start_matches('/');
    let mut tar = TarFile::new(session.epoch)?;
    tar.folder(root, 0o755, 0)?;
    tar.folder(&format!("{root}/home"), 0o755, owner)?;
    tar.folder(&format!("{root}/wheels"), 0o755, owner)?;
    tar.bytes(&format!("{root}/pip.conf"), pip_conf(work, session).as_bytes(), 0o600, owner)?;
    if let Some(ca) = &session.ca {
        tar.bytes(&format!("{root}/ca.pem"), ca, 0o644, 0)?;
    }
    let first: Vec<_> = std::iter::once(&work.requirements).chain(&work.constraints).cloned().collect();
    for (path, text) in requirements::closure(&session.project, &first)? {
        tar.bytes(&format!("{root}/in/{}", path.display()), text.as_bytes(), 0o644, 0)?;
    }
    tar.finish()
}

/// pip's configuration file. Index addresses may hold credentials: a file that only the build's user can read, in a
/// container that is removed, is where pip itself wants them.
fn pip_conf(work: &WheelsWork, session: &Session) -> String {
    let one_line = |text: &str| text.replace(['\n', '\r'], " ");
    let mut conf = "[global]\n".to_owned();
    let index = session.pip.get("PIP_INDEX_URL").or(work.index_url.as_ref());
    if let Some(index) = index {
        conf.push_str(&format!("index-url = {}\n", one_line(index)));
    }
    let extra = match session.pip.get("PIP_EXTRA_INDEX_URL") {
        Some(extra) => one_line(extra),
        None => work.extra_index_urls.join("\n    "),
    };
    if !extra.is_empty() {
        conf.push_str(&format!("extra-index-url =\n    {extra}\n"));
    }
    conf
}

async fn receive(
    work: &WheelsWork,
    step: &Step,
    session: &Session,
    lines: &Lines,
    container: &ContainerId,
) -> Result<Wheelhouse, StepError> {
    let stream = session
        .engine
        .download(container, &format!("{ROOT}/wheels"))
        .await?
        .ok_or_else(|| StepError::Internal(format!("{ROOT}/wheels is missing in the builder's container")))?;
    let compiled: BTreeSet<String> = lines.tail().iter().filter_map(|line| created(line)).collect();
    let (wheel_dir, platform) = (session.wheel_dir.clone(), step.platform.to_string());
    let (key, inputs, cancel) = (work.key.clone(), step.inputs.clone(), session.cancel.clone());
    let python = work.python.clone();
    let wanted: BTreeSet<String> = work.no_binary.iter().map(|name| normalise(name)).collect();
    let reader = crate::build::package::blocking_reader(stream);
    blocking(move || {
        let judge = |wheel: &crate::source::wheelhouse::WheelName| {
            if wheel.fits(&python.version, &python.abi) {
                Ok(compiled.contains(&wheel.distribution()) || wanted.contains(&wheel.distribution()))
            } else {
                Err("which the platform's interpreter does not take: does `[python]` of the platform say its version?")
            }
        };
        Ok(Wheelhouse::receive(&wheel_dir, &platform, &key, &inputs, &mut Guarded::new(reader, cancel), &judge)?)
    })
    .await
}

/// The distribution that pip says it built a wheel of: `Created wheel for psutil: filename=…`.
fn created(line: &str) -> Option<String> {
    let name = line.trim().strip_prefix("Created wheel for ")?.split(':').next()?;
    Some(normalise(name))
}
