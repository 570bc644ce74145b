//! Words: quotes, `$…` and backslashes.

use super::parse::Parser;
use super::syntax::{Part, Quoted, Word};

/// Characters that end an unquoted word.
const ENDS: &str = " \t\n;&|<>()";

impl Parser {
    /// The next word; `None` if there is none here.
    pub(super) fn word(&mut self) -> Result<Option<Word>, String> {
        self.blanks();
        let mut parts = Vec::new();
        let start = self.at;
        while let Some(letter) = self.peek() {
            if ENDS.contains(letter) {
                break;
            }
            self.part(letter, &mut parts)?;
        }
        Ok((self.at > start).then_some(parts))
    }

    fn part(&mut self, letter: char, parts: &mut Word) -> Result<(), String> {
        match letter {
            '\'' => {
                self.at += 1;
                let text = self.until('\'')?;
                parts.push(Part::Text(text, Quoted::Yes));
            }
            '"' => {
                self.at += 1;
                self.double_quoted(parts, Some('"'))?;
            }
            '\\' => {
                self.at += 1;
                match self.next() {
                    Some('\n') | None => {}
                    Some(c) => parts.push(Part::Text(c.to_string(), Quoted::Yes)),
                }
            }
            '$' => {
                self.at += 1;
                let part = self.dollar(Quoted::No)?;
                parts.push(part);
            }
            '`' => {
                self.at += 1;
                let text = self.until('`')?;
                parts.push(Part::Command(text, Quoted::No));
            }
            c => {
                self.at += 1;
                match parts.last_mut() {
                    Some(Part::Text(text, Quoted::No)) => text.push(c),
                    _ => parts.push(Part::Text(c.to_string(), Quoted::No)),
                }
            }
        }
        Ok(())
    }

    /// Text in double quotes, or a here-document's (`end` is `None`: to the end).
    pub(super) fn double_quoted(
        &mut self,
        parts: &mut Word,
        end: Option<char>,
    ) -> Result<(), String> {
        let mut text = String::new();
        loop {
            let Some(letter) = self.next() else {
                if end.is_some() {
                    return Err("unterminated quoted string".to_owned());
                }
                break;
            };
            match letter {
                c if Some(c) == end => break,
                '\\' => match self.next() {
                    Some('\n') => {}
                    Some(c @ ('$' | '`' | '\\')) => text.push(c),
                    Some('"') if end.is_some() => text.push('"'),
                    Some(c) => text.extend(['\\', c]),
                    None => text.push('\\'),
                },
                '$' => {
                    parts.push(Part::Text(std::mem::take(&mut text), Quoted::Yes));
                    let part = self.dollar(Quoted::Yes)?;
                    parts.push(part);
                }
                '`' => {
                    parts.push(Part::Text(std::mem::take(&mut text), Quoted::Yes));
                    let script = self.until('`')?;
                    parts.push(Part::Command(script, Quoted::Yes));
                }
                c => text.push(c),
            }
        }
        parts.push(Part::Text(text, Quoted::Yes));
        Ok(())
    }

    /// What follows a `$`.
    fn dollar(&mut self, quoted: Quoted) -> Result<Part, String> {
        match self.peek() {
            Some('(') if self.ahead(1) == Some('(') => {
                self.at += 2;
                let text = self.balanced()?;
                if self.next() != Some(')') {
                    return Err("missing `))`".to_owned());
                }
                Ok(Part::Arithmetic(text))
            }
            Some('(') => {
                self.at += 1;
                Ok(Part::Command(self.balanced()?, quoted))
            }
            Some('{') => {
                self.at += 1;
                self.braced(quoted)
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
                Ok(parameter(name, quoted))
            }
            Some(c) if c.is_ascii_digit() || "@*#?$!-".contains(c) => {
                self.at += 1;
                Ok(parameter(c.to_string(), quoted))
            }
            _ => Ok(Part::Text("$".to_owned(), Quoted::Yes)),
        }
    }

    fn braced(&mut self, quoted: Quoted) -> Result<Part, String> {
        if self.peek() == Some('#') && self.ahead(1) != Some('}') {
            self.at += 1;
            let name = self.until('}')?;
            return Ok(Part::Parameter {
                name,
                operator: "length".to_owned(),
                operand: Vec::new(),
                quoted,
            });
        }
        let mut name = self.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        if name.is_empty() {
            name = self.next().map(String::from).unwrap_or_default();
        }
        let mut operator = String::new();
        if self.peek() == Some(':') {
            operator.push(':');
            self.at += 1;
        }
        while let Some(c) = self
            .peek()
            .filter(|c| "-=+?%#".contains(*c) && operator.len() < 2)
        {
            operator.push(c);
            self.at += 1;
            if !"%#".contains(c) {
                break;
            }
        }
        let mut operand = Vec::new();
        while let Some(letter) = self.peek() {
            if letter == '}' {
                self.at += 1;
                return if operator == ":" || (operator.is_empty() && !operand.is_empty()) {
                    Err(format!("`${{{name}…}}` is not supported"))
                } else {
                    Ok(Part::Parameter {
                        name,
                        operator,
                        operand,
                        quoted,
                    })
                };
            }
            self.part(letter, &mut operand)?;
        }
        Err("missing `}`".to_owned())
    }

    /// To the closing parenthesis, quotes and nested parentheses skipped.
    fn balanced(&mut self) -> Result<String, String> {
        let start = self.at;
        let mut depth = 1;
        while let Some(letter) = self.next() {
            match letter {
                '(' => depth += 1,
                ')' => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(self.text(start, self.at - 1));
                    }
                }
                '\'' => {
                    self.until('\'')?;
                }
                '"' => self.double_quoted(&mut Vec::new(), Some('"'))?,
                '\\' => self.at += 1,
                _ => {}
            }
        }
        Err("missing `)`".to_owned())
    }
}

const fn parameter(name: String, quoted: Quoted) -> Part {
    Part::Parameter {
        name,
        operator: String::new(),
        operand: Vec::new(),
        quoted,
    }
}

/// The words of a line without substitutions (systemd's `ExecStart`).
pub fn split_words(line: &str) -> Option<Vec<String>> {
    let mut parser = Parser::new(line);
    let mut words = Vec::new();
    while let Ok(Some(word)) = parser.word() {
        let text = word.into_iter().map(|part| match part {
            Part::Text(text, _) => Some(text),
            _ => None,
        });
        words.push(text.collect::<Option<String>>()?);
    }
    Some(words)
}
