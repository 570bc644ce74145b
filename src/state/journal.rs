//! The journal: every event of every run as a line of JSON, for people and `report`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::event::{Event, Sink};
use crate::input::Json;
use crate::secret::Redactor;

/// Something that takes bytes and makes them last.
pub trait Durable: Write + Send {
    /// Makes what was written survive a power loss.
    fn make_durable(&mut self) -> std::io::Result<()>;
}

impl Durable for std::fs::File {
    fn make_durable(&mut self) -> std::io::Result<()> {
        self.sync_data()
    }
}

/// Writes events to a file. A line that could not be written is remembered and told at the end.
pub struct Journal {
    path: PathBuf,
    file: Mutex<Box<dyn Durable>>,
    redactor: Redactor,
    lost: Mutex<Option<std::io::Error>>,
}

impl Journal {
    /// A journal that writes to `file`, which lies at `path`.
    pub fn new(path: PathBuf, file: Box<dyn Durable>, redactor: Redactor) -> Self {
        Self {
            path,
            file: Mutex::new(file),
            redactor,
            lost: Mutex::default(),
        }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The first error in writing, if there was one: a lost entry is an error.
    pub fn lost(&self) -> Option<String> {
        self.lost.lock().ok()?.as_ref().map(ToString::to_string)
    }

    fn write(&self, value: Json) -> std::io::Result<()> {
        let line = mask(value, &self.redactor).to_string();
        let Ok(mut file) = self.file.lock() else {
            return Ok(());
        };
        writeln!(file, "{line}")?;
        file.flush()
    }
}

impl Sink for Journal {
    fn emit(&self, event: &Event) {
        let result = match serde_json::to_value(event) {
            Ok(value) => self.write(value),
            Err(error) => Err(std::io::Error::other(error)),
        };
        let synced = match event {
            Event::Recap { .. } | Event::ComponentEnd { .. } => self
                .file
                .lock()
                .map_or(Ok(()), |mut file| file.make_durable()),
            _ => Ok(()),
        };
        if let Err(error) = result.and(synced)
            && let Ok(mut lost) = self.lost.lock()
        {
            lost.get_or_insert(error);
        }
    }
}

/// The value with secrets masked in its strings.
fn mask(value: Json, redactor: &Redactor) -> Json {
    match value {
        Json::String(text) => Json::String(redactor.redact(&text)),
        Json::Array(items) => items.into_iter().map(|item| mask(item, redactor)).collect(),
        Json::Object(map) => map
            .into_iter()
            .map(|(key, value)| (key, mask(value, redactor)))
            .collect(),
        other => other,
    }
}
