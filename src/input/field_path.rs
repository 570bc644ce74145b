//! Where in an object: `spec.template.spec.containers[name=server].args`, `data["policy.csv"]`.
//! Charts and the tenant repository write their changes of upstream's objects with it.

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
pub struct FieldPath {
    /// As written.
    pub text: String,
    /// Its steps; at least one.
    pub steps: Vec<Step>,
}

impl FieldPath {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_items_and_numbers() {
        let path = FieldPath::parse("spec.containers[name=a].args[0]").unwrap();
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
        let path = FieldPath::parse("data[\"policy.csv\"]").unwrap();
        assert_eq!(path.steps[1], Step::Field("policy.csv".into()));
        for wrong in ["", ".a", "a..b", "a[b", "a[b]", "a.", "[0"] {
            assert!(FieldPath::parse(wrong).is_err(), "{wrong}");
        }
    }
}
