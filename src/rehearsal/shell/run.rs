//! Running a parsed script.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::parse::Parser;
use super::syntax::{Node, Redirect};
use crate::rehearsal::process::{Ended, Process, Stop};

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

pub(super) type Ran = Result<i32, Flow>;

/// A shell's own state; variables are the process's environment.
#[derive(Clone, Default)]
pub(super) struct Shell {
    pub(super) arguments: Vec<String>,
    pub(super) status: i32,
    pub(super) strict: bool,
    pub(super) exit_on_error: bool,
    pub(super) pipefail: bool,
    pub(super) functions: BTreeMap<String, Node>,
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
    pub(super) fn run(&mut self, process: &mut Process<'_>, node: &Node) -> Ran {
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
}
