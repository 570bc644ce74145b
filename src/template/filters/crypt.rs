//! SHA-crypt (`$6$`, `$5$`) as `/etc/shadow` has it; the specification is Ulrich Drepper's
//! "Unix crypt using SHA-256 and SHA-512".

use ring::digest::{self, Algorithm, Context};

/// The letters of salts and hashes.
pub(super) const ALPHABET: &[u8] =
    b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Rounds that are not written into the hash.
const IMPLICIT_ROUNDS: u32 = 5000;

/// Which digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sha256,
    Sha512,
}

impl Kind {
    /// The rounds Ansible (passlib) uses where none are given.
    pub fn default_rounds(self) -> u32 {
        match self {
            Self::Sha256 => 535_000,
            Self::Sha512 => 656_000,
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        }
    }

    /// The order in which bytes are written, by threes.
    fn order(self) -> (Vec<[usize; 3]>, Vec<usize>) {
        let (size, last) = match self {
            Self::Sha256 => (10, vec![31, 30]),
            Self::Sha512 => (21, vec![63]),
        };
        let turn = |index: usize, a: usize| match (self, index % 3) {
            (_, 0) => [a, a + size, a + 2 * size],
            (Self::Sha512, 1) | (Self::Sha256, 2) => [a + size, a + 2 * size, a],
            _ => [a + 2 * size, a, a + size],
        };
        ((0..size).map(|index| turn(index, index)).collect(), last)
    }
}

/// A salt of 16 letters.
pub(super) fn salt(random: &(dyn Fn(&mut [u8]) + Send + Sync)) -> String {
    let mut bytes = [0; 16];
    random(&mut bytes);
    bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 64)]))
        .collect()
}

/// The hash of a password, as one field of `/etc/shadow`.
pub(super) fn hash(kind: Kind, password: &[u8], salt: &str, rounds: u32) -> String {
    let rounds = rounds.clamp(1000, 999_999_999);
    let algorithm = kind.algorithm();
    let sum = |parts: &[&[u8]]| -> Vec<u8> {
        let mut context = Context::new(algorithm);
        for part in parts {
            context.update(part);
        }
        context.finish().as_ref().to_vec()
    };
    let stretch = |bytes: &[u8], length: usize| -> Vec<u8> {
        bytes.iter().copied().cycle().take(length).collect()
    };
    let salt_bytes = salt.as_bytes();
    let inner = sum(&[password, salt_bytes, password]);
    let mut first = Context::new(algorithm);
    first.update(password);
    first.update(salt_bytes);
    first.update(&stretch(&inner, password.len()));
    let mut length = password.len();
    while length > 0 {
        first.update(if length & 1 == 1 { &inner } else { password });
        length >>= 1;
    }
    let mut result = first.finish().as_ref().to_vec();
    let repeated = |bytes: &[u8], times: usize| -> Vec<u8> {
        let mut context = Context::new(algorithm);
        for _ in 0..times {
            context.update(bytes);
        }
        context.finish().as_ref().to_vec()
    };
    let p = stretch(&repeated(password, password.len()), password.len());
    let s = stretch(
        &repeated(salt_bytes, 16 + usize::from(result[0])),
        salt_bytes.len(),
    );
    for round in 0..rounds {
        let mut context = Context::new(algorithm);
        context.update(if round & 1 == 1 { &p } else { &result });
        if round % 3 != 0 {
            context.update(&s);
        }
        if round % 7 != 0 {
            context.update(&p);
        }
        context.update(if round & 1 == 1 { &result } else { &p });
        result = context.finish().as_ref().to_vec();
    }
    let prefix = match kind {
        Kind::Sha256 => "$5$",
        Kind::Sha512 => "$6$",
    };
    let rounds = if rounds == IMPLICIT_ROUNDS {
        String::new()
    } else {
        format!("rounds={rounds}$")
    };
    format!("{prefix}{rounds}{salt}${}", encode(kind, &result))
}

/// The digest in the format's own base 64.
fn encode(kind: Kind, result: &[u8]) -> String {
    let mut out = String::new();
    let mut put = |mut bits: u32, letters: usize| {
        for _ in 0..letters {
            let letter = usize::try_from(bits & 63).unwrap_or(0);
            out.push(char::from(ALPHABET[letter]));
            bits >>= 6;
        }
    };
    let (triples, last) = kind.order();
    let byte = |index: usize| u32::from(result.get(index).copied().unwrap_or(0));
    for [a, b, c] in triples {
        put(byte(a) << 16 | byte(b) << 8 | byte(c), 4);
    }
    match last.as_slice() {
        [a, b] => put(byte(*a) << 8 | byte(*b), 3),
        [a] => put(byte(*a), 2),
        _ => {}
    }
    out
}
