//! Filters that take lists for sets.

use minijinja::{Error, Value};

use super::Table;
use super::list::{distinct, has};
use crate::template::call::Call;

pub(super) const TABLE: Table = &[
    ("union", union),
    ("intersect", intersect),
    ("difference", difference),
    ("symmetric_difference", symmetric_difference),
];

/// The two lists of a set operation.
fn pair(call: &Call<'_, '_, '_>) -> Result<(Vec<Value>, Vec<Value>), Error> {
    Ok((call.list()?, call.list_of(&call.need(1, "b")?)?))
}

/// Python sets of small integers come out sorted, of texts in any order; here: sorted if all are
/// numbers, else as they came.
fn set(values: Vec<Value>) -> Value {
    let mut values = distinct(values);
    if values.iter().all(Value::is_integer) {
        values.sort();
    }
    Value::from(values)
}

fn union(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let (a, b) = pair(call)?;
    Ok(set(a.into_iter().chain(b).collect()))
}

fn intersect(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let (a, b) = pair(call)?;
    Ok(set(a.into_iter().filter(|item| has(&b, item)).collect()))
}

fn difference(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let (a, b) = pair(call)?;
    Ok(set(a.into_iter().filter(|item| !has(&b, item)).collect()))
}

fn symmetric_difference(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let (a, b) = pair(call)?;
    let left = a.iter().filter(|item| !has(&b, item)).cloned();
    let right = b.iter().filter(|item| !has(&a, item)).cloned();
    Ok(set(left.chain(right).collect()))
}
