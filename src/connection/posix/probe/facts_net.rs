//! Facts about the network: names, interfaces, addresses, default routes.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::{Map, Value, json};

use super::facts::Parts;

/// Adds them.
pub fn add(parts: &Parts<'_>, facts: &mut Map<String, Value>) {
    let node = parts.line("/proc/sys/kernel/hostname").to_owned();
    let fqdn = match parts.text("fh") {
        name if name.is_empty() || name == "localhost" => node.clone(),
        name => name,
    };
    let domain = fqdn.split_once('.').map_or("", |(_, domain)| domain);
    facts.insert("nodename".into(), json!(node));
    facts.insert("hostname".into(), json!(node.split('.').next()));
    facts.insert("fqdn".into(), json!(fqdn));
    facts.insert("domain".into(), json!(domain));
    let mut interfaces = interfaces(parts);
    let (mut all4, mut all6) = (Vec::new(), Vec::new());
    add_addresses(parts, &mut interfaces, (&mut all4, &mut all6));
    facts.insert("all_ipv4_addresses".into(), json!(all4));
    facts.insert("all_ipv6_addresses".into(), json!(all6));
    let names: Vec<&String> = interfaces.keys().collect();
    facts.insert("interfaces".into(), json!(names));
    facts.insert(
        "default_ipv4".into(),
        default(parts, ("f4", "ipv4"), &interfaces),
    );
    facts.insert(
        "default_ipv6".into(),
        default(parts, ("f6", "ipv6"), &interfaces),
    );
    for (name, value) in interfaces {
        facts.insert(name.replace(['-', ':', '.'], "_"), value);
    }
}

fn interfaces(parts: &Parts<'_>) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let names: Vec<&str> = parts
        .names()
        .filter_map(|file| file.strip_prefix("/sys/class/net/")?.strip_suffix("/mtu"))
        .collect();
    for name in names {
        let file = |what: &str| parts.line(&format!("/sys/class/net/{name}/{what}"));
        let kind = match file("type") {
            "772" => "loopback",
            "1" => "ether",
            _ => "unknown",
        };
        let mut value = json!({
            "device": name,
            "mtu": file("mtu").parse::<u32>().ok(),
            "active": file("operstate") == "up" || kind == "loopback",
            "type": kind,
        });
        if kind == "ether" {
            value["macaddress"] = json!(file("address"));
        }
        all.insert(name.to_owned(), value);
    }
    all
}

/// A line of `ip -o addr`: `2: eth0    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0 …`.
fn add_addresses(
    parts: &Parts<'_>,
    interfaces: &mut BTreeMap<String, Value>,
    (all4, all6): (&mut Vec<String>, &mut Vec<String>),
) {
    for line in parts.text("fn").lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, name, family, address, ..] = words.as_slice() else {
            continue;
        };
        let name = name.split('@').next().unwrap_or(name);
        let Some(interface) = interfaces.get_mut(name) else {
            continue;
        };
        let (address, prefix) = address.split_once('/').unwrap_or((address, ""));
        let after = |key: &str| {
            let at = words.iter().position(|w| *w == key)?;
            words.get(at + 1).copied()
        };
        if *family == "inet" {
            let value = ipv4(address, prefix, after("brd"));
            match interface.get_mut("ipv4") {
                None => interface["ipv4"] = value,
                Some(_) => match interface.get_mut("ipv4_secondaries") {
                    Some(Value::Array(more)) => more.push(value),
                    _ => interface["ipv4_secondaries"] = json!([value]),
                },
            }
            if !address.starts_with("127.") {
                all4.push(address.to_owned());
            }
        } else if *family == "inet6" {
            let value = json!({"address": address, "prefix": prefix, "scope": after("scope")});
            match interface.get_mut("ipv6") {
                Some(Value::Array(more)) => more.push(value),
                _ => interface["ipv6"] = json!([value]),
            }
            if address != "::1" {
                all6.push(address.to_owned());
            }
        }
    }
}

fn ipv4(address: &str, prefix: &str, broadcast: Option<&str>) -> Value {
    let bits: u32 = prefix.parse().unwrap_or(32).min(32);
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    let network = address
        .parse::<Ipv4Addr>()
        .map(|a| Ipv4Addr::from(u32::from(a) & mask).to_string());
    json!({
        "address": address,
        "broadcast": broadcast.unwrap_or(""),
        "netmask": Ipv4Addr::from(mask).to_string(),
        "network": network.unwrap_or_default(),
        "prefix": prefix,
    })
}

/// The address and interface of the default route: as `ip route get` chooses them.
fn default(
    parts: &Parts<'_>,
    (label, family): (&str, &str),
    interfaces: &BTreeMap<String, Value>,
) -> Value {
    let text = parts.text(label);
    let words: Vec<&str> = text.split_whitespace().collect();
    let after = |key: &str| {
        let at = words.iter().position(|w| *w == key)?;
        words.get(at + 1).copied()
    };
    let (Some(name), Some(source)) = (after("dev"), after("src")) else {
        return json!({});
    };
    let Some(interface) = interfaces.get(name) else {
        return json!({});
    };
    let mut value = json!({"interface": name, "alias": name, "address": source});
    if let Some(gateway) = after("via") {
        value["gateway"] = json!(gateway);
    }
    for key in ["mtu", "type", "macaddress"] {
        if let Some(known) = interface.get(key) {
            value[key] = known.clone();
        }
    }
    let lists = [family, "ipv4_secondaries"];
    for list in lists.iter().filter_map(|l| interface.get(*l)) {
        let entries = match list {
            Value::Array(all) => all.clone(),
            one => vec![one.clone()],
        };
        if let Some(Value::Object(found)) = entries.into_iter().find(|e| e["address"] == source) {
            for (key, known) in found {
                value[key] = known;
            }
        }
    }
    value
}
