//! The hosts of a lab, by the inventory that `NAUTES_LAB_INVENTORY` names.

use std::path::PathBuf;
use std::sync::Arc;

use nautes_install::connection::{Ask, HostConnector, Identity, World};
use nautes_install::input::{OsFiles, OsProcesses, SystemClock};
use nautes_install::inventory::{self, Options, list_json};
use nautes_install::secret::{Redactor, Secret};
use serde_json::{Map, Value};

/// Nobody sits at the terminal.
struct Nobody;

impl Ask for Nobody {
    fn secret(&self, _: &str) -> Option<Secret<String>> {
        None
    }
}

/// A lab's hosts.
pub struct Lab {
    /// Opens connections.
    pub connector: HostConnector,
    /// Name and variables.
    pub hosts: Vec<(String, Map<String, Value>)>,
    /// Directory of the lab's state: keys, passwords.
    pub state: PathBuf,
}

impl Lab {
    /// The lab that the environment names.
    pub fn from_environment() -> Self {
        let file = std::env::var("NAUTES_LAB_INVENTORY").expect("NAUTES_LAB_INVENTORY is not set");
        let state = PathBuf::from(&file).parent().unwrap().to_owned();
        let options = Options {
            directory: "/".into(),
            sources: vec![file],
            ..Options::default()
        };
        let processes = OsProcesses::default();
        let redactor = Redactor::default();
        let world = inventory::World {
            files: &OsFiles,
            processes: &processes,
            redactor: &redactor,
        };
        let Ok(inventory) = inventory::load(&options, &world) else {
            panic!("the lab's inventory does not load");
        };
        let list: Value = serde_json::from_str(&list_json(&inventory).to_string()).unwrap();
        let vars = list["_meta"]["hostvars"].as_object().unwrap();
        let hosts = vars.iter().filter_map(|(name, vars)| {
            let vars = vars.as_object()?;
            vars.contains_key("ansible_host")
                .then(|| (name.clone(), vars.clone()))
        });
        let mut hosts: Vec<_> = hosts.collect();
        hosts.sort_by(|a, b| a.0.cmp(&b.0));
        assert!(!hosts.is_empty(), "the lab has no hosts");
        Self {
            connector: HostConnector::new(World {
                files: Arc::new(OsFiles),
                clock: Arc::new(SystemClock::default()),
                ask: Arc::new(Nobody),
                home: None,
                user: "root".to_owned(),
                agent: None,
                config: Some("/dev/null".into()),
            }),
            hosts,
            state,
        }
    }

    /// Root, by the sudo password of `ops`.
    pub fn root(&self) -> Identity {
        let password = std::fs::read_to_string(self.state.join("ops.password")).unwrap();
        Identity {
            user: Some("root".to_owned()),
            password: Some(Secret::new(password.trim_end().to_owned())),
        }
    }
}
