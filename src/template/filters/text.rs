//! Filters on text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::Table;
use crate::template::call::Call;
use crate::template::convert;
use crate::template::functions::percent;

pub(super) const TABLE: Table = &[
    ("trim", trim),
    ("replace", replace),
    ("indent", indent),
    ("split", split),
    ("quote", quote),
    ("b64encode", b64encode),
    ("b64decode", b64decode),
    ("comment", comment),
    ("format", format_values),
    ("center", center),
    ("truncate", truncate),
    ("wordcount", wordcount),
    ("wordwrap", wordwrap),
    ("upper", upper),
    ("lower", lower),
    ("capitalize", capitalize),
    ("title", title),
    ("pprint", pprint),
    ("escape", html),
    ("e", html),
];

/// The same for a test's or filter's fully-qualified name.
fn upper(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(call.text()?.to_uppercase()))
}

fn lower(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(call.text()?.to_lowercase()))
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        Some(first) => first
            .to_uppercase()
            .chain(chars.flat_map(char::to_lowercase))
            .collect(),
        None => String::new(),
    }
}

fn capitalize(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(capitalized(&call.text()?)))
}

/// Jinja's title: words start after whitespace, `-`, and brackets.
fn title(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    Ok(Value::from(
        text.split_inclusive(|c: char| c.is_whitespace() || "-({[<".contains(c))
            .map(capitalized)
            .collect::<String>(),
    ))
}

fn pprint(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    convert::repr(&call.value()).map(Value::from)
}

fn html(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call
        .text()?
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&#39;")
        .replace('"', "&#34;");
    Ok(Value::from(text))
}

fn trim(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(1, &["chars"])?;
    let text = call.text()?;
    Ok(
        match call.arg(1, "chars").filter(|chars| !chars.is_none()) {
            Some(chars) => {
                let chars = convert::text(&chars)?;
                Value::from(text.trim_matches(|c| chars.contains(c)))
            }
            None => Value::from(text.trim()),
        },
    )
}

fn replace(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(3, &["old", "new", "count"])?;
    let text = call.text()?;
    let old = call.need_text(1, "old")?;
    let new = call.need_text(2, "new")?;
    Ok(Value::from(match call.int(3, "count")? {
        Some(count) if count >= 0 => text.replacen(&old, &new, usize::try_from(count).unwrap_or(0)),
        _ => text.replace(&old, &new),
    }))
}

/// `indent(width=4, first=false, blank=false)`; the width may be a text. `indentfirst` is Jinja 2's
/// name of `first`: Nautes' templates are written with it, and Jinja 3 has it no longer.
fn indent(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(3, &["width", "first", "blank", "indentfirst"])?;
    let text = call.text()?;
    let lead = match call.arg(1, "width") {
        Some(width) if width.kind() == ValueKind::String => convert::text(&width)?,
        _ => " ".repeat(usize::try_from(call.int(1, "width")?.unwrap_or(4)).unwrap_or(0)),
    };
    let blank = call.flag(3, "blank");
    let ends = text.ends_with('\n');
    let mut out = String::new();
    // As Jinja: a newline is added before the text is split, so that the last line counts.
    let lines: Vec<&str> = text.lines().chain(ends.then_some("")).collect();
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            out.push('\n');
            if blank || !line.is_empty() {
                out.push_str(&lead);
            }
        }
        out.push_str(line);
    }
    let old_name = call
        .named("indentfirst")
        .is_some_and(|value| value.is_true());
    if call.flag(2, "first") || old_name {
        out.insert_str(0, &lead);
    }
    Ok(Value::from(out))
}

fn split(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let parts: Vec<Value> = match call.arg(1, "sep").filter(|sep| !sep.is_none()) {
        Some(sep) => {
            let sep = convert::text(&sep)?;
            if sep.is_empty() {
                return Err(call.fail("needs a separator that is not empty"));
            }
            match call.int(2, "maxsplit")? {
                Some(most) if most >= 0 => text
                    .splitn(usize::try_from(most).unwrap_or(0) + 1, &sep)
                    .map(Value::from)
                    .collect(),
                _ => text.split(&sep).map(Value::from).collect(),
            }
        }
        None => text.split_whitespace().map(Value::from).collect(),
    };
    Ok(Value::from(parts))
}

/// Quotes for a POSIX shell as Python's `shlex.quote`.
fn quote(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let value = call.value();
    let text = if value.is_none() {
        String::new()
    } else {
        call.text()?
    };
    let safe = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c));
    Ok(Value::from(if safe {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\"'\"'"))
    }))
}

/// The bytes of a text in an encoding Python knows.
fn encode(call: &Call<'_, '_, '_>, text: &str, encoding: &str) -> Result<Vec<u8>, Error> {
    let wide = |big: bool| {
        text.encode_utf16()
            .flat_map(|unit| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect::<Vec<u8>>()
    };
    match encoding.to_lowercase().replace('_', "-").as_str() {
        "utf-8" | "utf8" | "ascii" | "us-ascii" => Ok(text.as_bytes().to_vec()),
        "utf-16-le" | "utf-16le" => Ok(wide(false)),
        "utf-16-be" | "utf-16be" => Ok(wide(true)),
        "latin-1" | "latin1" | "iso-8859-1" => text
            .chars()
            .map(|c| u8::try_from(u32::from(c)).ok())
            .collect::<Option<_>>()
            .ok_or_else(|| call.fail("has a character that latin-1 has not")),
        _ => Err(call.fail(&format!("does not know the encoding `{encoding}`"))),
    }
}

fn decode(call: &Call<'_, '_, '_>, bytes: &[u8], encoding: &str) -> Result<String, Error> {
    let not_text = || call.fail(&format!("gives bytes that are not {encoding}"));
    let wide = |big: bool| {
        let units: Vec<u16> = bytes
            .chunks(2)
            .map(|pair| {
                let pair = [pair[0], pair.get(1).copied().unwrap_or(0)];
                if big {
                    u16::from_be_bytes(pair)
                } else {
                    u16::from_le_bytes(pair)
                }
            })
            .collect();
        String::from_utf16(&units).map_err(|_| not_text())
    };
    match encoding.to_lowercase().replace('_', "-").as_str() {
        "utf-8" | "utf8" | "ascii" | "us-ascii" => {
            String::from_utf8(bytes.to_vec()).map_err(|_| not_text())
        }
        "utf-16-le" | "utf-16le" => wide(false),
        "utf-16-be" | "utf-16be" => wide(true),
        "latin-1" | "latin1" | "iso-8859-1" => Ok(bytes.iter().map(|b| char::from(*b)).collect()),
        _ => Err(call.fail(&format!("does not know the encoding `{encoding}`"))),
    }
}

fn b64encode(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["encoding", "urlsafe"])?;
    let encoding = call.text_or(1, "encoding", "utf-8")?;
    let bytes = encode(call, &call.text()?, &encoding)?;
    let engine = if call.flag(2, "urlsafe") {
        base64::engine::general_purpose::URL_SAFE
    } else {
        STANDARD
    };
    Ok(Value::from(engine.encode(bytes)))
}

fn b64decode(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["encoding", "urlsafe"])?;
    let encoding = call.text_or(1, "encoding", "utf-8")?;
    let text: String = call
        .text()?
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    let bytes = STANDARD
        .decode(text.replace('-', "+").replace('_', "/"))
        .map_err(|_| call.fail("needs base64"))?;
    decode(call, &bytes, &encoding).map(Value::from)
}

/// `comment(style='plain', decoration, prefix, postfix, …)`.
fn comment(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let style = call.text_or(1, "style", "plain")?;
    let (begin, decoration, end) = match style.as_str() {
        "plain" => ("", "# ", ""),
        "erlang" => ("", "% ", ""),
        "c" => ("", "// ", ""),
        "cblock" => ("/*", " * ", " */"),
        "xml" => ("<!--", " - ", "-->"),
        _ => return Err(call.fail(&format!("does not know the style `{style}`"))),
    };
    let decoration = call.text_or(99, "decoration", decoration)?;
    let trimmed = decoration.trim_end().to_owned();
    let begin = call.text_or(99, "beginning", begin)?;
    let end = call.text_or(99, "end", end)?;
    let newline = call.text_or(99, "newline", "\n")?;
    let prefix = call.text_or(99, "prefix", &trimmed)?;
    let postfix = call.text_or(99, "postfix", &trimmed)?;
    let count = |name: &str| -> Result<usize, Error> {
        Ok(usize::try_from(call.int(99, name)?.unwrap_or(1)).unwrap_or(0))
    };
    let mut lines: Vec<String> = Vec::new();
    lines.extend((!begin.is_empty()).then(|| begin.clone()));
    lines.extend(vec![prefix; count("prefix_count")?]);
    lines.extend(
        text.split('\n')
            .map(|line| format!("{decoration}{line}").trim_end().to_owned()),
    );
    lines.extend(vec![postfix; count("postfix_count")?]);
    lines.extend((!end.is_empty()).then(|| end.clone()));
    Ok(Value::from(lines.join(&newline)))
}

fn format_values(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let args = if call.all_named().is_empty() {
        Value::from(minijinja::value::Tuple::from(call.args[1..].to_vec()))
    } else {
        Value::from_pairs(call.all_named().iter().cloned())
    };
    percent(&text, &args).map(Value::from)
}

fn center(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let width = usize::try_from(call.int(1, "width")?.unwrap_or(80)).unwrap_or(0);
    let missing = width.saturating_sub(text.chars().count());
    let left = missing / 2 + (missing & width & 1);
    Ok(Value::from(format!(
        "{}{text}{}",
        " ".repeat(left),
        " ".repeat(missing - left)
    )))
}

/// `truncate(length=255, killwords=false, end='...', leeway=5)`.
fn truncate(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(4, &["length", "killwords", "end", "leeway"])?;
    let text = call.text()?;
    let size = |value: Option<i64>, default| {
        value
            .and_then(|v| usize::try_from(v).ok())
            .unwrap_or(default)
    };
    let length = size(call.int(1, "length")?, 255);
    let end = call.text_or(3, "end", "...")?;
    let leeway = size(call.int(4, "leeway")?, 5);
    if text.chars().count() <= length + leeway {
        return Ok(Value::from(text));
    }
    let keep = length.saturating_sub(end.chars().count());
    let cut: String = text.chars().take(keep).collect();
    let cut = if call.flag(2, "killwords") {
        cut
    } else {
        cut.rsplit_once(' ')
            .map_or(cut.clone(), |(head, _)| head.to_owned())
    };
    Ok(Value::from(format!("{cut}{end}")))
}

fn wordcount(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    Ok(Value::from(words.filter(|word| !word.is_empty()).count()))
}

/// `wordwrap(width=79)`: lines of whole words; longer words are broken.
fn wordwrap(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let width = usize::try_from(call.int(1, "width")?.unwrap_or(79))
        .unwrap_or(79)
        .max(1);
    let newline = call.text_or(3, "wrapstring", "\n")?;
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let mut word: Vec<char> = word.chars().collect();
            let used = line.chars().count();
            if used > 0 && used + 1 + word.len() > width {
                lines.push(std::mem::take(&mut line));
            }
            while word.len() > width {
                lines.push(word.drain(..width).collect());
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.extend(word);
        }
        lines.push(line);
    }
    Ok(Value::from(lines.join(&newline)))
}
