//! `is version(…)`: loose, strict, semantic and PEP 440 versions.

use std::cmp::Ordering;

use minijinja::{Error, Value};

use super::Table;
use crate::template::call::Call;

pub(super) const TABLE: Table = &[("version", version), ("version_compare", version)];

/// A part of a loose version.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Number(u64),
    Word(String),
}

/// `version(other, operator='eq', strict=none, version_type=none)`.
fn version(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(4, &["version", "operator", "strict", "version_type"])?;
    let left = call.text()?;
    let right = call.need_text(1, "version")?;
    let operator = call.text_or(2, "operator", "eq")?;
    let strict = call.flag(3, "strict");
    let kind = call.text_or(4, "version_type", if strict { "strict" } else { "loose" })?;
    let wanted: fn(Ordering) -> bool = match operator.as_str() {
        "==" | "=" | "eq" => |order| order == Ordering::Equal,
        "!=" | "<>" | "ne" => |order| order != Ordering::Equal,
        "<" | "lt" => |order| order == Ordering::Less,
        "<=" | "le" => |order| order != Ordering::Greater,
        ">" | "gt" => |order| order == Ordering::Greater,
        ">=" | "ge" => |order| order != Ordering::Less,
        other => return Err(call.fail(&format!("does not know the operator `{other}`"))),
    };
    if left.is_empty() || right.is_empty() {
        return Err(call.fail("needs two versions that are not empty"));
    }
    let order = match kind.as_str() {
        "loose" => loose(call, &left, &right)?,
        "strict" => strict_order(call, &left, &right)?,
        "semver" | "semantic" => semantic(call, &left, &right)?,
        "pep440" => pep440(&left).cmp(&pep440(&right)),
        other => return Err(call.fail(&format!("does not know the version type `{other}`"))),
    };
    Ok(Value::from(wanted(order)))
}

/// Runs of digits are numbers, runs of letters words, dots only part; other signs are words.
fn parts(text: &str) -> Vec<Part> {
    let class = |c: char| match c {
        '0'..='9' => 0,
        'a'..='z' => 1,
        '.' => 2,
        _ => 3,
    };
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest
            .find(|c| class(c) != class(first) || class(c) == 2)
            .filter(|end| *end > 0)
            .unwrap_or(if class(first) == 2 { 1 } else { rest.len() });
        let (word, tail) = rest.split_at(end);
        match class(first) {
            0 => found.push(
                word.parse()
                    .map_or_else(|_| Part::Word(word.to_owned()), Part::Number),
            ),
            2 => {}
            _ => found.push(Part::Word(word.to_owned())),
        }
        rest = tail;
    }
    found
}

fn loose(call: &Call<'_, '_, '_>, left: &str, right: &str) -> Result<Ordering, Error> {
    let (left, right) = (parts(left), parts(right));
    for pair in left.iter().zip(&right) {
        let order = match pair {
            (Part::Number(a), Part::Number(b)) => a.cmp(b),
            (Part::Word(a), Part::Word(b)) => a.cmp(b),
            _ => {
                return Err(call.fail(
                    "cannot compare these versions: a number stands where the other has a word",
                ));
            }
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(left.len().cmp(&right.len()))
}

/// `1.2`, `1.2.3`, `1.2.3a1`, `1.2b3`.
fn strict_order(call: &Call<'_, '_, '_>, left: &str, right: &str) -> Result<Ordering, Error> {
    let read = |text: &str| -> Option<([u64; 3], (bool, char, u64))> {
        let split = text.find(['a', 'b']);
        let (numbers, pre) = text.split_at(split.unwrap_or(text.len()));
        let mut out = [0; 3];
        let parts: Vec<&str> = numbers.split('.').collect();
        if !(2..=3).contains(&parts.len()) {
            return None;
        }
        for (slot, part) in out.iter_mut().zip(parts) {
            *slot = part.parse().ok()?;
        }
        let pre = match pre.chars().next() {
            Some(letter) => (false, letter, pre[1..].parse().ok()?),
            None => (true, ' ', 0),
        };
        Some((out, pre))
    };
    let parse = |text: &str| {
        read(text).ok_or_else(|| call.fail(&format!("needs a strict version, not `{text}`")))
    };
    Ok(parse(left)?.cmp(&parse(right)?))
}

/// Semantic versioning 2.0.0; build metadata does not count.
fn semantic(call: &Call<'_, '_, '_>, left: &str, right: &str) -> Result<Ordering, Error> {
    let read = |text: &str| -> Option<(Vec<u64>, Vec<String>)> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let text = text.split('+').next()?;
        let (core, pre) = text.split_once('-').unwrap_or((text, ""));
        let core: Vec<u64> = core
            .split('.')
            .map(|n| n.parse().ok())
            .collect::<Option<_>>()?;
        if core.len() != 3 {
            return None;
        }
        let pre = if pre.is_empty() {
            Vec::new()
        } else {
            pre.split('.').map(str::to_owned).collect()
        };
        Some((core, pre))
    };
    let parse = |text: &str| {
        read(text).ok_or_else(|| call.fail(&format!("needs a semantic version, not `{text}`")))
    };
    let ((a, pre_a), (b, pre_b)) = (parse(left)?, parse(right)?);
    Ok(a.cmp(&b)
        .then_with(|| match (pre_a.is_empty(), pre_b.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                for (x, y) in pre_a.iter().zip(&pre_b) {
                    let order = match (x.parse::<u64>(), y.parse::<u64>()) {
                        (Ok(x), Ok(y)) => x.cmp(&y),
                        (Ok(_), Err(_)) => Ordering::Less,
                        (Err(_), Ok(_)) => Ordering::Greater,
                        _ => x.cmp(y),
                    };
                    if order != Ordering::Equal {
                        return order;
                    }
                }
                pre_a.len().cmp(&pre_b.len())
            }
        }))
}

/// A key that sorts PEP 440 versions: epoch, release, then dev < a < b < rc < final < post.
fn pep440(text: &str) -> (u64, Vec<u64>, Vec<(i8, u64)>) {
    let text = text.trim().to_lowercase();
    let text = text.strip_prefix('v').unwrap_or(&text);
    let text = text.split('+').next().unwrap_or_default();
    let (epoch, text) = text.split_once('!').unwrap_or(("0", text));
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (release, tail) = text.split_at(end);
    let mut release: Vec<u64> = release
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    while release.last() == Some(&0) {
        release.pop();
    }
    let mut marks = Vec::new();
    for part in parts(&tail.replace(['-', '_'], ".")) {
        match part {
            Part::Word(word) => marks.push((
                match word.as_str() {
                    "dev" => -4,
                    "a" | "alpha" => -3,
                    "b" | "beta" => -2,
                    "rc" | "c" | "pre" | "preview" => -1,
                    _ => 1,
                },
                0,
            )),
            Part::Number(number) => match marks.last_mut() {
                Some(mark) => mark.1 = number,
                None => marks.push((1, number)),
            },
        }
    }
    marks.push((0, 0));
    (epoch.parse().unwrap_or(0), release, marks)
}
