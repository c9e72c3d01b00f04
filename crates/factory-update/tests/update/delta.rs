//! What has changed comes instead of the whole file, where the feed has it, it fits, and it gives what was signed.

use serde_json::json;

use crate::world::{Feed, Machine, program};

/// Numbers without an order, the same each time.
fn numbers(count: usize) -> impl Iterator<Item = u64> {
    let step =
        |state: &u64| Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    std::iter::successors(Some(1), step).take(count)
}

/// Lines of which zstd makes half at most.
fn ballast() -> String {
    let lines: Vec<String> = numbers(4000).map(|number| format!("# {number:016x}")).collect();
    lines.join("\n")
}

/// A feed with 2.8.1, a machine with 2.8.0, both programs, and the place of the whole file. The two share all but their versions.
fn world() -> (Feed, Machine, [Vec<u8>; 2], String) {
    let mut feed = Feed::new();
    let both = ["2.8.0", "2.8.1"].map(|version| program(version, &ballast()));
    let place = feed.release("2.8.1", &both[1], json!({}));
    let machine = Machine::new(&feed);
    machine.install(&both[0]);
    (feed, machine, both, place)
}

/// What was asked for, without metadata.
fn asked(feed: &Feed) -> Vec<String> {
    let asked = feed.server.lock().unwrap().asked.clone();
    asked.into_iter().map(|(path, _)| path).filter(|path| path.starts_with("targets/")).collect()
}

#[test]
fn only_what_has_changed_is_loaded() {
    let (mut feed, machine, [old, new], _) = world();
    let delta = feed.delta(&old, &new, &new);
    assert_eq!(machine.run(&["--apply"]).1["to"], "2.8.1", "{}", machine.log());
    assert_eq!(asked(&feed), [delta]);
    assert!(feed.server.lock().unwrap().given < new.len() / 4);
    assert!(std::fs::read(machine.path("agent")).unwrap() == new);
    let left = std::fs::read_dir(machine.path(".update"))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    assert!(left.into_iter().all(|name| !name.contains(".part")));
}

#[test]
fn a_delta_that_is_of_no_use_is_said_and_the_whole_file_comes() {
    for (kind, says) in [
        ("gone", "could not be had"),
        ("tampered with", "is not the file that was signed"),
        ("short", "bytes, not"),
        ("other", ""),
    ] {
        let (mut feed, machine, [old, new], whole) = world();
        let other = String::from_utf8(new.clone()).unwrap().replace("sleep 0.1", "sleep 9.9").into_bytes();
        let gives = match kind {
            "short" => &new[1..],
            "other" => &other,
            _ => &new,
        };
        let delta = feed.delta(&old, &new, gives);
        if kind == "gone" {
            feed.server.lock().unwrap().files.remove(&delta);
        } else if kind == "tampered with" {
            feed.server.lock().unwrap().files.get_mut(&delta).unwrap()[20] ^= 1;
        }
        assert_eq!(machine.run(&["--apply"]).1["to"], "2.8.1", "{kind}: {}", machine.log());
        assert_eq!(asked(&feed), [delta, whole], "{kind}");
        assert!(machine.log().contains(says), "{kind}: {}", machine.log());
        assert!(std::fs::read(machine.path("agent")).unwrap() == new, "{kind}");
    }
}

#[test]
fn a_delta_from_another_file_or_a_large_one_is_not_asked_for() {
    let (mut feed, machine, [old, new], whole) = world();
    feed.delta(&old[1..], &new, &new);
    assert_eq!(machine.run(&["--apply"]).1["to"], "2.8.1", "{}", machine.log());
    assert_eq!(asked(&feed), [whole]);
    let (mut feed, machine, [old, new], whole) = world();
    let mut large = new.clone();
    large.extend(numbers(16_000).flat_map(|number| number.to_be_bytes().into_iter().take(4)));
    feed.delta(&old, &new, &large);
    assert_eq!(machine.run(&["--apply"]).1["to"], "2.8.1", "{}", machine.log());
    assert_eq!(asked(&feed), [whole], "it is more than half as large");
}

#[test]
fn a_delta_that_was_interrupted_goes_on() {
    let (mut feed, machine, [old, new], _) = world();
    let delta = feed.delta(&old, &new, &new);
    feed.server.lock().unwrap().cut.insert(delta.clone(), 10);
    let (code, why) = machine.run(&["--apply"]);
    assert!(code == 1 && why.as_str().unwrap().contains("what came so far is kept"), "{code}: {why}");
    assert_eq!(machine.run(&["--apply"]).1["to"], "2.8.1", "{}", machine.log());
    let server = feed.server.lock().unwrap();
    let from: Vec<u64> = server.asked.iter().filter(|(path, _)| *path == delta).map(|(_, from)| *from).collect();
    assert_eq!(from, [0, 10]);
}
