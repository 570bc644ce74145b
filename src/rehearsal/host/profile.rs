//! What a bare host is made as: from the inventory's connection variables and its `rehearsal`
//! variable.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::seed::DISK;

/// A distribution as `/etc/os-release` and Ansible name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// `Debian`, `Ubuntu`.
    pub name: String,
    /// `12`, `22.04`.
    pub version: String,
    /// `bookworm`, `jammy`.
    pub release: String,
}

impl Distribution {
    /// The ones the model knows, by what people write (`debian 12`, `ubuntu-22.04`, `jammy`).
    pub fn named(text: &str) -> Option<Self> {
        const KNOWN: [(&str, &str, &str); 5] = [
            ("Debian", "11", "bullseye"),
            ("Debian", "12", "bookworm"),
            ("Debian", "13", "trixie"),
            ("Ubuntu", "22.04", "jammy"),
            ("Ubuntu", "24.04", "noble"),
        ];
        let wanted = text.to_lowercase().replace(['-', '_', ' '], "");
        KNOWN
            .iter()
            .find(|(name, version, release)| {
                let name = name.to_lowercase();
                wanted == *release || wanted == format!("{name}{version}")
            })
            .map(|(name, version, release)| Self {
                name: (*name).to_owned(),
                version: (*version).to_owned(),
                release: (*release).to_owned(),
            })
    }

    /// The text of `/etc/os-release`.
    pub fn os_release(&self) -> String {
        let (id, like) = match self.name.as_str() {
            "Ubuntu" => ("ubuntu", "ID_LIKE=debian\n"),
            _ => ("debian", ""),
        };
        let full = match self.name.as_str() {
            "Ubuntu" => format!("Ubuntu {} LTS", self.version),
            _ => format!("Debian GNU/Linux {} ({})", self.version, self.release),
        };
        let name = if id == "ubuntu" {
            "Ubuntu"
        } else {
            "Debian GNU/Linux"
        };
        format!(
            "PRETTY_NAME=\"{full}\"\nNAME=\"{name}\"\nVERSION_ID=\"{v}\"\nVERSION=\"{v} ({r})\"\n\
             VERSION_CODENAME={r}\nID={id}\n{like}",
            v = self.version,
            r = self.release,
        )
    }
}

/// The size and kind of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// What runs on it.
    pub distribution: Distribution,
    /// MiB of memory.
    pub memory_mb: u64,
    /// Processors.
    pub cpus: u32,
    /// Bytes of its disk.
    pub disk: u64,
    /// As `uname -m` says.
    pub architecture: String,
    /// As `uname -r` says.
    pub kernel: String,
    /// Its address on the estate.
    pub address: String,
    /// Who logs in.
    pub login: String,
}

impl Profile {
    /// From connection variables; `nth` is how many hosts the estate has already.
    ///
    /// # Errors
    /// A `rehearsal` variable that asks for what the model does not know, in one line.
    pub fn from_vars(vars: &Map<String, Value>, nth: usize) -> Result<Self, String> {
        const KEYS: [&str; 7] = [
            "distribution",
            "memory_mb",
            "cpus",
            "disk_gb",
            "architecture",
            "kernel",
            "address",
        ];
        let empty = Map::new();
        let wanted = vars
            .get("rehearsal")
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        let text = |key: &str| wanted.get(key).and_then(Value::as_str);
        let number = |key: &str| wanted.get(key).and_then(Value::as_u64);
        if let Some(key) = wanted.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!(
                "`rehearsal` has no key `{key}`; it takes {}",
                KEYS.join(", ")
            ));
        }
        let name = text("distribution").unwrap_or("debian 12");
        let distribution = Distribution::named(name)
            .ok_or_else(|| format!("the rehearsal has no model of the distribution `{name}`"))?;
        let given = vars.get("ansible_host").and_then(Value::as_str);
        let address = text("address")
            .or_else(|| given.filter(|host| host.parse::<std::net::IpAddr>().is_ok()))
            .map_or_else(
                || format!("10.255.{}.{}", nth / 250, nth % 250 + 1),
                ToOwned::to_owned,
            );
        let login = ["ansible_user", "ansible_ssh_user"]
            .into_iter()
            .find_map(|key| vars.get(key).and_then(Value::as_str));
        Ok(Self {
            distribution,
            memory_mb: number("memory_mb").unwrap_or(16_384),
            cpus: u32::try_from(number("cpus").unwrap_or(4)).unwrap_or(4),
            disk: number("disk_gb").map_or(DISK, |gb| gb << 30),
            architecture: text("architecture").unwrap_or("x86_64").to_owned(),
            kernel: text("kernel").unwrap_or("6.1.0-40-amd64").to_owned(),
            address,
            login: login.unwrap_or("root").to_owned(),
        })
    }
}
