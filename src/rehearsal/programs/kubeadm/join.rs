//! `kubeadm join`: whom a cluster lets in, and what is then on the host.

use std::time::Duration;

use serde_json::{Value, json};

use super::member::{become_node, preflight, refuse, start};
use super::{API, certificate_key, config, token_of, version};
use crate::rehearsal::network::Reach;
use crate::rehearsal::process::{Ended, Process};

/// Joins as the configuration says.
pub fn join(process: &mut Process<'_>, path: &str) -> Ended {
    let Some(wanted) = config(process, path, "JoinConfiguration") else {
        return process.fail(format!("no JoinConfiguration in {path}"));
    };
    let errors = preflight(process);
    if !errors.is_empty() {
        return refuse(process, &errors);
    }
    process.spend(Duration::from_secs(3))?;
    let lead = match admitted(process, &wanted) {
        Ok(lead) => lead,
        Err(why) => {
            process.complain(format!("error execution phase preflight: {why}"));
            return Ok(1);
        }
    };
    let server = !wanted["controlPlane"].is_null();
    let cluster = lead["cluster"].as_str().unwrap_or_default();
    if server && wanted["controlPlane"]["certificateKey"] != certificate_key(cluster).as_str() {
        process.complain("error execution phase control-plane-prepare/download-certs: error decrypting certificate: cipher: message authentication failed");
        return Ok(1);
    }
    let role = if server { "server" } else { "agent" };
    let member = json!({"role": role, "cluster": cluster, "unit": "kubelet.service",
        "version": version(process, "kubelet"), "endpoint": lead["endpoint"]});
    if let Err(error) = become_node(process, &member, "registry.k8s.io") {
        return process.fail(error.to_string());
    }
    start(process)?;
    process.spend(Duration::from_secs(if server { 22 } else { 5 }))?;
    let (host, now) = (&*process.host, process.now());
    process.world.refresh_cluster(host, host, now);
    process.say("This node has joined the cluster");
    Ok(0)
}

/// What the control plane at the address says of itself, if it lets this token in.
fn admitted(process: &Process<'_>, wanted: &Value) -> Result<Value, String> {
    let discovery = &wanted["discovery"]["bootstrapToken"];
    let address = discovery["apiServerEndpoint"].as_str().unwrap_or_default();
    let lead = at(process, address)?;
    let cluster = lead["cluster"].as_str().unwrap_or_default();
    if discovery["token"] != token_of(cluster).as_str() {
        return Err("couldn't validate the identity of the API Server: could not find a JWS signature in the cluster-info ConfigMap".to_owned());
    }
    // What it found there names the cluster's own address: that is asked from now on.
    at(process, lead["endpoint"].as_str().unwrap_or_default())?;
    Ok(lead)
}

fn at(process: &Process<'_>, address: &str) -> Result<Value, String> {
    let name = address.split(':').next().unwrap_or_default();
    let (host, now) = (&*process.host, process.now());
    if process.world.reach(host, name, API, now) != Reach::Open {
        return Err(format!(
            "couldn't validate the identity of the API Server: Get \"https://{address}/api/v1/namespaces/kube-public/configmaps/cluster-info\": connection refused"
        ));
    }
    let found = process.world.host_at(&host.resolve(name));
    let member = found.and_then(|host| host.memory.get("node"));
    member
        .cloned()
        .ok_or_else(|| format!("no cluster at {address}"))
}
