//! How the `template` module wants a file rendered, and the `#jinja2:` line that overrides it.

use minijinja::syntax::SyntaxConfig;

use super::rewrite::Marks;
use crate::diagnostic::Diagnostic;
use crate::input::Json;

/// Options of a rendered text. The default is the `template` module's.
#[derive(Clone, Debug)]
pub struct TextOptions {
    /// The first newline after a block is removed.
    pub trim_blocks: bool,
    /// Whitespace before a block is removed.
    pub lstrip_blocks: bool,
    /// The engine keeps the last newline of the text. It does not by default, as in Ansible, which
    /// adds what the result then has fewer than the text: after a value that ends with a newline
    /// there is one, not two.
    pub keep_trailing_newline: bool,
    /// What ends lines in the result: `\n`, `\r` or `\r\n`.
    pub newline: String,
    /// The marks around variables: `{{` and `}}`.
    pub variable_marks: (String, String),
    /// The marks around statements: `{%` and `%}`.
    pub block_marks: (String, String),
    /// The marks around comments: `{#` and `#}`.
    pub comment_marks: (String, String),
    /// Variables only this text sees: `template_destpath`, the lookup's `template_vars`.
    pub variables: Vec<(String, Json)>,
}

impl Default for TextOptions {
    fn default() -> Self {
        let marks = Marks::default();
        Self {
            trim_blocks: true,
            lstrip_blocks: false,
            keep_trailing_newline: false,
            newline: "\n".to_owned(),
            variable_marks: marks.variable,
            block_marks: marks.block,
            comment_marks: marks.comment,
            variables: Vec::new(),
        }
    }
}

impl TextOptions {
    pub(super) fn marks(&self) -> Marks {
        Marks {
            variable: self.variable_marks.clone(),
            block: self.block_marks.clone(),
            comment: self.comment_marks.clone(),
        }
    }

    /// The engine's configuration for them.
    pub(super) fn syntax(&self) -> Result<SyntaxConfig, minijinja::Error> {
        let pair = |pair: &(String, String)| (pair.0.clone(), pair.1.clone());
        let (variable, block, comment) = (
            pair(&self.variable_marks),
            pair(&self.block_marks),
            pair(&self.comment_marks),
        );
        SyntaxConfig::builder()
            .variable_delimiters(variable.0, variable.1)
            .block_delimiters(block.0, block.1)
            .comment_delimiters(comment.0, comment.1)
            .trim_blocks(self.trim_blocks)
            .lstrip_blocks(self.lstrip_blocks)
            .keep_trailing_newline(self.keep_trailing_newline)
            .build()
    }

    /// Takes the `#jinja2:` line of a text; gives where the text starts after it.
    pub(super) fn take_header(&mut self, text: &str) -> Result<usize, Diagnostic> {
        let Some(rest) = text.strip_prefix("#jinja2:") else {
            return Ok(0);
        };
        let line = rest.lines().next().unwrap_or_default();
        for part in split_outside_quotes(line) {
            let Some((key, value)) = part.split_once(':') else {
                return Err(wrong(&format!("`{}` is not `key: value`", part.trim())));
            };
            self.set(key.trim(), value.trim())?;
        }
        let after = "#jinja2:".len() + line.len();
        Ok(after + text[after..].find('\n').map_or(0, |at| at + 1))
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), Diagnostic> {
        let text = || unquoted(value);
        let flag = || match value {
            "True" | "true" => Ok(true),
            "False" | "false" => Ok(false),
            _ => Err(wrong(&format!(
                "`{key}` is `True` or `False`, not `{value}`"
            ))),
        };
        match key {
            "trim_blocks" => self.trim_blocks = flag()?,
            "lstrip_blocks" => self.lstrip_blocks = flag()?,
            "keep_trailing_newline" => self.keep_trailing_newline = flag()?,
            "newline_sequence" => self.newline = text().replace("\\r", "\r").replace("\\n", "\n"),
            "variable_start_string" => self.variable_marks.0 = text(),
            "variable_end_string" => self.variable_marks.1 = text(),
            "block_start_string" => self.block_marks.0 = text(),
            "block_end_string" => self.block_marks.1 = text(),
            "comment_start_string" => self.comment_marks.0 = text(),
            "comment_end_string" => self.comment_marks.1 = text(),
            _ => return Err(wrong(&format!("there is no option `{key}`"))),
        }
        Ok(())
    }
}

fn wrong(what: &str) -> Diagnostic {
    Diagnostic::error(
        "template/header",
        format!("the `#jinja2:` line is not valid: {what}"),
    )
}

fn unquoted(value: &str) -> String {
    let bare = ['\'', '"'].iter().find_map(|quote| {
        value
            .strip_prefix(*quote)
            .and_then(|rest| rest.strip_suffix(*quote))
    });
    bare.unwrap_or(value).to_owned()
}

/// Splits at commas that are not inside quotes.
fn split_outside_quotes(line: &str) -> Vec<&str> {
    let (mut quote, mut start, mut parts) = (None, 0, Vec::new());
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, ',') => {
                parts.push(&line[start..at]);
                start = at + 1;
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    parts.push(&line[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}
