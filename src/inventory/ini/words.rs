//! Splits a host's line into words as Python's `shlex` does with comments on.
//!
//! Quotes group, a backslash escapes, and `#` starts a comment even in the middle of a word: a
//! password with a hash in it needs quotes.

/// A word with the bytes of the line it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// The text, quotes and backslashes taken away.
    pub text: String,
    /// First byte in the line.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// Where the reader is.
enum State {
    Between,
    Word,
    Quoted(char),
    /// Behind a backslash; in which quote, if any.
    Escaped(Option<char>),
}

/// The words of a line; what is missing, if a quote or an escape does not end.
pub(super) fn split(line: &str) -> Result<Vec<Word>, &'static str> {
    let mut words = Vec::new();
    let mut now: Option<Word> = None;
    let mut state = State::Between;
    for (at, c) in line.char_indices() {
        match state {
            State::Quoted(quote) if c == quote => state = State::Word,
            State::Quoted('"') if c == '\\' => state = State::Escaped(Some('"')),
            State::Quoted(_) => push(&mut now, at, Some(c)),
            State::Escaped(quote) => {
                if quote.is_some_and(|quote| c != quote && c != '\\') {
                    push(&mut now, at, Some('\\'));
                }
                push(&mut now, at, Some(c));
                state = quote.map_or(State::Word, State::Quoted);
            }
            State::Between | State::Word => match c {
                '#' => break,
                ' ' | '\t' | '\r' | '\n' => {
                    finish(&mut words, &mut now, at);
                    state = State::Between;
                }
                '\'' | '"' => {
                    push(&mut now, at, None);
                    state = State::Quoted(c);
                }
                '\\' => {
                    push(&mut now, at, None);
                    state = State::Escaped(None);
                }
                _ => {
                    push(&mut now, at, Some(c));
                    state = State::Word;
                }
            },
        }
    }
    match state {
        State::Quoted(_) => return Err("a quote is not closed"),
        State::Escaped(_) => return Err("nothing follows the backslash"),
        State::Between | State::Word => {}
    }
    let end = line.len();
    finish(&mut words, &mut now, end);
    Ok(words)
}

fn push(now: &mut Option<Word>, at: usize, c: Option<char>) {
    let word = now.get_or_insert_with(|| Word {
        text: String::new(),
        start: at,
        end: at,
    });
    word.text.extend(c);
    word.end = at + c.map_or(1, char::len_utf8);
}

fn finish(words: &mut Vec<Word>, now: &mut Option<Word>, at: usize) {
    if let Some(mut word) = now.take() {
        // A closing quote belongs to the word; a comment behind it does not.
        word.end = at.min(word.end + 1);
        words.push(word);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(line: &str) -> Vec<String> {
        split(line).unwrap().into_iter().map(|w| w.text).collect()
    }

    /// Each checked against `shlex.split(line, comments=True)` of Python 3.11.
    #[test]
    fn splits_as_shlex_does() {
        assert_eq!(words("a b=1  c='x y'"), ["a", "b=1", "c=x y"]);
        assert_eq!(words("a p=pa#ss b"), ["a", "p=pa"]);
        assert_eq!(words("a p='pa#ss' # no"), ["a", "p=pa#ss"]);
        assert_eq!(
            words(r#"a p="x\"y\n\\" q='\n'"#),
            ["a", r#"p=x"y\n\"#, r"q=\n"]
        );
        assert_eq!(words(r"a p=x\ y"), ["a", "p=x y"]);
        assert_eq!(words("a '' b"), ["a", "", "b"]);
        assert_eq!(words("a;b"), ["a;b"]);
        assert!(split("a 'b").is_err());
        assert!(split("a b\\").is_err());
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "[ a'\"\\\\#=é]{0,30}") {
            for word in split(&line).unwrap_or_default() {
                prop_assert!(word.start <= word.end && word.end <= line.len());
            }
        }
    }
}
