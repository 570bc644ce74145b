//! A folder of broken input, told by the program itself.

use std::fs;
use std::path::Path;
use std::process::Command;

/// What the program prints for the arguments in `command` (split at blanks), run in a copy of the
/// folder: stdout, stderr and the exit code.
pub fn said(folder: &Path) -> String {
    let copy = tempfile::tempdir().unwrap();
    copy_into(folder, copy.path());
    let line = fs::read_to_string(folder.join("command")).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_nautes-install"))
        .args(line.split_whitespace())
        .current_dir(copy.path())
        .env_clear()
        .env("HOME", copy.path())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let code = done.status.code().unwrap();
    format!("{}{}exit {code}\n", text(&done.stdout), text(&done.stderr))
}

fn copy_into(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy_into(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
