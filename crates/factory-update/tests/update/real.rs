//! End to end: real processes, a real web server, the updater itself.

use serde_json::json;

use crate::world::{Feed, Machine, program, version_in};

#[test]
fn a_machine_goes_to_the_next_version() {
    let mut feed = Feed::new();
    feed.release("2.8.1", &program("2.8.1", ""), json!({}));
    let machine = Machine::new(&feed);
    let few = std::os::unix::fs::PermissionsExt::from_mode(0o750);
    std::fs::set_permissions(machine.path("agent"), few).unwrap();
    let mut before = machine.start();
    let (code, done) = machine.run(&["--check"]);
    assert_eq!((code, &done["result"], &done["newer"]), (0, &json!("available"), &json!("2.8.1")), "{done}");
    assert_eq!(machine.installed(), "2.8.0", "a check changes nothing");
    let (code, done) = machine.run(&["--apply"]);
    assert_eq!((code, done), (0, json!({"result": "updated", "from": "2.8.0", "to": "2.8.1"})), "{}", machine.log());
    before.wait().unwrap();
    assert_eq!((machine.installed().as_str(), version_in(&machine.path("agent_Backup")).as_str()), ("2.8.1", "2.8.0"));
    assert_eq!(machine.processes().len(), 1);
    let mode = |name: &str| {
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(machine.path(name)).unwrap().permissions())
    };
    assert_eq!((mode("agent") & 0o7777, mode("agent_Backup") & 0o7777), (0o750, 0o750));
    assert_eq!(std::fs::read_to_string(machine.path("running")).unwrap().trim(), "2.8.1");
    // The settings still say 2.8.0: they lower nothing.
    let (_, done) = machine.run(&["--apply"]);
    assert_eq!(done, json!({"result": "current", "version": "2.8.1", "left": []}));
    let (_, status) = machine.run(&["--status"]);
    assert_eq!((&status["version"], &status["unfinished"]), (&json!("2.8.1"), &json!(null)));
}

#[test]
fn a_version_that_is_not_well_goes_back_and_is_not_tried_again() {
    for (kind, bad) in [
        ("it ends", program("2.8.2", "exit 1")),
        ("it says another version", program("2.8.1", "")),
        ("it does not start", b"#!/no/such/interpreter\necho agent 2.8.2;".to_vec()),
    ] {
        let mut feed = Feed::new();
        feed.release("2.8.2", &bad, json!({}));
        let machine = Machine::new(&feed);
        let mut before = machine.start();
        let (code, done) = machine.run(&["--apply"]);
        before.wait().unwrap();
        assert_eq!(
            (code, &done["result"], &done["to"]),
            (3, &json!("rolled_back"), &json!("2.8.0")),
            "{kind}: {done}\n{}",
            machine.log()
        );
        assert_eq!((machine.installed().as_str(), machine.processes().len()), ("2.8.0", 1), "{kind}");
        let (code, done) = machine.run(&["--apply"]);
        assert_eq!((code, &done["result"]), (0, &json!("current")), "{kind}");
        assert_eq!(done["left"][0]["why"], "it failed on this machine before");
        feed.release("2.8.3", &program("2.8.3", ""), json!({}));
        assert_eq!(machine.run(&["--apply"]).1["to"], "2.8.3", "{kind}: the next one is another one");
    }
}

#[test]
fn a_program_is_found_by_its_pid_file_where_nothing_else_tells() {
    let mut feed = Feed::new();
    feed.release("2.8.1", &program("2.8.1", ""), json!({}));
    let machine = Machine::new(&feed);
    let (mut noted, mut other) = (machine.start_by("bash"), machine.start_by("bash"));
    std::fs::write(machine.path("agent.pid"), noted.id().to_string()).unwrap();
    assert_eq!(machine.run(&["--apply"]).1["to"], "2.8.1", "{}", machine.log());
    noted.wait().unwrap();
    assert!(other.try_wait().unwrap().is_none(), "nobody said that this is the program");
    other.kill().unwrap();
    other.wait().unwrap();
    // A number that belongs to something else by now is not ended.
    let mut stranger = std::process::Command::new("sleep").arg("100").spawn().unwrap();
    std::fs::write(machine.path("agent.pid"), stranger.id().to_string()).unwrap();
    assert_eq!(machine.run(&["--rollback"]).1["to"], "2.8.0", "{}", machine.log());
    assert!(stranger.try_wait().unwrap().is_none());
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn a_unit_of_systemd_is_stopped_and_started_by_it() {
    let mut feed = Feed::new();
    feed.release("2.8.1", &program("2.8.1", ""), json!({}));
    let mut machine = Machine::new(&feed);
    // A systemctl that notes what it is asked, and starts what the unit names.
    let systemctl = "#!/bin/sh\ncd \"$(dirname \"$0\")/..\"\necho \"$@\" >> asked\ncase $1 in\n\
         start) ./agent > /dev/null 2>&1 & echo $! > unit;;\n\
         stop) kill \"$(cat unit)\"; rm unit;;\n\
         is-active) [ -f unit ] && kill -0 \"$(cat unit)\" 2> /dev/null;;\nesac\n";
    let bin = machine.path("bin");
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("systemctl"), systemctl).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join("systemctl"), mode).unwrap();
    let systemctl = |word: &str| {
        let status = std::process::Command::new(bin.join("systemctl")).args([word, "agent.service"]).status();
        assert!(status.unwrap().success(), "{word}");
    };
    machine.settings["update"]["manager"] = json!({"systemd": "agent.service"});
    systemctl("start");
    let mut updater = machine.updater(&["--apply"]);
    let output = updater.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).output().unwrap();
    assert!(output.status.success(), "{}", machine.log());
    assert_eq!(machine.installed(), "2.8.1");
    let asked = std::fs::read_to_string(machine.path("asked")).unwrap();
    let changes: Vec<&str> = asked.lines().filter(|line| !line.starts_with("is-active")).collect();
    assert_eq!(changes, ["start agent.service", "stop agent.service", "start agent.service"]);
    systemctl("stop");
}

#[test]
fn somebody_goes_back_and_stays_there() {
    let mut feed = Feed::new();
    feed.release("2.8.1", &program("2.8.1", ""), json!({}));
    let machine = Machine::new(&feed);
    assert_eq!(machine.run(&["--rollback"]), (1, json!({"result": "no_backup"})));
    machine.run(&["--apply"]);
    let (code, done) = machine.run(&["--rollback"]);
    assert_eq!((code, &done["from"], &done["to"]), (0, &json!("2.8.1"), &json!("2.8.0")), "{done}\n{}", machine.log());
    assert_eq!((machine.installed().as_str(), machine.processes().len()), ("2.8.0", 1));
    assert_eq!(machine.run(&["--apply"]).1["result"], "current");
}

#[test]
fn channels_majors_and_withdrawals_are_as_the_feed_says() {
    let mut feed = Feed::new();
    feed.release("3.0.0", &program("3.0.0", ""), json!({}));
    feed.release("2.9.0-beta.1", &program("2.9.0-beta.1", ""), json!({"channels": ["beta"]}));
    feed.release("2.8.9", &program("2.8.9", ""), json!({"withdrawn": true}));
    feed.release("2.8.1", &program("2.8.1", ""), json!({"channels": ["stable", "beta"]}));
    let machine = Machine::new(&feed);
    let newer = |args: &[&str]| machine.run(&[&["--dry-run"], args].concat()).1["newer"].clone();
    assert_eq!(newer(&[]), "2.8.1", "3.0.0 waits");
    assert_eq!(newer(&["--channel", "beta"]), "2.9.0-beta.1");
    assert_eq!(newer(&["--allow-major"]), "3.0.0");
    assert_eq!(machine.run(&["--apply"]).1["to"], "2.8.1");
}

#[test]
fn a_machine_two_roots_behind_follows() {
    let mut feed = Feed::new();
    feed.release("2.8.1", &program("2.8.1", ""), json!({}));
    let machine = Machine::new(&feed);
    machine.run(&["--check"]);
    feed.change_keys_twice();
    let (code, done) = machine.run(&["--apply"]);
    assert_eq!((code, &done["to"]), (0, &json!("2.8.1")), "{done}");
}

#[test]
fn an_unchanged_check_costs_two_kibibytes_at_most() {
    let mut feed = Feed::new();
    for patch in 0..50 {
        feed.release(&format!("2.7.{patch}"), &program("2.7", ""), json!({}));
    }
    let machine = Machine::new(&feed);
    machine.run(&["--check"]);
    feed.server.lock().unwrap().given = 0;
    assert_eq!(machine.run(&["--check"]).1["result"], "current");
    let given = feed.server.lock().unwrap().given;
    assert!((1..=2048).contains(&given), "{given} bytes");
}

#[test]
fn a_download_goes_on_where_it_was_cut() {
    let mut feed = Feed::new();
    let mut new = program("2.8.1", "");
    new.extend(vec![b'#'; 300_000]);
    let place = feed.release("2.8.1", &new, json!({}));
    feed.server.lock().unwrap().cut.insert(place.clone(), 100_000);
    let machine = Machine::new(&feed);
    let (code, why) = machine.run(&["--apply"]);
    assert_eq!((code, machine.installed().as_str()), (1, "2.8.0"), "{why}");
    let (code, done) = machine.run(&["--apply"]);
    assert_eq!((code, &done["to"]), (0, &json!("2.8.1")), "{done}");
    let asked: Vec<u64> =
        feed.server.lock().unwrap().asked.iter().filter(|(path, _)| *path == place).map(|(_, from)| *from).collect();
    assert!(asked.len() == 2 && asked[0] == 0 && (1..=100_000).contains(&asked[1]), "{asked:?}");
}

#[test]
fn an_updater_that_is_killed_at_any_time_leaves_a_program_and_the_next_one_finishes() {
    #[expect(clippy::disallowed_methods, reason = "tests are told in variables")]
    let kills: u64 = std::env::var("FACTORY_UPDATE_KILLS").ok().map_or(12, |text| text.parse().unwrap());
    let mut feed = Feed::new();
    feed.release("2.8.1", &program("2.8.1", ""), json!({}));
    let mut machine = Machine::new(&feed);
    machine.settings["update"]["health_seconds"] = json!(0);
    let mut finished = 0;
    for kill in 0..kills {
        let _ = std::fs::remove_dir_all(machine.path(".update"));
        machine.install(&program("2.8.0", ""));
        let mut updater = machine.updater(&["--apply"]).stderr(std::process::Stdio::null()).spawn().unwrap();
        // Spread over the time that an update takes.
        std::thread::sleep(std::time::Duration::from_millis(5 + kill * 37 % 600));
        let _ = updater.kill();
        updater.wait().unwrap();
        let there = machine.installed();
        assert!(["2.8.0", "2.8.1"].contains(&there.as_str()), "kill {kill}: {there}");
        let (code, done) = machine.run(&["--apply"]);
        assert_eq!((code, machine.installed().as_str()), (0, "2.8.1"), "kill {kill}: {done}\n{}", machine.log());
        assert_eq!(machine.processes().len(), 1, "kill {kill}");
        finished += 1;
    }
    assert_eq!(finished, kills);
}

#[test]
fn the_updater_updates_itself() {
    let mut feed = Feed::new();
    feed.release("2.8.1", &program("2.8.1", ""), json!({}));
    feed.release_of("factory-update", "0.9.9", b"#!/bin/sh\necho factory-update 0.9.8\n", json!({}));
    let machine = Machine::new(&feed);
    let own = machine.path("updater");
    std::fs::copy(env!("CARGO_BIN_EXE_factory-update"), &own).unwrap();
    let original = std::fs::read(&own).unwrap();
    let apply = || {
        let shown = machine.updater(&["--apply"]);
        std::process::Command::new(&own).args(shown.get_args()).output().unwrap()
    };
    let output = apply();
    assert!(output.status.success(), "{}", machine.log());
    assert_eq!(machine.installed(), "2.8.1", "an updater that is none is no reason to leave the program");
    assert!(machine.log().contains("the updater's version 0.9.9 is not taken"), "{}", machine.log());
    assert_eq!(std::fs::read(&own).unwrap(), original);
    let lines = machine.log().lines().count();
    apply();
    assert_eq!(machine.log().lines().count(), lines, "and it is not tried again: {}", machine.log());
    let next = b"#!/bin/sh\necho factory-update 0.9.10\n";
    feed.release_of("factory-update", "0.9.10", next, json!({}));
    apply();
    assert_eq!(std::fs::read(&own).unwrap(), next, "{}", machine.log());
    assert_eq!(std::fs::read(machine.path("updater_Backup")).unwrap(), original);
}
