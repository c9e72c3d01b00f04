//! What a specification becomes.

use super::*;

fn spec(argv: &[&str]) -> ContainerSpec {
    ContainerSpec {
        image: "debian:12".into(),
        argv: argv.iter().map(|&word| word.to_owned()).collect(),
        ..ContainerSpec::default()
    }
}

#[test]
fn a_plain_container_can_do_nothing_but_compute() {
    let made = body(spec(&["true"]), true);
    assert_eq!((made.entrypoint, made.cmd), (Some(vec!["true".to_owned()]), None));
    assert_eq!((made.user, made.working_dir), (None, None));
    let host = made.host_config.unwrap();
    assert_eq!(host.cap_drop, Some(vec!["ALL".to_owned()]));
    assert_eq!(host.cap_add, None);
    assert_eq!(host.security_opt, Some(vec!["no-new-privileges".to_owned()]));
    assert_eq!(host.network_mode.as_deref(), Some("none"));
    assert_eq!(host.init, Some(true));
    assert_eq!((host.memory, host.pids_limit, host.privileged), (None, None, None));
}

#[test]
fn limits_and_capabilities_are_passed_on() {
    let made = body(
        ContainerSpec {
            package_manager: true,
            network: true,
            memory: 1 << 30,
            pids: 512,
            keep_entrypoint: true,
            user: "nobody".into(),
            env: [("A".to_owned(), "b c".to_owned())].into(),
            ..spec(&["--help"])
        },
        false,
    );
    assert_eq!((made.entrypoint, made.cmd), (None, Some(vec!["--help".to_owned()])));
    assert_eq!(made.user.as_deref(), Some("nobody"));
    assert_eq!(made.env, Some(vec!["A=b c".to_owned()]));
    let host = made.host_config.unwrap();
    assert_eq!((host.memory, host.memory_swap, host.pids_limit), (Some(1 << 30), Some(1 << 30), Some(512)));
    assert_eq!(host.network_mode, None);
    assert_eq!(host.init, None);
    let added = host.cap_add.unwrap();
    assert!(added.iter().any(|c| c == "SETUID") && !added.iter().any(|c| c == "NET_RAW" || c == "SYS_ADMIN"));
}

#[test]
fn an_init_system_is_pid_1_itself() {
    assert!(needs_pid_1(&spec(&["/usr/lib/systemd/systemd"])));
    assert!(needs_pid_1(&spec(&["/sbin/init"])));
    assert!(!needs_pid_1(&spec(&["/bin/sh", "-c", "init"])));
    assert!(needs_pid_1(&ContainerSpec { keep_entrypoint: true, ..spec(&[]) }));
}
