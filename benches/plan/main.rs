//! How long it takes to find out that nothing changed, to plan for many platforms, and to build what one file changed: the
//! program itself, side by side with `docker build` in one run. No test: it asserts nothing.
//!
//! `make bench`, or `cargo bench --features scripted --bench plan -- [unchanged|many|docker|changed|jobs]…`. Each number is the
//! median of several runs. What is measured against a real engine takes any image of it as a base:
//! `FACTORY_BENCH_BASE=debian:12`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement ends where something is not as it should be"
)]
#![allow(clippy::print_stdout, reason = "the numbers are its output")]

mod jobs;
mod measure;
mod real;
mod world;

use measure::{Sample, median, row};
use world::World;

fn main() {
    // What cargo adds is no choice.
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wants = |name: &str| asked.is_empty() || asked.iter().any(|word| word == name);
    let parts: [(&str, fn()); 5] = [
        ("unchanged", unchanged),
        ("many", many),
        ("docker", real::unchanged),
        ("changed", real::changed),
        ("jobs", jobs::speed_up),
    ];
    for (_, part) in parts.iter().filter(|(name, _)| wants(name)) {
        part();
        println!();
    }
}

/// Nothing changed: 10 platforms, each with wheels, four images and two packages, on a played daemon.
fn unchanged() {
    println!("nothing changed: 10 platforms x (wheels, 4 images, 2 packages), played daemon");
    let world = World::played(10, false);
    world.factory(&["build"]);
    // Twice: files that are as young as a run are read again by the next one.
    for _ in 0..2 {
        world.factory(&["plan"]);
    }
    for (what, arguments) in [
        ("plan", &["plan"][..]),
        ("plan --paranoid", &["plan", "--paranoid"]),
        ("plan, without .factory/stat", &["plan"]),
        ("build", &["build"]),
    ] {
        let runs = (0..15).map(|_| {
            if what.contains("without") {
                world.forget();
            }
            world.factory(arguments)
        });
        row(what, &median(&runs.collect::<Vec<_>>()));
    }
}

/// A plan of a project that was never built, for ever more platforms.
fn many() {
    println!("a first plan: N platforms x 12 steps, played daemon");
    let mut first: Option<Sample> = None;
    for platforms in [250, 500, 1000] {
        let world = World::played(platforms, true);
        let sample = median(&(0..7).map(|_| world.factory(&["plan", "--output", "json"])).collect::<Vec<_>>());
        row(&format!("{platforms} platforms, {} steps", platforms * 12), &sample);
        match &first {
            None => first = Some(sample),
            Some(first) => println!(
                "    {:.2} times the processor time of 250 platforms, for {} times as many",
                sample.cpu_ms / first.cpu_ms,
                platforms / 250
            ),
        }
    }
}
