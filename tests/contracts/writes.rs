//! Writing files: whole, with the right attributes, and nothing left behind.

use std::path::Path;
use std::sync::Arc;

use nautes_install::connection::{Action, Attributes, EntryKind, Exec};
use nautes_install::input::{Files, LocalFile, MemoryFiles};

use crate::place::{Place, mode, write};

crate::behaviours!(
    a_new_file_has_its_content_and_mode,
    a_new_file_without_a_mode_follows_the_mask,
    an_existing_file_keeps_what_is_not_set,
    a_write_replaces_the_inode_and_leaves_nothing,
    a_write_over_a_link_replaces_the_link,
    a_write_over_a_directory_is_refused,
    a_write_into_a_missing_directory_is_refused,
    large_and_binary_content_arrives_whole,
    a_failed_validation_changes_nothing,
    a_good_validation_sees_the_new_content,
    a_backup_has_the_old_content,
    a_copy_is_like_a_write,
    leftovers_of_the_dead_are_removed,
    a_file_that_is_sent_arrives_whole,
    a_file_with_another_digest_is_refused,
    a_file_that_shrinks_while_it_is_sent_changes_nothing,
);

/// A file of this machine of so many bytes, and its sha256.
fn local(bytes: usize) -> (LocalFile, (String, String)) {
    let content: Vec<u8> = (0..bytes)
        .map(|i| (i * 7 + i / 251).to_le_bytes()[0])
        .collect();
    let sum = ring::digest::digest(&ring::digest::SHA256, &content);
    let hex = sum.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let files = MemoryFiles::default();
    files.write(Path::new("/f"), &content, 0o600).unwrap();
    let file = LocalFile {
        path: "/f".into(),
        len: bytes as u64,
        files: Arc::new(files),
    };
    (file, ("sha256".to_owned(), hex))
}

fn upload(path: String, (file, digest): (LocalFile, (String, String))) -> Action {
    Action::Upload {
        file,
        path,
        digest,
        attributes: mode(0o755),
    }
}

async fn a_file_that_is_sent_arrives_whole(at: &Place<'_>) {
    for bytes in [0, 1, 4096, 256 << 10, (1 << 20) + 3] {
        let sent = local(bytes);
        let content = sent.0.files.read(Path::new("/f")).unwrap();
        at.act(upload(at.path("f"), sent)).await;
        assert!(at.read(&at.path("f")).await.unwrap() == content, "{bytes}");
        assert_eq!(at.stat(&at.path("f")).await.unwrap().mode, 0o755);
    }
    assert_eq!(at.names().await, ["f"]);
}

async fn a_file_with_another_digest_is_refused(at: &Place<'_>) {
    at.write(&at.path("f"), b"old").await;
    let (file, (algorithm, _)) = local(300_000);
    let wrong = (algorithm, "0".repeat(64));
    let words = at.refused(upload(at.path("f"), (file, wrong))).await;
    assert!(words.contains("digest mismatch"), "{words}");
    assert_eq!(at.read(&at.path("f")).await.unwrap(), b"old");
    // And the connection goes on.
    at.act(upload(at.path("f"), local(10))).await;
    assert_eq!(at.names().await, ["f"]);
}

async fn a_file_that_shrinks_while_it_is_sent_changes_nothing(at: &Place<'_>) {
    at.write(&at.path("f"), b"old").await;
    let (mut file, digest) = local(600_000);
    file.len = 900_000;
    let words = at.refused(upload(at.path("f"), (file, digest))).await;
    assert!(words.contains("shorter"), "{words}");
    assert_eq!(at.read(&at.path("f")).await.unwrap(), b"old");
    at.act(upload(at.path("f"), local(10))).await;
    assert_eq!(at.stat(&at.path("f")).await.unwrap().size, 10);
}

async fn a_new_file_has_its_content_and_mode(at: &Place<'_>) {
    for bits in [0o600, 0o644, 0o755, 0o4711, 0o1640] {
        let path = at.path(&format!("{bits:o}"));
        at.act(write(&path, b"x\n", mode(bits))).await;
        assert_eq!(at.stat(&path).await.unwrap().mode, bits);
        assert_eq!(at.read(&path).await.unwrap(), b"x\n");
    }
}

async fn a_new_file_without_a_mode_follows_the_mask(at: &Place<'_>) {
    at.write(&at.path("f"), b"").await;
    assert_eq!(at.stat(&at.path("f")).await.unwrap().mode & 0o111, 0);
    assert_eq!(at.stat(&at.path("f")).await.unwrap().mode & 0o600, 0o600);
}

async fn an_existing_file_keeps_what_is_not_set(at: &Place<'_>) {
    at.act(write(&at.path("f"), b"1", mode(0o750))).await;
    at.write(&at.path("f"), b"2").await;
    let found = at.stat(&at.path("f")).await.unwrap();
    assert_eq!(found.mode, 0o750);
    assert_eq!(at.read(&at.path("f")).await.unwrap(), b"2");
}

async fn a_write_replaces_the_inode_and_leaves_nothing(at: &Place<'_>) {
    at.write(&at.path("f"), b"1").await;
    let before = at.stat(&at.path("f")).await.unwrap().inode;
    at.write(&at.path("f"), b"2").await;
    assert_ne!(at.stat(&at.path("f")).await.unwrap().inode, before);
    assert_eq!(at.names().await, ["f"]);
}

async fn a_write_over_a_link_replaces_the_link(at: &Place<'_>) {
    at.write(&at.path("target"), b"old").await;
    at.act(Action::Link {
        path: at.path("l"),
        target: at.path("target"),
        hard: false,
    })
    .await;
    at.write(&at.path("l"), b"new").await;
    assert_eq!(at.stat(&at.path("l")).await.unwrap().kind, EntryKind::File);
    assert_eq!(at.read(&at.path("target")).await.unwrap(), b"old");
}

async fn a_write_over_a_directory_is_refused(at: &Place<'_>) {
    at.act(Action::MakeDirectory {
        path: at.path("d"),
        attributes: Attributes::default(),
    })
    .await;
    let words = at
        .refused(write(&at.path("d"), b"x", Attributes::default()))
        .await;
    assert!(words.contains("irectory"), "{words}");
    assert_eq!(at.names().await, ["d"]);
}

async fn a_write_into_a_missing_directory_is_refused(at: &Place<'_>) {
    for content in [b"text".to_vec(), vec![0; 300_000]] {
        at.refused(write(&at.path("none/f"), &content, Attributes::default()))
            .await;
        // The connection is still of use.
        at.write(&at.path("f"), b"after").await;
        assert_eq!(at.read(&at.path("f")).await.unwrap(), b"after");
    }
    assert_eq!(at.names().await, ["f"]);
}

async fn large_and_binary_content_arrives_whole(at: &Place<'_>) {
    let mut contents: Vec<Vec<u8>> = vec![
        (0..=255u8).cycle().take(1_500_000).collect(),
        b"\0".to_vec(),
        b"\xff\xfe not utf-8 \x81\x88\n".to_vec(),
        "quote ' \" $x `y` \\ %s\r\n\n\n".as_bytes().to_vec(),
        "ü日本\u{88}\u{81}".as_bytes().to_vec(),
        vec![b'a'; 200_000],
        vec![b'\n'; 3000],
    ];
    contents.push(b"no newline at the end".to_vec());
    for content in contents {
        at.write(&at.path("f"), &content).await;
        assert!(at.read(&at.path("f")).await.unwrap() == content);
    }
}

async fn a_failed_validation_changes_nothing(at: &Place<'_>) {
    at.write(&at.path("f"), b"old").await;
    let words = at
        .refused(Action::WriteFile {
            path: at.path("f"),
            content: b"new".to_vec().into(),
            attributes: Attributes::default(),
            validate: Some("grep -q old %s".to_owned()),
            backup: None,
        })
        .await;
    assert!(words.contains("validation"), "{words}");
    assert_eq!(at.read(&at.path("f")).await.unwrap(), b"old");
    assert_eq!(at.names().await, ["f"]);
}

async fn a_good_validation_sees_the_new_content(at: &Place<'_>) {
    let dir = at.path("it's a dir");
    at.act(Action::MakeDirectory {
        path: dir.clone(),
        attributes: Attributes::default(),
    })
    .await;
    let path = format!("{dir}/f");
    at.act(Action::WriteFile {
        path: path.clone(),
        content: b"new".to_vec().into(),
        attributes: mode(0o600),
        validate: Some("grep -q 'new' %s && test \"$(cat %s)\" = new".to_owned()),
        backup: None,
    })
    .await;
    assert_eq!(at.read(&path).await.unwrap(), b"new");
}

async fn a_backup_has_the_old_content(at: &Place<'_>) {
    let action = |content: &[u8]| Action::WriteFile {
        path: at.path("f"),
        content: content.to_vec().into(),
        attributes: mode(0o640),
        validate: None,
        backup: Some(at.path("f.bak")),
    };
    at.act(action(b"one")).await;
    assert_eq!(at.names().await, ["f"]);
    at.act(action(b"two")).await;
    assert_eq!(at.read(&at.path("f.bak")).await.unwrap(), b"one");
    assert_eq!(at.read(&at.path("f")).await.unwrap(), b"two");
    assert_eq!(at.stat(&at.path("f.bak")).await.unwrap().mode, 0o640);
}

async fn a_copy_is_like_a_write(at: &Place<'_>) {
    let content: Vec<u8> = (0..=255).collect();
    at.write(&at.path("a"), &content).await;
    at.act(Action::CopyFile {
        from: at.path("a"),
        to: at.path("b"),
        attributes: mode(0o600),
        backup: None,
    })
    .await;
    assert_eq!(at.read(&at.path("b")).await.unwrap(), content);
    assert_eq!(at.stat(&at.path("b")).await.unwrap().mode, 0o600);
    at.refused(Action::CopyFile {
        from: at.path("none"),
        to: at.path("b"),
        attributes: mode(0o600),
        backup: None,
    })
    .await;
    assert_eq!(at.names().await, ["a", "b"]);
}

async fn leftovers_of_the_dead_are_removed(at: &Place<'_>) {
    // No process has this number: it is above the kernel's largest.
    let dead = at.path(".nautes-install.99999999.0123");
    at.run(Exec::new([
        "touch",
        &dead,
        &at.path(".nautes-install.notours"),
    ]))
    .await;
    at.write(&at.path("f"), b"").await;
    assert_eq!(at.names().await, [".nautes-install.notours", "f"]);
}
