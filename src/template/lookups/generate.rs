//! Lookups that make values: `sequence`, `random_choice`.

use minijinja::{Error, Value};

use super::{Body, words};
use crate::template::call::Call;
use crate::template::convert;
use crate::template::functions::percent;

pub(super) const TABLE: &[(&str, Body)] =
    &[("sequence", sequence), ("random_choice", random_choice)];

/// The most items of a sequence.
const LIMIT: i64 = 1_000_000;

/// What a sequence runs through.
#[derive(Default)]
struct Range {
    start: Option<i64>,
    end: Option<i64>,
    count: Option<i64>,
    stride: Option<i64>,
    format: Option<String>,
}

impl Range {
    fn set(&mut self, call: &Call<'_, '_, '_>, key: &str, value: &str) -> Result<(), Error> {
        let number = || {
            let (digits, radix) = match value.strip_prefix("0x") {
                Some(digits) => (digits, 16),
                None => (value, 10),
            };
            i64::from_str_radix(digits, radix)
                .map(Some)
                .map_err(|_| call.fail(&format!("needs a number as `{key}`, not `{value}`")))
        };
        match key {
            "start" => self.start = number()?,
            "end" => self.end = number()?,
            "count" => self.count = number()?,
            "stride" => self.stride = number()?,
            "format" => self.format = Some(value.to_owned()),
            _ => return Err(call.fail(&format!("has no option `{key}`"))),
        }
        Ok(())
    }

    /// `[start-]end[/stride][:format]`.
    fn short(&mut self, call: &Call<'_, '_, '_>, term: &str) -> Result<(), Error> {
        let (range, format) = match term.split_once(':') {
            Some((range, format)) => (range, Some(format)),
            None => (term, None),
        };
        let (range, stride) = match range.split_once('/') {
            Some((range, stride)) => (range, Some(stride)),
            None => (range, None),
        };
        let (start, end) = match range.split_once('-') {
            Some((start, end)) => (Some(start), end),
            None => (None, range),
        };
        for (key, value) in [
            ("start", start),
            ("end", Some(end)),
            ("stride", stride),
            ("format", format),
        ] {
            if let Some(value) = value {
                self.set(call, key, value)?;
            }
        }
        Ok(())
    }

    fn items(&self, call: &Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
        let start = self.start.unwrap_or(1);
        let stride = match (self.stride, self.end) {
            (Some(stride), _) => stride,
            (None, _) => 1,
        };
        let end = match (self.end, self.count) {
            (Some(end), None) => end,
            (None, Some(0)) => return Ok(Vec::new()),
            (None, Some(count)) => start + (count - 1) * stride,
            _ => return Err(call.fail("needs either `end` or `count`")),
        };
        if stride == 0 || (end - start) / stride > LIMIT {
            return Err(call.fail("would never end"));
        }
        let format = self.format.as_deref().unwrap_or("%d");
        let mut out = Vec::new();
        let mut at = start;
        while (stride > 0 && at <= end) || (stride < 0 && at >= end) {
            out.push(Value::from(percent(format, &Value::from(at))?));
            at += stride;
        }
        Ok(out)
    }
}

fn sequence(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let mut named = Range::default();
    let mut any = false;
    for (key, value) in call.all_named().to_vec() {
        if !matches!(key.as_str(), "wantlist" | "errors") {
            named.set(call, &key, &convert::text(&value)?)?;
            any = true;
        }
    }
    let mut out = if any { named.items(call)? } else { Vec::new() };
    for term in words(call)? {
        let mut range = Range::default();
        if term.contains('=') {
            for part in term.split_whitespace() {
                let (key, value) = part
                    .split_once('=')
                    .ok_or_else(|| call.fail(&format!("cannot read `{part}`")))?;
                range.set(call, key, value)?;
            }
        } else {
            range.short(call, &term)?;
        }
        out.extend(range.items(call)?);
    }
    Ok(out)
}

/// One of the terms.
fn random_choice(call: &mut Call<'_, '_, '_>) -> Result<Vec<Value>, Error> {
    let choices: Vec<Value> = call.args.iter().skip(1).cloned().collect();
    if choices.is_empty() {
        return Ok(Vec::new());
    }
    let mut bytes = [0; 8];
    (call.run()?.inner.world.random)(&mut bytes);
    let count = u64::try_from(choices.len()).unwrap_or(1);
    let at = usize::try_from(u64::from_le_bytes(bytes) % count).unwrap_or(0);
    Ok(choices.get(at).cloned().into_iter().collect())
}
