//! Whole packages: written and verified, those of others, hostile ones.

use std::io::Cursor;

use super::*;
use crate::{
    format::zip,
    sign::{Bits, Certificate, Made, RsaKey, Subject, Trust, make_certificate},
    stage::{Role, Spool, Tree, TreePath},
};

/// 2026-11-20.
const DATE: i64 = 1_795_172_800;

struct Signer {
    key: RsaKey,
    chain: Vec<Certificate>,
}

fn signer(code_signing: bool) -> Signer {
    let key = Made::new(Bits::B2048).unwrap().key().unwrap();
    let subject = Subject {
        name: "Tester é".to_owned(),
        organization: "Example".to_owned(),
        country: "FR".to_owned(),
        ca: true,
        code_signing,
        not_before: DATE - 10,
        not_after: DATE + 1000,
    };
    let chain = vec![make_certificate(&subject, &key, None).unwrap()];
    Signer { key, chain }
}

impl Signer {
    fn signing(&self, date: i64) -> Signing<'_> {
        Signing { signer: &self.key, chain: &self.chain, date, as_found: false }
    }

    fn trust(&self) -> Trust {
        Trust { anchors: self.chain.clone(), crls: Vec::new() }
    }
}

fn tree(files: &[(&str, &[u8])]) -> Tree {
    let mut tree = Tree::new(Spool::new().unwrap());
    for (path, bytes) in files {
        tree.add_bytes(TreePath::new(path).unwrap(), bytes, 0o644, 0, Role::Plain, "test").unwrap();
    }
    tree
}

fn control(pairs: &[(&str, &str)]) -> Control {
    let mut control = Control::default();
    let base = [("package", "tis-test"), ("version", "1.0-1"), ("description", "déjà vu 😀\nsecond line")];
    base.iter().chain(pairs).for_each(|(name, value)| control.set(name, value));
    control
}

fn written(tree: &Tree, control: &Control, signing: &Signing<'_>) -> Result<Vec<u8>, WaptError> {
    let mut out = Cursor::new(Vec::new());
    write(tree, control, signing, &mut out)?;
    Ok(out.into_inner())
}

const FILES: [(&str, &[u8]); 4] =
    [("setup.py", b"x"), ("données/é à.txt", b"text"), ("empty", b""), (".git/config", b"no")];

fn refusals(bytes: Vec<u8>, trust: &Trust, now: i64) -> Vec<String> {
    match open_bytes(bytes) {
        Err(error) => vec![error.to_string()],
        Ok(mut package) => match verify(&mut package, trust, now) {
            Ok(_) => Vec::new(),
            Err(refusals) => refusals.iter().map(ToString::to_string).collect(),
        },
    }
}

#[test]
fn what_is_written_verifies() {
    let signer = signer(true);
    let bytes = written(&tree(&FILES), &control(&[]), &signer.signing(DATE)).unwrap();
    let mut package = open_bytes(bytes.clone()).unwrap();
    let verified = verify(&mut package, &signer.trust(), DATE).unwrap();
    assert_eq!((verified.control.title().as_str(), verified.files), ("tis-test 1.0-1", 7));
    assert_eq!(verified.control.get("installed_size"), "5");
    assert_eq!(verified.control.get("architecture"), "all");
    assert_eq!(verified.control.get("signature_date"), "2026-11-20T11:06:40.000000");
    let names: Vec<&str> = package.entries().iter().map(|entry| entry.name.as_str()).collect();
    assert!(!names.contains(&".git/config") && names.contains(&"données/é à.txt"));
    // The same again.
    assert_eq!(written(&tree(&FILES), &control(&[]), &signer.signing(DATE)).unwrap(), bytes);
    let later = written(&tree(&FILES), &control(&[]), &signer.signing(DATE + 2)).unwrap();
    assert_ne!(later, bytes);
    // The certificates behind the signer's are in the package, too.
    let more = Signer { key: signer.key, chain: [&signer.chain[..], &signer.chain].concat() };
    let other = written(&tree(&FILES), &control(&[]), &more.signing(DATE)).unwrap();
    let id = |bytes: &Vec<u8>| open_bytes(bytes.clone()).unwrap().control().unwrap().get("package_uuid").to_owned();
    assert_ne!(id(&bytes), id(&other), "two packages with one id");
    let signer = more;
    let random = control(&[("package_uuid", RANDOM)]);
    let one = written(&tree(&FILES), &random, &signer.signing(DATE)).unwrap();
    assert_ne!(one, written(&tree(&FILES), &random, &signer.signing(DATE)).unwrap());
    assert!(refusals(one, &signer.trust(), DATE).is_empty());
}

#[test]
fn what_the_author_says_is_installed_stays() {
    let signer = signer(true);
    let size = |value: &str| {
        let bytes = written(&tree(&FILES), &control(&[("installed_size", value)]), &signer.signing(DATE)).unwrap();
        let mut package = open_bytes(bytes).unwrap();
        let verified = verify(&mut package, &signer.trust(), DATE).unwrap();
        verified.control.get("installed_size").to_owned()
    };
    assert_eq!(["254251008", "0", "007", "70 MB", ""].map(size), ["254251008", "0", "007", "70 MB", "5"]);
}

#[test]
fn nothing_has_the_version_0_by_itself() {
    let error = written(&tree(&FILES), &control(&[("version", "")]), &signer(true).signing(DATE)).unwrap_err();
    assert_eq!(error.to_string(), "version: it is missing");
}

#[test]
fn attributes_are_signed_as_they_were_found() {
    let signer = signer(true);
    let odd = control(&[("version", "1.0b-1"), ("priority", "first of all"), ("homepage", "example.org")]);
    let files = tree(&[("WAPT/icon.png", b"GIF")]);
    assert!(written(&files, &odd, &signer.signing(DATE)).is_err());
    let bytes = written(&files, &odd, &Signing { as_found: true, ..signer.signing(DATE) }).unwrap();
    let mut package = open_bytes(bytes).unwrap();
    let verified = verify(&mut package, &signer.trust(), DATE).unwrap();
    assert_eq!((verified.control.get("version"), verified.control.get("homepage")), ("1.0b-1", "example.org"));
    let said = verified.warnings.join("; ");
    assert!(said.contains("WAPT/icon.png: it is not a PNG file"), "{said}");
}

#[test]
fn what_will_not_have_been_meant_is_said() {
    let signer = signer(true);
    let said = |pairs: &[(&str, &str)], files: &[(&str, &[u8])]| {
        let bytes = written(&tree(files), &control(pairs), &signer.signing(DATE)).unwrap();
        let mut package = open_bytes(bytes).unwrap();
        verify(&mut package, &signer.trust(), DATE).unwrap().warnings.join("; ")
    };
    assert_eq!(said(&[], &FILES), "");
    assert!(said(&[("valid_until", "2020-01-01T00:00:00")], &[]).contains("`valid_until` is past"));
    assert!(said(&[("depends", "tis-a"), ("conflicts", "tis-a")], &[]).contains("conflicts with `tis-a`"));
    let long = ["folder"; 40].join("/");
    assert!(said(&[], &[(long.as_str(), b"x")]).contains("Windows opens 259 at most"));
    let picture = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &[0, 0, 0, 64, 0, 0, 0, 64][..], b"\x08\x06"].concat();
    assert!(said(&[], &[("WAPT/icon.png", &picture)]).contains("64x64 pixels"));
    let picture = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &[0, 0, 0, 48, 0, 0, 0, 48][..], b"\x08\x06"].concat();
    assert!(said(&[], &[("WAPT/icon.png", &picture)]).contains("it breaks off"));
}

#[test]
fn more_files_than_are_read_again_are_not_packed() {
    let signer = signer(true);
    let mut many = tree(&[]);
    for number in 0..200_001 {
        many.add_bytes(TreePath::new(&number.to_string()).unwrap(), b"", 0o644, 0, Role::Plain, "test").unwrap();
    }
    let mut out = Cursor::new(Vec::new());
    let error = write(&many, &control(&[]), &signer.signing(DATE), &mut out).unwrap_err();
    assert_eq!(error.to_string(), "the archive is too large: a WAPT package has at most 200,000 files");
    assert!(out.into_inner().is_empty(), "nothing was packed");
}

#[test]
fn packages_of_nothing_but_attributes() {
    let signer = signer(false);
    for section in ["group", "host", "unit", "profile", "wsus", "restricted"] {
        let control = control(&[("section", section), ("depends", "tis-a,tis-b(>=1.0-0)")]);
        let bytes = written(&tree(&[]), &control, &signer.signing(DATE)).unwrap();
        let mut package = open_bytes(bytes).unwrap();
        let verified = verify(&mut package, &signer.trust(), DATE).unwrap();
        assert_eq!((verified.control.get("section"), verified.files), (section, 4));
    }
}

#[test]
fn who_may_not_sign() {
    let error = written(&tree(&FILES), &control(&[]), &signer(false).signing(DATE)).unwrap_err();
    assert!(error.to_string().contains("not for code signing"), "{error}");
    let (one, mut other) = (signer(true), signer(true));
    other.chain = one.chain;
    // A key that is not the certificate's.
    assert!(written(&tree(&FILES), &control(&[]), &other.signing(DATE)).is_err());
}

#[test]
fn what_cannot_be_written() {
    let signer = signer(true);
    for (name, value) in [("version", "1.0b"), ("depends", "a (>=1)"), ("package", "A b"), ("valid_from", "soon")] {
        let error = written(&tree(&FILES), &control(&[(name, value)]), &signer.signing(DATE)).unwrap_err();
        assert!(matches!(&error, WaptError::Attribute { attribute, .. } if attribute == name), "{error}");
    }
    for files in [&[("a", &b""[..]), ("A", b"")][..], &[("nul", b"")], &[("x:y", b"")], &[("WAPT/icon.png", b"GIF")]] {
        assert!(written(&tree(files), &control(&[]), &signer.signing(DATE)).is_err(), "{files:?}");
    }
}

type Files = Vec<(String, Vec<u8>)>;

/// The entries of an archive, to be changed and zipped again.
fn unzipped(bytes: Vec<u8>) -> Files {
    let mut package = open_bytes(bytes).unwrap();
    let entries = package.entries().to_vec();
    let content = |entry: &zip::Entry| {
        let mut out = Vec::new();
        package.unpack(entry, &mut out).unwrap();
        (entry.name.clone(), out)
    };
    entries.iter().map(content).collect()
}

fn zipped(files: &Files) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let mut writer = zip::Writer::new(&mut out, DATE);
    for (name, bytes) in files {
        writer.file(name, &mut &bytes[..]).unwrap();
    }
    writer.finish().unwrap();
    out.into_inner()
}

#[test]
fn every_change_is_named() {
    let signer = signer(true);
    let bytes = written(&tree(&FILES), &control(&[("depends", "tis-a")]), &signer.signing(DATE)).unwrap();
    let changed = |change: &dyn Fn(&mut Files)| {
        let mut files = unzipped(bytes.clone());
        change(&mut files);
        refusals(zipped(&files), &signer.trust(), DATE).join("; ")
    };
    let edit = |files: &mut Files, name: &str, from: &str, to: &str| {
        let file = files.iter_mut().find(|(own, _)| own == name).unwrap();
        let text = String::from_utf8(file.1.clone()).unwrap();
        assert!(text.contains(from));
        file.1 = text.replace(from, to).into_bytes();
    };
    assert_eq!(changed(&|_| ()), "");
    assert_eq!(
        changed(&|files| edit(files, "setup.py", "x", "y")),
        "`setup.py` was changed: its digest is not the manifest's"
    );
    assert_eq!(changed(&|files| files.push(("evil".to_owned(), vec![]))), "`evil` is not in the manifest");
    assert_eq!(changed(&|files| files.retain(|(name, _)| name != "empty")), "`empty` is missing: the manifest has it");
    let found = changed(&|files| edit(files, "WAPT/control", "tis-a", "tis-b"));
    assert!(
        found.starts_with("the control file was changed") && found.contains("`WAPT/control` was changed"),
        "{found}"
    );
    let found = changed(&|files| edit(files, "WAPT/manifest.sha256", "[[", "[ ["));
    assert_eq!(found, "the manifest was changed, or signed by another key than that of `Tester é`");
    let found = changed(&|files| files.retain(|(name, _)| name != "WAPT/signature.sha256"));
    assert_eq!(found, "the package is not signed: there is no `WAPT/signature.sha256`");
    let found = changed(&|files| files.retain(|(name, _)| name != "WAPT/control"));
    assert!(found.starts_with("WAPT/control: it is missing"), "{found}");
    assert_eq!(refusals(bytes.clone(), &Trust::default(), DATE).len(), 1);
    let late = refusals(bytes, &signer.trust(), DATE + 5000).join("; ");
    assert_eq!(late, "the certificate of `Tester é` is expired");
}

#[test]
fn code_is_code_in_whatever_case() {
    let signer = signer(false);
    let error = written(&tree(&[("Setup.PY", b"x")]), &control(&[]), &signer.signing(DATE)).unwrap_err();
    assert!(error.to_string().contains("not for code signing"), "{error}");
    // Signed by another program.
    let mut files = unzipped(written(&tree(&[("Setup_PY", b"x")]), &control(&[]), &signer.signing(DATE)).unwrap());
    let mut signature = Vec::new();
    for (name, bytes) in &mut files {
        *name = name.replace("Setup_PY", "Setup.PY");
        if name == "WAPT/manifest.sha256" {
            *bytes = String::from_utf8_lossy(bytes).replace("Setup_PY", "Setup.PY").into_bytes();
            signature = crate::sign::Signer::sign(&signer.key, bytes).unwrap();
        }
        if name == "WAPT/signature.sha256" {
            *bytes = crate::sign::to_base64(&signature).into_bytes();
        }
    }
    let found = refusals(zipped(&files), &signer.trust(), DATE);
    assert_eq!(found, ["the package has a `setup.py`, and the certificate of `Tester é` is not for code signing"]);
}

/// Makes the entry of a name that ends with a slash a folder, in the central directory.
fn as_folder(mut bytes: Vec<u8>, name: &str) -> Vec<u8> {
    let at = bytes.windows(name.len()).rposition(|part| part == name.as_bytes()).unwrap();
    bytes[at - 8..at - 4].copy_from_slice(&(0o040_755_u32 << 16).to_le_bytes());
    bytes
}

#[test]
fn folders_with_nothing_in_them() {
    let signer = signer(true);
    let files = unzipped(written(&tree(&FILES), &control(&[]), &signer.signing(DATE)).unwrap());
    let with = |pair: Option<&str>, folder: bool| {
        let mut files = files.clone();
        let mut signature = Vec::new();
        for (_, bytes) in files.iter_mut().filter(|(name, _)| name == "WAPT/manifest.sha256") {
            let text = String::from_utf8(bytes.clone()).unwrap();
            let more = pair.map_or_else(|| "[".to_owned(), |name| format!("[[\"{name}\",\"\"],"));
            *bytes = text.replacen('[', &more, 1).into_bytes();
            signature = crate::sign::Signer::sign(&signer.key, bytes).unwrap();
        }
        for (_, bytes) in files.iter_mut().filter(|(name, _)| name == "WAPT/signature.sha256") {
            *bytes = crate::sign::to_base64(&signature).into_bytes();
        }
        let mut bytes = zipped(&files);
        if folder {
            files.push(("nothing/".to_owned(), Vec::new()));
            bytes = as_folder(zipped(&files), "nothing/");
        }
        let mut package = open_bytes(bytes).unwrap();
        match verify(&mut package, &signer.trust(), DATE) {
            Ok(verified) => verified.warnings.join("; "),
            Err(refusals) => refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        }
    };
    let of_1_8 = |name: &str| {
        format!("the manifest names a folder (`{name}`), and WAPT 1.8 refuses the package: it looks for a file there")
    };
    // WAPT 2 lists them with and without a slash.
    assert_eq!(with(Some("nothing"), true), of_1_8("nothing"));
    assert_eq!(with(Some("nothing/"), true), of_1_8("nothing/"));
    assert_eq!(with(None, true), "`nothing/` is not in the manifest");
    assert_eq!(with(Some("nothing"), false), "`nothing` is missing: the manifest has it");
    // A folder is no file with an empty digest.
    let found = with(Some("setup.py/"), false);
    assert!(found.contains("`setup.py` is missing"), "{found}");
    assert_eq!(with(Some("données"), false), of_1_8("données"));
}

#[test]
fn too_little_is_signed() {
    let signer = signer(true);
    let bytes = written(&tree(&[]), &control(&[]), &signer.signing(DATE)).unwrap();
    let mut control = open_bytes(bytes).unwrap().control().unwrap();
    control.set("signed_attributes", "package");
    let signature = crate::sign::Signer::sign(&signer.key, &signed_bytes(&control)).unwrap();
    control.set("signature", &crate::sign::to_base64(&signature));
    let mut refusals = Vec::new();
    check_control(&control, &signer.chain[0], &mut refusals);
    let [Refusal::Unsigned(names)] = &refusals[..] else { panic!("{refusals:?}") };
    assert!(names.starts_with("version, architecture, section"));
}

/// What the real program says, and which of our refusals says the same.
fn says_the_same(real: &str, refusal: &Refusal) -> bool {
    use crate::sign::ChainError;
    if real.contains("EWaptCertificateUnknownIssuer") {
        return matches!(refusal, Refusal::Untrusted(ChainError::Unknown { .. }));
    }
    if real.contains("EWaptCertificateExpired") {
        return matches!(refusal, Refusal::Untrusted(ChainError::Expired(_)));
    }
    if real.contains("not a code signing certificate") {
        return matches!(refusal, Refusal::NotCodeSigning(_));
    }
    if real.contains("EWaptNotSigned") {
        return matches!(refusal, Refusal::NotSigned(_));
    }
    if real.contains("EWaptCorruptedFiles") {
        let named = |name: &str| real.contains(&format!("'{name}'"));
        return match refusal {
            Refusal::Changed(name) | Refusal::Unlisted(name) | Refusal::Missing(name) => named(name),
            _ => false,
        };
    }
    real.contains("SSL signature verification failed")
        && (matches!(refusal, Refusal::ManifestSignature(_) | Refusal::ControlSignature(_))
            || refusal.to_string().contains("byte order mark"))
}

#[test]
fn packages_of_others_get_their_verdicts() {
    let Some(verdicts) = fixtures::json("verdicts.json") else { return };
    let verdicts = verdicts.as_array().unwrap();
    assert!(verdicts.len() > 20);
    for verdict in verdicts {
        let text = |key: &str| verdict[key].as_str().unwrap();
        let names: Vec<&str> = verdict["trust"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let mut package = open_bytes(fixtures::bytes(text("file")).unwrap()).unwrap();
        let found = verify(&mut package, &fixtures::trust(&names), fixtures::NOW);
        match (found, text("verdict")) {
            (Ok(_), "OK") => {}
            (Err(refusals), "BAD") => {
                let fits = refusals.iter().any(|refusal| says_the_same(text("real_message"), refusal));
                assert!(fits, "{}: {} is none of {refusals:?}", text("file"), text("real_message"));
            }
            (found, wanted) => panic!("{} ({}): {wanted}, but {found:?}", text("file"), text("note")),
        }
    }
}

#[test]
fn packages_of_wapt_itself_verify() {
    let Some(folder) = fixtures::path("real-1.8.2") else { return };
    let all = ["selfsigned.crt", "root.crt", "inter.crt", "codeur.crt", "gest.crt", "other.crt"];
    let trust = fixtures::trust(&all.map(|name| ["pki/", name].concat()).each_ref().map(String::as_str));
    let mut count = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let mut package = open(&path).unwrap();
        let verified = verify(&mut package, &trust, fixtures::NOW);
        let verified = verified.unwrap_or_else(|refusals| panic!("{}: {refusals:?}", path.display()));
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(file_name(&verified.control, Generation::V1), name);
        count += 1;
    }
    assert_eq!(count, 6);
}

#[test]
fn keys_of_the_fixtures_sign() {
    let Some(folder) = fixtures::path("pki") else { return };
    let chain = fixtures::certificates("pki/selfsigned.crt");
    let encrypted = std::fs::read(folder.join("selfsigned-encrypted.pem")).unwrap();
    let password = crate::sign::Password::new("wapt-test-pw\n");
    let key = RsaKey::read(&encrypted, Some(&password)).unwrap();
    assert!(chain[0].has_modulus(&key.modulus()));
    let signing = Signing { signer: &key, chain: &chain, date: DATE, as_found: false };
    let bytes = written(&tree(&FILES), &control(&[]), &signing).unwrap();
    assert!(refusals(bytes, &fixtures::trust(&["pki/selfsigned.crt"]), DATE).is_empty());
    let wrong = RsaKey::read(&encrypted, Some(&crate::sign::Password::new("no")));
    assert_eq!(wrong.unwrap_err(), crate::sign::SignError::WrongPassword);
}
