//! Commands that the shell carries out itself.

use bytes::Bytes;

use super::parse::Parser;
use super::run::{Flow, Ran, Shell};
use crate::rehearsal::exec;
use crate::rehearsal::process::Process;

impl Shell {
    #[expect(clippy::too_many_lines, reason = "one case of a table per line")]
    pub(super) fn command(&mut self, process: &mut Process<'_>, argv: Vec<String>) -> Ran {
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

    pub(super) fn set(&mut self, process: &mut Process<'_>, words: &[String]) -> Ran {
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
