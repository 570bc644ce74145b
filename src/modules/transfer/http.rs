//! What the modules that speak HTTP have in common: headers, credentials, curl's config and answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::modules::given::plain;
use crate::modules::{Failure, Given};

/// Refuses what would switch verification off.
pub fn refuse_unverified(given: &Given) -> Result<(), Failure> {
    if given.choice("validate_certs") == Some(false) {
        return Err(Failure::msg(
            "`validate_certs: false` is not supported: every certificate is verified",
        )
        .help("let the host trust the certificate's authority, or name it with `ca_path`"));
    }
    Ok(())
}

/// The headers that the arguments ask for, credentials included. May be secret.
pub fn headers(given: &Given) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = given
        .get("headers")
        .and_then(|h| h.as_object())
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), plain(value)))
        .collect();
    if let Some(user) = given.some("url_username") {
        let pair = format!("{user}:{}", given.string("url_password"));
        headers.push((
            "Authorization".to_owned(),
            format!("Basic {}", STANDARD.encode(pair)),
        ));
    }
    headers
}

/// A line of curl's config file.
pub fn setting(name: &str, value: &str) -> String {
    let mut out = format!("{name} = \"");
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push_str("\"\n");
    out
}

/// An answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The words after it.
    pub reason: String,
    /// Headers in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How many answers came before this one and sent on.
    pub redirects: usize,
}

/// Reads what `curl --include --location` printed: the last of the answers.
pub fn parse(mut bytes: &[u8]) -> Option<Answer> {
    let mut redirects = 0;
    loop {
        let end = find(bytes, b"\r\n\r\n")
            .map(|at| (at, 4))
            .or_else(|| find(bytes, b"\n\n").map(|at| (at, 2)))?;
        let head = String::from_utf8_lossy(bytes.get(..end.0)?).into_owned();
        let body = bytes.get(end.0 + end.1..)?;
        let mut lines = head.lines();
        let mut words = lines.next()?.splitn(3, ' ');
        words.next().filter(|w| w.starts_with("HTTP/"))?;
        let answer = Answer {
            status: words.next()?.parse().ok()?,
            reason: words.next().unwrap_or_default().trim().to_owned(),
            headers: lines
                .filter_map(|l| l.split_once(':'))
                .map(|(k, v)| (k.trim().to_owned(), v.trim().to_owned()))
                .collect(),
            body: body.to_vec(),
            redirects,
        };
        let interim = (100..200).contains(&answer.status);
        let proxy = answer.status == 200
            && answer
                .reason
                .to_lowercase()
                .contains("connection established");
        if !body.starts_with(b"HTTP/") || !(interim || proxy || (300..400).contains(&answer.status))
        {
            return Some(answer);
        }
        redirects += usize::from((300..400).contains(&answer.status));
        bytes = body;
    }
}

/// Where one text is in another.
fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|w| w == what)
}

/// Text as in a form: letters, digits and `-_.~` as they are, a blank as `+`.
pub fn form_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answer_counts() {
        let text = b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\nHTTP/2 200 \r\nA: b\r\n\r\nHTTP/ body\r\n\r\nend";
        let answer = parse(text).unwrap();
        assert_eq!((answer.status, answer.redirects), (200, 1));
        assert_eq!(answer.headers, [("A".to_owned(), "b".to_owned())]);
        assert_eq!(answer.body, b"HTTP/ body\r\n\r\nend");
        assert_eq!(parse(b"nonsense\r\n\r\n"), None);
    }

    #[test]
    fn settings_are_quoted() {
        assert_eq!(
            setting("header", "A: \"b\\\n"),
            "header = \"A: \\\"b\\\\\\n\"\n"
        );
        assert_eq!(form_encoded("a b&ü"), "a+b%26%C3%BC");
    }

    proptest::proptest! {
        #[test]
        fn no_answer_is_too_strange(bytes in proptest::collection::vec(0u8..=255, 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
