//! groupadd, groupmod, groupdel and chpasswd.

use super::super::accounts::{Group, System};
use super::super::host::password_field;
use super::super::process::{Ended, Process};
use super::accounts::{only_root, save, say_and};
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[
    ("groupadd", groupadd),
    ("groupmod", groupmod),
    ("groupdel", groupdel),
    ("chpasswd", chpasswd),
];

fn groupadd(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &["-r", "-f", "-g=", "-o", "--system", "--gid=", "--force"],
    )?;
    if let Some(code) = only_root(process, "/etc/group") {
        return Ok(code);
    }
    let name = args.operand(0).unwrap_or_default().to_owned();
    let mut accounts = process.host.accounts();
    if accounts.group(&name).is_some() {
        if args.has(&["-f", "--force"]) {
            return Ok(0);
        }
        return say_and(process, 9, &format!("group '{name}' already exists"));
    }
    let system = if args.has(&["-r", "--system"]) {
        System::Yes
    } else {
        System::No
    };
    let gid = match args.value(&["-g", "--gid"]) {
        Some(text) => text.parse().unwrap_or(0),
        None => accounts.free_gid(system),
    };
    if accounts.groups.iter().any(|g| g.gid == gid) && !args.has(&["-o"]) {
        return say_and(process, 4, &format!("GID '{gid}' already exists"));
    }
    accounts.groups.push(Group {
        name,
        gid,
        members: Vec::new(),
    });
    save(process, &accounts)
}

fn groupmod(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-g=", "-n=", "-o", "--gid=", "--new-name="])?;
    if let Some(code) = only_root(process, "/etc/group") {
        return Ok(code);
    }
    let name = args.operand(0).unwrap_or_default().to_owned();
    let mut accounts = process.host.accounts();
    let Some(group) = accounts.groups.iter_mut().find(|g| g.name == name) else {
        return say_and(process, 6, &format!("group '{name}' does not exist"));
    };
    if let Some(gid) = args.value(&["-g", "--gid"]).and_then(|g| g.parse().ok()) {
        group.gid = gid;
    }
    if let Some(new) = args.value(&["-n", "--new-name"]) {
        new.clone_into(&mut group.name);
    }
    save(process, &accounts)
}

fn groupdel(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-f"])?;
    if let Some(code) = only_root(process, "/etc/group") {
        return Ok(code);
    }
    let name = args.operand(0).unwrap_or_default().to_owned();
    let mut accounts = process.host.accounts();
    let Some(gid) = accounts.group(&name).map(|g| g.gid) else {
        return say_and(process, 6, &format!("group '{name}' does not exist"));
    };
    if let Some(user) = accounts
        .users
        .iter()
        .find(|u| u.gid == gid)
        .map(|u| u.name.clone())
    {
        return say_and(
            process,
            8,
            &format!("cannot remove the primary group of user '{user}'"),
        );
    }
    accounts.groups.retain(|g| g.name != name);
    save(process, &accounts)
}

fn chpasswd(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-e", "--encrypted"])?;
    if let Some(code) = only_root(process, "/etc/passwd") {
        return Ok(code);
    }
    let mut accounts = process.host.accounts();
    let text = process.read_text("-").unwrap_or_default();
    for (at, line) in text.lines().enumerate() {
        let Some((name, password)) = line.split_once(':') else {
            return say_and(
                process,
                1,
                &format!("line {}: missing new password", at + 1),
            );
        };
        if accounts.user(name).is_none() {
            return say_and(
                process,
                1,
                &format!("line {}: user '{name}' does not exist", at + 1),
            );
        }
        let field = if args.has(&["-e", "--encrypted"]) {
            password.to_owned()
        } else {
            password_field(password)
        };
        accounts.set_password(name, &field);
    }
    save(process, &accounts)
}
