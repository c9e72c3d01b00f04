//! Every kind of mistake, as people see it: 80 columns, no colour.

use super::{EXAMPLE, parse, project, shown, write};
use crate::{
    diag::{Failure, to_json},
    recipe::RecipeError,
};

/// A recipe that makes nothing.
pub(crate) const MINIMAL: &str = r#"
[project]
name = "x"
maintainer = "A <a@b.org>"
license = "MIT"
platforms = ["debian-12"]
"#;

/// The example with pieces replaced; each piece must be there.
pub(crate) fn example_with(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(EXAMPLE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in the example");
        text.replacen(from, to, 1)
    })
}

/// A recipe with one package whose files come out of an image.
fn collecting(keys: &str) -> String {
    format!(
        "{MINIMAL}[[image]]\nname = \"build\"\nrepository = \"x\"\n[[package]]\nname = \"tools\"\nfrom = \"build\"\n{keys}\n"
    )
}

/// What people see of its errors.
pub(crate) fn error_of(text: &str) -> String {
    let folder = project();
    write(folder.path(), "scripts/postinst.py", "#!/usr/bin/python3\nprint()\n");
    write(folder.path(), "empty/README", "");
    fs_err::os::unix::fs::symlink("/etc/passwd", folder.path().join("outside")).unwrap();
    match parse(folder.path(), text) {
        Ok(_) => panic!("no error in\n{text}"),
        Err(error) => shown(error),
    }
}

/// A test with a snapshot for each text.
macro_rules! errors {
    ($($name:ident: $text:expr;)+) => {
        $(#[test]
        fn $name() {
            insta::with_settings!({ omit_expression => true }, {
                insta::assert_snapshot!(stringify!($name), error_of($text.as_ref()));
            });
        })+
    };
}
pub(crate) use errors;

errors! {
    empty_file: "";
    syntax_bare_word: example_with(&[("name = \"canopsis\"", "name = canopsis")]);
    syntax_open_string: example_with(&[("license = \"Apache-2.0\"", "license = \"Apache-2.0")]);
    syntax_hides_only_what_follows: example_with(&[
        ("homepage", "homepag"),
        ("official = ", "official "),
        ("section = ", "sektion = "),
    ]);
    syntax_key_twice: example_with(&[("[python]\n", "[python]\nprefix = \"/opt/other\"\n")]);
    control_characters: "[project]\nname = \"a\u{1b}[31m\"\n\u{202e}\n";
    collect_with_other_keys: collecting("summary = \"x\"\nusers = []\ncontents = [{ src = \"/x\" }]\ndepends = [\"a\"]\n\
        without = [\"y2\"]\nlintian = []\ncollect = [\"/packages/*.deb\"]");
    collect_what_is_no_package: collecting("collect = [\"packages/*.deb\", \"/a/*.[deb\", \"/**/*.deb\", \"/packages\", \"/../a.deb\"]");
    collect_nothing: collecting("collect = []");
    collect_nor_contents: collecting("summary = \"x\"");
    collect_of_the_wrong_type: collecting("collect = \"/packages/*.deb\"");
    collect_in_an_override: collecting("[package.overrides.deb]\ncollect = [\"/packages/*.deb\"]\nsummary = \"x\"");
    unknown_key: example_with(&[("summary = ", "sumary = ")]);
    unknown_table: format!("{EXAMPLE}\n[[gadget]]\nname = \"x\"\n");
    wrong_type: example_with(&[
        ("platforms = [\"debian-12\"]", "platforms = \"debian-12\""),
        ("alive = 3", "alive = \"3\""),
    ]);
    numbers_without_their_list: example_with(&[
        ("expose = [8082]", "expose = 5232"),
        ("platforms = [\"debian-12\"]", "platforms = 12"),
        ("no_binary = [\"psutil\", \"PyYAML\", \"lxml\", \"pymongo\"]", "no_binary = 1.5"),
    ]);
    table_instead_of_list: example_with(&[("[[user]]", "[user]")]);
    list_instead_of_table: example_with(&[("[project]", "[[project]]")]);
    missing_keys: "[project]\nname = \"x\"\nplatforms = [\"debian-12\"]\n[[image]]\nname = \"core\"\n";
    invalid_names: example_with(&[
        ("name = \"canopsis\"", "name = \"Canopsis\""),
        ("repository = \"canopsis/canopsis-core\"", "repository = \"canopsis/Core:latest\""),
    ]);
    image_twice: example_with(&[("name = \"prov\"", "name = \"core\"")]);
    user_twice: format!("{EXAMPLE}\n[[user]]\nname = \"canopsis\"\n");
    package_twice: example_with(&[("name = \"canopsis-cat\"", "name = \"canopsis-core\"")]);
    repository_twice: example_with(&[("canopsis/canopsis-prov", "canopsis/canopsis-core")]);
    unknown_image: example_with(&[("from = \"core\"\nsummary", "from = \"cor\"\nsummary")]);
    unknown_user: example_with(&[("users = [\"canopsis\"]", "users = [\"canopsi\"]")]);
    users_that_are_no_accounts: example_with(&[
        ("user = \"canopsis\"", "user = \"1000:\""),
        ("owner = \"canopsis\"", "owner = \"www data\""),
    ]);
    unknown_package: example_with(&[("without = [\"canopsis-core\"]", "without = [\"canopsis-kore\"]")]);
    unknown_platform: example_with(&[("platforms = [\"debian-12\"]", "platforms = [\"debain-12\"]")]);
    platform_twice: example_with(&[("platforms = [\"debian-12\"]", "platforms = [\"debian-12\", \"bookworm\"]")]);
    official_is_not_built: example_with(&[("official = \"debian-12\"", "official = \"rocky-9\"")]);
    foreign_image: example_with(&[("from = \"core\"", "from = { image = \"canopsis/canopsis-core\" }")]);
    circle_of_images: example_with(&[("name = \"core\"", "name = \"core\"\nfrom = \"cat-prov\"")]);
    without_itself: example_with(&[("without = [\"canopsis-core\"]", "without = [\"canopsis-cat\"]")]);
    circle_of_packages: example_with(&[("section = \"net\"", "section = \"net\"\nwithout = [\"canopsis-cat\"]")]);
    decimal_mode: example_with(&[("mode = 0o750", "mode = 750"), ("mode = 0o750", "mode = \"0755\"")]);
    mode_out_of_range: example_with(&[("mode = 0o750", "mode = 0o77777")]);
    paths_that_lead_out: example_with(&[
        ("requirements = \"requirements.txt\"", "requirements = \"../requirements.txt\""),
        ("src = \"etc\"", "src = \"/etc\""),
        ("dst = \"/opt/canopsis/tmp\"", "dst = \"opt/canopsis/tmp\""),
        ("src = \"db/load.d\"", "src = \"outside\""),
    ]);
    files_that_are_not_there: example_with(&[
        ("requirements = \"requirements.txt\"", "requirements = \"requirement.txt\""),
        ("units/canopsis-engine@.service", "units/canopsis-engin@.service"),
        ("python = [\".\"]", "python = [\"empty\"]"),
    ]);
    nul_in_a_path: example_with(&[("src = \"etc\"", "src = \"etc\\u0000\"")]);
    script_of_python: example_with(&[
        ("users = [\"canopsis\"]\ncopyright", "scripts = { postinstall = \"scripts/postinst.py\" }\ncopyright"),
    ]);
    password_in_an_index: example_with(&[
        ("prefix = ", "index_url = \"https://me:hunter2@pypi.example.org/simple\"\nprefix = "),
    ]);
    password_in_a_registry: example_with(&[
        ("official = ", "registry = \"me:hunter2@registry.example.org\"\nofficial = "),
    ]);
    environment_names: example_with(&[("CPS_HOME", "CPS-HOME")]);
    ports: example_with(&[("expose = [8082]", "expose = [0, 8082, 70000]")]);
    control_characters_in_texts: example_with(&[
        ("CPS_WEBSERVER = \"0\"", "CPS_WEBSERVER = \"0\\nRUN rm -rf /\""),
        ("comment = \"Canopsis hypervisor\"", "comment = \"Canopsis: hypervisor\""),
    ]);
    os_packages: example_with(&[("\"libxml2-dev\"", "\"-o APT::x\"")]);
    relations: example_with(&[
        ("\"libc6 (>= 2.36)\"", "\"libc6 >= 2.36\""),
        ("\"canopsis-core (= {{version}})\"", "\"canopsis-core (= {{tag}})\""),
    ]);
    lintian_without_a_reason: example_with(&[
        ("copyright = ", "lintian = [{ tag = \"dir-or-file-in-opt\" }]\ncopyright = "),
    ]);
    summaries: example_with(&[("hypervisor: the CAT add-on\"", "hypervisor: the CAT add-on.\"")]);
    types_of_contents: example_with(&[
        ("type = \"config|noreplace\"", "type = \"config|noreplac\""),
        ("{ src = \"etc\", dst", "{ src = \"etc\", type = \"state\", dst"),
        (
            "{ src = \"units/canopsis-webserver.service\", type = \"service\" }",
            "{ src = \"units\", type = \"service\" }",
        ),
        (
            "canopsis-engine-cat@.service\", type = \"service\"",
            "canopsis-engine-cat@.service\", enable = true, type = \"service\"",
        ),
    ]);
    patterns: example_with(&[("/opt/canopsis/{tmp,var/log,var/cache/canopsis}", "/opt/canopsis/{tmp,var/log")]);
    unknown_selector: example_with(&[("[python.overrides.debian]", "[python.overrides.debain]")]);
    selector_of_a_name: example_with(&[("[image.overrides.debian]", "[image.overrides.debian]\nname = \"x\"")]);
    override_tie: EXAMPLE.to_owned()
        + "\n[base.overrides.debian-12]\nimage = \"debian:12\"\n"
        + "[base.overrides.bookworm]\nimage = \"debian:bookworm\"\n";
    unit_tests: example_with(&[
        ("alive = 3", "alive = 3\nhttp = \"http://localhost/\""),
        ("status = 200\n", "status = 99\n"),
    ]);
    missing_on_one_platform: example_with(&[
        ("platforms = [\"debian-12\"]", "platforms = [\"debian-12\", \"rocky-9\"]"),
        ("requirements = \"requirements.txt\"\n", ""),
        ("[python.overrides.debian]", "[python.overrides.debian]\nrequirements = \"requirements.txt\""),
    ]);
    missing_on_all_platforms: example_with(&[
        ("platforms = [\"debian-12\"]", "platforms = [\"debian-12\", \"ubuntu-24.04\", \"rocky-9\"]"),
        ("requirements = \"requirements.txt\"\n", ""),
        ("repository = \"canopsis/canopsis-core\"\n", ""),
        ("summary = ", "sumary = "),
    ]);
    missing_on_some_platforms: example_with(&[
        ("platforms = [\"debian-12\"]", "platforms = [\"debian-12\", \"ubuntu-24.04\", \"rocky-9\"]"),
        ("repository = \"canopsis/canopsis-core\"\n", ""),
        ("[image.overrides.debian]", "[image.overrides.rocky-9]\nrepository = \"x\"\n[image.overrides.debian]"),
        ("\"libc6 (>= 2.36)\"", "\"libc6 >= 2.36\""),
    ]);
    user_of_another_image: example_with(&[
        ("users = [\"canopsis\"]\n", ""),
        ("name = \"cat\"\n", "name = \"cat\"\nusers = [\"canopsis\"]\n"),
    ]);
    user_made_twice: example_with(&[("name = \"cat\"\n", "name = \"cat\"\nusers = [\"canopsis\"]\n")]);
    image_without_python: MINIMAL.to_owned()
        + "[[image]]\nname = \"core\"\nrepository = \"x\"\npython = [\".\"]\n";
    words_of_the_project: example_with(&[
        ("maintainer = \"Capensis <packages@example.org>\"", "maintainer = \"Capensis\""),
        ("license = \"Apache-2.0\"", "license = \"Apache 2.0\""),
        ("homepage = \"https://canopsis.example.org\"", "homepage = \"canopsis.example.org\""),
    ]);
    git_addresses_without_a_scheme: MINIMAL.to_owned()
        + "[[source]]\nname = \"bricks\"\ngit = \"github.com/x/bricks\"\n"
        + "[[repository]]\nname = \"core\"\ngit = \"git.example.org/team/core.git\"\n";
    an_endless_line: format!("[project]\nname = \"{}\"\n", "x".repeat(2000));
}

#[test]
fn a_minimal_recipe_is_fine() {
    assert!(parse(project().path(), MINIMAL).is_ok());
}

#[test]
fn a_missing_recipe_says_where_it_was_sought() {
    let error = RecipeError::Missing { folder: "examples".to_owned(), above: None };
    insta::assert_snapshot!("missing_recipe", shown(error));
}

#[test]
fn machines_get_places() {
    let error = parse(project().path(), &example_with(&[("name = \"prov\"", "name = \"core\"")])).unwrap_err();
    let json = to_json(&Failure::from(error));
    let place = |place: usize| {
        let place = &json["issues"][0]["places"][place];
        (place["file"].as_str().unwrap().to_owned(), place["line"].as_u64().unwrap(), place["column"].as_u64().unwrap())
    };
    assert_eq!(place(0), ("factory.toml".to_owned(), 45, 8));
    assert_eq!(place(1), ("factory.toml".to_owned(), 24, 8));
    assert_eq!(json["issues"][0]["message"], "two images are called `core`");
}
