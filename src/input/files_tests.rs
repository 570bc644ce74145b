//! One contract, held by the files of the machine and by those in memory.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use super::{FileKind, Files, MemoryFiles, MemoryProcesses, OsFiles, OsProcesses, Processes};

fn both(check: impl Fn(&dyn Files, &Path)) {
    let directory = tempfile::tempdir().unwrap();
    check(&OsFiles, directory.path());
    let memory = MemoryFiles::default();
    memory.make_directory(Path::new("/somewhere")).unwrap();
    check(&memory, Path::new("/somewhere"));
}

#[test]
fn what_was_written_is_read_and_listed_in_order() {
    both(|files, root| {
        files.write(&root.join("b"), b"2", 0o600).unwrap();
        files.write(&root.join("a"), b"1", 0o755).unwrap();
        files.write(&root.join("b"), b"3", 0o600).unwrap();
        assert_eq!(files.read(&root.join("b")).unwrap(), b"3");
        assert_eq!(files.list(root).unwrap(), ["a", "b"]);
        assert_eq!(files.kind(&root.join("a")), Some(FileKind::Executable));
        assert_eq!(files.kind(&root.join("b")), Some(FileKind::File));
        assert_eq!(files.kind(root), Some(FileKind::Directory));
        assert_eq!(files.kind(&root.join("c")), None);
    });
}

#[test]
fn what_is_missing_or_of_another_kind_is_an_error() {
    both(|files, root| {
        let kind = |result: std::io::Result<()>| result.unwrap_err().kind();
        let missing = root.join("no").join("file");
        assert_eq!(kind(files.write(&missing, b"", 0o600)), ErrorKind::NotFound);
        assert_eq!(kind(files.read(&missing).map(drop)), ErrorKind::NotFound);
        assert_eq!(kind(files.list(&missing).map(drop)), ErrorKind::NotFound);
        assert_eq!(
            kind(files.real_path(&missing).map(drop)),
            ErrorKind::NotFound
        );
        assert_eq!(kind(files.read(root).map(drop)), ErrorKind::IsADirectory);
        files.write(&root.join("f"), b"", 0o600).unwrap();
        assert_eq!(
            kind(files.list(&root.join("f")).map(drop)),
            ErrorKind::NotADirectory
        );
        files.make_directory(&root.join("d/e")).unwrap();
        files.make_directory(&root.join("d/e")).unwrap();
        assert_eq!(
            kind(files.write(&root.join("d"), b"", 0o600)),
            ErrorKind::IsADirectory
        );
        assert_eq!(
            kind(files.make_directory(&root.join("f/g"))),
            ErrorKind::NotADirectory
        );
        assert_eq!(kind(files.remove(&root.join("d"))), ErrorKind::IsADirectory);
    });
}

#[test]
fn removing_twice_is_fine() {
    both(|files, root| {
        files.write(&root.join("f"), b"", 0o600).unwrap();
        files.remove(&root.join("f")).unwrap();
        files.remove(&root.join("f")).unwrap();
        assert_eq!(files.list(root).unwrap(), Vec::<String>::new());
    });
}

#[test]
fn the_mode_is_set_a_link_stays_and_nothing_is_left_beside() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let (real, link) = (directory.path().join("real"), directory.path().join("link"));
    OsFiles.write(&real, b"1", 0o644).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    OsFiles.write(&link, b"2", 0o640).unwrap();
    assert_eq!(std::fs::read(&real).unwrap(), b"2");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let mode = std::fs::metadata(&real).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(OsFiles.list(directory.path()).unwrap(), ["link", "real"]);
    OsFiles.make_directory(&directory.path().join("d")).unwrap();
    let mode = std::fs::metadata(directory.path().join("d"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_program_gives_its_output_its_failure_or_runs_out_of_time() {
    let shell = Path::new("/bin/sh");
    let processes = OsProcesses::default();
    // More than a pipe holds, so that it would hang if nobody drained it.
    let many = processes.run(
        shell,
        &[
            "-c",
            "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2",
        ],
        None,
    );
    assert_eq!(many.unwrap().len(), 300_000);
    let error = processes
        .run(shell, &["-c", "echo no luck >&2; exit 3"], None)
        .unwrap_err();
    assert!(error.to_string().contains("no luck"), "{error}");
    assert!(error.to_string().contains('3'), "{error}");
    let here = processes
        .run(shell, &["-c", "pwd"], Some(Path::new("/")))
        .unwrap();
    assert_eq!(here, b"/\n");
    let hurried = OsProcesses {
        deadline: Duration::from_millis(20),
    };
    let error = hurried
        .run(shell, &["-c", "exec sleep 60"], None)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
fn programs_in_memory_answer_what_they_were_told() {
    let mut processes = MemoryProcesses::default();
    processes
        .answers
        .insert("git --version".to_owned(), "2\n".to_owned());
    assert_eq!(
        processes
            .run(Path::new("git"), &["--version"], None)
            .unwrap(),
        b"2\n"
    );
    assert!(processes.run(Path::new("git"), &[], None).is_err());
    assert_eq!(processes.environment("HOME"), None);
}
