//! Versions of the API, and what comes with them.

use super::*;

fn api(text: &str) -> Api {
    Api::parse(text).unwrap()
}

#[test]
fn the_newest_api_of_both_sides_is_spoken() {
    let ours = format!("{}.{}", API_DEFAULT_VERSION.major_version, API_DEFAULT_VERSION.minor_version);
    for (newest, oldest, spoken) in [
        ("1.40", Some("1.12"), "1.40"),
        ("1.41", Some("1.12"), "1.41"),
        ("1.52", Some("1.44"), "1.52"),
        ("1.99", Some("1.44"), ours.as_str()),
        ("1.41", None, "1.41"),
    ] {
        assert_eq!(agreed(api(newest), oldest.map(api), "x").unwrap(), api(spoken), "{newest}");
    }
    let old = agreed(api("1.39"), None, "18.09.1").unwrap_err().to_string();
    assert!(old.contains("18.09.1") && old.contains("19.03"), "{old}");
    let new = agreed(api("2.1"), Some(api("2.0")), "40.0").unwrap_err().to_string();
    assert!(new.contains("speaks API 2.0 and newer only"), "{new}");
    assert!(Api::parse("one").is_none() && Api::parse("1").is_none());
}

#[test]
fn the_version_is_put_in_front_of_the_path_once() {
    let with = |uri: &str| with_version(uri, api("1.41"));
    assert_eq!(with("unix://2f76/containers/json?all=true"), "unix://2f76/v1.41/containers/json?all=true");
    assert_eq!(with("http://h:1/images/a/v1.2/json"), "http://h:1/v1.41/images/a/v1.2/json");
    assert_eq!(with("http://h:1/v1.41/info"), "http://h:1/v1.41/info");
    assert_eq!(with("/session"), "/v1.41/session");
}
