//! No secret where it should not be: a whole tenant is rehearsed, every secret that it was given or made
//! is looked for in everything that the run printed and left behind. Where one may be is a list with
//! reasons (`tests/canary/allowed.tsv`), which docs/secrets.md shows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

#[path = "canary/artefacts.rs"]
mod artefacts;
mod desk;
#[path = "canary/needles.rs"]
mod needles;
#[path = "canary/secrets.rs"]
mod secrets;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use artefacts::Artefact;
use base64::Engine as _;
use nautes_install::secret::vault::{VaultPassword, encrypt};
use needles::Needles;
use secrets::Secrets;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Given, not made; random enough to be met nowhere else.
const BECOME: &str = "Corridor-Become-4711-Zinnia";
const VAULT: &str = "Corridor-Vault-0815-Myrtle";
const GIVEN: &str = "Corridor-Harbor-1234-Lobelia";

struct Desk {
    folder: tempfile::TempDir,
    runs: usize,
    printed: Vec<Artefact>,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let sealed = encrypt(GIVEN.as_bytes(), &VaultPassword::new(VAULT)).unwrap();
        let sealed: String = sealed
            .lines()
            .map(|line| format!("            {line}\n"))
            .collect();
        let inventory =
            std::fs::read_to_string(Path::new(ROOT).join("tests/canary/inventory.yaml")).unwrap();
        write(
            "i.yaml",
            &inventory.replace("            @SEALED@\n", &sealed),
        );
        write("become.txt", BECOME);
        write("vault.txt", VAULT);
        Self {
            folder,
            runs: 0,
            printed: Vec::new(),
        }
    }

    fn estate(&self) -> PathBuf {
        self.folder.path().join("estate")
    }

    fn command(&self, args: &[&str]) -> std::process::Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nautes-install"));
        command
            .args(args)
            .args(["-i", "i.yaml", "--rehearse", "--estate", "estate"]);
        command.args(["--vault-password-file", "vault.txt"]);
        command.current_dir(self.folder.path()).env("NO_COLOR", "1");
        command.output().unwrap()
    }

    /// Runs the program, whose words are artefacts as well.
    fn run(&mut self, code: i32, args: &[&str]) {
        let more = ["--become-password-file", "become.txt"];
        let done = self.command(&[args, &more].concat());
        let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
        let end: Vec<&str> = said.lines().rev().take(60).collect();
        let end: Vec<&str> = end.into_iter().rev().collect();
        assert_eq!(
            done.status.code(),
            Some(code),
            "{args:?}: {}",
            end.join("\n")
        );
        self.runs += 1;
        let run = format!("printed/{}-{}", self.runs, args[0]);
        self.printed
            .push(Artefact::new(format!("{run}/stdout"), done.stdout));
        self.printed
            .push(Artefact::new(format!("{run}/stderr"), done.stderr));
        // The next run writes its own.
        if let Ok(text) = std::fs::read_to_string(self.estate().join("programs.jsonl")) {
            self.printed.extend(artefacts::programs(&text));
        }
    }

    fn artefacts(&mut self) -> Vec<Artefact> {
        let mut all = std::mem::take(&mut self.printed);
        all.extend(artefacts::of(&self.estate()));
        all
    }

    /// What the sealed store opens to.
    fn sealed(&self, all: &mut Secrets) {
        let said = |args: &[&str]| {
            let done = self.command(args);
            let text = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(done.status.success(), "{args:?}: {text}");
            serde_json::from_slice::<serde_json::Value>(&done.stdout).unwrap()
        };
        for name in said(&["secrets", "list", "--output", "json"])
            .as_array()
            .unwrap()
        {
            let name = name.as_str().unwrap();
            let value = said(&["secrets", "show", name, "--output", "json"]);
            secrets::collect(all, &format!("sealed/{name}"), &value);
        }
    }
}

/// A line of the list: whose secret may be where, and why.
struct Rule {
    place: String,
    secret: String,
    of: String,
    why: String,
}

/// The list, which the lab reads as well.
fn rules() -> Vec<Rule> {
    let path = Path::new(ROOT).join("tests/canary/allowed.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let rule = |line: &str| {
        let [place, secret, of, why] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("not four columns: {line}");
        };
        assert!(["both", "rehearsal", "lab"].contains(&of), "{line}");
        let [place, secret, of, why] = [place, secret, of, why].map(str::to_owned);
        Rule {
            place,
            secret,
            of,
            why,
        }
    };
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(rule)
        .collect()
}

/// Whether a pattern with `*` (anything) is this text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(head) else {
        return false;
    };
    rest.is_empty()
        || (0..=text.len()).any(|at| text.is_char_boundary(at) && matches(rest, &text[at..]))
}

/// What is where it should not be, in sentences without values; and which rules were needed.
fn leaks(
    artefacts: &[Artefact],
    secrets: &Secrets,
    rules: &[Rule],
) -> (BTreeSet<String>, BTreeSet<usize>) {
    let needles = Needles::new(secrets);
    let (mut leaks, mut needed) = (BTreeSet::new(), BTreeSet::new());
    for artefact in artefacts {
        let place = &artefact.place;
        let mut found = needles.found(&artefact.bytes);
        found.extend(
            keys(&artefact.bytes)
                .into_iter()
                .map(|name| (name, "as it is")),
        );
        for (name, form) in found {
            let allows = |rule: &&(usize, &Rule)| {
                matches(&rule.1.place, place) && matches(&rule.1.secret, &name)
            };
            let numbered: Vec<_> = rules.iter().enumerate().collect();
            match numbered.iter().find(allows) {
                Some((number, _)) => {
                    needed.insert(*number);
                    if artefact.mode.is_some_and(|mode| mode & 0o007 != 0) {
                        leaks.insert(format!("{name}: {place}: others may read it"));
                    }
                }
                None => {
                    leaks.insert(format!("{name}: {place} ({form})"));
                }
            }
        }
    }
    (leaks, needed)
}

/// What looks like a secret, whoever's it is: private keys, and tokens that are gone by now.
fn keys(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    if text
        .lines()
        .any(|line| line.contains("-----BEGIN") && line.contains("PRIVATE KEY-----"))
    {
        found.push("(a private key)".to_owned());
    }
    let long = |rest: &str| rest.bytes().take_while(u8::is_ascii_alphanumeric).count() >= 16;
    if text.split("glpat-").skip(1).any(long) {
        found.push("(a token of GitLab)".to_owned());
    }
    found
}

fn told(secrets: &Secrets) -> Secrets {
    let given = [
        ("given/become password", BECOME),
        ("given/vault password", VAULT),
        ("given/harbor password", GIVEN),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    secrets.clone().into_iter().chain(given).collect()
}

#[test]
fn no_secret_is_where_it_should_not_be() {
    let mut desk = Desk::new();
    let seen = ["-vvv", "--diff"];
    // A host that loses a unit in the middle: a run that fails says much.
    desk.run(
        1,
        &[&["up", "--fault", "k1:unit-fails=k3s"], &seen[..]].concat(),
    );
    desk.run(0, &[&["up", "--output", "json"], &seen[..]].concat());
    desk.run(0, &[&["up"], &seen[..]].concat());
    desk.run(0, &["plan", "-v", "--diff"]);
    desk.run(0, &["status", "-vvv", "--output", "json"]);
    let artefacts = desk.artefacts();
    let mut secrets = told(&secrets::kept(&artefacts));
    desk.sealed(&mut secrets);
    for expected in [
        "secrets/",
        "pki/",
        "k3s/token",
        "sealed/vault-init.root_token",
        "vault/",
        "kubernetes/",
    ] {
        let count = secrets
            .keys()
            .filter(|name| name.starts_with(expected))
            .count();
        assert!(count > 0, "no secret {expected}: nothing was tested");
    }
    let rules = rules();
    let (leaks, needed) = leaks(&artefacts, &secrets, &rules);
    let leaks: Vec<String> = leaks.into_iter().collect();
    assert!(
        leaks.is_empty(),
        "{} secrets, {} places; leaked:\n{}",
        secrets.len(),
        artefacts.len(),
        leaks.join("\n")
    );
    for (number, rule) in rules.iter().enumerate() {
        let is_needed = rule.of == "lab" || needed.contains(&number);
        assert!(
            is_needed,
            "nothing needs the rule for {} at {}",
            rule.secret, rule.place
        );
    }
}

/// A component that gives away what it was trusted with.
const LEAK: &str = "\
component: leak
title: What must be found
needs: [secrets, hosts]
install:
  - hosts: all
    become: true
    gather_facts: false
    tasks:
      - name: As it is
        ansible.builtin.copy: { content: \"x={{ outputs.secrets.dex_nautes }}\", dest: /opt/plain, mode: '0600' }
      - name: In base64, behind something
        ansible.builtin.copy: { content: \"{{ ('ab' ~ outputs.secrets.dex_argocd) | b64encode }}\", dest: /opt/base64, mode: '0600' }
      - name: In an argument
        ansible.builtin.command: { argv: [echo, \"{{ outputs.secrets.dex_harbor }}\"] }
        no_log: true
";

#[test]
fn what_leaks_is_found() {
    let mut desk = Desk::new();
    let content = desk.folder.path().join("content");
    for name in ["playbooks", "templates", "vendor-charts"] {
        desk::copy(&Path::new(ROOT).join(name), &content.join(name));
    }
    std::fs::write(content.join("playbooks/leak.yaml"), LEAK).unwrap();
    std::fs::write(
        content.join("playbooks/tenant.yaml"),
        "components: [pki, secrets, hosts, leak]\n",
    )
    .unwrap();
    let inventory = desk.folder.path().join("i.yaml");
    let text = std::fs::read_to_string(&inventory).unwrap();
    let (head, rest) = text.split_once("      components:\n").unwrap();
    let (_, hosts) = rest.split_once("  children:\n").unwrap();
    std::fs::write(&inventory, format!("{head}  children:\n{hosts}")).unwrap();
    desk.run(0, &["up", "--content", "content"]);
    let artefacts = desk.artefacts();
    let (leaks, _) = leaks(&artefacts, &secrets::kept(&artefacts), &rules());
    for (name, place, form) in [
        ("dex-nautes", "host/v1/opt/plain", "as it is"),
        ("dex-argocd", "host/v1/opt/base64", "in base64"),
        ("dex-harbor", "process/v1/echo", "as it is"),
    ] {
        let expected = format!("secrets/{name}: {place} ({form})");
        assert!(
            leaks.contains(&expected),
            "not found: {expected} in {leaks:#?}"
        );
    }
}

#[test]
fn every_form_is_found_at_every_offset() {
    let secrets: Secrets = BTreeMap::from([("one".to_owned(), "Corridor-4711:Zin/nia".to_owned())]);
    let needles = Needles::new(&secrets);
    let b64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let value = &secrets["one"];
    for head in ["", "a", "ab", "abc", "user:"] {
        for tail in ["", "\n", "tail"] {
            let text = format!("{head}{value}{tail}");
            let twice = b64(&format!("{head}{}{tail}", b64(&text)));
            for (form, text) in [
                ("as it is", text.clone()),
                ("in base64", b64(&text)),
                ("in base64 twice", twice),
            ] {
                let found = needles.found(text.as_bytes());
                assert!(
                    found.contains(&("one".to_owned(), form)),
                    "{form} of {head}*{tail}"
                );
            }
        }
    }
    let other = |text: &str| {
        needles
            .found(text.as_bytes())
            .into_iter()
            .next()
            .map(|found| found.1)
    };
    assert_eq!(
        other("x436f727269646f722d343731313a5a696e2f6e6961"),
        Some("in hex")
    );
    assert_eq!(
        other("?t=Corridor-4711%3AZin%2Fnia&"),
        Some("percent-encoded")
    );
    assert_eq!(other("Corridor-4711:Zin/nix"), None);
}

#[test]
fn the_list_is_in_the_documentation() {
    let path = Path::new(ROOT).join("docs/secrets.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- tests/canary/allowed.tsv -->\n", "<!-- end -->");
    let (head, rest) = text.split_once(begin).unwrap();
    let (_, tail) = rest.split_once(end).unwrap();
    let mut table = String::from("| Where | Which | Why |\n|---|---|---|\n");
    for rule in rules() {
        let of = if rule.of == "both" {
            String::new()
        } else {
            format!(" ({})", rule.of)
        };
        table += &format!(
            "| `{}` | `{}` | {}{of} |\n",
            rule.place, rule.secret, rule.why
        );
    }
    let wanted = format!("{head}{begin}{table}{end}{tail}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        wanted,
        "UPDATE=1 writes it"
    );
}
