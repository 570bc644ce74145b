//! Nothing turns the verification of certificates off: no object of a chart, no program of ours. Every
//! word that could be about it is found, whatever it stands in, and must say that it stays on, or be
//! named here with its reason; so a new one is seen.

use std::path::Path;
use std::process::Command;

use nautes_install::chart::Composed;
use nautes_install::input::Json;

/// Parts of words that tell of it, in small letters and without `-`, `_` and `.`.
const OFF: &[&str] = &[
    "insecure",
    "skiptls",
    "skipssl",
    "skipverif",
    "skipcert",
    "skipissuer",
    "noverify",
    "verifynone",
    "plaintext",
    "disabletls",
    "trustall",
    "untrusted",
    "sslmode",
];
/// The same, of words that turn it on.
const ON: &[&str] = &["stricttls", "verify", "rejectunauthorized"];
/// What may stand there all the same.
const KNOWN: &[(&str, &str)] = &[
    // How CoreDNS names pods, in the virtual cluster: `pods insecure`.
    ("vcluster", "pods insecure"),
    // Harbor's own database in its own namespace has no TLS at all.
    ("harbor", "postgresqlsslmode=disable"),
];
/// What Argo CD leaves off unless it is told: its parts ask one another without looking.
const ARGOCD: &[&str] = &[
    "server.repo.server.strict.tls",
    "controller.repo.server.strict.tls",
    "applicationsetcontroller.repo.server.strict.tls",
];

fn plain(word: &str) -> String {
    let dropped = |c: &char| !['-', '_', '.'].contains(c);
    word.to_lowercase().chars().filter(dropped).collect()
}

/// Whether a word, with its value if it has one, leaves certificates unverified.
fn turns_off(word: &str, value: Option<&str>) -> bool {
    let word = plain(word);
    let value = value.map(plain);
    let is = |wanted: &[&str]| value.as_deref().is_some_and(|v| wanted.contains(&v));
    if OFF.iter().any(|part| word.contains(part)) {
        return !is(&["false", "0", "", "verifyfull", "verifyca"]);
    }
    let on = ON.iter().any(|part| word.contains(part));
    on && is(&["false", "0", "no", "off", "none"])
}

/// `--word=value`, `word: value`, `word=value`, or a word alone.
fn split(line: &str) -> (&str, Option<&str>) {
    let cut = |mark: &str| line.split_once(mark);
    match cut("=").or_else(|| cut(": ")) {
        Some((word, value)) => (word, Some(value.trim().trim_matches(['"', '\'']))),
        None => (line, None),
    }
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Every `word=value` of an object that leaves certificates unverified.
fn found(value: &Json, into: &mut Vec<String>) {
    let mut meets = |word: &str, value: Option<&str>| {
        if turns_off(word, value) {
            let value = value.map_or_else(String::new, |v| format!("={}", plain(v)));
            into.push(plain(word) + &value);
        }
    };
    match value {
        Json::Object(fields) => {
            // A variable: its name is the word. From a ConfigMap it has its value there.
            if let Some(name) = fields.get("name").and_then(Json::as_str) {
                match fields.get("value").and_then(text) {
                    Some(value) => meets(name, Some(&value)),
                    None if fields.contains_key("valueFrom") => return,
                    None => {}
                }
            }
            for (key, inner) in fields {
                match text(inner) {
                    Some(text) if text.lines().count() < 2 => meets(key, Some(&text)),
                    _ => {}
                }
            }
            let named = fields.contains_key("value");
            for (_, inner) in fields.iter().filter(|(key, _)| !named || *key != "name") {
                found(inner, into);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| found(item, into)),
        Json::String(text) => {
            for line in text.lines().map(str::trim).filter(|l| !l.starts_with('#')) {
                let (word, value) = split(line);
                meets(word, value);
            }
        }
        _ => {}
    }
}

/// No object of a chart turns it off, and what is off by itself is turned on.
pub fn stays_on(what: &str, composed: &Composed) {
    let chart = what.split(' ').next().unwrap_or_default();
    let mut settings = None;
    for made in &composed.objects {
        let kind = made.body["kind"].as_str().unwrap_or_default();
        // A definition only says which fields there are.
        if kind == "CustomResourceDefinition" {
            continue;
        }
        let mut off = Vec::new();
        found(&made.body, &mut off);
        off.retain(|hit| !KNOWN.contains(&(chart, hit.as_str())));
        let name = &made.body["metadata"]["name"];
        assert!(off.is_empty(), "{what}: {kind} {name}: {off:?}");
        if name == "argocd-cmd-params-cm" {
            settings = Some(&made.body["data"]);
        }
    }
    if chart == "argocd" {
        let settings = settings.unwrap();
        for key in ARGOCD {
            assert_eq!(settings[*key], "true", "{what}: {key}");
        }
        let told = "--argocd-repo-server-strict-tls";
        let all = composed.objects.iter().map(|made| made.body.to_string());
        assert!(all.into_iter().any(|body| body.contains(told)), "{what}");
    }
}

#[test]
fn what_turns_it_off_is_seen_wherever_it_stands() {
    for object in [
        serde_json::json!({"spec": {"insecureSkipVerify": true}}),
        serde_json::json!({"data": {"oidc.tls.insecure.skip.verify": "true"}}),
        serde_json::json!({"data": {"server.insecure": "true"}}),
        serde_json::json!({"data": {"controller.repo.server.strict.tls": "false"}}),
        serde_json::json!({"args": ["serve", "--insecure"]}),
        serde_json::json!({"args": ["--ssl-insecure-skip-verify=true"]}),
        serde_json::json!({"args": ["--tls-verify=false"]}),
        serde_json::json!({"env": [{"name": "VAULT_SKIP_VERIFY", "value": "1"}]}),
        serde_json::json!({"env": [{"name": "GIT_SSL_NO_VERIFY", "value": "true"}]}),
        serde_json::json!({"env": [{"name": "NODE_TLS_REJECT_UNAUTHORIZED", "value": "0"}]}),
        serde_json::json!({"data": {"config.yaml": "connectors:\n  - config:\n      insecureSkipVerify: true\n"}}),
    ] {
        let mut off = Vec::new();
        found(&object, &mut off);
        assert_eq!(off.len(), 1, "{object}: {off:?}");
    }
    for object in [
        serde_json::json!({"spec": {"insecureSkipTLSVerify": false}}),
        serde_json::json!({"data": {"server.repo.server.strict.tls": "true"}}),
        serde_json::json!({"args": ["--argocd-repo-server-strict-tls"]}),
        serde_json::json!({"env": [{"name": "ARGOCD_SERVER_INSECURE", "valueFrom": {"configMapKeyRef": {"key": "server.insecure"}}}]}),
    ] {
        let mut off = Vec::new();
        found(&object, &mut off);
        assert_eq!(off, Vec::<String>::new(), "{object}");
    }
}

/// Words by which programs are told not to verify, and where they may stand.
const WORDS: &[(&str, &[&str])] = &[
    ("danger_accept", &[]),
    (".dangerous()", &[]),
    // A server that joins asks for the CA first, and holds it against the hash in its token, as k3s.
    (
        "InsecureSkipVerify",
        &["tests/lab/kubernetes/kubeall/standin/agent.go"],
    ),
    ("--no-check-certificate", &[]),
    ("--insecure", &[]),
    // Refused: the text names it, or tests it.
    (
        "insecure-skip-tls-verify: true",
        &[
            "src/cluster/kubeconfig/tests.rs",
            "src/commands/existing.rs",
        ],
    ),
    (
        "StrictHostKeyChecking=no",
        &["src/connection/ssh/settings_tests.rs"],
    ),
    (
        "validate_certs: false",
        &[
            "docs/ansible.md",
            "src/modules/transfer/http.rs",
            "tests/modules/get_url/unverified.yaml",
        ],
    ),
    ("GIT_SSL_NO_VERIFY", &[]),
    ("sslVerify", &[]),
    ("verify=False", &[]),
    ("CERT_NONE", &[]),
];

/// Whether a line calls curl with `-k`, alone or among other letters.
fn curl_k(line: &str) -> bool {
    let Some((_, rest)) = line.split_once("curl ") else {
        return false;
    };
    let flags = rest.split(' ').take_while(|word| word.starts_with('-'));
    let short = |word: &&str| !word.starts_with("--");
    let mut flags = flags.filter(short);
    flags.any(|word| word.contains('k') && !word.contains('"'))
}

#[test]
fn no_program_of_ours_is_told_not_to_verify() {
    assert!(curl_k("curl -sk https://x") && !curl_k("curl -sK - https://x"));
    let listed = Command::new("git")
        .args(["ls-files"])
        .current_dir(super::ROOT)
        .output();
    let listed = listed.unwrap();
    assert!(listed.status.success(), "git ls-files");
    let names = String::from_utf8(listed.stdout).unwrap();
    let ours = |name: &&str| {
        !name.ends_with(".sum")
            && !name.ends_with(".lock")
            && *name != "tests/charts/verification.rs"
    };
    let mut read = 0;
    for name in names.lines().filter(ours) {
        let Ok(text) = std::fs::read_to_string(Path::new(super::ROOT).join(name)) else {
            continue; // not text, or a link
        };
        read += 1;
        // Nautes' own option: it is about dependencies between objects, not about TLS.
        let text = text.replace("--insecure-skip-check", "");
        for (word, places) in WORDS {
            let met = text.contains(word) && !places.contains(&name);
            assert!(!met, "{name}: `{word}`");
        }
        for line in text.lines() {
            assert!(!curl_k(line), "{name}: {line}");
        }
    }
    assert!(read > 300, "only {read} files were read");
}
