//! What a simulated GitLab remembers. Tokens and secrets as digests, as the real one keeps them.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::rehearsal::date::Date;

/// Seconds of a day.
pub const DAY: u64 = 86400;

/// A personal access token.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Token {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub user: u64,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Of its value.
    pub digest: String,
    /// The day since 1970 from which on it does not work.
    pub until: Option<u64>,
    /// It was taken back.
    pub revoked: bool,
    /// Second since 1970.
    pub created: u64,
}

/// Who asks.
#[derive(Clone, Debug, Default)]
pub struct Who {
    /// The user's number; 0 is nobody.
    pub user: u64,
    /// The token's number.
    pub token: u64,
    /// May do everything.
    pub admin: bool,
    scopes: Vec<String>,
}

impl Who {
    /// Whether the token may change anything.
    pub fn writes(&self) -> bool {
        self.scopes.iter().any(|scope| scope == "api")
    }

    fn reads(&self) -> bool {
        let known = ["api", "read_api", "read_user"];
        self.scopes
            .iter()
            .any(|scope| known.contains(&scope.as_str()))
    }
}

/// All of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// What random values follow from.
    pub seed: String,
    counter: u64,
    next: u64,
    /// The process that it is.
    pub process: u32,
    /// When it answers, in seconds since 1970.
    pub up_at: u64,
    /// Seconds since 1970.
    pub now: u64,
    /// Its version.
    pub version: String,
    /// Its address.
    pub url: String,
    /// Its name for SSH, where that is another.
    pub ssh_host: Option<String>,
    /// Its port for SSH.
    pub ssh_port: u16,
    /// Users by number.
    pub users: BTreeMap<u64, Value>,
    /// Tokens by number.
    pub tokens: BTreeMap<u64, Token>,
    /// OAuth applications by number.
    pub applications: BTreeMap<u64, Value>,
    /// Groups by number.
    pub groups: BTreeMap<u64, Value>,
    /// Projects by number.
    pub projects: BTreeMap<u64, Value>,
    /// Deploy keys by number: title and key.
    pub keys: BTreeMap<u64, Value>,
    /// Which keys a project has, and whether they may push.
    pub enabled: BTreeMap<u64, BTreeMap<u64, bool>>,
    /// Settings of the instance.
    pub settings: BTreeMap<String, Value>,
}

impl State {
    /// As it was saved, or new.
    pub fn load(saved: &Value, seed: &str) -> Self {
        let state: Self = serde_json::from_value(saved.clone()).unwrap_or_default();
        if !state.seed.is_empty() {
            return state;
        }
        let mut state = Self {
            seed: seed.to_owned(),
            ..Self::default()
        };
        let root = state.number();
        state.users.insert(
            root,
            json!({ "id": root, "username": "root", "name": "Administrator", "state": "active",
                "email": "admin@example.com", "is_admin": true, "bot": false }),
        );
        state.settings = super::settings::begun();
        state
    }

    /// For saving.
    pub fn save(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// A number that nothing has yet.
    pub fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Text that nobody has had before: by chance, as in the real one, so that whoever compares two
    /// runs sees which secrets are made by GitLab.
    pub fn random(&mut self) -> String {
        let mut bytes = [0; 32];
        if SystemRandom::new().fill(&mut bytes).is_ok() {
            return hex(&bytes);
        }
        self.counter += 1;
        sum(&format!("{}\0{}", self.seed, self.counter))
    }

    /// Who a token is; nobody without one. `None` if it is not known or over.
    pub fn who(&self, token: Option<&str>) -> Option<Who> {
        let sum = sum(token?);
        let mut all = self.tokens.iter();
        let (id, token) = all.find(|(_, token)| token.digest == sum)?;
        let user = self.users.get(&token.user)?;
        if !self.works(token) || user["state"] != "active" {
            return None;
        }
        let who = Who {
            user: token.user,
            token: *id,
            admin: user["is_admin"] == true,
            scopes: token.scopes.clone(),
        };
        who.reads().then_some(who)
    }

    /// Whether a token is neither revoked nor over.
    pub fn works(&self, token: &Token) -> bool {
        !token.revoked && token.until.is_none_or(|day| self.now / DAY < day)
    }

    /// A new token; gives its number and its value.
    pub fn token(&mut self, token: Token) -> (u64, String) {
        let id = self.number();
        let value = format!("glpat-{}", &self.random()[..20]);
        let token = Token {
            digest: sum(&value),
            created: self.now,
            ..token
        };
        self.tokens.insert(id, token);
        (id, value)
    }

    /// The first number of its version: 15 to 19.
    pub fn major(&self) -> u64 {
        self.part(0)
    }

    fn part(&self, at: usize) -> u64 {
        let mut parts = self.version.split('.');
        parts
            .nth(at)
            .and_then(|part| part.parse().ok())
            .unwrap_or_default()
    }

    /// Whether its version is this or a newer one.
    pub fn is_at_least(&self, major: u64, minor: u64) -> bool {
        (self.part(0), self.part(1)) >= (major, minor)
    }
}

/// A digest in hexadecimal digits.
pub fn sum(text: &str) -> String {
    hex(digest(&SHA256, text.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A day since 1970 as `2027-01-31`.
pub fn date(day: u64) -> String {
    let at = Date::from(UNIX_EPOCH + Duration::from_secs(day * DAY));
    format!("{:04}-{:02}-{:02}", at.year, at.month, at.day)
}

/// `2027-01-31` as a day since 1970.
pub fn day(date: &str) -> Option<u64> {
    let mut parts = date.split('-').map(str::parse::<i64>);
    let (year, month, day) = (
        parts.next()?.ok()?,
        parts.next()?.ok()?,
        parts.next()?.ok()?,
    );
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let mp = (month + 9) % 12;
    let doy = (153 * mp + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    u64::try_from(era * 146_097 + doe - 719_468).ok()
}
