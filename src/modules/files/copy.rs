//! `copy`: content, a file or a folder of this machine, or of the host itself.

use super::place::{Manner, Place, sha1};
use super::tree::{RemoteCopy, Tree};
use crate::input::{FileKind, Json};
use crate::modules::dates::backup_suffix;
use crate::modules::given::{absolute, base_name, plain};
use crate::modules::mode::Mode;
use crate::modules::registry::{Built, boxed};
use crate::modules::{Context, Failure, Given};

/// The module for what `src` and `content` mean.
pub fn build(given: &Given, context: &Context<'_>) -> Built {
    let mut manner = Manner::new(given, &backup_suffix(context.clock.now()))?;
    let dest = given.string("dest");
    let folder = dest.ends_with('/');
    let dest = absolute("dest", &dest)?;
    if let Some(content) = given.get("content") {
        let bytes = as_text(content).into_bytes();
        expected(given.some("checksum"), &bytes)?;
        return boxed(Place {
            content: bytes.into(),
            name: None,
            dest,
            folder,
            manner,
            source: None,
        });
    }
    let src = given
        .some("src")
        .ok_or_else(|| Failure::msg("src (or content) is required"))?;
    if given.flag("remote_src") {
        return boxed(RemoteCopy::new(&src, (dest, folder), manner)?);
    }
    let path = context.find("files", &src)?;
    if context.is_directory(&path) {
        return boxed(Tree::new((&path, &src), dest, manner, context)?);
    }
    let bytes = if given.flag("decrypt") {
        context.read(&path)?
    } else {
        context.read_as_is(&path)?
    };
    expected(given.some("checksum"), &bytes)?;
    if manner.wanted.mode == Some(Mode::Preserve) {
        // All that is known of a file of this machine is whether it may be executed.
        let executable = context.files.kind(&path) == Some(FileKind::Executable);
        manner.wanted.mode = Some(Mode::Exact(if executable { 0o755 } else { 0o644 }));
    }
    boxed(Place {
        content: bytes.into(),
        name: Some(base_name(&src).to_owned()),
        dest,
        folder,
        manner,
        source: Some(path.display().to_string()),
    })
}

/// Refuses content with another checksum than the task states.
fn expected(checksum: Option<String>, bytes: &[u8]) -> Result<(), Failure> {
    match checksum {
        Some(checksum) if checksum != sha1(bytes) => Err(Failure::msg(
            "Copied file does not match the expected checksum. Transfer failed.",
        )
        .with("checksum", sha1(bytes))
        .with("expected_checksum", checksum)),
        _ => Ok(()),
    }
}

/// `content` as text: collections become JSON, as Ansible makes of them.
fn as_text(content: &Json) -> String {
    match content {
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        Json::Array(_) | Json::Object(_) => spaced(content),
        other => plain(other),
    }
}

/// JSON as Python writes it, with a blank after each comma and colon: it is what users of Ansible
/// have in their files already.
fn spaced(value: &Json) -> String {
    let joined = |items: Vec<String>| items.join(", ");
    match value {
        Json::Array(items) => format!("[{}]", joined(items.iter().map(spaced).collect())),
        Json::Object(fields) => {
            let field = |(key, item): (&String, &Json)| {
                format!("{}: {}", Json::from(key.as_str()), spaced(item))
            };
            format!("{{{}}}", joined(fields.iter().map(field).collect()))
        }
        other => other.to_string(),
    }
}
