//! Secrets as they may be written somewhere: as they are, in base64 at any offset, once or twice, in
//! hex, in percent signs. Looked for by their first bytes, so that thousands cost what one costs.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Shorter values are met by chance.
pub const SHORTEST: usize = 12;
/// How many bytes tell one needle from another at first.
const HEAD: usize = 8;

/// What is looked for.
#[derive(Default)]
pub struct Needles {
    names: BTreeMap<Vec<u8>, (String, &'static str)>,
    by_head: BTreeMap<[u8; HEAD], Vec<Vec<u8>>>,
    begins: Vec<bool>,
}

impl Needles {
    /// These secrets, by name, in all their forms.
    pub fn new(secrets: &BTreeMap<String, String>) -> Self {
        let mut all = Self {
            begins: vec![false; 1 << 24],
            ..Self::default()
        };
        // One that is kept in several places has the name of where it comes from.
        let kept = ["given/", "sealed/", "secrets/", "pki/", "k3s/"];
        let is_kept = |name: &&String| kept.iter().any(|head| name.starts_with(head));
        let (first, then): (Vec<_>, Vec<_>) = secrets.keys().partition(is_kept);
        for name in first.into_iter().chain(then) {
            let value = &secrets[name];
            assert!(
                value.len() >= SHORTEST,
                "{name} is too short to be looked for"
            );
            for (form, text) in forms(value.as_bytes()) {
                all.add(name, form, text);
            }
        }
        all
    }

    fn add(&mut self, name: &str, form: &'static str, text: Vec<u8>) {
        let head = text[..HEAD].try_into().unwrap();
        self.begins[start(&text)] = true;
        if !self.names.contains_key(&text) {
            self.by_head.entry(head).or_default().push(text.clone());
            self.names.insert(text, (name.to_owned(), form));
        }
    }

    /// The secrets in these bytes: name and form.
    pub fn found(&self, bytes: &[u8]) -> BTreeSet<(String, &'static str)> {
        let mut found = BTreeSet::new();
        for at in 0..bytes.len().saturating_sub(HEAD - 1) {
            let rest = &bytes[at..];
            if !self.begins[start(rest)] {
                continue;
            }
            let head: [u8; HEAD] = rest[..HEAD].try_into().unwrap();
            let known = self.by_head.get(&head).into_iter().flatten();
            for needle in known.filter(|needle| rest.starts_with(needle)) {
                found.insert(self.names[needle].clone());
            }
        }
        found
    }
}

fn start(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2])
}

/// How a value may be written.
fn forms(value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = vec![("as it is", value.to_vec())];
    for text in base64(value) {
        all.extend(base64(&text).map(|twice| ("in base64 twice", twice)));
        all.push(("in base64", text));
    }
    let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    all.push(("in hex", hex.to_uppercase().into_bytes()));
    all.push(("in hex", hex.into_bytes()));
    let percent: String = value
        .iter()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(*byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect();
    all.push(("percent-encoded", percent.into_bytes()));
    all
}

/// What of a value's base64 does not depend on its neighbours, at each of the three offsets.
fn base64(value: &[u8]) -> impl Iterator<Item = Vec<u8>> + use<> {
    let value = value.to_vec();
    (0..3_usize).flat_map(move |offset| {
        let bytes = [vec![0; offset], value.clone()].concat();
        let whole = bytes.len() * 8 / 6;
        let first = (offset * 8).div_ceil(6);
        [
            STANDARD_NO_PAD.encode(&bytes),
            URL_SAFE_NO_PAD.encode(&bytes),
        ]
        .map(|text| text.as_bytes()[first..whole].to_vec())
    })
}
