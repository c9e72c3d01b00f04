//! A manifest, a certificate file and a key of somebody else: read without a panic.
#![no_main]

use factory::{
    format::wapt::read_manifest,
    sign::{Certificate, Crl, RsaKey},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(manifest) = read_manifest(bytes) {
        assert!(manifest.len() <= bytes.len());
    }
    if let Ok(certificate) = Certificate::from_der(bytes) {
        let _ = (certificate.common_name(), certificate.may_issue(), certificate.authority_key_id());
        let _ = certificate.verify_issued_by(&certificate);
    }
    let _ = (Certificate::all_from_pem(bytes), Crl::read(bytes), RsaKey::read(bytes, None));
});
