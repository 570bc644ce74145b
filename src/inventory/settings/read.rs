//! A tree to settings; every mistake with its place.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{Algorithm, Artifacts, Release, Settings, Tenant, Trust};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::input::{Kind, Node, Style};

/// Reads the value of `nautes`. All mistakes are returned together. Strings must be rendered.
pub fn read(node: &Node) -> Result<Settings, Diagnostics> {
    let mut reader = Reader { errors: Vec::new() };
    let mut settings = Settings::default();
    for (key, value) in reader.entries(node, "nautes", &KEYS) {
        match key.as_str() {
            "tenant" => settings.tenant = reader.tenant(value),
            "release" => settings.release = reader.one_of(value, "release", &RELEASES),
            "domain" => settings.domain = reader.domain(value),
            "components" => settings.components = reader.components(value),
            "trust" => settings.trust = reader.trust(value),
            "artifacts" => settings.artifacts = reader.artifacts(value),
            _ => settings.images = reader.images(value),
        }
    }
    if reader.errors.is_empty() {
        Ok(settings)
    } else {
        Err(reader.errors)
    }
}

const KEYS: [&str; 7] = [
    "tenant",
    "release",
    "domain",
    "components",
    "trust",
    "artifacts",
    "images",
];
const RELEASES: [(&str, Release); 2] = [
    ("reference", Release::Reference),
    ("current", Release::Current),
];
const ALGORITHMS: [(&str, Algorithm); 2] = [("ecdsa", Algorithm::Ecdsa), ("rsa", Algorithm::Rsa)];

struct Reader {
    errors: Diagnostics,
}

impl Reader {
    fn wrong(&mut self, node: &Node, path: &str, wanted: &str) {
        let what = format!("`{path}` is {}, not {wanted}", node.type_name());
        let error = Diagnostic::error("inventory/setting", what).at(&node.span);
        self.errors.push(error.help(format!("write {wanted}")));
    }

    fn bad(&mut self, node: &Node, what: String, help: &str) {
        let error = Diagnostic::error("inventory/setting", what).at(&node.span);
        self.errors.push(error.help(help));
    }

    /// The entries of a mapping with known keys; nothing at all is an empty mapping.
    fn entries<'a>(
        &mut self,
        node: &'a Node,
        path: &str,
        known: &[&str],
    ) -> Vec<(String, &'a Node)> {
        let mut found = Vec::new();
        for (key, value) in self.mapping(node, path) {
            let name = key.key_text();
            if known.contains(&name.as_str()) {
                found.push((name, value));
                continue;
            }
            let error = Diagnostic::error(
                "inventory/unknown-setting",
                format!("`{path}` has no setting `{name}`"),
            )
            .at(&key.span)
            .why(format!("it has {}", listed(known)));
            self.errors
                .push(match nearest(&name, known.iter().copied()) {
                    Some(near) => error.help(format!("write `{near}`")),
                    None => error.help("put variables of your own beside `nautes`, not into it"),
                });
        }
        found
    }

    fn mapping<'a>(&mut self, node: &'a Node, path: &str) -> &'a [(Node, Node)] {
        match &node.kind {
            Kind::Map(entries) => entries,
            Kind::Null => &[],
            _ => {
                self.wrong(node, path, "a mapping");
                &[]
            }
        }
    }

    fn text(&mut self, node: &Node, path: &str) -> Option<String> {
        match &node.kind {
            Kind::Null => None,
            Kind::Str(text) if text.contains("{{") || text.contains("{%") => {
                let what = format!("`{path}` is a template");
                self.bad(
                    node,
                    what,
                    "write the value itself: it is needed before any template",
                );
                None
            }
            Kind::Str(text) => Some(text.clone()),
            Kind::Int(number) if node.style == Style::Plain => Some(number.to_string()),
            _ => {
                self.wrong(node, path, "a string");
                None
            }
        }
    }

    fn one_of<T: Copy + Default>(&mut self, node: &Node, path: &str, known: &[(&str, T)]) -> T {
        let Some(text) = self.text(node, path) else {
            return T::default();
        };
        if let Some((_, value)) = known.iter().find(|(name, _)| *name == text) {
            return *value;
        }
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let help = match nearest(&text, names.iter().copied()) {
            Some(near) => format!("write `{near}`"),
            None => format!("write one of {}", listed(&names)),
        };
        self.bad(node, format!("`{text}` is no value of `{path}`"), &help);
        T::default()
    }

    fn tenant(&mut self, node: &Node) -> Tenant {
        let mut tenant = Tenant::default();
        if matches!(node.kind, Kind::Map(_)) {
            for (key, value) in self.entries(node, "nautes.tenant", &["name", "gitops"]) {
                match (key.as_str(), &value.kind) {
                    ("name", _) => self.tenant_name((value, "nautes.tenant.name"), &mut tenant),
                    (_, Kind::Bool(gitops)) => tenant.gitops = *gitops,
                    _ => self.wrong(value, "nautes.tenant.gitops", "`true` or `false`"),
                }
            }
        } else {
            self.tenant_name((node, "nautes.tenant"), &mut tenant);
        }
        tenant
    }

    fn tenant_name(&mut self, (node, path): (&Node, &str), tenant: &mut Tenant) {
        let Some(name) = self.text(node, path) else {
            return;
        };
        if is_label(&name) {
            tenant.name = name;
        } else {
            let what = format!("the tenant's name `{name}` is not a DNS label");
            self.bad(
                node,
                what,
                "use lower-case letters, digits and dashes, at most 63, no dash at the ends",
            );
        }
    }

    fn domain(&mut self, node: &Node) -> Option<String> {
        let domain = self.text(node, "nautes.domain")?;
        let fine = domain.len() <= 253 && domain.split('.').all(is_label);
        if !fine {
            let what = format!("`{domain}` is not a DNS domain");
            self.bad(node, what, "write a name such as `nautes.example.com`");
        }
        fine.then_some(domain)
    }

    fn components(&mut self, node: &Node) -> IndexMap<String, Arc<Node>> {
        let mut found = IndexMap::new();
        for (key, value) in self.mapping(node, "nautes.components") {
            let name = key.key_text();
            if matches!(value.kind, Kind::Map(_) | Kind::Null) {
                found.insert(name, Arc::new(value.clone()));
            } else {
                self.wrong(value, &format!("nautes.components.{name}"), "a mapping");
            }
        }
        found
    }

    fn trust(&mut self, node: &Node) -> Trust {
        let mut trust = Trust::default();
        let known = ["ca_cert", "ca_key", "algorithm"];
        for (key, value) in self.entries(node, "nautes.trust", &known) {
            match key.as_str() {
                "ca_cert" => trust.ca_cert = self.text(value, "nautes.trust.ca_cert"),
                "ca_key" => trust.ca_key = self.text(value, "nautes.trust.ca_key"),
                _ => trust.algorithm = self.one_of(value, "nautes.trust.algorithm", &ALGORITHMS),
            }
        }
        if trust.ca_cert.is_some() != trust.ca_key.is_some() {
            let what = "`nautes.trust` has only one of `ca_cert` and `ca_key`".to_owned();
            self.bad(
                node,
                what,
                "give both, or neither to have a new authority made",
            );
        }
        trust
    }

    fn artifacts(&mut self, node: &Node) -> Artifacts {
        let mut artifacts = Artifacts::default();
        for (key, value) in self.entries(node, "nautes.artifacts", &["mirror", "proxy", "push"]) {
            match key.as_str() {
                "push" => match value.kind {
                    Kind::Bool(push) => artifacts.push = push,
                    _ => self.wrong(value, "nautes.artifacts.push", "`true` or `false`"),
                },
                "mirror" => artifacts.mirror = self.url(value, "nautes.artifacts.mirror"),
                _ => artifacts.proxy = self.url(value, "nautes.artifacts.proxy"),
            }
        }
        artifacts
    }

    fn url(&mut self, node: &Node, path: &str) -> Option<String> {
        let text = self.text(node, path)?;
        let host = ["https://", "http://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        if host.is_some_and(|host| !host.is_empty() && !host.starts_with('/')) {
            return Some(text);
        }
        let what = format!("`{text}` is not a URL");
        self.bad(node, what, "begin with `https://` or `http://`");
        None
    }

    fn images(&mut self, node: &Node) -> IndexMap<String, String> {
        let mut found = IndexMap::new();
        for (key, value) in self.mapping(node, "nautes.images") {
            let from = key.key_text();
            if let Some(to) = self.text(value, &format!("nautes.images.{from}")) {
                found.insert(from, to);
            }
        }
        found
    }
}

/// A DNS label: lower-case letters, digits and inner dashes, 1 to 63 bytes (RFC 1123).
fn is_label(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(fine)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
