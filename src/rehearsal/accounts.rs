//! Users and groups, which live where they live on a real host: in the tree's own `/etc/passwd`,
//! `/etc/group` and `/etc/shadow`.

use crate::connection::Account;

use super::tree::{Access, Caller, Content, Errno, Time, Tree, hex};

/// A line of `/etc/passwd`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// Number.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
    /// Comment.
    pub comment: String,
    /// Home directory.
    pub home: String,
    /// Login shell.
    pub shell: String,
}

/// A line of `/etc/group`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Number.
    pub gid: u32,
    /// Supplementary members.
    pub members: Vec<String>,
}

/// The three files, read.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// `/etc/passwd` in order.
    pub users: Vec<User>,
    /// `/etc/group` in order.
    pub groups: Vec<Group>,
    /// `/etc/shadow`: name and password field.
    pub shadow: Vec<(String, String)>,
}

impl Accounts {
    /// Reads them from a tree.
    pub fn read(tree: &Tree) -> Self {
        let rows = |path: &str| -> Vec<Vec<String>> {
            tree.text(path)
                .lines()
                .map(|line| line.split(':').map(ToOwned::to_owned).collect())
                .collect()
        };
        let users = rows("/etc/passwd").into_iter().filter(|r| r.len() >= 7);
        let groups = rows("/etc/group").into_iter().filter(|r| r.len() >= 4);
        let shadow = rows("/etc/shadow").into_iter().filter(|r| r.len() >= 2);
        Self {
            users: users
                .filter_map(|r| {
                    Some(User {
                        uid: r[2].parse().ok()?,
                        gid: r[3].parse().ok()?,
                        name: r[0].clone(),
                        comment: r[4].clone(),
                        home: r[5].clone(),
                        shell: r[6].clone(),
                    })
                })
                .collect(),
            groups: groups
                .filter_map(|r| {
                    Some(Group {
                        gid: r[2].parse().ok()?,
                        name: r[0].clone(),
                        members: r[3]
                            .split(',')
                            .filter(|m| !m.is_empty())
                            .map(ToOwned::to_owned)
                            .collect(),
                    })
                })
                .collect(),
            shadow: shadow.map(|r| (r[0].clone(), r[1].clone())).collect(),
        }
    }

    /// Writes them back as `useradd` and the like do: whole files, by rename.
    pub fn write(&self, tree: &mut Tree, now: Time) -> Result<(), Errno> {
        let users = self.users.iter().map(|u| {
            format!(
                "{}:x:{}:{}:{}:{}:{}\n",
                u.name, u.uid, u.gid, u.comment, u.home, u.shell
            )
        });
        let groups = self
            .groups
            .iter()
            .map(|g| format!("{}:x:{}:{}\n", g.name, g.gid, g.members.join(",")));
        let shadow = self
            .shadow
            .iter()
            .map(|(name, field)| format!("{name}:{field}:20000:0:99999:7:::\n"));
        let caller = Caller::root();
        let mut access = Access {
            tree,
            caller: &caller,
            now,
        };
        let files: [(&str, String); 3] = [
            ("/etc/passwd", users.collect()),
            ("/etc/group", groups.collect()),
            ("/etc/shadow", shadow.collect()),
        ];
        for (path, text) in files {
            if access.tree.text(path) != text {
                access.write(path, Content::new(text))?;
            }
        }
        Ok(())
    }

    /// A user by name, or by number as text.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|u| u.name == name)
    }

    /// A group by name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|g| g.name == name)
    }

    /// A user's name, or the number as text, as `ls` prints it.
    pub fn user_name(&self, uid: u32) -> String {
        self.users
            .iter()
            .find(|u| u.uid == uid)
            .map_or_else(|| uid.to_string(), |u| u.name.clone())
    }

    /// A group's name, or the number as text.
    pub fn group_name(&self, gid: u32) -> String {
        self.groups
            .iter()
            .find(|g| g.gid == gid)
            .map_or_else(|| gid.to_string(), |g| g.name.clone())
    }

    /// A user's number from a name or a number as text.
    pub fn uid(&self, text: &str) -> Option<u32> {
        self.user(text).map(|u| u.uid).or_else(|| text.parse().ok())
    }

    /// A group's number from a name or a number as text.
    pub fn gid(&self, text: &str) -> Option<u32> {
        self.group(text)
            .map(|g| g.gid)
            .or_else(|| text.parse().ok())
    }

    /// The numbers of every group a user is in, the primary first.
    pub fn group_ids(&self, user: &User) -> Vec<u32> {
        let further = self
            .groups
            .iter()
            .filter(|g| g.gid != user.gid && g.members.contains(&user.name))
            .map(|g| g.gid);
        std::iter::once(user.gid).chain(further).collect()
    }

    /// What the kernel knows of a process of this user.
    pub fn caller(&self, name: &str) -> Option<Caller> {
        let user = self.user(name)?;
        Some(Caller {
            uid: user.uid,
            gid: user.gid,
            groups: self.group_ids(user),
            umask: 0o022,
        })
    }

    /// A user's password field.
    pub fn password(&self, name: &str) -> Option<&str> {
        self.shadow
            .iter()
            .find(|(user, _)| user == name)
            .map(|(_, field)| field.as_str())
    }

    /// Sets a user's password field.
    pub fn set_password(&mut self, name: &str, field: &str) {
        match self.shadow.iter_mut().find(|(user, _)| user == name) {
            Some(entry) => field.clone_into(&mut entry.1),
            None => self.shadow.push((name.to_owned(), field.to_owned())),
        }
    }

    /// The first number of this kind that is free: below 1000 downwards for system accounts, from
    /// 1000 upwards for people.
    pub fn free_uid(&self, system: System) -> u32 {
        free(system, |id| self.users.iter().any(|u| u.uid == id))
    }

    /// As [`Accounts::free_uid`], for groups.
    pub fn free_gid(&self, system: System) -> u32 {
        free(system, |id| self.groups.iter().any(|g| g.gid == id))
    }

    /// An account as the host protocol gives it; the password only to root.
    pub fn account(&self, name: &str, seen_by: &Caller) -> Option<Account> {
        let user = self.user(name)?;
        let mut groups: Vec<String> = self
            .groups
            .iter()
            .filter(|g| g.gid != user.gid && g.members.contains(&user.name))
            .map(|g| g.name.clone())
            .collect();
        groups.sort();
        let password = seen_by
            .is_root()
            .then(|| self.password(name).unwrap_or_default());
        Some(Account {
            name: user.name.clone(),
            uid: user.uid,
            gid: user.gid,
            group: self.group_name(user.gid),
            comment: user.comment.clone(),
            home: user.home.clone(),
            shell: user.shell.clone(),
            groups,
            locked: password.map(|p| p.starts_with('!') || p.starts_with('*')),
            password_digest: password.map(|p| hex(&ring::digest::SHA256, p.as_bytes())),
        })
    }
}

/// Which range a new number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// 100 to 999, from above.
    Yes,
    /// 1000 and up.
    No,
}

fn free(system: System, taken: impl Fn(u32) -> bool) -> u32 {
    match system {
        System::Yes => (100..=999).rev().find(|id| !taken(*id)).unwrap_or(999),
        System::No => (1000..60_000).find(|id| !taken(*id)).unwrap_or(60_000),
    }
}
