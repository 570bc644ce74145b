//! kubeadm, kubelet and kubectl: what they leave on a host and check before they do, as far as
//! installers call them. Images are not modelled; a control plane is its host's kubelet.
//!
//! Times are those of a small virtual machine: 40 s for the first control plane, 25 s for a
//! further one, 8 s for a worker.

mod addons;
mod join;
mod member;
mod unit;

pub use unit::unit as kubelet_unit;

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::host::identifier;
use super::super::process::{Ended, Process};
use super::super::tree::Errno;
use super::Table;
use crate::input::{Rules, Source, parse};
use member::{become_node, preflight, refuse, start};

/// The table.
pub const PROGRAMS: Table = &[
    ("kubeadm", kubeadm),
    ("kubelet", kubelet),
    ("kubectl", kubectl),
];

/// The port of the API.
const API: u16 = 6443;
const MANIFESTS: &str = "/etc/kubernetes/manifests";
const PARTS: [&str; 4] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
];

fn kubeadm(process: &mut Process<'_>) -> Ended {
    let args = process.args();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["version", "-o", "short"] => {
            let version = version(process, "kubeadm");
            process.say(version);
            Ok(0)
        }
        [
            "init",
            "phase",
            "upload-certs",
            "--upload-certs",
            "--config",
            _,
        ] => upload(process),
        ["init", "--config", path, "--skip-token-print"] => init(process, path),
        ["init", "--config", path, "--skip-token-print", skipped]
            if skipped.starts_with("--skip-phases=") =>
        {
            finish(process, path)
        }
        ["token", "create", "--ttl", _, "--print-join-command"] => token(process),
        ["join", "--config", path] => join::join(process, path),
        ["reset", "--force", "--cri-socket", _] => reset(process),
        _ => Err(process.strange(&words.join(" "))),
    }
}

fn kubelet(process: &mut Process<'_>) -> Ended {
    if process.args() != ["--version"] {
        return Err(process.strange("kubelet in the foreground"));
    }
    let version = version(process, "kubelet");
    process.say(format!("Kubernetes {version}"));
    Ok(0)
}

fn kubectl(process: &mut Process<'_>) -> Ended {
    if !is_up(process) {
        process.complain("The connection to the server kubernetes-api:6443 was refused - did you specify the right host or port?");
        return Ok(1);
    }
    let args = process.args();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--kubeconfig", _, rest @ ..] => super::kubectl::run(process, rest),
        rest => super::kubectl::run(process, rest),
    }
}

/// The release in the address that a program was downloaded from.
fn version(process: &Process<'_>, program: &str) -> String {
    let text = process.host.tree.text(&format!("/usr/local/bin/{program}"));
    let mut parts = text.split('/');
    let found = parts.find(|part| {
        part.strip_prefix('v')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    found.unwrap_or("v0.0.0").to_owned()
}

fn is_up(process: &Process<'_>) -> bool {
    process.host.units.listening(API, process.now()).is_some()
}

/// The documents of a configuration by their kind.
fn config(process: &Process<'_>, path: &str, kind: &str) -> Option<Value> {
    let source = Source::new(path, process.host.tree.text(path));
    let documents = parse(&source, Rules::Kubernetes).ok()?;
    let mut all = documents.iter().map(crate::input::Node::to_json);
    all.find(|document| document["kind"] == kind)
}

fn init(process: &mut Process<'_>, path: &str) -> Ended {
    let Some(cluster) = config(process, path, "ClusterConfiguration") else {
        return process.fail(format!("no ClusterConfiguration in {path}"));
    };
    let errors = preflight(process);
    if !errors.is_empty() {
        return refuse(process, &errors);
    }
    let endpoint = cluster["controlPlaneEndpoint"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let name = process.host.name.clone();
    let member = json!({"role": "server", "cluster": name, "unit": "kubelet.service",
        "version": version(process, "kubelet"), "endpoint": endpoint});
    let image = cluster["imageRepository"]
        .as_str()
        .unwrap_or("registry.k8s.io")
        .to_owned();
    if let Err(error) = become_node(process, &member, &image) {
        return process.fail(error.to_string());
    }
    start(process)?;
    process.spend(Duration::from_secs(40))?;
    addons::put(process, &cluster);
    process.say("Your Kubernetes control-plane has initialized successfully!");
    Ok(0)
}

/// The phases after the control plane has come up.
fn finish(process: &mut Process<'_>, path: &str) -> Ended {
    let Some(cluster) = config(process, path, "ClusterConfiguration").filter(|_| is_up(process))
    else {
        return process.fail("timed out waiting for the condition");
    };
    addons::put(process, &cluster);
    Ok(0)
}

/// The cluster that a host is a control plane of, if its API answers.
fn ours(process: &Process<'_>) -> Option<String> {
    let member = process.host.memory.get("node")?;
    let cluster = member["cluster"].as_str()?.to_owned();
    is_up(process).then_some(cluster)
}

/// A cluster's bootstrap token.
fn token_of(cluster: &str) -> String {
    let text = identifier(&["kubeadm token", cluster]);
    format!("{}.{}", &text[..6], &text[6..22])
}

fn certificate_key(cluster: &str) -> String {
    identifier(&["kubeadm certificates", cluster]).repeat(2)
}

fn token(process: &mut Process<'_>) -> Ended {
    let Some(cluster) = ours(process) else {
        return process
            .fail("failed to load admin kubeconfig: timed out waiting for the condition");
    };
    let member = process.host.memory.get("node").cloned().unwrap_or_default();
    let endpoint = member["endpoint"].as_str().unwrap_or_default();
    process.spend(Duration::from_secs(1))?;
    process.say(format!(
        "kubeadm join {endpoint} --token {} --discovery-token-ca-cert-hash sha256:{} ",
        token_of(&cluster),
        identifier(&["kubeadm ca", &cluster]).repeat(2)
    ));
    Ok(0)
}

fn upload(process: &mut Process<'_>) -> Ended {
    let Some(cluster) = ours(process) else {
        return process
            .fail("error execution phase upload-certs: timed out waiting for the condition");
    };
    process.spend(Duration::from_secs(1))?;
    process.say("[upload-certs] Storing the certificates in Secret \"kubeadm-certs\" in the \"kube-system\" Namespace");
    process.say("[upload-certs] Using certificate key:");
    process.say(certificate_key(&cluster));
    Ok(0)
}

fn reset(process: &mut Process<'_>) -> Ended {
    process.spend(Duration::from_secs(5))?;
    let argv = ["systemctl", "stop", "kubelet"]
        .map(ToOwned::to_owned)
        .to_vec();
    process.run(argv, Bytes::new())?;
    let now = process.now();
    let gone = [
        "manifests",
        "pki",
        "admin.conf",
        "super-admin.conf",
        "kubelet.conf",
        "bootstrap-kubelet.conf",
        "controller-manager.conf",
        "scheduler.conf",
    ];
    let gone = gone.map(|name| format!("/etc/kubernetes/{name}"));
    let kept = ["/var/lib/etcd/member", "/var/lib/kubelet"].map(ToOwned::to_owned);
    for path in gone.iter().chain(&kept) {
        if let Err((_, error)) = process.host.root(now).remove_all(path)
            && error != Errno::NotFound
        {
            return process.fail(format!("{path}: {error}"));
        }
    }
    process.host.memory.remove("node");
    let name = process.host.name.clone();
    process.world.network.remove(&name, API);
    process.world.saved.remove(&format!("{name}:{API}"));
    process.say("[reset] Deleted contents of directories");
    Ok(0)
}
