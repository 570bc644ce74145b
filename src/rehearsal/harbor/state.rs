//! What a simulated Harbor keeps in its database. Passwords and secrets as digests.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Nobody that Harbor knows.
    Nobody,
    /// A robot account: it may push and pull.
    Robot,
    /// The user admin.
    Admin,
}

/// A robot account of the whole Harbor.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Robot {
    /// Its whole name.
    pub name: String,
    /// Of its secret.
    pub digest: String,
    /// What it was made or changed with.
    pub fields: Value,
}

/// A project.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// `public`, `auto_scan`, …, all as text.
    pub metadata: BTreeMap<String, String>,
}

/// Everything.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Data {
    /// Of admin's password, as it was at the first start.
    pub admin: String,
    /// Settings that were written.
    pub written: BTreeMap<String, Value>,
    /// Passwords that were written, as digests.
    pub hidden: BTreeMap<String, String>,
    /// By number.
    pub projects: BTreeMap<u64, Project>,
    /// By number.
    pub robots: BTreeMap<u64, Robot>,
    /// How many numbers were given.
    pub given: u64,
}

/// Of a secret.
pub fn digested(text: &str) -> String {
    let bytes = digest(&SHA256, text.as_bytes());
    bytes.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

impl Data {
    /// A Harbor at its first start.
    pub fn fresh(password: &str) -> Self {
        let library = Project {
            name: "library".to_owned(),
            metadata: BTreeMap::from([("public".to_owned(), "true".to_owned())]),
        };
        Self {
            admin: digested(password),
            projects: BTreeMap::from([(1, library)]),
            given: 1,
            ..Self::default()
        }
    }

    /// As it was saved.
    pub fn load(saved: &Value) -> Self {
        serde_json::from_value(saved.clone()).unwrap_or_default()
    }

    /// For saving.
    pub fn save(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// A new number.
    pub fn number(&mut self) -> u64 {
        self.given += 1;
        self.given
    }

    /// Who has this name and password.
    pub fn who(&self, credential: Option<&(String, String)>) -> Who {
        let Some((name, password)) = credential else {
            return Who::Nobody;
        };
        let password = digested(password);
        if name == "admin" && password == self.admin {
            return Who::Admin;
        }
        let robot = self.robots.values().find(|robot| robot.name == *name);
        match robot {
            Some(robot) if robot.digest == password && robot.fields["disable"] != true => {
                Who::Robot
            }
            _ => Who::Nobody,
        }
    }
}
