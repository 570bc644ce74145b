//! From a module's name and rendered arguments to something that runs.

use super::{
    Context, Failure, Given, Module, Runnable, accounts, cluster, crypto, files, gitlab, harbor,
    nautes, packages, repo, running, services, transfer, vault,
};
use crate::input::Json;
use crate::playbook::signatures::{self, Signature};

/// Rendered arguments, under the names that the user wrote.
pub type Args = serde_json::Map<String, Json>;

/// What a module is called and takes; `None` if it is not supported.
pub fn signature(name: &str) -> Option<&'static Signature> {
    signatures::find(name)
}

/// The module `name` (short or fully qualified) with these arguments.
pub fn build(name: &str, args: &Args, context: &Context<'_>) -> Result<Box<dyn Runnable>, Failure> {
    let Some(signature) = signatures::find(name) else {
        return Err(unsupported(name));
    };
    if let Some(instead) = signature.unsupported {
        return Err(Failure::msg(format!("`{name}` is not supported")).help(instead));
    }
    let given = Given::new(signature, args)?;
    let families = [
        files::build,
        running::build,
        services::build,
        packages::build,
        accounts::build,
        transfer::build,
        crypto::build,
        cluster::build,
        gitlab::build,
        harbor::build,
        vault::build,
        repo::build,
        nautes::build,
    ];
    for family in families {
        if let Some(module) = family(signature.short(), &given, context)? {
            return Ok(module);
        }
    }
    Err(unsupported(name))
}

/// The failure for a module that there is not.
fn unsupported(name: &str) -> Failure {
    let failure = Failure::msg(format!("unsupported module `{name}`"));
    match signatures::nearest(name) {
        Some(near) if near != name => failure.help(format!("did you mean `{near}`?")),
        _ => failure,
    }
}

/// A family's answer: the module, if it is one of its own.
pub(super) type Built = Result<Option<Box<dyn Runnable>>, Failure>;

/// Boxes a module.
pub(super) fn boxed<M: Module + 'static>(module: M) -> Built {
    Ok(Some(Box::new(module)))
}
