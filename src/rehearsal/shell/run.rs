//! Running a parsed script.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::parse::Parser;
use super::syntax::{Node, Redirect};
use crate::rehearsal::exec;
use crate::rehearsal::process::{Ended, Process, Stop};
use crate::rehearsal::tree::Content;

/// Rounds of a loop that simulated waiting cannot explain.
const MOST_ROUNDS: u32 = 100_000;

/// Why a script does not go on with the next command.
pub(super) enum Flow {
    /// `exit`, or an error that ends the script.
    Exit(i32),
    /// `return`.
    Return(i32),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// The process itself was stopped.
    Stop(Stop),
}

impl From<Stop> for Flow {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

type Ran = Result<i32, Flow>;

/// A shell's own state; variables are the process's environment.
#[derive(Clone, Default)]
pub(super) struct Shell {
    pub(super) arguments: Vec<String>,
    pub(super) status: i32,
    pub(super) strict: bool,
    exit_on_error: bool,
    pipefail: bool,
    functions: BTreeMap<String, Node>,
    /// In a condition, where a failure does not end the script.
    tested: u32,
}

/// Runs a script with its positional arguments in this process.
pub fn script(process: &mut Process<'_>, text: &str, arguments: &[String]) -> Ended {
    let node = match Parser::new(text).script() {
        Ok(node) => node,
        Err(why) => {
            return Err(Stop::Undescribed(format!(
                "the rehearsal's shell does not understand this script on `{}`: {why}; describe the \
                 whole command in the component's `rehearsal:` list",
                process.host.name
            )));
        }
    };
    let mut shell = Shell {
        arguments: arguments.to_vec(),
        ..Shell::default()
    };
    match shell.run(process, &node) {
        Ok(code) | Err(Flow::Exit(code) | Flow::Return(code)) => Ok(code),
        Err(Flow::Break | Flow::Continue) => Ok(0),
        Err(Flow::Stop(stop)) => Err(stop),
    }
}

impl Shell {
    /// An error that ends the script.
    pub(super) fn complain(&self, process: &mut Process<'_>, text: &str) -> Flow {
        process.complain(format!("sh: 1: {text}"));
        Flow::Exit(2)
    }

    #[expect(clippy::too_many_lines, reason = "one case of a table per line")]
    fn run(&mut self, process: &mut Process<'_>, node: &Node) -> Ran {
        let code = match node {
            Node::Simple {
                assign,
                words,
                redirects,
            } => return self.simple(process, (assign, words), redirects),
            Node::List(nodes) => {
                let mut code = 0;
                for node in nodes {
                    code = self.run(process, node)?;
                    let plain = !matches!(node, Node::And(..) | Node::Or(..) | Node::Not(_));
                    if code != 0 && self.exit_on_error && self.tested == 0 && plain {
                        return Err(Flow::Exit(code));
                    }
                }
                code
            }
            Node::Background(inner) => self.background(process, inner)?,
            Node::Not(inner) => i32::from(self.test(process, inner)? == 0),
            Node::And(a, b) => match self.test(process, a)? {
                0 => self.run(process, b)?,
                code => code,
            },
            Node::Or(a, b) => match self.test(process, a)? {
                0 => 0,
                _ => self.run(process, b)?,
            },
            Node::Pipeline(nodes) => self.pipeline(process, nodes)?,
            Node::Subshell(inner, redirects) => {
                let before = (process.env.clone(), process.cwd.clone(), self.clone());
                let result = self.redirected(process, redirects, |shell, process| {
                    shell.run(process, inner)
                });
                (process.env, process.cwd, *self) = before;
                match result {
                    Err(Flow::Exit(code)) => code,
                    other => other?,
                }
            }
            Node::Group(inner, redirects) => {
                self.redirected(process, redirects, |shell, process| {
                    shell.run(process, inner)
                })?
            }
            Node::If(condition, then, otherwise) => {
                match (self.test(process, condition)?, otherwise) {
                    (0, _) => self.run(process, then)?,
                    (_, Some(otherwise)) => self.run(process, otherwise)?,
                    (_, None) => 0,
                }
            }
            Node::For(name, words, body) => self.for_loop(process, name, (words, body))?,
            Node::While(condition, body, until) => {
                self.while_loop(process, (condition, body), *until)?
            }
            Node::Case(word, arms) => {
                let text = self.text(process, word)?;
                let mut code = 0;
                'arms: for (patterns, body) in arms {
                    for pattern in patterns {
                        let pattern = self.text(process, pattern)?;
                        if super::glob_matches(&pattern, &text) {
                            code = self.run(process, body)?;
                            break 'arms;
                        }
                    }
                }
                code
            }
            Node::Function(name, body) => {
                self.functions.insert(name.clone(), (**body).clone());
                0
            }
        };
        self.status = code;
        Ok(code)
    }

    /// Runs a command in the background: its effects are there, its time is not ours.
    fn background(&mut self, process: &mut Process<'_>, node: &Node) -> Ran {
        let spent = process.spent;
        let before = (process.env.clone(), process.cwd.clone(), self.clone());
        let result = self.test(process, node);
        (process.env, process.cwd, *self) = before;
        process.spent = spent;
        match result {
            Err(Flow::Stop(stop)) if stop != Stop::Killed => Err(Flow::Stop(stop)),
            _ => Ok(0),
        }
    }

    /// Runs a command whose failure is an answer.
    fn test(&mut self, process: &mut Process<'_>, node: &Node) -> Ran {
        self.tested += 1;
        let result = self.run(process, node);
        self.tested -= 1;
        result
    }

    fn for_loop(
        &mut self,
        process: &mut Process<'_>,
        name: &str,
        (words, body): (&[super::syntax::Word], &Node),
    ) -> Ran {
        let mut code = 0;
        let mut values = Vec::new();
        for word in words {
            values.extend(self.fields(process, word)?);
        }
        for value in values {
            process.env.insert(name.to_owned(), value);
            match self.run(process, body) {
                Err(Flow::Break) => break,
                Err(Flow::Continue) => {}
                other => code = other?,
            }
        }
        Ok(code)
    }

    fn while_loop(
        &mut self,
        process: &mut Process<'_>,
        (condition, body): (&Node, &Node),
        until: bool,
    ) -> Ran {
        let mut code = 0;
        for _ in 0..MOST_ROUNDS {
            if (self.test(process, condition)? == 0) == until {
                return Ok(code);
            }
            match self.run(process, body) {
                Err(Flow::Break) => return Ok(0),
                Err(Flow::Continue) => {}
                other => code = other?,
            }
        }
        // A loop that never waits and never ends is killed by its deadline on a real host.
        let rest = process.limit.saturating_sub(process.spent) + std::time::Duration::from_secs(1);
        process.spend(rest)?;
        Ok(code)
    }

    fn pipeline(&mut self, process: &mut Process<'_>, nodes: &[Node]) -> Ran {
        let stdin = process.stdin.clone();
        let mut code = 0;
        let mut failed = 0;
        for (at, node) in nodes.iter().enumerate() {
            let outer = std::mem::take(&mut process.out);
            let before = (process.env.clone(), process.cwd.clone());
            let result = self.test(process, node);
            (process.env, process.cwd) = before;
            let printed = std::mem::replace(&mut process.out, outer);
            code = match result {
                Err(Flow::Exit(code)) => code,
                Err(other) => return Err(other),
                Ok(code) => code,
            };
            if code != 0 {
                failed = code;
            }
            if at + 1 == nodes.len() {
                process.out.extend(printed);
            } else {
                process.stdin = Bytes::from(printed);
            }
        }
        process.stdin = stdin;
        Ok(if self.pipefail { failed } else { code })
    }

    /// The output of a script, without the newlines at its end.
    pub(super) fn substitute(
        &mut self,
        process: &mut Process<'_>,
        text: &str,
    ) -> Result<String, Flow> {
        let node = Parser::new(text)
            .script()
            .map_err(|why| self.complain(process, &why))?;
        let outer = std::mem::take(&mut process.out);
        let before = (process.env.clone(), process.cwd.clone(), self.clone());
        let result = self.run(process, &node);
        (process.env, process.cwd, *self) = before;
        let printed = std::mem::replace(&mut process.out, outer);
        match result {
            Ok(code) | Err(Flow::Exit(code)) => self.status = code,
            Err(other) => return Err(other),
        }
        Ok(String::from_utf8_lossy(&printed)
            .trim_end_matches('\n')
            .to_owned())
    }

    /// Runs something with its streams redirected.
    #[expect(clippy::too_many_lines, reason = "one case of a table per line")]
    fn redirected(
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

    fn simple(
        &mut self,
        process: &mut Process<'_>,
        (assign, words): (&[(String, super::syntax::Word)], &[super::syntax::Word]),
        redirects: &[Redirect],
    ) -> Ran {
        let mut argv = Vec::new();
        for word in words {
            argv.extend(self.fields(process, word)?);
        }
        if argv.is_empty() {
            self.status = 0;
        }
        let mut values = Vec::new();
        for (name, word) in assign {
            values.push((name.clone(), self.text(process, word)?));
        }
        if argv.is_empty() {
            process.env.extend(values);
            let status = self.status;
            return self.redirected(process, redirects, |_, _| Ok(status));
        }
        let before = process.env.clone();
        process.env.extend(values.iter().cloned());
        let result = self.redirected(process, redirects, |shell, process| {
            shell.command(process, argv)
        });
        for (name, _) in &values {
            match before.get(name) {
                Some(value) => process.env.insert(name.clone(), value.clone()),
                None => process.env.remove(name),
            };
        }
        let code = result?;
        self.status = code;
        Ok(code)
    }

    #[expect(clippy::too_many_lines, reason = "one case of a table per line")]
    fn command(&mut self, process: &mut Process<'_>, argv: Vec<String>) -> Ran {
        let number = |nth: usize, default| {
            argv.get(nth)
                .and_then(|n: &String| n.parse().ok())
                .unwrap_or(default)
        };
        if let Some(body) = self.functions.get(&argv[0]).cloned() {
            let outer = std::mem::replace(&mut self.arguments, argv[1..].to_vec());
            let result = self.run(process, &body);
            self.arguments = outer;
            return match result {
                Err(Flow::Return(code)) => Ok(code),
                other => other,
            };
        }
        match argv[0].as_str() {
            "exit" => Err(Flow::Exit(number(1, self.status))),
            "return" => Err(Flow::Return(number(1, self.status))),
            "break" => Err(Flow::Break),
            "continue" => Err(Flow::Continue),
            "set" => self.set(process, &argv[1..]),
            "cd" => Ok(cd(process, argv.get(1))),
            "export" | "readonly" | "local" => {
                for word in &argv[1..] {
                    if let Some((name, value)) = word.split_once('=') {
                        process.env.insert(name.to_owned(), value.to_owned());
                    }
                }
                Ok(0)
            }
            "unset" => {
                for name in &argv[1..] {
                    process.env.remove(name);
                }
                Ok(0)
            }
            "shift" => {
                let by = usize::try_from(number(1, 1)).unwrap_or(1);
                self.arguments.drain(..by.min(self.arguments.len()));
                Ok(0)
            }
            "umask" => {
                match argv.get(1).map(|mask| u32::from_str_radix(mask, 8)) {
                    Some(Ok(mask)) => process.caller.umask = mask,
                    Some(Err(_)) => return Ok(2),
                    None => {
                        let mask = process.caller.umask;
                        process.say(format!("{mask:04o}"));
                    }
                }
                Ok(0)
            }
            "command" if argv.get(1).is_some_and(|a| a == "-v") => {
                let name = argv.get(2).cloned().unwrap_or_default();
                match exec::locate(process, &name) {
                    Ok(path) => process.say(path),
                    Err(_) => return Ok(127),
                }
                Ok(0)
            }
            "type" => Ok(if exec::locate(process, &argv[argv.len() - 1]).is_ok() {
                0
            } else {
                127
            }),
            "exec" | "command" | "eval" if argv.len() == 1 => Ok(0),
            "eval" => {
                let text = argv[1..].join(" ");
                let node = Parser::new(&text)
                    .script()
                    .map_err(|why| self.complain(process, &why))?;
                self.run(process, &node)
            }
            "exec" => Err(Flow::Exit(process.become_program(argv[1..].to_vec())?)),
            "command" => Ok(process.become_program(argv[1..].to_vec())?),
            "kill" if argv.last() == Some(&process.pid.to_string()) && argv.len() > 2 => {
                match super::signal(&argv[1]) {
                    0 => Ok(0),
                    signal => Err(Flow::Exit(128 + signal)),
                }
            }
            "wait" | "trap" | "ulimit" => Ok(0),
            "read" => Ok(read_line(process, &argv)),
            "." | "source" => {
                let path = argv.get(1).cloned().unwrap_or_default();
                let text = match process.read_text(&path) {
                    Ok(text) => text,
                    Err(error) => {
                        return Err(self.complain(process, &format!(".: {path}: {error}")));
                    }
                };
                let node = Parser::new(&text)
                    .script()
                    .map_err(|why| self.complain(process, &why))?;
                self.run(process, &node)
            }
            _ => Ok(process.become_program(argv)?),
        }
    }

    fn set(&mut self, process: &mut Process<'_>, words: &[String]) -> Ran {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--" => {
                    self.arguments = words.cloned().collect();
                    return Ok(0);
                }
                "-o" | "+o" => {
                    let on = word == "-o";
                    match words.next().map(String::as_str) {
                        Some("pipefail") => self.pipefail = on,
                        Some("errexit") => self.exit_on_error = on,
                        Some("nounset") => self.strict = on,
                        _ => {}
                    }
                }
                flags if flags.starts_with(['-', '+']) => {
                    let on = flags.starts_with('-');
                    for flag in flags[1..].chars() {
                        match flag {
                            'e' => self.exit_on_error = on,
                            'u' => self.strict = on,
                            'x' | 'f' | 'a' => {}
                            'o' if words.next().is_some_and(|w| w == "pipefail") => {
                                self.pipefail = on;
                            }
                            other => {
                                return Err(self.complain(
                                    process,
                                    &format!("set: -{other} is not supported"),
                                ));
                            }
                        }
                    }
                }
                other => {
                    return Err(self.complain(process, &format!("set: {other} is not supported")));
                }
            }
        }
        Ok(0)
    }
}

#[derive(Clone)]
enum Target {
    Outer(u8),
    File(String),
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

fn cd(process: &mut Process<'_>, to: Option<&String>) -> i32 {
    let home = process.env.get("HOME").cloned().unwrap_or_default();
    let to = process.path(to.unwrap_or(&home));
    if process.host.tree.names(&process.caller, &to).is_ok() {
        process.cwd = to;
        0
    } else {
        process.complain(format!("sh: 1: cd: can't cd to {to}"));
        2
    }
}

fn read_line(process: &mut Process<'_>, argv: &[String]) -> i32 {
    let text = String::from_utf8_lossy(&process.stdin).into_owned();
    let (line, rest) = text.split_once('\n').unwrap_or((text.as_str(), ""));
    let names: Vec<&String> = argv
        .iter()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let mut words = line.split_whitespace();
    for (at, name) in names.iter().enumerate() {
        let value = if at + 1 == names.len() {
            words.by_ref().collect::<Vec<_>>().join(" ")
        } else {
            words.next().unwrap_or_default().to_owned()
        };
        process.env.insert((*name).clone(), value);
    }
    let code = i32::from(text.is_empty());
    process.stdin = Bytes::from(rest.to_owned());
    code
}
