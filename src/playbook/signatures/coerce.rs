//! Rendered arguments become the types that the module expects, by Ansible's rules.

use serde_json::{Map, Value};

use super::{Argument, Kind, Signature};

/// What is wrong with the arguments of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The argument as the user wrote it; `None` if one is missing.
    pub argument: Option<String>,
    /// One line.
    pub what: String,
    /// One thing to do.
    pub help: Option<String>,
}

impl Problem {
    fn new(argument: &str, what: String) -> Self {
        Self {
            argument: Some(argument.to_owned()),
            what,
            help: None,
        }
    }
}

impl Signature {
    /// What can be said of the arguments' names before anything is rendered: unknown, given twice,
    /// missing, excluding each other.
    pub fn check_names<'a>(&self, given: impl IntoIterator<Item = &'a str>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for name in given {
            match self.argument(name) {
                Some(argument) if seen.contains(&argument.name) => problems.push(Problem::new(
                    name,
                    format!("`{}` is given twice, under two names", argument.name),
                )),
                Some(argument) => seen.push(argument.name),
                None if self.open => {}
                None => problems.push(Problem {
                    argument: Some(name.to_owned()),
                    what: format!("`{}` takes no argument `{name}`", self.name),
                    help: self
                        .nearest_argument(name)
                        .map(|near| format!("did you mean `{near}`?")),
                }),
            }
        }
        problems.extend(self.missing(&seen));
        problems.extend(self.excluded(&seen));
        problems
    }

    /// Required arguments that were not given.
    fn missing(&self, seen: &[&str]) -> Vec<Problem> {
        self.all_arguments()
            .filter(|a| a.required && !seen.contains(&a.name))
            .map(|a| Problem {
                argument: None,
                what: format!("missing required arguments: {}", a.name),
                help: Some(format!("add `{}` to `{}`", a.name, self.short())),
            })
            .collect()
    }

    /// Arguments that were given together and must not be.
    fn excluded(&self, seen: &[&str]) -> Vec<Problem> {
        self.exclusive
            .iter()
            .filter(|group| group.iter().filter(|name| seen.contains(name)).count() > 1)
            .map(|group| Problem {
                argument: None,
                what: format!("parameters are mutually exclusive: {}", group.join("|")),
                help: Some(format!("keep one of them: {}", group.join(", "))),
            })
            .collect()
    }

    /// The arguments under their own names, in their own types, defaults filled in. A `null`
    /// counts as not given, as Ansible has it.
    pub fn coerce(&self, given: &Map<String, Value>) -> Result<Map<String, Value>, Vec<Problem>> {
        let present = given.iter().filter(|(_, v)| !v.is_null());
        let mut problems = self.check_names(present.clone().map(|(k, _)| k.as_str()));
        let mut args = Map::new();
        for (name, value) in present {
            match self.argument(name) {
                Some(argument) => match argument.coerce(value) {
                    Ok(value) => drop(args.insert(argument.name.to_owned(), value)),
                    Err(what) => problems.push(Problem::new(name, what)),
                },
                None if self.open => drop(args.insert(name.clone(), value.clone())),
                None => {}
            }
        }
        for argument in self.all_arguments() {
            if let Some(default) = argument.default
                && !args.contains_key(argument.name)
                && let Ok(value) = argument.coerce(&Value::from(default))
            {
                args.insert(argument.name.to_owned(), value);
            }
        }
        if problems.is_empty() {
            Ok(args)
        } else {
            Err(problems)
        }
    }
}

impl Argument {
    /// The value in this argument's type, or what is wrong with it.
    pub fn coerce(&self, value: &Value) -> Result<Value, String> {
        let value = match self.kind {
            Kind::Str | Kind::Path => text(value).map(Value::from),
            Kind::Json => match value {
                Value::Array(_) | Value::Object(_) => Some(Value::from(value.to_string())),
                other => text(other).map(Value::from),
            },
            Kind::Bool => boolean(value).map(Value::Bool),
            Kind::Int => whole(value).map(Value::from),
            Kind::Float => number(value).map(Value::from),
            Kind::List => Some(list(value)),
            Kind::Dict => mapping(value),
            Kind::Raw => Some(value.clone()),
        };
        let value = value.ok_or_else(|| self.wrong_type())?;
        self.choose(value)
    }

    /// Refuses what is not among the choices.
    fn choose(&self, value: Value) -> Result<Value, String> {
        if self.choices.is_empty() {
            return Ok(value);
        }
        let refuse = |text: &str| {
            let near = crate::diagnostic::nearest(text, self.choices.iter().copied())
                .map(|near| format!(" (did you mean `{near}`?)"))
                .unwrap_or_default();
            format!(
                "value of {} must be one of: {}, got: {text}{near}",
                self.name,
                self.choices.join(", ")
            )
        };
        if let Value::Array(items) = &value {
            for item in items {
                let item = text(item).unwrap_or_default();
                if !self.choices.contains(&item.as_str()) {
                    return Err(refuse(&item));
                }
            }
            return Ok(value);
        }
        let given = text(&value).unwrap_or_default();
        if self.choices.contains(&given.as_str()) {
            return Ok(value);
        }
        // `upgrade: yes` arrives as a boolean: the one choice that means the same is meant.
        let meaning = boolean(&value);
        let mut same = self
            .choices
            .iter()
            .filter(|c| meaning.is_some() && boolean(&Value::from(**c)) == meaning);
        match (same.next(), same.next()) {
            (Some(choice), None) => Ok(Value::from(*choice)),
            _ => Err(refuse(&given)),
        }
    }

    /// What to say of a value of another type. The value itself may be a secret.
    fn wrong_type(&self) -> String {
        let expected = match self.kind {
            Kind::Str | Kind::Json => "a string",
            Kind::Path => "a path",
            Kind::Bool => "a boolean",
            Kind::Int => "an integer",
            Kind::Float => "a number",
            Kind::List => "a list",
            Kind::Dict => "a mapping",
            Kind::Raw => "a value",
        };
        format!("`{}` must be {expected}", self.name)
    }
}

/// Text for a scalar, in Python's words for booleans (`True`).
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        _ => None,
    }
}

/// Ansible's words for booleans.
fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
        Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "yes" | "on" | "1" | "true" | "y" | "t" | "1.0" => Some(true),
            "no" | "off" | "0" | "false" | "n" | "f" | "0.0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A whole number, also as text.
fn whole(value: &Value) -> Option<i64> {
    match value {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "fract() is zero and it is in range"
        )]
        Value::Number(number) => number.as_i64().or_else(|| {
            number
                .as_f64()
                .filter(|f| f.fract() == 0.0 && f.abs() < 9.0e15)
                .map(|f| f as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(value) => Some(i64::from(*value)),
        _ => None,
    }
}

/// A number, also as text.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A list: text is split at commas, anything else is the only item.
fn list(value: &Value) -> Value {
    match value {
        Value::Array(_) => value.clone(),
        Value::String(text) => text
            .split(',')
            .map(|item| Value::from(item.trim()))
            .collect(),
        other => Value::Array(vec![other.clone()]),
    }
}

/// A mapping: text is JSON or `k=v, k=v`.
fn mapping(value: &Value) -> Option<Value> {
    let text = match value {
        Value::Object(_) => return Some(value.clone()),
        Value::String(text) => text.trim(),
        _ => return None,
    };
    if text.starts_with('{') {
        return serde_json::from_str(text).ok().filter(Value::is_object);
    }
    text.split([',', ' '])
        .filter(|part| !part.is_empty())
        .map(|part| {
            part.split_once('=')
                .map(|(k, v)| (k.to_owned(), Value::from(v)))
        })
        .collect::<Option<Map<_, _>>>()
        .map(Value::Object)
}
