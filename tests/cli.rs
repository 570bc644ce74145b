//! The program as its users call it: verbs, exit codes, messages, the README's job on the estate.

#![allow(clippy::unwrap_used, reason = "a test that cannot start has failed")]

use std::path::Path;

use assert_cmd::Command;

fn program(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("nautes-install").unwrap();
    command.current_dir(folder).env("NO_COLOR", "1");
    command
}

fn shipped(name: &str) -> String {
    format!("{}/inventories/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Stdout and stderr of a call that ended with `code`.
fn run(folder: &Path, args: &[&str], code: i32) -> (String, String) {
    let output = program(folder).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
    (out, err)
}

fn recap(out: &str) -> serde_json::Value {
    let last = out.lines().last().unwrap();
    let value: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(value["event"], "recap", "{last}");
    value
}

#[test]
fn every_verb_has_help() {
    let folder = tempfile::tempdir().unwrap();
    let verbs = [
        "init",
        "validate",
        "preflight",
        "plan",
        "up",
        "destroy",
        "status",
        "play",
        "rehearse",
        "inventory",
        "get",
        "apply",
        "delete",
        "schema",
        "completions",
    ];
    for verb in verbs {
        let (out, _) = run(folder.path(), &[verb, "--help"], 0);
        assert!(out.contains("Usage: nautes-install"), "{out}");
    }
}

#[test]
fn shipped_inventories_validate() {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(shipped("")).unwrap() {
        let path = entry.unwrap().path();
        run(
            folder.path(),
            &["validate", "-i", path.to_str().unwrap()],
            0,
        );
    }
}

#[test]
fn init_writes_an_inventory_that_validates_and_never_over_another() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["init"], 0);
    run(folder.path(), &["validate", "-i", "inventory.yaml"], 0);
    let (_, err) = run(folder.path(), &["init"], 2);
    assert!(err.contains("error[commands/exists]"), "{err}");
}

#[test]
fn the_job_on_the_estate_and_again_without_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = shipped("rehearsal.yaml");
    let at = ["-i", &inventory, "--rehearse", "--output", "json"];
    let call = |verb: &str, more: &[&str], code| {
        let args: Vec<&str> = [verb].iter().chain(&at).chain(more).copied().collect();
        run(folder.path(), &args, code).0
    };
    let planned = recap(&call("plan", &["--exit-code"], 4));
    assert!(planned["changed"].as_u64().unwrap() > 0);
    let first = recap(&call("up", &[], 0));
    assert!(first["changed"].as_u64().unwrap() > 0);
    assert_eq!(first["failed"], 0);
    let second = recap(&call("up", &[], 0));
    assert_eq!(second["changed"], 0, "{second}");
    call("plan", &["--exit-code"], 0);
    call("status", &[], 0);
}

#[test]
fn an_inventory_of_simulated_hosts_needs_no_option() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = shipped("rehearsal.yaml");
    let up = ["up", "-i", &inventory];
    let (out, _) = run(folder.path(), &up, 0);
    for said in [
        "TENANT rehearsal (simulated)",
        "https://192.0.2.11:6443",
        "the real run would take about",
        "NEXT",
    ] {
        assert!(out.contains(said), "{said}\n{out}");
    }
    let kept = folder.path().join(".nautes-install");
    let names: Vec<_> = std::fs::read_dir(kept)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["rehearsal"], "only the estate is kept");
    let json = ["up", "-i", &inventory, "--output", "json"];
    assert_eq!(recap(&run(folder.path(), &json, 0).0)["changed"], 0);
    let plan = ["plan", "-i", &inventory, "--exit-code"];
    run(folder.path(), &plan, 0);
    run(folder.path(), &["preflight", "-i", &inventory], 0);
    // Nobody is asked: nothing real is removed.
    run(folder.path(), &["destroy", "-i", &inventory], 0);
    run(folder.path(), &plan, 4);
}

/// The controller of a rehearsal is no host of `ansible_user`'s: its folders are anywhere.
#[test]
fn an_inventory_for_real_hosts_is_rehearsed_from_any_folder() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = tempfile::tempdir_in(target).unwrap();
    for name in ["single.yaml", "ha.yaml"] {
        let inventory = shipped(name);
        let estate = folder.path().join(name);
        let estate = estate.to_str().unwrap();
        let up = ["up", "--rehearse", "--estate", estate, "-i", &inventory];
        run(folder.path(), &up, 0);
        let plan = [
            "plan",
            "--exit-code",
            "--rehearse",
            "--estate",
            estate,
            "-i",
        ];
        run(folder.path(), &[&plan[..], &[&inventory]].concat(), 0);
    }
}

#[test]
fn what_comes_next_is_said_as_commands_that_work() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = shipped("rehearsal.yaml");
    let (out, _) = run(folder.path(), &["up", "-i", &inventory], 0);
    let next = out.split_once("NEXT").unwrap().1;
    let steps: Vec<&str> = next
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nautes-install "))
        .collect();
    assert_eq!(steps.len(), 4, "{out}");
    for step in steps {
        let args: Vec<&str> = step.split(' ').collect();
        let fails = step.contains("--fault");
        let (_, err) = run(folder.path(), &args, i32::from(fails));
        assert!(!fails || err.contains("No space left on device"), "{err}");
    }
}

#[test]
fn a_plan_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = shipped("rehearsal.yaml");
    let at = ["-i", &inventory, "--rehearse", "--output", "json"];
    let plan: Vec<&str> = ["plan"].iter().chain(&at).copied().collect();
    let first = recap(&run(folder.path(), &plan, 0).0);
    let second = recap(&run(folder.path(), &plan, 0).0);
    assert_eq!(first["changed"], second["changed"]);
    assert!(first["unknown"].as_u64().unwrap() > 0, "{first}");
}

#[test]
fn mistakes_are_told_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "all:\n  hosts: { a: {} }\n  vars:\n    nautes:\n      components:\n        k4s: {}\n";
    std::fs::write(folder.path().join("inventory.yaml"), text).unwrap();
    let (_, err) = run(folder.path(), &["validate", "-i", "inventory.yaml"], 2);
    assert!(err.contains("error[settings/unknown-component]"), "{err}");
    assert!(err.contains("inventory.yaml:6:9"), "{err}");
    assert!(err.contains("did you mean `k3s`?"), "{err}");
    let (_, err) = run(folder.path(), &["inventory", "host", "b", "-i", "a,"], 2);
    assert!(err.contains("error[inventory/unknown-host]"), "{err}");
    let (_, err) = run(
        folder.path(),
        &["up", "-i", "a,", "--limit", "!a", "--rehearse"],
        2,
    );
    assert!(err.contains("error[inventory/empty-limit]"), "{err}");
}

#[test]
fn a_sealed_file_without_its_password_is_an_error_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let sealed = "$ANSIBLE_VAULT;1.1;AES256\n3061\n";
    std::fs::write(folder.path().join("site.yml"), sealed).unwrap();
    let args = ["play", "-i", "localhost,", "--rehearse", "site.yml"];
    let (_, err) = run(folder.path(), &args, 2);
    assert!(err.contains("error[playbook/vault]"), "{err}");
}

#[test]
fn what_is_told_once_is_kept_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept");
    let (content, inventory) = (files.display().to_string(), files.join("inventory.yaml"));
    let inventory = inventory.display().to_string();
    let up = |more: &[&str], code: i32| {
        let base = ["up", "-i", &inventory, "--content", &content, "--rehearse"];
        let given = ["--estate", "estate", "--output", "json"];
        let args: Vec<&str> = base.iter().chain(&given).chain(more).copied().collect();
        run(folder.path(), &args, code)
    };
    let (first, _) = up(&[], 0);
    assert_eq!(recap(&first)["changed"], 2, "{first}");
    let store = folder.path().join("estate/state/sealed.age");
    assert!(store.exists());
    // The second run cannot see the token any more, alone or with the one that told it.
    assert_eq!(recap(&up(&[], 0).0)["changed"], 0);
    assert_eq!(recap(&up(&["--only", "reader"], 0).0)["changed"], 0);
    for entry in walk(folder.path()) {
        let bytes = std::fs::read(&entry).unwrap();
        let plain = String::from_utf8_lossy(&bytes).contains("told-only-once");
        // The simulated host's own disk has it, as the real one would.
        assert!(
            !plain || entry.starts_with(folder.path().join("estate/contents")),
            "{entry:?}"
        );
    }
    std::fs::remove_file(store).unwrap();
    let (out, err) = up(&[], 2);
    assert!(
        format!("{out}{err}").contains("bring back the state directory"),
        "{out}{err}"
    );
}

/// Every file below a folder.
fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// What `nautes.trust` and `nautes.domain` say is what the certificates are made of.
#[test]
fn a_ca_that_is_brought_signs_the_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = |name: &str, more: &str| {
        let text = format!(
            "kube_control_plane: {{hosts: {{s1: {{ansible_host: 192.0.2.7}}}}}}\nall:\n  vars:\n    nautes: {{tenant: {name}, domain: {name}.example{more}}}\n"
        );
        let file = folder.path().join(name).join("inventory.yaml");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let made = |tenant: &str, file: &str| {
        let pki = folder
            .path()
            .join(".nautes-install")
            .join(tenant)
            .join("pki");
        std::fs::read(pki.join(file)).unwrap()
    };
    let first = inventory("one", "");
    run(folder.path(), &["up", "-i", &first, "--only", "pki"], 0);
    std::fs::write(folder.path().join("ca.crt"), made("one", "ca.crt")).unwrap();
    let second = inventory("two", ", trust: {ca_cert: ../ca.crt, ca_key: ../ca.key}");
    let up = ["up", "-i", &second, "--only", "pki"];
    let (_, err) = run(folder.path(), &up, 1);
    assert!(err.contains("ca.key"), "{err}");
    std::fs::write(folder.path().join("ca.key"), made("one", "ca.key")).unwrap();
    run(folder.path(), &up, 0);
    assert_eq!(made("two", "ca.crt"), made("one", "ca.crt"));
    assert_eq!(made("two", "ca.key"), made("one", "ca.key"));
    assert_ne!(made("two", "entrypoint.crt"), made("one", "entrypoint.crt"));
    let names = made("two", "entrypoint.csr");
    let names = String::from_utf8_lossy(&pem_bytes(&names)).into_owned();
    assert!(names.contains("two.example"), "{names}");
    let again = [&up[..], &["--output", "json"]].concat();
    let (out, _) = run(folder.path(), &again, 0);
    assert_eq!(recap(&out)["changed"], 0);
}

/// What stands in a PEM block.
fn pem_bytes(pem: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let text = String::from_utf8_lossy(pem);
    let body: String = text.lines().filter(|l| !l.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD
        .decode(body)
        .unwrap()
}

/// Another machine's run holds the tenant's lock on the first host: this one touches nothing until
/// the lock ends.
#[test]
fn a_run_from_another_machine_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let write = |seconds: &str| {
        let play = format!(
            "- hosts: all[0]\n  become: true\n  tasks:\n    - ansible.builtin.shell: |\n        mkdir -p /run/nautes-install\n        now=$(date +%s)\n        printf '%s\\n%s\\n%s\\n' ops@other:/srv/x $((now + {seconds})) up >/run/nautes-install/$TENANT.lock\n      environment: {{TENANT: \"{{{{ nautes.tenant }}}}\"}}\n"
        );
        std::fs::write(folder.path().join("lock.yml"), play).unwrap();
        let inventory = shipped("rehearsal.yaml");
        let args = ["play", "-i", &inventory, "--estate", "e", "lock.yml"];
        run(folder.path(), &args, 0);
    };
    let inventory = shipped("rehearsal.yaml");
    let up = ["up", "-i", &inventory, "--estate", "e", "--output", "json"];
    write("300");
    let (out, _) = run(folder.path(), &up, 2);
    let said = [
        "state/locked-elsewhere",
        "`up` of ops@other:/srv/x",
        "nothing was touched",
        "the lock ends by itself in",
    ];
    for said in said {
        assert!(out.contains(said), "{said}: {out}");
    }
    assert!(!out.contains("task_start"), "{out}");
    write("-1");
    let (out, _) = run(folder.path(), &up, 0);
    assert!(recap(&out)["changed"].as_u64().unwrap() > 0);
    let show = ["rehearse", "show", "-i", &inventory, "--estate", "e"];
    assert!(!run(folder.path(), &show, 0).0.contains(".lock"));
}
