//! Shell globs by Python's `fnmatch` rules: `*`, `?`, `[abc]`, `[!a-c]`.

/// A glob taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glob(Vec<Token>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    One,
    Any,
    Set(Set),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Set {
    ranges: Vec<(char, char)>,
    inverted: Inverted,
}

/// Whether `!` stood first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inverted {
    No,
    Yes,
}

impl Glob {
    /// Reads a glob; every text is one.
    pub fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(c) = chars.get(at) {
            at += 1;
            tokens.push(match c {
                '*' => Token::Any,
                '?' => Token::One,
                '[' => match set(&chars[at..]) {
                    Some((set, used)) => {
                        at += used;
                        Token::Set(set)
                    }
                    None => Token::Char('['),
                },
                c => Token::Char(*c),
            });
        }
        tokens.dedup_by(|a, b| *a == Token::Any && *b == Token::Any);
        Self(tokens)
    }

    /// Whether the whole name matches.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut at, mut token) = (0, 0);
        // Where to go on when the last `*` has to swallow one more character.
        let mut retry: Option<(usize, usize)> = None;
        loop {
            let step = match (self.0.get(token), name.get(at)) {
                (None, None) => return true,
                (Some(Token::Any), _) => {
                    retry = Some((token, at));
                    token += 1;
                    continue;
                }
                (Some(Token::One), Some(_)) => true,
                (Some(Token::Char(wanted)), Some(c)) => wanted == c,
                (Some(Token::Set(set)), Some(c)) => set.has(*c),
                (_, None) | (None, Some(_)) => false,
            };
            if step {
                at += 1;
                token += 1;
                continue;
            }
            let Some((star, from)) = retry.filter(|(_, from)| *from < name.len()) else {
                return false;
            };
            retry = Some((star, from + 1));
            (token, at) = (star + 1, from + 1);
        }
    }
}

impl Set {
    fn has(&self, c: char) -> bool {
        let found = self
            .ranges
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&c));
        found == (self.inverted == Inverted::No)
    }
}

/// What stands behind a `[`, and how many characters it takes; `None` if it never ends.
fn set(chars: &[char]) -> Option<(Set, usize)> {
    let inverted = match chars.first() {
        Some('!') => Inverted::Yes,
        _ => Inverted::No,
    };
    let start = usize::from(inverted == Inverted::Yes);
    // A `]` that comes first is a member.
    let search = start + 1;
    let end = search + chars.get(search..)?.iter().position(|c| *c == ']')?;
    let members = &chars[start..end];
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(from) = members.get(at) {
        if let (Some('-'), Some(to)) = (members.get(at + 1), members.get(at + 2)) {
            ranges.push((*from, *to));
            at += 3;
        } else {
            ranges.push((*from, *from));
            at += 1;
        }
    }
    Some((Set { ranges, inverted }, end + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn matches_as_fnmatch_does() {
        for (glob, name) in [
            ("*", ""),
            ("a*c", "abbc"),
            ("*b*b", "abcb"),
            ("w?b", "web"),
            ("w[a-e]b", "web"),
            ("w[!x]b", "web"),
            ("[]]", "]"),
            ("[", "["),
            ("a[b", "a[b"),
            ("x**y", "xy"),
        ] {
            assert!(Glob::new(glob).matches(name), "{glob} {name}");
        }
        for (glob, name) in [
            ("a", "A"),
            ("w?b", "wb"),
            ("w[!e]b", "web"),
            ("a*", "ba"),
            ("", "a"),
        ] {
            assert!(!Glob::new(glob).matches(name), "{glob} {name}");
        }
    }

    proptest! {
        #[test]
        fn no_glob_makes_it_panic(glob in "[a\\[\\]!*?-]{0,12}", name in "[a-c\\[\\]-]{0,20}") {
            Glob::new(&glob).matches(&name);
        }

        #[test]
        fn a_plain_name_matches_itself_only(name in "[a-z0-9.-]{1,12}", other in "[a-z0-9.-]{1,12}") {
            prop_assert_eq!(Glob::new(&name).matches(&other), name == other);
        }
    }
}
