//! Clusters that are there already: their kubeconfigs are read before anything is touched, so that a
//! wrong one is told at its line of the inventory and not in minute 20.

use std::collections::BTreeMap;
use std::path::Path;

use super::Content;
use super::load::Loaded;
use crate::cluster::{ClusterError, Kubeconfig};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Files, Node};
use crate::secret::Secret;

/// Every kubeconfig of an existing cluster, for the tenant and for runtime clusters, that cannot be
/// used. Values that a template makes are known only later.
pub fn kubeconfigs(loaded: &Loaded) -> Diagnostics {
    let components = loaded
        .settings
        .as_ref()
        .and_then(|settings| settings.get("components"));
    let all = components.and_then(Node::as_map).into_iter().flatten();
    all.filter(|(name, _)| {
        let name = name.key_text();
        name == "cluster" || name.starts_with("cluster@")
    })
    .filter_map(|(_, settings)| wrong(settings))
    .collect()
}

fn wrong(settings: &Node) -> Option<Diagnostic> {
    let word = |key: &str| {
        settings
            .get(key)
            .and_then(Node::as_str)
            .filter(|text| !text.is_empty())
    };
    let at = settings.get("kubeconfig")?;
    let path = word("kubeconfig").filter(|path| !path.contains("{{"))?;
    let context = word("context").filter(|context| !context.contains("{{"));
    if word("flavour") != Some("existing") {
        return None;
    }
    let (what, help) = match read(path, context) {
        Ok(()) => return None,
        Err(ClusterError::Kubeconfig { what, help }) => (what, help),
        Err(other) => (
            other.to_string(),
            "give the path of another kubeconfig".to_owned(),
        ),
    };
    let error = Diagnostic::error("settings/kubeconfig", what).at(&at.span);
    Some(error.why("nothing was touched").help(help))
}

/// Reads it as a run will.
fn read(path: &str, context: Option<&str>) -> Result<(), ClusterError> {
    let files = Content::new();
    let bytes = |path: &str| files.read(Path::new(path));
    if !path.starts_with('/') {
        let what = format!("`{path}` is not a whole path");
        let help = "write the kubeconfig's path from `/` on";
        return Err(ClusterError::Kubeconfig {
            what,
            help: help.to_owned(),
        });
    }
    let text = bytes(path).map_err(|error| ClusterError::Kubeconfig {
        what: format!("the kubeconfig `{path}` of the existing cluster cannot be read: {error}"),
        help: "name a file of this machine that you may read".to_owned(),
    })?;
    let text = Secret::new(String::from_utf8_lossy(&text).into_owned());
    let kubeconfig = Kubeconfig::read(path, &text, context)?;
    // What it names lies beside it; what is missing is told by name.
    let named = kubeconfig.files().into_iter();
    let beside: BTreeMap<_, _> = named
        .filter_map(|path| Some((path.clone(), bytes(&path).ok()?)))
        .collect();
    kubeconfig.access(&beside).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Rules, Source, parse_one};

    fn told(text: &str, context: &str) -> Option<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, text).unwrap();
        let settings = format!(
            "{{flavour: existing, kubeconfig: {}, context: '{context}'}}",
            path.display()
        );
        let settings = parse_one(&Source::new("i.yaml", settings), Rules::Ansible).unwrap();
        let error = wrong(&settings)?;
        assert_eq!(
            (error.code, error.place.is_some()),
            ("settings/kubeconfig", true)
        );
        let name = path.display().to_string();
        Some((
            error.what.replace(&name, "config"),
            error.help.unwrap_or_default(),
        ))
    }

    fn good() -> String {
        use base64::Engine as _;
        let authority = rcgen::generate_simple_self_signed(vec!["c".to_owned()]).unwrap();
        let authority = base64::engine::general_purpose::STANDARD.encode(authority.cert.pem());
        format!(
            "{{clusters: [{{name: c, cluster: {{server: 'https://192.0.2.1:6443', certificate-authority-data: {authority}}}}}], \
             users: [{{name: u, user: {{token: t}}}}], contexts: [{{name: one, context: {{cluster: c, user: u}}}}], current-context: one}}"
        )
    }

    /// The kubeconfig with one word in another's place, and what is said of it.
    fn says(good: &str, change: [&str; 2], words: [&str; 2]) {
        let text = good.replace(change[0], change[1]);
        assert_ne!(text, good);
        let (what, help) = told(&text, "").unwrap();
        let all = what.contains(words[0]) && help.contains(words[1]);
        assert!(all, "{words:?}: {what}; {help}");
    }

    #[test]
    fn a_kubeconfig_is_told_before_anything_is_touched() {
        let good = good();
        says(
            &good,
            ["clusters:", "others:"],
            ["it has no `clusters`", "kubeconfig"],
        );
        says(
            &good,
            ["one}", "one"],
            ["`config` is not YAML", "kubeconfig"],
        );
        says(
            &good,
            ["current-context: one", "a: b"],
            ["has no context ``", "one"],
        );
        says(&good, ["https", "http"], ["no usable `server`", "https"]);
        says(
            &good,
            ["token: t", "exec: {command: aws}"],
            ["logs in by `exec`", "certificate or a token"],
        );
        let files = "client-key: gone, client-certificate: gone";
        says(&good, ["token: t", files], ["cannot be read", "readable"]);
        let open = "{insecure-skip-tls-verify: true, server";
        says(
            &good,
            ["{server", open],
            ["switches the verification", "certificate-authority-data"],
        );
        let (what, help) = told(&good, "two").unwrap();
        assert_eq!(
            (what.as_str(), help.as_str()),
            (
                "`config` has no context `two`",
                "name one of its contexts: one"
            )
        );
    }

    #[test]
    fn what_can_be_used_or_is_not_used_is_fine() {
        assert_eq!(told(&good(), "one"), None);
        assert_eq!(told(&good(), ""), None);
        let settings =
            |text: &str| parse_one(&Source::new("i.yaml", text), Rules::Ansible).unwrap();
        assert!(wrong(&settings("{kubeconfig: /nowhere}")).is_none());
        assert!(wrong(&settings("{flavour: existing, kubeconfig: '{{ there }}'}")).is_none());
        let away = wrong(&settings("{flavour: existing, kubeconfig: /nowhere}")).unwrap();
        assert!(away.what.contains("cannot be read"), "{}", away.what);
        let relative = wrong(&settings("{flavour: existing, kubeconfig: here}")).unwrap();
        assert!(
            relative.what.contains("not a whole path"),
            "{}",
            relative.what
        );
    }
}
