//! How many steps run at once that take most of the same.

use crate::work::Load;

/// Every load.
#[cfg(test)]
pub(super) const ALL: [Load; 4] = [Load::Fetch, Load::Image, Load::Compile, Load::Compress];

/// How many steps of a load run at once at most on a machine with so many processors, whatever `--jobs` allows.
#[must_use]
pub fn most(load: Load, cpus: usize) -> usize {
    let cpus = cpus.max(1);
    match load {
        // Registries and mirrors count connections, and more of them are not faster.
        Load::Fetch => 4,
        // BuildKit runs the stages of one build side by side by itself.
        Load::Image => cpus.max(2),
        // pip compiles on one processor, and waits for an index in between.
        Load::Compile => 2 * cpus,
        // xz takes all processors, and memory for each of them.
        Load::Compress => cpus.div_ceil(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_load_may_run_on_any_machine() {
        for cpus in [0, 1, 2, 64] {
            assert!(ALL.iter().all(|load| most(*load, cpus) >= 1), "{cpus} processors");
        }
        assert!(most(Load::Compress, 8) < most(Load::Compile, 8), "compression takes memory");
    }
}
