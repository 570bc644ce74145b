//! What a simulated Vault remembers: on its disk, and only in memory.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A secrets engine or an auth method.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Mount {
    /// `kv`, `kubernetes`, `approle`, ….
    pub kind: String,
    /// What it says of itself.
    pub description: String,
    /// `{version: "2"}`.
    pub options: Value,
    /// Lease times.
    pub config: Value,
    /// Its number; another mount at the same path has another.
    pub accessor: String,
}

/// A token.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Token {
    /// What it may do.
    pub policies: Vec<String>,
    /// Until when, in seconds since 1970; never: none.
    pub until: Option<u64>,
    /// Name for people.
    pub name: String,
}

/// One version of a secret.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Version {
    /// What was written; null once deleted.
    pub data: Value,
    /// Seconds since 1970.
    pub created: u64,
}

/// All of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// What random values follow from.
    pub seed: String,
    counter: u64,
    /// Another Vault's transit engine opens it.
    pub opens_itself: bool,
    /// How others call it.
    pub address: String,
    /// Those that ever joined, with their addresses.
    pub members: BTreeMap<String, String>,
    /// The address of the one that leads; empty: none.
    pub leader: String,
    /// Whether that is this one.
    pub leads: bool,
    /// There is a master key.
    pub initialized: bool,
    /// It is not in memory.
    pub sealed: bool,
    /// The shares of the key.
    pub shares: Vec<String>,
    /// How many of them open it.
    pub threshold: u64,
    /// Those given so far: only in memory.
    pub given: Vec<String>,
    /// The process that it is.
    pub process: u32,
    /// Seconds since 1970.
    pub now: u64,
    /// Tokens.
    pub tokens: BTreeMap<String, Token>,
    /// Secrets engines by path, without the last `/`.
    pub engines: BTreeMap<String, Mount>,
    /// Auth methods by path.
    pub methods: BTreeMap<String, Mount>,
    /// Policies by name.
    pub policies: BTreeMap<String, String>,
    /// Secrets by path: engine, then path in it.
    pub secrets: BTreeMap<String, BTreeMap<String, Vec<Version>>>,
    /// What was written below `auth/`: roles and configurations.
    pub settings: BTreeMap<String, Value>,
    /// Secret ids of `AppRole` by role's path.
    pub secret_ids: BTreeMap<String, Vec<Value>>,
    /// Shares of a root token that is being made anew, and its pad.
    pub making_root: Option<(String, Vec<String>)>,
}

/// Sixteen bytes as an identifier.
fn dashed(bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

impl State {
    /// As it was saved, or new.
    pub fn load(saved: &Value, seed: &str) -> Self {
        let mut state: Self = serde_json::from_value(saved.clone()).unwrap_or_default();
        if saved.is_null() || state.seed.is_empty() {
            state = Self {
                seed: seed.to_owned(),
                sealed: true,
                ..Self::default()
            };
        }
        state.leads = true;
        state
    }

    /// For saving.
    pub fn save(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Another process has an empty memory.
    pub fn runs_as(&mut self, process: u32) {
        if self.process != process {
            let first = self.process == 0;
            self.process = process;
            self.given.clear();
            self.making_root = None;
            self.sealed |= !first || self.initialized;
            self.sealed &= !(self.initialized && self.opens_itself);
        }
    }

    /// Text that nobody has had before.
    pub fn random(&mut self, bytes: usize) -> Vec<u8> {
        self.counter += 1;
        let words = format!("{}\0{}", self.seed, self.counter);
        digest(&SHA256, words.as_bytes()).as_ref()[..bytes.min(32)].to_vec()
    }

    /// The same in hexadecimal digits.
    pub fn identifier(&mut self) -> String {
        dashed(&self.random(16))
    }

    /// One by chance, as in the real one: whoever compares two runs sees what Vault made.
    pub fn by_chance(&mut self) -> String {
        let mut bytes = [0; 16];
        match SystemRandom::new().fill(&mut bytes) {
            Ok(()) => dashed(&bytes),
            Err(_) => self.identifier(),
        }
    }

    /// A new token.
    pub fn token(&mut self, token: Token) -> String {
        let hex: String = self.random(12).iter().map(|b| format!("{b:02x}")).collect();
        let name = format!("s.{hex}");
        self.tokens.insert(name.clone(), token);
        name
    }

    /// A new mount.
    pub fn mount(&mut self, body: &Value) -> Mount {
        let kind = body["type"].as_str().unwrap_or_default().to_owned();
        let hex: String = self.random(4).iter().map(|b| format!("{b:02x}")).collect();
        Mount {
            accessor: format!("{kind}_{hex}"),
            description: body["description"].as_str().unwrap_or_default().to_owned(),
            options: body["options"].clone(),
            config: body["config"].clone(),
            kind,
        }
    }

    /// What a fresh Vault has.
    pub fn begin(&mut self) {
        for (path, kind) in [
            ("cubbyhole", "cubbyhole"),
            ("identity", "identity"),
            ("sys", "system"),
        ] {
            let mount = self.mount(&json!({ "type": kind }));
            self.engines.insert(path.to_owned(), mount);
        }
        let tokens =
            self.mount(&json!({ "type": "token", "description": "token based credentials" }));
        self.methods.insert("token".to_owned(), tokens);
        self.policies
            .insert("default".to_owned(), DEFAULT.to_owned());
    }
}

/// What every token may do, by default (the real one says more).
const DEFAULT: &str = r#"path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
"#;
