//! `community.crypto.openssl_csr`: a certificate signing request, made anew when a field differs.

use rcgen::CertificateParams;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;

use super::{key, names};
use crate::connection::{Action, Probe};
use crate::modules::dates::backup_suffix;
use crate::modules::mode::Target;
use crate::modules::seen::{read, stat};
use crate::modules::wanted::Wanted;
use crate::modules::{Change, Context, Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct Request {
    path: String,
    present: bool,
    key_path: Option<String>,
    key_content: Option<String>,
    params: CertificateParams,
    force: bool,
    content: bool,
    backup: Option<String>,
    wanted: Wanted,
}

impl Request {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        if given.some("privatekey_passphrase").is_some() {
            return Err(Failure::msg("`privatekey_passphrase` is not supported"));
        }
        if given.text("digest") != Some("sha256") {
            return Err(Failure::msg("only `digest: sha256` is supported"));
        }
        let mut alternatives = given.list("subject_alt_name");
        if alternatives.is_empty()
            && given.flag("use_common_name_for_san")
            && let Some(name) = given.some("common_name")
        {
            alternatives.push(format!("DNS:{name}"));
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = names::subject(given)?;
        params.subject_alt_names = alternatives
            .iter()
            .map(|a| names::alternative(a))
            .collect::<Result<_, _>>()?;
        params.key_usages = given
            .list("key_usage")
            .iter()
            .map(|u| names::usage(u))
            .collect::<Result<_, _>>()?;
        params.extended_key_usages = given
            .list("extended_key_usage")
            .iter()
            .map(|u| names::extended(u))
            .collect::<Result<_, _>>()?;
        params.is_ca = names::constraints(&given.list("basic_constraints"))?;
        let present = given.text("state") != Some("absent");
        let key_path = given.path("privatekey_path")?;
        let key_content = given.some("privatekey_content");
        if present && key_path.is_none() && key_content.is_none() {
            return Err(Failure::msg(
                "one of the following is required: privatekey_path, privatekey_content",
            ));
        }
        Ok(Self {
            path: given.the_path("path")?,
            present,
            key_path,
            key_content,
            params,
            force: given.flag("force"),
            content: given.flag("return_content"),
            backup: given
                .flag("backup")
                .then(|| backup_suffix(context.clock.now())),
            wanted: Wanted::new(given)?,
        })
    }

    /// The key's text, if there is one.
    fn key(&self, seen: &Seen) -> Result<Option<String>, Failure> {
        match (&self.key_content, &self.key_path) {
            (Some(content), _) => Ok(Some(content.clone())),
            (None, Some(path)) => seen.text(path),
            (None, None) => Ok(None),
        }
    }
}

/// The fields of a request that matter: subject, public key, extensions in a fixed order.
fn fields(pem: &str) -> Option<(Vec<u8>, Vec<u8>, Vec<String>)> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).ok()?;
    let (_, request) = X509CertificationRequest::from_der(&pem.contents).ok()?;
    request.verify_signature().ok()?;
    let info = &request.certification_request_info;
    let mut extensions: Vec<String> = request
        .requested_extensions()
        .into_iter()
        .flatten()
        .map(|extension| format!("{extension:?}"))
        .collect();
    extensions.sort();
    Some((
        info.subject.as_raw().to_vec(),
        info.subject_pki.raw.to_vec(),
        extensions,
    ))
}

impl Recipe for Request {
    fn questions(&self) -> Vec<Probe> {
        let mut probes = vec![stat(&self.path), read(&self.path)];
        probes.extend(self.key_path.as_ref().map(|path| read(path)));
        probes
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        steps.set("filename", self.path.as_str());
        let there = seen.stat(&self.path)?;
        if !self.present {
            if there.is_some() {
                steps.step(
                    Change::new(&self.path, "request", ""),
                    Action::Remove {
                        path: self.path.clone(),
                    },
                );
            }
            return Ok(steps.or_reason("there is no request"));
        }
        let before = seen.text(&self.path)?;
        let Some(key) = self.key(seen)? else {
            // A task before this one may make it: the change is known, the request is not.
            steps.diff.changes.push(Change::new(
                &self.path,
                before.unwrap_or_default(),
                "a request by a key that there is not yet",
            ));
            steps.diff.refused = Some(Failure::msg(format!(
                "The private key {} does not exist",
                self.key_path.as_deref().unwrap_or_default()
            )));
            return Ok(steps);
        };
        let request = self
            .params
            .serialize_request(&key::parse(&key)?)
            .and_then(|request| request.pem())
            .map_err(|error| Failure::msg(format!("could not make the request: {error}")))?;
        let same = before.as_deref().and_then(fields) == fields(&request);
        if same && !self.force {
            if let Some(there) = there {
                self.wanted.settle(&mut steps, &self.path, there);
            }
            if self.content {
                steps.set("csr", before.unwrap_or_default());
            }
            return Ok(steps.or_reason("the request has these fields already"));
        }
        if self.content {
            steps.set("csr", request.as_str());
        }
        let backup = there
            .and(self.backup.as_ref())
            .map(|suffix| format!("{}{suffix}", self.path));
        steps.step(
            Change::new(&self.path, before.unwrap_or_default(), &request),
            Action::WriteFile {
                path: self.path.clone(),
                content: request.into_bytes().into(),
                attributes: self.wanted.attributes(there, Target::File),
                validate: None,
                backup,
            },
        );
        Ok(steps)
    }
}
