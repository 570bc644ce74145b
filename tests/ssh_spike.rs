//! What the design rests on, shown on real hosts: one SSH connection carries fifty streams of
//! which one is never read, a hung command past its deadline, a sudo password, rekeys; and one
//! batch of forty probes costs one round trip. Needs a lab: `NAUTES_LAB_INVENTORY`.

// The machinery of these tests may stop at the first surprise: that is a failed test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    missing_docs
)]

#[path = "contracts/lab.rs"]
mod lab;

use std::sync::Arc;
use std::time::{Duration, Instant};

use lab::Lab;
use nautes_install::connection::{
    Action, Attributes, Connection, ConnectionError, Deadline, Exec, Identity, Probe, Reply,
    UnitAction, forward,
};
use nautes_install::secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A server on the host: after the line `flood` it sends without end, else it sends lines back.
const SERVER: &str = r#"use IO::Socket::INET; $SIG{CHLD}='IGNORE'; alarm 90;
my $s=IO::Socket::INET->new(Listen=>100,LocalAddr=>'127.0.0.1',LocalPort=>7654,ReuseAddr=>1) or exit 1;
while(my $c=$s->accept){next if fork; while(my $l=<$c>){ if($l eq "flood\n"){print $c "x"x65536 while 1} print $c $l; $c->flush } exit }"#;

async fn act(connection: &dyn Connection, who: &Identity, action: Action) -> i32 {
    let deadline = Deadline(Duration::from_mins(1));
    let done = connection.act(who, action, deadline).await.unwrap();
    done.executed.code
}

async fn echo(connection: &dyn Connection, line: &str) -> String {
    let mut stream = connection.dial("127.0.0.1", 7654).await.unwrap();
    stream.write_all(line.as_bytes()).await.unwrap();
    let mut answer = vec![0; line.len()];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn serve(connection: &dyn Connection) {
    let script = "setsid perl -e \"$0\" </dev/null >/dev/null 2>&1 & sleep 0.7";
    let exec = Exec::new(["sh", "-c", script, SERVER]);
    act(connection, &Identity::default(), Action::Exec(exec)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a lab: NAUTES_LAB_INVENTORY"]
async fn fifty_streams_of_which_one_is_never_read() {
    let lab = Lab::from_environment();
    let (name, vars) = &lab.hosts[0];
    let connection = lab.connector.open(name, vars).await.unwrap();
    let connection: Arc<dyn Connection> = connection;
    serve(connection.as_ref()).await;

    let mut unread = connection.dial("127.0.0.1", 7654).await.unwrap();
    unread.write_all(b"flood\n").await.unwrap();
    unread.flush().await.unwrap();
    // Meanwhile a command hangs past its deadline.
    let hung = Action::Exec(Exec::shell("echo begun; sleep 600"));
    let who = Identity::default();
    let late = connection.act(&who, hung, Deadline(Duration::from_secs(3)));
    let streams = async {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..49 {
            let connection = Arc::clone(&connection);
            tasks.spawn(async move {
                for turn in 0..20 {
                    let line = format!("stream {n} turn {turn}\n");
                    assert_eq!(echo(connection.as_ref(), &line).await, line);
                }
            });
        }
        tasks.join_all().await;
    };
    let both = async { tokio::join!(late, streams) };
    let (late, ()) = tokio::time::timeout(Duration::from_mins(1), both)
        .await
        .unwrap();
    assert!(matches!(late, Err(ConnectionError::TimedOut { tail, .. }) if tail == "begun"));
    drop(unread);

    // A loopback forward leads to the same server; nothing listens behind another.
    let open = forward(Arc::clone(&connection), "127.0.0.1", 7654)
        .await
        .unwrap();
    let mut stream = tokio::net::TcpStream::connect(open.address())
        .await
        .unwrap();
    stream.write_all(b"hello\n").await.unwrap();
    let mut answer = [0; 6];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"hello\n");
    assert!(matches!(
        connection.dial("127.0.0.1", 1).await,
        Err(ConnectionError::Refused { .. })
    ));
    connection.close().await;
    let after = connection.probe(&who, &[Probe::Facts]).await;
    assert!(matches!(
        after,
        Err(ConnectionError::Unreachable {
            in_doubt: false,
            ..
        })
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a lab: NAUTES_LAB_INVENTORY"]
async fn a_sudo_password_is_given_once_and_a_wrong_one_is_refused_once() {
    let lab = Lab::from_environment();
    let (name, vars) = &lab.hosts[0];
    let connection = lab.connector.open(name, vars).await.unwrap();
    let whoami = || Action::Exec(Exec::new(["id", "-un"]));
    let deadline = Deadline(Duration::from_secs(30));
    let wrong = Identity {
        user: Some("root".to_owned()),
        password: Some(Secret::new("not the password".to_owned())),
    };
    let begun = Instant::now();
    let tries = (0..4).map(|_| connection.act(&wrong, whoami(), deadline));
    for refused in futures::future::join_all(tries).await {
        assert!(
            matches!(refused, Err(ConnectionError::Become { .. })),
            "{refused:?}"
        );
    }
    // PAM waits some two seconds after a wrong password: four tries would take eight.
    println!("wrong password refused after {:?}", begun.elapsed());
    let none = Identity {
        user: Some("root".to_owned()),
        password: None,
    };
    let refused = connection.act(&none, whoami(), deadline).await;
    assert!(
        matches!(refused, Err(ConnectionError::Become { .. })),
        "{refused:?}"
    );
    let done = connection
        .act(&lab.root(), whoami(), deadline)
        .await
        .unwrap();
    assert_eq!(done.executed.stdout, b"root\n");
    // The password is in no command line and no environment of the host.
    let secret = lab.root().password.unwrap().expose().clone();
    let search = Exec::new([
        "sh",
        "-c",
        "grep -saFf - /proc/[0-9]*/cmdline /proc/[0-9]*/environ | wc -c",
    ])
    .stdin(format!("{secret}\n").into_bytes());
    let found = connection
        .act(&lab.root(), Action::Exec(search), deadline)
        .await
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&found.executed.stdout).trim(), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a lab: NAUTES_LAB_INVENTORY"]
async fn rekeys_lose_nothing() {
    let lab = Lab::from_environment();
    let (name, vars) = lab.hosts.last().unwrap();
    let connection = lab.connector.open(name, vars).await.unwrap();
    let file = "/etc/ssh/sshd_config.d/00-nautes-spike.conf";
    let write = Action::WriteFile {
        path: file.to_owned(),
        content: "RekeyLimit 2M 5s\n".into(),
        attributes: Attributes::default(),
        validate: None,
        backup: None,
    };
    let reload = || Action::Unit {
        name: "ssh.service".to_owned(),
        action: UnitAction::Reload,
    };
    act(connection.as_ref(), &lab.root(), write).await;
    act(connection.as_ref(), &lab.root(), reload()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let rekeyed = lab.connector.open(name, vars).await.unwrap();
    let who = Identity::default();
    let content: Vec<u8> = (0..24u32 << 20).map(|n| (n * 7 + n / 1000) as u8).collect();
    let path = "/tmp/nautes-spike.bin".to_owned();
    let write = Action::WriteFile {
        path: path.clone(),
        content: content.clone().into(),
        attributes: Attributes::default(),
        validate: None,
        backup: None,
    };
    let sleeping = act(
        rekeyed.as_ref(),
        &who,
        Action::Exec(Exec::shell("sleep 12; exit 5")),
    );
    let moving = async {
        act(rekeyed.as_ref(), &who, write).await;
        let read = Probe::Read {
            path: path.clone(),
            limit: 64 << 20,
        };
        rekeyed.probe(&who, &[read]).await.unwrap().remove(0)
    };
    let (code, read) = tokio::join!(sleeping, moving);
    assert_eq!(code, 5);
    assert!(read == Reply::Content(Some(content)));
    for gone in [path, file.to_owned()] {
        act(
            connection.as_ref(),
            &lab.root(),
            Action::Remove { path: gone },
        )
        .await;
    }
    act(connection.as_ref(), &lab.root(), reload()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a lab: NAUTES_LAB_INVENTORY"]
async fn forty_probes_cost_one_round_trip() {
    let lab = Lab::from_environment();
    let (name, vars) = &lab.hosts[0];
    let mut probes = Vec::new();
    for n in 0..30 {
        probes.push(Probe::Stat {
            path: ["/etc/passwd", "/etc/group", "/etc", "/etc/none"][n % 4].to_owned()
                + &"/".repeat(n / 4),
            follow: false,
            digests: vec!["sha1"],
        });
    }
    for path in [
        "/etc/hosts",
        "/etc/fstab",
        "/etc/hostname",
        "/etc/profile",
        "/etc/services",
    ] {
        probes.push(Probe::Read {
            path: path.to_owned(),
            limit: 1 << 20,
        });
    }
    for user in ["root", "daemon", "ops"] {
        probes.push(Probe::User {
            name: user.to_owned(),
        });
    }
    probes.push(Probe::Port {
        host: "127.0.0.1".to_owned(),
        port: 22,
        timeout_ms: 1000,
    });
    probes.push(Probe::Stat {
        path: "/root".to_owned(),
        follow: false,
        digests: vec![],
    });
    assert_eq!(probes.len(), 40);
    let who = Identity::default();
    for _ in 0..3 {
        let begun = Instant::now();
        let connection = lab.connector.open(name, vars).await.unwrap();
        let connected = begun.elapsed();
        let replies = connection.probe(&who, &probes).await.unwrap();
        let first = begun.elapsed();
        connection.probe(&who, &probes).await.unwrap();
        let traffic = connection.traffic();
        println!(
            "connect {connected:?}, with 40 probes {first:?}, again {:?}, {traffic:?}",
            begun.elapsed().checked_sub(first).unwrap()
        );
        assert_eq!(replies.len(), 40);
        assert_eq!(traffic.round_trips, 2);
        assert!(traffic.sent < 20 << 10, "{traffic:?}");
        connection.close().await;
    }
}
