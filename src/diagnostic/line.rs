//! A diagnostic in one line, for logs that show a line a command: CI systems, cron's mail.

use super::Diagnostic;
use crate::secret::Redactor;

/// How much of the evidence a line may take, in characters.
const LONGEST: usize = 240;

impl Diagnostic {
    /// `error[code]: what (file:line:column): the first piece of evidence`, without a line break;
    /// known secrets are masked.
    pub fn line(&self, redactor: &Redactor) -> String {
        let mut text = format!("error[{}]: {}", self.code, self.what);
        if let Some(span) = &self.place {
            let (line, column) = span.line_column();
            text.push_str(&format!(" ({}:{line}:{column})", span.source.name));
        }
        // An empty first line says nothing.
        let mut lines = self.why.iter().flat_map(|why| why.lines());
        if let Some(why) = lines.find(|line| !line.trim().is_empty()) {
            text.push_str(": ");
            text.extend(redactor.redact(why).trim().chars().take(LONGEST));
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        redactor.redact(&words.join(" "))
    }
}
