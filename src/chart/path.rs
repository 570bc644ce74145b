//! Where in an object: `spec.template.spec.containers[name=server].args`, `data["policy.csv"]`.

use serde_json::{Map, Value, json};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A field of a mapping.
    Field(String),
    /// The item of a list whose field has this text.
    Item(String, String),
    /// The item of a list by its number, from 0.
    Nth(usize),
}

/// A path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// As written.
    pub text: String,
    /// Its steps; at least one.
    pub steps: Vec<Step>,
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let (step, after) = bracket(inside).ok_or_else(|| {
                    format!("`[{inside}` must be `[0]`, `[name=x]` or `[\"a.b\"]`")
                })?;
                steps.push(step);
                rest = after;
            } else {
                let field = match rest.strip_prefix('.') {
                    Some(after) if !steps.is_empty() => after,
                    None if steps.is_empty() => rest,
                    _ => return Err(format!("`{rest}` does not follow")),
                };
                let end = field.find(['.', '[']).unwrap_or(field.len());
                if end == 0 {
                    return Err("a field has no name".to_owned());
                }
                steps.push(Step::Field(field[..end].to_owned()));
                rest = &field[end..];
            }
        }
        if steps.is_empty() {
            return Err("it is empty".to_owned());
        }
        Ok(Self {
            text: text.to_owned(),
            steps,
        })
    }
}

fn bracket(inside: &str) -> Option<(Step, &str)> {
    if let Some(quoted) = inside.strip_prefix('"') {
        let (key, rest) = quoted.split_once("\"]")?;
        return Some((Step::Field(key.to_owned()), rest));
    }
    let (inner, rest) = inside.split_once(']')?;
    if let Ok(nth) = inner.parse() {
        return Some((Step::Nth(nth), rest));
    }
    let (key, value) = inner.split_once('=')?;
    Some((Step::Item(key.to_owned(), value.to_owned()), rest))
}

/// What a step leads to.
pub fn step<'a>(value: &'a mut Value, step: &Step) -> Option<&'a mut Value> {
    match step {
        Step::Field(name) => value.as_object_mut()?.get_mut(name),
        Step::Nth(nth) => value.as_array_mut()?.get_mut(*nth),
        Step::Item(key, wanted) => value
            .as_array_mut()?
            .iter_mut()
            .find(|item| item[key].as_str() == Some(wanted)),
    }
}

/// What a step leads to, made if it is not there.
pub fn make<'a>(value: &'a mut Value, to: &Step) -> Option<&'a mut Value> {
    if step(value, to).is_none() {
        match to {
            Step::Field(name) => {
                if value.is_null() {
                    *value = Value::Object(Map::new());
                }
                value.as_object_mut()?.insert(name.clone(), Value::Null);
            }
            Step::Item(key, wanted) => {
                if value.is_null() {
                    *value = json!([]);
                }
                value.as_array_mut()?.push(json!({key.as_str(): wanted}));
            }
            Step::Nth(_) => {
                if value.is_null() {
                    *value = json!([]);
                }
                value.as_array_mut()?.push(Value::Null);
                return value.as_array_mut()?.last_mut();
            }
        }
    }
    step(value, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_items_and_numbers() {
        let path = Path::parse("spec.containers[name=a].args[0]").unwrap();
        assert_eq!(
            path.steps,
            [
                Step::Field("spec".into()),
                Step::Field("containers".into()),
                Step::Item("name".into(), "a".into()),
                Step::Field("args".into()),
                Step::Nth(0),
            ]
        );
        let path = Path::parse("data[\"policy.csv\"]").unwrap();
        assert_eq!(path.steps[1], Step::Field("policy.csv".into()));
        for wrong in ["", ".a", "a..b", "a[b", "a[b]", "a.", "[0"] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
    }
}
