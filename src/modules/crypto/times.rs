//! Times as the certificate modules take them: `+825d`, `+1w2d`, `20301231235959Z`.

use crate::modules::{Failure, dates};

/// Seconds since 1970.
pub fn absolute(text: &str, now: i64) -> Result<i64, Failure> {
    let text = text.trim();
    if text.starts_with(['+', '-']) {
        return Ok(now + relative(text)?);
    }
    let bare = text.strip_suffix('Z').unwrap_or(text);
    ["%Y%m%d%H%M%S", "%Y%m%d%H%M"]
        .iter()
        .find_map(|format| dates::parse(bare, format))
        .ok_or_else(|| Failure::msg(format!("The time \"{text}\" is not valid")))
}

/// Seconds of a span with a sign before it (or none).
pub fn relative(text: &str) -> Result<i64, Failure> {
    let bad = || {
        Failure::msg(format!("The relative time \"{text}\" is not valid"))
            .help("write for instance `+825d` or `+1w2d3h`")
    };
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let mut total = 0_i64;
    let mut digits = String::new();
    for c in text.trim_start_matches(['+', '-']).chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c {
            'w' => 604_800,
            'd' => 86400,
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return Err(bad()),
        };
        let count: i64 = digits.parse().map_err(|_| bad())?;
        total = count
            .checked_mul(unit)
            .and_then(|s| total.checked_add(s))
            .ok_or_else(bad)?;
        digits.clear();
    }
    if digits.is_empty() {
        Ok(sign * total)
    } else {
        Err(bad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_dates() {
        assert_eq!(absolute("+1d2h", 10).unwrap(), 10 + 86400 + 7200);
        assert_eq!(absolute("19700102000000Z", 0).unwrap(), 86400);
        assert!(absolute("tomorrow", 0).is_err());
        assert!(relative("+5").is_err());
    }
}
