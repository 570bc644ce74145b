//! Defaults of services: addresses of the cluster and ports of its nodes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::state::State;
use super::{copy, fill};

/// The first port of nodes that services get.
const FIRST_NODE_PORT: u64 = 30_000;

/// Fills a service.
pub fn set(state: &State, object: &mut Value) {
    let spec = &mut object["spec"];
    fill(
        spec,
        &json!({"type": "ClusterIP", "sessionAffinity": "None"}),
    );
    let kind = spec["type"].as_str().unwrap_or_default().to_owned();
    for port in spec["ports"].as_array_mut().into_iter().flatten() {
        let number = port["port"].clone();
        fill(port, &json!({"protocol": "TCP", "targetPort": number}));
    }
    if kind == "ExternalName" {
        return;
    }
    fill(
        spec,
        &json!({"internalTrafficPolicy": "Cluster", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}),
    );
    if spec["clusterIP"].as_str().is_none_or(str::is_empty) {
        spec["clusterIP"] = free_address(state).into();
    }
    spec["clusterIPs"] = json!([spec["clusterIP"]]);
    if kind == "NodePort" || kind == "LoadBalancer" {
        fill(spec, &json!({"externalTrafficPolicy": "Cluster"}));
        if kind == "LoadBalancer" {
            fill(spec, &json!({"allocateLoadBalancerNodePorts": true}));
        }
        let mut taken = node_ports(state);
        for port in spec["ports"].as_array_mut().into_iter().flatten() {
            if port["nodePort"].as_u64().unwrap_or_default() == 0 {
                let free = (FIRST_NODE_PORT..32_768)
                    .find(|port| !taken.contains(port))
                    .unwrap_or_default();
                port["nodePort"] = free.into();
                taken.insert(free);
            }
        }
    }
}

/// Addresses and ports stay as they are.
pub fn carry_over(live: &Value, object: &mut Value) {
    if object["spec"]["clusterIP"]
        .as_str()
        .is_none_or(str::is_empty)
        && object["spec"]["type"] != "ExternalName"
    {
        if let Some(spec) = object["spec"].as_object_mut() {
            spec.shift_remove("clusterIP");
        }
        copy(live, object, "clusterIP");
    }
    let ports = live["spec"]["ports"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if ["NodePort", "LoadBalancer"]
        .iter()
        .any(|kind| object["spec"]["type"] == *kind)
    {
        for port in object["spec"]["ports"].as_array_mut().into_iter().flatten() {
            let same = ports.iter().find(|there| there["port"] == port["port"]);
            if let Some(number) = same.and_then(|there| there.get("nodePort"))
                && port.get("nodePort").is_none()
            {
                port["nodePort"] = number.clone();
            }
        }
    }
}

fn services(state: &State) -> impl Iterator<Item = &Value> {
    state
        .store
        .list("/services", "")
        .map(|(_, object)| object.as_ref())
}

fn free_address(state: &State) -> String {
    let taken: BTreeSet<&str> = services(state)
        .filter_map(|object| object["spec"]["clusterIP"].as_str())
        .collect();
    let start = state.counter % 60_000 + 300;
    (0..65_000)
        .map(|step| {
            let number = (start + step * 7) % 65_000 + 20;
            format!("10.43.{}.{}", number / 256, number % 256)
        })
        .find(|address| !taken.contains(address.as_str()))
        .unwrap_or_default()
}

fn node_ports(state: &State) -> BTreeSet<u64> {
    services(state)
        .flat_map(|object| object["spec"]["ports"].as_array().into_iter().flatten())
        .filter_map(|port| port["nodePort"].as_u64())
        .collect()
}
