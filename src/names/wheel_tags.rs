//! Which wheels an interpreter of CPython on Windows takes, and which of them it likes best: the tags of PEP 425, in the order of the
//! [platform compatibility tags] specification, as `packaging.tags` has it.
//!
//! [platform compatibility tags]: https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/

use super::{Machine, WheelFile};

/// Versions below this one of Python 3 have no stable ABI on Windows.
const FIRST_STABLE: u16 = 2;

impl Machine {
    /// The tag of platforms for it.
    #[must_use]
    pub const fn wheel_platform(self) -> &'static str {
        match self {
            Self::X86 => "win32",
            Self::Amd64 => "win_amd64",
            Self::Arm64 => "win_arm64",
        }
    }
}

/// How well a wheel fits CPython `major.minor` on Windows: the less the better, `None` where it does not fit at all. Of two that fit as
/// well, the one with the higher build number is meant (PEP 427).
#[must_use]
pub fn windows_fit(file: &WheelFile, (major, minor): (u16, u16), machine: Machine) -> Option<usize> {
    let stem = file.as_str().strip_suffix(".whl")?;
    let mut tags = stem.rsplit('-');
    let (platforms, abis, pythons) = (tags.next()?, tags.next()?, tags.next()?);
    let known = tags_of(major, minor, machine);
    let fits = |(python, abi, platform): &(String, String, &str)| {
        has(pythons, python) && has(abis, abi) && has(platforms, platform)
    };
    known.iter().position(fits)
}

/// The build number of a wheel's name (PEP 427): its digits, then what follows them.
#[must_use]
pub fn build_of(file: &WheelFile) -> (u64, String) {
    let parts: Vec<&str> = file.as_str().split('-').collect();
    let [_, _, build, _, _, _] = parts[..] else { return (0, String::new()) };
    let end = build.find(|c: char| !c.is_ascii_digit()).unwrap_or(build.len());
    (build[..end].parse().unwrap_or(u64::MAX), build[end..].to_owned())
}

/// Whether one of the tags of a compressed set is this one.
fn has(set: &str, tag: &str) -> bool {
    set.split('.').any(|one| one.eq_ignore_ascii_case(tag))
}

/// All tags that fit, the best first.
fn tags_of(major: u16, minor: u16, machine: Machine) -> Vec<(String, String, &'static str)> {
    let platform = machine.wheel_platform();
    let exact = format!("cp{major}{minor}");
    let mut tags = vec![(exact.clone(), exact.clone(), platform)];
    let stable = "abi3".to_owned();
    tags.push((exact.clone(), stable.clone(), platform));
    tags.push((exact.clone(), "none".to_owned(), platform));
    tags.extend((FIRST_STABLE..minor).rev().map(|minor| (format!("cp{major}{minor}"), stable.clone(), platform)));
    let pythons: Vec<String> = std::iter::once(format!("py{major}{minor}"))
        .chain([format!("py{major}")])
        .chain((0..minor).rev().map(|minor| format!("py{major}{minor}")))
        .collect();
    tags.extend(pythons.iter().map(|python| (python.clone(), "none".to_owned(), platform)));
    tags.push((exact, "none".to_owned(), "any"));
    tags.extend(pythons.into_iter().map(|python| (python, "none".to_owned(), "any")));
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(tags: &str, machine: Machine) -> Option<usize> {
        windows_fit(&WheelFile::new(format!("x-1-{tags}.whl")).unwrap(), (3, 13), machine)
    }

    #[test]
    fn the_best_wheel_is_the_most_special_one() {
        let order = [
            "cp313-cp313-win_amd64",
            "cp313-abi3-win_amd64",
            "cp313-none-win_amd64",
            "cp312-abi3-win_amd64",
            "cp37-abi3-win_amd64",
            "py3-none-win_amd64",
            "cp313-none-any",
            "py313-none-any",
            "py2.py3-none-any",
            "py30-none-any",
        ];
        let fits: Vec<Option<usize>> = order.iter().map(|tags| fit(tags, Machine::Amd64)).collect();
        assert!(fits.iter().all(Option::is_some) && fits.is_sorted(), "{fits:?}");
        assert_eq!(fit("cp312.cp313-cp312.cp313-win32.win_amd64", Machine::Amd64), Some(0));
    }

    #[test]
    fn what_does_not_fit() {
        for bad in [
            "cp312-cp312-win_amd64",
            "cp313-cp313t-win_amd64",
            "cp314-abi3-win_amd64",
            "cp313-cp313-manylinux_2_17_x86_64",
            "cp312-none-any",
            "py2-none-any",
            "py314-none-any",
            "cp313-cp313-win32",
            "pp310-pypy310_pp73-win_amd64",
        ] {
            assert_eq!(fit(bad, Machine::Amd64), None, "{bad}");
        }
        assert_eq!(fit("cp313-cp313-win32", Machine::X86), Some(0));
        assert_eq!(fit("cp313-cp313-win_arm64", Machine::Arm64), Some(0));
    }

    #[test]
    fn builds_have_numbers() {
        let build = |name: &str| build_of(&WheelFile::new(name).unwrap());
        assert_eq!(build("x-1-py3-none-any.whl"), (0, String::new()));
        assert_eq!(build("x-1-12b-py3-none-any.whl"), (12, "b".to_owned()));
        assert!(build("x-1-10-py3-none-any.whl") > build("x-1-9-py3-none-any.whl"));
    }
}
