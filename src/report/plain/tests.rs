//! What a runner's log looks like.

use std::path::Path;

use super::*;
use crate::report::{
    scene::{self, SETTINGS},
    stream::tests::Paper,
};

fn plain(verbosity: Verbosity) -> (Plain, Paper, Paper) {
    let (talk, data) = (Paper::default(), Paper::default());
    let settings = Settings { verbosity, tty: false, stdout_tty: false, stderr_tty: false, ..SETTINGS };
    let logs = Some(LogDir::new(Path::new("./project")));
    (Plain::new(talk.stream(), data.stream(), &settings, logs), talk, data)
}

fn whole_run(verbosity: Verbosity) -> String {
    let (plain, talk, data) = plain(verbosity);
    for event in scene::beginning().into_iter().chain(scene::end()).chain([scene::made()]) {
        plain.emit(event);
    }
    plain.finish();
    format!("{}--- stdout\n{}", talk.text(), data.text())
}

#[test]
fn normal() {
    insta::assert_snapshot!(whole_run(Verbosity::Normal));
}

#[test]
fn verbose() {
    insta::assert_snapshot!(whole_run(Verbosity::Verbose));
}

#[test]
fn quiet() {
    insta::assert_snapshot!(whole_run(Verbosity::Quiet));
}

#[test]
fn long_steps_give_a_sign_of_life() {
    let (plain, talk, _) = plain(Verbosity::Normal);
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    plain.take(scene::started("debian-12/core", "build core", ""), start);
    plain.take(scene::started("centos-7/core", "build core", ""), at(10));
    plain.tick(at(29));
    plain.take(scene::log("debian-12/core", &"cc -c a.c ".repeat(20)), at(29));
    plain.tick(at(30));
    plain.take(scene::progress("debian-12/core", "pushing layers", 5_000_000, Some(31_200_000)), at(50));
    plain.tick(at(59));
    plain.tick(at(60));
    plain.take(scene::finished("debian-12/core", Outcome::Done, 61_000, ""), at(61));
    plain.tick(at(95));
    insta::assert_snapshot!(talk.text());
}

#[test]
fn a_verbose_step_that_writes_is_alive() {
    let (plain, talk, _) = plain(Verbosity::Verbose);
    let start = Instant::now();
    plain.take(scene::started("debian-12/core", "build core", ""), start);
    plain.take(scene::log("debian-12/core", "a"), start + Duration::from_secs(29));
    plain.tick(start + Duration::from_secs(58));
    assert!(!talk.text().contains("still"));
    plain.tick(start + Duration::from_secs(59));
    assert!(talk.text().ends_with("[debian-12/core] still running after 59 s: nothing said for 30 s, last: a\n"));
}
