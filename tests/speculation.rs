//! Asking ahead must not change what happens: random plays, run by the engine as it is and by one
//! that never asks ahead and never uses an answer twice, end with the same results and the same
//! files.

#![allow(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "a test that cannot start has failed; arranging one is one story"
)]

use std::path::Path;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use nautes_install::artifact::Downloads;
use nautes_install::connection::{Connector, Identity, Probe, Reply};
use nautes_install::event::{Event, Sink};
use nautes_install::execute::{self, Ahead, Hosts, Job, Mode, Options, Shared, World};
use nautes_install::input::{Files, MemoryFiles, MemoryProcesses};
use nautes_install::inventory::{self, Vars};
use nautes_install::playbook::Loader;
use nautes_install::rehearsal::Estate;
use nautes_install::secret::Redactor;
use nautes_install::template;
use proptest::prelude::*;

/// Names that lead to each other: `/srv/b` is a link to `/srv/a`.
const PATHS: [&str; 6] = [
    "/srv/a/x",
    "/srv/b/x",
    "/srv/a/y",
    "/srv/b/y",
    "/srv/a/d",
    "/srv/b/d/z",
];

#[derive(Default)]
struct Record(Mutex<Vec<String>>);

impl Sink for Record {
    fn emit(&self, event: &Event) {
        if let Event::TaskResult(result) = event {
            let line = format!("{} {:?} {}", result.task, result.status, result.msg);
            self.0.lock().unwrap().push(line);
        }
    }
}

/// One task, as a line of YAML.
fn task() -> impl Strategy<Value = String> {
    let path = || proptest::sample::select(&PATHS[..]);
    let text = || proptest::sample::select(&["one", "two"][..]);
    prop_oneof![
        (path(), text()).prop_map(|(p, t)| format!("copy: {{ dest: {p}, content: {t} }}")),
        (path(), text())
            .prop_map(|(p, t)| format!("lineinfile: {{ path: {p}, line: {t}, create: true }}")),
        path().prop_map(|p| format!("file: {{ path: {p}, state: directory }}")),
        path().prop_map(|p| format!("file: {{ path: {p}, state: absent }}")),
        (path(), proptest::sample::select(&["0600", "0755"][..]))
            .prop_map(|(p, m)| format!("file: {{ path: {p}, mode: '{m}' }}")),
        (path(), path()).prop_map(|(p, t)| format!(
            "file: {{ path: {p}, src: {t}, state: link, force: true }}"
        )),
        (path(), path()).prop_map(|(p, c)| format!("command: touch {p} creates={c}")),
        path().prop_map(|p| format!("stat: {{ path: {p} }}")),
    ]
}

/// Runs a play on a fresh estate: what was told, and what lies there afterwards.
fn run(tasks: &[String], ahead: Ahead) -> (Vec<String>, String) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut text = "- hosts: h\n  gather_facts: false\n  tasks:\n".to_owned();
        let first = [
            "file: { path: /srv/a, state: directory }",
            "file: { path: /srv/b, src: a, state: link }",
        ];
        for task in first
            .iter()
            .map(|task| (*task).to_owned())
            .chain(tasks.iter().cloned())
        {
            text.push_str(&format!("    - {task}\n      ignore_errors: true\n"));
        }
        let files = Arc::new(MemoryFiles::default());
        files
            .write(Path::new("/site.yml"), text.as_bytes(), 0o600)
            .unwrap();
        files.write(Path::new("/inventory"), b"h\n", 0o600).unwrap();
        let mut loader = Loader::new(files.as_ref());
        let plays = loader.playbook(Path::new("/site.yml"));
        assert!(loader.errors.is_empty(), "{:?}", loader.errors);
        let processes = MemoryProcesses::default();
        let world = inventory::World {
            files: files.as_ref(),
            processes: &processes,
            redactor: &Redactor::default(),
        };
        let options = inventory::Options {
            directory: "/".into(),
            sources: vec!["/inventory".to_owned()],
            ..inventory::Options::default()
        };
        let inventory = Arc::new(inventory::load(&options, &world).unwrap());
        let estate = Estate::new(1).unwrap();
        let record = Arc::new(Record::default());
        let clock: Arc<dyn nautes_install::input::Clock> = Arc::new(estate.clock());
        let template = template::Engine::new(template::World {
            files: files.clone(),
            processes: Arc::new(MemoryProcesses::default()),
            clock: clock.clone(),
            random: Arc::new(|bytes: &mut [u8]| bytes.fill(7)),
            hosts: Arc::new(|_: &str| Vec::new()),
            search: Vec::new(),
        });
        let world = World {
            connector: Arc::new(estate.connector()),
            files,
            clock,
            sink: record.clone(),
            redactor: Redactor::default(),
            template,
            downloads: Downloads::none(),
            git: nautes_install::repo::SystemGit::none(),
        };
        let shared = Shared {
            kept: None,
            hosts: Hosts::new(inventory),
            outputs: RwLock::default(),
            given: Vars::new(),
            told: Vars::new(),
            mode: Mode::Apply,
        };
        let job = Job {
            view: None,
            unseen: nautes_install::execute::Unseen::Fails,
            name: String::new(),
            title: String::new(),
            plays: Arc::new(plays),
            inputs: None,
            component: None,
            after: Vec::new(),
        };
        let stopping = Arc::new(AtomicU8::new(0));
        execute::run(
            world,
            engine_options(ahead),
            (Arc::new(shared), vec![job], stopping),
        )
        .await;
        let told = record.0.lock().unwrap().clone();
        (told, lies_there(&estate).await)
    })
}

fn engine_options(ahead: Ahead) -> Options {
    Options {
        verb: "play".to_owned(),
        tenant: String::new(),
        mode: Mode::Apply,
        rehearsal: true,
        ahead,
        forks: 4,
        tags: Vec::new(),
        skip_tags: Vec::new(),
        limit: None,
        timeout: Duration::from_secs(60),
        holder: None,
        become_password: None,
        vault_passwords: Vec::new(),
    }
}

/// Kind, mode, target and content of everything below `/srv`.
async fn lies_there(estate: &Estate) -> String {
    let connection = estate
        .connector()
        .connect("h", &serde_json::Map::new())
        .await
        .unwrap();
    let list = Probe::List {
        path: "/srv".to_owned(),
        depth: None,
    };
    let replies = connection
        .probe(&Identity::default(), &[list])
        .await
        .unwrap();
    let Some(Reply::List(Some(entries))) = replies.into_iter().next() else {
        return String::new();
    };
    let mut text = String::new();
    for entry in entries {
        let read = Probe::Read {
            path: format!("/srv/{}", entry.path),
            limit: 1 << 20,
        };
        let content = connection
            .probe(&Identity::default(), &[read])
            .await
            .unwrap();
        let stat = &entry.stat;
        text.push_str(&format!(
            "{} {:?} {:o} {:?} {content:?}\n",
            entry.path, stat.kind, stat.mode, stat.target
        ));
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn asking_ahead_changes_nothing(tasks in proptest::collection::vec(task(), 1..14)) {
        let (ahead, files_ahead) = run(&tasks, Ahead::Batch);
        let (naive, files_naive) = run(&tasks, Ahead::Never);
        prop_assert_eq!(ahead, naive);
        prop_assert_eq!(files_ahead, files_naive);
    }
}

#[test]
fn a_change_under_one_name_is_seen_under_the_other() {
    let tasks = [
        "copy: { dest: /srv/a/x, content: one }",
        "copy: { dest: /srv/b/x, content: one }",
    ];
    let tasks: Vec<String> = tasks.iter().map(|task| (*task).to_owned()).collect();
    let (told, _) = run(&tasks, Ahead::Batch);
    let last = told.last().unwrap();
    assert!(last.contains("Ok"), "{told:?}");
}
