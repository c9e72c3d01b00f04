//! `examples/wapt-hello` on a real engine: a Windows program from source to a signed package and the index of a repository,
//! in one command; and the same bytes from a second build of the image.

use crate::house::{House, TAG, run, text};

#[test]
#[ignore = "needs a real engine: make real"]
fn wapt_from_source_to_an_index() {
    let house = House::of("wapt-hello", "wapt-hello");
    let done = |arguments: &[&str]| {
        let output = house.factory(arguments);
        assert!(output.status.success(), "{arguments:?}\n{}", text(&output));
    };
    let path = |name: &str| house.folder.join(name).to_str().expect("UTF-8").to_owned();
    done(&["keys", "wapt", "packager", "--no-password", "--into", &path("")]);
    let (key, certificate) = (path("packager.pem"), path("packager.crt"));
    let build = ["build", "--key", &key, "--certificate", &certificate];
    done(&[&build[..], &["--publish", &path("served")]].concat());
    let file = format!("tis-hello_{TAG}-1_x64_windows_6.1_PROD_en-fr.wapt");
    let (package, published) = (path(&format!("packages/debian-12/{file}")), path(&format!("served/{file}")));
    done(&["verify", &published, &path("served/Packages"), "--trust", &certificate]);
    run("unzip", &["-q", "-o", &published, "-d", &path("unpacked")]);
    let program = std::fs::read(path("unpacked/files/hello.exe")).expect("the program");
    assert!(program.starts_with(b"MZ") && program.windows(5).any(|part| part == TAG.as_bytes()));
    // Compiled once more, it is the same to the byte.
    let before = std::fs::read(&package).expect("the package");
    done(&[&build[..], &["--no-cache"]].concat());
    assert!(std::fs::read(&package).expect("the package") == before, "another package from the same source");
}
