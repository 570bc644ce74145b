//! Modules about files and what is in them.

mod blockinfile;
mod copy;
mod edit;
mod fetch;
mod file;
mod find;
mod ini_file;
mod lineinfile;
mod links;
mod place;
mod replace;
mod slurp;
mod stat;
mod template;
mod tree;

pub use place::sha256;
pub use stat::DIGESTS;

use super::registry::{Built, boxed};
use super::{Context, Given};

/// The module of this family by its short name.
pub fn build(name: &str, given: &Given, context: &Context<'_>) -> Built {
    match name {
        "copy" => copy::build(given, context),
        "template" => boxed(template::build(given, context)?),
        "file" => boxed(file::File::new(given)?),
        "stat" => boxed(stat::Stat::new(given)?),
        "lineinfile" => boxed(lineinfile::build(given, context)?),
        "blockinfile" => boxed(blockinfile::build(given, context)?),
        "replace" => boxed(replace::build(given, context)?),
        "ini_file" => boxed(ini_file::build(given, context)?),
        "slurp" => boxed(slurp::Slurp::new(given)?),
        "fetch" => boxed(fetch::Fetch::new(given, context)?),
        "find" => boxed(find::Find::new(given, context)?),
        _ => Ok(None),
    }
}
