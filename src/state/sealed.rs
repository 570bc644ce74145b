//! The sealed store: outputs that nobody can look up a second time (root tokens, unseal shares),
//! encrypted with age beside the key that opens them.
//!
//! The key lies in the state directory, readable by its owner only: the store guards what is copied
//! elsewhere (a backup, a listing, a log), not against whoever owns the state directory. Whoever
//! keeps the key file apart has a store that opens only with it.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use age::secrecy::ExposeSecret;
use age::x25519::Identity;

use crate::diagnostic::Diagnostic;
use crate::input::{Files, Json};
use crate::secret::Redactor;

/// The name of the key's file; age's own form, so that `age -d` opens the store too.
const KEY: &str = "sealed.key";
/// The name of the store.
const STORE: &str = "sealed.age";

type Values = BTreeMap<String, BTreeMap<String, Json>>;

/// The store of one tenant.
pub struct Sealed {
    folder: PathBuf,
    files: Arc<dyn Files>,
    redactor: Redactor,
    values: Mutex<Values>,
}

impl Sealed {
    /// Opens what there is; a store that does not exist is empty. Everything in it is a secret of
    /// this run from here on.
    pub fn open(
        files: Arc<dyn Files>,
        folder: &Path,
        redactor: Redactor,
    ) -> Result<Self, Box<Diagnostic>> {
        let path = folder.join(STORE);
        let values = match files.read(&path) {
            Ok(bytes) => {
                let key = identity(files.as_ref(), folder)?;
                let plain = age::decrypt(&key, &bytes)
                    .map_err(|error| unreadable(&path, error.to_string()))?;
                serde_json::from_slice(&plain)
                    .map_err(|error| unreadable(&path, error.to_string()))?
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Values::new(),
            Err(error) => return Err(unreadable(&path, error.to_string())),
        };
        for value in values.values().flat_map(BTreeMap::values) {
            hide(&redactor, value);
        }
        Ok(Self {
            folder: folder.to_owned(),
            files,
            redactor,
            values: Mutex::new(values),
        })
    }

    /// What is kept: component and output, in order.
    pub fn names(&self) -> Vec<(String, String)> {
        let Ok(values) = self.values.lock() else {
            return Vec::new();
        };
        let outputs = values.iter().flat_map(|(component, outputs)| {
            outputs
                .keys()
                .map(|output| (component.clone(), output.clone()))
        });
        outputs.collect()
    }

    /// A value that was kept.
    pub fn get(&self, component: &str, output: &str) -> Option<Json> {
        let values = self.values.lock().ok()?;
        values.get(component)?.get(output).cloned()
    }

    /// Keeps a value; it is on the disk when this returns.
    pub fn keep(&self, component: &str, output: &str, value: &Json) -> Result<(), Box<Diagnostic>> {
        hide(&self.redactor, value);
        let path = self.folder.join(STORE);
        let Ok(mut values) = self.values.lock() else {
            return Err(unwritable(
                &path,
                "another thread failed while it had the store",
            ));
        };
        let outputs = values.entry(component.to_owned()).or_default();
        if outputs.get(output) == Some(value) {
            return Ok(());
        }
        outputs.insert(output.to_owned(), value.clone());
        self.write(&values)
    }

    /// Drops a value, if it is there; the disk no longer has it when this returns.
    pub fn forget(&self, component: &str, output: &str) -> Result<(), Box<Diagnostic>> {
        let Ok(mut values) = self.values.lock() else {
            return Err(unwritable(
                &self.folder.join(STORE),
                "another thread failed while it had the store",
            ));
        };
        let Some(outputs) = values.get_mut(component) else {
            return Ok(());
        };
        if outputs.remove(output).is_none() {
            return Ok(());
        }
        if outputs.is_empty() {
            values.remove(component);
        }
        self.write(&values)
    }

    fn write(&self, values: &Values) -> Result<(), Box<Diagnostic>> {
        let path = self.folder.join(STORE);
        let plain = serde_json::to_vec(values).map_err(|e| unwritable(&path, &e.to_string()))?;
        let key = self.identity_or_new()?;
        let bytes = age::encrypt(&key.to_public(), &plain)
            .map_err(|error| unwritable(&path, &error.to_string()))?;
        self.files
            .write(&path, &bytes, 0o600)
            .map_err(|error| unwritable(&path, &error.to_string()))
    }

    fn identity_or_new(&self) -> Result<Identity, Box<Diagnostic>> {
        let path = self.folder.join(KEY);
        if self.files.kind(&path).is_some() {
            return identity(self.files.as_ref(), &self.folder);
        }
        let key = Identity::generate();
        let text = format!("{}\n", key.to_string().expose_secret());
        self.files
            .make_directory(&self.folder)
            .and_then(|()| self.files.write(&path, text.as_bytes(), 0o600))
            .map_err(|error| unwritable(&path, &error.to_string()))?;
        Ok(key)
    }
}

/// Everything in a value is a secret, but the public key of whom a part is sealed to.
fn hide(redactor: &Redactor, value: &Json) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| hide(redactor, item)),
        Json::Object(map) => {
            let hidden = map.iter().filter(|(key, _)| *key != "recipient");
            hidden.for_each(|(_, value)| hide(redactor, value));
        }
        other => redactor.add_all(other),
    }
}

fn identity(files: &dyn Files, folder: &Path) -> Result<Identity, Box<Diagnostic>> {
    let path = folder.join(KEY);
    let bytes = files
        .read(&path)
        .map_err(|error| unreadable(&path, error.to_string()))?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY"));
    Identity::from_str(line.unwrap_or_default().trim())
        .map_err(|error| unreadable(&path, error.to_owned()))
}

fn unreadable(path: &Path, why: impl Into<String>) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            "state/sealed-unreadable",
            format!("cannot open the sealed store with `{}`", path.display()),
        )
        .why(why)
        .help(format!(
            "bring back `{KEY}` and `{STORE}` of the same backup into the state directory"
        )),
    )
}

fn unwritable(path: &Path, why: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            "state/sealed-unwritable",
            format!("cannot write the sealed store `{}`", path.display()),
        )
        .why(why)
        .help("make the state directory writable and run the same command again"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::input::MemoryFiles;

    fn store(files: &Arc<MemoryFiles>) -> Result<Sealed, Box<Diagnostic>> {
        Sealed::open(files.clone(), Path::new("state"), Redactor::default())
    }

    #[test]
    fn what_is_kept_is_there_again_and_never_in_plain() {
        let files = Arc::new(MemoryFiles::default());
        let first = store(&files).unwrap();
        assert_eq!(first.get("vault", "root_token"), None);
        first
            .keep("vault", "root_token", &json!("hvs.secret-of-the-root"))
            .unwrap();
        first
            .keep("vault", "shares", &json!(["one-share", "two-share"]))
            .unwrap();
        let again = store(&files).unwrap();
        assert_eq!(
            again.get("vault", "root_token"),
            Some(json!("hvs.secret-of-the-root"))
        );
        assert_eq!(
            again.get("vault", "shares"),
            Some(json!(["one-share", "two-share"]))
        );
        let bytes = files.read(Path::new("state/sealed.age")).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("secret-of-the-root"));
        assert!(bytes.starts_with(b"age-encryption.org/v1"));
    }

    #[test]
    fn what_is_forgotten_is_gone_from_the_disk_and_the_rest_stays() {
        let files = Arc::new(MemoryFiles::default());
        let first = store(&files).unwrap();
        for (output, value) in [("root_token", "hvs.root"), ("shares", "one-share")] {
            first.keep("vault-init", output, &json!(value)).unwrap();
        }
        first.forget("vault-init", "root_token").unwrap();
        first.forget("vault-init", "root_token").unwrap();
        first.forget("nobody", "root_token").unwrap();
        assert_eq!(first.get("vault-init", "root_token"), None);
        let again = store(&files).unwrap();
        let names = vec![("vault-init".to_owned(), "shares".to_owned())];
        assert_eq!(again.names(), names);
        assert_eq!(again.get("vault-init", "shares"), Some(json!("one-share")));
        again.forget("vault-init", "shares").unwrap();
        assert_eq!(store(&files).unwrap().names(), []);
    }

    #[test]
    fn another_key_or_a_broken_store_is_told_and_nothing_is_lost() {
        let files = Arc::new(MemoryFiles::default());
        store(&files)
            .unwrap()
            .keep("vault", "root_token", &json!("token-value"))
            .unwrap();
        let bytes = files.read(Path::new("state/sealed.age")).unwrap();
        let other = Identity::generate().to_string();
        let key = Path::new("state/sealed.key");
        files
            .write(key, other.expose_secret().as_bytes(), 0o600)
            .unwrap();
        let error = store(&files).err().unwrap();
        assert_eq!(error.code, "state/sealed-unreadable");
        files.remove(key).unwrap();
        assert_eq!(store(&files).err().unwrap().code, "state/sealed-unreadable");
        assert_eq!(files.read(Path::new("state/sealed.age")).unwrap(), bytes);
    }
}
