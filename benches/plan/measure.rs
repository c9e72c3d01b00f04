//! One run of a program: wall time, processor time, peak memory. From time(1), which asks the kernel (getrusage).

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

/// What one run took.
#[derive(Debug, Clone)]
pub struct Sample {
    /// From start to end, in milliseconds.
    pub wall_ms: f64,
    /// Of the processor, in the program and in the kernel, its children included, in milliseconds.
    pub cpu_ms: f64,
    /// The largest resident set, in MB.
    pub peak_mb: f64,
}

/// Runs a command to its end; it must succeed.
pub fn run(program: &str, arguments: &[&str], folder: &Path, env: &[(&str, String)]) -> Sample {
    run_told(program, arguments, folder, env).0
}

/// The same, with its standard output.
pub fn run_told(program: &str, arguments: &[&str], folder: &Path, env: &[(&str, String)]) -> (Sample, String) {
    let told = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%U %S %M", "-o"]).arg(told.path()).arg(program).args(arguments).current_dir(folder);
    command.envs(env.iter().map(|(name, value)| (*name, value.as_str()))).stdin(Stdio::null());
    let began = Instant::now();
    let output = command.output().unwrap_or_else(|error| panic!("/usr/bin/time (Debian: time): {error}"));
    let wall_ms = began.elapsed().as_secs_f64() * 1000.0;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}\n{said}");
    let told = fs::read_to_string(told.path()).unwrap();
    let numbers: Vec<f64> = told.split_whitespace().map(|word| word.parse().unwrap()).collect();
    let sample = Sample { wall_ms, cpu_ms: (numbers[0] + numbers[1]) * 1000.0, peak_mb: numbers[2] * 1024.0 / 1e6 };
    (sample, String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The median of each number.
pub fn median(samples: &[Sample]) -> Sample {
    let middle = |number: fn(&Sample) -> f64| {
        let mut all: Vec<f64> = samples.iter().map(number).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    Sample {
        wall_ms: middle(|sample| sample.wall_ms),
        cpu_ms: middle(|sample| sample.cpu_ms),
        peak_mb: middle(|sample| sample.peak_mb),
    }
}

/// One line of the answer.
pub fn row(what: &str, sample: &Sample) {
    let Sample { wall_ms, cpu_ms, peak_mb } = sample;
    println!("  {what:<36} {wall_ms:>9.0} ms wall {cpu_ms:>8.0} ms processor {peak_mb:>6.1} MB");
}
