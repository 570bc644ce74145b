//! The two lists of rules, CSV files: who may call which path, and who may open which secret to
//! which role. The number of columns must fit; the real program does not start otherwise.

use fancy_regex::Regex;

/// What it says of lists that it cannot read.
pub const BROKEN: &str = "panic: authorizer init failed";

/// Both lists.
#[derive(Clone, Default)]
pub struct Rules {
    /// Who, path, method.
    calls: Vec<(String, Regex, Regex)>,
    /// Who, secret, role, whether allowed.
    grants: Vec<(String, String, String, Verdict)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allow,
    Deny,
}

fn lines<const N: usize>(text: &str) -> Result<Vec<[String; N]>, String> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<String> = line
                .split(',')
                .map(|field| field.trim().to_owned())
                .collect();
            let fields: [String; N] = fields.try_into().map_err(|_| BROKEN.to_owned())?;
            (fields[0] == "p")
                .then_some(fields)
                .ok_or_else(|| BROKEN.to_owned())
        })
        .collect()
}

/// `a/*` is every text that starts with `a/`.
fn fits(pattern: &str, text: &str) -> bool {
    pattern
        .strip_suffix('*')
        .map_or(pattern == text, |start| text.starts_with(start))
}

impl Rules {
    /// Both lists, as their files hold them.
    ///
    /// # Errors
    /// The line of the journal, where one of them cannot be read.
    pub fn read(calls: &str, grants: &str) -> Result<Self, String> {
        let regex = |text: &str| Regex::new(text).map_err(|_| BROKEN.to_owned());
        let calls = lines::<4>(calls)?
            .into_iter()
            .map(|[_, who, path, method]| Ok((who, regex(&path)?, regex(&method)?)))
            .collect::<Result<_, String>>()?;
        let grants = lines::<5>(grants)?
            .into_iter()
            .map(|[_, who, secret, role, verdict]| {
                let verdict = match verdict.as_str() {
                    "allow" => Verdict::Allow,
                    "deny" => Verdict::Deny,
                    _ => return Err(BROKEN.to_owned()),
                };
                Ok((who, secret, role, verdict))
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { calls, grants })
    }

    /// Whether this client may do this to this path of Vault.
    pub fn lets(&self, who: &str, path: &str, method: &str) -> bool {
        self.calls.iter().any(|(name, p, m)| {
            name == who && p.is_match(path).unwrap_or(false) && m.is_match(method).unwrap_or(false)
        })
    }

    /// Whether this client may open this secret to this role: the first line that fits counts.
    pub fn grants(&self, who: &str, secret: &str, role: &str) -> bool {
        let mut lines = self.grants.iter();
        let found = lines.find(|(name, s, r, _)| {
            name == who && fits(s, secret) && fits(r, &role.to_uppercase())
        });
        found.is_some_and(|line| line.3 == Verdict::Allow)
    }
}
