//! getent, id and whoami.

use super::super::process::{Ended, Process};
use super::{Args, Table};

/// The table.
pub const PROGRAMS: Table = &[("getent", getent), ("id", id), ("whoami", whoami)];

#[expect(clippy::too_many_lines, reason = "one case of a table per line")]
fn getent(process: &mut Process<'_>) -> Ended {
    let args = process.args();
    let (table, keys) = match args.split_first() {
        Some((table, keys)) => (table.clone(), keys.to_vec()),
        None => return Ok(1),
    };
    let accounts = process.host.accounts();
    let lines: Vec<(String, String, String)> = match table.as_str() {
        "passwd" => accounts
            .users
            .iter()
            .map(|u| {
                (
                    u.name.clone(),
                    u.uid.to_string(),
                    format!(
                        "{}:x:{}:{}:{}:{}:{}",
                        u.name, u.uid, u.gid, u.comment, u.home, u.shell
                    ),
                )
            })
            .collect(),
        "group" => accounts
            .groups
            .iter()
            .map(|g| {
                (
                    g.name.clone(),
                    g.gid.to_string(),
                    format!("{}:x:{}:{}", g.name, g.gid, g.members.join(",")),
                )
            })
            .collect(),
        "shadow" if !process.caller.is_root() => return Ok(2),
        "shadow" => accounts
            .shadow
            .iter()
            .map(|(name, field)| {
                (
                    name.clone(),
                    String::new(),
                    format!("{name}:{field}:20000:0:99999:7:::"),
                )
            })
            .collect(),
        "hosts" | "ahosts" | "ahostsv4" => {
            return hosts(process, keys.first().map_or("", String::as_str));
        }
        other => return Err(process.strange(other)),
    };
    let mut code = 0;
    if keys.is_empty() {
        for (_, _, line) in lines {
            process.say(line);
        }
        return Ok(0);
    }
    for key in keys {
        match lines
            .iter()
            .find(|(name, number, _)| *name == key || *number == key)
        {
            Some((_, _, line)) => process.say(line),
            None => code = 2,
        }
    }
    Ok(code)
}

fn hosts(process: &mut Process<'_>, name: &str) -> Ended {
    let address = process.host.resolve(name);
    let address = if address == name {
        process
            .world
            .host_at(name)
            .map(|host| host.profile.address.clone())
    } else {
        Some(address)
    };
    match address {
        Some(address) => {
            process.say(format!("{address:<15} {name}"));
            Ok(0)
        }
        None => Ok(2),
    }
}

fn id(process: &mut Process<'_>) -> Ended {
    let args = Args::read(process, &["-u", "-g", "-G", "-n", "-r"])?;
    let accounts = process.host.accounts();
    let name = args
        .operand(0)
        .map_or_else(|| process.user.clone(), ToOwned::to_owned);
    let Some(user) = accounts.user(&name).cloned() else {
        return process.fail(format!("\u{2018}{name}\u{2019}: no such user"));
    };
    let ids = accounts.group_ids(&user);
    let named = args.has(&["-n"]);
    let group = |gid: &u32| {
        if named {
            accounts.group_name(*gid)
        } else {
            gid.to_string()
        }
    };
    let text = if args.has(&["-u"]) {
        if named {
            user.name.clone()
        } else {
            user.uid.to_string()
        }
    } else if args.has(&["-g"]) {
        group(&user.gid)
    } else if args.has(&["-G"]) {
        ids.iter().map(group).collect::<Vec<_>>().join(" ")
    } else {
        let groups: Vec<String> = ids
            .iter()
            .map(|gid| format!("{gid}({})", accounts.group_name(*gid)))
            .collect();
        format!(
            "uid={}({}) gid={}({}) groups={}",
            user.uid,
            user.name,
            user.gid,
            accounts.group_name(user.gid),
            groups.join(",")
        )
    };
    process.say(text);
    Ok(0)
}

fn whoami(process: &mut Process<'_>) -> Ended {
    let user = process.user.clone();
    process.say(user);
    Ok(0)
}
