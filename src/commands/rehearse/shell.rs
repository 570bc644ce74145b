//! `rehearse shell`: a person's hands on a simulated host.

use std::io::{BufRead, IsTerminal, Read};
use std::sync::Arc;

use super::Rehearsal;
use super::args::EstateArgs;
use crate::commands::shared::Console;
use crate::commands::{Content, Ended, Failed, load};
use crate::connection::{Action, Connection, Deadline, Exec, Identity};
use crate::diagnostic::{Diagnostic, ExitCode};
use crate::input::Files;
use crate::inventory;

/// Carries on in the folder `$1`, runs the line `$2`, and says where it went.
const LINE: &str =
    "cd -- \"$1\" || exit; eval \"$2\"; code=$?; printf '\\001%s' \"$PWD\"; exit $code";

/// Reads commands and runs them as root on a host of the estate.
pub async fn shell(host: &str, args: &EstateArgs, console: &Arc<Console>) -> Ended {
    let run = args.run();
    let loaded = load::load(&run.source, console)?;
    let files: Arc<dyn Files> = Arc::new(Content::new());
    let rehearsal = super::open(&run, &loaded, &files)?;
    let known = loaded.inventory.host(host).ok_or_else(|| {
        Diagnostic::error(
            "inventory/unknown-host",
            format!("there is no host `{host}`"),
        )
        .why("nothing was touched")
        .help("`nautes-install inventory graph` shows the hosts")
    })?;
    let vars = inventory::host_json(&loaded.inventory, known);
    let vars = vars.as_object().cloned().unwrap_or_default();
    let connection = rehearsal
        .connector()
        .connect(host, &vars)
        .await
        .map_err(|error| refused(host, &error.to_string()))?;
    let connection = connection.as_ref();
    let mut stdin = std::io::stdin().lock();
    let code = if stdin.is_terminal() {
        talk(connection, &mut stdin, console).await?
    } else {
        let mut script = String::new();
        let read = stdin.read_to_string(&mut script);
        read.map_err(|error| refused(host, &error.to_string()))?;
        one(
            connection,
            Exec::new(["/bin/sh", "-s"]),
            Some(script),
            console,
        )
        .await?
        .0
    };
    keep(&rehearsal)?;
    Ok(if code == 0 {
        ExitCode::Done
    } else {
        ExitCode::Failed
    })
}

fn keep(rehearsal: &Rehearsal) -> Result<(), Failed> {
    rehearsal.finish().map(|_| ())
}

fn refused(host: &str, why: &str) -> Failed {
    Diagnostic::error("rehearsal/no-shell", format!("no shell on `{host}`"))
        .why(why)
        .help("`nautes-install rehearse show` says what is on the estate")
        .into()
}

/// Line by line, with a prompt, until the end of input or `exit`.
async fn talk(
    connection: &dyn Connection,
    stdin: &mut std::io::StdinLock<'static>,
    console: &Console,
) -> Result<i32, Failed> {
    let mut folder = "/root".to_owned();
    let mut last = 0;
    loop {
        console.say(&format!("root@{}:{folder}#", connection.host()));
        let mut line = String::new();
        let length = stdin.read_line(&mut line);
        let line = line.trim();
        if length.is_ok_and(|n| n == 0) || line == "exit" {
            return Ok(last);
        }
        let exec = Exec::new(["/bin/sh", "-c", LINE, "sh", &folder, line]);
        let (code, rest) = one(connection, exec, None, console).await?;
        last = code;
        folder = rest.unwrap_or(folder);
    }
}

/// One program's run: its output is printed, its code and the folder that it ended in are told.
async fn one(
    connection: &dyn Connection,
    mut exec: Exec,
    script: Option<String>,
    console: &Console,
) -> Result<(i32, Option<String>), Failed> {
    exec.stdin = script.map(Into::into);
    let who = Identity {
        user: Some("root".to_owned()),
        password: None,
    };
    let done = match connection
        .act(&who, Action::Exec(exec), Deadline::default())
        .await
    {
        Ok(done) => done.executed,
        Err(error) => {
            console.errors(&[
                Diagnostic::error("rehearsal/no-shell", "the command did not end")
                    .why(error.to_string())
                    .help("docs/rehearsal.md says which programs the estate knows"),
            ]);
            return Ok((1, None));
        }
    };
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    let (text, folder) = match out.rsplit_once('\u{1}') {
        Some((text, folder)) => (text.to_owned(), Some(folder.to_owned())),
        None => (out, None),
    };
    console.data(&console.redactor.redact(&text));
    let errors = String::from_utf8_lossy(&done.stderr);
    if !errors.is_empty() {
        console.say(errors.trim_end());
    }
    Ok((done.code, folder))
}
