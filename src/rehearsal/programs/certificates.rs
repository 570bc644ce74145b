//! `update-ca-certificates`: links to the certificates of this machine, and the bundle.

use std::time::Duration;

use super::super::process::{Ended, Process};
use super::super::tree::{Body, Caller, Follow, Time};

/// `update-ca-certificates`.
pub(super) fn update(process: &mut Process<'_>) -> Ended {
    if !process.caller.is_root() {
        return process.fail("Permission denied");
    }
    let directory = "/usr/local/share/ca-certificates";
    let root = Caller::root();
    let below = process
        .host
        .tree
        .below(&root, directory, None)
        .unwrap_or_default();
    let mut bundle = String::new();
    let mut count = 0;
    let now = process.now();
    if process.args().iter().any(|argument| argument == "--fresh") {
        clear_links(process, now);
    }
    for (name, _, _) in below {
        let path = format!("{directory}/{name}");
        if name.ends_with(".crt") {
            let text = process.host.tree.text(&path);
            let pem = format!(
                "/etc/ssl/certs/{}.pem",
                name.rsplit('/')
                    .next()
                    .unwrap_or(&name)
                    .trim_end_matches(".crt")
            );
            if !process.host.tree.exists(&pem) {
                count += 1;
                let _ = process.host.root(now).symlink(&path, &pem);
            }
            bundle.push_str(&text);
        }
    }
    if let Err(error) = process
        .host
        .put("/etc/ssl/certs/ca-certificates.crt", &bundle, now)
    {
        return process.fail(error.to_string());
    }
    process.spend(Duration::from_secs(2))?;
    process.say("Updating certificates in /etc/ssl/certs...");
    process.say(format!("{count} added, 0 removed; done."));
    process.say("Running hooks in /etc/ca-certificates/update.d...");
    process.say("done.");
    Ok(0)
}

/// `--fresh`: links to certificates of this machine go; those that are still there come back.
fn clear_links(process: &mut Process<'_>, now: Time) {
    let root = Caller::root();
    let at = "/etc/ssl/certs";
    for name in process.host.tree.names(&root, at).unwrap_or_default() {
        let link = format!("{at}/{name}");
        let found = process.host.tree.find(&root, &link, Follow::No);
        let is_local = found.is_ok_and(|(_, node)| matches!(&node.body, Body::Link(target) if target.starts_with("/usr/local/share/ca-certificates/")));
        if is_local {
            let _ = process.host.root(now).remove_one(&link);
        }
    }
}
