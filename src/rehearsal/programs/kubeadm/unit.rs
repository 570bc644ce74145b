//! The kubelet's unit: a control plane is there as long as its host's kubelet runs.

use std::collections::BTreeMap;
use std::time::Duration;

use super::API;
use crate::rehearsal::process::Process;
use crate::rehearsal::tree::Errno;
use crate::rehearsal::units::{Behaviour, UnitFile};

/// What a kubelet's unit does when it starts; `None` for other units.
pub fn unit(
    process: &mut Process<'_>,
    file: &UnitFile,
) -> Option<Result<(Behaviour, BTreeMap<u16, String>), Errno>> {
    let command = file.get("Service", "ExecStart")?;
    if !command.split_whitespace().next()?.ends_with("/kubelet") {
        return None;
    }
    let mut behaviour = Behaviour {
        start: Some(Duration::from_secs(4)),
        ports: vec![10_250],
        ..Behaviour::default()
    };
    let Some(member) = process
        .host
        .memory
        .get("node")
        .filter(|_| process.host.tree.exists("/var/lib/kubelet/config.yaml"))
    else {
        behaviour.fails = Some("failed to load kubelet config file, path: /var/lib/kubelet/config.yaml, error: no such file or directory".to_owned());
        return Some(Ok((behaviour, BTreeMap::new())));
    };
    let mut serves = BTreeMap::new();
    if member["role"] == "server" {
        behaviour.ports.push(API);
        serves.insert(API, "kubernetes".to_owned());
    }
    Some(Ok((behaviour, serves)))
}
