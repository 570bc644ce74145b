//! Ansible's facts of a host, in Ansible's formats, derived from the same files that programs see.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::super::date::Date;
use super::super::tree::Time;
use super::Host;

impl Host {
    /// `ansible_facts`, as `user` sees them, without the `ansible_` prefix.
    pub fn facts(&self, user: &str, now: Time) -> Map<String, Value> {
        [
            self.system_facts(),
            self.machine_facts(now),
            self.network_facts(),
            self.user_facts(user),
        ]
        .into_iter()
        .filter_map(|part| match part {
            Value::Object(map) => Some(map),
            _ => None,
        })
        .flatten()
        .collect()
    }

    fn system_facts(&self) -> Value {
        let text = self.tree.text("/etc/os-release");
        let os = os_release(&text);
        let version = os("VERSION_ID");
        let release = os("VERSION_CODENAME");
        let major = version.split('.').next().unwrap_or_default();
        let ubuntu = os("ID") == "ubuntu";
        let distribution = if ubuntu { "Ubuntu" } else { "Debian" };
        // Ansible gives Debian's point release, from the file that has it.
        let point = self.tree.text("/etc/debian_version");
        let full = if !ubuntu && point.starts_with(&format!("{version}.")) {
            point.trim()
        } else {
            &version
        };
        json!({
            "apparmor": {"status": "enabled"},
            "distribution": distribution,
            "distribution_file_variety": "Debian",
            "distribution_major_version": major,
            "distribution_release": release,
            "distribution_version": full,
            "is_chroot": false,
            "kernel": self.profile.kernel,
            "lsb": {
                "codename": release, "id": distribution, "release": version,
                "description": os("PRETTY_NAME"), "major_release": major,
            },
            "os_family": "Debian",
            "pkg_mgr": "apt",
            "selinux": {"status": "disabled"},
            "service_mgr": "systemd",
            "system": "Linux",
        })
    }

    fn machine_facts(&self, now: Time) -> Value {
        let profile = &self.profile;
        json!({
            "architecture": profile.architecture,
            "cmdline": {"root": "/dev/vda1", "ro": true, "quiet": true},
            "date_time": date_time(now),
            "devices": {},
            "machine": profile.architecture,
            "machine_id": self.tree.text("/etc/machine-id").trim(),
            "memfree_mb": profile.memory_mb * 8 / 10,
            "memtotal_mb": profile.memory_mb,
            "mounts": [{
                "device": "/dev/vda1", "mount": "/", "fstype": "ext4", "options": "rw,relatime",
                "size_total": self.tree.capacity,
                "size_available": self.tree.capacity.saturating_sub(self.tree.used()),
            }],
            "processor_cores": profile.cpus,
            "processor_count": 1,
            "processor_nproc": profile.cpus,
            "processor_vcpus": profile.cpus,
            "swapfree_mb": 0,
            "swaptotal_mb": 0,
            "uptime_seconds": (now.0.saturating_sub(self.booted.0)) / 1_000_000_000,
            "userspace_architecture": profile.architecture,
            "userspace_bits": "64",
            "virtualization_role": "guest",
            "virtualization_type": "kvm",
        })
    }

    fn network_facts(&self) -> Value {
        let address = &self.profile.address;
        let name = self.hostname();
        json!({
            "all_ipv4_addresses": [address],
            "all_ipv6_addresses": [],
            "default_ipv4": {
                "address": address, "interface": "eth0", "gateway": gateway(address),
                "netmask": "255.255.0.0", "prefix": "16", "type": "ether", "mtu": 1500,
            },
            "default_ipv6": {},
            "dns": {"nameservers": ["192.0.2.53"]},
            "domain": name.split_once('.').map_or("", |(_, domain)| domain),
            "eth0": {
                "active": true, "device": "eth0", "mtu": 1500, "type": "ether",
                "ipv4": {"address": address, "netmask": "255.255.0.0", "prefix": "16"},
            },
            "fqdn": name,
            "hostname": name.split('.').next().unwrap_or_default(),
            "interfaces": ["lo", "eth0"],
            "nodename": name,
        })
    }

    fn user_facts(&self, user: &str) -> Value {
        let accounts = self.accounts();
        let account = accounts.user(user).cloned().unwrap_or_default();
        json!({
            "effective_user_id": account.uid,
            "env": {
                "HOME": account.home, "PATH": super::super::process::PATH,
                "SHELL": account.shell, "USER": user, "LOGNAME": user, "PWD": account.home,
            },
            "user_dir": account.home,
            "user_gecos": account.comment,
            "user_gid": account.gid,
            "user_id": user,
            "user_shell": account.shell,
            "user_uid": account.uid,
        })
    }
}

fn gateway(address: &str) -> String {
    let head = address.rsplit_once('.').map_or("", |(head, _)| head);
    format!("{head}.254")
}

fn os_release(text: &str) -> impl Fn(&str) -> String {
    move |key| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .unwrap_or_default()
            .trim_matches('"')
            .to_owned()
    }
}

/// The days of the year before this one.
fn day_of_year(date: &Date) -> i64 {
    let leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    let lengths = [31, 28 + i64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30];
    let before = lengths
        .iter()
        .zip(1..)
        .filter(|(_, month)| *month < date.month);
    before.map(|(length, _)| length).sum::<i64>() + date.day - 1
}

fn date_time(now: Time) -> Value {
    let since = Duration::from_nanos(now.0);
    let date = Date::from(UNIX_EPOCH + since);
    let compact = format!(
        "{}T{}",
        date.day_text().replace('-', ""),
        date.time_text().replace(':', "")
    );
    let micro = format!("{:06}", since.subsec_micros());
    // Days since 1970, which began on a Thursday.
    let days = since.as_secs().cast_signed() / 86_400;
    let of_week = (days + 4) % 7;
    json!({
        "date": date.day_text(),
        "time": date.time_text(),
        "iso8601_micro": format!("{}T{}.{micro}Z", date.day_text(), date.time_text()),
        "iso8601_basic": format!("{compact}{micro}"),
        "iso8601_basic_short": compact,
        "tz_dst": "UTC",
        "weekday_number": of_week.to_string(),
        "weeknumber": format!("{:02}", (day_of_year(&date) + 7 - (of_week + 6) % 7) / 7),
        "iso8601": format!("{}T{}Z", date.day_text(), date.time_text()),
        "epoch": since.as_secs().to_string(),
        "epoch_int": since.as_secs().to_string(),
        "year": date.year.to_string(),
        "month": format!("{:02}", date.month),
        "day": format!("{:02}", date.day),
        "hour": format!("{:02}", date.hour),
        "minute": format!("{:02}", date.minute),
        "second": format!("{:02}", date.second),
        "tz": "UTC",
        "tz_offset": "+0000",
        "weekday": date.weekday(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_are_those_of_date() {
        // As `date -u +'%w %W'` says them: a Sunday before the first Monday, a year that begins with
        // a Monday, the end of a leap year.
        for (second, day, week) in [
            (1_672_531_200, "0", "00"),
            (1_704_067_200, "1", "01"),
            (1_735_603_200, "2", "53"),
            (1_795_305_600, "0", "46"),
        ] {
            let told = date_time(Time(second * 1_000_000_000 + 5_000));
            assert_eq!(told["weekday_number"], day, "{second}");
            assert_eq!(told["weeknumber"], week, "{second}");
            let micro = told["iso8601_micro"].as_str().unwrap_or_default();
            assert!(micro.ends_with(":00.000005Z"), "{micro}");
        }
    }
}
