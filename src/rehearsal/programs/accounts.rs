//! useradd, usermod and userdel.

use super::super::accounts::{Accounts, Group, System, User};
use super::super::process::{Ended, Process};
use super::super::tree::Follow;
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[
    ("useradd", useradd),
    ("usermod", usermod),
    ("userdel", userdel),
];

const USER_OPTIONS: [&str; 33] = [
    "-m",
    "-M",
    "-r",
    "-U",
    "-N",
    "-o",
    "-a",
    "-L",
    "-l=",
    "-u=",
    "-g=",
    "-G=",
    "-d=",
    "-s=",
    "-c=",
    "-p=",
    "-e=",
    "-k=",
    "-K=",
    "--system",
    "--create-home",
    "--no-create-home",
    "--uid=",
    "--gid=",
    "--groups=",
    "--home-dir=",
    "--home=",
    "--shell=",
    "--comment=",
    "--password=",
    "--append",
    "--non-unique",
    "--move-home",
];

pub(super) fn save(process: &mut Process<'_>, accounts: &Accounts) -> Ended {
    let now = process.now();
    match accounts.write(&mut process.host.tree, now) {
        Ok(()) => Ok(0),
        Err(error) => {
            let line = format!("{}: cannot open /etc/passwd: {error}", process.name());
            process.complain(line);
            Ok(1)
        }
    }
}

/// Only root may; the real programs' words and code.
pub(super) fn only_root(process: &mut Process<'_>, file: &str) -> Option<i32> {
    if process.caller.is_root() {
        return None;
    }
    let name = process.name().to_owned();
    process.complain(format!("{name}: Permission denied."));
    process.complain(format!("{name}: cannot lock {file}; try again later."));
    Some(if file.ends_with("group") { 10 } else { 1 })
}

pub(super) fn say_and(process: &mut Process<'_>, code: i32, text: &str) -> Ended {
    let line = format!("{}: {text}", process.name());
    process.complain(line);
    Ok(code)
}

#[expect(clippy::too_many_lines, reason = "one case of a table per line")]
fn useradd(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &USER_OPTIONS)?;
    if let Some(code) = only_root(process, "/etc/passwd") {
        return Ok(code);
    }
    let Some(name) = args.operand(0).map(ToOwned::to_owned) else {
        return say_and(process, 2, "missing operand");
    };
    let mut accounts = process.host.accounts();
    if accounts.user(&name).is_some() {
        return say_and(process, 9, &format!("user '{name}' already exists"));
    }
    let system = if args.has(&["-r", "--system"]) {
        System::Yes
    } else {
        System::No
    };
    let uid = match args.value(&["-u", "--uid"]) {
        Some(text) => text.parse().unwrap_or(0),
        None => accounts.free_uid(system),
    };
    if accounts.users.iter().any(|u| u.uid == uid) && !args.has(&["-o", "--non-unique"]) {
        return say_and(process, 4, &format!("UID {uid} is not unique"));
    }
    let gid = match args.value(&["-g", "--gid"]) {
        Some(group) => match accounts
            .gid(group)
            .filter(|gid| accounts.groups.iter().any(|g| g.gid == *gid))
        {
            Some(gid) => gid,
            None => return say_and(process, 6, &format!("group '{group}' does not exist")),
        },
        None if args.has(&["-N"]) => 100,
        None if accounts.group(&name).is_some() => {
            return say_and(
                process,
                9,
                &format!(
                    "group {name} exists - if you want to add this user to that group, use -g."
                ),
            );
        }
        None => {
            let gid = if accounts.groups.iter().any(|g| g.gid == uid) {
                accounts.free_gid(system)
            } else {
                uid
            };
            accounts.groups.push(Group {
                name: name.clone(),
                gid,
                members: Vec::new(),
            });
            gid
        }
    };
    let home = args
        .value(&["-d", "--home-dir", "--home"])
        .map_or_else(|| format!("/home/{name}"), ToOwned::to_owned);
    accounts.users.push(User {
        name: name.clone(),
        uid,
        gid,
        comment: args
            .value(&["-c", "--comment"])
            .unwrap_or_default()
            .to_owned(),
        home: home.clone(),
        shell: args
            .value(&["-s", "--shell"])
            .unwrap_or("/bin/sh")
            .to_owned(),
    });
    let password = args.value(&["-p", "--password"]).unwrap_or("!").to_owned();
    accounts.set_password(&name, &password);
    if let Some(list) = args.value(&["-G", "--groups"])
        && let Err(group) = join_groups(&mut accounts, &name, list)
    {
        return say_and(process, 6, &format!("group '{group}' does not exist"));
    }
    let code = save(process, &accounts)?;
    if code == 0 && args.has(&["-m", "--create-home"]) && !process.host.tree.exists(&home) {
        make_home(process, &home, (uid, gid));
    }
    Ok(code)
}

/// A home directory with what `/etc/skel` has.
fn make_home(process: &mut Process<'_>, home: &str, (uid, gid): (u32, u32)) {
    let now = process.now();
    let mut root = process.host.root(now);
    let (parent, _) = super::super::tree::parent_and_name(home);
    let _ = root.make_directories(parent);
    let _ = super::copy(&mut root, ["/etc/skel", home], Follow::No, super::Keep::No);
    let owner = (Some(uid), Some(gid));
    let _ = root.set_owner(home, owner, Follow::No);
    let below = root
        .tree
        .below(&super::super::tree::Caller::root(), home, None)
        .unwrap_or_default();
    for (name, _, _) in below {
        let _ = root.set_owner(&format!("{home}/{name}"), owner, Follow::No);
    }
}

fn join_groups(accounts: &mut Accounts, user: &str, list: &str) -> Result<(), String> {
    for name in list.split(',').filter(|name| !name.is_empty()) {
        let gid = accounts.gid(name);
        let group = accounts
            .groups
            .iter_mut()
            .find(|g| g.name == name || Some(g.gid) == gid);
        let group = group.ok_or_else(|| name.to_owned())?;
        if !group.members.iter().any(|m| m == user) {
            group.members.push(user.to_owned());
        }
    }
    Ok(())
}

#[expect(clippy::too_many_lines, reason = "one case of a table per line")]
fn usermod(process: &mut Process<'_>) -> Ended {
    let mut known = USER_OPTIONS.to_vec();
    known.push("-U");
    let args = Args::read(process, &known)?;
    if let Some(code) = only_root(process, "/etc/passwd") {
        return Ok(code);
    }
    let name = args.operand(0).unwrap_or_default().to_owned();
    let mut accounts = process.host.accounts();
    if accounts.user(&name).is_none() {
        return say_and(process, 6, &format!("user '{name}' does not exist"));
    }
    if let Some(list) = args.value(&["-G", "--groups"]) {
        if !args.has(&["-a", "--append"]) {
            for group in &mut accounts.groups {
                group.members.retain(|m| *m != name);
            }
        }
        if let Err(group) = join_groups(&mut accounts, &name, list) {
            return say_and(process, 6, &format!("group '{group}' does not exist"));
        }
    }
    let gid = args
        .value(&["-g", "--gid"])
        .map(|group| accounts.gid(group));
    if gid == Some(None) {
        return say_and(process, 6, "group does not exist");
    }
    let field = accounts.password(&name).unwrap_or("!").to_owned();
    if args.has(&["-L"]) && !field.starts_with('!') {
        accounts.set_password(&name, &format!("!{field}"));
    } else if args.has(&["-U"]) {
        accounts.set_password(&name, field.trim_start_matches('!'));
    } else if let Some(password) = args.value(&["-p", "--password"]) {
        accounts.set_password(&name, password);
    }
    let new_home = args
        .value(&["-d", "--home", "--home-dir"])
        .map(ToOwned::to_owned);
    let mut moved = None;
    if let Some(user) = accounts.users.iter_mut().find(|u| u.name == name) {
        user.uid = args
            .value(&["-u", "--uid"])
            .and_then(|u| u.parse().ok())
            .unwrap_or(user.uid);
        user.gid = gid.flatten().unwrap_or(user.gid);
        if let Some(shell) = args.value(&["-s", "--shell"]) {
            shell.clone_into(&mut user.shell);
        }
        if let Some(comment) = args.value(&["-c", "--comment"]) {
            comment.clone_into(&mut user.comment);
        }
        if let Some(home) = new_home {
            moved = Some((user.home.clone(), home.clone()));
            user.home = home;
        }
    }
    if let (Some((from, to)), true) = (moved, args.has(&["-m", "--move-home"])) {
        let now = process.now();
        let _ = process.host.root(now).rename(&from, &to);
    }
    save(process, &accounts)
}

fn userdel(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-r", "-f", "--remove", "--force"])?;
    if let Some(code) = only_root(process, "/etc/passwd") {
        return Ok(code);
    }
    let name = args.operand(0).unwrap_or_default().to_owned();
    let mut accounts = process.host.accounts();
    let Some(user) = accounts.user(&name).cloned() else {
        return say_and(process, 6, &format!("user '{name}' does not exist"));
    };
    accounts.users.retain(|u| u.name != name);
    accounts.shadow.retain(|(user, _)| *user != name);
    accounts
        .groups
        .retain(|g| g.name != name || !g.members.is_empty());
    for group in &mut accounts.groups {
        group.members.retain(|m| *m != name);
    }
    if args.has(&["-r", "--remove"]) {
        let now = process.now();
        let _ = process.host.root(now).remove_all(&user.home);
    }
    save(process, &accounts)
}
