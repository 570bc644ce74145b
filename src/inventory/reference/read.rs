//! Single values of the old installer's variables: what is not given, what is wrong, what is a
//! secret, what is a path.

use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::input::{Kind, Node, Span};

/// The slug of everything that cannot be taken over.
const SLUG: &str = "inventory/reference";
/// Ends of names whose values nobody may see.
const SECRET_ENDS: [&str; 7] = [
    "pass",
    "password",
    "passphrase",
    "token",
    "secret",
    "secret_key",
    "access_key",
];

/// Whether a variable of that name holds a secret.
pub fn is_secret(name: &str) -> bool {
    SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether a value was sealed by Ansible, and still is.
pub fn is_sealed(node: &Node) -> bool {
    let tagged = matches!(node.tag.as_deref(), Some("!vault" | "!vault-encrypted"));
    tagged
        && node
            .as_str()
            .is_some_and(|text| text.starts_with("$ANSIBLE_VAULT;"))
}

/// Whether nothing is given: the sample file has keys with nothing behind them.
pub fn is_empty(node: &Node) -> bool {
    match &node.kind {
        Kind::Null => true,
        Kind::Str(text) => text.trim().is_empty(),
        Kind::Seq(items) => items.is_empty(),
        Kind::Map(entries) => entries.iter().all(|(_, value)| is_empty(value)),
        _ => false,
    }
}

/// A value as text; `None` if there is none.
///
/// # Errors
/// It is a list or a mapping, or a template: the variables that it would name are not here.
pub fn text(name: &str, node: &Node) -> Result<Option<String>, Box<Diagnostic>> {
    if is_empty(node) {
        return Ok(None);
    }
    let text = match &node.kind {
        Kind::Str(text) => text.trim().to_owned(),
        Kind::Seq(_) | Kind::Map(_) => {
            let what = format!("`{name}` is {}, not text", node.type_name());
            return Err(wrong(
                what,
                &node.span,
                "write its value as text, or remove it",
            ));
        }
        // As it was written: a version stays `1.10`, whatever number that is.
        _ => written(&node.span),
    };
    let is_template =
        node.tag.as_deref() != Some("!unsafe") && (text.contains("{{") || text.contains("{%"));
    if is_template {
        let what = format!("`{name}` is a template of the old installer's variables");
        return Err(wrong(
            what,
            &node.span,
            "write the value itself in its place",
        ));
    }
    Ok(Some(text))
}

/// A port; `None` if there is none.
///
/// # Errors
/// It is no port.
pub fn port(name: &str, node: &Node) -> Result<Option<u16>, Box<Diagnostic>> {
    let Some(text) = text(name, node)? else {
        return Ok(None);
    };
    match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(Some(port)),
        _ => Err(wrong(
            format!("`{name}` is `{text}`, which is no port"),
            &node.span,
            "write a number from 1 to 65535",
        )),
    }
}

/// Something that cannot be taken over.
pub fn wrong(what: String, place: &Span, help: &str) -> Box<Diagnostic> {
    let error = Diagnostic::error(SLUG, what).at(place);
    Box::new(error.why("nothing was written").help(help))
}

/// Text that is a file's content and not its path.
pub fn is_content(text: &str) -> bool {
    text.contains('\n') || text.starts_with("-----BEGIN") || text.starts_with("apiVersion")
}

/// A path as it is right from anywhere.
pub fn absolute(path: &str, directory: &Path) -> String {
    let home = path.starts_with('~');
    if home || Path::new(path).is_absolute() {
        return path.to_owned();
    }
    let joined = directory.join(path);
    let plain: std::path::PathBuf = joined.components().collect();
    plain.display().to_string()
}

fn written(span: &Span) -> String {
    let text = span.source.text.get(span.start..span.end);
    text.unwrap_or_default().trim().to_owned()
}
