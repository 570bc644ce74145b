//! Every command of the README is run here: the first ones as they stand, those for real hosts on a
//! rehearsal of the inventory that `init` wrote.

#![allow(clippy::unwrap_used, reason = "a test that cannot start has failed")]

use std::path::Path;

use assert_cmd::Command;

/// The command lines of the README's console blocks, without their comments.
fn commands(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside {
            let command = line.split(" #").next().unwrap_or_default().trim();
            lines.push(command.to_owned());
        }
    }
    lines
}

/// The arguments of a line that runs the program; `None` for `cargo test`, which runs this.
fn arguments(line: &str) -> Option<Vec<String>> {
    let rest = line
        .strip_prefix("cargo run --release -- ")
        .or_else(|| line.strip_prefix("nautes-install "));
    if rest.is_none() {
        assert_eq!(line, "cargo test", "a command that nobody tries");
    }
    Some(rest?.split_whitespace().map(ToOwned::to_owned).collect())
}

#[test]
fn each_command_of_the_readme_works() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "secret\n").unwrap();
    let inventories = folder.path().join("inventories");
    std::fs::create_dir(&inventories).unwrap();
    std::fs::copy(
        root.join("inventories/rehearsal.yaml"),
        inventories.join("rehearsal.yaml"),
    )
    .unwrap();
    let lines = commands(&readme);
    assert!(lines.len() >= 7, "{lines:?}");
    for line in &lines {
        let Some(mut words) = arguments(line) else {
            continue;
        };
        // Nobody is there to be asked, and the hosts of the example do not exist.
        if words.iter().any(|word| word == "-K") {
            words.retain(|word| word != "-K");
            let more = ["--become-password-file", "password", "--rehearse"];
            words.extend(more.map(ToOwned::to_owned));
        }
        let mut program = Command::cargo_bin("nautes-install").unwrap();
        let output = program
            .current_dir(folder.path())
            .args(&words)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{line}\n{said}");
    }
}
