//! Command-line options as getopt reads them.

use super::super::process::{Process, Stop};

/// Options and operands of a command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    options: Vec<(String, String)>,
    /// What is no option.
    pub operands: Vec<String>,
}

impl Args {
    /// Reads the process's arguments. `known` lists the options: `-r`, `--recursive`, and with a
    /// `=` at the end those that take a value: `-m=`, `--mode=`.
    pub fn read(process: &Process<'_>, known: &[&str]) -> Result<Self, Stop> {
        Self::parse(&process.args(), known).map_err(|option| process.strange(&option))
    }

    /// As [`Args::read`]; gives the unknown option.
    pub fn parse(args: &[String], known: &[&str]) -> Result<Self, String> {
        let takes_value = |name: &str| known.iter().any(|k| k.strip_suffix('=') == Some(name));
        let is_known = |name: &str| known.contains(&name) || takes_value(name);
        let mut found = Self::default();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            if arg == "--" {
                found.operands.extend(rest.cloned());
                break;
            }
            if let Some(long) = arg.strip_prefix("--") {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (format!("--{name}"), Some(value.to_owned())),
                    None => (format!("--{long}"), None),
                };
                if !is_known(&name) {
                    return Err(name);
                }
                let value = match value {
                    Some(value) => value,
                    None if takes_value(&name) => rest.next().cloned().unwrap_or_default(),
                    None => String::new(),
                };
                found.options.push((name, value));
            } else if arg.len() > 1 && arg.starts_with('-') {
                found.short(arg, &mut rest, (&is_known, &takes_value))?;
            } else {
                found.operands.push(arg.clone());
            }
        }
        Ok(found)
    }

    fn short<'a>(
        &mut self,
        arg: &str,
        rest: &mut impl Iterator<Item = &'a String>,
        (is_known, takes_value): (&dyn Fn(&str) -> bool, &dyn Fn(&str) -> bool),
    ) -> Result<(), String> {
        if is_known(arg) && !takes_value(arg) {
            self.options.push((arg.to_owned(), String::new()));
            return Ok(());
        }
        for (at, letter) in arg.char_indices().skip(1) {
            let name = format!("-{letter}");
            if takes_value(&name) {
                let inline = &arg[at + letter.len_utf8()..];
                let value = if inline.is_empty() {
                    rest.next().cloned().unwrap_or_default()
                } else {
                    inline.to_owned()
                };
                self.options.push((name, value));
                return Ok(());
            }
            if !is_known(&name) {
                return Err(name);
            }
            self.options.push((name, String::new()));
        }
        Ok(())
    }

    /// Whether any of these was given.
    pub fn has(&self, names: &[&str]) -> bool {
        self.value(names).is_some()
    }

    /// The last value of any of these.
    pub fn value(&self, names: &[&str]) -> Option<&str> {
        self.options
            .iter()
            .rev()
            .find(|(name, _)| names.contains(&name.as_str()))
            .map(|(_, value)| value.as_str())
    }

    /// Every value of any of these.
    pub fn values<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
        self.options
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()))
            .map(|(_, value)| value.as_str())
    }

    /// The nth operand.
    pub fn operand(&self, nth: usize) -> Option<&str> {
        self.operands.get(nth).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_values_and_the_end_of_options() {
        let words = |text: &str| text.split(' ').map(ToOwned::to_owned).collect::<Vec<_>>();
        let args = Args::parse(
            &words("-rf -m755 --owner=root a -- -b"),
            &["-r", "-f", "-m=", "--owner="],
        )
        .unwrap();
        assert!(args.has(&["-r"]) && args.has(&["-f"]) && !args.has(&["-x"]));
        assert_eq!(args.value(&["-m"]), Some("755"));
        assert_eq!(args.operands, ["a", "-b"]);
        assert_eq!(Args::parse(&words("-rz"), &["-r"]), Err("-z".to_owned()));
    }
}
