//! `command`, `shell` and `raw`: a program of the user's.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, json};

use super::Blind;
use crate::connection::{Action, Exec, Executed, Probe, Reader};
use crate::input::{Clock, Json};
use crate::modules::dates;
use crate::modules::given::join;
use crate::modules::seen::stat;
use crate::modules::{Change, Context, Diff, Failure, Given, Module, Outcome, Seen, Site};
use crate::playbook::signatures::shell_words;

/// `command` and `shell`.
pub struct Command {
    exec: Exec,
    /// As Ansible's result shows it: a list for `command`, the text for `shell`.
    shown: Json,
    creates: Option<String>,
    removes: Option<String>,
    /// Variables and `~` in the arguments are the host's to expand.
    expand: bool,
    /// Newlines at the end of the output are cut.
    strip: bool,
    clock: Arc<dyn Clock>,
}

impl Command {
    /// `command`: words, no shell.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let argv = if given.has("argv") {
            given.list("argv")
        } else {
            let text = given.some("cmd").ok_or_else(no_command)?;
            shell_words(&text).map_err(|why| Failure::msg(format!("{why}: `{text}`")))?
        };
        if argv.is_empty() {
            return Err(no_command());
        }
        let strip = given.flag("strip_empty_ends");
        Ok(Self {
            expand: argv
                .iter()
                .any(|word| word.contains('$') || word.starts_with('~')),
            strip,
            ..Self::with(argv.clone(), json!(argv), (given, context))
        })
    }

    /// `shell`: the text as it is, for a shell.
    pub fn shell(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let text = given.some("cmd").ok_or_else(no_command)?;
        let shell = given
            .some("executable")
            .unwrap_or_else(|| "/bin/sh".to_owned());
        let argv = vec![shell, "-c".to_owned(), text.clone()];
        Ok(Self::with(argv, json!(text), (given, context)))
    }

    /// With the arguments that both take.
    fn with(argv: Vec<String>, shown: Json, (given, context): (&Given, &Context<'_>)) -> Self {
        let mut exec = Exec::new(argv);
        exec.cwd = given.some("chdir");
        exec.env.clone_from(context.environment);
        exec.stdin = given.text("stdin").map(|text| {
            let end = if given.flag("stdin_add_newline") {
                "\n"
            } else {
                ""
            };
            format!("{text}{end}").into()
        });
        let inside = |path: String| match &exec.cwd {
            Some(folder) if !path.starts_with('/') => join(folder, &path),
            _ => path,
        };
        Self {
            creates: given.some("creates").map(inside),
            removes: given.some("removes").map(inside),
            exec,
            shown,
            expand: false,
            strip: true,
            clock: context.clock.clone(),
        }
    }

    /// The program with variables expanded.
    fn expanded(&self, seen: &Seen) -> Result<Exec, Failure> {
        let mut exec = self.exec.clone();
        if self.expand {
            let answer = seen.executed(&environment())?;
            let text = String::from_utf8_lossy(&answer.stdout).into_owned();
            let look = |name: &str| {
                exec.env.get(name).cloned().or_else(|| {
                    text.lines()
                        .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
                        .map(ToOwned::to_owned)
                })
            };
            exec.argv = exec.argv.iter().map(|word| expand(word, &look)).collect();
        }
        Ok(exec)
    }
}

/// The failure of a task without a command.
fn no_command() -> Failure {
    Failure::msg("no command given").with("rc", 256)
}

/// The question for the host's environment.
fn environment() -> Probe {
    Probe::Command(Box::new(Exec::new(["env"])))
}

/// A word with `~` at its start, `$NAME` and `${NAME}` replaced where they are defined.
fn expand(word: &str, look: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = word;
    if let Some(tail) = word.strip_prefix('~')
        && (tail.is_empty() || tail.starts_with('/'))
        && let Some(home) = look("HOME")
    {
        out.push_str(&home);
        rest = tail;
    }
    while let Some((before, tail)) = rest.split_once('$') {
        out.push_str(before);
        let braced = tail.strip_prefix('{').and_then(|t| t.split_once('}'));
        let (name, next) = braced.unwrap_or_else(|| {
            let end = tail
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(tail.len());
            tail.split_at(end)
        });
        if let Some(value) = look(name).filter(|_| !name.is_empty()) {
            out.push_str(&value);
            rest = next;
        } else {
            out.push('$');
            rest = tail;
        }
    }
    out + rest
}

/// Prints the matches of a pattern; its only argument is expanded, never parsed.
const MATCHES: &str =
    "for p in $1; do if [ -e \"$p\" ] || [ -L \"$p\" ]; then echo yes; exit 0; fi; done";

/// The question whether something is at a path, which may be a pattern.
fn guard(path: &str) -> Probe {
    if path.contains(['*', '?', '[']) {
        return Probe::Command(Box::new(Exec::new(["/bin/sh", "-c", MATCHES, "sh", path])));
    }
    stat(path.trim_end_matches('/'))
}

/// Whether something is there.
fn exists(seen: &Seen, path: &str) -> Result<bool, Failure> {
    let probe = guard(path);
    if matches!(probe, Probe::Command(_)) {
        return Ok(!seen.executed(&probe)?.stdout.is_empty());
    }
    Ok(seen.at(&probe)?.is_some())
}

#[async_trait]
impl Module for Command {
    type Seen = Seen;

    fn foresee(&self) -> Vec<Probe> {
        let guards = self.creates.iter().chain(&self.removes);
        let mut probes: Vec<Probe> = guards.map(|path| guard(path)).collect();
        if self.expand {
            probes.push(environment());
        }
        probes
    }

    async fn observe(&self, at: &Reader<'_>) -> Result<Seen, Failure> {
        let mut seen = Seen::default();
        seen.ask(at, self.foresee()).await?;
        Ok(seen)
    }

    fn diff(&self, seen: &Seen) -> Result<Diff, Failure> {
        let stopped = match (&self.creates, &self.removes) {
            (Some(path), _) if exists(seen, path)? => Some(format!("{path} exists")),
            (_, Some(path)) if !exists(seen, path)? => Some(format!("{path} does not exist")),
            _ => None,
        };
        let mut diff = Diff::default();
        diff.result.insert("cmd".to_owned(), self.shown.clone());
        if let Some(why) = stopped {
            diff.result.extend(lines(&Executed {
                stdout: format!("skipped, since {why}").into_bytes(),
                ..Executed::default()
            }));
            diff.result.insert(
                "msg".to_owned(),
                json!(format!(
                    "Did not run command since '{}",
                    why.replacen(' ', "' ", 1)
                )),
            );
            diff.reason = Some(why);
        } else if self.creates.is_some() || self.removes.is_some() {
            let shown = self.exec.argv.join(" ");
            diff.changes.push(Change::new("command", "", shown));
        } else {
            diff.blind = true;
            diff.reason = Some("Command would have run if not in check mode".to_owned());
        }
        Ok(diff)
    }

    async fn apply(&self, at: &Site<'_>, seen: Seen, _: &Diff) -> Result<Outcome, Failure> {
        let (start, began) = (self.clock.now(), self.clock.elapsed());
        let done = at.act(Action::Exec(self.expanded(&seen)?)).await?;
        let mut result = if self.strip {
            lines(&done.executed)
        } else {
            as_is(&done.executed)
        };
        let took = self.clock.elapsed().saturating_sub(began);
        result.insert(
            "start".to_owned(),
            json!(moment(dates::seconds(start), Duration::ZERO)),
        );
        result.insert("end".to_owned(), json!(moment(dates::seconds(start), took)));
        result.insert("delta".to_owned(), json!(span(took)));
        if done.executed.code == 0 {
            return Ok(Outcome {
                result,
                changed: Some(true),
            });
        }
        // What was not found or may not be run did nothing.
        let ran = !self.shown.is_array() || !matches!(done.executed.code, 126 | 127);
        let msg = if ran {
            "non-zero return code"
        } else {
            "Error executing command."
        };
        let mut failure = Failure::msg(msg)
            .with("cmd", self.shown.clone())
            .with("changed", ran);
        for (field, value) in result {
            failure = failure.with(&field, value);
        }
        Err(failure)
    }
}

/// A time as Ansible's results show it.
fn moment(seconds: i64, later: Duration) -> String {
    let seconds = seconds + i64::try_from(later.as_secs()).unwrap_or(0);
    let [year, month, day, hour, minute, second] = dates::civil(seconds);
    let micros = later.subsec_micros();
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}")
}

/// A duration as Ansible's results show it.
fn span(took: Duration) -> String {
    let seconds = took.as_secs();
    let micros = took.subsec_micros();
    format!(
        "{}:{:02}:{:02}.{micros:06}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Exit code and output with the newlines at their ends cut.
fn lines(executed: &Executed) -> Map<String, Json> {
    let text = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes)
            .trim_end_matches(['\r', '\n'])
            .to_owned()
    };
    printed(
        executed.code,
        text(&executed.stdout),
        text(&executed.stderr),
    )
}

/// Exit code and output as they are.
fn as_is(executed: &Executed) -> Map<String, Json> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    printed(
        executed.code,
        text(&executed.stdout),
        text(&executed.stderr),
    )
}

/// The result's fields for what a program printed.
fn printed(code: i32, stdout: String, stderr: String) -> Map<String, Json> {
    let split = |text: &str| text.lines().map(Json::from).collect::<Json>();
    let fields = [
        (
            "msg",
            json!(if code == 0 {
                ""
            } else {
                "non-zero return code"
            }),
        ),
        ("rc", json!(code)),
        ("stdout_lines", split(&stdout)),
        ("stderr_lines", split(&stderr)),
        ("stdout", json!(stdout)),
        ("stderr", json!(stderr)),
    ];
    fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

/// `raw`: a line for the login shell.
pub struct Raw {
    exec: Exec,
}

impl Raw {
    /// Reads the arguments.
    pub fn new(given: &Given, context: &Context<'_>) -> Result<Self, Failure> {
        let text = given.some("cmd").ok_or_else(no_command)?;
        let shell = given
            .some("executable")
            .unwrap_or_else(|| "/bin/sh".to_owned());
        let mut exec = Exec::new([shell, "-c".to_owned(), text]);
        exec.env.clone_from(context.environment);
        Ok(Self { exec })
    }
}

#[async_trait]
impl Blind for Raw {
    async fn go(&self, at: &Site<'_>) -> Result<Outcome, Failure> {
        let done = at.act(Action::Exec(self.exec.clone())).await?;
        let result = as_is(&done.executed);
        if done.executed.code == 0 {
            return Ok(Outcome {
                result,
                changed: Some(true),
            });
        }
        let failure = Failure::msg("non-zero return code").with("changed", true);
        Err(result
            .into_iter()
            .fold(failure, |f, (field, value)| f.with(&field, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn defined_variables_are_expanded_and_others_stay() {
        let look = |name: &str| match name {
            "HOME" => Some("/root".to_owned()),
            "A" => Some("x".to_owned()),
            _ => None,
        };
        assert_eq!(expand("~/$A-${A}b$AB$", &look), "/root/x-xb$AB$");
        assert_eq!(expand("a~", &look), "a~");
    }
}
