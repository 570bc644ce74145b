//! Which kubeconfigs are taken, and what is said of the others.

use std::collections::BTreeMap;

use super::{ClusterError, Kubeconfig};
use crate::connection::tls::address;
use crate::secret::Secret;

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

const HEAD: &str = "contexts: [{name: a, context: {cluster: c, user: u}}]\ncurrent-context: a\n";

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
