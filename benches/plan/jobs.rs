//! How much sooner ten platforms are done when steps run at once, and what keeps them from being done sooner still.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    extent::{Extent, LeftOut},
    measure::{Sample, median},
    real,
};

/// The jobs that are compared; the first is serial.
const JOBS: [usize; 4] = [1, 2, 4, 8];

/// Seconds that the steps of a run took, by their kind; and along the longest way through one platform.
#[derive(Default)]
struct Took {
    images: f64,
    packages: f64,
    longest: f64,
}

impl Took {
    /// From the events of a serial run: nothing else slowed a step down.
    fn of(said: &str) -> Self {
        let mut took = Self::default();
        let mut steps: BTreeMap<String, f64> = BTreeMap::new();
        for event in said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            if event["event"] == "step-finished"
                && let (Some(step), Some(seconds)) = (event["step"].as_str(), event["took"].as_f64())
            {
                steps.insert(step.to_owned(), seconds);
            }
        }
        for (step, seconds) in &steps {
            let (platform, name) = step.split_once('/').unwrap_or_default();
            match name.strip_prefix("package-bench-") {
                Some(image) => {
                    took.packages += seconds;
                    let image = steps.get(&format!("{platform}/{image}")).copied().unwrap_or_default();
                    took.longest = took.longest.max(image + seconds);
                }
                None if name != "base" => took.images += seconds,
                None => {}
            }
        }
        took
    }
}

/// Platforms of four images and two packages, nothing cached: serial, and with ever more jobs.
pub fn speed_up(extent: Extent) -> Result<(), LeftOut> {
    let platforms = extent.platforms(10);
    println!("everything anew: {platforms} platforms x (4 images, 2 packages), real engine, by --jobs");
    let (base, docker) = real::engine()?;
    // Half a second of computing and half a second of waiting, as a package manager does.
    let work = "RUN seq 1 1500000 | sha256sum && sleep 0.5\n";
    let (world, folders) = real::world(platforms, &real::IMAGES, 2, &base, work);
    world.factory(&["build"]);
    let mut samples: BTreeMap<usize, Vec<Sample>> = BTreeMap::new();
    let mut serial = Took::default();
    for _ in 0..extent.times(3) {
        for &jobs in extent.some(&JOBS) {
            let jobs_word = jobs.to_string();
            let (sample, said) = world.told(&["build", "--no-cache", "--jobs", &jobs_word, "--output", "json"]);
            samples.entry(jobs).or_default().push(sample);
            if jobs == 1 {
                serial = Took::of(&said);
            }
        }
    }
    let medians: Vec<(usize, Sample)> = samples.iter().map(|(jobs, samples)| (*jobs, median(samples))).collect();
    let first = medians[0].1.wall_ms;
    for (jobs, sample) in &medians {
        println!(
            "  --jobs {jobs} {:>36.1} s wall {:>8.2} times serial",
            sample.wall_ms / 1000.0,
            first / sample.wall_ms
        );
    }
    let cpus = std::thread::available_parallelism().map_or(1, |cpus| u32::try_from(cpus.get()).unwrap_or(u32::MAX));
    let (images, packages) = (cpus.max(2), cpus.div_ceil(2));
    println!(
        "  serial: images {:.1} s, packages {:.1} s, the longest way {:.1} s",
        serial.images, serial.packages, serial.longest
    );
    println!(
        "  no sooner than: images on {images} at once {:.1} s, packages on {packages} at once {:.1} s, that way {:.1} s",
        serial.images / f64::from(images),
        serial.packages / f64::from(packages),
        serial.longest
    );
    real::tidy(&world, docker, &folders);
    Ok(())
}
