//! From a kubeconfig to what a connection needs: where, whom to trust, who we are.
//!
//! Files that it names lie on the host it was read from, so that they are asked for by
//! [`Kubeconfig::files`] and given back; programs that make tokens (`exec`) are not run.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

use super::ClusterError;
use crate::input::{Rules, Source, parse_one};
use crate::secret::Secret;

/// What is wrong when TLS cannot begin.
type Tls = Result<ClientConfig, String>;

/// A kubeconfig's context. No `Debug`: it holds the key.
#[derive(Clone)]
pub struct Kubeconfig {
    cluster: Value,
    user: Value,
    namespace: String,
    path: String,
}

/// Where the API is, whom to trust there, and who we are.
#[derive(Clone)]
pub struct Access {
    /// Host as seen from the host that dials.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// What stands before `/api`; mostly nothing.
    pub prefix: String,
    /// The name that the server's certificate must have.
    pub name: ServerName<'static>,
    /// Trust and client certificate.
    pub tls: Arc<ClientConfig>,
    /// Bearer token.
    pub token: Option<Secret<String>>,
    /// The namespace of what names none.
    pub namespace: String,
}

fn wrong(what: impl Into<String>, help: &str) -> ClusterError {
    ClusterError::Kubeconfig {
        what: what.into(),
        help: help.to_owned(),
    }
}

impl Kubeconfig {
    /// Reads the text of `path`; `context` is the current one unless given.
    ///
    /// # Errors
    /// It is not a kubeconfig, or has no such context.
    pub fn read(
        path: &str,
        text: &Secret<String>,
        context: Option<&str>,
    ) -> Result<Self, ClusterError> {
        let source = Source::new(path, text.expose().clone());
        // What the parser says may show a line of the file, and that may be the key.
        let tree = parse_one(&source, Rules::Kubernetes).map_err(|errors| {
            let at = errors.first().map_or((1, 1), |e| e.span.line_column());
            wrong(
                format!("`{path}` is not YAML (line {}, column {})", at.0, at.1),
                "give the path of a kubeconfig",
            )
        })?;
        let all = tree.to_json();
        if !all["clusters"].is_array() {
            return Err(wrong(
                format!("`{path}` is not a kubeconfig: it has no `clusters`"),
                "give the path of a kubeconfig",
            ));
        }
        let current = all["current-context"].as_str().unwrap_or_default();
        let wanted = context.unwrap_or(current);
        let named = |list: &str, name: &str| {
            let items = all[list].as_array().into_iter().flatten();
            items
                .filter(|item| item["name"] == *name)
                .map(|item| item[list.trim_end_matches('s')].clone())
                .next()
        };
        let Some(context) = named("contexts", wanted) else {
            let there: Vec<&str> = all["contexts"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|c| c["name"].as_str())
                .collect();
            return Err(wrong(
                format!("`{path}` has no context `{wanted}`"),
                &format!("name one of its contexts: {}", there.join(", ")),
            ));
        };
        let text = |key: &str| context[key].as_str().unwrap_or_default().to_owned();
        let cluster = named("clusters", &text("cluster")).ok_or_else(|| {
            wrong(
                format!("`{path}` has no cluster `{}`", text("cluster")),
                "mend the context",
            )
        })?;
        Ok(Self {
            cluster,
            user: named("users", &text("user")).unwrap_or_default(),
            namespace: Some(text("namespace"))
                .filter(|n| !n.is_empty())
                .unwrap_or_else(|| "default".to_owned()),
            path: path.to_owned(),
        })
    }

    /// Absolute paths of the files that it names, to be read where it was read.
    pub fn files(&self) -> Vec<String> {
        let named = [
            (&self.cluster, "certificate-authority"),
            (&self.user, "client-certificate"),
            (&self.user, "client-key"),
            (&self.user, "tokenFile"),
        ];
        named
            .into_iter()
            .filter_map(|(part, key)| part[key].as_str())
            .filter(|p| !p.is_empty())
            .map(|p| self.absolute(p))
            .collect()
    }

    fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') {
            return path.to_owned();
        }
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{folder}/{path}")
    }

    /// What stands in `KEY-data`, or in the file that `KEY` names.
    fn data(
        &self,
        part: &Value,
        key: &str,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Option<Secret<Vec<u8>>>, ClusterError> {
        let inline = part[format!("{key}-data")].as_str().unwrap_or_default();
        if !inline.is_empty() {
            let bytes = STANDARD.decode(inline.trim()).map_err(|_| {
                wrong(
                    format!("`{key}-data` in `{}` is not base64", self.path),
                    "mend the kubeconfig",
                )
            })?;
            return Ok(Some(Secret::new(bytes)));
        }
        let Some(path) = part[key].as_str().filter(|p| !p.is_empty()) else {
            return Ok(None);
        };
        let path = self.absolute(path);
        match files.get(&path) {
            Some(bytes) => Ok(Some(Secret::new(bytes.clone()))),
            None => Err(wrong(
                format!("`{path}`, which `{}` names, cannot be read", self.path),
                "make it readable on the host, or embed it in the kubeconfig",
            )),
        }
    }

    /// What a connection needs. `files` are those of [`Kubeconfig::files`] by path.
    ///
    /// # Errors
    /// What it asks for is not supported, or its certificates are none.
    pub fn access(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<Access, ClusterError> {
        let path = &self.path;
        if self.cluster["insecure-skip-tls-verify"] == true {
            return Err(wrong(
                format!("`{path}` switches the verification of the server off"),
                "put the cluster's CA into `certificate-authority-data` instead of `insecure-skip-tls-verify`",
            ));
        }
        for unsupported in ["exec", "auth-provider", "username"] {
            if !self.user[unsupported].is_null() {
                return Err(wrong(
                    format!("`{path}` logs in by `{unsupported}`, which is not supported"),
                    "use a kubeconfig with a client certificate or a token",
                ));
            }
        }
        let server = self.cluster["server"].as_str().unwrap_or_default();
        let (host, port, prefix) = address(server).ok_or_else(|| {
            wrong(
                format!("`{path}` has no usable `server`: `{server}`"),
                "the server is an https address: https://HOST:6443",
            )
        })?;
        let name = self.cluster["tls-server-name"].as_str().unwrap_or(&host);
        let name = ServerName::try_from(name.to_owned()).map_err(|_| {
            wrong(
                format!("`{name}` in `{path}` is not the name of a server"),
                "mend the kubeconfig",
            )
        })?;
        let ca = self
            .data(&self.cluster, "certificate-authority", files)?
            .ok_or_else(|| {
                wrong(
                    format!("`{path}` does not say whom to trust"),
                    "put the cluster's CA into `certificate-authority-data`",
                )
            })?;
        let pair = match (
            self.data(&self.user, "client-certificate", files)?,
            self.data(&self.user, "client-key", files)?,
        ) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            _ => None,
        };
        let token = match self.user["token"].as_str().filter(|t| !t.is_empty()) {
            Some(token) => Some(Secret::new(token.to_owned())),
            None => self.token_file(files)?,
        };
        let tls = tls(&ca, pair.as_ref())
            .map_err(|why| wrong(format!("`{path}`: {why}"), "mend the kubeconfig"))?;
        Ok(Access {
            host,
            port,
            prefix,
            name,
            tls: Arc::new(tls),
            token,
            namespace: self.namespace.clone(),
        })
    }

    fn token_file(
        &self,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Option<Secret<String>>, ClusterError> {
        let part = serde_json::json!({"token": self.user["tokenFile"]});
        let bytes = self.data(&part, "token", files)?;
        Ok(bytes.map(|b| Secret::new(String::from_utf8_lossy(b.expose()).trim().to_owned())))
    }
}

/// Host, port and prefix of an https address.
fn address(server: &str) -> Option<(String, u16, String)> {
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

/// TLS that trusts this authority only.
fn tls(ca: &Secret<Vec<u8>>, pair: Option<&(Secret<Vec<u8>>, Secret<Vec<u8>>)>) -> Tls {
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
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Kubeconfig, ClusterError> {
        Kubeconfig::read("/k", &Secret::new(text.to_owned()), None)
    }

    fn refused(text: &str) -> String {
        let none = BTreeMap::new();
        match read(text).and_then(|k| k.access(&none)) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("taken"),
        }
    }

    const HEAD: &str =
        "contexts: [{name: a, context: {cluster: c, user: u}}]\ncurrent-context: a\n";

    #[test]
    fn addresses_are_taken_apart() {
        let same = |server: &str, host: &str, port, prefix: &str| {
            let want = Some((host.to_owned(), port, prefix.to_owned()));
            assert_eq!(address(server), want);
        };
        same("https://127.0.0.1:6443", "127.0.0.1", 6443, "");
        same("https://[::1]:6443/", "::1", 6443, "");
        same("https://a.example/k8s/c-1", "a.example", 443, "/k8s/c-1");
        assert_eq!(address("http://a:1"), None);
        assert_eq!(address("https://:1"), None);
    }

    #[test]
    fn what_would_not_be_verified_is_refused() {
        let text = |cluster: &str, user: &str| {
            format!(
                "{HEAD}clusters: [{{name: c, cluster: {{{cluster}}}}}]\nusers: [{{name: u, user: {{{user}}}}}]\n"
            )
        };
        let server = "server: 'https://h:1'";
        assert!(
            refused(&text(
                &format!("{server}, insecure-skip-tls-verify: true"),
                ""
            ))
            .contains("verification")
        );
        assert!(refused(&text(server, "")).contains("whom to trust"));
        assert!(refused(&text(server, "exec: {command: x}")).contains("`exec`"));
        assert!(refused(&text("server: 'http://h:1'", "")).contains("usable `server`"));
    }

    #[test]
    fn a_secret_is_not_in_an_error() {
        let error = refused("clusters: [\nusers: [{user: {token: s3cret}}\n  - x: [}");
        assert!(
            error.contains("not YAML") && !error.contains("s3cret"),
            "{error}"
        );
        assert!(refused("a: b").contains("no `clusters`"));
        assert!(refused("clusters: []\ncurrent-context: x\n").contains("no context `x`"));
    }

    #[test]
    fn relative_files_are_beside_the_kubeconfig() {
        let text = format!(
            "{HEAD}clusters: [{{name: c, cluster: {{server: 'https://h:1', certificate-authority: ca.crt}}}}]\n"
        );
        let config = Kubeconfig::read("/home/u/.kube/config", &Secret::new(text), None)
            .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(config.files(), ["/home/u/.kube/ca.crt"]);
    }
}
