//! Bytes of a file to a [`Source`]: UTF-8, or an error that says where it is not.

use std::sync::Arc;

use super::{Source, Span, SyntaxError};

/// The text of a file. Bytes that are not UTF-8 are an error with their place; UTF-16 is told as
/// such. A UTF-8 byte order mark is fine and stays in the text.
pub fn decode(name: impl Into<String>, bytes: Vec<u8>) -> Result<Arc<Source>, SyntaxError> {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Ok(Source::new(name, text)),
        Err(error) => error,
    };
    let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let byte = bytes.get(at).copied().unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    // What is valid before it is the same in the lossy text, so the place is exact.
    let length = text
        .get(at..)
        .and_then(|rest| rest.chars().next())
        .map_or(0, char::len_utf8);
    let span = Span {
        source: Source::new(name, text),
        start: at,
        end: at + length,
    };
    Err(if wide {
        SyntaxError::new("input/not-text", &span, "this file is UTF-16, not UTF-8")
            .help("convert it: iconv -f UTF-16 -t UTF-8")
    } else {
        SyntaxError::new(
            "input/not-text",
            &span,
            format!("this file is not UTF-8: byte 0x{byte:02x} at offset {at}"),
        )
        .help("save the file as UTF-8 text")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_encodings_are_told_with_the_place() {
        assert_eq!(decode("f", b"a: \xc3\xa9".to_vec()).unwrap().text, "a: é");
        let error = decode("f", b"a: b\nc: \xe9t\xe9".to_vec()).unwrap_err();
        assert_eq!(error.span.to_string(), "f:2:4");
        assert!(error.what.contains("0xe9"), "{}", error.what);
        let error = decode("f", b"\xff\xfea\0".to_vec()).unwrap_err();
        assert!(error.what.contains("UTF-16"), "{}", error.what);
    }
}
