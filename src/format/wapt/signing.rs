//! What is signed of a control file, and by whom.

use std::collections::{BTreeMap, BTreeSet};

use super::{control::Control, json};
use crate::{
    format::wapt::facts::attributes::ATTRIBUTES,
    sign::{Certificate, SignError, Signer, from_base64, to_base64},
};

/// What an attacker gains by changing it: a control file in which one of these is not signed is refused.
pub const MUST_BE_SIGNED: [&str; 11] = [
    "package",
    "version",
    "architecture",
    "section",
    "priority",
    "depends",
    "conflicts",
    "maturity",
    "signer_fingerprint",
    "signature_date",
    "signed_attributes",
];

/// So many names may be signed: more than a control file has keys, that what is signed of it stays small.
const MOST_NAMES: usize = 1000;

/// What WAPT before 1.5 signed, without saying so.
const OLD: &str = "package,version,architecture,section,priority,depends,conflicts,maturity";

/// The names that a control file says are signed, in its order.
#[must_use]
pub fn signed_names(control: &Control) -> Vec<String> {
    let said = control.get("signed_attributes");
    let names = if said.is_empty() && control.get("signature_date") < "20170609" { OLD } else { said };
    // Each is looked up. What is behind the last of so many is not signed: its signature does not fit, or it is missed.
    let names = names.split(',').take(MOST_NAMES).map(str::trim).filter(|name| !name.is_empty());
    // Agents have them as keys: of equal ones only the first is looked at.
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(*name)).map(str::to_owned).collect()
}

/// The value of a name as it is signed: a number for sizes, `null` for what is not there.
fn value(control: &Control, name: &str) -> String {
    match control.value(name) {
        None => "null".to_owned(),
        Some(text) if ["installed_size", "size"].contains(&name) => {
            json::integer(text).unwrap_or_else(|| json::string(text))
        }
        Some(text) => json::string(text),
    }
}

/// The bytes that the signature of a control file is over: JSON without blanks, its names sorted.
#[must_use]
pub fn signed_bytes(control: &Control) -> Vec<u8> {
    let pairs: BTreeMap<String, String> =
        signed_names(control).into_iter().map(|name| (name.clone(), value(control, &name))).collect();
    object(pairs.into_iter())
}

/// The same in the order of the names, as some versions of WAPT 2 wrote it.
fn unsorted_bytes(control: &Control) -> Vec<u8> {
    object(signed_names(control).into_iter().map(|name| (name.clone(), value(control, &name))))
}

fn object(pairs: impl Iterator<Item = (String, String)>) -> Vec<u8> {
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{}:{value}", json::string(&name))).collect();
    format!("{{{}}}", pairs.join(",")).into_bytes()
}

/// Signs a control file: fills in the signer, the date and what is signed. `date` is in seconds since 1970 UTC.
///
/// # Errors
/// Those of the key.
pub fn sign(control: &mut Control, signer: &dyn Signer, certificate: &Certificate, date: i64) -> Result<(), SignError> {
    let names = ATTRIBUTES.iter().map(|attribute| attribute.name).filter(|name| *name != "signature");
    let names: Vec<&str> = names.collect();
    for name in &names {
        if !control.has(name) {
            control.set(name, "");
        }
    }
    control.remove("signature");
    control.set("signed_attributes", &names.join(","));
    control.set("signature_date", &date_text(date));
    control.set("signer", &certificate.common_name().unwrap_or_default());
    control.set("signer_fingerprint", &certificate.fingerprint());
    let signature = to_base64(&signer.sign(&signed_bytes(control))?);
    control.set("signature", &signature);
    Ok(())
}

/// Checks the signature of a control file.
///
/// # Errors
/// [`SignError::Mismatch`], or that there is none.
pub fn verify(control: &Control, certificate: &Certificate) -> Result<(), SignError> {
    let signature = from_base64(control.get("signature"))?;
    match certificate.verify(&signed_bytes(control), &signature) {
        Err(SignError::Mismatch) => certificate.verify(&unsorted_bytes(control), &signature),
        checked => checked,
    }
}

/// `2026-11-20T09:27:22.000000`, in UTC.
#[must_use]
pub fn date_text(seconds: i64) -> String {
    format!("{}.000000", crate::util::clock::rfc3339(seconds).trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use sha2::Digest as _;

    use super::*;
    use crate::format::wapt::{fixtures, open_bytes};

    #[test]
    fn every_vector_has_its_bytes() {
        let Some(vectors) = fixtures::json("signed_bytes_vectors.json") else { return };
        let vectors = vectors.as_array().unwrap();
        assert!(!vectors.is_empty());
        for vector in vectors {
            let text = |key: &str| vector[key].as_str().unwrap();
            let control = Control::read(text("control_text").as_bytes()).unwrap();
            let bytes = signed_bytes(&control);
            assert_eq!(String::from_utf8_lossy(&bytes), text("signed_bytes"), "{}", text("file"));
            assert_eq!(hex::encode(sha2::Sha256::digest(&bytes)), text("signed_sha256"));
            let mut package = open_bytes(fixtures::bytes(text("file")).unwrap()).unwrap();
            let certificates = package.certificates().unwrap();
            let digests: Vec<String> = certificates.iter().map(Certificate::fingerprint).collect();
            let expected: Vec<&str> =
                vector["certificates_sha256"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
            assert_eq!(digests, expected);
            verify(&control, &certificates[0]).unwrap_or_else(|error| panic!("{}: {error}", text("file")));
            let manifest = package.manifest_bytes().unwrap().unwrap();
            assert_eq!(hex::encode(sha2::Sha256::digest(&manifest)), text("manifest_sha256"));
            let signature = from_base64(text("manifest_signature_b64")).unwrap();
            assert_eq!(certificates[0].verify(&manifest, &signature), Ok(()));
        }
    }

    #[test]
    fn values_are_those_of_python() {
        let control =
            Control::read(b"installed_size: 007\nname: \nsigned_attributes: name,installed_size,gone").unwrap();
        assert_eq!(String::from_utf8(signed_bytes(&control)).unwrap(), r#"{"gone":null,"installed_size":7,"name":""}"#);
        assert_eq!(
            String::from_utf8(unsorted_bytes(&control)).unwrap(),
            r#"{"name":"","installed_size":7,"gone":null}"#
        );
        let old = Control::read(b"package: a\nsignature_date: 20170101").unwrap();
        assert_eq!(signed_names(&old).len(), 8);
    }
}
