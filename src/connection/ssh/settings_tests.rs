//! The ways to a host, from variables, arguments and files.

use std::path::Path;

use super::*;
use crate::input::{Files, MemoryFiles, SystemClock};
use serde_json::json;

struct Nobody;
impl super::super::super::connector::Ask for Nobody {
    fn secret(&self, _: &str) -> Option<Secret<String>> {
        None
    }
}

fn world(config: &str) -> World {
    let files = MemoryFiles::default();
    files.make_directory(Path::new("/home/me/.ssh")).unwrap();
    files
        .write(Path::new("/home/me/.ssh/config"), config.as_bytes(), 0o600)
        .unwrap();
    World {
        files: Arc::new(files),
        clock: Arc::new(SystemClock::default()),
        ask: Arc::new(Nobody),
        home: Some(PathBuf::from("/home/me")),
        user: "me".to_owned(),
        agent: None,
        config: None,
    }
}

fn settings(config: &str, vars: Value) -> Result<Settings, ConnectionError> {
    Settings::of_host(&world(config), "web", vars.as_object().unwrap())
}

fn ok(config: &str, vars: Value) -> Settings {
    settings(config, vars).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn defaults_are_those_of_ssh() {
    let s = ok("", json!({}));
    assert_eq!(
        (s.host.as_str(), s.port, s.user.as_str()),
        ("web", 22, "me")
    );
    assert!(s.way == Way::Direct && s.trust == Trust::Strict);
    assert_eq!(s.known_hosts[0], Path::new("/home/me/.ssh/known_hosts"));
    assert_eq!(s.timeout.as_secs(), 10);
}

#[test]
fn variables_win_over_arguments_and_those_over_the_file() {
    let config = "Host 10.0.0.5\n Port 1\n User c\n IdentityFile ~/c\nHost *\n ConnectTimeout 3\n";
    let s = ok(
        config,
        json!({"ansible_host": "10.0.0.5", "ansible_user": "v", "ansible_port": 4,
               "ansible_ssh_private_key_file": "~/v",
               "ansible_ssh_common_args": "-o User=a -p 2 -i ~/a"}),
    );
    assert_eq!(
        (s.port, s.user.as_str(), s.host.as_str()),
        (4, "v", "10.0.0.5")
    );
    let files: Vec<String> = s
        .identities
        .iter()
        .map(|f| f.display().to_string())
        .collect();
    assert_eq!(files, ["/home/me/v", "/home/me/a", "/home/me/c"]);
    assert_eq!(s.timeout.as_secs(), 3);
}

#[test]
fn host_name_and_known_hosts_come_from_the_file() {
    let config = "Host web\n HostName 10.1.1.1\n UserKnownHostsFile /k1 ~/k2\n StrictHostKeyChecking accept-new\n HostKeyAlias the-web\n";
    let s = ok(config, json!({}));
    assert_eq!(s.host, "10.1.1.1");
    assert_eq!(
        s.known_hosts,
        [PathBuf::from("/k1"), PathBuf::from("/home/me/k2")]
    );
    assert_eq!(s.alias.as_deref(), Some("the-web"));
    assert_eq!(s.trust, Trust::AcceptNew);
}

#[test]
fn match_blocks_do_not_leak() {
    let config =
        "Host web\n Port 7\nMatch exec \"touch /tmp/x\"\n User evil\n Port 9\nHost *\n User good\n";
    let s = ok(config, json!({}));
    assert_eq!((s.port, s.user.as_str()), (7, "good"));
}

fn jump(s: &Settings) -> &Settings {
    match &s.way {
        Way::Jump(jump) => jump,
        _ => panic!("no jump"),
    }
}

#[test]
fn jumps_from_everywhere() {
    let config = "Host bastion\n HostName 1.2.3.4\n User b\n Port 2200\n IdentityFile /bk\n";
    for args in [
        "-J bastion",
        "-o ProxyJump=bastion",
        "-o ProxyCommand='ssh -W %h:%p -q bastion'",
    ] {
        let s = ok(config, json!({"ansible_ssh_common_args": args}));
        let j = jump(&s);
        assert_eq!(
            (j.host.as_str(), j.port, j.user.as_str()),
            ("1.2.3.4", 2200, "b")
        );
    }
    let args = "-o ProxyCommand=\"ssh -W %h:%p -p 99 -i /x -o StrictHostKeyChecking=accept-new u@9.9.9.9\"";
    let s = ok("", json!({"ansible_ssh_common_args": args}));
    let j = jump(&s);
    assert_eq!(
        (j.host.as_str(), j.port, j.user.as_str()),
        ("9.9.9.9", 99, "u")
    );
    assert_eq!(j.trust, Trust::AcceptNew);
    assert_eq!(s.trust, Trust::Strict);
    let s = ok("", json!({"ansible_ssh_extra_args": "-J a,b@[::1]:23"}));
    assert_eq!((jump(&s).host.as_str(), jump(&s).port), ("::1", 23));
    assert_eq!(jump(jump(&s)).host, "a");
}

#[test]
fn other_proxy_commands_are_programs() {
    let args = "-o ProxyCommand='nc -X connect %h %p'";
    let s = ok(
        "",
        json!({"ansible_ssh_common_args": args, "ansible_port": 23}),
    );
    assert!(s.way == Way::Program("nc -X connect web 23".to_owned()));
}

#[test]
fn a_circle_of_jumps_is_an_error() {
    let config = "Host a\n ProxyJump b\nHost b\n ProxyJump a\n";
    assert!(settings(config, json!({"ansible_host": "a"})).is_err());
}

#[test]
fn host_keys_are_always_checked() {
    for vars in [
        json!({"ansible_ssh_common_args": "-o StrictHostKeyChecking=no"}),
        json!({"ansible_ssh_common_args": "-o StrictHostKeyChecking=off"}),
        json!({"ansible_host_key_checking": false}),
        json!({"nautes_host_key": "MD5:aa"}),
    ] {
        assert!(settings("", vars).is_err());
    }
    let s = ok("", json!({"nautes_host_key": "SHA256:abc="}));
    assert_eq!(s.trust, Trust::Pinned(vec!["SHA256:abc".to_owned()]));
}
