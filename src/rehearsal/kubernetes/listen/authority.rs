//! The certificates of a simulated cluster. They follow from its name alone, so that the same
//! rehearsal makes the same files: what they protect is not real.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use ring::digest::{SHA256, digest};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// A certificate and its key, both PEM.
#[derive(Clone)]
struct Pair {
    certificate: String,
    key: String,
}

/// What a cluster shows and what its administrator shows it.
#[derive(Clone)]
pub struct Authority {
    root: Pair,
    server: Pair,
    admin: Pair,
}

/// An Ed25519 key that only these words give, as PKCS #8.
fn key(words: &[&str]) -> Result<KeyPair, rcgen::Error> {
    let seed = digest(&SHA256, words.join("\0").as_bytes());
    let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
    der.extend_from_slice(seed.as_ref());
    KeyPair::try_from(der)
}

fn params(name: &str, organization: Option<&str>) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    if let Some(organization) = organization {
        subject.push(DnType::OrganizationName, organization);
    }
    params.distinguished_name = subject;
    // Both the estate's days and the real ones are among them: a real kubectl looks at its own clock.
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2049, 12, 31);
    params.serial_number = Some(SerialNumber::from(
        digest(&SHA256, name.as_bytes()).as_ref()[..8].to_vec(),
    ));
    params
}

impl Authority {
    /// The authority of a cluster whose API is reached by these names and addresses.
    ///
    /// # Errors
    /// A name cannot stand in a certificate, in one line.
    pub fn new(cluster: &str, names: &[String]) -> Result<Self, String> {
        Self::make(cluster, names).map_err(|error| error.to_string())
    }

    fn make(cluster: &str, names: &[String]) -> Result<Self, rcgen::Error> {
        let mut root = params("k3s-server-ca@rehearsal", None);
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let root_key = key(&["ca", cluster])?;
        let certificate = root.self_signed(&root_key)?.pem();
        let root_pair = Pair {
            certificate,
            key: root_key.serialize_pem(),
        };
        let issuer = Issuer::new(root, root_key);
        let mut server = params("k3s", Some("k3s"));
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let usual = [
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
            "localhost",
            "127.0.0.1",
            "::1",
            "10.43.0.1",
        ];
        for name in usual.into_iter().chain(names.iter().map(String::as_str)) {
            let entry = match name.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(name.try_into()?),
            };
            if !server.subject_alt_names.contains(&entry) {
                server.subject_alt_names.push(entry);
            }
        }
        let mut admin = params("system:admin", Some("system:masters"));
        admin.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let issue = |params: CertificateParams, words: &[&str]| {
            let key = key(words)?;
            let certificate = params.signed_by(&key, &issuer)?.pem();
            Ok::<_, rcgen::Error>(Pair {
                certificate,
                key: key.serialize_pem(),
            })
        };
        Ok(Self {
            server: issue(server, &["server", cluster])?,
            admin: issue(admin, &["admin", cluster])?,
            root: root_pair,
        })
    }

    /// The certificate of the authority, PEM.
    pub fn certificate(&self) -> &str {
        &self.root.certificate
    }

    /// How the API talks TLS: client certificates are asked for, and those of others are refused.
    ///
    /// # Errors
    /// A defect of this program, in one line.
    pub fn server(&self) -> Result<ServerConfig, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let root = CertificateDer::from_pem_slice(self.root.certificate.as_bytes())
            .map_err(|e| text(&e))?;
        let mut roots = RootCertStore::empty();
        roots.add(root).map_err(|e| text(&e))?;
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .allow_unauthenticated()
                .build()
                .map_err(|e| text(&e))?;
        let certificate = CertificateDer::from_pem_slice(self.server.certificate.as_bytes())
            .map_err(|e| text(&e))?;
        let key =
            PrivateKeyDer::from_pem_slice(self.server.key.as_bytes()).map_err(|e| text(&e))?;
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| text(&e))?;
        let mut config = builder
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate], key)
            .map_err(|e| text(&e))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// The administrator's kubeconfig for an address of the API.
    pub fn kubeconfig(&self, address: &str) -> String {
        use base64::Engine;
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        format!(
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {}\n    server: {address}\n  name: default\n\
             contexts:\n- context:\n    cluster: default\n    user: default\n  name: default\ncurrent-context: default\nkind: Config\n\
             users:\n- name: default\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n",
            encode(&self.root.certificate),
            encode(&self.admin.certificate),
            encode(&self.admin.key),
        )
    }
}
