//! [`client`]: what every client of a server has in common: whom it trusts, and what it never does by itself.

use std::{sync::Arc, time::Duration};

use reqwest::redirect::Policy;
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};

use super::HttpError;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(15);

/// Whose certificates are trusted.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerTrust<'t> {
    /// Certificates in PEM form, beside the system's.
    pub ca: Option<&'t [u8]>,
    /// Takes any certificate: only for a server that the user has named as insecure.
    pub anyone: bool,
}

/// A client that follows no redirection by itself: whoever asks decides what goes along. Proxies are those of the environment.
///
/// # Errors
/// [`HttpError::Setup`] when this machine cannot do TLS.
pub fn client(trust: &ServerTrust<'_>) -> Result<reqwest::ClientBuilder, HttpError> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls(trust)?)
        .redirect(Policy::none())
        .referer(false)
        .connect_timeout(CONNECT)
        .user_agent(concat!("factory/", env!("CARGO_PKG_VERSION"))))
}

fn tls(trust: &ServerTrust<'_>) -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| HttpError::Setup { reason: error.to_string() })?;
    if trust.anyone {
        let verifier = Arc::new(Anyone(provider));
        return Ok(versions.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth());
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let own = CertificateDer::pem_slice_iter(trust.ca.unwrap_or_default());
    roots.add_parsable_certificates(own.filter_map(Result::ok));
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

/// Takes any certificate, but no broken handshake.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
