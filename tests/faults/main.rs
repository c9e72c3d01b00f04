//! Faults at every step boundary and inside steps, on a real engine of their own: after each, the next run finishes without doing
//! completed steps again, its result is that of an undisturbed run, and nothing of the dead run is left. Run by `make faults`, which
//! writes the matrix to docs/faults.md; `make few-faults` plays some of them in every run of CI.
#![expect(clippy::disallowed_methods, reason = "a test may look at its surroundings")]
#![expect(clippy::expect_used, reason = "a test may end at the first surprise")]
#![expect(clippy::case_sensitive_file_extension_comparisons, reason = "the program's own names")]
#![expect(clippy::print_stderr, reason = "progress of a long test")]

mod cases;
mod engine;
mod others;
mod registries;
#[allow(dead_code, reason = "not all of it is used here and in the real tests")]
#[path = "../shared/registry.rs"]
mod registry;
mod state;
mod table;
mod world;

use std::time::Instant;

use cases::{Case, every};
use table::Table;
use world::World;

#[test]
#[ignore = "needs root and Docker's programs: make faults"]
fn matrix() {
    // `all`, or a part of the name of a fault; those of CI when not set.
    let wish = std::env::var("FACTORY_FAULTS").unwrap_or_default();
    let all = wish == "all";
    let wanted = |name: &str, in_short: bool| all || if wish.is_empty() { in_short } else { name.contains(&wish) };
    if !rustix::process::getuid().is_root() {
        eprintln!("skipped: an engine of its own wants root");
        return;
    }
    let started = Instant::now();
    let Some(mut world) = World::new(all) else {
        eprintln!("skipped: this machine does not run a second engine (target/tmp/faults/engine/log says why)");
        return;
    };
    let calm = world.undisturbed();
    let mut table = Table::new(&calm);
    let chosen: Vec<Case> = every(&calm).into_iter().filter(|case| wanted(&case.name(), case.in_short())).collect();
    for case in &chosen {
        table.row(case.play(&mut world, &calm));
    }
    for (name, play) in others::ALL {
        if wanted(name, others::SHORT.contains(name)) {
            table.row(play(name, &mut world, &calm));
        }
    }
    table.write(all, started.elapsed());
    assert!(table.wrong().is_empty(), "{}", table.wrong().join("\n"));
}
