//! What type a field has, as far as server-side apply, merges and validation need it: the built-in
//! kinds' from a table that was made from a real API server, custom kinds' from their CRDs.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The built-in types; `tests/contracts/kubernetes/generate.py` writes them.
const TABLE: &str = include_str!("base/schema.txt");

/// What tells the items of a list apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Nothing: the list is one value.
    Atomic,
    /// Each value is there once.
    Set,
    /// Items are known by these fields.
    Keys(Vec<String>),
}

/// The type of a value.
#[derive(Clone, Debug)]
pub enum Type {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// true or false.
    Boolean,
    /// A quantity: text or a number.
    Quantity,
    /// A whole number or text.
    IntOrString,
    /// Anything, as one value.
    Any,
    /// Anything; objects by their fields, lists as one value.
    Deduced,
    /// A named type of the table.
    Named(String),
    /// Fields.
    Struct(Arc<Struct>),
    /// A list.
    List(Box<Type>, ListKind),
    /// Any keys.
    Map(Box<Type>),
    /// One value for server-side apply.
    Atomic(Box<Type>),
}

/// A field of a struct.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its type.
    pub kind: Type,
    /// The key of a strategic merge; empty for a list of plain values.
    pub merge_key: Option<String>,
}

/// Fields by name.
#[derive(Clone, Debug, Default)]
pub struct Struct {
    /// Known fields.
    pub fields: BTreeMap<String, Field>,
    /// One value for server-side apply.
    pub atomic: bool,
    /// The type of fields that are not known, if any are allowed.
    pub open: Option<Type>,
}

/// How a value is walked.
pub enum View<'a> {
    /// As one value.
    Leaf,
    /// By its fields.
    Struct(&'a Struct),
    /// By its keys.
    Map(&'a Type),
    /// By its items.
    List(&'a Type, &'a ListKind),
}

/// Every named type.
#[derive(Clone, Debug, Default)]
pub struct Types(Arc<BTreeMap<String, Struct>>);

/// What an object may be of, without a type.
static DEDUCED: Type = Type::Deduced;

impl Types {
    /// The table of this program.
    ///
    /// # Errors
    /// The table has a line that is not understood: a defect of this program.
    pub fn built_in() -> Result<Self, String> {
        let mut all = BTreeMap::new();
        for line in TABLE.lines() {
            let mut words = line.split(' ');
            let head = words.next().unwrap_or_default();
            let name = head.trim_start_matches('!');
            let mut found = Struct {
                atomic: head.starts_with('!'),
                ..Struct::default()
            };
            for word in words {
                let (key, text) = word.split_once(':').ok_or_else(|| format!("`{word}`"))?;
                found
                    .fields
                    .insert(key.trim_end_matches('*').to_owned(), field(text)?);
            }
            all.insert(name.to_owned(), found);
        }
        Ok(Self(Arc::new(all)))
    }

    /// A named type.
    pub fn named(&self, name: &str) -> Option<&Struct> {
        self.0.get(name)
    }

    /// How values of a type are walked; `is_object` tells it for values without one.
    pub fn view<'a>(&'a self, kind: &'a Type, is_object: bool) -> View<'a> {
        match kind {
            Type::Named(name) => match self.0.get(name) {
                Some(found) if !found.atomic => View::Struct(found),
                _ => View::Leaf,
            },
            Type::Struct(found) if !found.atomic => View::Struct(found),
            Type::Map(item) => View::Map(item),
            Type::List(_, ListKind::Atomic) => View::Leaf,
            Type::List(item, by) => View::List(item, by),
            Type::Deduced if is_object => View::Map(&DEDUCED),
            _ => View::Leaf,
        }
    }

    /// The fields of a type, also of an atomic one.
    pub fn fields<'a>(&'a self, kind: &'a Type) -> Option<&'a Struct> {
        match kind {
            Type::Named(name) => self.0.get(name),
            Type::Struct(found) => Some(found),
            Type::Atomic(inner) => self.fields(inner),
            _ => None,
        }
    }
}

impl Struct {
    /// The type of a field and whether it is known by name.
    pub fn field(&self, name: &str) -> (&Type, bool) {
        match self.fields.get(name) {
            Some(field) => (&field.kind, true),
            None => (self.open.as_ref().unwrap_or(&DEDUCED), false),
        }
    }
}

fn field(text: &str) -> Result<Field, String> {
    let (text, merge_key) = match text.split_once('~') {
        Some((text, key)) => (text, Some(key.to_owned())),
        None => (text, None),
    };
    Ok(Field {
        kind: parse(text)?,
        merge_key,
    })
}

/// A type by its short form, as the head of `generate.py` has it.
fn parse(text: &str) -> Result<Type, String> {
    let wrong = || format!("`{text}` is no type");
    let head = text.chars().next().ok_or_else(wrong)?;
    let rest = &text[head.len_utf8()..];
    let list = |rest: &str, by| Ok(Type::List(Box::new(parse(rest)?), by));
    match head {
        '@' => Ok(Type::Named(rest.to_owned())),
        '!' => Ok(Type::Atomic(Box::new(parse(rest)?))),
        '[' => list(rest, ListKind::Atomic),
        '<' => list(rest, ListKind::Set),
        '{' => Ok(Type::Map(Box::new(parse(rest)?))),
        '(' => {
            let (keys, rest) = rest.split_once(')').ok_or_else(wrong)?;
            let keys = keys.split(',').map(ToOwned::to_owned).collect();
            list(rest, ListKind::Keys(keys))
        }
        's' => Ok(Type::String),
        'i' => Ok(Type::Integer),
        'n' => Ok(Type::Number),
        'b' => Ok(Type::Boolean),
        'q' => Ok(Type::Quantity),
        'x' => Ok(Type::IntOrString),
        'o' => Ok(Type::Any),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_parses_and_names_only_what_it_has() {
        fn named(kind: &Type, found: &mut Vec<String>) {
            match kind {
                Type::Named(name) => found.push(name.clone()),
                Type::List(inner, _) | Type::Map(inner) | Type::Atomic(inner) => {
                    named(inner, found);
                }
                _ => {}
            }
        }
        let types = Types::built_in().unwrap();
        let mut all = Vec::new();
        for found in types.0.values() {
            found.fields.values().for_each(|f| named(&f.kind, &mut all));
        }
        assert!(all.len() > 500);
        all.retain(|name| types.named(name).is_none());
        assert_eq!(all, Vec::<String>::new());
    }
}
