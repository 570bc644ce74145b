//! What kubeadm looks at on a host before it touches it, and what makes the host a member.

use bytes::Bytes;
use serde_json::Value;

use super::{MANIFESTS, PARTS};
use crate::rehearsal::process::{Ended, Process, Stop};
use crate::rehearsal::tree::Errno;

/// kubeadm's words for what stands in the way, and its exit code.
pub fn refuse(process: &mut Process<'_>, errors: &[String]) -> Ended {
    process.complain("error execution phase preflight: [preflight] Some fatal errors occurred:");
    for error in errors {
        process.complain(format!("\t[ERROR {error}"));
    }
    Ok(1)
}

/// What kubeadm looks at on every host before it touches it.
pub fn preflight(process: &Process<'_>) -> Vec<String> {
    let (host, now) = (&*process.host, process.now());
    let mut errors = Vec::new();
    if host.unit("containerd", now).active != "active" {
        errors.push(
            "CRI]: container runtime is not running: unix:///run/containerd/containerd.sock"
                .to_owned(),
        );
    }
    if host.tree.text("/proc/sys/net/ipv4/ip_forward").trim() != "1" {
        errors.push("FileContent--proc-sys-net-ipv4-ip_forward]: /proc/sys/net/ipv4/ip_forward contents are not set to 1".to_owned());
    }
    if !host.tree.exists("/usr/local/bin/kubelet") {
        errors.push("FileExisting-kubelet]: kubelet not found in system path".to_owned());
    }
    for name in PARTS {
        let path = format!("{MANIFESTS}/{name}.yaml");
        if host.tree.exists(&path) {
            errors.push(format!(
                "FileAvailable--etc-kubernetes-manifests-{name}.yaml]: {path} already exists"
            ));
        }
    }
    for path in [
        "/etc/kubernetes/kubelet.conf",
        "/etc/kubernetes/bootstrap-kubelet.conf",
    ] {
        if host.tree.exists(path) {
            let name = path.trim_start_matches('/').replace('/', "-");
            errors.push(format!("FileAvailable--{name}]: {path} already exists"));
        }
    }
    errors
}

/// Files and memory of a member, and its kubelet's settings.
pub fn become_node(
    process: &mut Process<'_>,
    member: &Value,
    repository: &str,
) -> Result<(), Errno> {
    let now = process.now();
    let version = member["version"].as_str().unwrap_or_default();
    let server = member["role"] == "server";
    let mut files = vec![
        (
            "/etc/kubernetes/kubelet.conf".to_owned(),
            "apiVersion: v1\nkind: Config\n".to_owned(),
        ),
        (
            "/var/lib/kubelet/config.yaml".to_owned(),
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n".to_owned(),
        ),
        (
            "/var/lib/kubelet/kubeadm-flags.env".to_owned(),
            "KUBELET_KUBEADM_ARGS=\"\"\n".to_owned(),
        ),
    ];
    for part in PARTS.iter().filter(|_| server) {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: {repository}/{part}:{version}\n"
        );
        files.push((format!("{MANIFESTS}/{part}.yaml"), text));
    }
    for (path, text) in files {
        process.host.put(&path, &text, now)?;
    }
    if server {
        process
            .host
            .root(now)
            .make_directories("/var/lib/etcd/member")?;
    } else {
        process.host.put("/etc/kubernetes/pki/ca.crt", "", now)?;
    }
    process
        .host
        .memory
        .insert("node".to_owned(), member.clone());
    Ok(())
}

/// Starts the kubelet, which then is what the host's files say.
pub fn start(process: &mut Process<'_>) -> Result<(), Stop> {
    let argv = ["systemctl", "restart", "kubelet"]
        .map(ToOwned::to_owned)
        .to_vec();
    let (_, _, err) = process.run(argv, Bytes::new())?;
    process.err.extend(err);
    Ok(())
}
