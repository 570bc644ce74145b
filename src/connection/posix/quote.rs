//! The one place where values become shell text. Everything that enters a script passes here.

use super::super::ConnectionError;

/// A word that a POSIX shell reads back as exactly this text.
///
/// A NUL byte cannot be part of a path or an argument, so it is refused here, in one place.
pub fn quote(text: &str) -> Result<String, ConnectionError> {
    if text.contains('\0') {
        return Err(ConnectionError::Refused {
            what: "a path or argument contains a NUL byte".to_owned(),
        });
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "_/.:,@%+-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Ok(format!("'{}'", text.replace('\'', "'\\''")))
}

/// Several words, each quoted, with spaces between.
pub fn words<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Result<String, ConnectionError> {
    let mut all = String::new();
    for text in texts {
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(&quote(text.as_ref())?);
    }
    Ok(all)
}

/// An absolute path as a word; anything else would depend on a working directory.
pub fn path(text: &str) -> Result<String, ConnectionError> {
    if text.starts_with('/') {
        quote(text)
    } else {
        Err(ConnectionError::Refused {
            what: format!("`{text}` is not an absolute path"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay_and_others_are_wrapped() {
        assert_eq!(quote("/etc/a-b.conf").unwrap(), "/etc/a-b.conf");
        assert_eq!(quote("").unwrap(), "''");
        assert_eq!(quote("it's $HOME").unwrap(), "'it'\\''s $HOME'");
        assert_eq!(quote("~").unwrap(), "'~'");
        assert_eq!(quote("a=b").unwrap(), "'a=b'");
    }

    #[test]
    fn nul_and_relative_paths_are_refused() {
        assert!(quote("a\0b").is_err());
        assert!(path("etc").is_err());
    }
}
