//! Pages of both forms.

use proptest::prelude::*;

use super::*;

fn page(kind: &str, text: &str) -> Page {
    let at = Url::parse("https://index.example.org/simple/shop/").unwrap();
    Page { at, kind: kind.to_owned(), bytes: text.as_bytes().to_vec() }
}

fn offered(name: &str, address: &str, digest: Option<&str>, yanked: Option<&str>) -> Offered {
    Offered {
        name: name.to_owned(),
        address: address.to_owned(),
        sha256: digest.map(|digest| Sha256::new(digest).unwrap()),
        yanked: yanked.map(str::to_owned),
    }
}

#[test]
fn both_forms_say_the_same() {
    let digest = "a".repeat(64);
    let html = format!(
        "<!DOCTYPE html><!-- <a href='no'>no</a> --><html><body>\n\
         <a href=\"../../files/shop-1-py3-none-any.whl#sha256={digest}\" data-requires-python=\"&gt;=3.8\">shop-1</a><br>\n\
         <A data-yanked HREF=https://f.example.org/shop-1%2Bx.tar.gz>x</A>\n\
         <a class='y' data-yanked='a &amp; b' href = 'shop-2.zip'>y</a> <abbr href='no.whl'>"
    );
    let json = serde_json::json!({
        "meta": { "api-version": "1.3", "more": 1 },
        "name": "shop",
        "files": [
            { "filename": "shop-1-py3-none-any.whl", "url": "../../files/shop-1-py3-none-any.whl",
              "hashes": { "sha256": digest, "md5": "x" }, "requires-python": ">=3.8", "size": 5 },
            { "filename": "shop-1+x.tar.gz", "url": "https://f.example.org/shop-1%2Bx.tar.gz", "hashes": {}, "yanked": true },
            { "filename": "shop-2.zip", "url": "shop-2.zip", "hashes": { "sha256": "short" }, "yanked": "a & b" },
        ],
    });
    let expected = [
        offered(
            "shop-1-py3-none-any.whl",
            "https://index.example.org/files/shop-1-py3-none-any.whl",
            Some(&digest),
            None,
        ),
        offered("shop-1+x.tar.gz", "https://f.example.org/shop-1%2Bx.tar.gz", None, Some("")),
        offered("shop-2.zip", "https://index.example.org/simple/shop/shop-2.zip", None, Some("a & b")),
    ];
    assert_eq!(read(&page("text/html; charset=utf-8", &html)).unwrap(), expected);
    assert_eq!(read(&page("application/vnd.pypi.simple.v1+json", &json.to_string())).unwrap(), expected);
}

#[test]
fn what_is_no_page_is_said() {
    for (kind, text, said) in [
        ("application/octet-stream", "", "it is no page of an index"),
        ("application/json", "{}", "missing field `meta`"),
        (
            "application/json",
            "{\"meta\":{\"api-version\":\"2.0\"},\"files\":[]}",
            "it is of version 2.0 of the interface",
        ),
    ] {
        let error = read(&page(kind, text)).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn a_long_base_and_many_links_cost_little() {
    let at = Url::parse("https://i.example.org/simple/x/").unwrap();
    let long = format!("<base href=\"https://o.example.org/{}/\"><a href=\"y-1.tar.gz\">", "b".repeat(60_000));
    let files = html::read(&long, &at);
    assert_eq!(files[0].address, "https://i.example.org/simple/x/y-1.tar.gz", "such a base is none");
    assert_eq!(html::read(&"<a href=a>".repeat(MOST + 50), &at).len(), MOST + 1);
}

#[test]
fn a_login_stays_with_its_index() {
    let at =
        |address: &str| with_login(offered("x", address, None, None), "https://me:pw@i.example.org/simple/x/").address;
    assert_eq!(at("https://i.example.org/files/x"), "https://me:pw@i.example.org/files/x");
    assert_eq!(at("https://f.example.org/x"), "https://f.example.org/x");
    assert_eq!(at("http://i.example.org/x"), "http://i.example.org/x");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn no_page_is_too_strange(text in "(<|>|a|<a |href=|base|\"|'|=| |!--|-->|é|&amp;|#sha256=){0,40}") {
        let _ = html::read(&text, &Url::parse("https://i.example.org/").unwrap());
    }
}
