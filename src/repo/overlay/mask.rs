//! Go templates inside manifests: replaced by text of the same length, so that what stands around
//! them can be read as YAML and every place stays where it is.

/// The text with every `{{ … }}` masked: a comment where a line has nothing else, else a word.
pub fn masked(text: &str) -> String {
    if !text.contains("{{") {
        return text.to_owned();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = text[at..].find("{{") {
        let start = at + found;
        let end = start + action(&text[start..]);
        out.extend_from_slice(&text.as_bytes()[at..start]);
        let first = if alone(text, start, end) { b'#' } else { b'x' };
        for (nth, byte) in text.as_bytes()[start..end].iter().enumerate() {
            out.push(match (nth, byte) {
                (_, b'\n') => b'\n',
                (0, _) => first,
                _ => b'x',
            });
        }
        at = end;
    }
    out.extend_from_slice(&text.as_bytes()[at..]);
    // Only whole characters were replaced, by ASCII.
    String::from_utf8(out).unwrap_or_default()
}

/// The length of the action that the text starts with, texts in it (which may hold braces) included.
fn action(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 2;
    while at < bytes.len() {
        match bytes[at] {
            b'}' if bytes.get(at + 1) == Some(&b'}') => return at + 2,
            quote @ (b'"' | b'`' | b'\'') => at += quoted(&bytes[at..], quote),
            _ => at += 1,
        }
    }
    text.len()
}

/// The length of a quoted text with its quotes; one that does not end counts for its quote only.
fn quoted(bytes: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < bytes.len() && bytes[at] != b'\n' {
        match bytes[at] {
            b'\\' if quote != b'`' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    1
}

/// Whether nothing but actions stands on the line.
fn alone(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].rsplit('\n').next().unwrap_or_default();
    let after = text[end..].split('\n').next().unwrap_or_default().trim();
    before.trim().is_empty() && (after.is_empty() || after.starts_with("{{"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn actions_become_words_and_comments() {
        let text =
            "{{- if eq .A \"}}\" }}\na: {{ .B }}-x\nb: '{{\"{{name}}-c\"}}'\n  {{- end -}}\n";
        assert_eq!(
            masked(text),
            "#xxxxxxxxxxxxxxxxxxx\na: xxxxxxxx-x\nb: 'xxxxxxxxxxxxxxxx'\n  #xxxxxxxxxx\n"
        );
        assert_eq!(masked("a: {{ x"), "a: xxxx");
    }

    proptest! {
        #[test]
        fn places_stay(text in "[{}a\"'`\\\\ü\n]{0,40}") {
            let hidden = masked(&text);
            prop_assert_eq!(hidden.len(), text.len());
            let breaks = |text: &str| text.match_indices('\n').map(|(at, _)| at).collect::<Vec<_>>();
            prop_assert_eq!(breaks(&hidden), breaks(&text));
            prop_assert!(!hidden.contains("{{"));
        }
    }
}
