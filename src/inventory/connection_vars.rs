//! `ansible_usr` is a legal variable and does nothing: a warning says what was probably meant.

use std::collections::HashSet;

use super::{Host, Inventory};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::Var;

/// The variables that say how a host is reached and worked on (Ansible's, and those of the
/// connection and become plugins that inventories use).
const KNOWN: [&str; 43] = [
    "ansible_become",
    "ansible_become_exe",
    "ansible_become_flags",
    "ansible_become_method",
    "ansible_become_pass",
    "ansible_become_password",
    "ansible_become_user",
    "ansible_connection",
    "ansible_group_priority",
    "ansible_host",
    "ansible_host_key_checking",
    "ansible_password",
    "ansible_pipelining",
    "ansible_port",
    "ansible_private_key_file",
    "ansible_python_interpreter",
    "ansible_remote_tmp",
    "ansible_scp_extra_args",
    "ansible_sftp_extra_args",
    "ansible_shell_executable",
    "ansible_shell_type",
    "ansible_ssh_args",
    "ansible_ssh_common_args",
    "ansible_ssh_executable",
    "ansible_ssh_extra_args",
    "ansible_ssh_host",
    "ansible_ssh_host_key_checking",
    "ansible_ssh_pass",
    "ansible_ssh_password",
    "ansible_ssh_pipelining",
    "ansible_ssh_port",
    "ansible_ssh_private_key",
    "ansible_ssh_private_key_file",
    "ansible_ssh_private_key_passphrase",
    "ansible_ssh_retries",
    "ansible_ssh_timeout",
    "ansible_ssh_transfer_method",
    "ansible_ssh_user",
    "ansible_ssh_verbosity",
    "ansible_sudo_pass",
    "ansible_timeout",
    "ansible_user",
    "ansible_async_dir",
];

/// Facts and variables of the engine that lie close to a known name.
const FACTS: [&str; 6] = [
    "ansible_hostname",
    "ansible_user_id",
    "ansible_user_dir",
    "ansible_user_uid",
    "ansible_user_gid",
    "ansible_host_name",
];

/// What a warning needs: two letters apart at most, and less for short names.
const NEAR: usize = 2;

/// A warning for each place where a host's variable is nearly a known one.
pub(super) fn misspelt(inventory: &Inventory) -> Diagnostics {
    let mut told = HashSet::new();
    let mut warnings = Vec::new();
    for host in inventory.hosts.values() {
        for (name, near, value) in suspects(host) {
            let Var::Written(node) = value else { continue };
            let place = (
                node.span.source.name.clone(),
                node.span.start,
                name.to_owned(),
            );
            if told.insert(place) {
                warnings.push(
                    Diagnostic::warning(
                        "inventory/connection-variable",
                        format!("`{name}` is no connection variable"),
                    )
                    .at(&node.span)
                    .help(format!("write `{near}`")),
                );
            }
        }
    }
    warnings
}

fn suspects(host: &Host) -> impl Iterator<Item = (&str, &'static str, &Var)> {
    host.vars.iter().filter_map(|(name, value)| {
        if !name.starts_with("ansible_") || KNOWN.contains(&name.as_str()) {
            return None;
        }
        if FACTS.contains(&name.as_str()) {
            return None;
        }
        let (distance, near) = KNOWN
            .iter()
            .map(|known| (strsim::osa_distance(name, known), *known))
            .min()?;
        (distance <= NEAR).then_some((name.as_str(), near, value))
    })
}

#[cfg(test)]
mod tests {
    use crate::input::{MemoryFiles, MemoryProcesses};
    use crate::inventory::{Options, World, load};
    use crate::secret::Redactor;

    #[test]
    fn near_misses_are_told_once_with_their_place() {
        let text = "a ansible_usr=x ansible_user=y ansible_hostname=z ansible_custom_thing=1\n\
                    [g]\na\nb\n[g:vars]\nansible_ssh_prot=22\n";
        let files = MemoryFiles::new([("/i/hosts", text)]);
        let options = Options {
            directory: "/i".into(),
            sources: vec!["hosts".to_owned()],
            ..Options::default()
        };
        let world = World {
            files: &files,
            processes: &MemoryProcesses::default(),
            redactor: &Redactor::default(),
        };
        let warnings = load(&options, &world).unwrap().warnings;
        let told: Vec<String> = warnings
            .iter()
            .map(|w| {
                format!(
                    "{} {}",
                    w.place.as_ref().unwrap(),
                    w.help.as_deref().unwrap()
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "hosts:6:18 write `ansible_ssh_port`",
                "hosts:1:3 write `ansible_user`"
            ]
        );
    }
}
