//! Running programs: arguments, input, environment, exit codes, output, deadlines.

use std::time::Duration;

use nautes_install::connection::{
    Action, ConnectionError, Deadline, Exec, PackageAction, Probe, Reply, UnitAction,
};

use crate::place::{ODD_NAMES, Place};

crate::behaviours!(
    arguments_arrive_as_they_are,
    exit_codes_and_signals_are_told,
    both_streams_are_kept_apart,
    output_is_bytes,
    long_output_is_cut_and_said,
    stdin_arrives_whole_even_if_unread,
    without_stdin_there_is_nothing_to_read,
    directory_environment_and_mask_are_set,
    a_missing_program_is_an_exit_code,
    a_missing_directory_is_refused,
    a_hung_program_is_killed_with_its_children,
    a_probe_command_answers_like_an_action,
    requests_run_side_by_side,
    odd_units_and_packages_are_refused,
    what_a_background_process_prints_later_harms_nobody,
);

async fn arguments_arrive_as_they_are(at: &Place<'_>) {
    let mut argv = vec!["printf", "%s\\0"];
    argv.extend(ODD_NAMES);
    argv.push("");
    let executed = at.run(Exec::new(argv)).await;
    let mut expected = ODD_NAMES.join("\0");
    expected.push_str("\0\0");
    assert_eq!(String::from_utf8_lossy(&executed.stdout), expected);
}

async fn exit_codes_and_signals_are_told(at: &Place<'_>) {
    for code in [0, 1, 42, 255] {
        let executed = at.run(Exec::shell(&format!("exit {code}"))).await;
        assert_eq!(executed.code, code);
    }
    assert_eq!(at.run(Exec::shell("kill -KILL $$")).await.code, 137);
}

async fn both_streams_are_kept_apart(at: &Place<'_>) {
    let executed = at
        .run(Exec::shell(
            "printf out; printf err >&2; printf OUT; exit 3",
        ))
        .await;
    assert_eq!(executed.stdout, b"outOUT");
    assert_eq!(executed.stderr, b"err");
    assert_eq!(executed.code, 3);
}

async fn output_is_bytes(at: &Place<'_>) {
    let executed = at
        .run(Exec::shell("printf '\\000\\377\\n\\n\\nend 0\\n'"))
        .await;
    assert_eq!(executed.stdout, b"\0\xff\n\n\nend 0\n");
}

async fn long_output_is_cut_and_said(at: &Place<'_>) {
    let mut exec = Exec::shell("head -c 100000 /dev/zero; echo done >&2");
    exec.output_limit = Some(1000);
    let executed = at.run(exec).await;
    assert!(executed.stdout.len() < 1100);
    assert!(String::from_utf8_lossy(&executed.stdout).contains("cut"));
    assert_eq!(executed.stderr, b"done\n");
}

async fn stdin_arrives_whole_even_if_unread(at: &Place<'_>) {
    for input in [
        b"text\n".to_vec(),
        vec![],
        vec![0; 500_000],
        vec![b'x'; 100_000],
    ] {
        let executed = at.run(Exec::new(["wc", "-c"]).stdin(input.clone())).await;
        let counted = String::from_utf8_lossy(&executed.stdout).trim().to_owned();
        assert_eq!(counted, input.len().to_string());
        let executed = at.run(Exec::shell("exit 7").stdin(input)).await;
        assert_eq!(executed.code, 7);
    }
}

async fn without_stdin_there_is_nothing_to_read(at: &Place<'_>) {
    let executed = at.run(Exec::new(["cat"])).await;
    assert_eq!((executed.code, executed.stdout.len()), (0, 0));
}

async fn directory_environment_and_mask_are_set(at: &Place<'_>) {
    let mut exec = Exec::shell("pwd; printf '%s\\n' \"$ODD\"; umask");
    exec.cwd = Some(at.dir.clone());
    exec.env
        .insert("ODD".to_owned(), "it's $x \"y\"".to_owned());
    exec.umask = Some(0o027);
    let executed = at.run(exec).await;
    let expected = format!("{}\nit's $x \"y\"\n0027\n", at.dir);
    assert_eq!(String::from_utf8_lossy(&executed.stdout), expected);
    let after = at.run(Exec::shell("printf '%s' \"$ODD\"")).await;
    assert!(after.stdout.is_empty());
}

async fn a_missing_program_is_an_exit_code(at: &Place<'_>) {
    let executed = at.run(Exec::new(["no-such-program-here", "x"])).await;
    assert_eq!(executed.code, 127);
    assert!(!executed.stderr.is_empty());
    at.write(&at.path("f"), b"not a program").await;
    assert_eq!(at.run(Exec::new([at.path("f")])).await.code, 126);
}

async fn a_missing_directory_is_refused(at: &Place<'_>) {
    let mut exec = Exec::new(["true"]);
    exec.cwd = Some(at.path("none"));
    at.refused(Action::Exec(exec)).await;
}

async fn a_hung_program_is_killed_with_its_children(at: &Place<'_>) {
    let pids = at.path("pids");
    let script =
        "echo started; echo $$ >\"$0\"; sh -c 'echo $$ >>\"$0\"; sleep 600' \"$0\" & (sleep 600)";
    let action = Action::Exec(Exec::new(["sh", "-c", script, &pids]));
    let deadline = Deadline(Duration::from_secs(2));
    let outcome = at.connection.act(&at.who, action, deadline).await;
    match outcome {
        Err(ConnectionError::TimedOut { tail, .. }) => assert_eq!(tail, "started"),
        other => panic!("{other:?}"),
    }
    let script = "sleep 0.2; for p in $(cat \"$0\"); do kill -0 $p && ! grep -q '^State:.Z' /proc/$p/status && echo alive; done; wc -l <\"$0\"";
    let executed = at.run(Exec::new(["sh", "-c", script, &pids])).await;
    assert_eq!(String::from_utf8_lossy(&executed.stdout).trim(), "2");
}

async fn a_probe_command_answers_like_an_action(at: &Place<'_>) {
    let probe = Probe::Command(Box::new(
        Exec::shell("cat; echo problem >&2; exit 4").stdin("some\0input".as_bytes().to_vec()),
    ));
    match at.ask(probe).await {
        Reply::Command(executed) => {
            assert_eq!(executed.code, 4);
            assert_eq!(executed.stdout, b"some\0input");
            assert_eq!(executed.stderr, b"problem\n");
        }
        other => panic!("{other:?}"),
    }
}

async fn requests_run_side_by_side(at: &Place<'_>) {
    // Each waits for the other's file: in turn they would wait for ever.
    let script = "touch \"$0\"; until [ -e \"$1\" ]; do sleep 0.05; done";
    let (a, b) = (at.path("a"), at.path("b"));
    let one = at.run(Exec::new(["sh", "-c", script, &a, &b]));
    let two = at.run(Exec::new(["sh", "-c", script, &b, &a]));
    let (one, two) = futures::join!(one, two);
    assert_eq!((one.code, two.code), (0, 0));
}

async fn odd_units_and_packages_are_refused(at: &Place<'_>) {
    at.refused(Action::Package(PackageAction::Install {
        names: vec!["--simulate".to_owned()],
        options: vec![],
    }))
    .await;
    let reply = at
        .ask(Probe::Unit {
            name: "*".to_owned(),
        })
        .await;
    assert!(matches!(reply, Reply::Refused(_)));
    let unit = Action::Unit {
        name: "no-such-unit-here.service".to_owned(),
        action: UnitAction::Start,
    };
    assert_ne!(at.act(unit).await.executed.code, 0);
}

async fn what_a_background_process_prints_later_harms_nobody(at: &Place<'_>) {
    let noisy = "(i=0; while [ $i -lt 40 ]; do echo noise; i=$((i+1)); sleep 0.05; done) & exit 0";
    assert_eq!(at.run(Exec::shell(noisy)).await.code, 0);
    for _ in 0..20 {
        assert_eq!(at.run(Exec::new(["printf", "x"])).await.stdout, b"x");
        assert_eq!(at.stat(&at.path("none")).await, None);
        at.write(&at.path("f"), b"x").await;
    }
}
