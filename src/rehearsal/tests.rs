//! The life of a simulated host, as a job sees it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Map, json};

use super::testing::{act, act_as, ask, block, host, host_with, sh};
use super::*;
use crate::connection::{
    Action, ConnectionError, Connector, Deadline, Exec, Identity, PackageAction, Probe, Reply,
    UnitAction,
};
use crate::input::{Clock, FileKind, Files};
use crate::secret::Secret;

fn install(name: &str) -> Action {
    Action::Package(PackageAction::Install {
        names: vec![name.to_owned()],
        options: Vec::new(),
    })
}

#[test]
fn packages_need_lists_and_bring_units() {
    let estate = host();
    let before = act(&estate, install("chrony")).unwrap().executed;
    assert_eq!(before.code, 100);
    assert!(String::from_utf8_lossy(&before.stderr).contains("Unable to locate package chrony"));
    act(&estate, Action::Package(PackageAction::Update)).unwrap();
    assert_eq!(act(&estate, install("chrony")).unwrap().executed.code, 0);
    let Reply::Package(state) = ask(
        &estate,
        Probe::Package {
            name: "chrony".to_owned(),
        },
    ) else {
        panic!()
    };
    assert_eq!(state.installed, state.candidate);
    assert_eq!(
        sh(
            &estate,
            "systemctl is-enabled chrony; systemctl is-active chrony"
        )
        .1,
        "enabled\nactive\n"
    );
    let (code, _, _) = sh(
        &estate,
        "apt-get -y purge chrony; test -e /etc/chrony/chrony.conf",
    );
    assert_eq!(code, 1);
    let Reply::Unit(unit) = ask(
        &estate,
        Probe::Unit {
            name: "chrony.service".to_owned(),
        },
    ) else {
        panic!()
    };
    assert_eq!(unit.load, "not-found");
}

#[test]
fn units_follow_their_files() {
    let estate = host();
    let unit = "[Service]\nType=notify\nExecStart=/usr/local/bin/app\n[Install]\nWantedBy=multi-user.target\n";
    sh(
        &estate,
        &format!("printf '%s' '{unit}' > /etc/systemd/system/app.service"),
    );
    let start = || {
        let action = UnitAction::Start;
        act(
            &estate,
            Action::Unit {
                name: "app.service".to_owned(),
                action,
            },
        )
        .unwrap()
        .executed
        .code
    };
    assert_eq!(start(), 1, "its program is missing");
    sh(
        &estate,
        "cp /bin/true /usr/local/bin/app; systemctl reset-failed app",
    );
    assert_eq!(start(), 0);
    sh(&estate, "systemctl enable app");
    assert_eq!(
        sh(
            &estate,
            "readlink /etc/systemd/system/multi-user.target.wants/app.service"
        )
        .1,
        "/etc/systemd/system/app.service\n"
    );
    sh(&estate, "echo '# new' >> /etc/systemd/system/app.service");
    assert_eq!(
        sh(&estate, "systemctl show -p NeedDaemonReload --value app").1,
        "yes\n"
    );
    sh(&estate, "systemctl daemon-reload");
    assert_eq!(
        sh(&estate, "systemctl show -p NeedDaemonReload --value app").1,
        "no\n"
    );
    let (code, _, said) = sh(&estate, "systemctl mask app");
    assert!(
        code == 1 && said.contains("already exists"),
        "its own file is in the way: {said}"
    );
    sh(&estate, "systemctl mask ssh");
    assert_eq!(sh(&estate, "systemctl stop ssh; systemctl start ssh").0, 1);
}

#[test]
fn a_reboot_keeps_what_is_enabled_and_changes_the_boot_id() {
    let estate = host();
    sh(
        &estate,
        "sysctl -w vm.swappiness=1; echo 'vm.max_map_count = 262144' > /etc/sysctl.d/90.conf; touch /tmp/x",
    );
    let id = sh(&estate, "cat /proc/sys/kernel/random/boot_id").1;
    act(
        &estate,
        Action::Reboot {
            command: None,
            post_delay: 0,
        },
    )
    .unwrap();
    let (_, out, _) = sh(
        &estate,
        "sysctl -n vm.swappiness vm.max_map_count; ls /tmp; systemctl is-active ssh",
    );
    assert_eq!(out, "60\n262144\nactive\n");
    assert_ne!(sh(&estate, "cat /proc/sys/kernel/random/boot_id").1, id);
}

#[test]
fn accounts_live_in_the_tree() {
    let estate = host();
    assert_eq!(
        sh(
            &estate,
            "groupadd -r app && useradd -r -g app -m -d /srv/app -s /bin/false app; id -gn app"
        )
        .1,
        "app\n"
    );
    assert_eq!(
        sh(&estate, "stat -c '%U %G %a' /srv/app").1,
        "app app 755\n"
    );
    assert_eq!(sh(&estate, "useradd app").0, 9);
    assert_eq!(
        sh(&estate, "usermod -aG sudo app; id -nG app").1,
        "app sudo\n"
    );
    let who = Identity {
        user: Some("app".to_owned()),
        password: None,
    };
    let denied = act_as(&estate, &who, Action::Exec(Exec::shell("echo x > /etc/x"))).unwrap();
    assert!(String::from_utf8_lossy(&denied.executed.stderr).contains("Permission denied"));
    assert_eq!(
        sh(&estate, "userdel -r app; getent passwd app; ls /srv").0,
        0
    );
}

#[test]
fn becoming_needs_the_right_password() {
    let estate = host_with(json!({"ansible_user": "ops", "ansible_become_password": "right one"}));
    let who = |password: Option<&str>| Identity {
        user: Some("root".to_owned()),
        password: password.map(|p| Secret::new(p.to_owned())),
    };
    let id = || Action::Exec(Exec::new(["id", "-un"]));
    for password in [None, Some("wrong")] {
        let refused = act_as(&estate, &who(password), id());
        assert!(
            matches!(refused, Err(ConnectionError::Become { .. })),
            "{refused:?}"
        );
    }
    let done = act_as(&estate, &who(Some("right one")), id()).unwrap();
    assert_eq!(done.executed.stdout, b"root\n");
}

#[test]
fn descriptions_answer_and_act() {
    let estate = host();
    let entries = json!([
        {"command": "^vault status", "when": {"absent": "/etc/vault"}, "code": 2, "stderr": "sealed\n"},
        {"command": "^vault init -shares=(\\d+)", "stdout": "$1 shares\n", "seconds": 5,
         "effects": {"files": {"/etc/vault": {"content": "x", "mode": "0600"}}}},
        {"package": "vault", "version": "1.2", "repository": "hashicorp", "units": {
            "vault.service": "[Service]\nType=notify\nExecStart=/usr/bin/vault\n[Install]\nWantedBy=multi-user.target\n"},
         "programs": ["/usr/bin/vault"]},
        {"unit": "vault.service", "seconds": 3, "ports": [8200]},
    ]);
    estate.describe(&entries).unwrap();
    assert_eq!(sh(&estate, "vault status").0, 2);
    assert_eq!(
        sh(&estate, "vault init -shares=5; stat -c %a /etc/vault").1,
        "5 shares\n600\n"
    );
    sh(
        &estate,
        "echo 'deb https://apt.hashicorp.com stable main' > /etc/apt/sources.list.d/h.list; apt-get update; apt-get -y install vault",
    );
    estate.clock().advance(Duration::from_secs(10));
    let port = Probe::Port {
        host: "127.0.0.1".to_owned(),
        port: 8200,
        timeout_ms: 100,
    };
    assert_eq!(ask(&estate, port), Reply::Port(true));
    let wrong = estate.describe(&json!([{"comand": "x"}])).unwrap_err();
    assert!(wrong.contains("did you mean `command`"), "{wrong}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story")]
fn k3s_makes_a_cluster_and_admits_by_token() {
    let estate = host();
    estate.ensure_host("agent1", &Map::new()).unwrap();
    let url = "https://github.com/k3s-io/k3s/releases/download/v1.33.5%2Bk3s1/k3s";
    let artifact = Artifact {
        len: 70_000_000,
        digests: BTreeMap::new(),
        content: None,
    };
    estate.set_artifacts(std::sync::Arc::new(BTreeMap::from([(
        url.to_owned(),
        artifact,
    )])));
    let unit = |role: &str| {
        format!(
            "curl -fsSL -o /usr/local/bin/k3s {url} && chmod 755 /usr/local/bin/k3s\n\
             printf '[Service]\\nType=notify\\nExecStart=/usr/local/bin/k3s {role}\\n' > /etc/systemd/system/k3s.service\n\
             systemctl start k3s"
        )
    };
    let on_agent = |script: String| {
        block(async {
            let connection = estate
                .connector()
                .connect("agent1", &Map::new())
                .await
                .unwrap();
            let action = Action::Exec(Exec::shell(&script));
            connection
                .act(&Identity::default(), action, Deadline::default())
                .await
                .unwrap()
                .executed
        })
    };
    let script = format!("{}; k3s kubectl get --raw /readyz", unit("server"));
    assert_eq!(sh(&estate, &script), (0, "ok\n".to_owned(), String::new()));
    assert_eq!(
        sh(
            &estate,
            "stat -c %a /etc/rancher/k3s/k3s.yaml; k3s --version | head -1"
        )
        .1,
        "600\nk3s version v1.33.5+k3s1 (simulated)\n"
    );
    let join = |token: &str| {
        unit(&format!(
            "agent --server https://10.255.0.1:6443 --token {token}"
        ))
    };
    assert_eq!(on_agent(join("wrong")).code, 1);
    let token = sh(&estate, "cat /var/lib/rancher/k3s/server/node-token").1;
    assert_eq!(
        on_agent(format!(
            "systemctl reset-failed k3s; {}",
            join(token.trim())
        ))
        .code,
        0
    );
    let nodes = sh(&estate, "k3s kubectl get nodes -o name").1;
    assert_eq!(nodes, "node/agent1\nnode/h\n");
}

#[test]
fn two_hundred_hosts_share_their_base() {
    let estate = Estate::new(1).unwrap();
    for n in 0..200 {
        estate
            .ensure_host(&format!("host{n}"), &Map::new())
            .unwrap();
    }
    let world = estate.world();
    let most = world.hosts.values().map(|host| host.tree.own().len()).max();
    // What a boot makes anew (/proc) and the host's name; the rest is shared.
    assert!(most < Some(100), "{most:?}");
}

#[test]
fn time_is_simulated_and_hosts_run_side_by_side() {
    let estate = Estate::new(1).unwrap();
    block(async {
        let sleep = |host: &'static str| {
            let estate = estate.clone();
            async move {
                let connection = estate.connector().connect(host, &Map::new()).await.unwrap();
                let action = Action::Exec(Exec::new(["sleep", "600"]));
                connection
                    .act(
                        &Identity::default(),
                        action,
                        Deadline(Duration::from_secs(900)),
                    )
                    .await
                    .unwrap();
            }
        };
        futures::join!(sleep("a"), sleep("b"), sleep("c"));
    });
    let seconds = estate.clock().elapsed().as_secs();
    assert!((600..605).contains(&seconds), "{seconds}");
}

#[test]
fn snapshots_can_be_put_back_any_number_of_times() {
    let estate = host();
    let (snapshot, before) = (estate.snapshot(), estate.fingerprint());
    for _ in 0..2 {
        sh(&estate, "rm -rf /etc/ssh; echo x > /etc/new");
        assert_ne!(estate.fingerprint(), before);
        estate.restore(&snapshot);
        assert_eq!(estate.fingerprint(), before);
    }
}

/// Files in memory.
#[derive(Default)]
struct Memory(Mutex<BTreeMap<PathBuf, Vec<u8>>>);

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0
            .lock()
            .unwrap()
            .get(path)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
    fn list(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }
    fn kind(&self, path: &Path) -> Option<FileKind> {
        self.0
            .lock()
            .unwrap()
            .contains_key(path)
            .then_some(FileKind::File)
    }
    fn write(&self, path: &Path, content: &[u8], _: u32) -> io::Result<()> {
        self.0
            .lock()
            .unwrap()
            .insert(path.to_owned(), content.to_vec());
        Ok(())
    }
    fn make_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.lock().unwrap().remove(path);
        Ok(())
    }
    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }
}

#[test]
fn an_estate_is_the_same_after_saving_and_opening() {
    let estate = host_with(json!({"rehearsal": {"distribution": "ubuntu 24.04"}}));
    sh(
        &estate,
        "apt-get update; apt-get -y install chrony; rm /etc/motd; ln -s a /b; useradd -m ann",
    );
    let (files, at) = (Memory::default(), Path::new("/estate"));
    estate.save(at, &files).unwrap();
    let again = Estate::open(at, &files, 1).unwrap();
    assert_eq!(again.fingerprint(), estate.fingerprint());
    assert_eq!(
        sh(
            &again,
            ". /etc/os-release; echo $ID; systemctl is-active chrony"
        )
        .1,
        "ubuntu\nactive\n"
    );
    assert!(
        again.show_text().contains("chrony="),
        "{}",
        again.show_text()
    );
}

#[test]
fn facts_are_ansibles() {
    let Reply::Facts(facts) = ask(&host(), Probe::Facts) else {
        panic!()
    };
    for (key, value) in [
        ("distribution", json!("Debian")),
        ("distribution_major_version", json!("12")),
        ("distribution_release", json!("bookworm")),
        ("os_family", json!("Debian")),
        ("pkg_mgr", json!("apt")),
        ("service_mgr", json!("systemd")),
        ("hostname", json!("h")),
        ("user_id", json!("root")),
    ] {
        assert_eq!(facts[key], value, "{key}");
    }
}
