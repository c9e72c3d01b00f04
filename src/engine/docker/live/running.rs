//! Containers that run.

use std::time::Duration;

use super::*;
use crate::engine::ExecSpec;

#[tokio::test]
async fn nothing_is_lost_of_a_container_that_ended_at_once() {
    let Some(live) = LiveEngine::open().await else { return };
    let script = "i=0; while [ $i -lt 3000 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; printf last; exit 7";
    let id = live.docker.create(live.spec(&["sh", "-c", script])).await.unwrap();
    assert_eq!(live.docker.state(&id).await.unwrap(), Some(0));
    live.docker.start(&id).await.unwrap();
    let out = Kept::default();
    assert_eq!(live.docker.wait(&id, &out).await.unwrap(), 7);
    let of = |kind: &str| out.lines().into_iter().filter(|line| line.starts_with(kind)).collect::<Vec<_>>();
    for kind in ["out", "err"] {
        assert_eq!(of(kind), (0..3000).map(|i| format!("{kind} {i}")).collect::<Vec<_>>());
    }
    assert_eq!(of("last"), ["last"]);

    // Asked again, it tells the same again.
    let again = Kept::default();
    assert_eq!(live.docker.wait(&id, &again).await.unwrap(), 7);
    assert_eq!(again.lines().len(), 6001);
    assert_eq!(live.docker.state(&id).await.unwrap(), Some(7));
    assert!(live.docker.remove(&id).await.unwrap());
}

#[tokio::test]
async fn a_line_without_end_is_cut() {
    let Some(live) = LiveEngine::open().await else { return };
    let script = "head -c 100000 /dev/zero | tr '\\0' x; echo; echo after";
    let out = run(&live, live.spec(&["sh", "-c", script])).await;
    let lines = out.lines();
    assert_eq!(lines.len(), 2, "{:?}", lines.iter().map(String::len).collect::<Vec<_>>());
    let (begin, end) = lines[0].split_at(16_000);
    assert!(begin.bytes().all(|byte| byte == b'x') && end.len() < 500 && !end.contains(':'), "{end}");
    assert_eq!(lines[1], "after");
}

#[tokio::test]
async fn a_container_has_no_rights_to_spare() {
    let Some(live) = LiveEngine::open().await else { return };
    let script = "grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; ls /sys/class/net; \
                  test \"$(cat /proc/1/comm)\" != sh && echo has init; cat /proc/self/cgroup | head -c 0; exit 0";
    let argv = ["sh", "-c", script];
    let mut spec = live.spec(&argv);
    spec.pids = 64;
    spec.memory = 256 << 20;
    spec.tmpfs = BTreeMap::from([("/scratch".to_owned(), "size=1m".to_owned())]);
    let plain = run(&live, spec).await;
    assert!(plain.has("CapEff:\t0000000000000000") || plain.has("CapEff: 0000000000000000"), "{:#?}", plain.lines());
    assert!(plain.lines().iter().any(|line| line.starts_with("NoNewPrivs") && line.ends_with('1')));
    assert!(!plain.has("eth0"));

    let spec = ContainerSpec { package_manager: true, ..live.spec(&["sh", "-c", MANAGE]) };
    let managed = run(&live, spec).await;
    assert!(managed.has("all done"), "{:#?}", managed.lines());
}

/// What scripts of packages do.
const MANAGE: &str = "set -e; touch /tmp/f; chown nobody:nogroup /tmp/f; chmod 4755 /tmp/f; \
    adduser --system --quiet --group --no-create-home factory-test 2>&1 || useradd -r factory-test; \
    su factory-test -s /bin/sh -c 'id -un'; mknod /tmp/null c 1 3; chroot / true; \
    setpriv --reuid=nobody --clear-groups sleep 50 & sleep 0.3; kill $!; echo all done";

async fn run(live: &LiveEngine, spec: ContainerSpec) -> Kept {
    let out = Kept::default();
    let id = live.docker.create(spec).await.unwrap();
    live.docker.start(&id).await.unwrap();
    let code = live.docker.wait(&id, &out).await.unwrap();
    assert!(live.docker.remove(&id).await.unwrap());
    assert_eq!(code, 0, "{:#?}", out.lines());
    out
}

#[tokio::test]
async fn commands_run_in_a_container() {
    let Some(live) = LiveEngine::open().await else { return };
    let id = live.idle().await;
    let out = Kept::default();
    let spec = ExecSpec {
        argv: words(&["sh", "-c", "echo \"$GREETING from $(pwd) as $(id -un)\"; printf 'half\\n' >&2; exit 3"]),
        user: "nobody".into(),
        env: [("GREETING".to_owned(), "bonjour à tous".to_owned())].into(),
        workdir: "/var/tmp".into(),
    };
    assert_eq!(live.docker.exec(&id, spec, &out).await.unwrap(), 3);
    assert!(out.has("bonjour à tous from /var/tmp as nobody") && out.lines().contains(&"half".to_owned()));

    let none = ExecSpec { argv: words(&["/no/such/program"]), ..ExecSpec::default() };
    match live.docker.exec(&id, none, &Silent).await {
        Ok(code) => assert!(matches!(code, 126 | 127)),
        Err(error) => assert!(matches!(error, EngineError::Refused { .. }), "{error:?}"),
    }
    let lots = ExecSpec { argv: words(&["seq", "1", "100000"]), ..ExecSpec::default() };
    let out = Kept::default();
    assert_eq!(live.docker.exec(&id, lots, &out).await.unwrap(), 0);
    assert_eq!(out.lines().len(), 100_000);
    assert_eq!(out.lines().last().map(String::as_str), Some("100000"));

    assert_eq!(live.docker.state(&id).await.unwrap(), None);
    assert!(live.docker.containers(&labels()).await.unwrap().iter().any(|c| c.id == id && c.running));
    let begun = std::time::Instant::now();
    live.docker.stop(&id, Duration::from_secs(30)).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20), "SIGTERM did not reach the command");
    assert!(live.docker.state(&id).await.unwrap().is_some());
    // Two at once: both find it gone in the end.
    let (one, two) = tokio::join!(live.docker.remove(&id), live.docker.remove(&id));
    assert!(one.unwrap() | two.unwrap());
    assert!(!live.docker.remove(&id).await.unwrap());
}
