//! The job is killed at every task boundary and run again: it ends as if nothing had happened. And
//! a job that does not is told.

#![allow(clippy::unwrap_used, reason = "a test that cannot start has failed")]

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

fn sweep(folder: &Path, args: &[&str], code: i32) -> Vec<Value> {
    let mut command = Command::cargo_bin("nautes-install").unwrap();
    let output = command
        .current_dir(folder)
        .args(["--output", "json", "rehearse", "sweep"])
        .args(args)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}\n{errors}");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn the_job_converges_from_every_boundary() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = concat!(env!("CARGO_MANIFEST_DIR"), "/inventories/single.yaml");
    // From the ground up to a chart with webhooks; `.ci/run` sweeps all of it with the release build.
    let only = "pki,secrets,hosts,k3s,cluster,traefik,vcluster,cert-manager";
    let told = sweep(folder.path(), &["-i", inventory, "--only", only], 0);
    let last = told.last().unwrap();
    assert_eq!(last["event"], "sweep");
    assert_eq!(last["boundaries"], last["converged"]);
    // Every task of the components is a boundary.
    assert!(last["boundaries"].as_u64().unwrap() > 30, "{last}");
    let nothing = std::fs::read_dir(folder.path()).unwrap().next();
    assert!(nothing.is_none(), "a sweep keeps nothing");
}

/// A handler whose notification is lost with the run that was killed.
#[test]
fn a_lost_handler_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let playbooks = folder.path().join("content/playbooks");
    std::fs::create_dir_all(&playbooks).unwrap();
    std::fs::write(playbooks.join("tenant.yaml"), "components: [motd]\n").unwrap();
    let component = "\
component: motd
title: A greeting
cluster: none
owner: direct
install:
  - hosts: all
    gather_facts: false
    tasks:
      - name: Greeting
        ansible.builtin.copy: { content: hello, dest: /etc/motd.new, mode: '0644' }
        notify: Shown
      - name: Last task
        ansible.builtin.debug: { msg: done }
    handlers:
      - name: Shown
        ansible.builtin.command: cp /etc/motd.new /etc/motd
";
    std::fs::write(playbooks.join("motd.yaml"), component).unwrap();
    let args = ["-i", "a,", "--content", "content"];
    let told = sweep(folder.path(), &args, 1);
    let lost: Vec<&str> = told
        .iter()
        .filter(|line| line["wrong"].as_array().is_some_and(|w| !w.is_empty()))
        .map(|line| line["boundary"].as_str().unwrap())
        .collect();
    assert_eq!(lost, ["motd: Last task [a]", "motd: Shown [a]"], "{told:?}");
    let last = told.last().unwrap();
    assert_eq!(
        (&last["boundaries"], &last["converged"]),
        (&3.into(), &1.into())
    );
}
