//! An action and questions in one request: the answers that come back are those of afterwards.

use std::time::Duration;

use nautes_install::connection::{
    Action, Attributes, ConnectionError, Deadline, Done, Exec, Probe, Reply,
};

use crate::place::{Place, mode, write};

crate::behaviours!(
    a_write_brings_what_is_there_afterwards,
    a_program_brings_what_it_left,
    a_failed_program_brings_what_it_left,
    what_goes_on_printing_does_not_answer,
    a_refusal_is_one_with_questions_too,
    large_content_comes_with_questions,
);

async fn together(
    at: &Place<'_>,
    action: Action,
    probes: &[Probe],
) -> Result<(Done, Vec<Option<Reply>>), ConnectionError> {
    let order = (action, Deadline(Duration::from_mins(1)));
    at.connection.act_and_look(&at.who, order, probes).await
}

fn questions(path: &str) -> Vec<Probe> {
    let path = path.to_owned();
    vec![
        Probe::Stat {
            path: path.clone(),
            follow: false,
            digests: vec!["sha256"],
        },
        Probe::RealPath { path: path.clone() },
        Probe::Read {
            path,
            limit: 1 << 20,
        },
        Probe::User {
            name: "root".to_owned(),
        },
        Probe::User {
            name: "nobody-by-this-name".to_owned(),
        },
    ]
}

/// Everything came, and is what a question afterwards answers.
async fn same(at: &Place<'_>, probes: &[Probe], came: &[Option<Reply>]) {
    let later = at.ask_all(probes.to_vec()).await;
    assert_eq!(came.len(), probes.len());
    for (came, later) in came.iter().zip(&later) {
        // Reading a file may have moved its access time.
        let still = |reply: &Reply| match reply {
            Reply::Stat(Some(stat)) => {
                format!("{:?} {} {:?}", stat.kind, stat.mode, stat.digests)
            }
            other => format!("{other:?}"),
        };
        assert_eq!(came.as_ref().map(still), Some(still(later)));
    }
}

async fn a_write_brings_what_is_there_afterwards(at: &Place<'_>) {
    let path = at.path("f");
    at.write(&path, b"before\n").await;
    let probes = questions(&path);
    let action = write(&path, b"after\n", mode(0o640));
    let (_, came) = together(at, action, &probes).await.unwrap();
    assert!(matches!(&came[2], Some(Reply::Content(Some(c))) if c.as_slice() == b"after\n"));
    same(at, &probes, &came).await;
}

async fn a_program_brings_what_it_left(at: &Place<'_>) {
    let path = at.path("made");
    let probes = questions(&path);
    let action = Action::Exec(Exec::shell(&format!("echo one > '{path}'; echo said")));
    let (done, came) = together(at, action, &probes).await.unwrap();
    assert_eq!(done.executed.stdout, b"said\n");
    assert!(matches!(&came[2], Some(Reply::Content(Some(c))) if c.as_slice() == b"one\n"));
    same(at, &probes, &came).await;
}

async fn a_failed_program_brings_what_it_left(at: &Place<'_>) {
    let path = at.path("made");
    let probes = questions(&path);
    let action = Action::Exec(Exec::shell(&format!("echo one > '{path}'; exit 3")));
    let (done, came) = together(at, action, &probes).await.unwrap();
    assert_eq!(done.executed.code, 3);
    same(at, &probes, &came).await;
}

/// A daemon that keeps its output would print into the answers, of this request and of later ones.
async fn what_goes_on_printing_does_not_answer(at: &Place<'_>) {
    let path = at.path("f");
    at.write(&path, b"content\n").await;
    let probes = questions(&path);
    let noise = "(i=0; while [ $i -lt 60000 ]; do echo noise; i=$((i+1)); done) & exit 0";
    let (done, came) = together(at, Action::Exec(Exec::shell(noise)), &probes)
        .await
        .unwrap();
    assert_eq!(done.executed.code, 0);
    let later = at.ask_all(probes.clone()).await;
    if let (Some(Reply::Content(came)), Reply::Content(later)) = (&came[2], &later[2]) {
        assert_eq!(came, later);
    }
    for _ in 0..20 {
        let said = at.run(Exec::new(["printf", "x"])).await.stdout;
        assert!(said == b"x", "{} bytes", said.len());
    }
}

async fn a_refusal_is_one_with_questions_too(at: &Place<'_>) {
    let path = at.path("missing/f");
    let action = write(&path, b"x", Attributes::default());
    let answer = together(at, action, &questions(&path)).await;
    assert!(matches!(answer, Err(ConnectionError::Refused { .. })));
    assert!(at.stat(&path).await.is_none());
}

async fn large_content_comes_with_questions(at: &Place<'_>) {
    let path = at.path("large");
    let content: Vec<u8> = (0..400_000_u32).flat_map(u32::to_le_bytes).collect();
    let probes = questions(&path)[..2].to_vec();
    let (_, came) = together(at, write(&path, &content, mode(0o600)), &probes)
        .await
        .unwrap();
    same(at, &probes, &came).await;
    assert_eq!(at.read(&path).await.unwrap(), content);
}
