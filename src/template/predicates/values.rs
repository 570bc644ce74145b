//! Tests on values, lists, patterns and files.

use std::path::PathBuf;

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::Table;
use crate::input::FileKind;
use crate::template::call::Call;
use crate::template::convert;
use crate::template::filters::is_address;
use crate::template::filters::regex::{Flags, compile};

pub(super) const TABLE: Table = &[
    ("match", matches),
    ("search", search),
    ("regex", regex),
    ("truthy", truthy),
    ("falsy", falsy),
    ("subset", subset),
    ("issubset", subset),
    ("superset", superset),
    ("issuperset", superset),
    ("contains", contains),
    ("any", any),
    ("all", all),
    ("file", file),
    ("is_file", file),
    ("directory", directory),
    ("is_dir", directory),
    ("exists", exists),
    ("is_exists", exists),
    ("link", link),
    ("is_link", link),
    ("link_exists", exists),
    ("abs", absolute),
    ("is_abs", absolute),
    ("mount", mount),
    ("same_file", same_file),
    ("nan", nan),
    ("isnan", nan),
    ("vault_encrypted", vault_encrypted),
    ("uri", uri),
    ("url", uri),
    ("urn", urn),
    ("number", number),
    ("integer", integer),
    ("sequence", sequence),
    ("iterable", iterable),
    ("string", string),
    ("callable", callable),
    ("ip", ip),
    ("ip_address", ip),
    ("ipv4", ipv4),
    ("ipv4_address", ipv4),
    ("ipv6", ipv6),
    ("ipv6_address", ipv6),
];

/// Where a pattern must match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Anchor {
    Start,
    Anywhere,
    Whole,
}

fn pattern(call: &mut Call<'_, '_, '_>, anchor: Anchor) -> Result<Value, Error> {
    let text = call.text()?;
    let pattern = call.need_text(1, "pattern")?;
    let flags = Flags {
        ignorecase: call.flag(2, "ignorecase"),
        multiline: call.flag(3, "multiline"),
    };
    let pattern = match anchor {
        Anchor::Anywhere => pattern,
        Anchor::Start => format!(r"\A(?:{pattern})"),
        Anchor::Whole => format!(r"\A(?:{pattern})\Z"),
    };
    let regex = compile(call, &pattern, flags)?;
    regex
        .is_match(&text)
        .map(Value::from)
        .map_err(|error| call.fail(&format!("gave up matching: {error}")))
}

fn matches(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    pattern(call, Anchor::Start)
}

fn search(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    pattern(call, Anchor::Anywhere)
}

fn regex(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let anchor = match call.text_or(4, "match_type", "search")?.as_str() {
        "search" => Anchor::Anywhere,
        "match" => Anchor::Start,
        "fullmatch" => Anchor::Whole,
        _ => return Err(call.fail("knows `search`, `match` and `fullmatch`")),
    };
    pattern(call, anchor)
}

fn truth(call: &Call<'_, '_, '_>) -> Result<bool, Error> {
    let value = call.value();
    if call.flag(1, "convert_bool")
        && let Some(text) = value.as_str()
    {
        match text.to_lowercase().as_str() {
            "yes" | "on" | "1" | "true" | "t" | "y" => return Ok(true),
            "no" | "off" | "0" | "false" | "f" | "n" => return Ok(false),
            _ => {}
        }
    }
    Ok(value.is_true())
}

fn truthy(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    truth(call).map(Value::from)
}

fn falsy(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(!truth(call)?))
}

fn subset(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let (a, b) = (call.list()?, call.list_of(&call.need(1, "b")?)?);
    Ok(Value::from(a.iter().all(|item| b.contains(item))))
}

fn superset(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let (a, b) = (call.list()?, call.list_of(&call.need(1, "b")?)?);
    Ok(Value::from(b.iter().all(|item| a.contains(item))))
}

fn contains(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let (holder, wanted) = (call.value(), call.need(1, "value")?);
    Ok(Value::from(match (holder.as_str(), wanted.as_str()) {
        (Some(text), Some(part)) => text.contains(part),
        _ => call.list_of(&holder)?.contains(&wanted),
    }))
}

fn any(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(call.list()?.iter().any(Value::is_true)))
}

fn all(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(call.list()?.iter().all(Value::is_true)))
}

fn kind(call: &Call<'_, '_, '_>) -> Result<Option<FileKind>, Error> {
    let path = PathBuf::from(call.text()?);
    Ok(call.run()?.inner.world.files.kind(&path))
}

fn file(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let file = matches!(kind(call)?, Some(FileKind::File | FileKind::Executable));
    Ok(Value::from(file))
}

fn directory(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(kind(call)? == Some(FileKind::Directory)))
}

fn exists(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(kind(call)?.is_some()))
}

/// A link is a name in a real directory that is not its own real path.
fn link(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let path = PathBuf::from(call.text()?);
    let run = call.run()?;
    let files = &run.inner.world.files;
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(Value::from(false));
    };
    let real = files.real_path(parent).map(|parent| parent.join(name));
    Ok(Value::from(
        matches!((real, files.real_path(&path)), (Ok(named), Ok(real)) if named != real),
    ))
}

fn absolute(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(call.text()?.starts_with('/')))
}

/// Only the root is known to be a mount point without asking the system.
fn mount(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    match call.text()?.as_str() {
        "/" => Ok(Value::from(true)),
        _ => Err(call.fail("is not supported here but for `/`")),
    }
}

fn same_file(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let run = call.run()?;
    let real = |path: String| run.inner.world.files.real_path(&PathBuf::from(path));
    let (a, b) = (real(call.text()?), real(call.need_text(1, "path")?));
    Ok(Value::from(matches!((a, b), (Ok(a), Ok(b)) if a == b)))
}

fn nan(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let value = call.value();
    Ok(Value::from(
        value.kind() == ValueKind::Number && f64::try_from(value).is_ok_and(f64::is_nan),
    ))
}

/// Secrets are decrypted when files are read: no value is a vault's any more.
fn vault_encrypted(_: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(false))
}

fn uri(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let text = call.text()?;
    let schemes = match call.arg(1, "schemes").filter(|schemes| !schemes.is_none()) {
        Some(schemes) => call.list_of(&schemes)?,
        None => Vec::new(),
    };
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let known = schemes.is_empty() || schemes.contains(&Value::from(scheme));
    Ok(Value::from(known && !text.chars().any(char::is_whitespace)))
}

fn urn(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(call.text()?.to_lowercase().starts_with("urn:")))
}

/// Python's booleans are numbers.
fn number(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let kind = call.value().kind();
    Ok(Value::from(matches!(
        kind,
        ValueKind::Number | ValueKind::Bool
    )))
}

fn integer(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(call.value().is_integer()))
}

fn sequence(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    iterable(call)
}

fn iterable(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(matches!(
        call.value().kind(),
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map | ValueKind::String
    )))
}

fn string(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(call.value().kind() == ValueKind::String))
}

fn callable(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let plain = call.value().kind() == ValueKind::Plain && !convert::is_omit(&call.value());
    Ok(Value::from(plain))
}

fn ip(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(is_address(&call.value(), None)))
}

fn ipv4(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(is_address(&call.value(), Some(false))))
}

fn ipv6(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    Ok(Value::from(is_address(&call.value(), Some(true))))
}
