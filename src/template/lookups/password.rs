//! `lookup('password', 'FILE length=20 chars=ascii_letters,digits')`: a password that is made once
//! and kept in a file, readable by its owner only.

use std::path::Path;

use minijinja::{Error, Value};

use super::{Body, words};
use crate::template::call::Call;
use crate::template::convert;
use crate::template::source::candidates_for;

pub(super) const TABLE: &[(&str, Body)] = &[("password", password)];

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn password(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let mut out = Vec::new();
    for term in words(call)? {
        out.push(Value::from(one(call, &term)?));
    }
    Ok(out)
}

fn one(call: &Call<'_, '_, '_>, term: &str) -> Result<String, Error> {
    let mut length = call.int(999, "length")?.unwrap_or(20);
    let mut chars = match call.named("chars") {
        Some(chars) if chars.as_str().is_none() => call
            .list_of(&chars)?
            .iter()
            .map(convert::text)
            .collect::<Result<Vec<_>, _>>()?
            .join(","),
        Some(chars) => convert::text(&chars)?,
        None => "ascii_letters,digits,.,:-_".to_owned(),
    };
    let mut parts = term.split(' ');
    let path = parts.next().unwrap_or_default().to_owned();
    for part in parts.filter(|part| !part.is_empty()) {
        match part.split_once('=') {
            Some(("length", value)) => {
                length = value
                    .parse()
                    .map_err(|_| call.fail("needs a number as `length`"))?;
            }
            Some(("chars", value)) => value.clone_into(&mut chars),
            Some(("seed" | "encrypt" | "ident", _)) => {
                return Err(call.fail(&format!(
                    "does not support `{part}`: hash with `| password_hash`"
                )));
            }
            _ => return Err(call.fail(&format!("has no option `{part}`"))),
        }
    }
    let length = usize::try_from(length).map_err(|_| call.fail("needs a length above zero"))?;
    if path == "/dev/null" {
        return make(call, length.min(10_000), &chars);
    }
    keep(call, &path, length.min(10_000), &chars)
}

/// The password in the file; made if there is none.
fn keep(call: &Call<'_, '_, '_>, path: &str, length: usize, chars: &str) -> Result<String, Error> {
    let run = call.run()?;
    let files = &run.inner.world.files;
    let places = candidates_for(&run, "files", path);
    for place in &places {
        if files.kind(place).is_some() {
            let bytes = files.read(place).map_err(|error| {
                call.fail(&format!("cannot read `{}`: {error}", place.display()))
            })?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let line = text.lines().next().unwrap_or_default();
            return Ok(line.split(" salt=").next().unwrap_or_default().to_owned());
        }
    }
    // The last place is the path itself, relative to the playbook.
    let place = places
        .last()
        .map_or(Path::new(path), std::path::PathBuf::as_path);
    let made = make(call, length, chars)?;
    let failed = |error: std::io::Error| {
        call.fail(&format!(
            "cannot keep a password in `{}`: {error}",
            place.display()
        ))
    };
    if let Some(parent) = place.parent() {
        files.make_directory(parent).map_err(failed)?;
    }
    files
        .write(place, format!("{made}\n").as_bytes(), 0o600)
        .map_err(failed)?;
    Ok(made)
}

/// A password of letters that are all as likely.
fn make(call: &Call<'_, '_, '_>, length: usize, chars: &str) -> Result<String, Error> {
    let mut letters: Vec<char> = Vec::new();
    for part in chars.split(',') {
        let set: &str = match part {
            "ascii_letters" => LETTERS,
            "ascii_lowercase" => &LETTERS[..26],
            "ascii_uppercase" => &LETTERS[26..],
            "digits" => "0123456789",
            "hexdigits" => "0123456789abcdefABCDEF",
            "punctuation" => "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
            other => other,
        };
        letters.extend(
            set.chars()
                .filter(|c| !letters.contains(c))
                .collect::<Vec<_>>(),
        );
    }
    if letters.is_empty() || letters.len() > 256 {
        return Err(call.fail("needs characters to choose from"));
    }
    let run = call.run()?;
    let fair = 256 - 256 % letters.len();
    let mut out = String::new();
    let mut left = 100 * (length + 10);
    while out.chars().count() < length && left > 0 {
        let mut byte = [0; 1];
        (run.inner.world.random)(&mut byte);
        let at = usize::from(byte[0]);
        if at < fair {
            out.push(letters[at % letters.len()]);
        }
        left -= 1;
    }
    if left == 0 {
        return Err(call.fail("got no random numbers"));
    }
    Ok(out)
}
