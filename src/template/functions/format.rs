//! Python's `'%s' % value`.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

use crate::template::convert;

/// One `%…x` in a format.
#[derive(Default)]
struct Field {
    name: Option<String>,
    left: bool,
    sign: Option<char>,
    zero: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

/// Formats as Python does: a tuple gives several values, a mapping named ones.
pub(in crate::template) fn percent(format: &str, args: &Value) -> Result<String, Error> {
    let values = if args.is_tuple() {
        convert::items(args)?
    } else {
        vec![convert::valid(args.clone())?]
    };
    let mut rest = values.iter();
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        if chars.peek() == Some(&'%') {
            chars.next();
            out.push('%');
            continue;
        }
        let mut star = || rest.next().and_then(Value::as_i64);
        let field = field(&mut chars, &mut star);
        let kind = chars
            .next()
            .ok_or_else(|| wrong("the format ends in a `%`"))?;
        let value = match &field.name {
            Some(name) => args.get_attr(name).and_then(convert::valid)?,
            None => rest
                .next()
                .cloned()
                .ok_or_else(|| wrong("the format has more `%` than there are values"))?,
        };
        out.push_str(&one(&field, kind, &value)?);
    }
    if rest.next().is_some() && args.kind() != ValueKind::Map && !format_is_named(format) {
        return Err(wrong("there are more values than `%` in the format"));
    }
    Ok(out)
}

fn format_is_named(format: &str) -> bool {
    format.contains("%(")
}

fn wrong(text: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, text)
}

fn field(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    star: &mut dyn FnMut() -> Option<i64>,
) -> Field {
    let mut field = Field::default();
    if chars.peek() == Some(&'(') {
        chars.next();
        field.name = Some(chars.by_ref().take_while(|c| *c != ')').collect());
    }
    while let Some(flag) = chars.next_if(|c| matches!(c, '-' | '+' | ' ' | '0' | '#')) {
        match flag {
            '-' => field.left = true,
            '0' => field.zero = true,
            '#' => field.alternate = true,
            sign => field.sign = Some(sign),
        }
    }
    field.width = digits(chars, star).unwrap_or(0);
    if chars.next_if_eq(&'.').is_some() {
        field.precision = Some(digits(chars, star).unwrap_or(0));
    }
    field
}

fn digits(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    star: &mut dyn FnMut() -> Option<i64>,
) -> Option<usize> {
    if chars.next_if_eq(&'*').is_some() {
        return star().and_then(|n| usize::try_from(n).ok());
    }
    let mut text = String::new();
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        text.push(digit);
    }
    // A width is never larger than a page; a template cannot ask for all memory.
    text.parse().ok().map(|n: usize| n.min(10_000))
}

fn one(field: &Field, kind: char, value: &Value) -> Result<String, Error> {
    let cut = |text: String| match field.precision {
        Some(most) => text.chars().take(most).collect(),
        None => text,
    };
    match kind {
        's' => Ok(pad(field, "", &cut(convert::text(value)?), false)),
        'r' | 'a' => Ok(pad(field, "", &cut(convert::repr(value)?), false)),
        'c' => Ok(pad(field, "", &convert::text(value)?, false)),
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' => integer(field, kind, value),
        'f' | 'F' | 'e' | 'E' | 'g' | 'G' => real(field, kind, value),
        _ => Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("`%{kind}` is not a format"),
        )),
    }
}

fn integer(field: &Field, kind: char, value: &Value) -> Result<String, Error> {
    let number = match value.kind() {
        ValueKind::Bool => i128::from(value.is_true()),
        ValueKind::Number if value.is_integer() => i128::try_from(value.clone())?,
        #[expect(clippy::cast_possible_truncation, reason = "Python truncates as well")]
        ValueKind::Number if !matches!(kind, 'x' | 'X' | 'o') => {
            f64::try_from(value.clone())?.trunc() as i128
        }
        _ => {
            return Err(Error::new(
                ErrorKind::InvalidOperation,
                format!(
                    "`%{kind}` needs a number, not {}",
                    crate::template::names::type_words(value)
                ),
            ));
        }
    };
    let size = number.unsigned_abs();
    let (prefix, body) = match kind {
        'x' => ("0x", format!("{size:x}")),
        'X' => ("0X", format!("{size:X}")),
        'o' => ("0o", format!("{size:o}")),
        _ => ("", size.to_string()),
    };
    let body = match field.precision {
        Some(digits) => format!("{body:0>digits$}"),
        None => body,
    };
    let prefix = if field.alternate { prefix } else { "" };
    let lead = format!("{}{prefix}", sign(field, number < 0));
    Ok(pad(field, &lead, &body, true))
}

fn sign(field: &Field, negative: bool) -> String {
    if negative {
        "-".to_owned()
    } else {
        field.sign.map(String::from).unwrap_or_default()
    }
}

fn real(field: &Field, kind: char, value: &Value) -> Result<String, Error> {
    let number = f64::try_from(value.clone()).map_err(|_| wrong("the format needs a number"))?;
    let precision = field.precision.unwrap_or(6);
    let size = number.abs();
    let body = match kind {
        'f' | 'F' => format!("{size:.precision$}"),
        'e' | 'E' => exponent(&format!("{size:.precision$e}")),
        _ => general(size, precision.max(1)),
    };
    let body = if kind.is_ascii_uppercase() {
        body.to_uppercase()
    } else {
        body
    };
    Ok(pad(
        field,
        &sign(field, number.is_sign_negative()),
        &body,
        true,
    ))
}

/// `1e5` as `1e+05`.
fn exponent(text: &str) -> String {
    match text.split_once('e') {
        Some((mantissa, power)) => {
            let power: i32 = power.parse().unwrap_or(0);
            let sign = if power < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", power.abs())
        }
        None => text.to_owned(),
    }
}

fn general(number: f64, digits: usize) -> String {
    let text = format!("{number:.*e}", digits - 1);
    let power: i32 = text
        .split_once('e')
        .and_then(|(_, power)| power.parse().ok())
        .unwrap_or(0);
    let trim = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    let limit = i32::try_from(digits).unwrap_or(i32::MAX);
    if power < -4 || power >= limit {
        let (mantissa, tail) = text.split_once('e').unwrap_or((&text, "0"));
        exponent(&format!("{}e{tail}", trim(mantissa)))
    } else {
        let places = usize::try_from(limit - 1 - power).unwrap_or(0);
        trim(&format!("{number:.places$}"))
    }
}

fn pad(field: &Field, lead: &str, body: &str, number: bool) -> String {
    let length = lead.chars().count() + body.chars().count();
    let missing = field.width.saturating_sub(length);
    if field.left {
        format!("{lead}{body}{}", " ".repeat(missing))
    } else if field.zero && number {
        format!("{lead}{}{body}", "0".repeat(missing))
    } else {
        format!("{}{lead}{body}", " ".repeat(missing))
    }
}
