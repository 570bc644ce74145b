//! From a request's target to a file below the root, and never to one outside of it.

use std::path::{Path, PathBuf};

/// The decoded `<host>/<path>` of a request target, without query; `None` when it is malformed
/// or tries to leave the root.
pub fn decode(target: &str) -> Option<String> {
    // A proxy-style target names the host in the URL: the same two parts.
    let rest = target
        .strip_prefix("http://")
        .or_else(|| target.strip_prefix("https://"))
        .or_else(|| target.strip_prefix('/'))?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let text = String::from_utf8(percent_decode(rest)?).ok()?;
    let safe = text.split('/').all(|part| part != "." && part != "..")
        && !text.contains(['\0', '\\'])
        && !text.starts_with('/');
    safe.then_some(text)
}

fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    Some(out)
}

/// The regular file for a decoded path, or `index.html` of a folder. Links may lead to other
/// files of the root only.
pub fn locate(root: &Path, path: &str) -> Option<PathBuf> {
    let root = root.canonicalize().ok()?;
    let mut file = root.join(path).canonicalize().ok()?;
    if file.is_dir() {
        file = file.join("index.html").canonicalize().ok()?;
    }
    (file.starts_with(&root) && file.is_file()).then_some(file)
}
