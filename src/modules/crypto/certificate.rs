//! `community.crypto.x509_certificate`: a certificate signed by its own key or by an authority of
//! ours, made anew when a field differs, when another authority signed it, or before it ends.

use rcgen::{CertificateParams, CertificateSigningRequestParams, Issuer, KeyPair, SerialNumber};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{key, times};
use crate::connection::{Action, Probe};
use crate::modules::dates::{self, backup_suffix};
use crate::modules::mode::Target;
use crate::modules::seen::{read, stat};
use crate::modules::wanted::Wanted;
use crate::modules::{Change, Context, Failure, Given, Recipe, Seen, Steps};

/// A PEM text: given, or in a file of the host.
enum Text {
    Content(String),
    File(String),
}

/// The module.
pub struct Certificate {
    path: String,
    present: bool,
    request: Option<Text>,
    /// The key that signs.
    key: Option<Text>,
    /// The authority's certificate; `None`: signed by its own key.
    authority: Option<Text>,
    own: bool,
    /// Seconds since 1970.
    not_before: i64,
    not_after: i64,
    /// It is made anew when it ends before this, seconds since 1970.
    renew: i64,
    force: bool,
    content: bool,
    backup: Option<String>,
    wanted: Wanted,
}

impl Certificate {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let now = dates::seconds(context.clock.now());
        let present = given.text("state") != Some("absent");
        let own = given.text("provider") == Some("selfsigned");
        if present && !own && given.text("provider") != Some("ownca") {
            return Err(Failure::msg("`provider` must be selfsigned or ownca"));
        }
        let prefix = if own { "selfsigned" } else { "ownca" };
        if given.text(&format!("{prefix}_digest")) != Some("sha256") {
            return Err(Failure::msg(format!(
                "only `{prefix}_digest: sha256` is supported"
            )));
        }
        if given
            .some("privatekey_passphrase")
            .or(given.some("ownca_privatekey_passphrase"))
            .is_some()
        {
            return Err(Failure::msg("keys with a passphrase are not supported"));
        }
        let text = |name: &str| -> Result<Option<Text>, Failure> {
            if let Some(content) = given.some(&format!("{name}_content")) {
                return Ok(Some(Text::Content(content)));
            }
            Ok(given.path(&format!("{name}_path"))?.map(Text::File))
        };
        let (key, authority) = if own {
            (text("privatekey")?, None)
        } else {
            (text("ownca_privatekey")?, text("ownca")?)
        };
        let request = text("csr")?;
        if present && (key.is_none() || request.is_none() || (!own && authority.is_none())) {
            return Err(Failure::msg(if own {
                "selfsigned needs csr_path and privatekey_path (or their content)"
            } else {
                "ownca needs csr_path, ownca_path and ownca_privatekey_path (or their content)"
            }));
        }
        let renew = given
            .some("renew_before")
            .map_or(Ok(0), |t| times::relative(&t))?;
        Ok(Self {
            path: given.the_path("path")?,
            present,
            request,
            key,
            authority,
            own,
            not_before: times::absolute(&given.string(&format!("{prefix}_not_before")), now)?,
            not_after: times::absolute(&given.string(&format!("{prefix}_not_after")), now)?,
            renew: now + renew,
            force: given.flag("force"),
            content: given.flag("return_content"),
            backup: given
                .flag("backup")
                .then(|| backup_suffix(context.clock.now())),
            wanted: Wanted::new(given)?,
        })
    }

    /// The texts that are needed; the failure names the first that there is not.
    fn text(seen: &Seen, text: Option<&Text>) -> Result<String, Failure> {
        match text {
            Some(Text::Content(content)) => Ok(content.clone()),
            Some(Text::File(path)) => seen
                .text(path)?
                .ok_or_else(|| Failure::msg(format!("The file {path} does not exist"))),
            None => Ok(String::new()),
        }
    }

    /// Signs: a new certificate as PEM.
    fn sign(&self, seen: &Seen) -> Result<String, Failure> {
        let failed =
            |error: rcgen::Error| Failure::msg(format!("could not sign the certificate: {error}"));
        let request = Self::text(seen, self.request.as_ref())?;
        let mut request = CertificateSigningRequestParams::from_pem(&request)
            .map_err(|error| Failure::msg(format!("the request is not understood: {error}")))?;
        let key = key::parse(&Self::text(seen, self.key.as_ref())?)?;
        self.fill(&mut request.params)?;
        if self.own {
            return Ok(request.params.self_signed(&key).map_err(failed)?.pem());
        }
        request.params.use_authority_key_identifier_extension = true;
        let authority = Self::text(seen, self.authority.as_ref())?;
        belongs(&authority, &key)?;
        let issuer = Issuer::from_ca_cert_pem(&authority, key).map_err(failed)?;
        Ok(request.signed_by(&issuer).map_err(failed)?.pem())
    }

    /// Times and number.
    fn fill(&self, params: &mut CertificateParams) -> Result<(), Failure> {
        let time = |seconds: i64| {
            OffsetDateTime::from_unix_timestamp(seconds)
                .map_err(|_| Failure::msg("the time is out of range"))
        };
        params.not_before = time(self.not_before)?;
        params.not_after = time(self.not_after)?;
        let mut number = [0_u8; 16];
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut number)
            .map_err(|_| Failure::msg("no random numbers"))?;
        // Positive, as a serial number must be, and never zero.
        number[0] = number[0] & 0x7f | 0x40;
        params.serial_number = Some(SerialNumber::from_slice(&number));
        Ok(())
    }

    /// Why what is there is not the certificate that is wanted.
    fn differs(&self, before: &str, new: &str, authority: &str) -> Option<String> {
        let (Some(old), Some(new)) = (Parsed::new(before), Parsed::new(new)) else {
            return Some("it is not a certificate".to_owned());
        };
        if old.fields != new.fields {
            return Some("its fields are not those of the request".to_owned());
        }
        let signer = if self.own { before } else { authority };
        if !signed_by(before, signer) {
            return Some("another key signed it".to_owned());
        }
        (old.not_after < self.renew).then(|| "it ends soon".to_owned())
    }
}

/// The authority's key must be the one of its certificate.
fn belongs(authority: &str, key: &KeyPair) -> Result<(), Failure> {
    let own = x509_parser::pem::parse_x509_pem(authority.as_bytes())
        .ok()
        .and_then(|(_, pem)| {
            pem.parse_x509()
                .ok()
                .map(|c| c.public_key().subject_public_key.data.to_vec())
        });
    if own.as_deref() == Some(key.public_key_raw()) {
        Ok(())
    } else {
        Err(Failure::msg(
            "The CA's private key does not belong to the CA's certificate",
        ))
    }
}

/// What counts in a certificate.
struct Parsed {
    fields: (Vec<u8>, Vec<u8>, Vec<u8>, Vec<String>),
    not_after: i64,
}

impl Parsed {
    fn new(pem: &str) -> Option<Self> {
        let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).ok()?;
        let (_, certificate) = X509Certificate::from_der(&pem.contents).ok()?;
        let mut extensions: Vec<String> = certificate
            .extensions()
            .iter()
            // The identifiers of keys follow from the keys, which are compared.
            .filter(|e| !matches!(e.oid.to_id_string().as_str(), "2.5.29.14" | "2.5.29.35"))
            .map(|e| format!("{} {} {:?}", e.oid, e.critical, e.value))
            .collect();
        extensions.sort();
        Some(Self {
            fields: (
                certificate.subject().as_raw().to_vec(),
                certificate.issuer().as_raw().to_vec(),
                certificate.public_key().raw.to_vec(),
                extensions,
            ),
            not_after: certificate.validity().not_after.timestamp(),
        })
    }
}

/// Whether the signature is by the key of the other certificate.
fn signed_by(certificate: &str, authority: &str) -> bool {
    let parse = |text: &str| {
        x509_parser::pem::parse_x509_pem(text.as_bytes())
            .ok()
            .map(|(_, pem)| pem)
    };
    let (Some(certificate), Some(authority)) = (parse(certificate), parse(authority)) else {
        return false;
    };
    let (Ok(certificate), Ok(authority)) = (certificate.parse_x509(), authority.parse_x509())
    else {
        return false;
    };
    certificate
        .verify_signature(Some(authority.public_key()))
        .is_ok()
}

/// A time as Ansible's results show it.
fn stamp(seconds: i64) -> String {
    let [y, mo, d, h, mi, s] = dates::civil(seconds);
    format!("{y:04}{mo:02}{d:02}{h:02}{mi:02}{s:02}Z")
}

impl Recipe for Certificate {
    fn questions(&self) -> Vec<Probe> {
        let mut probes = vec![stat(&self.path), read(&self.path)];
        for text in [&self.request, &self.key, &self.authority]
            .into_iter()
            .flatten()
        {
            if let Text::File(path) = text {
                probes.push(read(path));
            }
        }
        probes
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one step after the other, each used once"
    )]
    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        steps.set("filename", self.path.as_str());
        let there = seen.stat(&self.path)?;
        if !self.present {
            if there.is_some() {
                steps.step(
                    Change::new(&self.path, "certificate", ""),
                    Action::Remove {
                        path: self.path.clone(),
                    },
                );
            }
            return Ok(steps.or_reason("there is no certificate"));
        }
        let before = seen.text(&self.path)?;
        for text in [&self.request, &self.key, &self.authority] {
            if let Err(missing) = Self::text(seen, text.as_ref()) {
                // A task before this one may make it: the change is known, the certificate is not.
                steps.diff.changes.push(Change::new(
                    &self.path,
                    before.unwrap_or_default(),
                    "a new certificate",
                ));
                steps.diff.refused = Some(missing);
                return Ok(steps);
            }
        }
        let new = self.sign(seen)?;
        let authority = Self::text(seen, self.authority.as_ref())?;
        let why = match &before {
            None => Some("there is none".to_owned()),
            Some(_) if self.force => Some("`force`".to_owned()),
            Some(before) => self.differs(before, &new, &authority),
        };
        let Some(why) = why else {
            if let Some(there) = there {
                self.wanted.settle(&mut steps, &self.path, there);
            }
            if self.content {
                steps.set("certificate", before.unwrap_or_default());
            }
            return Ok(steps.or_reason("the certificate has these fields already"));
        };
        steps.set("notBefore", stamp(self.not_before));
        steps.set("notAfter", stamp(self.not_after));
        if self.content {
            steps.set("certificate", new.as_str());
        }
        let backup = there
            .and(self.backup.as_ref())
            .map(|suffix| format!("{}{suffix}", self.path));
        steps.step(
            Change::new(
                format!("{} ({why})", self.path),
                before.unwrap_or_default(),
                &new,
            ),
            Action::WriteFile {
                path: self.path.clone(),
                content: new.into_bytes().into(),
                attributes: self.wanted.attributes(there, Target::File),
                validate: None,
                backup,
            },
        );
        Ok(steps)
    }
}
