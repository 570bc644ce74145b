//! File modes as people write them: octal numbers and strings, `u=rw,g=r`, `a+x`, `u+X`.

use super::Failure;
use crate::input::Json;

/// A mode that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// These bits.
    Exact(u32),
    /// A change of what is there.
    Symbolic(Vec<Clause>),
    /// That of the source (`preserve`).
    Preserve,
}

/// One clause of a symbolic mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Bits that the clause may set: who, as a mask over `0o7777`.
    who: u32,
    operator: char,
    /// Letters out of `rwxXstugo`.
    what: String,
}

impl Mode {
    /// Reads `mode`: a number is the bits themselves (the YAML reader has resolved `0644`), text is
    /// octal or symbolic.
    pub fn parse(value: &Json) -> Result<Option<Self>, Failure> {
        let bad = || {
            Failure::msg(format!("bad mode `{value}`"))
                .help("write octal in quotes (`\"0644\"`) or symbolic (`u=rw,g=r,o=r`)")
        };
        let text = match value {
            Json::Null => return Ok(None),
            Json::Number(number) => {
                let bits = number.as_u64().and_then(|n| u32::try_from(n).ok());
                return bits
                    .filter(|bits| *bits <= 0o7777)
                    .map(|bits| Some(Self::Exact(bits)))
                    .ok_or_else(bad);
            }
            Json::String(text) => text.trim(),
            _ => return Err(bad()),
        };
        if text == "preserve" {
            return Ok(Some(Self::Preserve));
        }
        let digits = text.strip_prefix("0o").unwrap_or(text);
        if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) {
            return u32::from_str_radix(digits, 8)
                .ok()
                .filter(|bits| *bits <= 0o7777)
                .map(|bits| Some(Self::Exact(bits)))
                .ok_or_else(bad);
        }
        let clauses: Option<Vec<Vec<Clause>>> = text.split(',').map(clauses).collect();
        clauses
            .map(|c| Some(Self::Symbolic(c.concat())))
            .ok_or_else(bad)
    }

    /// The bits that result from `current` (of a directory or not).
    pub fn on(&self, current: u32, kind: Target) -> u32 {
        match self {
            Self::Exact(bits) => *bits,
            Self::Preserve => current,
            Self::Symbolic(clauses) => clauses
                .iter()
                .fold(current, |mode, clause| clause.on(mode, current, kind)),
        }
    }
}

/// What a mode is for: `X` means execute only for directories and what is executable already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A directory.
    Directory,
    /// Anything else.
    File,
}

impl Target {
    /// The mode that a new one gets when none is asked for (umask 022).
    pub const fn default_mode(self) -> u32 {
        match self {
            Self::Directory => 0o755,
            Self::File => 0o644,
        }
    }
}

/// The clauses of one comma-separated part: `ug+r-w`.
fn clauses(part: &str) -> Option<Vec<Clause>> {
    let start = part.find(['+', '-', '='])?;
    let (who, mut rest) = part.split_at(start);
    let mask = who.chars().try_fold(0, |mask, c| {
        Some(
            mask | match c {
                'u' => 0o4700,
                'g' => 0o2070,
                'o' => 0o1007,
                'a' => 0o7777,
                _ => return None,
            },
        )
    })?;
    let who = if who.is_empty() { 0o7777 } else { mask };
    let mut clauses = Vec::new();
    while let Some(operator) = rest.chars().next() {
        let tail = rest.get(1..)?;
        let end = tail.find(['+', '-', '=']).unwrap_or(tail.len());
        let (what, next) = tail.split_at(end);
        if !what.chars().all(|c| "rwxXstugo".contains(c)) {
            return None;
        }
        clauses.push(Clause {
            who,
            operator,
            what: what.to_owned(),
        });
        rest = next;
    }
    Some(clauses)
}

impl Clause {
    /// The clause on `mode`; `original` decides what `X` and copied classes mean.
    fn on(&self, mode: u32, original: u32, kind: Target) -> u32 {
        let mut bits = 0;
        for letter in self.what.chars() {
            let each = |bits: u32| bits << 6 | bits << 3 | bits;
            bits |= match letter {
                'r' => 0o444,
                'w' => 0o222,
                'x' => 0o111,
                'X' if kind == Target::Directory || original & 0o111 != 0 => 0o111,
                's' => 0o6000,
                't' => 0o1000,
                'u' => each(original >> 6 & 7),
                'g' => each(original >> 3 & 7),
                'o' => each(original & 7),
                _ => 0,
            };
        }
        // `t` is nobody's in particular: `+t`, `a+t` and `o+t` set it, and so does `u+t` in Ansible.
        let who = if self.what.contains('t') {
            self.who | 0o1000
        } else {
            self.who
        };
        match self.operator {
            '+' => mode | bits & who,
            '-' => mode & !(bits & who),
            // `=` leaves setuid and setgid of a directory alone unless they are named, as chmod does.
            _ => {
                mode & !(who & 0o777) & !(who & (0o6000 * u32::from(kind == Target::File)))
                    | bits & who
            }
        }
    }
}

/// A mode as Ansible's results show it: `0644`.
pub fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn on(text: &str, current: u32, kind: Target) -> u32 {
        Mode::parse(&json!(text))
            .unwrap()
            .unwrap()
            .on(current, kind)
    }

    #[test]
    fn octal_and_symbolic_modes() {
        use Target::{Directory, File};
        assert_eq!(Mode::parse(&json!(420)).unwrap(), Some(Mode::Exact(0o644)));
        assert_eq!(on("0644", 0, File), 0o644);
        assert_eq!(on("1777", 0, Directory), 0o1777);
        assert_eq!(on("u=rw,g=r,o=r", 0o777, File), 0o644);
        assert_eq!(on("a+x", 0o644, File), 0o755);
        assert_eq!(on("u+X", 0o644, File), 0o644);
        assert_eq!(on("u+X", 0o644, Directory), 0o744);
        assert_eq!(on("a+X", 0o744, File), 0o755);
        assert_eq!(on("go-rwx", 0o755, File), 0o700);
        assert_eq!(on("g=u", 0o740, File), 0o770);
        assert_eq!(on("u+s,o+t", 0o755, Directory), 0o5755);
        assert_eq!(on("o=", 0o755, File), 0o750);
        assert_eq!(on("ug+r-w", 0o620, File), 0o440);
    }

    #[test]
    fn what_is_no_mode_is_refused() {
        for bad in [
            json!("rw-r--r--"),
            json!("99"),
            json!("u~x"),
            json!(true),
            json!(99999),
            json!("u=q"),
        ] {
            assert!(Mode::parse(&bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn applying_twice_is_applying_once(text in "[ugoa]{0,2}[+=-][rwxst]{0,3}(,[ugoa][+=-][rwx]{1,2})?", mode in 0u32..0o7777) {
            let wanted = Mode::parse(&json!(text)).unwrap().unwrap();
            let once = wanted.on(mode, Target::File);
            proptest::prop_assert_eq!(wanted.on(once, Target::File), once);
            proptest::prop_assert!(once <= 0o7777);
        }
    }
}
