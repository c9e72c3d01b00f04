//! Builds by a real `BuildKit`.

use std::time::{Duration, Instant};

use futures::future::Either;

use super::*;

#[tokio::test]
async fn a_build_tells_its_log_while_it_runs() {
    let Some(live) = LiveEngine::with_buildkit().await else { return };
    let (first, second) = (unique("factory-test:a"), unique("factory-test:b"));
    let out = Kept::default();
    let mut spec = live.build_spec(
        "ARG BASE\nFROM $BASE AS early\nARG WHO=nobody\nCOPY file.txt /\n\
         RUN echo \"hello $WHO\" && printf '\\033[1mwarn\\033[0m\\r\\n' >&2 && sleep 2 && printf 'no end'\n\
         FROM early AS late\nRUN exit 9\n",
        &[&first, &second],
    );
    spec.args.insert("WHO".into(), "wörld".into());
    spec.target = "early".into();
    let begun = Instant::now();
    let build = std::pin::pin!(live.docker.build(spec, &out));
    let seen = std::pin::pin!(async {
        while !out.has("hello wörld") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let id = match futures::future::select(build, seen).await {
        Either::Left((ended, _)) => panic!("it ended before its log was seen: {ended:?}"),
        Either::Right(((), build)) => build.await.unwrap(),
    };
    assert!(begun.elapsed() > Duration::from_secs(2));

    let lines = out.lines();
    assert!(lines.iter().any(|line| line.ends_with(" warn")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.ends_with(" no end")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with('#') && line.contains("] RUN echo")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains(" DONE ")), "{lines:#?}");
    let progress = out.progress.lock().unwrap().clone();
    let last = progress.iter().rfind(|p| !p.bytes).unwrap();
    assert_eq!(Some(last.done), last.total);

    for tag in [&first, &second] {
        let image = live.docker.image(tag).await.unwrap().unwrap();
        assert_eq!(image.id, id);
        assert_eq!(image.labels.get("factory.test").map(String::as_str), Some("1"));
        assert!(live.docker.remove_image(tag).await.unwrap());
    }
}

#[tokio::test]
async fn a_failed_build_names_the_instruction() {
    let Some(live) = LiveEngine::with_buildkit().await else { return };
    let out = Kept::default();
    let error = live.build("ARG BASE\nFROM $BASE\nRUN echo before && exit 7\n", &[], &out).await.unwrap_err();
    let EngineError::Build { reason } = &error else { panic!("{error:?}") };
    assert!(reason.contains("RUN echo before && exit 7: ") && reason.ends_with("exit code: 7"), "{reason}");
    assert!(out.has(" before") && out.has(" ERROR: "), "{:#?}", out.lines());

    let error = live.build("ARG BASE\nFROM $BASE\nRUNN x\n", &[], &Silent).await.unwrap_err();
    let EngineError::Build { reason } = &error else { panic!("{error:?}") };
    assert!(reason.starts_with("dockerfile parse error") && reason.contains("unknown instruction: RUNN"), "{reason}");
}

#[tokio::test]
async fn a_base_in_a_registry_that_is_not_there() {
    let Some(live) = LiveEngine::with_buildkit().await else { return };
    let error = live.build("FROM registry.invalid/base:1\n", &[], &Silent).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::RegistryUnreachable { registry, .. } if registry == "registry.invalid"),
        "{error:?}"
    );
    let error = live.docker.pull("registry.invalid/base:1", None, &Silent).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::RegistryUnreachable { registry, .. } if registry == "registry.invalid"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_build_that_is_dropped_ends_in_the_daemon() {
    let Some(live) = LiveEngine::with_buildkit().await else { return };
    let seconds = format!("{}.25", 4000 + std::process::id());
    let out = Kept::default();
    let dockerfile = format!("ARG BASE\nFROM $BASE\nRUN echo asleep && sleep {seconds}\n");
    let build = live.build(&dockerfile, &[], &out);
    let begun = async {
        while !out.has(" asleep") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        ended = build => panic!("{ended:?}"),
        () = begun => {}
    }
    // Only a daemon of this machine shows its processes.
    let until = Instant::now() + Duration::from_secs(20);
    while is_running(&seconds) {
        assert!(Instant::now() < until, "the build still runs");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Whether a process of this machine has `word` among its arguments.
fn is_running(word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok()).any(|line| {
        line.split(|byte| *byte == 0).any(|argument| argument == word.as_bytes()) && line.starts_with(b"sleep\0")
    })
}
