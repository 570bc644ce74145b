//! Modules that speak to a Vault through the host of their task.

mod init;
mod kv2;
mod raw;
mod root;
mod same;
mod setting;
mod shares;
mod unseal;

use super::registry::{Built, boxed};
use super::remote::Remote;
use super::transfer::refuse_unverified;
use super::{Context, Failure, Given};
use crate::secret::Secret;
use crate::service::vault;

pub use shares::identities;

/// The module of this family by its short name.
pub fn build(name: &str, given: &Given, context: &Context<'_>) -> Built {
    match name {
        "vault_init" => boxed(init::Init::new(given, context)?),
        "vault_root" => boxed(root::Root::new(given, context)?),
        "vault_unseal" => boxed(unseal::Unseal::new(given, context)?),
        "vault_setting" => boxed(setting::Setting::new(given, context)?),
        "vault_read" => boxed(raw::Read::new(given, context)?),
        "vault_write" => boxed(raw::Write::new(given, context)?),
        "vault_kv2_write" => boxed(kv2::Write::new(given, context)?),
        "vault_kv2_get" => boxed(kv2::Get::new(given, context)?),
        _ => Ok(None),
    }
}

/// The Vault that the arguments name, asked by nobody yet.
fn anonymous(given: &Given, context: &Context<'_>) -> Result<Remote, Failure> {
    refuse_unverified(given)?;
    Remote::new(given, context, ("url", "ca_cert"))
}

/// The Vault that the arguments name.
fn remote(given: &Given, context: &Context<'_>) -> Result<Remote, Failure> {
    let remote = anonymous(given, context)?;
    if given.text("token") == Some("") {
        return Err(Failure::msg(format!(
            "there is no token to ask the Vault at {} with: its root token was taken back",
            given.string("url")
        ))
        .help(
            "run `nautes-install up` with `vault-root` and `vault-revoke` among its components",
        ));
    }
    Ok(match given.some("token") {
        Some(token) => remote.by(vault::token(Secret::new(token.clone())), &token),
        None => remote,
    })
}

/// The path of the API that the arguments name, without `v1/`.
fn path(given: &Given) -> Result<String, Failure> {
    let path = given.string("path");
    let path = path.trim_matches('/');
    let path = path.strip_prefix("v1/").unwrap_or(path);
    let wrong = |c: char| !(c.is_ascii_alphanumeric() || "-_./".contains(c));
    if path.is_empty() || path.contains("..") || path.contains(wrong) {
        return Err(Failure::msg(format!(
            "`{path}` is not a path of Vault's API"
        )));
    }
    Ok(path.to_owned())
}
