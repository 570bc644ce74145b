//! Diagnostics as programs read them.

use serde_json::{Map, json};

use super::{Diagnostic, Severity};
use crate::input::{Json, Span};
use crate::secret::Redactor;

impl Diagnostic {
    /// The diagnostic as one JSON object: `severity`, `code`, `message`, `file`, `line`, `column`,
    /// `end_line`, `end_column` (from 1, columns in characters, the end exclusive; absent without
    /// a place), `why` (list), `help` (or null), `related` (list of places with a `message`).
    /// Known secrets are masked; no source text is in it.
    pub fn to_json(&self, redactor: &Redactor) -> Json {
        let clean = |text: &String| redactor.redact(text);
        let mut object = Map::new();
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        object.insert("severity".to_owned(), json!(severity));
        object.insert("code".to_owned(), json!(self.code));
        object.insert("message".to_owned(), json!(clean(&self.what)));
        if let Some(span) = &self.place {
            place(&mut object, span, redactor);
        }
        let why: Vec<String> = self.why.iter().map(clean).collect();
        object.insert("why".to_owned(), json!(why));
        object.insert("help".to_owned(), json!(self.help.as_ref().map(clean)));
        let related: Vec<Json> = self
            .related
            .iter()
            .map(|(span, word)| {
                let mut object = Map::new();
                object.insert("message".to_owned(), json!(clean(word)));
                place(&mut object, span, redactor);
                Json::Object(object)
            })
            .collect();
        object.insert("related".to_owned(), json!(related));
        Json::Object(object)
    }
}

fn place(object: &mut Map<String, Json>, span: &Span, redactor: &Redactor) {
    let (line, column) = span.line_column();
    let end = Span {
        start: span.end,
        ..span.clone()
    };
    let (end_line, end_column) = end.line_column();
    object.insert("file".to_owned(), json!(redactor.redact(&span.source.name)));
    object.insert("line".to_owned(), json!(line));
    object.insert("column".to_owned(), json!(column));
    object.insert("end_line".to_owned(), json!(end_line));
    object.insert("end_column".to_owned(), json!(end_column));
}
