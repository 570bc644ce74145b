//! The terminal as the verbs see it: data to stdout, everything else to stderr.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use crate::diagnostic::{Colour, Diagnostic, ExitCode, Renderer, Severity};
use crate::input::Json;
use crate::secret::{Redactor, Secret};

use super::cli::Output;

/// Where verbs write.
pub struct Console {
    /// The form of what is printed.
    pub output: Output,
    /// What must not be seen.
    pub redactor: Redactor,
    /// Errors that were told to a program: the first one in a line, and how many.
    told: Mutex<(Option<String>, usize)>,
}

impl Console {
    /// The process's own streams.
    pub fn new(output: Output) -> Self {
        Self::masking(output, Redactor::default())
    }

    /// The process's own streams, where some secrets are known already.
    pub fn masking(output: Output, redactor: Redactor) -> Self {
        Self {
            output,
            redactor,
            told: Mutex::default(),
        }
    }

    /// Whether a person can be shown live lines and asked questions.
    pub fn is_terminal(&self) -> bool {
        std::io::stderr().is_terminal() && std::io::stdin().is_terminal()
    }

    /// Whether colours may be used on stderr.
    pub fn colour(&self) -> Colour {
        let wanted = std::io::stderr().is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        if wanted {
            Colour::Coloured
        } else {
            Colour::Plain
        }
    }

    /// Writes data to stdout. A reader that went away is not an error.
    pub fn data(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
    }

    /// Writes a line for people to stderr.
    pub fn say(&self, text: &str) {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "{}", self.redactor.redact(text));
    }

    /// Tells what went wrong: drawn on stderr, or as JSON lines on stdout.
    pub fn errors(&self, errors: &[Diagnostic]) {
        if errors.is_empty() {
            return;
        }
        match self.output {
            Output::Text => {
                let renderer = Renderer::new(self.colour(), self.redactor.clone());
                self.say(renderer.all(errors, "").trim_end());
            }
            Output::Json => {
                for error in errors {
                    self.remember(error);
                    let mut value = error.to_json(&self.redactor);
                    if let Json::Object(map) = &mut value {
                        map.insert("event".to_owned(), "diagnostic".into());
                    }
                    self.data(&format!("{value}\n"));
                }
            }
        }
    }

    fn remember(&self, error: &Diagnostic) {
        if error.severity == Severity::Error {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            let line = error.line(&self.redactor);
            told.0.get_or_insert(line);
            told.1 += 1;
        }
    }

    /// The end of a verb that did not succeed: where programs read stdout, one line on stderr says
    /// why, for whoever reads the log.
    pub fn ended(&self, code: ExitCode) {
        if self.output == Output::Text || matches!(code, ExitCode::Done | ExitCode::Changes) {
            return;
        }
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match (&told.0, code) {
            (_, ExitCode::Interrupted) => "interrupted".to_owned(),
            (Some(line), _) if told.1 > 1 => format!("{line} (and {} more)", told.1 - 1),
            (Some(line), _) => line.clone(),
            (None, _) => format!("exit code {}", code as i32),
        };
        self.say(&line);
    }

    /// Asks for a secret on the terminal, without showing what is typed.
    pub fn ask_secret(&self, question: &str) -> Result<Secret<String>, Box<Diagnostic>> {
        if !self.is_terminal() {
            return Err(Box::new(
                Diagnostic::error(
                    "commands/no-terminal",
                    format!("cannot ask for {question}: there is no terminal"),
                )
                .why("nothing was touched")
                .help("give it in a file: `--become-password-file` or `--vault-password-file`"),
            ));
        }
        let typed = rpassword::prompt_password(format!("{question}: ")).map_err(|error| {
            Box::new(
                Diagnostic::error("commands/no-terminal", format!("cannot ask for {question}"))
                    .why(error.to_string()),
            )
        })?;
        self.redactor.add(&typed);
        Ok(Secret::new(typed))
    }

    /// Asks a question that is answered by typing `expected`.
    pub fn confirm(&self, question: &str, expected: &str) -> bool {
        if !self.is_terminal() {
            return false;
        }
        let mut err = std::io::stderr().lock();
        let _ = write!(err, "{question} ");
        let _ = err.flush();
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).is_ok() && line.trim() == expected
    }
}
