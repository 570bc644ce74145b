//! `kubeconfig`: the administrator's kubeconfig of a tenant's cluster, with the address by which
//! the cluster is reached from here. It is a secret: it goes to stdout or into a file of the
//! user's alone, and nowhere else.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use fancy_regex::{Captures, Regex};

use super::cli::RunArgs;
use super::load::{self, Loaded};
use super::looking::{Looking, unreachable};
use super::shared::Console;
use super::{Content, Ended, Failed, reality, rehearse};
use crate::connection::{Probe, Reply};
use crate::diagnostic::{Diagnostic, ExitCode, meant};
use crate::execute::Mode;
use crate::input::Files as _;

/// The largest kubeconfig that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// `kubeconfig`.
#[derive(Args, Clone, Debug, Default)]
pub struct KubeconfigArgs {
    #[command(flatten)]
    /// Whose, and how its hosts are reached.
    pub run: RunArgs,
    /// The cluster that the tenant's own one runs in, where that is virtual.
    #[arg(long, conflicts_with = "group")]
    pub host_cluster: bool,
    /// The cluster of a group `runtime_NAME`.
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,
    /// Name or address by which the API is reached from here [default: the host's address].
    #[arg(long, value_name = "HOST")]
    pub address: Option<String>,
    /// Write it into this file, which only you may read, in place of stdout.
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
}

/// Prints a cluster's kubeconfig.
pub async fn kubeconfig(args: &KubeconfigArgs, console: &Arc<Console>) -> Ended {
    let loaded = load::load(&args.run.source, console)?;
    let names: Vec<String> = loaded.inventory.hosts.keys().cloned().collect();
    let run = reality::of_hosts(&args.run, &loaded.inventory, &names)?;
    let whose = Whose::of(args);
    let host = server(whose, &loaded)?;
    let paths = places(whose, &loaded.tenant);
    let (text, address) = if run.rehearse {
        let (run, console) = (run.clone(), console.clone());
        let work = async move { read((&run, &loaded), (&host, &paths), &console).await };
        rehearse::alone(work).await??
    } else {
        read((&run, &loaded), (&host, &paths), console).await?
    };
    let address = args.address.as_deref().unwrap_or(&address);
    let text = reached_by(&text, address);
    let Some(file) = &args.to else {
        console.data(&text);
        return Ok(ExitCode::Done);
    };
    let written = Content::new().write(file, text.as_bytes(), 0o600);
    written.map_err(|error| {
        let what = format!("cannot write `{}`", file.display());
        Diagnostic::error("commands/unwritable", what).why(error.to_string())
    })?;
    console.say(&format!(
        "kubectl --kubeconfig {} get nodes",
        file.display()
    ));
    Ok(ExitCode::Done)
}

/// Which cluster.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// The tenant's own, which may be virtual.
    Tenant,
    /// The one that the tenant's own runs in.
    Host,
    /// That of a group `runtime_NAME`.
    Group(&'a str),
}

impl<'a> Whose<'a> {
    fn of(args: &'a KubeconfigArgs) -> Self {
        match &args.group {
            Some(group) => Self::Group(group),
            None if args.host_cluster => Self::Host,
            None => Self::Tenant,
        }
    }
}

/// The host that has it.
///
/// # Errors
/// There is no such group, or it has no host.
pub fn server(whose: Whose<'_>, loaded: &Loaded) -> Result<String, Diagnostic> {
    let group = match whose {
        Whose::Group(group) => group,
        _ => "kube_control_plane",
    };
    let groups = &loaded.inventory.groups;
    if !groups.contains_key(group) {
        let runtimes = groups.keys().map(String::as_str);
        let runtimes = runtimes.filter(|name| name.starts_with("runtime_"));
        return Err(Diagnostic::error(
            "inventory/unknown-group",
            format!("the inventory has no group `{group}`"),
        )
        .help(meant(
            group,
            runtimes,
            "clusters are those of `kube_control_plane` and of groups `runtime_NAME`",
        )));
    }
    // Its servers have a group of their own, or it begins with them.
    let servers = format!("{group}_control_plane");
    let servers = if groups.contains_key(&servers) {
        &servers
    } else {
        group
    };
    let first = loaded.inventory.members(servers).first().copied();
    first.map(ToOwned::to_owned).ok_or_else(|| {
        Diagnostic::error(
            "commands/no-kubeconfig",
            format!("group `{group}` has no host"),
        )
        .why("the cluster is one that was there already, or none")
        .help("`nautes.components.cluster.kubeconfig` names the file of one that was there")
    })
}

/// Where it is, the one that is wanted most first.
pub fn places(whose: Whose<'_>, tenant: &str) -> Vec<String> {
    let virtual_one = format!("/etc/nautes-install/{tenant}.kubeconfig");
    let own = ["/etc/rancher/k3s/k3s.yaml", "/etc/kubernetes/admin.conf"].map(ToOwned::to_owned);
    let first = matches!(whose, Whose::Tenant).then_some(virtual_one);
    first.into_iter().chain(own).collect()
}

/// The first of these files on a host, and the host's address.
///
/// # Errors
/// The host cannot be reached, or has none of them.
pub async fn read(
    (args, loaded): (&RunArgs, &Loaded),
    (host, paths): (&str, &[String]),
    console: &Arc<Console>,
) -> Result<(String, String), Failed> {
    let looking = Looking::open(("kubeconfig", Mode::Check), (args, loaded), console)?;
    let found = first_of(&looking, host, paths).await;
    looking.close().await?;
    let (text, address) = found?;
    let text = text.ok_or_else(|| {
        Diagnostic::error(
            "commands/no-kubeconfig",
            format!("`{host}` has no kubeconfig"),
        )
        .why(format!("looked for {}", paths.join(", ")))
        .help("`nautes-install up` makes the cluster; `status` tells how far it is")
    })?;
    Ok((String::from_utf8_lossy(&text).into_owned(), address))
}

/// The first of these files that is there, and the host's address.
async fn first_of(
    looking: &Looking,
    host: &str,
    paths: &[String],
) -> Result<(Option<Vec<u8>>, String), Failed> {
    let reached = looking.reach_as_root(host).await?;
    let probes: Vec<Probe> = paths
        .iter()
        .map(|path| Probe::Read {
            path: path.clone(),
            limit: LIMIT,
        })
        .collect();
    let replies = reached.connection.probe(&reached.root, &probes).await;
    let replies = replies.map_err(|error| unreachable(error.to_string(), None))?;
    let text = replies.into_iter().find_map(|reply| match reply {
        Reply::Content(content) => content,
        _ => None,
    });
    Ok((text, reached.address))
}

/// The same kubeconfig for somebody who is not on the host: a name that only the host knows is
/// another one here.
pub fn reached_by(text: &str, address: &str) -> String {
    let address = if address.contains(':') && !address.starts_with('[') {
        format!("[{address}]")
    } else {
        address.to_owned()
    };
    let Ok(server) = Regex::new(
        r"(?m)^(\s*server:\s*https://)(?:127\.0\.0\.1|localhost|\[::1\]|kubernetes-api)(:\d+)",
    ) else {
        return text.to_owned();
    };
    let text = server.replace_all(text, |found: &Captures<'_>| {
        format!("{}{address}{}", &found[1], &found[2])
    });
    text.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_the_host_alone_knows_are_changed() {
        let text = "clusters:\n- cluster:\n    server: https://127.0.0.1:6443\n  name: default\n";
        let wanted = text.replace("127.0.0.1", "192.0.2.10");
        assert_eq!(reached_by(text, "192.0.2.10"), wanted);
        let wanted = text.replace("127.0.0.1", "[2001:db8::1]");
        assert_eq!(reached_by(text, "2001:db8::1"), wanted);
        let named = text.replace("127.0.0.1", "api.example.com");
        assert_eq!(reached_by(&named, "192.0.2.10"), named);
        let kubeadm = text.replace("127.0.0.1", "kubernetes-api");
        assert_eq!(
            reached_by(&kubeadm, "a.example"),
            text.replace("127.0.0.1", "a.example")
        );
    }
}
