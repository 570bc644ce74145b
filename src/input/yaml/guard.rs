//! What must be known of a text before libyaml sees it.
//!
//! libyaml-safer 0.3.0 panics on three inputs that C libyaml accepts or refuses in peace: a block
//! scalar or a backslash at the very end of a text without a final newline, and a tag directly
//! before a comma (`[!x, y]`). This file keeps them away from it. Its marks count bytes from the
//! first byte after a byte order mark.

use std::sync::Arc;

use libyaml_safer::{EventData, Parser};

use super::super::{Rules, Source, Span};
use super::SyntaxError;
use super::explain;

/// The bytes libyaml gets, and how its positions map to the source.
pub(super) struct Fed {
    /// The user's text.
    pub(super) source: Arc<Source>,
    /// Whose meaning plain scalars have.
    pub(super) rules: Rules,
    /// What is parsed.
    pub(super) text: String,
    /// Bytes of the source before the first byte of `text`.
    pub(super) base: usize,
    /// Length of `text` without the line break that was added at its end.
    pub(super) own: usize,
}

impl Fed {
    /// The place `start..end` of this text in the source, on character boundaries.
    pub(super) fn span(&self, start: u64, end: u64) -> Span {
        let source = &self.source;
        let limit = source.text.len();
        let clamp = |index: u64| {
            let index = usize::try_from(index).unwrap_or(limit);
            floor_boundary(&source.text, (self.base + index.min(self.own)).min(limit))
        };
        let start = clamp(start);
        Span {
            source: Arc::clone(source),
            start,
            end: clamp(end).max(start),
        }
    }
}

/// Refuses what no YAML text may hold, and prepares the rest.
pub(super) fn check(source: &Arc<Source>, rules: Rules) -> Result<Fed, SyntaxError> {
    characters(source)?;
    let fed = feed(source, rules);
    let candidates = tags_before_commas(&fed.text);
    if !candidates.is_empty() {
        refuse_tags_before_commas(&fed, &candidates)?;
    }
    Ok(fed)
}

/// The text as libyaml may have it: without byte order mark, ending in a line break.
fn feed(source: &Arc<Source>, rules: Rules) -> Fed {
    const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    let text = source.text.as_str();
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let base = text.len() - body.len();
    // Spaces after the last line break mean nothing, except at the end of a block scalar that is
    // indented less: there they are dropped too.
    let last_line = body
        .rfind(BREAKS)
        .map_or(0, |at| ceil_boundary(body, at + 1));
    let blank = body
        .get(last_line..)
        .is_some_and(|l| l.chars().all(|c| c == ' '));
    let body = if blank { &body[..last_line] } else { body };
    let own = body.len();
    let mut text = body.to_owned();
    if !text.ends_with(BREAKS) {
        text.push('\n');
    }
    Fed {
        source: Arc::clone(source),
        rules,
        text,
        base,
        own,
    }
}

fn characters(source: &Arc<Source>) -> Result<(), SyntaxError> {
    let bad = source.text.char_indices().find(|(_, c)| {
        !matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}'
            | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    });
    let Some((start, c)) = bad else { return Ok(()) };
    let span = Span {
        source: Arc::clone(source),
        start,
        end: start + c.len_utf8(),
    };
    let code = u32::from(c);
    let error = SyntaxError::new(
        "input/control-character",
        &span,
        format!("the character U+{code:04X} may not stand in a YAML file"),
    );
    Err(if c == '\0' {
        error
            .why("a NUL byte means this is not a text file, or it is UTF-16")
            .help("save the file as UTF-8 text")
    } else {
        error.help(format!(
            "remove it, or write it as an escape in double quotes: \"\\u{code:04x}\""
        ))
    })
}

/// Bytes of every comma that directly follows something that looks like a tag.
fn tags_before_commas(text: &str) -> Vec<usize> {
    const TAG: &[u8] = b"-_;/?:@&=+$.%!~*'()";
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut tag = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'!' => tag = true,
            b',' if tag => {
                found.push(at);
                tag = false;
            }
            b if b.is_ascii_alphanumeric() || TAG.contains(b) => {}
            _ => tag = false,
        }
    }
    found
}

/// Reads the text with a space before each candidate comma: where a tag with an empty value then
/// ends at one of those spaces, libyaml would have panicked.
fn refuse_tags_before_commas(fed: &Fed, commas: &[usize]) -> Result<(), SyntaxError> {
    let mut spaced = String::with_capacity(fed.text.len() + commas.len());
    let mut done = 0;
    for comma in commas {
        spaced.push_str(&fed.text[done..*comma]);
        spaced.push(' ');
        done = *comma;
    }
    spaced.push_str(&fed.text[done..]);
    let original = |index: u64| {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let before = commas
            .iter()
            .enumerate()
            .take_while(|(nth, comma)| *comma + nth < index)
            .count();
        (index - before) as u64
    };
    let mut parser = Parser::new();
    let mut bytes = spaced.as_bytes();
    parser.set_encoding(libyaml_safer::Encoding::Utf8);
    parser.set_input(&mut bytes);
    for event in parser {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                let at = error.problem_mark().map_or(0, |mark| original(mark.index));
                let context = error.context_mark().map(|mark| original(mark.index));
                return Err(explain::explain(fed, &error, (at, context)));
            }
        };
        let EventData::Scalar {
            tag: Some(_),
            value,
            ..
        } = &event.data
        else {
            continue;
        };
        let end = original(event.end_mark.index);
        if value.is_empty() && commas.iter().any(|comma| *comma as u64 == end) {
            let span = fed.span(original(event.start_mark.index), end);
            return Err(SyntaxError::new(
                "input/syntax",
                &span,
                "a tag without a value before `,`",
            )
            .help("write the value after the tag, or put the text in quotes"));
        }
    }
    Ok(())
}

/// The nearest character boundary at or before `index`.
pub(super) fn floor_boundary(text: &str, index: usize) -> usize {
    (0..=index.min(text.len()))
        .rev()
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(0)
}

/// The nearest character boundary at or after `index`.
fn ceil_boundary(text: &str, index: usize) -> usize {
    (index..=text.len())
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(text.len())
}
