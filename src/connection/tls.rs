//! The address of a service's API, and TLS that trusts its authority and no other: for whoever
//! speaks to a service through a host's `dial`.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::secret::Secret;

/// What is wrong when TLS cannot begin.
type Tls = Result<ClientConfig, String>;

/// Host, port and prefix of an https address.
pub fn address(server: &str) -> Option<(String, u16, String)> {
    let rest = server.strip_prefix("https://")?;
    let (authority, path) = rest
        .find('/')
        .map_or((rest, ""), |at| (&rest[..at], &rest[at..]));
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            (host, after.strip_prefix(':').unwrap_or("443"))
        }
        None => authority.split_once(':').unwrap_or((authority, "443")),
    };
    if host.is_empty() {
        return None;
    }
    Some((
        host.to_owned(),
        port.parse().ok()?,
        path.trim_end_matches('/').to_owned(),
    ))
}

/// A client's certificate chain and key, both PEM.
pub type Pair = (Secret<Vec<u8>>, Secret<Vec<u8>>);

/// TLS that trusts these authorities only, for a client that speaks this protocol (`h2`,
/// `http/1.1`).
///
/// # Errors
/// What is wrong with the PEM, in words that follow the name of what holds it.
pub fn tls(ca: &Secret<Vec<u8>>, pair: Option<&Pair>, protocol: &str) -> Tls {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca.expose()) {
        let certificate = certificate.map_err(|_| "its CA is not a PEM certificate")?;
        roots
            .add(certificate)
            .map_err(|e| format!("its CA cannot be used: {e}"))?;
    }
    if roots.is_empty() {
        return Err("its CA is not a PEM certificate".to_owned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots);
    let mut config = match pair {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain: Result<Vec<_>, _> =
                CertificateDer::pem_slice_iter(certificate.expose()).collect();
            let chain = chain.map_err(|_| "its client certificate is not PEM")?;
            let key = PrivateKeyDer::from_pem_slice(key.expose())
                .map_err(|_| "its client key is not PEM")?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|e| format!("its client certificate cannot be used: {e}"))?
        }
    };
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    Ok(config)
}
