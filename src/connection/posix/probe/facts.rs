//! `Facts`: what `setup` gathers, by one script whose text files come from one `grep`. Values
//! have the forms that Ansible gives them (megabytes, `x86_64`, `Debian` 12.5, lists of names).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::super::{Probe, Reply};
use super::super::script::{Answer, Script};
use super::{Asked, Replies, facts_net, facts_os, facts_time};

/// Files whose lines are facts: read by one `grep`, each line with its file's name.
const FILES: &str = "/etc/os-release /usr/lib/os-release /etc/debian_version /etc/redhat-release /etc/lsb-release /etc/machine-id /proc/sys/kernel/ostype /proc/sys/kernel/osrelease /proc/sys/kernel/version /proc/sys/kernel/hostname /proc/meminfo /proc/uptime /proc/1/comm /proc/cmdline /proc/mounts /proc/loadavg /sys/devices/system/cpu/online /sys/class/dmi/id/product_name /sys/class/dmi/id/sys_vendor /sys/class/dmi/id/product_version /sys/fs/selinux/enforce /sys/class/net/*/address /sys/class/net/*/mtu /sys/class/net/*/operstate /sys/class/net/*/type";

/// Writes the request.
pub fn compose(script: &mut Script, probes: &Asked<'_>) {
    if !probes.iter().any(|(_, p)| matches!(p, Probe::Facts)) {
        return;
    }
    script.line(&format!("grep -s '' {FILES} /dev/null;o fa 0"));
    script.line("uname -m;o fm 0;id -u;id -g;id -ur;id -gr;o fi 0;getent passwd \"$(id -u)\" 2>/dev/null;o fu 0");
    script.line("(PATH=$P;[ -n \"$A\" ]&&LC_ALL=$A||unset LC_ALL;unset OLDPWD;exec env -0) 2>/dev/null;o fe 0");
    script.line(
        "date '+%Y|%m|%A|%w|%W|%d|%H|%M|%S|%s|%N|%Z|%z';o fd 0;hostname -f 2>/dev/null;o fh 0",
    );
    script.line("ip -o addr show 2>/dev/null;o fn 0;ip -4 route get 8.8.8.8 2>/dev/null;o f4 0;ip -6 route get 2404:6800:400a:800::1012 2>/dev/null;o f6 0;ip -o -4 route show default 2>/dev/null;ip -o -6 route show default 2>/dev/null;o fr 0");
    script.line("df -P -k -l 2>/dev/null;o fs 0;nproc 2>/dev/null;o fc 0;systemd-detect-virt 2>/dev/null;o fv 0");
    script.line("for p in /usr/bin/dnf /usr/bin/yum /usr/bin/apt-get /usr/bin/zypper /sbin/apk /usr/bin/pacman /usr/bin/lsb_release /run/systemd/system /.dockerenv /run/.containerenv;do [ -e $p ]&&printf '%s\\n' $p;done;o fp 0;[ -e /usr/bin/lsb_release ]&&lsb_release -a 2>/dev/null;o fl 0");
}

/// The parts of the answer.
pub struct Parts<'a> {
    answer: &'a Answer,
    files: BTreeMap<String, Vec<String>>,
}

impl Parts<'_> {
    /// The text of a section, trimmed at its end.
    pub fn text(&self, label: &str) -> String {
        let section = self.answer.section(label);
        section.map_or_else(|_| String::new(), |s| s.text().trim_end().to_owned())
    }

    /// The lines of a file.
    pub fn lines(&self, file: &str) -> &[String] {
        self.files.get(file).map_or(&[], Vec::as_slice)
    }

    /// The first line of a file.
    pub fn line(&self, file: &str) -> &str {
        self.lines(file).first().map_or("", String::as_str)
    }

    /// The names of the files that were read.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Whether a path of the `fp` section exists.
    pub fn exists(&self, path: &str) -> bool {
        self.text("fp").lines().any(|l| l == path)
    }
}

/// Reads the answer.
pub fn parse(probes: &Asked<'_>, answer: &Answer, replies: &mut Replies) {
    let Ok(files) = answer.section("fa") else {
        return;
    };
    let mut parts = Parts {
        answer,
        files: BTreeMap::new(),
    };
    for line in files.text().lines() {
        if let Some((file, rest)) = line.split_once(':') {
            let known = parts.files.entry(file.to_owned()).or_default();
            known.push(rest.to_owned());
        }
    }
    let mut facts = Map::new();
    facts_os::add(&parts, &mut facts);
    facts_net::add(&parts, &mut facts);
    facts_time::add(&parts, &mut facts);
    add_user(&parts, &mut facts);
    add_memory(&parts, &mut facts);
    for (at, probe) in probes {
        if matches!(probe, Probe::Facts) {
            replies[*at] = Some(Reply::Facts(facts.clone()));
        }
    }
}

fn number(text: &str) -> Value {
    text.trim().parse::<i64>().map_or(Value::Null, Value::from)
}

fn add_user(parts: &Parts<'_>, facts: &mut Map<String, Value>) {
    let ids = parts.text("fi");
    let id: Vec<&str> = ids.lines().collect();
    let id = |at: usize| number(id.get(at).copied().unwrap_or(""));
    let line = parts.text("fu");
    let fields: Vec<&str> = line.split(':').collect();
    let field = |at: usize| fields.get(at).copied().unwrap_or("").to_owned();
    facts.insert("user_id".into(), json!(field(0)));
    facts.insert("user_uid".into(), id(0));
    facts.insert("user_gid".into(), number(&field(3)));
    facts.insert("user_gecos".into(), json!(field(4)));
    facts.insert("user_dir".into(), json!(field(5)));
    facts.insert("user_shell".into(), json!(field(6)));
    facts.insert("effective_user_id".into(), id(0));
    facts.insert("effective_group_id".into(), id(1));
    facts.insert("real_user_id".into(), id(2));
    facts.insert("real_group_id".into(), id(3));
    let mut env = Map::new();
    for entry in parts.text("fe").split('\0') {
        if let Some((name, value)) = entry.split_once('=') {
            env.insert(name.to_owned(), json!(value));
        }
    }
    facts.insert("env".into(), Value::Object(env));
}

/// Megabytes as Ansible counts them: kibibytes divided by 1024, rounded down.
fn add_memory(parts: &Parts<'_>, facts: &mut Map<String, Value>) {
    let mut kib: BTreeMap<&str, i64> = BTreeMap::new();
    for line in parts.lines("/proc/meminfo") {
        if let Some((name, rest)) = line.split_once(':') {
            let value = rest.split_whitespace().next().and_then(|v| v.parse().ok());
            kib.insert(name, value.unwrap_or(0));
        }
    }
    let mb = |name: &str| kib.get(name).copied().unwrap_or(0) / 1024;
    let (total, free) = (mb("MemTotal"), mb("MemFree"));
    let (swap, swap_free) = (mb("SwapTotal"), mb("SwapFree"));
    let spare = free + mb("Cached") + mb("Buffers");
    facts.insert("memtotal_mb".into(), json!(total));
    facts.insert("memfree_mb".into(), json!(free));
    facts.insert("swaptotal_mb".into(), json!(swap));
    facts.insert("swapfree_mb".into(), json!(swap_free));
    facts.insert(
        "memory_mb".into(),
        json!({
            "real": {"total": total, "used": total - free, "free": free},
            "nocache": {"free": spare, "used": total - spare},
            "swap": {"total": swap, "free": swap_free, "used": swap - swap_free, "cached": mb("SwapCached")},
        }),
    );
}
