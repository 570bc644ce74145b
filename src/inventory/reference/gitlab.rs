//! GitLab and what everybody trusts: ours as the old installer made it, or one that was there.

use serde_json::json;

use super::read;
use super::take::{Found, Taking};
use super::text::Item;
use crate::input::Node;

/// Where the old installer let its GitLab listen.
const PORT: u16 = 31443;

impl<'a> Taking<'a> {
    /// GitLab: installed, or there already.
    pub fn gitlab(&mut self) {
        let url = self.find("git_external_url");
        let url = url.or_else(|| self.find("gitlab_external_url"));
        let has_hosts = !self.given.inventory.members("gitlab").is_empty();
        if self.find("git_init_token").is_some() || (url.is_some() && !has_hosts) {
            self.gitlab_there(url);
        } else {
            self.gitlab_own(url);
        }
        if let Some(found) = self.find("git_ssh_fingerprints") {
            self.drop(
                found,
                "fingerprints are no keys: `known_hosts` takes the keys themselves",
            );
        }
        let Some(found) = self.find("gitlab_version") else {
            return;
        };
        if let Some(text) = self.caught(read::text(found.name, found.node)) {
            let version = text.split('-').next().unwrap_or_default();
            self.set(found, "components.gitlab.version", json!(version));
        }
    }

    fn gitlab_own(&mut self, url: Option<Found<'a>>) {
        let written = url.and_then(|found| self.caught(read::text(found.name, found.node)));
        if let (Some(found), Some(url)) = (url, written) {
            let (host, port) = parts(&url);
            let is_address = host.parse::<std::net::IpAddr>().is_ok();
            if !is_address && !host.is_empty() {
                self.set(found, "components.gitlab.host", json!(host));
            }
            self.set(found, "components.gitlab.port", json!(port.unwrap_or(443)));
        } else if self.find("gitlab_port").is_none() {
            self.old_port();
        }
        self.ssh_port("components.gitlab.ssh_port");
        if let Some(found) = self.find("git_ca") {
            self.drop(
                found,
                "a GitLab that is installed here has a certificate of the tenant CA",
            );
        }
    }

    /// The old installer's default, so that addresses stay; not where the ingress has that port.
    fn old_port(&mut self) {
        let inventory = self.given.inventory;
        let mut nodes = inventory.members("kube_control_plane");
        nodes.extend(inventory.members("kube_node"));
        let own = inventory.members("gitlab");
        if own.is_empty() {
            return;
        }
        if own.iter().any(|host| nodes.contains(host)) {
            let why = "a node of the cluster, too, whose ingress has the old installer's 31443";
            self.assume("components.gitlab.port", (json!(443), why));
        } else {
            let why = "the old installer's default";
            self.assume("components.gitlab.port", (json!(PORT), why));
        }
    }

    fn gitlab_there(&mut self, url: Option<Found<'a>>) {
        let because = "because of git_external_url and git_init_token";
        self.assume("components.gitlab.enabled", (json!(false), because));
        self.assume(
            "components.gitlab-seed.flavour",
            (json!("existing"), because),
        );
        match url {
            Some(found) => {
                if let Some(url) = self.caught(read::text(found.name, found.node)) {
                    self.set(found, "components.gitlab-seed.url", json!(url));
                }
            }
            None => self.to_do.push("say `nautes.components.gitlab-seed.url`: there is a token, and no `git_external_url`".to_owned()),
        }
        self.ssh_port("components.gitlab-seed.ssh_port");
        if let Some(found) = self.find("git_ca")
            && let Some(file) = self.file(found, "gitlab-ca.crt")
        {
            self.set(found, "components.gitlab-seed.ca", json!(file));
        }
        match self.find("git_init_token") {
            Some(found) => self.set_secret(found, "components.gitlab-seed.token"),
            None => self.to_do.push("seal a token of an administrator of GitLab (scopes api, sudo) into `nautes.components.gitlab-seed.token`".to_owned()),
        }
        self.to_do.push("say `nautes.components.gitlab-seed.known_hosts`: the lines of `/etc/ssh/ssh_host_*_key.pub` of GitLab's host; the old installer asked the network, which anybody in between can answer".to_owned());
    }

    fn ssh_port(&mut self, setting: &str) {
        let Some(found) = self.find("git_ssh_addr") else {
            return;
        };
        if let Some(address) = self.caught(read::text(found.name, found.node)) {
            match parts(&address).1 {
                Some(port) => self.set(found, setting, json!(port)),
                None => self.drop(found, "it says no port"),
            }
        }
    }

    /// The tenant CA, and the key that signs in to the hosts.
    pub fn trust(&mut self) {
        let mut has_ca = false;
        for (part, name, setting) in [
            ("cert", "ca.crt", "trust.ca_cert"),
            ("key", "ca.key", "trust.ca_key"),
        ] {
            if let Some(found) = self.part("nautes_ca_keypair", part)
                && let Some(file) = self.file(found, name)
            {
                self.set(found, setting, json!(file));
                has_ca = true;
            }
        }
        if !has_ca {
            self.to_do.push("to keep the CA of a tenant that is installed: name its `out/pki/ca.crt` and `out/pki/ca.pem` with `nautes.trust.ca_cert` and `nautes.trust.ca_key`; else one is made".to_owned());
        }
        if let Some(found) = self.part("ansible_ssh_keypair", "private")
            && let Some(file) = self.file(found, "id_rsa")
        {
            let key = ["all", "vars", "ansible_ssh_private_key_file"];
            let remark = format!("{}, {}", found.name, super::take::place(&found.node.span));
            self.tree.set(&key, Item::Plain(json!(file)), &remark);
            self.note(found, "ansible_ssh_private_key_file".to_owned());
        }
        if let Some(found) = self.part("ansible_ssh_keypair", "public") {
            self.drop(found, "the private one says it");
        }
    }

    /// A part of a variable that is a mapping.
    fn part(&mut self, name: &'static str, part: &str) -> Option<Found<'a>> {
        let found = self.find(name)?;
        if found.node.as_map().is_none() {
            let what = format!("`{name}` is {}, not a mapping", found.node.type_name());
            let help = format!("write `{name}:` with `{part}:` below it");
            let error = read::wrong(what, &found.node.span, &help);
            if !self.errors.contains(&error) && part != "public" && part != "key" {
                self.errors.push(*error);
            }
            return None;
        }
        let node: &'a Node = found.node.get(part).filter(|node| !read::is_empty(node))?;
        Some(Found { name, node })
    }
}

/// Host and port of an address.
fn parts(address: &str) -> (String, Option<u16>) {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.split('/').next().unwrap_or_default();
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    match rest.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => (host.to_owned(), port.parse().ok()),
        _ => (rest.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn addresses_have_a_host_and_may_have_a_port() {
        for (address, host, port) in [
            ("https://git.example:31443/x", "git.example", Some(31443)),
            ("https://git.example", "git.example", None),
            ("ssh://git@192.0.2.1:2222", "192.0.2.1", Some(2222)),
            ("git@git.example:group/x.git", "git.example:group", None),
        ] {
            assert_eq!(parts(address), (host.to_owned(), port), "{address}");
        }
    }
}
