//! What a plain scalar means: `PyYAML`'s safe loader for Ansible, goyaml.v2 for Kubernetes.
//!
//! Sources: `yaml/resolver.py` and `yaml/constructor.py` of `PyYAML` 6.0.3; `goyaml.v2/resolve.go`
//! of sigs.k8s.io/yaml 1.6, which is what kubectl and controllers read with. Timestamps stay
//! strings in both. Integers beyond 64 bits keep every digit as a string under Ansible's rules
//! (Python prints the same digits), and become floats under Kubernetes' (a schema's `maximum`).

use super::super::{Kind, Rules};

/// The meaning of an unquoted scalar.
pub(in crate::input) fn resolve(text: &str, rules: Rules) -> Kind {
    match rules {
        Rules::Ansible => ansible(text),
        Rules::Kubernetes => kubernetes(text),
    }
}

fn ansible(text: &str) -> Kind {
    if let Some(kind) = word(text) {
        return kind;
    }
    match text.as_bytes().first() {
        Some(b'+' | b'-' | b'.' | b'0'..=b'9') => integer(text)
            .or_else(|| float(text))
            .unwrap_or_else(|| Kind::Str(text.to_owned())),
        _ => Kind::Str(text.to_owned()),
    }
}

/// Null, booleans, infinities: the same words in both, except for `y` and `n`.
fn word(text: &str) -> Option<Kind> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Kind::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Kind::Bool(false)
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Kind::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Kind::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Kind::Float(f64::NAN),
        _ => return None,
    })
}

fn signed(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

/// `0b1`, `017`, `0x1f`, `1_000`, `1:30`, each with a sign.
fn integer(text: &str) -> Option<Kind> {
    let (negative, body) = signed(text);
    if body.contains(':') {
        return sexagesimal(negative, body);
    }
    let (radix, digits) = if let Some(rest) = body.strip_prefix("0b") {
        (2, rest)
    } else if let Some(rest) = body.strip_prefix("0x") {
        (16, rest)
    } else if body.len() > 1 && body.starts_with('0') {
        (8, body)
    } else {
        (10, body)
    };
    let fits = |c: char| c.is_digit(radix) || c == '_';
    if digits.is_empty() || !digits.chars().all(fits) || (radix == 10 && digits.starts_with('_')) {
        return None;
    }
    let digits = digits.replace('_', "");
    let Ok(value) = i128::from_str_radix(&digits, radix) else {
        // Too long even for 128 bits; without digits (`0x_`) it is not a number at all.
        return (radix == 10 && !digits.is_empty()).then(|| {
            let sign = if negative { "-" } else { "" };
            Kind::Str(format!("{sign}{digits}"))
        });
    };
    Some(whole(if negative { -value } else { value }))
}

fn whole(value: i128) -> Kind {
    i64::try_from(value).map_or_else(|_| Kind::Str(value.to_string()), Kind::Int)
}

/// `190:20:30`: base 60, as YAML 1.1 has it. `None` if it is not one (then `1:99` is a string).
fn sexagesimal(negative: bool, body: &str) -> Option<Kind> {
    let mut parts = body.split(':');
    let first = parts.next()?;
    let lead = first.starts_with(|c: char| c.is_ascii_digit() && c != '0');
    if !lead || !first.chars().all(|c| c.is_ascii_digit() || c == '_') {
        return None;
    }
    let mut value: i128 = first.replace('_', "").parse().ok()?;
    for part in parts {
        value = value.checked_mul(60)?.checked_add(sixtieth(part)?)?;
    }
    Some(whole(if negative { -value } else { value }))
}

/// `[0-5]?[0-9]`
fn sixtieth(part: &str) -> Option<i128> {
    let ok = match part.as_bytes() {
        [a] => a.is_ascii_digit(),
        [a, b] => (b'0'..=b'5').contains(a) && b.is_ascii_digit(),
        _ => false,
    };
    if ok { part.parse().ok() } else { None }
}

/// `1.5`, `1.e+3`, `.5`, `1:30.5`. `PyYAML` wants a dot, and a sign in the exponent: `1e3` is a
/// string.
fn float(text: &str) -> Option<Kind> {
    let (negative, body) = signed(text);
    let (before, after) = body.split_once('.')?;
    let sign = if negative { -1.0 } else { 1.0 };
    let digits = |s: &str| s.chars().all(|c| c.is_ascii_digit() || c == '_');
    if before.contains(':') {
        let mut parts = before.split(':');
        let first = parts.next()?;
        if !first.starts_with(|c: char| c.is_ascii_digit()) || !digits(first) || !digits(after) {
            return None;
        }
        let mut value: f64 = first.replace('_', "").parse().ok()?;
        for part in parts {
            value = value * 60.0 + f64::from(i32::try_from(sixtieth(part)?).ok()?);
        }
        let rest: f64 = format!("0.{}0", after.replace('_', "")).parse().ok()?;
        return Some(Kind::Float(sign * (value + rest)));
    }
    let (fraction, exponent) = match after.find(['e', 'E']) {
        Some(at) => (&after[..at], Some(&after[at + 1..])),
        None => (after, None),
    };
    let exponent_fits = exponent.is_none_or(|e| {
        e.strip_prefix(['-', '+'])
            .is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
    });
    let lead = |s: &str| s.starts_with(|c: char| c.is_ascii_digit());
    let mantissa_fits = if before.is_empty() {
        lead(fraction) && body.len() == text.len()
    } else {
        lead(before)
    };
    if !exponent_fits || !mantissa_fits || !digits(before) || !digits(fraction) {
        return None;
    }
    let value: f64 = body.replace('_', "").parse().ok()?;
    Some(Kind::Float(sign * value))
}

fn kubernetes(text: &str) -> Kind {
    match text {
        "y" | "Y" => return Kind::Bool(true),
        "n" | "N" => return Kind::Bool(false),
        _ => {}
    }
    if let Some(kind) = word(text) {
        return kind;
    }
    let number = match text.as_bytes().first() {
        Some(b'.') => text.replace('_', "").parse().ok().and_then(json_number),
        Some(b'+' | b'-' | b'0'..=b'9') => go_number(&text.replace('_', "")),
        _ => None,
    };
    number.unwrap_or_else(|| Kind::Str(text.to_owned()))
}

fn go_number(plain: &str) -> Option<Kind> {
    let (negative, body) = signed(plain);
    let lower = body.to_ascii_lowercase();
    let (radix, digits) = if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if !digits.is_empty()
        && digits.chars().all(|c| c.is_digit(radix))
        && let Ok(value) = i128::from_str_radix(digits, radix)
    {
        let value = if negative { -value } else { value };
        if let Ok(value) = i64::try_from(value) {
            return Some(Kind::Int(value));
        }
        return value.to_string().parse().ok().map(Kind::Float);
    }
    let float = body.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && !lower.contains(['x', 'i', 'n'])
        && plain.bytes().all(|b| b"+-.eE0123456789".contains(&b));
    float
        .then(|| plain.parse().ok().and_then(json_number))
        .flatten()
}

/// Go writes the float 1.0 as `1` when it makes JSON of it, so it is an integer here. What is too
/// large for a float is text to Go.
fn json_number(value: f64) -> Option<Kind> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = value.fract() == 0.0 && value.abs() < EXACT;
    Some(if whole {
        Kind::Int(format!("{value:.0}").parse().ok()?)
    } else if value.is_finite() {
        Kind::Float(value)
    } else {
        return None;
    })
}
