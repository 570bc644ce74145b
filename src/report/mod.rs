//! Events become what people and programs read: lines on a terminal, JSON lines, the recap.
//!
//! Each report is a [`Sink`](crate::event::Sink). Everything that leaves passes the redactor.

mod json;
mod junit;
mod lines;
mod live;
mod recap;
mod tally;

pub use json::JsonLines;
pub use junit::junit;
pub use lines::{Detail, Lines};
pub use live::Live;
pub use recap::recap;
pub use tally::Tally;

use std::io::Write;
use std::sync::Mutex;

/// Where a report writes; shared by threads, written line by line.
pub struct Out(Mutex<Box<dyn Write + Send>>);

impl Out {
    /// Writes to this.
    pub fn new(writer: impl Write + Send + 'static) -> Self {
        Self(Mutex::new(Box::new(writer)))
    }

    /// Writes one line. A reader that went away (`| head`) does not stop the run.
    pub fn line(&self, text: &str) {
        if let Ok(mut writer) = self.0.lock() {
            let _ = writeln!(writer, "{text}");
            let _ = writer.flush();
        }
    }
}
