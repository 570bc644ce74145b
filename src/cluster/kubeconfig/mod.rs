//! From a kubeconfig to what a connection needs: where, whom to trust, who we are.
//!
//! Files that it names lie on the host it was read from, so that they are asked for by
//! [`Kubeconfig::files`] and given back; programs that make tokens (`exec`) are not run.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;

use super::ClusterError;
use crate::connection::tls::{address, tls};
use crate::input::{Rules, Source, parse_one};
use crate::secret::Secret;

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
        let tls = tls(&ca, pair.as_ref(), "h2")
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
