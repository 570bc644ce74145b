//! Keys and certificates, made by this program and written to the host; openssl is not needed.

mod certificate;
mod key;
mod names;
mod request;
mod ssh;
mod times;

use super::registry::{Built, boxed};
use super::{Context, Given};

/// The module of this family by its short name.
pub fn build(name: &str, given: &Given, context: &Context<'_>) -> Built {
    match name {
        "openssl_privatekey" => boxed(key::PrivateKey::new(given, context)?),
        "openssl_csr" => boxed(request::Request::new(given, context)?),
        "x509_certificate" => boxed(certificate::Certificate::new(given, context)?),
        "openssh_keypair" => boxed(ssh::KeyPair::new(given)?),
        _ => Ok(None),
    }
}
