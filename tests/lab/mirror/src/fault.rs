//! Faults on demand: which path misbehaves, how, and how often.
//!
//! Rules come from the command line and from a control file that is looked at before every
//! request, so a journey can break a download in the middle of a run and heal it again.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Mutex;
use std::time::SystemTime;

/// How a download goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The file's content differs in one byte: only a digest can tell.
    WrongDigest,
    /// The announced length is right, half of the body comes, the connection ends.
    Truncated,
    /// This many bytes per second.
    Slow(u64),
    /// "Service unavailable", with `Retry-After: 1`.
    Unavailable,
    /// No fault: in a control file it hides a rule of the command line.
    None,
}

impl Fault {
    /// The word used in rules and in the request log.
    pub fn word(self) -> &'static str {
        match self {
            Fault::WrongDigest => "wrong-digest",
            Fault::Truncated => "truncated",
            Fault::Slow(_) => "slow",
            Fault::Unavailable => "503",
            Fault::None => "none",
        }
    }
}

/// One `PATH=FAULT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    path: String,
    fault: Fault,
    /// How many more requests it spoils; `None`: all.
    left: Option<u64>,
}

impl Rule {
    fn matches(&self, path: &str) -> bool {
        match self.path.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => self.path == path,
        }
    }
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The last `=`: paths may hold one, faults do not.
        let (path, what) = text
            .rsplit_once('=')
            .ok_or_else(|| format!("{text}: not PATH=FAULT"))?;
        let path = path.trim().trim_start_matches('/');
        if path.is_empty() {
            return Err(format!("{text}: the path is empty"));
        }
        let (word, number) = match what.trim().split_once(':') {
            Some((word, number)) => {
                let number: u64 = number
                    .parse()
                    .ok()
                    .filter(|n| *n > 0)
                    .ok_or_else(|| format!("{text}: {number} is not a positive number"))?;
                (word, Some(number))
            }
            None => (what.trim(), None),
        };
        let (fault, left) = match word {
            "wrong-digest" => (Fault::WrongDigest, number),
            "truncated" => (Fault::Truncated, number),
            "slow" => (Fault::Slow(number.unwrap_or(65_536)), None),
            "503" => (Fault::Unavailable, number),
            "none" => (Fault::None, None),
            _ => {
                return Err(format!(
                    "{text}: {word} is none of wrong-digest, truncated, slow, 503, none"
                ));
            }
        };
        Ok(Rule {
            path: path.to_owned(),
            fault,
            left,
        })
    }
}

/// All rules of a running mirror.
#[derive(Debug)]
pub struct Faults {
    given: Mutex<Vec<Rule>>,
    control: Option<PathBuf>,
    read: Mutex<ControlFile>,
}

#[derive(Debug, Default)]
struct ControlFile {
    /// Modification time and length when it was last read.
    version: Option<(SystemTime, u64)>,
    rules: Vec<Rule>,
}

impl Faults {
    /// Rules given at the start, and the file to watch (it need not exist yet).
    pub fn new(given: Vec<Rule>, control: Option<PathBuf>) -> Self {
        Faults {
            given: Mutex::new(given),
            control,
            read: Mutex::new(ControlFile::default()),
        }
    }

    /// The fault for this request, counted down. An error is a control file that cannot be read
    /// or understood: the request must then fail loudly instead of passing a test by accident.
    pub fn take(&self, path: &str) -> Result<Fault, String> {
        let mut file = lock(&self.read);
        self.refresh(&mut file)?;
        let mut given = lock(&self.given);
        for rule in file.rules.iter_mut().chain(given.iter_mut()) {
            if !rule.matches(path) {
                continue;
            }
            match &mut rule.left {
                None => return Ok(rule.fault),
                Some(0) => {}
                Some(left) => {
                    *left -= 1;
                    return Ok(rule.fault);
                }
            }
        }
        Ok(Fault::None)
    }

    fn refresh(&self, file: &mut ControlFile) -> Result<(), String> {
        let Some(path) = &self.control else {
            return Ok(());
        };
        let Ok(meta) = std::fs::metadata(path) else {
            *file = ControlFile::default();
            return Ok(());
        };
        let version = meta
            .modified()
            .map_err(|why| format!("{}: {why}", path.display()))?;
        let version = Some((version, meta.len()));
        if version == file.version {
            return Ok(());
        }
        let text =
            std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
        file.rules = rules(&text).map_err(|why| format!("{}: {why}", path.display()))?;
        file.version = version;
        Ok(())
    }
}

/// The rules of a control file's text.
pub fn rules(text: &str) -> Result<Vec<Rule>, String> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .map(str::parse)
        .collect()
}

/// A lock whose holder panicked still guards plain data.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
