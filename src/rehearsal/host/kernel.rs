//! `/proc`, kernel parameters and modules: volatile files that every boot makes anew.

use super::super::tree::{Content, Errno, Follow, Time};
use super::{Host, identifier};

/// Kernel parameters of a fresh Debian kernel that playbooks read or set.
const PARAMETERS: &[(&str, &str)] = &[
    ("fs/file-max", "9223372036854775807"),
    ("fs/inotify/max_user_instances", "128"),
    ("fs/inotify/max_user_watches", "65536"),
    ("fs/aio-max-nr", "65536"),
    ("kernel/keys/root_maxbytes", "25000000"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/ostype", "Linux"),
    ("kernel/panic", "0"),
    ("kernel/panic_on_oops", "0"),
    ("kernel/pid_max", "4194304"),
    ("kernel/printk", "4\t4\t1\t7"),
    ("kernel/sem", "32000\t1024000000\t500\t32000"),
    ("kernel/shmall", "18446744073692774399"),
    ("kernel/shmmax", "18446744073692774399"),
    ("net/core/somaxconn", "4096"),
    ("net/core/rmem_max", "212992"),
    ("net/core/wmem_max", "212992"),
    ("net/core/netdev_max_backlog", "1000"),
    ("net/ipv4/conf/all/forwarding", "0"),
    ("net/ipv4/conf/all/rp_filter", "0"),
    ("net/ipv4/conf/default/rp_filter", "0"),
    ("net/ipv4/ip_forward", "0"),
    ("net/ipv4/ip_local_port_range", "32768\t60999"),
    ("net/ipv4/ip_nonlocal_bind", "0"),
    ("net/ipv4/ip_unprivileged_port_start", "1024"),
    ("net/ipv4/neigh/default/gc_thresh1", "128"),
    ("net/ipv4/neigh/default/gc_thresh2", "512"),
    ("net/ipv4/neigh/default/gc_thresh3", "1024"),
    ("net/ipv4/tcp_keepalive_time", "7200"),
    ("net/ipv6/conf/all/disable_ipv6", "0"),
    ("net/ipv6/conf/all/forwarding", "0"),
    ("net/ipv6/conf/default/disable_ipv6", "0"),
    ("vm/max_map_count", "65530"),
    ("vm/overcommit_memory", "0"),
    ("vm/panic_on_oom", "0"),
    ("vm/swappiness", "60"),
];

/// Modules the kernel has, with the parameters that appear with them.
const MODULES: &[(&str, &[(&str, &str)])] = &[
    (
        "br_netfilter",
        &[
            ("net/bridge/bridge-nf-call-iptables", "1"),
            ("net/bridge/bridge-nf-call-ip6tables", "1"),
            ("net/bridge/bridge-nf-call-arptables", "1"),
        ],
    ),
    (
        "nf_conntrack",
        &[("net/netfilter/nf_conntrack_max", "262144")],
    ),
    ("overlay", &[]),
    ("ip_tables", &[]),
    ("ip6_tables", &[]),
    ("iptable_nat", &[]),
    ("ip_vs", &[]),
    ("ip_vs_rr", &[]),
    ("ip_vs_sh", &[]),
    ("ip_vs_wrr", &[]),
    ("nbd", &[]),
    ("rbd", &[]),
    ("iscsi_tcp", &[]),
    ("dm_thin_pool", &[]),
    ("dm_crypt", &[]),
    ("nfs", &[]),
    ("veth", &[]),
    ("vxlan", &[]),
    ("wireguard", &[]),
    ("tun", &[]),
    ("dummy", &[]),
    ("bridge", &[]),
    ("xt_conntrack", &[]),
    ("xt_socket", &[]),
];

impl Host {
    /// Makes `/proc` and empties what lives in memory, as the kernel does at boot.
    #[expect(clippy::too_many_lines, reason = "one case of a table per line")]
    pub(super) fn make_volatile(&mut self, now: Time) -> Result<(), Errno> {
        for directory in ["/proc", "/run", "/dev/shm", "/tmp"] {
            for name in self
                .tree
                .names(&super::Caller::root(), directory)
                .unwrap_or_default()
            {
                if !(directory == "/run"
                    && ["lock", "sshd", "systemd", "user", "shm"].contains(&name.as_str()))
                {
                    let path = format!("{directory}/{name}");
                    self.root(now)
                        .remove_all(&path)
                        .map_err(|(_, error)| error)?;
                }
            }
        }
        let sys = |name: &str| format!("/proc/sys/{name}");
        for (name, value) in PARAMETERS {
            self.put(&sys(name), &format!("{value}\n"), now)?;
        }
        let name = self.tree.text("/etc/hostname");
        self.put(&sys("kernel/hostname"), &format!("{}\n", name.trim()), now)?;
        let release = self.profile.kernel.clone();
        self.put(&sys("kernel/osrelease"), &format!("{release}\n"), now)?;
        let id = identifier(&["boot", &self.name, &now.0.to_string()]);
        self.boot_id = format!(
            "{}-{}-{}-{}-{}",
            &id[..8],
            &id[8..12],
            &id[12..16],
            &id[16..20],
            &id[20..]
        );
        let line = format!("{}\n", self.boot_id);
        self.put(&sys("kernel/random/boot_id"), &line, now)?;
        let kb = self.profile.memory_mb * 1024;
        let memory = format!(
            "MemTotal: {kb:>15} kB\nMemFree: {:>16} kB\nMemAvailable: {:>11} kB\nSwapTotal: {:>14} kB\nSwapFree: {:>15} kB\n",
            kb * 8 / 10,
            kb * 9 / 10,
            0,
            0
        );
        self.put("/proc/meminfo", &memory, now)?;
        let cpu = |n| format!("processor\t: {n}\nmodel name\t: Simulated CPU\n\n");
        let text: String = (0..self.profile.cpus).map(cpu).collect();
        self.put("/proc/cpuinfo", &text, now)?;
        self.put(
            "/proc/swaps",
            "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
            now,
        )?;
        self.put(
            "/proc/mounts",
            "/dev/vda1 / ext4 rw,relatime,errors=remount-ro 0 0\n",
            now,
        )?;
        self.put(
            "/proc/self/mounts",
            "/dev/vda1 / ext4 rw,relatime,errors=remount-ro 0 0\n",
            now,
        )?;
        self.put(
            "/proc/version",
            &format!("Linux version {release} (simulated)\n"),
            now,
        )?;
        self.put(
            "/proc/cmdline",
            "BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 ro quiet\n",
            now,
        )?;
        self.put("/proc/1/comm", "systemd\n", now)?;
        if !self.tree.exists("/dev/null") {
            for (path, mode) in [
                ("/dev/null", 0o666),
                ("/dev/zero", 0o666),
                ("/dev/urandom", 0o666),
                ("/dev/kmsg", 0o644),
            ] {
                self.root(now).make_other(path, mode)?;
            }
        }
        self.modules.clear();
        self.write_modules(now)
    }

    /// What `systemd-modules-load` and `systemd-sysctl` do at boot.
    pub(super) fn apply_boot_settings(&mut self, now: Time) -> Result<(), Errno> {
        let mut modules = vec!["overlay".to_owned()];
        modules.extend(self.lines_of(&["/etc/modules"], "/etc/modules-load.d"));
        for name in modules {
            let _ = self.load_module(&name, now);
        }
        for (name, value) in self.configured_parameters() {
            let _ = self.set_parameter(&name, &value, now);
        }
        Ok(())
    }

    /// Name and value of every line of the sysctl files, in the order they are applied.
    pub fn configured_parameters(&self) -> Vec<(String, String)> {
        self.lines_of(&[], "/usr/lib/sysctl.d")
            .into_iter()
            .chain(self.lines_of(&[], "/etc/sysctl.d"))
            .chain(self.lines_of(&["/etc/sysctl.conf"], "/nonexistent"))
            .filter_map(|line| {
                let (name, value) = line.trim_start_matches('-').split_once('=')?;
                Some((name.trim().to_owned(), value.trim().to_owned()))
            })
            .collect()
    }

    /// The lines of these files and of the `*.conf` files in a directory, comments left out.
    fn lines_of(&self, files: &[&str], directory: &str) -> Vec<String> {
        let mut texts: Vec<String> = files.iter().map(|path| self.tree.text(path)).collect();
        let names = self.tree.names(&super::Caller::root(), directory);
        for name in names.unwrap_or_default() {
            if name.ends_with(".conf") {
                texts.push(self.tree.text(&format!("{directory}/{name}")));
            }
        }
        texts
            .iter()
            .flat_map(|text| text.lines())
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with(['#', ';']))
            .map(ToOwned::to_owned)
            .collect()
    }

    /// A kernel parameter's file.
    pub fn parameter_path(name: &str) -> String {
        let name = if name.contains('/') {
            name.to_owned()
        } else {
            name.replace('.', "/")
        };
        format!("/proc/sys/{name}")
    }

    /// A kernel parameter's value, white space folded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let path = Self::parameter_path(name);
        let (_, node) = self
            .tree
            .find(&super::Caller::root(), &path, Follow::Link)
            .ok()?;
        if !matches!(node.body, super::super::tree::Body::File(_)) {
            return None;
        }
        let text = self.tree.text(&path);
        Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Sets a kernel parameter; `NotFound` if the kernel has none of this name.
    pub fn set_parameter(&mut self, name: &str, value: &str, now: Time) -> Result<(), Errno> {
        let path = Self::parameter_path(name);
        if !self.tree.exists(&path) {
            return Err(Errno::NotFound);
        }
        let text = format!(
            "{}\n",
            value.split_whitespace().collect::<Vec<_>>().join("\t")
        );
        let mut access = self.root(now);
        access.write(&path, Content::new(text.clone()))?;
        // These two are one switch in the kernel.
        let twin = match name.replace('/', ".").as_str() {
            "net.ipv4.ip_forward" => "/proc/sys/net/ipv4/conf/all/forwarding",
            "net.ipv4.conf.all.forwarding" => "/proc/sys/net/ipv4/ip_forward",
            _ => return Ok(()),
        };
        access.write(twin, Content::new(text)).map(|_| ())
    }

    /// Loads a kernel module; `NotFound` if the kernel has none of this name.
    pub fn load_module(&mut self, name: &str, now: Time) -> Result<(), Errno> {
        let name = name.replace('-', "_");
        let (_, parameters) = MODULES
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or(Errno::NotFound)?;
        if !self.modules.contains(&name) {
            self.modules.push(name);
            for (parameter, value) in *parameters {
                self.put(
                    &format!("/proc/sys/{parameter}"),
                    &format!("{value}\n"),
                    now,
                )?;
            }
            self.write_modules(now)?;
        }
        Ok(())
    }

    /// Unloads a kernel module.
    pub fn unload_module(&mut self, name: &str, now: Time) -> Result<(), Errno> {
        let name = name.replace('-', "_");
        self.modules.retain(|loaded| *loaded != name);
        self.write_modules(now)
    }

    fn write_modules(&mut self, now: Time) -> Result<(), Errno> {
        let line = |name: &String| format!("{name} 16384 0 - Live 0x0000000000000000\n");
        let text: String = self.modules.iter().map(line).collect();
        for name in self.modules.clone() {
            self.root(now)
                .make_directories(&format!("/sys/module/{name}"))?;
        }
        self.put("/proc/modules", &text, now)
    }
}
