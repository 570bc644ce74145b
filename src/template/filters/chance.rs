//! `random` and `shuffle`.

use minijinja::{Error, Value};

use super::Table;
use crate::template::call::Call;
use crate::template::convert;

pub(super) const TABLE: Table = &[("random", random), ("shuffle", shuffle)];

/// A random number below a limit; from the seed if there is one, so that it never changes.
fn below(call: &Call<'_, '_, '_>, limit: u64, salt: u64) -> Result<u64, Error> {
    let mut bytes = [0; 8];
    match call.named("seed").filter(|seed| !seed.is_none()) {
        Some(seed) => {
            let text = format!("{}/{salt}", convert::text(&seed)?);
            let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
            bytes.copy_from_slice(&digest.as_ref()[..8]);
        }
        None => (call.run()?.inner.world.random)(&mut bytes),
    }
    Ok(u64::from_le_bytes(bytes) % limit.max(1))
}

/// `random(start, step, seed)`: an item of a list, or a number below this one.
fn random(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(3, &["start", "step", "seed"])?;
    let value = call.value();
    if value.is_integer() {
        let end = value.as_i64().unwrap_or(0);
        let start = call.int(1, "start")?.unwrap_or(0);
        let step = call.int(2, "step")?.unwrap_or(1).max(1);
        let count = u64::try_from((end - start + step - 1) / step).unwrap_or(0);
        if count == 0 {
            return Err(call.fail("has no number to choose from"));
        }
        let at = i64::try_from(below(call, count, 0)?).unwrap_or(0);
        return Ok(Value::from(start + at * step));
    }
    let items = call.list()?;
    let at = usize::try_from(below(call, items.len() as u64, 0)?).unwrap_or(0);
    items
        .get(at)
        .cloned()
        .ok_or_else(|| call.fail("has nothing to choose from"))
}

fn shuffle(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let mut items = call.list()?;
    for index in (1..items.len()).rev() {
        let other = below(call, index as u64 + 1, index as u64)?;
        items.swap(index, usize::try_from(other).unwrap_or(0));
    }
    Ok(Value::from(items))
}
