//! `user`: an account is there with these properties, or is not.
//!
//! The home of an account that exists is never made, moved or emptied unless asked
//! (`move_home`, `remove`). A password hash goes by stdin, never on a command line.

use super::user_key::KeyPair;
use crate::connection::{Account, Action, Exec, Probe};
use crate::modules::dates;
use crate::modules::files::sha256;
use crate::modules::{Change, Failure, Given, Recipe, Seen, Steps};

/// The module.
pub struct User {
    given: Given,
    name: String,
    present: bool,
    groups: Option<Vec<String>>,
    password: Option<String>,
    /// Day of 1970 on which it expires; `Some(None)`: never.
    expires: Option<Option<i64>>,
    key: Option<KeyPair>,
}

/// Program, option by which `useradd` and `usermod` take it.
const TEXTS: [(&str, &str); 3] = [("comment", "-c"), ("home", "-d"), ("shell", "-s")];

impl User {
    /// Reads the arguments.
    pub fn new(given: &Given) -> Result<Self, Failure> {
        let password = given.some("password");
        if let Some(hash) = &password
            && (hash.contains([':', '\n'])
                || !(hash.starts_with('$') || hash.starts_with(['!', '*']) || hash.len() == 13))
        {
            return Err(
                Failure::msg("`password` must be a hash, not the password itself")
                    .help("write `\"{{ password | password_hash('sha512') }}\"`"),
            );
        }
        #[expect(clippy::cast_possible_truncation, reason = "days since 1970 fit")]
        let expires = given
            .get("expires")
            .and_then(serde_json::Value::as_f64)
            .map(|seconds| (seconds >= 0.0).then(|| (seconds as i64).div_euclid(86400)));
        Ok(Self {
            name: given.string("name"),
            present: given.text("state") != Some("absent"),
            groups: given.has("groups").then(|| {
                let mut groups = given.list("groups");
                groups.retain(|g| !g.is_empty());
                groups.sort();
                groups.dedup();
                groups
            }),
            password,
            expires,
            key: KeyPair::new(given),
            given: given.clone(),
        })
    }

    fn user(&self) -> Probe {
        Probe::User {
            name: self.name.clone(),
        }
    }

    /// The question for the account's line in the shadow file: expiry and ages.
    fn shadow(&self) -> Probe {
        Probe::Command(Box::new(Exec::new(["getent", "shadow", &self.name])))
    }

    fn needs_shadow(&self) -> bool {
        self.expires.is_some() || AGES.iter().any(|(name, ..)| self.given.has(name))
    }

    /// A field of the shadow line.
    fn shadow_field(&self, seen: &Seen, number: usize) -> Result<String, Failure> {
        let answer = seen.executed(&self.shadow())?;
        let line = String::from_utf8_lossy(&answer.stdout).into_owned();
        Ok(line
            .trim_end()
            .split(':')
            .nth(number)
            .unwrap_or_default()
            .to_owned())
    }

    /// Options that set what is asked for, compared with an account if there is one.
    fn options(&self, changes: &mut Vec<Change>, there: Option<&Account>) -> Vec<String> {
        let mut options = Vec::new();
        let mut set = |what: &str, before: &str, (option, after): (&str, &str)| {
            changes.push(Change::new(
                format!("user {} {what}", self.name),
                before,
                after,
            ));
            options.extend([option.to_owned(), after.to_owned()]);
        };
        if let Some(number) = self.given.int("uid")
            && there.is_none_or(|a| i64::from(a.uid) != number)
        {
            let before = there.map(|a| a.uid.to_string()).unwrap_or_default();
            set("uid", &before, ("-u", &number.to_string()));
        }
        if let Some(group) = self.given.some("group")
            && there.is_none_or(|a| a.group != group && a.gid.to_string() != group)
        {
            set("group", there.map_or("", |a| &a.group), ("-g", &group));
        }
        for (argument, option) in TEXTS {
            let Some(wanted) = self.given.text(argument) else {
                continue;
            };
            let now = there.map(|a| match argument {
                "comment" => a.comment.as_str(),
                "home" => a.home.as_str(),
                _ => a.shell.as_str(),
            });
            if now != Some(wanted) {
                set(argument, now.unwrap_or_default(), (option, wanted));
            }
        }
        self.group_options(changes, &mut options, there);
        if self.given.flag("non_unique") && options.iter().any(|o| o == "-u") {
            options.push("-o".to_owned());
        }
        if there.is_some() && self.given.flag("move_home") && options.iter().any(|o| o == "-d") {
            options.push("-m".to_owned());
        }
        options
    }

    /// Options for the supplementary groups.
    fn group_options(
        &self,
        changes: &mut Vec<Change>,
        options: &mut Vec<String>,
        there: Option<&Account>,
    ) {
        let Some(wanted) = &self.groups else { return };
        let mut now = there.map(|a| a.groups.clone()).unwrap_or_default();
        // The primary group is often listed among the others.
        if let Some(account) = there {
            now.retain(|g| *g != account.group || wanted.contains(g));
        }
        now.sort();
        let missing: Vec<&String> = wanted.iter().filter(|g| !now.contains(g)).collect();
        let append = self.given.flag("append");
        let differs = if append || there.is_none() {
            !missing.is_empty()
        } else {
            *wanted != now
        };
        if !differs {
            return;
        }
        let mut after = wanted.clone();
        if append {
            after.extend(now.iter().filter(|g| !wanted.contains(g)).cloned());
        }
        changes.push(Change::new(
            format!("user {} groups", self.name),
            now.join(","),
            after.join(","),
        ));
        if append && there.is_some() {
            options.push("-a".to_owned());
        }
        options.extend(["-G".to_owned(), wanted.join(",")]);
    }

    /// Adds what makes the account.
    fn create(&self, steps: &mut Steps, seen: &Seen) -> Result<(), Failure> {
        let mut changes = vec![Change::new(format!("user {}", self.name), "", "present")];
        let mut argv = vec!["useradd".to_owned()];
        argv.extend(self.options(&mut changes, None));
        if !self.given.has("group") && seen.group(&self.name)?.is_some() {
            // A group of the same name is there: useradd must not make one.
            argv.push("-N".to_owned());
        }
        argv.push(
            if self.given.flag("create_home") {
                "-m"
            } else {
                "-M"
            }
            .to_owned(),
        );
        if let Some(skeleton) = self.given.some("skeleton") {
            argv.extend(["-k".to_owned(), skeleton]);
        }
        for (argument, setting) in [
            ("umask", "UMASK"),
            ("uid_min", "UID_MIN"),
            ("uid_max", "UID_MAX"),
        ] {
            if let Some(value) = self.given.get(argument) {
                argv.extend([
                    "-K".to_owned(),
                    format!("{setting}={}", crate::modules::given::plain(value)),
                ]);
            }
        }
        if self.given.flag("system") {
            argv.push("-r".to_owned());
        }
        if let Some(Some(day)) = self.expires {
            argv.extend(["-e".to_owned(), date(day)]);
        }
        argv.push(self.name.clone());
        steps.diff.changes.extend(changes);
        steps.actions.push(Action::Exec(Exec::new(argv)));
        self.set_password(steps);
        if self.given.flag("password_lock") {
            steps
                .actions
                .push(Action::Exec(Exec::new(["usermod", "-L", &self.name])));
        }
        for (argument, option, _) in AGES {
            if let Some(days) = self.given.int(argument) {
                steps.actions.push(Action::Exec(Exec::new([
                    "chage",
                    option,
                    &days.to_string(),
                    &self.name,
                ])));
            }
        }
        Ok(())
    }

    /// Adds what hands the hash to the host.
    fn set_password(&self, steps: &mut Steps) {
        if let Some(hash) = &self.password {
            let line = format!("{}:{hash}\n", self.name);
            let exec = Exec::new(["chpasswd", "-e"]).stdin(line.into_bytes());
            steps.actions.push(Action::Exec(exec));
        }
    }

    /// Adds what makes the account as wanted.
    fn modify(&self, steps: &mut Steps, seen: &Seen, there: &Account) -> Result<(), Failure> {
        let subject = |what: &str| format!("user {} {what}", self.name);
        let mut options = self.options(&mut steps.diff.changes, Some(there));
        if let Some(expires) = self.expires {
            let now = self.shadow_field(seen, 7)?;
            let wanted = expires.map(|day| day.to_string()).unwrap_or_default();
            if now != wanted {
                steps
                    .diff
                    .changes
                    .push(Change::new(subject("expires"), now, &wanted));
                options.extend(["-e".to_owned(), expires.map(date).unwrap_or_default()]);
            }
        }
        let locked = there.locked == Some(true);
        if let Some(wanted) = self.given.choice("password_lock")
            && wanted != locked
        {
            let word = |locked| if locked { "locked" } else { "unlocked" };
            steps
                .diff
                .changes
                .push(Change::new(subject("password"), word(locked), word(wanted)));
            options.push(if wanted { "-L" } else { "-U" }.to_owned());
        }
        if !options.is_empty() {
            let argv = ["usermod".to_owned()]
                .into_iter()
                .chain(options)
                .chain([self.name.clone()]);
            steps.actions.push(Action::Exec(Exec::new(argv)));
        }
        if let Some(hash) = &self.password
            && self.given.text("update_password") != Some("on_create")
            && there.password_digest.as_deref() != Some(&sha256(hash.as_bytes()))
        {
            steps
                .diff
                .changes
                .push(Change::new(subject("password"), "", "").secret());
            self.set_password(steps);
        }
        for (argument, option, number) in AGES {
            if let Some(days) = self.given.int(argument) {
                let now = self.shadow_field(seen, number)?;
                if now != days.to_string() {
                    steps.step(
                        Change::new(subject(argument), now, days.to_string()),
                        Action::Exec(Exec::new(["chage", option, &days.to_string(), &self.name])),
                    );
                }
            }
        }
        Ok(())
    }
}

/// Argument, option of `chage`, field of the shadow line.
const AGES: [(&str, &str, usize); 3] = [
    ("password_expire_min", "-m", 3),
    ("password_expire_max", "-M", 4),
    ("password_expire_warn", "-W", 5),
];

/// A day since 1970 as a date.
fn date(day: i64) -> String {
    let [year, month, day, ..] = dates::civil(day * 86400);
    format!("{year:04}-{month:02}-{day:02}")
}

impl Recipe for User {
    fn questions(&self) -> Vec<Probe> {
        let mut probes = vec![self.user()];
        if self.present {
            probes.push(Probe::Group {
                name: self.name.clone(),
            });
            if self.needs_shadow() {
                probes.push(self.shadow());
            }
        }
        probes
    }

    fn more(&self, seen: &Seen) -> Result<Vec<Probe>, Failure> {
        let home = seen.user(&self.name)?.map(|a| a.home.clone());
        Ok(self
            .key
            .iter()
            .flat_map(|key| key.questions(home.as_deref()))
            .collect())
    }

    fn plan(&self, seen: &Seen) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        let there = seen.user(&self.name)?;
        steps.set("name", self.name.as_str());
        steps.set("state", if self.present { "present" } else { "absent" });
        match (self.present, there) {
            (false, None) => {}
            (false, Some(_)) => {
                let mut argv = vec!["userdel"];
                argv.extend(self.given.flag("force").then_some("-f"));
                argv.extend(self.given.flag("remove").then_some("-r"));
                argv.push(&self.name);
                steps.step(
                    Change::new(format!("user {}", self.name), "present", ""),
                    Action::Exec(Exec::new(argv)),
                );
                steps.set("remove", self.given.flag("remove"));
                steps.set("force", self.given.flag("force"));
            }
            (true, None) => self.create(&mut steps, seen)?,
            (true, Some(account)) => self.modify(&mut steps, seen, account)?,
        }
        if self.present {
            let fallback = format!("/home/{}", self.name);
            let home = self
                .given
                .some("home")
                .or_else(|| there.map(|a| a.home.clone()))
                .unwrap_or(fallback);
            if let Some(key) = &self.key {
                key.plan(&mut steps, seen, (&self.name, &home))?;
            }
            describe(&mut steps, &self.given, there);
            steps.set("home", home);
        }
        Ok(steps.or_reason("the account is as wanted already"))
    }
}

/// The result's fields for an account that is or will be there.
fn describe(steps: &mut Steps, given: &Given, there: Option<&Account>) {
    for field in ["append", "move_home", "create_home", "system"] {
        steps.set(field, given.flag(field));
    }
    if let Some(number) = given.int("uid").or_else(|| there.map(|a| i64::from(a.uid))) {
        steps.set("uid", number);
    }
    for (field, now) in [
        ("comment", there.map(|a| a.comment.clone())),
        ("shell", there.map(|a| a.shell.clone())),
    ] {
        if let Some(value) = given.text(field).map(ToOwned::to_owned).or(now) {
            steps.set(field, value);
        }
    }
    if let Some(account) = there {
        steps.set("group", account.gid);
    }
    if given.has("groups") {
        steps.set("groups", given.list("groups").join(","));
    }
}
