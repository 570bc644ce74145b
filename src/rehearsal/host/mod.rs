//! One simulated host: what lies on its disk, what its kernel and systemd know, whether it runs.

mod boot;
mod facts;
mod kernel;
mod probe;
mod profile;
mod sudo;

pub use boot::{BOOT_TIME, Power};
pub use probe::{Asking, file_stat};
pub use profile::{Distribution, Profile};
pub use sudo::password_field;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::accounts::{Accounts, Group, System, User};
use super::packages::Packages;
use super::tree::{Access, Caller, Content, Errno, Follow, Time, Tree};
use super::units::Units;

/// How long Linux keeps written data in memory before it goes to the disk by itself.
const WRITEBACK: Duration = Duration::from_secs(30);

/// How long a bare host has been running when a rehearsal first connects to it.
const UP_BEFORE: Duration = Duration::from_hours(1);

/// A host of the estate. A clone is a snapshot: its trees are shared until they change.
#[derive(Clone)]
pub struct Host {
    /// Inventory name.
    pub name: String,
    /// Size and kind.
    pub profile: Profile,
    /// The files as programs see them.
    pub tree: Tree,
    /// The files as a power cut would leave them.
    pub disk: Tree,
    /// When everything written before was on the disk.
    pub checkpoint: Time,
    /// What dpkg knows.
    pub packages: Packages,
    /// What systemd knows.
    pub units: Units,
    /// Whether it runs.
    pub power: Power,
    /// Changes with every boot.
    pub boot_id: String,
    /// When it last booted.
    pub booted: Time,
    /// Kernel modules loaded.
    pub modules: Vec<String>,
    /// Requests it was sent, for faults that strike at the nth.
    pub requests: u64,
    /// Bytes it was sent, for a connection that drops after so many.
    pub bytes: u64,
    /// Nanoseconds its clock is ahead of the estate's.
    pub skew: i64,
    /// Until when somebody holds dpkg's lock.
    pub dpkg_busy: Time,
    /// When it was put on the estate.
    pub made: Time,
    /// What the simulated programs remember (a cluster's membership, a service's state).
    pub memory: Map<String, Value>,
}

impl Host {
    /// A host as it comes from the installer of its distribution.
    ///
    /// # Errors
    /// The base tree cannot be changed: a defect of this program.
    pub fn bare(name: &str, profile: Profile, base: &Tree, now: Time) -> Result<Self, Errno> {
        let mut tree = base.clone();
        tree.capacity = profile.disk;
        let mut host = Self {
            name: name.to_owned(),
            tree: tree.clone(),
            disk: tree,
            checkpoint: now,
            packages: Packages::bare(&profile.distribution),
            units: Units::default(),
            power: Power::On,
            boot_id: String::new(),
            booted: now,
            modules: Vec::new(),
            requests: 0,
            bytes: 0,
            skew: 0,
            dpkg_busy: Time(0),
            made: now,
            memory: Map::new(),
            profile,
        };
        host.put("/etc/hostname", &format!("{name}\n"), now)?;
        let address = host.profile.address.clone();
        let hosts = format!("127.0.0.1 localhost\n::1 localhost ip6-localhost\n{address} {name}\n");
        host.put("/etc/hosts", &hosts, now)?;
        host.put(
            "/etc/machine-id",
            &format!("{}\n", identifier(&["machine", name])),
            now,
        )?;
        // What sshd says to be: a key of the right form that nobody has the other half of.
        let words = [
            b"\0\0\0\x0bssh-ed25519\0\0\0\x20".as_slice(),
            ring::digest::digest(&ring::digest::SHA256, name.as_bytes()).as_ref(),
        ]
        .concat();
        let key = format!("ssh-ed25519 {} root@{name}\n", STANDARD.encode(words));
        host.put("/etc/ssh/ssh_host_ed25519_key.pub", &key, now)?;
        if host.profile.distribution.release != "bookworm" {
            let text = host.profile.distribution.os_release();
            host.put("/usr/lib/os-release", &text, now)?;
        }
        host.add_login(now)?;
        host.sync();
        host.boot(now)?;
        // It has been there for a while when it is first connected to.
        host.booted = Time(now.0.saturating_sub(Time::from(UP_BEFORE).0));
        Ok(host)
    }

    /// The tree, changed by root at a time.
    pub fn root(&mut self, now: Time) -> Access<'_> {
        static ROOT: Caller = Caller::root();
        Access {
            tree: &mut self.tree,
            caller: &ROOT,
            now,
        }
    }

    /// Writes a text file as root, parents included.
    pub fn put(&mut self, path: &str, text: &str, now: Time) -> Result<(), Errno> {
        let (parent, _) = super::tree::parent_and_name(path);
        let mut access = self.root(now);
        access.make_directories(parent)?;
        access
            .write(path, Content::new(text.to_owned()))
            .map(|_| ())
    }

    /// Its name as the kernel has it.
    pub fn hostname(&self) -> String {
        self.tree
            .text("/proc/sys/kernel/hostname")
            .trim()
            .to_owned()
    }

    /// Everything written is on the disk.
    pub fn sync(&mut self) {
        self.disk = self.tree.clone();
    }

    /// One path is on the disk.
    pub fn sync_path(&mut self, path: &str) {
        // A path that was removed again before the call has nothing to sync.
        let _ = self.disk.take_over(&self.tree, path);
    }

    /// What the kernel does by itself as time passes.
    pub fn writeback(&mut self, now: Time) {
        if now.0.saturating_sub(self.checkpoint.0) >= Time::from(WRITEBACK).0 {
            self.sync();
            self.checkpoint = now;
        }
    }

    /// The account database.
    pub fn accounts(&self) -> Accounts {
        Accounts::read(&self.tree)
    }

    /// The host's own clock at an estate's time.
    pub const fn local(&self, now: Time) -> Time {
        Time(now.0.saturating_add_signed(self.skew))
    }

    /// Sudo asks the login user for this password from now on.
    pub fn require_password(&mut self, password: &str, now: Time) -> Result<(), Errno> {
        let login = self.profile.login.clone();
        let mut accounts = self.accounts();
        accounts.set_password(&login, &password_field(password));
        accounts.write(&mut self.tree, now)?;
        let free = format!("/etc/sudoers.d/{login}");
        if self.tree.exists(&free) {
            self.root(now).remove_one(&free)?;
        }
        self.sync();
        Ok(())
    }

    /// The user who logs in, with a home; others than root may use sudo without a password.
    fn add_login(&mut self, now: Time) -> Result<(), Errno> {
        let login = self.profile.login.clone();
        let mut accounts = self.accounts();
        if accounts.user(&login).is_some() {
            return Ok(());
        }
        let id = accounts.free_uid(System::No);
        let home = format!("/home/{login}");
        accounts.users.push(User {
            name: login.clone(),
            uid: id,
            gid: id,
            comment: String::new(),
            home: home.clone(),
            shell: "/bin/bash".to_owned(),
        });
        accounts.groups.push(Group {
            name: login.clone(),
            gid: id,
            members: Vec::new(),
        });
        if let Some(sudo) = accounts.groups.iter_mut().find(|g| g.name == "sudo") {
            sudo.members.push(login.clone());
        }
        accounts.set_password(&login, "!");
        accounts.write(&mut self.tree, now)?;
        let path = format!("/etc/sudoers.d/{login}");
        self.put(&path, &format!("{login} ALL=(ALL:ALL) NOPASSWD:ALL\n"), now)?;
        let mut access = self.root(now);
        access.set_mode(&path, 0o440, Follow::No)?;
        access.make_directory(&home, 0o755)?;
        access.set_owner(&home, (Some(id), Some(id)), Follow::No)
    }
}

/// 32 hex digits that only these words give.
pub fn identifier(words: &[&str]) -> String {
    let text = words.join("\0");
    super::tree::hex(&ring::digest::SHA256, text.as_bytes())[..32].to_owned()
}
