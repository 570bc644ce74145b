//! `web[01:10:2]` and `db-[a:f]` become the names they stand for, never more than a bound.

use thiserror::Error;

/// The most hosts that one written name may stand for.
pub const MOST_HOSTS: usize = 1_000_000;

/// Letters in the order ranges count them.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Why a range cannot be expanded.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(in crate::inventory) enum RangeError {
    /// A bracket is missing its partner, or a `|` stands in the name.
    #[error("the brackets of the range do not pair up")]
    Brackets,
    /// Not two or three parts.
    #[error("a range is `[begin:end]` or `[begin:end:step]`")]
    Parts,
    /// `[1:]`.
    #[error("a range must say where it ends")]
    NoEnd,
    /// `[01:100]`.
    #[error("with leading zeros, both ends of a range have the same length")]
    Length,
    /// `[c:a]`.
    #[error("a range of letters must not run backwards")]
    Backwards,
    /// `[1:x]`, or a step that is no number or 0.
    #[error("`{0}` is neither a number nor a letter that a range can count")]
    NotANumber(String),
    /// More than [`MOST_HOSTS`].
    #[error("the range stands for more than {MOST_HOSTS} hosts")]
    TooMany,
}

/// All names a text with at least one `[` stands for, in order. A numeric range that runs
/// backwards stands for none, as in Ansible.
pub(in crate::inventory) fn expand(text: &str) -> Result<Vec<String>, RangeError> {
    let mut done = vec![String::new()];
    let mut rest = text;
    while rest.contains('[') {
        let (head, range, tail) = split(rest)?;
        let values = values(range, MOST_HOSTS / done.len().max(1))?;
        done = done
            .iter()
            .flat_map(|name| {
                values
                    .iter()
                    .map(move |value| format!("{name}{head}{value}"))
            })
            .collect();
        rest = tail;
        if done.is_empty() {
            return Ok(done);
        }
    }
    for name in &mut done {
        name.push_str(rest);
    }
    Ok(done)
}

fn split(text: &str) -> Result<(&str, &str, &str), RangeError> {
    let (head, after) = text.split_once('[').ok_or(RangeError::Brackets)?;
    let (range, tail) = after.split_once(']').ok_or(RangeError::Brackets)?;
    let odd = text.contains('|') || head.contains(']') || range.contains('[');
    if odd {
        return Err(RangeError::Brackets);
    }
    Ok((head, range, tail))
}

/// What one range counts through.
fn values(range: &str, most: usize) -> Result<Vec<String>, RangeError> {
    let parts: Vec<&str> = range.split(':').collect();
    let (begin, end, step) = match parts.as_slice() {
        [begin, end] => (*begin, *end, "1"),
        [begin, end, step] => (*begin, *end, *step),
        _ => return Err(RangeError::Parts),
    };
    let begin = if begin.is_empty() { "0" } else { begin };
    if end.is_empty() {
        return Err(RangeError::NoEnd);
    }
    let width = if begin.starts_with('0') && begin.len() > 1 {
        if begin.chars().count() != end.chars().count() {
            return Err(RangeError::Length);
        }
        begin.len()
    } else {
        0
    };
    let step_size = number(step)?;
    if step_size == 0 {
        return Err(RangeError::NotANumber(step.to_owned()));
    }
    if let (Some(from), Some(to)) = (LETTERS.find(begin), LETTERS.find(end)) {
        if from > to {
            return Err(RangeError::Backwards);
        }
        return Ok(letters(from, to, step_size));
    }
    numbers((number(begin)?, number(end)?, step_size), width, most)
}

fn letters(from: usize, to: usize, step: i64) -> Vec<String> {
    let step = usize::try_from(step).unwrap_or(usize::MAX);
    let found = LETTERS[from..=to].chars().map(String::from).step_by(step);
    // A negative step walks away from the end at once.
    if step == usize::MAX {
        Vec::new()
    } else {
        found.collect()
    }
}

fn numbers(bounds: (i64, i64, i64), width: usize, most: usize) -> Result<Vec<String>, RangeError> {
    let (begin, end, step) = bounds;
    let mut found = Vec::new();
    let mut next = Some(begin);
    // Ansible counts to `end + 1`, exclusive, in either direction.
    while let Some(now) = next.filter(|now| {
        if step > 0 {
            *now <= end
        } else {
            *now > end + 1
        }
    }) {
        if found.len() >= most {
            return Err(RangeError::TooMany);
        }
        found.push(format!("{now:0width$}"));
        next = now.checked_add(step);
    }
    Ok(found)
}

fn number(text: &str) -> Result<i64, RangeError> {
    let bounded = |n: &i64| n.unsigned_abs() < u64::from(u32::MAX) * 1000;
    text.trim()
        .parse()
        .ok()
        .filter(bounded)
        .ok_or_else(|| RangeError::NotANumber(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn joined(text: &str) -> String {
        expand(text).map_or_else(|error| error.to_string(), |names| names.join(" "))
    }

    #[test]
    fn counts_as_ansible_does() {
        assert_eq!(joined("a[1:3]"), "a1 a2 a3");
        assert_eq!(joined("a[01:10:4]b"), "a01b a05b a09b");
        assert_eq!(joined("a[:2]"), "a0 a1 a2");
        assert_eq!(joined("[a:c]x"), "ax bx cx");
        assert_eq!(joined("[a:e:2]"), "a c e");
        assert_eq!(joined("[y:B]"), "y z A B");
        assert_eq!(joined("r[1:2]n[a:b]"), "r1na r1nb r2na r2nb");
        assert_eq!(joined("a[3:1]"), "");
        assert_eq!(joined("a[5:1:-2]"), "a5 a3");
        assert_eq!(joined("a[-1:1]"), "a-1 a0 a1");
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |text| expand(text).unwrap_err();
        assert_eq!(error("a[1:"), RangeError::Brackets);
        assert_eq!(error("a[1]"), RangeError::Parts);
        assert_eq!(error("a[1:2:3:4]"), RangeError::Parts);
        assert_eq!(error("a[1:]"), RangeError::NoEnd);
        assert_eq!(error("a[01:100]"), RangeError::Length);
        assert_eq!(error("a[c:a]"), RangeError::Backwards);
        assert_eq!(error("a[1:x]"), RangeError::NotANumber("x".to_owned()));
        assert_eq!(error("a[1:2:0]"), RangeError::NotANumber("0".to_owned()));
        assert_eq!(error("a[1:9999999]"), RangeError::TooMany);
        assert_eq!(error("a[1:2000]b[1:2000]"), RangeError::TooMany);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_overflow(text in "[a-c|]{0,3}(\\[[-0-9a-f:]{0,14}\\]?){1,3}") {
            let found = expand(&text);
            prop_assert!(found.map_or(0, |names| names.len()) <= MOST_HOSTS);
        }
    }
}
