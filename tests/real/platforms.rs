//! Another platform beside Debian 12, both at once: its base comes from a foreign archive whose keys the host does not
//! have, and its pip from a seed. `make accept` goes this way with every Debian and Ubuntu that has an archive.

use crate::house::{BUILT, House, docker, run, text};

const BOTH: &str = "debian-12,ubuntu-22.04";
/// A release of its own: the names of the other tests' images stay theirs.
const TAG: &str = "9.9.8";

#[test]
#[ignore = "needs a real engine: make real"]
fn two_platforms_go_the_whole_way_at_once() {
    // Its wheels are there then.
    let _built = &*BUILT;
    let house = House::copy("two-platforms");
    house.done(&["--tag", TAG, "--platform", BOTH, "--jobs", "2", "build"]);
    for name in ["core", "prov", "cat", "cat-prov"] {
        for platform in BOTH.split(',') {
            docker(&["inspect", "--format", "{{.Id}}", &format!("canopsis/canopsis-{name}:{platform}-{TAG}")]);
        }
    }
    // The plain tag is the official platform's alone.
    let id = |tag: &str| docker(&["inspect", "--format", "{{.Id}}", &format!("canopsis/canopsis-core:{tag}")]);
    assert_eq!(id(TAG), id(&format!("debian-12-{TAG}")));

    let package = house.folder.join(format!("packages/ubuntu-22.04/canopsis-core_{TAG}-1~ubuntu22.04_amd64.deb"));
    let field = |field: &str| run("dpkg-deb", &["--field", &package.display().to_string(), field]);
    assert_eq!(field("Version"), format!("{TAG}-1~ubuntu22.04"));
    assert!(field("Depends").contains("python3 (>= 3.10), python3 (<< 3.11)"), "{}", field("Depends"));

    let again = house.factory(&["--tag", TAG, "--platform", BOTH, "plan"]);
    assert!(!String::from_utf8_lossy(&again.stdout).contains("  run "), "{}", text(&again));

    let tested = house.done(&["--tag", TAG, "--platform", BOTH, "--jobs", "2", "test"]);
    assert!(tested.contains("ubuntu-22.04/test-purge"), "{tested}");
}
