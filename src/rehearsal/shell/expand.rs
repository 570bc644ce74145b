//! From words to arguments: parameters, substitution, splitting, globbing, arithmetic.

use super::run::{Flow, Shell};
use super::syntax::{Part, Quoted, Word};
use crate::rehearsal::process::Process;

impl Shell {
    /// A word as any number of arguments.
    #[expect(clippy::too_many_lines, reason = "one case of a table per line")]
    pub(super) fn fields(
        &mut self,
        process: &mut Process<'_>,
        word: &Word,
    ) -> Result<Vec<String>, Flow> {
        let mut fields: Vec<(String, bool)> = Vec::new();
        let mut open = false;
        for part in word {
            if let Part::Parameter {
                name,
                operator,
                quoted: Quoted::Yes,
                ..
            } = part
                && name == "@"
                && operator.is_empty()
            {
                for (at, argument) in self.arguments.clone().into_iter().enumerate() {
                    if at == 0 && open {
                        if let Some(last) = fields.last_mut() {
                            last.0.push_str(&argument);
                        }
                    } else {
                        fields.push((argument, false));
                    }
                    open = true;
                }
                continue;
            }
            let (text, quoted) = self.value(process, part)?;
            let literal = matches!(part, Part::Text(..));
            if quoted == Quoted::Yes || literal {
                let globs = quoted == Quoted::No && text.contains(['*', '?', '[']);
                // Quotes make a field even when they are empty.
                match fields.last_mut().filter(|_| open) {
                    Some(last) => {
                        last.0.push_str(&text);
                        last.1 |= globs;
                    }
                    None => fields.push((text, globs)),
                }
                open = true;
                continue;
            }
            let starts_blank = text.starts_with([' ', '\t', '\n']);
            let ends_blank = text.ends_with([' ', '\t', '\n']);
            for (at, piece) in text.split_whitespace().enumerate() {
                match fields
                    .last_mut()
                    .filter(|_| open && at == 0 && !starts_blank)
                {
                    Some(last) => last.0.push_str(piece),
                    None => fields.push((piece.to_owned(), piece.contains(['*', '?']))),
                }
                open = true;
            }
            if ends_blank {
                open = false;
            }
        }
        Ok(fields
            .into_iter()
            .flat_map(|(text, globs)| {
                if globs {
                    glob(process, &text)
                } else {
                    vec![tilde(process, text)]
                }
            })
            .collect())
    }

    /// A word as one text, neither split nor globbed.
    pub(super) fn text(&mut self, process: &mut Process<'_>, word: &Word) -> Result<String, Flow> {
        let mut out = String::new();
        for part in word {
            out.push_str(&self.value(process, part)?.0);
        }
        Ok(out)
    }

    fn value(&mut self, process: &mut Process<'_>, part: &Part) -> Result<(String, Quoted), Flow> {
        Ok(match part {
            Part::Text(text, quoted) => (text.clone(), *quoted),
            Part::Command(script, quoted) => (self.substitute(process, script)?, *quoted),
            Part::Arithmetic(text) => (self.arithmetic(process, text)?, Quoted::Yes),
            Part::Parameter {
                name,
                operator,
                operand,
                quoted,
            } => {
                let value = self.parameter(process, name);
                let empty = value.as_ref().is_none_or(String::is_empty);
                let missing = if operator.starts_with(':') {
                    empty
                } else {
                    value.is_none()
                };
                let text = match operator.trim_start_matches(':') {
                    "" if value.is_none() && self.strict => {
                        return Err(self.complain(process, &format!("{name}: parameter not set")));
                    }
                    "" => value.unwrap_or_default(),
                    "length" => value.unwrap_or_default().chars().count().to_string(),
                    "-" if missing => self.text(process, operand)?,
                    "=" if missing => {
                        let text = self.text(process, operand)?;
                        process.env.insert(name.clone(), text.clone());
                        text
                    }
                    "?" if missing => {
                        let text = self.text(process, operand)?;
                        return Err(self.complain(process, &format!("{name}: {text}")));
                    }
                    "+" if missing => String::new(),
                    "+" => self.text(process, operand)?,
                    "%" | "%%" | "#" | "##" => {
                        let pattern = self.text(process, operand)?;
                        trim(&value.unwrap_or_default(), operator, &pattern)
                    }
                    _ => value.unwrap_or_default(),
                };
                (text, *quoted)
            }
        })
    }

    fn parameter(&self, process: &Process<'_>, name: &str) -> Option<String> {
        match name {
            "?" => Some(self.status.to_string()),
            "#" => Some(self.arguments.len().to_string()),
            "@" | "*" => Some(self.arguments.join(" ")),
            "$" => Some(process.pid.to_string()),
            "!" | "-" => Some(String::new()),
            "0" => Some("sh".to_owned()),
            "PWD" => Some(process.cwd.clone()),
            _ => match name.parse::<usize>() {
                Ok(nth) => self.arguments.get(nth.wrapping_sub(1)).cloned(),
                Err(_) => process.env.get(name).cloned(),
            },
        }
    }

    /// Sums and comparisons of whole numbers, left to right by precedence.
    fn arithmetic(&mut self, process: &mut Process<'_>, text: &str) -> Result<String, Flow> {
        let spaced = ["+", "-", "*", "/", "%", "(", ")"]
            .iter()
            .fold(text.to_owned(), |t, op| t.replace(op, &format!(" {op} ")));
        let tokens: Vec<String> = spaced
            .split_whitespace()
            .map(|token| {
                let name = token.trim_start_matches('$');
                match name.chars().next() {
                    Some(c) if c.is_ascii_alphabetic() || c == '_' => self
                        .parameter(process, name)
                        .filter(|v| !v.is_empty())
                        .unwrap_or_else(|| "0".to_owned()),
                    _ => name.to_owned(),
                }
            })
            .collect();
        let mut at = 0;
        match sum(&tokens, &mut at).filter(|_| at == tokens.len()) {
            Some(number) => Ok(number.to_string()),
            None => Err(self.complain(process, &format!("arithmetic expression: `{text}`"))),
        }
    }
}

fn sum(tokens: &[String], at: &mut usize) -> Option<i64> {
    let mut left = product(tokens, at)?;
    while let Some(operator) = tokens.get(*at).filter(|t| *t == "+" || *t == "-") {
        *at += 1;
        let right = product(tokens, at)?;
        left = if operator == "+" {
            left.checked_add(right)?
        } else {
            left.checked_sub(right)?
        };
    }
    Some(left)
}

fn product(tokens: &[String], at: &mut usize) -> Option<i64> {
    let mut left = factor(tokens, at)?;
    while let Some(operator) = tokens
        .get(*at)
        .filter(|t| ["*", "/", "%"].contains(&t.as_str()))
    {
        *at += 1;
        let right = factor(tokens, at)?;
        left = match operator.as_str() {
            "*" => left.checked_mul(right)?,
            "/" => left.checked_div(right)?,
            _ => left.checked_rem(right)?,
        };
    }
    Some(left)
}

fn factor(tokens: &[String], at: &mut usize) -> Option<i64> {
    let token = tokens.get(*at)?;
    *at += 1;
    match token.as_str() {
        "-" => Some(-factor(tokens, at)?),
        "(" => {
            let inner = sum(tokens, at)?;
            *at += 1;
            Some(inner)
        }
        number => number.parse().ok(),
    }
}

fn tilde(process: &Process<'_>, text: String) -> String {
    match text.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            format!(
                "{}{rest}",
                process.env.get("HOME").map_or("", String::as_str)
            )
        }
        _ => text,
    }
}

/// The paths a pattern matches, or the pattern itself.
fn glob(process: &Process<'_>, pattern: &str) -> Vec<String> {
    let absolute = pattern.starts_with('/');
    let mut found = vec![String::new()];
    for name in pattern.split('/').filter(|name| !name.is_empty()) {
        let mut next = Vec::new();
        for at in found {
            let prefix = if at.is_empty() && !absolute {
                String::new()
            } else {
                format!("{at}/")
            };
            if !name.contains(['*', '?', '[']) {
                if process.exists(&format!("{prefix}{name}")) {
                    next.push(format!("{prefix}{name}"));
                }
                continue;
            }
            let directory = process.path(if prefix.is_empty() { "." } else { &prefix });
            for entry in process
                .host
                .tree
                .names(&process.caller, &directory)
                .unwrap_or_default()
            {
                if glob_matches(name, &entry) && (name.starts_with('.') || !entry.starts_with('.'))
                {
                    next.push(format!("{prefix}{entry}"));
                }
            }
        }
        found = next;
    }
    if found.is_empty() {
        vec![pattern.to_owned()]
    } else {
        found
    }
}

/// Whether a shell pattern matches a whole text.
pub fn glob_matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    matches(&pattern, &text)
}

fn matches(pattern: &[char], text: &[char]) -> bool {
    match pattern.first() {
        None => text.is_empty(),
        Some('*') => (0..=text.len()).any(|skip| matches(&pattern[1..], &text[skip..])),
        Some('?') => !text.is_empty() && matches(&pattern[1..], &text[1..]),
        Some('[') => match pattern.iter().skip(2).position(|c| *c == ']') {
            Some(end) => {
                let set = &pattern[1..end + 2];
                let (negated, set) = match set.first() {
                    Some('!') => (true, &set[1..]),
                    _ => (false, set),
                };
                let hit = text.first().is_some_and(|c| in_set(set, *c) != negated);
                hit && matches(&pattern[end + 3..], &text[1..])
            }
            None => text.first() == Some(&'[') && matches(&pattern[1..], &text[1..]),
        },
        Some(letter) => text.first() == Some(letter) && matches(&pattern[1..], &text[1..]),
    }
}

fn in_set(set: &[char], letter: char) -> bool {
    let ranges = set
        .windows(3)
        .any(|w| w[1] == '-' && w[0] <= letter && letter <= w[2]);
    ranges || set.contains(&letter)
}

fn trim(value: &str, operator: &str, pattern: &str) -> String {
    let cuts: Vec<usize> = value
        .char_indices()
        .map(|(at, _)| at)
        .chain([value.len()])
        .collect();
    let mut hits: Vec<usize> = cuts
        .into_iter()
        .filter(|at| {
            let part = if operator.starts_with('%') {
                &value[*at..]
            } else {
                &value[..*at]
            };
            glob_matches(pattern, part)
        })
        .collect();
    // The shortest suffix and the longest prefix are the last cuts.
    if operator == "%" || operator == "##" {
        hits.reverse();
    }
    match hits.first() {
        Some(at) if operator.starts_with('%') => value[..*at].to_owned(),
        Some(at) => value[*at..].to_owned(),
        None => value.to_owned(),
    }
}
