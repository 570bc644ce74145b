//! Whether what Vault has is what is wanted: it gives seconds for `768h`, lists for text with
//! commas, and numbers for text.

use crate::input::Json;

/// Whether a field is as wanted.
pub fn same(wanted: &Json, there: &Json) -> bool {
    match (wanted, there) {
        (Json::Object(wanted), Json::Object(there)) => wanted
            .iter()
            .all(|(key, value)| same(value, there.get(key).unwrap_or(&Json::Null))),
        (Json::Array(_), _) | (_, Json::Array(_)) => sorted(wanted) == sorted(there),
        (Json::Bool(_) | Json::Null, _) | (_, Json::Bool(_)) => {
            wanted == there || (is_empty(wanted) && is_empty(there)) || text(wanted) == text(there)
        }
        _ => {
            let (wanted, there) = (text(wanted), text(there));
            wanted.trim_end() == there.trim_end()
                || seconds(&wanted).is_some_and(|s| Some(s) == seconds(&there))
        }
    }
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(all) => all.is_empty(),
        Json::Object(all) => all.is_empty(),
        _ => false,
    }
}

fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// A list in one order; text is split at its commas.
fn sorted(value: &Json) -> Vec<String> {
    let mut all: Vec<String> = match value {
        Json::Array(all) => all.iter().map(text).collect(),
        other => text(other)
            .split(',')
            .map(|one| one.trim().to_owned())
            .filter(|one| !one.is_empty())
            .collect(),
    };
    all.sort();
    all
}

/// Seconds of a time as Vault takes it: `90`, `30m`, `768h`, `1h30m`.
fn seconds(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut rest = text;
    let mut sum = 0_u64;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = &rest[digits..];
        let letters = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let factor = match &rest[..letters] {
            "" | "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86400,
            _ => return None,
        };
        sum = sum.checked_add(number.checked_mul(factor)?)?;
        rest = &rest[letters..];
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_lists_and_numbers_are_what_vault_makes_of_them() {
        assert!(same(&json!("768h"), &json!(2_764_800)));
        assert!(same(&json!("1h30m"), &json!(5400)));
        assert!(!same(&json!("1h"), &json!(3601)));
        assert!(same(&json!("b,a"), &json!(["a", "b"])));
        assert!(same(&json!("127.0.0.1/32"), &json!(["127.0.0.1/32"])));
        assert!(!same(&json!(["a"]), &json!(["a", "b"])));
        assert!(same(&json!([]), &json!(null)));
        assert!(same(&json!("text\n"), &json!("text")));
        assert!(same(&json!(true), &json!(true)));
        assert!(!same(&json!(true), &json!(false)));
        assert!(!same(&json!("v"), &json!(null)));
        assert!(same(
            &json!({"version": "2"}),
            &json!({"version": "2", "more": 1})
        ));
        assert!(!same(&json!({"version": "2"}), &json!({"version": "1"})));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(a in ".*", b in ".*") {
            same(&json!(a), &json!(b));
            proptest::prop_assert!(same(&json!(a), &json!(a)));
        }
    }
}
