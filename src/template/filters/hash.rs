//! Digests, password hashes, identifiers.

use md5::{Digest as _, Md5};
use minijinja::{Error, Value};
use ring::digest;

use super::Table;
use super::crypt;
use crate::template::call::Call;
use crate::template::convert;

pub(super) const TABLE: Table = &[
    ("hash", hash),
    ("md5", md5),
    ("sha1", sha1),
    ("checksum", sha1),
    ("password_hash", password_hash),
    ("to_uuid", to_uuid),
];

/// The namespace Ansible uses where none is given.
const NAMESPACE: &str = "361E6D51-FAEC-444A-9079-341386DA8E2E";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest_of(call: &Call<'_, '_, '_>, name: &str, bytes: &[u8]) -> Result<String, Error> {
    let algorithm = match name {
        "md5" => return Ok(hex(&Md5::digest(bytes))),
        "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "sha256" => &digest::SHA256,
        "sha384" => &digest::SHA384,
        "sha512" => &digest::SHA512,
        other => return Err(call.fail(&format!("does not know the digest `{other}`"))),
    };
    Ok(hex(digest::digest(algorithm, bytes).as_ref()))
}

fn hash(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(1, &["hashtype"])?;
    let name = call.text_or(1, "hashtype", "sha1")?;
    digest_of(call, &name, call.text()?.as_bytes()).map(Value::from)
}

fn md5(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    digest_of(call, "md5", call.text()?.as_bytes()).map(Value::from)
}

fn sha1(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    digest_of(call, "sha1", call.text()?.as_bytes()).map(Value::from)
}

/// `password_hash(hashtype='sha512', salt=none, rounds=none, ident=none)`. A salt that is not
/// given is random: the hash is another one each time, as in Ansible.
fn password_hash(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(6, &["hashtype", "salt", "salt_size", "rounds", "ident"])?;
    let kind = match call.text_or(1, "hashtype", "sha512")?.as_str() {
        "sha512" | "sha512_crypt" => crypt::Kind::Sha512,
        "sha256" | "sha256_crypt" => crypt::Kind::Sha256,
        other => {
            return Err(call.fail(&format!(
                "makes `sha512` and `sha256` hashes; `{other}` is not supported"
            )));
        }
    };
    let salt = match call.arg(2, "salt").filter(|salt| !salt.is_none()) {
        Some(salt) => convert::text(&salt)?,
        None => crypt::salt(&*call.run()?.inner.world.random),
    };
    let rounds = match call.int(4, "rounds")? {
        Some(rounds) => u32::try_from(rounds).map_err(|_| call.fail("needs rounds above zero"))?,
        None => kind.default_rounds(),
    };
    if salt.len() > 16 || !salt.bytes().all(|b| crypt::ALPHABET.contains(&b)) {
        return Err(call.fail("needs a salt of at most 16 letters, digits, dots and slashes"));
    }
    Ok(Value::from(crypt::hash(
        kind,
        call.text()?.as_bytes(),
        &salt,
        rounds,
    )))
}

/// A version 5 identifier: the same text gives the same one.
fn to_uuid(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(1, &["namespace"])?;
    let namespace = call.text_or(1, "namespace", NAMESPACE)?;
    let digits: String = namespace.chars().filter(|c| *c != '-').collect();
    let mut bytes = Vec::new();
    for index in 0..16 {
        let byte = digits
            .get(index * 2..index * 2 + 2)
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
            .filter(|_| digits.len() == 32);
        bytes.push(byte.ok_or_else(|| call.fail("needs a UUID as `namespace`"))?);
    }
    bytes.extend_from_slice(call.text()?.as_bytes());
    let mut id = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &bytes).as_ref()[..16].to_vec();
    id[6] = (id[6] & 0x0f) | 0x50;
    id[8] = (id[8] & 0x3f) | 0x80;
    let text = hex(&id);
    Ok(Value::from(format!(
        "{}-{}-{}-{}-{}",
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..]
    )))
}
