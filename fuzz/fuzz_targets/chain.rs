//! Certificates and revocation lists of somebody else: a chain is found or refused, each in a few steps.
#![no_main]

use factory::sign::{Certificate, Crl, Trust};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut chain = Certificate::all_from_pem(bytes).unwrap_or_default();
    chain.extend(Certificate::from_der(bytes));
    let crls: Vec<Crl> = Crl::read(bytes).into_iter().collect();
    let half = chain.len() / 2;
    for anchors in [Vec::new(), chain[half..].to_vec()] {
        let trust = Trust { anchors, crls: crls.clone() };
        let _ = trust.follow(&chain, 1_800_000_000);
    }
});
