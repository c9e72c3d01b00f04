//! How long it takes to find out that nothing changed, to plan for many platforms, to build what one file changed, and to write a
//! cabinet: the program itself, side by side with `docker build` and others in one run. No test: it asserts nothing.
//!
//! `make bench`, or `cargo bench --bench plan -- [unchanged|many|docker|changed|jobs|cabinets]…`. Each number is the median of several
//! runs. What is measured against a real engine takes any image of it as a base: `FACTORY_BENCH_BASE=debian:12`.
//!
//! `make bench-smoke`, or `cargo test --bench plan`, runs every part once and small, in a build for tests, and fails where one
//! does not run or is left out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement ends where something is not as it should be"
)]
#![allow(clippy::print_stdout, reason = "the numbers are its output")]

mod cabinets;
mod extent;
mod jobs;
mod measure;
mod real;
mod world;

use std::process::ExitCode;

use extent::{Extent, LeftOut};
use measure::{Sample, median, row};
use world::World;

/// A part of what is measured.
type Part = fn(Extent) -> Result<(), LeftOut>;

const PARTS: [(&str, Part); 6] = [
    ("unchanged", |extent| {
        unchanged(extent);
        Ok(())
    }),
    ("many", |extent| {
        many(extent);
        Ok(())
    }),
    ("docker", real::unchanged),
    ("changed", real::changed),
    ("jobs", jobs::speed_up),
    ("cabinets", cabinets::beside_others),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some((cabinets::WRITE, rest)) = words.split_first().map(|(word, rest)| (word.as_str(), rest)) {
        cabinets::write(rest);
        return ExitCode::SUCCESS;
    }
    // `cargo bench` says so, `cargo test` does not.
    let (options, asked): (Vec<String>, Vec<String>) = words.into_iter().partition(|word| word.starts_with('-'));
    let extent = if options.iter().any(|word| word == "--bench") { Extent::Whole } else { Extent::Smoke };
    if let Some(unknown) = asked.iter().find(|word| PARTS.iter().all(|(name, _)| name != word)) {
        println!("`{unknown}` is no part: {}", PARTS.map(|(name, _)| name).join(", "));
        return ExitCode::FAILURE;
    }
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|word| word == name);
    let mut missing = false;
    for (_, part) in PARTS.iter().filter(|(name, _)| wanted(name)) {
        if let Err(LeftOut(why)) = part(extent) {
            println!("  left out: {why}");
            missing = true;
        }
        println!();
    }
    if missing && extent == Extent::Smoke { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Nothing changed: platforms that have wheels, four images and two packages each, on a played daemon.
fn unchanged(extent: Extent) {
    let platforms = extent.platforms(10);
    println!("nothing changed: {platforms} platforms x (wheels, 4 images, 2 packages), played daemon");
    let world = World::played(platforms, false);
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
        let runs = (0..extent.times(15)).map(|_| {
            if what.contains("without") {
                world.forget();
            }
            world.factory(arguments)
        });
        row(what, &median(&runs.collect::<Vec<_>>()));
    }
}

/// A plan of a project that was never built, for ever more platforms.
fn many(extent: Extent) {
    println!("a first plan: N platforms x 12 steps, played daemon");
    let mut first: Option<(usize, Sample)> = None;
    for platforms in [250, 500, 1000].map(|platforms| extent.platforms(platforms)) {
        let world = World::played(platforms, true);
        let runs = (0..extent.times(7)).map(|_| world.factory(&["plan", "--output", "json"]));
        let sample = median(&runs.collect::<Vec<_>>());
        row(&format!("{platforms} platforms, {} steps", platforms * 12), &sample);
        match &first {
            None => first = Some((platforms, sample)),
            Some((fewest, first)) => println!(
                "    {:.2} times the processor time of {fewest} platforms, for {} times as many",
                sample.cpu_ms / first.cpu_ms,
                platforms / fewest
            ),
        }
    }
}
