//! A request as shell text: named sections in order, the functions they use, and at most one
//! binary blob after the text.

use bytes::Bytes;

use super::super::ConnectionError;
use super::frame::Section;
use super::quote::quote;
use crate::input::LocalFile;

/// A shell function that is sent once per channel, when a request first uses it.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its definition.
    pub text: &'static str,
    /// Functions it calls.
    pub needs: &'static [&'static Self],
}

/// How much of each section is kept, and when a flood is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes kept of each section.
    pub keep: usize,
    /// Bytes of one section after which its program is killed.
    pub flood: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            keep: 16 << 20,
            flood: 64 << 20,
        }
    }
}

/// What follows a request's text on the channel.
#[derive(Debug)]
pub enum Blob {
    /// Bytes.
    Bytes(Bytes),
    /// A file of this machine, read as it is sent.
    File(LocalFile),
}

impl Blob {
    /// The bytes from `offset` on, as many as are sent at once; empty at the end.
    pub fn piece(&self, offset: u64) -> std::io::Result<Bytes> {
        const PIECE: usize = 256 << 10;
        match self {
            Self::Bytes(bytes) => {
                let start = usize::try_from(offset)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                Ok(bytes.slice(start..start.saturating_add(PIECE).min(bytes.len())))
            }
            Self::File(file) => file.piece(offset),
        }
    }
}

/// A request.
#[derive(Debug, Default)]
pub struct Script {
    body: String,
    uses: Vec<&'static Function>,
    blob: Option<Blob>,
    /// Shell text that gives programs the user's variables; empty, or ends in `;`.
    pub exports: String,
    /// What is kept of the answer.
    pub limits: Limits,
}

impl Script {
    /// Appends shell text. Values in it were quoted by [`quote`].
    pub fn line(&mut self, text: &str) {
        self.body.push_str(text);
        self.body.push('\n');
    }

    /// Declares that the text runs programs of the user's, which may leave others behind.
    pub fn runs_programs(&mut self) {
        self.line("X=1");
    }

    /// Declares a function that the text calls.
    pub fn uses(&mut self, function: &'static Function) {
        for needed in function.needs {
            self.uses(needed);
        }
        if !self.uses.contains(&function) {
            self.uses.push(function);
        }
    }

    /// The functions used, callees first.
    pub fn functions(&self) -> &[&'static Function] {
        &self.uses
    }

    /// The text without its functions.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// What follows the text on the channel.
    pub fn blob(&self) -> Option<&Blob> {
        self.blob.as_ref()
    }

    /// A shell command that prints a file of this machine, which follows as the blob.
    pub fn file(&mut self, file: &LocalFile) -> String {
        self.blob = Some(Blob::File(file.clone()));
        format!("b {}", file.len)
    }

    /// A shell command that prints these bytes: text goes inside the script, which the host runs
    /// only once it has all of it; large or binary content follows as the blob, which `b` reads.
    pub fn content(&mut self, bytes: &Bytes) -> Result<Content, ConnectionError> {
        const INLINE: usize = 128 << 10;
        let text = std::str::from_utf8(bytes)
            .ok()
            .filter(|t| t.len() <= INLINE && !t.contains('\0'));
        if let Some(text) = text {
            return Ok(Content::Inline(if text.is_empty() {
                ":".to_owned()
            } else {
                format!("printf %s {}", quote(text)?)
            }));
        }
        self.blob = Some(Blob::Bytes(bytes.clone()));
        Ok(Content::Blob(format!("b {}", bytes.len())))
    }
}

/// How content reaches the host; either way the text is a command that prints it.
#[derive(Clone, Debug)]
pub enum Content {
    /// Inside the script: whole whenever the script runs.
    Inline(String),
    /// After the script: its size must be checked before it counts.
    Blob(String),
}

/// The sections that came back.
#[derive(Debug, Default)]
pub struct Answer {
    /// Of standard output.
    pub out: Vec<Section>,
    /// Of standard error.
    pub err: Vec<Section>,
    /// The driver ended with this answer.
    pub last: bool,
}

impl Answer {
    /// The section of stdout with this label; without it the host did not speak our protocol.
    pub fn section(&self, label: &str) -> Result<&Section, ConnectionError> {
        self.out
            .iter()
            .find(|s| s.label == label)
            .ok_or_else(|| ConnectionError::Protocol {
                what: format!("the host left out part `{label}` of its answer"),
            })
    }

    /// What was printed on stderr for this label.
    pub fn errors(&self, label: &str) -> &[u8] {
        self.err
            .iter()
            .find(|s| s.label == label)
            .map_or(&[], |s| &s.data)
    }
}

impl Section {
    /// The exit code in the trailer.
    pub fn exit(&self) -> Result<i32, ConnectionError> {
        self.code.parse().map_err(|_| ConnectionError::Protocol {
            what: format!("`{}` is not an exit code", self.code),
        })
    }

    /// The bytes as text, lossily.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.data).into_owned()
    }
}
