//! Facts about the system: distribution, kernel, processors, managers, mounts.

use serde_json::{Map, Value, json};

use super::facts::Parts;

/// Ansible's families, by `ID` of os-release.
const FAMILIES: &[(&str, &str, &str)] = &[
    ("debian", "Debian", "Debian"),
    ("ubuntu", "Ubuntu", "Debian"),
    ("linuxmint", "Linux Mint", "Debian"),
    ("raspbian", "Raspbian", "Debian"),
    ("rhel", "RedHat", "RedHat"),
    ("centos", "CentOS", "RedHat"),
    ("rocky", "Rocky", "RedHat"),
    ("almalinux", "AlmaLinux", "RedHat"),
    ("ol", "OracleLinux", "RedHat"),
    ("fedora", "Fedora", "RedHat"),
    ("amzn", "Amazon", "RedHat"),
    ("openEuler", "openEuler", "RedHat"),
    ("kylin", "Kylin Linux Advanced Server", "RedHat"),
    ("sles", "SLES", "Suse"),
    ("opensuse-leap", "openSUSE Leap", "Suse"),
    ("opensuse-tumbleweed", "openSUSE Tumbleweed", "Suse"),
    ("alpine", "Alpine", "Alpine"),
    ("arch", "Archlinux", "Archlinux"),
    ("gentoo", "Gentoo", "Gentoo"),
    ("flatcar", "Flatcar", "Flatcar"),
];

/// Adds them.
pub fn add(parts: &Parts<'_>, facts: &mut Map<String, Value>) {
    add_distribution(parts, facts);
    add_kernel(parts, facts);
    add_managers(parts, facts);
    add_mounts(parts, facts);
    let uptime = parts.line("/proc/uptime").split('.').next();
    let uptime = uptime.and_then(|s| s.parse::<u64>().ok());
    facts.insert("uptime_seconds".into(), json!(uptime));
    facts.insert("machine_id".into(), json!(parts.line("/etc/machine-id")));
    facts.insert("gather_subset".into(), json!(["all"]));
    facts.insert("module_setup".into(), json!(true));
    // No Python is needed on the host, so nothing is known of one.
    facts.insert("python".into(), Value::Null);
}

/// A value of a `KEY=value` file.
fn value(lines: &[String], key: &str) -> Option<String> {
    let line = lines
        .iter()
        .find_map(|l| l.strip_prefix(key)?.strip_prefix('='))?;
    Some(line.trim_matches(['"', '\'']).to_owned())
}

fn add_distribution(parts: &Parts<'_>, facts: &mut Map<String, Value>) {
    let etc = parts.lines("/etc/os-release");
    let lines = if etc.is_empty() {
        parts.lines("/usr/lib/os-release")
    } else {
        etc
    };
    let get = |key: &str| value(lines, key).unwrap_or_default();
    let id = get("ID");
    let known = FAMILIES.iter().find(|(name, ..)| *name == id);
    let (name, family) = if let Some((_, name, family)) = known {
        ((*name).to_owned(), (*family).to_owned())
    } else {
        let like = get("ID_LIKE");
        let of = |like: &str| FAMILIES.iter().find(|(name, ..)| *name == like);
        let family = like.split(' ').find_map(of).map(|(_, _, family)| *family);
        let name = get("NAME");
        (name.clone(), family.map_or(name, ToOwned::to_owned))
    };
    // Debian's own file knows the point release.
    let point = parts.line("/etc/debian_version");
    let numeric = point.starts_with(|c: char| c.is_ascii_digit());
    let version = if id == "debian" && numeric {
        point.to_owned()
    } else {
        get("VERSION_ID")
    };
    let mut release = get("VERSION_CODENAME");
    if release.is_empty() {
        let text = get("VERSION");
        let inside = text.split_once('(').and_then(|(_, r)| r.split_once(')'));
        release = inside.map_or_else(|| "NA".to_owned(), |(name, _)| name.to_owned());
    }
    let (major, minor) = version.split_once('.').unwrap_or((&version, ""));
    facts.insert("distribution".into(), json!(name));
    facts.insert("distribution_version".into(), json!(version));
    facts.insert("distribution_major_version".into(), json!(major));
    if !minor.is_empty() {
        facts.insert("distribution_minor_version".into(), json!(minor));
    }
    facts.insert("distribution_release".into(), json!(release));
    facts.insert("distribution_file_parsed".into(), json!(true));
    facts.insert("distribution_file_path".into(), json!("/etc/os-release"));
    facts.insert("distribution_file_variety".into(), json!(family));
    facts.insert("os_family".into(), json!(family));
    facts.insert("lsb".into(), lsb(parts));
}

/// From `lsb_release` if it is installed, else from its file; most Debian hosts have neither.
fn lsb(parts: &Parts<'_>) -> Value {
    let text = parts.text("fl");
    let said = |key: &str| {
        let line = text
            .lines()
            .find_map(|l| l.strip_prefix(key)?.strip_prefix(':'));
        line.map(|v| v.trim().to_owned())
    };
    let file = parts.lines("/etc/lsb-release");
    let of = |line: &str, key: &str| said(line).or_else(|| value(file, key));
    let Some(id) = of("Distributor ID", "DISTRIB_ID") else {
        return json!({});
    };
    let release = of("Release", "DISTRIB_RELEASE").unwrap_or_default();
    json!({
        "id": id,
        "description": of("Description", "DISTRIB_DESCRIPTION"),
        "codename": of("Codename", "DISTRIB_CODENAME"),
        "major_release": release.split('.').next(),
        "release": release,
    })
}

fn add_kernel(parts: &Parts<'_>, facts: &mut Map<String, Value>) {
    let machine = parts.text("fm");
    let architecture = match machine.as_str() {
        "i486" | "i586" | "i686" => "i386",
        other => other,
    };
    facts.insert("architecture".into(), json!(architecture));
    facts.insert("machine".into(), json!(machine));
    let userspace = if machine.contains("64") { "64" } else { "32" };
    facts.insert("userspace_bits".into(), json!(userspace));
    facts.insert("userspace_architecture".into(), json!(architecture));
    facts.insert(
        "system".into(),
        json!(parts.line("/proc/sys/kernel/ostype")),
    );
    facts.insert(
        "kernel".into(),
        json!(parts.line("/proc/sys/kernel/osrelease")),
    );
    facts.insert(
        "kernel_version".into(),
        json!(parts.line("/proc/sys/kernel/version")),
    );
    let mut cmdline = Map::new();
    for word in parts.line("/proc/cmdline").split_whitespace() {
        let (key, value) = word
            .split_once('=')
            .map_or((word, json!(true)), |(k, v)| (k, json!(v)));
        cmdline.insert(key.to_owned(), value);
    }
    facts.insert("cmdline".into(), Value::Object(cmdline));
    let mut loads = parts
        .line("/proc/loadavg")
        .split(' ')
        .map(|l| l.parse::<f64>().ok());
    let mut next = || json!(loads.next().flatten());
    facts.insert(
        "loadavg".into(),
        json!({"1m": next(), "5m": next(), "15m": next()}),
    );
    let online = parts.line("/sys/devices/system/cpu/online");
    let count: u64 = online.split(',').map(range).sum();
    let processors: u64 = parts.text("fc").parse().unwrap_or(count.max(1));
    facts.insert("processor_vcpus".into(), json!(count.max(1)));
    facts.insert("processor_nproc".into(), json!(processors));
    facts.insert("processor_count".into(), json!(count.max(1)));
    let dmi = |name: &str| json!(parts.line(&format!("/sys/class/dmi/id/{name}")));
    facts.insert("product_name".into(), dmi("product_name"));
    facts.insert("product_version".into(), dmi("product_version"));
    facts.insert("system_vendor".into(), dmi("sys_vendor"));
}

/// How many numbers `0-3` or `5` stands for.
fn range(text: &str) -> u64 {
    let mut ends = text.trim().split('-').map(|n| n.parse::<u64>().ok());
    match (ends.next().flatten(), ends.next().flatten()) {
        (Some(from), Some(to)) => to.saturating_sub(from) + 1,
        (Some(_), None) => 1,
        _ => 0,
    }
}

fn add_managers(parts: &Parts<'_>, facts: &mut Map<String, Value>) {
    let by_file = [
        ("/usr/bin/dnf", "dnf"),
        ("/usr/bin/yum", "yum"),
        ("/usr/bin/zypper", "zypper"),
        ("/sbin/apk", "apk"),
        ("/usr/bin/pacman", "pacman"),
    ];
    let debian = facts.get("os_family").is_some_and(|f| f == "Debian");
    let apt = parts.exists("/usr/bin/apt-get");
    let other = by_file
        .iter()
        .find(|(file, _)| parts.exists(file))
        .map(|(_, m)| *m);
    let manager = if debian && apt {
        Some("apt")
    } else {
        other.or(apt.then_some("apt"))
    };
    facts.insert("pkg_mgr".into(), json!(manager.unwrap_or("unknown")));
    let first = parts.line("/proc/1/comm");
    let service = match first {
        _ if parts.exists("/run/systemd/system") => "systemd",
        "init" | "" => "sysvinit",
        other => other,
    };
    facts.insert("service_mgr".into(), json!(service));
    let selinux = match parts.line("/sys/fs/selinux/enforce") {
        "" => json!({"status": "disabled"}),
        mode => {
            json!({"status": "enabled", "mode": if mode == "1" { "enforcing" } else { "permissive" }})
        }
    };
    facts.insert("selinux".into(), selinux);
    facts.insert("selinux_python_present".into(), json!(true));
    let container = parts.exists("/.dockerenv") || parts.exists("/run/.containerenv");
    let kind = match parts.text("fv").as_str() {
        "" if container => "container".to_owned(),
        "" | "none" => "NA".to_owned(),
        "systemd-nspawn" => "systemd-nspawn".to_owned(),
        "oracle" => "virtualbox".to_owned(),
        "microsoft" => "VirtualPC".to_owned(),
        "amazon" => "kvm".to_owned(),
        "vmware" => "VMware".to_owned(),
        other => other.to_owned(),
    };
    let role = if kind == "NA" { "NA" } else { "guest" };
    facts.insert("virtualization_role".into(), json!(role));
    facts.insert("virtualization_type".into(), json!(kind));
}

/// Local file systems that `df` sizes, with what `/proc/mounts` says of them.
fn add_mounts(parts: &Parts<'_>, facts: &mut Map<String, Value>) {
    let sizes = parts.text("fs");
    let mut mounts = Vec::new();
    for line in parts.lines("/proc/mounts") {
        let words: Vec<&str> = line.split(' ').collect();
        let [device, at, kind, options, dump, pass] = words.as_slice() else {
            continue;
        };
        let at = at.replace("\\040", " ");
        if !device.starts_with('/') && !device.contains(":/") && *kind != "overlay" {
            continue;
        }
        let mut mount = json!({"device": device, "mount": at, "fstype": kind, "options": options,
            "dump": dump.parse::<u32>().ok(), "passno": pass.parse::<u32>().ok()});
        let sized = sizes.lines().skip(1).find_map(|l| {
            let words: Vec<&str> = l.split_whitespace().collect();
            let same = words.get(5..).is_some_and(|w| w.join(" ") == at);
            let kib = |n: usize| words.get(n)?.parse::<u64>().ok();
            same.then(|| Some((kib(1)?, kib(3)?))).flatten()
        });
        if let Some((total, free)) = sized {
            mount["size_total"] = json!(total * 1024);
            mount["size_available"] = json!(free * 1024);
            mount["block_size"] = json!(1024);
            mount["block_total"] = json!(total);
            mount["block_available"] = json!(free);
            mount["block_used"] = json!(total.saturating_sub(free));
        }
        mounts.push(mount);
    }
    facts.insert("mounts".into(), Value::Array(mounts));
}
