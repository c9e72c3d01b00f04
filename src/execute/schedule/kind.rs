//! What steps take most of, how many of a kind run at once, and how long one takes that never ran. All numbers of the
//! scheduler are here.

use std::time::Duration;

use crate::work::Work;

/// What a step takes most of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The network: base images and seeds.
    Fetch,
    /// The daemon's builder: builder images and images.
    Image,
    /// Processors, in a container: wheels.
    Compile,
    /// Processors and memory, in this program: packages.
    Compress,
}

impl Kind {
    /// Every kind.
    #[cfg(test)]
    pub const ALL: [Self; 4] = [Self::Fetch, Self::Image, Self::Compile, Self::Compress];

    /// The kind of a step's work.
    #[must_use]
    pub fn of(work: &Work) -> Self {
        match work {
            Work::Base(_) | Work::Seed(_) => Self::Fetch,
            Work::Builder(_) | Work::Image(_) => Self::Image,
            Work::Wheels(_) => Self::Compile,
            Work::Package(_) | Work::Wapt(_) => Self::Compress,
        }
    }

    /// How many of them run at once at most on a machine with so many processors, whatever `--jobs` allows.
    #[must_use]
    pub fn most(self, cpus: usize) -> usize {
        let cpus = cpus.max(1);
        match self {
            // Registries and mirrors count connections, and more of them are not faster.
            Self::Fetch => 4,
            // BuildKit runs the stages of one build side by side by itself.
            Self::Image => cpus.max(2),
            // pip compiles on one processor, and waits for an index in between.
            Self::Compile => 2 * cpus,
            // xz takes all processors, and memory for each of them.
            Self::Compress => cpus.div_ceil(2),
        }
    }
}

/// How long a step's work takes that never ran here: what a usual one takes on two processors and a usual network.
#[must_use]
pub fn usual(work: &Work) -> Duration {
    Duration::from_secs(match work {
        Work::Base(_) | Work::Image(_) => 60,
        Work::Builder(_) => 90,
        Work::Seed(_) => 10,
        Work::Wheels(_) => 120,
        Work::Package(_) | Work::Wapt(_) => 20,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_may_run_on_any_machine() {
        for cpus in [0, 1, 2, 64] {
            assert!(Kind::ALL.iter().all(|kind| kind.most(cpus) >= 1), "{cpus} processors");
        }
        assert!(Kind::Compress.most(8) < Kind::Compile.most(8), "compression takes memory");
    }
}
