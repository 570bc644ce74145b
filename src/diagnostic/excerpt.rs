//! The one line of a user's file that a diagnostic shows, with what must not be seen masked.

use crate::input::Span;
use crate::secret::{MASK, Redactor};

/// A line and the part of it that is meant, in bytes of the line.
pub(super) struct Excerpt {
    pub(super) line: String,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Hex lines at least this long are taken for the body of an encrypted value (ansible-vault
/// writes 80 characters per line; the last one may be short and says nothing).
const VAULT_LINE: usize = 32;

impl Excerpt {
    /// The first line of the span.
    pub(super) fn new(span: &Span, redactor: &Redactor) -> Self {
        let text = span.source.text.as_str();
        let start = span.start.min(text.len());
        let from = text
            .get(..start)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |newline| newline + 1);
        let line = text.get(from..).and_then(|rest| rest.lines().next());
        let line = line.unwrap_or_default().trim_end_matches('\r');
        // A byte order mark takes no room on the screen and none in the columns people count.
        let (line, from) = match line.strip_prefix('\u{feff}') {
            Some(rest) => (rest, from + '\u{feff}'.len_utf8()),
            None => (line, from),
        };
        let start = start.saturating_sub(from).min(line.len());
        let end = span.end.saturating_sub(from).clamp(start, line.len());
        if is_vault(line) {
            return Self::whole(mask_keeping_indentation(line));
        }
        if let Some(tag) = plain_text_after_vault_tag(line) {
            let line = format!("{}{MASK}", line.get(..tag).unwrap_or(""));
            let end = end.min(line.len());
            return Self::masked(&line, (start.min(end), end), redactor);
        }
        Self::masked(line, (start, end), redactor)
    }

    fn masked(line: &str, (start, end): (usize, usize), redactor: &Redactor) -> Self {
        let shown = redactor.redact(line);
        let part = |range: std::ops::Range<usize>| redactor.redact(line.get(range).unwrap_or(""));
        let (before, meant) = (part(0..start), part(start..end));
        // A secret that lies across the border is only seen in the whole line.
        if format!("{before}{meant}{}", part(end..line.len())) == shown {
            let start = before.len();
            let end = start + meant.len();
            return Self {
                line: shown,
                start,
                end,
            };
        }
        Self::whole(shown)
    }

    fn whole(line: String) -> Self {
        let start = line.len() - line.trim_start().len();
        let end = line.trim_end().len().max(start);
        Self { line, start, end }
    }
}

fn is_vault(line: &str) -> bool {
    let line = line.trim();
    line.contains("$ANSIBLE_VAULT;")
        || (line.len() >= VAULT_LINE && line.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Where the value begins that somebody wrote behind `!vault` and forgot to encrypt.
fn plain_text_after_vault_tag(line: &str) -> Option<usize> {
    let tag = line.find("!vault")?;
    let word = line.get(tag..)?.find(' ').map(|space| tag + space + 1)?;
    let value = line.get(word..)?.trim();
    (!value.is_empty() && !value.starts_with(['|', '>', '#'])).then_some(word)
}

fn mask_keeping_indentation(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    format!("{}{MASK}", line.get(..indent).unwrap_or(""))
}
