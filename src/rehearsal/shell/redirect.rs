//! Redirections: where a command's streams come from and go to.

use bytes::Bytes;

use super::run::{Ran, Shell};
use super::syntax::Redirect;
use crate::rehearsal::process::Process;
use crate::rehearsal::tree::Content;

#[derive(Clone)]
enum Target {
    Outer(u8),
    File(String),
}

impl Shell {
    /// Runs something with its streams redirected.
    #[expect(clippy::too_many_lines, reason = "one case of a table per line")]
    pub(super) fn redirected(
        &mut self,
        process: &mut Process<'_>,
        redirects: &[Redirect],
        run: impl FnOnce(&mut Self, &mut Process<'_>) -> Ran,
    ) -> Ran {
        if redirects.is_empty() {
            return run(self, process);
        }
        let stdin = process.stdin.clone();
        // Where stdout and stderr go: a file (with whether to append), or one of the outer streams.
        let mut to: [Target; 2] = [Target::Outer(0), Target::Outer(1)];
        for redirect in redirects {
            match redirect {
                Redirect::Read(word) => {
                    let path = self.text(process, word)?;
                    match process.read_text(&path) {
                        Ok(_) if path == "/dev/null" => process.stdin = Bytes::new(),
                        Ok(text) => process.stdin = Bytes::from(text),
                        Err(error) => return Ok(open_error(process, &path, &error.to_string())),
                    }
                }
                Redirect::Here(word) => process.stdin = Bytes::from(self.text(process, word)?),
                Redirect::Same(from, onto) => {
                    let target = to[usize::from(*onto == 2)].clone();
                    to[usize::from(*from == 2)] = target;
                }
                Redirect::Write(stream, word) | Redirect::Append(stream, word) => {
                    let path = self.text(process, word)?;
                    let append = matches!(redirect, Redirect::Append(..));
                    let made = match path.as_str() {
                        "/dev/null" | "/dev/stdout" | "/dev/stderr" => Ok(()),
                        _ if append && process.exists(&path) => Ok(()),
                        _ => process.write(&path, Content::new("")),
                    };
                    if let Err(error) = made {
                        return Ok(open_error(process, &path, &error.to_string()));
                    }
                    to[usize::from(*stream == 2)] = match path.as_str() {
                        "/dev/stdout" => Target::Outer(0),
                        "/dev/stderr" => Target::Outer(1),
                        _ => Target::File(path),
                    };
                }
            }
        }
        let outer = (
            std::mem::take(&mut process.out),
            std::mem::take(&mut process.err),
        );
        let result = run(self, process);
        let out = std::mem::replace(&mut process.out, outer.0);
        let err = std::mem::replace(&mut process.err, outer.1);
        process.stdin = stdin;
        for (bytes, target) in [(out, &to[0]), (err, &to[1])] {
            match target {
                Target::Outer(0) => process.out.extend(bytes),
                Target::Outer(_) => process.err.extend(bytes),
                Target::File(path) if path == "/dev/null" || bytes.is_empty() => {}
                Target::File(path) => {
                    let absolute = process.path(path);
                    if let Err(error) = process.files().append(&absolute, &bytes) {
                        process.complain(format!("sh: 1: write error: {error}"));
                        return Ok(1);
                    }
                }
            }
        }
        result
    }
}

fn open_error(process: &mut Process<'_>, path: &str, error: &str) -> i32 {
    let verb = if error.starts_with("No such") {
        "open"
    } else {
        "create"
    };
    process.complain(format!("sh: 1: cannot {verb} {path}: {error}"));
    2
}
