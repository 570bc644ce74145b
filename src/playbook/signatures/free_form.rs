//! Text in place of a mapping: `command: echo a creates=/x`, `apt: name=curl state=latest`.
//!
//! The split is made on the text as written, before anything is rendered, so blanks inside
//! `{{ … }}` do not end a word; quotes are kept for the shell and taken off option values.

use super::{FreeForm, Problem, Signature};

/// One word of the text and where it stands.
struct Word {
    start: usize,
    end: usize,
}

impl Signature {
    /// The arguments that a free-form text stands for, in the order written, still templates.
    pub fn free_form(&self, text: &str) -> Result<Vec<(String, String)>, Problem> {
        match self.free_form {
            FreeForm::Whole(argument) => Ok(self
                .options(text)
                .unwrap_or_else(|| vec![(argument.to_owned(), text.trim().to_owned())])),
            FreeForm::Command => Ok(command_line(text, |name| {
                name != "cmd" && name != "argv" && self.argument(name).is_some()
            })),
            FreeForm::Raw => Ok(command_line(text, |name| name == "executable")),
            FreeForm::KeyValue => self.key_values(text),
        }
    }

    /// The arguments, if every word is `k=v` with a name the module knows.
    fn options(&self, text: &str) -> Option<Vec<(String, String)>> {
        words(text)?
            .iter()
            .map(|word| {
                let (name, value) = text.get(word.start..word.end)?.split_once('=')?;
                self.argument(name)?;
                Some((name.to_owned(), unquote(&unescape(value))))
            })
            .collect()
    }

    /// `k=v k=v`.
    fn key_values(&self, text: &str) -> Result<Vec<(String, String)>, Problem> {
        let wrong = |what: String| Problem {
            argument: None,
            what,
            help: Some(format!(
                "write the arguments of `{}` as a mapping",
                self.short()
            )),
        };
        let words = words(text).ok_or_else(|| wrong("unbalanced quotes or `{{`".to_owned()))?;
        words
            .iter()
            .map(|word| {
                let word = text.get(word.start..word.end).unwrap_or_default();
                word.split_once('=')
                    .map(|(k, v)| (k.to_owned(), unquote(&unescape(v))))
                    .ok_or_else(|| {
                        wrong(format!("`{}` takes no free text: `{word}`", self.short()))
                    })
            })
            .collect()
    }
}

/// The options in a command line, and the rest of it as `cmd`.
fn command_line(text: &str, is_option: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    // A text that does not split is a command line as it stands: the shell may know better.
    let words = words(text).unwrap_or_default();
    let mut args = Vec::new();
    let mut rest = String::new();
    let mut kept = 0;
    for word in words {
        let part = text.get(word.start..word.end).unwrap_or_default();
        let Some((name, value)) = part.split_once('=') else {
            continue;
        };
        if !is_option(name) {
            continue;
        }
        args.push((name.to_owned(), unquote(value)));
        let before = text.get(kept..word.start).unwrap_or_default();
        // The blank before the option goes with it.
        rest.push_str(before.strip_suffix(' ').unwrap_or(before));
        kept = word.end;
    }
    rest.push_str(text.get(kept..).unwrap_or_default());
    let rest = rest.trim();
    if !rest.is_empty() {
        args.push(("cmd".to_owned(), rest.to_owned()));
    }
    args
}

/// Words at blanks outside quotes and templates; `None` if one does not end.
fn words(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut depth = 0_u32;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        let blank = c.is_whitespace() && quote.is_none() && depth == 0;
        match (blank, start) {
            (true, Some(from)) => {
                words.push(Word {
                    start: from,
                    end: at,
                });
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
        match (previous, c) {
            ('{', '{' | '%' | '#') => depth += 1,
            ('}' | '%' | '#', '}') => depth = depth.saturating_sub(1),
            ('\\', _) => {}
            (_, '\'' | '"') if depth == 0 => match quote {
                None => quote = Some(c),
                Some(open) if open == c => quote = None,
                Some(_) => {}
            },
            _ => {}
        }
        // `{{{` opens once, and an escaped backslash escapes nothing.
        previous = if matches!((previous, c), ('{', '{') | ('}', '}') | ('\\', '\\')) {
            ' '
        } else {
            c
        };
    }
    if let Some(from) = start {
        words.push(Word {
            start: from,
            end: text.len(),
        });
    }
    (quote.is_none() && depth == 0).then_some(words)
}

/// A value with the escapes of `k=v` text decoded: `\\n`, `\\"`, `\\x41`, `\\u00e9` and their like.
fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (decoded, length) = escape(rest).unwrap_or(('\\', 1));
        out.push(decoded);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// The character that an escape at the start of a text stands for, and the escape's length.
fn escape(text: &str) -> Option<(char, usize)> {
    let kind = text.chars().nth(1)?;
    let coded = |digits: usize| {
        let code = u32::from_str_radix(text.get(2..2 + digits)?, 16).ok()?;
        Some((char::from_u32(code)?, 2 + digits))
    };
    match kind {
        '\\' | '\'' | '"' => Some((kind, 2)),
        'a' => Some(('\u{7}', 2)),
        'b' => Some(('\u{8}', 2)),
        'f' => Some(('\u{c}', 2)),
        'n' => Some(('\n', 2)),
        'r' => Some(('\r', 2)),
        't' => Some(('\t', 2)),
        'v' => Some(('\u{b}', 2)),
        'x' => coded(2),
        'u' => coded(4),
        'U' => coded(8),
        _ => None,
    }
}

/// A value without the quotes around it.
fn unquote(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(inner) = value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
        {
            return inner.to_owned();
        }
    }
    value.to_owned()
}

/// A command line as a list of words by POSIX shell quoting, nothing expanded; the error says
/// what does not end.
pub fn shell_words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or("No closing quotation")? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => double_quoted(&mut chars, word.get_or_insert_default())?,
            '\\' => {
                let c = chars.next().ok_or("No escaped character")?;
                word.get_or_insert_default().push(c);
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// The rest of a word part that opened with `"`.
fn double_quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), &'static str> {
    loop {
        match chars.next().ok_or("No closing quotation")? {
            '"' => return Ok(()),
            '\\' => match chars.next().ok_or("No closing quotation")? {
                c @ ('"' | '\\') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
}
