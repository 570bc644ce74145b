//! Vault's seal and its root token by the user's choice, in the whole program on the simulated
//! estate: what is kept, what is not, who opens it after a restart.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

use std::path::Path;
use std::process::Command;

/// The key pair of age's own tests.
const HOLDER: (&str, &str) = (
    "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33",
    "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa",
);
/// Another one, made for this test.
const OTHER: (&str, &str) = (
    "AGE-SECRET-KEY-1P9VXYUYU529AEME4MVEAQ36WT46746RHQDMZ8Q2399JVUAACXV6S5URHWG",
    "age1slqqh7rcpjavrf7saryvpjxcly9q2mn6jvy606w25vlnqj2pjv3sce5ny2",
);
const INVENTORY: &str = "all:
  vars:
    nautes:
      tenant: demo
      release: current
      domain: demo.example.test
      components:
        harbor: { enabled: false }
        gitlab-seed: { enabled: false }
        vault-proxy: { enabled: false }
        vault-init: { shares: 3, threshold: 2 }
    ansible_connection: rehearsal
    ansible_become: true
  children:
    kube_control_plane: { hosts: { node1: { ansible_host: 192.0.2.10 } } }
    gitlab: {}
    vault: { hosts: { vault1: { ansible_host: 192.0.2.14 } } }
";
const VAULT: &str = "pki,hosts,secrets,vault,vault-init,vault-unseal,vault-root";
const CONTENT: &str = "k3s,cluster,vcluster,vault-auth,vault-seed";

/// A folder with an inventory and the estate that it makes.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tenant.yaml"), INVENTORY).unwrap();
        Self(folder)
    }

    /// What the program said, both streams, and its exit code.
    fn run(&self, args: &[&str], more: &[&str]) -> (String, i32) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nautes-install"));
        command.args(args).args(["-i", "tenant.yaml"]).args(more);
        command.current_dir(self.0.path()).env("NO_COLOR", "1");
        let done = command.output().unwrap();
        let text = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
        (text.into_owned(), done.status.code().unwrap())
    }

    /// The tasks that `up` changed.
    fn up(&self, more: &[&str]) -> Vec<String> {
        let (text, code) = self.run(&["up"], more);
        assert_eq!(code, 0, "{text}");
        let lines = text.lines().filter(|line| line.starts_with("changed: ["));
        let named = lines.filter_map(|line| line.split_once("] "));
        named.map(|(_, name)| name.to_owned()).collect()
    }

    fn fails(&self, verb: &str, more: &[&str]) -> String {
        let (text, code) = self.run(&[verb], more);
        assert_ne!(code, 0, "{text}");
        text
    }

    fn secret(&self, name: &str) -> String {
        let (text, code) = self.run(&["secrets", "show", name], &[]);
        assert_eq!(code, 0, "{text}");
        text.trim().to_owned()
    }

    fn kept(&self) -> Vec<String> {
        let (text, _) = self.run(&["secrets", "list"], &[]);
        let names = text.lines().filter(|line| line.starts_with("vault-"));
        names.map(ToOwned::to_owned).collect()
    }

    /// Whether a token may look at Vault's engines.
    fn works(&self, token: &str) -> bool {
        let script = format!(
            "curl -sS -o /dev/null -w '%{{http_code}}' --cacert /etc/vault.d/tls/ca.crt -H 'X-Vault-Token: {token}' https://127.0.0.1:8200/v1/sys/mounts\n"
        );
        std::fs::write(self.0.path().join("script"), script).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_nautes-install"));
        command.args(["rehearse", "shell", "-i", "tenant.yaml", "vault1"]);
        command.current_dir(self.0.path());
        command.stdin(std::fs::File::open(self.0.path().join("script")).unwrap());
        String::from_utf8_lossy(&command.output().unwrap().stdout).contains("200")
    }

    /// Cuts the power of Vault's host.
    fn restart(&self) {
        let said = self.fails("up", &["--only", VAULT, "--fault", "vault1:reboot"]);
        assert!(said.contains("it restarted"), "{said}");
    }

    /// The files of the estate and its state that hold this text.
    fn holding(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut open = vec![self.0.path().join(".nautes-install")];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
            } else if holds(&path, text) {
                found.push(path.display().to_string());
            }
        }
        found
    }
}

fn holds(path: &Path, text: &str) -> bool {
    let bytes = std::fs::read(path).unwrap();
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

#[test]
fn the_root_token_is_taken_back_and_made_anew_for_each_run() {
    let desk = Desk::new();
    let only = format!("{VAULT},{CONTENT},vault-revoke");
    let revoke = ["--set", "nautes.components.vault-init.root_token=revoke"];
    let with = [&["--only", only.as_str()], &revoke[..]].concat();
    let without = format!("{VAULT},{CONTENT}");
    desk.up(&["--only", &without]);
    let token = desk.secret("vault-init.root_token");
    assert!(desk.works(&token));
    let plan = desk.run(&["plan"], &with).0;
    assert!(
        plan.contains("changed: [vault1] vault-revoke: Root token is taken back"),
        "{plan}"
    );
    let changed = desk.up(&with);
    assert_eq!(changed, ["vault-revoke: Root token is taken back"]);
    assert!(!desk.works(&token), "it still works");
    assert_eq!(desk.kept(), ["vault-init.shares"], "a dead token is kept");
    assert_eq!(desk.up(&with), Vec::<String>::new(), "a second run");
    assert_eq!(desk.kept(), ["vault-init.shares"]);
    let (said, code) = desk.run(&["status"], &with);
    assert_eq!(code, 0, "{said}");
    let plan = desk.run(&["plan"], &with).0;
    assert!(plan.contains("unknown until vault-root"), "{plan}");
    let said = desk.fails("up", &[&["--only", "vault-seed"], &revoke[..]].concat());
    assert!(said.contains("its root token was taken back"), "{said}");
    // What was changed by hand meanwhile is set right by a token that is made for that.
    desk.up(&["--only", &without]);
    let token = desk.secret("vault-init.root_token");
    assert!(desk.works(&token), "kept again");
    assert_eq!(desk.up(&["--only", &without]), Vec::<String>::new());
}

#[test]
fn a_root_token_that_somebody_took_back_is_replaced_in_the_store() {
    let desk = Desk::new();
    desk.up(&["--only", VAULT]);
    let first = desk.secret("vault-init.root_token");
    let script = format!(
        "curl -sS -X POST --cacert /etc/vault.d/tls/ca.crt -H 'X-Vault-Token: {first}' https://127.0.0.1:8200/v1/auth/token/revoke-self\n"
    );
    std::fs::write(desk.0.path().join("script"), script).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nautes-install"));
    command.args(["rehearse", "shell", "-i", "tenant.yaml", "vault1"]);
    command.stdin(std::fs::File::open(desk.0.path().join("script")).unwrap());
    let done = command.current_dir(desk.0.path()).output().unwrap();
    assert!(done.status.success());
    let said = desk.fails("status", &["--only", VAULT]);
    assert!(said.contains("is none any more"), "{said}");
    assert_eq!(desk.up(&["--only", VAULT]), ["vault-root: Root token"]);
    let second = desk.secret("vault-init.root_token");
    assert!(first != second && desk.works(&second));
    assert_eq!(desk.up(&["--only", VAULT]), Vec::<String>::new());
}

#[test]
fn shares_that_operators_hold_open_it_one_operator_after_the_other() {
    let desk = Desk::new();
    let held = format!(
        "nautes.components.vault-init.recipients=[{}, {}]",
        HOLDER.1, OTHER.1
    );
    let with = ["--only", VAULT, "--set", held.as_str()];
    let identity = |name: &str, text: &str| {
        std::fs::write(desk.0.path().join(name), format!("# mine\n{text}\n")).unwrap();
    };
    identity("one", HOLDER.0);
    identity("two", OTHER.0);
    identity("nothing", "no key");
    desk.up(&with);
    assert_eq!(desk.up(&with), Vec::<String>::new(), "nobody is asked");
    assert_eq!(desk.secret("vault-init.shares"), "");
    desk.restart();
    let said = desk.fails("status", &with);
    let wanted = format!(
        "is sealed (0 of 2 shares); `nautes-install up` opens it with `--identity FILE` of holders of its shares: {}, {}",
        HOLDER.1, OTHER.1
    );
    assert!(said.contains(&wanted), "{said}");
    let said = desk.fails("up", &with);
    let wanted = format!(
        "`--identity FILE` (repeatable): {} (2 shares), {} (1 share)",
        HOLDER.1, OTHER.1
    );
    assert!(said.contains(&wanted), "{said}");
    let said = desk.fails("up", &[&with[..], &["--identity", "nothing"]].concat());
    assert!(said.contains("error[input/no-identity]"), "{said}");
    let said = desk.fails("up", &[&with[..], &["--identity", "two"]].concat());
    let wanted = format!("(repeatable): {} (2 shares)\n", HOLDER.1);
    assert!(said.contains("takes 2 shares, and 1 were given"), "{said}");
    assert!(said.contains(&wanted), "{said}");
    let (said, _) = desk.run(&["status"], &with);
    assert!(said.contains("is sealed (1 of 2 shares)"), "{said}");
    let both = [&with[..], &["--identity", "one"]].concat();
    assert_eq!(desk.up(&both), ["vault-unseal: Seal"]);
    for (key, _) in [HOLDER, OTHER] {
        assert_eq!(desk.holding(key), Vec::<String>::new());
    }
}

#[test]
fn another_vault_opens_it_and_nobody_else() {
    let desk = Desk::new();
    let folder = desk.0.path().join("group_vars");
    std::fs::create_dir(&folder).unwrap();
    let inventory = INVENTORY.replace(
        "        vault-init:",
        "        vault:
          seal: transit
          transit_address: https://seal.example.test:8200
          transit_key: demo
          transit_token: s.canary-of-the-transit-token
        vault-init:",
    );
    std::fs::write(desk.0.path().join("tenant.yaml"), &inventory).unwrap();
    let with = ["--only", VAULT];
    let changed = desk.up(&with);
    assert!(changed.contains(&"vault: What opens it".to_owned()));
    assert!(!changed.contains(&"vault-unseal: Seal".to_owned()));
    assert_eq!(desk.up(&with), Vec::<String>::new());
    desk.restart();
    let (said, code) = desk.run(&["status"], &with);
    assert_eq!(code, 0, "it opens itself: {said}");
    assert_eq!(desk.up(&with), Vec::<String>::new());
    let canary = "s.canary-of-the-transit-token";
    let found = desk.holding(canary);
    assert!(
        found.iter().all(|path| path.contains("/contents/")),
        "beside the file on the host: {found:?}"
    );
    // Its key belongs to that seal.
    std::fs::write(desk.0.path().join("tenant.yaml"), INVENTORY).unwrap();
    let said = desk.fails("plan", &with);
    assert!(said.contains("`shares` is asked for"), "{said}");
    // And a message about its settings does not tell the token that stands beside them.
    let wrong = inventory.replace("transit_key: demo", "transit_keys: demo");
    let flat = wrong.replace("\n          transit", ", transit");
    let flat = flat.replace("vault:\n          seal: transit", "vault: { seal: transit");
    let flat = flat.replace("-token\n", "-token }\n");
    std::fs::write(desk.0.path().join("tenant.yaml"), flat).unwrap();
    let said = desk.fails("plan", &with);
    assert!(said.contains("did you mean `transit_key`?"), "{said}");
    assert!(!said.contains(canary), "{said}");
}

#[test]
fn three_hosts_are_one_vault_and_bear_the_loss_of_one() {
    let desk = Desk::new();
    let three = "    vault:
      hosts:
        vault1: { ansible_host: 192.0.2.14 }
        vault2: { ansible_host: 192.0.2.15 }
        vault3: { ansible_host: 192.0.2.16 }
";
    let (before, _) = INVENTORY.split_once("    vault: {").unwrap();
    std::fs::write(
        desk.0.path().join("tenant.yaml"),
        format!("{before}{three}"),
    )
    .unwrap();
    let only = format!("{VAULT},{CONTENT}");
    let all = ["--only", only.as_str()];
    let changed = desk.up(&all);
    let made = |task: &str| changed.iter().filter(|one| *one == task).count();
    assert_eq!(made("vault-init: Master key"), 1);
    assert_eq!(made("vault-unseal: Seal"), 3);
    assert_eq!(desk.up(&all), Vec::<String>::new());
    let (said, code) = desk.run(&["status"], &all);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("vault1 leads, vault2, vault3 follow"),
        "{said}"
    );
    desk.restart();
    let said = desk.fails("status", &all);
    assert!(said.contains("Vault is sealed (0 of 2 shares)"), "{said}");
    let left = [&all[..], &["--limit", "!vault1"]].concat();
    let (said, code) = desk.run(&["status"], &left);
    assert_eq!(code, 0, "the others serve: {said}");
    assert!(said.contains("vault2 leads"), "{said}");
    assert_eq!(desk.up(&all), ["vault-unseal: Seal"]);
    assert_eq!(desk.up(&all), Vec::<String>::new());
    // One of three that is left open does not lead.
    for host in ["vault2", "vault3"] {
        let fault = format!("{host}:reboot");
        desk.fails(
            "up",
            &["--only", "vault", "--limit", host, "--fault", &fault],
        );
    }
    let left = [&all[..], &["--limit", "vault1"]].concat();
    let (said, _) = desk.run(&["status"], &left);
    assert!(said.contains("nobody leads"), "{said}");
    assert_eq!(desk.up(&all), ["vault-unseal: Seal"; 2]);
    let token = desk.secret("vault-init.root_token");
    assert!(desk.works(&token));
}

/// A tenant with what rotating needs: GitLab, Vault with its proxy, and the cluster with Dex.
const ROTATED: &str = "pki,hosts,secrets,gitlab,gitlab-seed,k3s,cluster,traefik,vcluster,cert-manager,dex,argocd,vault,vault-init,vault-unseal,vault-root,vault-auth,vault-seed,vault-git,vault-proxy";

#[test]
fn what_a_rotation_would_do_is_told_and_what_cannot_be_is_refused() {
    let desk = Desk::new();
    let rotate = ["secrets", "rotate"];
    let (said, code) = desk.run(&rotate, &["vault-init.root_token", "secrets.dex-argocd"]);
    assert_eq!(code, 0, "{said}");
    let wanted = "vault-init.root_token: made anew, then vault-root
secrets.dex-argocd: made anew, then secrets, dex, argocd
nothing was changed; the same with `--apply` does it, as `up --only secrets,dex,argocd,vault-root` would
";
    assert_eq!(said, wanted);
    let (said, _) = desk.run(&rotate, &["secrets.oauth2-cookie", "--output", "json"]);
    let told: serde_json::Value = serde_json::from_str(&said).unwrap();
    let wanted = serde_json::json!({
        "secrets": [{ "name": "secrets.oauth2-cookie", "components": ["secrets"] }],
        "only": ["secrets"],
    });
    assert_eq!(told, wanted, "oauth2-proxy is not wanted here");
    let names = ["pki.ca_key", "vault-init.shares", "secrets.dex-argcod"];
    let (said, code) = desk.run(&rotate, &names);
    assert_eq!(code, 2, "{said}");
    assert_eq!(said.matches("error[commands/not-rotated]").count(), 2);
    assert!(
        said.contains("did you mean `secrets.dex-argocd`?"),
        "{said}"
    );
    assert!(said.contains("vault operator rekey"), "{said}");
    assert!(!desk.0.path().join(".nautes-install").exists());
}

#[test]
fn secrets_are_made_anew_and_taken_to_all_who_use_them() {
    let desk = Desk::new();
    let whole = INVENTORY
        .replace("        gitlab-seed: { enabled: false }\n", "")
        .replace("        vault-proxy: { enabled: false }\n", "")
        .replace(
            "    gitlab: {}",
            "    gitlab: { hosts: { git1: { ansible_host: 192.0.2.11 } } }",
        );
    std::fs::write(desk.0.path().join("tenant.yaml"), whole).unwrap();
    let all = ["--only", ROTATED];
    desk.up(&all);
    let first = desk.secret("vault-init.root_token");
    let names = [
        "vault-init.root_token",
        "vault-proxy.secret_id",
        "secrets.dex-argocd",
        "secrets.gitlab-operator",
    ];
    let args = [&["secrets", "rotate"], &names[..]].concat();
    let (said, code) = desk.run(&args, &["--apply"]);
    assert_eq!(code, 0, "{said}");
    for task in [
        "vault-root: Root token",
        "vault-proxy: A secret to sign in with",
        "vault-proxy: The one before",
        "dex: Objects",
        "argocd: Objects",
        "gitlab-seed: Its token",
        "gitlab-seed: Its older tokens",
        "vault-git: Token of the base-operator",
    ] {
        let line = |line: &&str| line.starts_with("changed: [") && line.ends_with(task);
        assert_eq!(said.lines().filter(line).count(), 1, "{task}: {said}");
    }
    let second = desk.secret("vault-init.root_token");
    for token in [&first, &second] {
        assert!(!said.contains(token.as_str()), "it is printed");
        let found = desk.holding(token);
        assert!(
            found
                .iter()
                .all(|path| path.contains("/services/") || path.ends_with("estate.json")),
            "{found:?}"
        );
    }
    // Whoever asks with them by hand has them in the arguments of a program, which are recorded.
    assert!(first != second && desk.works(&second) && !desk.works(&first));
    assert_eq!(desk.up(&all), Vec::<String>::new());
}

#[test]
fn every_rotation_names_components_that_there_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let Ok(text) = std::fs::read_to_string(entry.unwrap().path()) else {
            continue;
        };
        let rules = text
            .lines()
            .filter_map(|line| line.split_once(": { then: ["));
        for (name, rest) in rules {
            let (then, _) = rest.split_once(']').unwrap();
            for component in then.split(", ") {
                let file = folder.join(format!("{component}.yaml"));
                assert!(file.is_file(), "{name}: {component}");
            }
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen}");
}
