//! Failures in `BuildKit`'s words.

use super::*;

#[test]
fn the_instruction_that_failed_is_named() {
    let failure = Failure {
        name: "[2/3] RUN make".into(),
        error: "executor failed running [/bin/sh -c make]: exit code: 2".into(),
    };
    let message = "executor failed running [/bin/sh -c make]: exit code: 2";
    let EngineError::Build { reason } = failed(message, Some(failure)) else { panic!() };
    assert_eq!(reason, "[2/3] RUN make: exit code: 2");
}

#[test]
fn a_dockerfile_that_cannot_be_read_keeps_only_the_reason() {
    let message = "failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile \
                   parse error line 3: unknown instruction: RUNN";
    let EngineError::Build { reason } = failed(message, None) else { panic!() };
    assert_eq!(reason, "dockerfile parse error line 3: unknown instruction: RUNN");
}

#[test]
fn a_base_that_cannot_be_had_is_the_registrys_matter() {
    let at = |error: &str| {
        let name = "[internal] load metadata for docker.io/library/debian:nope".to_owned();
        failed("failed to solve", Some(Failure { name, error: error.to_owned() }))
    };
    assert!(matches!(
        at("failed to do request: Head \"https://registry-1.docker.io/v2/\": dial tcp: lookup x: no such host"),
        EngineError::RegistryUnreachable { registry, .. } if registry == "docker.io"
    ));
    assert!(matches!(
        at("docker.io/library/debian:nope: not found"),
        EngineError::ImageNotFound { image, .. } if image == "docker.io/library/debian:nope"
    ));
    assert!(matches!(at("no space left on device"), EngineError::Build { .. }));
}

#[test]
fn a_build_that_the_daemon_cancelled_was_lost() {
    assert!(matches!(failed("failed to solve: context canceled", None), EngineError::Lost { .. }));
}

#[test]
fn sessions_do_not_share_a_name() {
    assert_ne!(session_id(), session_id());
    assert_eq!(session_id().len(), 32);
}
