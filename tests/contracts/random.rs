//! Random sequences of changes leave the same tree on the model and in a real directory of this
//! machine: kinds, modes, sizes, links, targets, content, and which requests are refused.

use nautes_install::connection::{
    Action, Attributes, Connection, ConnectionError, Connector, Deadline, EntryKind, Exec,
    Identity, Probe, Reply, local, posix,
};
use nautes_install::rehearsal::Estate;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRng, TestRunner};
use serde_json::Map;

/// A change below a directory, with paths out of a few names so that they meet.
#[derive(Clone, Debug)]
enum Step {
    Write(String, Vec<u8>, Option<u32>),
    Copy(String, String),
    Make(String, Option<u32>),
    Mode(String, u32, bool),
    Link(String, String, bool),
    Touch(String),
    Remove(String),
    Program(&'static str, String, String),
}

fn path() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", "c d"]);
    prop::collection::vec(name, 1..3).prop_map(|names| names.join("/"))
}

/// Whoever is not root must be let into what they made: the model is asked as root.
fn mode() -> impl Strategy<Value = u32> {
    use std::os::unix::fs::MetadataExt;
    let root = std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    let owner = if root { 0 } else { 0o700 };
    prop::sample::select(vec![0o600, 0o644, 0o755, 0o700, 0o640, 0o1777])
        .prop_map(move |m| m | owner)
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        3 => (path(), bytes, prop::option::of(mode())).prop_map(|(p, b, m)| Step::Write(p, b, m)),
        1 => (path(), path()).prop_map(|(a, b)| Step::Copy(a, b)),
        2 => (path(), prop::option::of(mode())).prop_map(|(p, m)| Step::Make(p, m)),
        1 => (path(), mode(), any::<bool>()).prop_map(|(p, m, r)| Step::Mode(p, m, r)),
        2 => (path(), path(), any::<bool>()).prop_map(|(p, t, h)| Step::Link(p, t, h)),
        1 => path().prop_map(Step::Touch),
        1 => path().prop_map(Step::Remove),
        2 => (prop::sample::select(vec!["mkdir -p", "rm -rf", "cp -r", "mv -T", "ln -s", "chmod 750", "touch"]),
              path(), path()).prop_map(|(c, a, b)| Step::Program(c, a, b)),
    ]
    .prop_filter("cp stops at the copy of itself in the order of the disk", |step| {
        !matches!(step, Step::Program("cp -r", a, b) if format!("{b}/").starts_with(&format!("{a}/")))
    })
}

fn action(step: &Step, dir: &str) -> Action {
    let at = |path: &str| format!("{dir}/{path}");
    let bits = |mode: Option<u32>| Attributes {
        mode,
        ..Attributes::default()
    };
    match step {
        Step::Write(path, content, mode) => Action::WriteFile {
            path: at(path),
            content: content.clone().into(),
            attributes: bits(*mode),
            validate: None,
            backup: None,
        },
        Step::Copy(from, to) => Action::CopyFile {
            from: at(from),
            to: at(to),
            attributes: Attributes::default(),
            backup: None,
        },
        Step::Make(path, mode) => Action::MakeDirectory {
            path: at(path),
            attributes: bits(*mode),
        },
        Step::Mode(path, mode, recurse) => Action::SetAttributes {
            path: at(path),
            attributes: bits(Some(*mode)),
            recurse: *recurse,
            follow: false,
        },
        Step::Link(path, target, hard) => Action::Link {
            path: at(path),
            target: if *hard { at(target) } else { target.clone() },
            hard: *hard,
        },
        Step::Touch(path) => Action::Touch {
            path: at(path),
            mtime: Some(None),
            atime: None,
        },
        Step::Remove(path) => Action::Remove { path: at(path) },
        Step::Program(command, a, b) => {
            let mut argv: Vec<String> = command.split(' ').map(ToOwned::to_owned).collect();
            argv.push(at(a));
            if ["cp", "mv", "ln"].contains(&argv[0].as_str()) {
                argv.push(at(b));
            }
            Action::Exec(Exec::new(argv))
        }
    }
}

/// What a sequence did: each step's outcome and the tree at the end.
async fn play(connection: &dyn Connection, dir: &str, steps: &[Step]) -> Vec<String> {
    let who = Identity::default();
    let mut seen = Vec::new();
    for step in steps {
        let done = connection
            .act(&who, action(step, dir), Deadline::default())
            .await;
        seen.push(match done {
            Ok(done) => format!("{step:?}: {}", i32::from(done.executed.code != 0)),
            Err(ConnectionError::Refused { .. }) => format!("{step:?}: refused"),
            Err(other) => format!("{step:?}: {other}"),
        });
    }
    let list = Probe::List {
        path: dir.to_owned(),
        depth: None,
    };
    let replies = connection.probe(&who, &[list]).await.unwrap();
    let Reply::List(Some(entries)) = &replies[0] else {
        panic!("{replies:?}")
    };
    for entry in entries {
        let stat = &entry.stat;
        let size = if stat.kind == EntryKind::File {
            stat.size
        } else {
            0
        };
        let links = if stat.kind == EntryKind::Directory {
            0
        } else {
            stat.links
        };
        // A link's own mode has no meaning.
        let mode = if stat.kind == EntryKind::Link {
            0
        } else {
            stat.mode
        };
        let target = stat.target.as_ref().map(|t| t.replace(dir, "DIR"));
        seen.push(format!(
            "{} {:?} {mode:o} {size} {links} {target:?}",
            entry.path, stat.kind
        ));
    }
    seen
}

#[test]
fn the_model_and_a_real_directory_end_alike() {
    // The same sequences each time; with PROPTEST_CASES others, and as many as that says.
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|n| n.parse().ok());
    let config = Config {
        cases: cases.unwrap_or(24),
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = if cases.is_some() {
        TestRunner::new(config)
    } else {
        let chance = TestRng::deterministic_rng(config.rng_algorithm);
        TestRunner::new_with_rng(config, chance)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _guard = runtime.enter();
    let real = local::open("localhost", "root", posix::Method::Sudo);
    let steps = prop::collection::vec(step(), 1..25);
    let result = runner.run(&steps, |steps| {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        let dir = dir.to_str().unwrap();
        let (there, here) = runtime.block_on(async {
            let there = play(real.as_ref(), dir, &steps).await;
            let estate = Estate::new(1).unwrap();
            let model = estate.connector().connect("h", &Map::new()).await.unwrap();
            let make = Action::MakeDirectory {
                path: dir.to_owned(),
                attributes: Attributes::default(),
            };
            model
                .act(&Identity::default(), make, Deadline::default())
                .await
                .unwrap();
            (there, play(model.as_ref(), dir, &steps).await)
        });
        prop_assert_eq!(here, there);
        Ok(())
    });
    result.unwrap();
}
