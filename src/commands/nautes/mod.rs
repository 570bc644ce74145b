//! `get`, `apply`, `delete`, `register`: what is in the tenant once it is handed over (clusters, products and
//! what belongs to them), through Nautes' own API.

mod apply;
mod args;
mod delete;
mod door;
mod files;
mod get;
mod register;
mod seen;

use std::sync::Arc;

pub use args::{ApplyArgs, DeleteArgs, GetArgs};
pub use register::RegisterArgs;

use super::Ended;
use super::rehearse::alone;
use super::shared::Console;

/// Shows what there is.
pub async fn get(args: &GetArgs, console: &Arc<Console>) -> Ended {
    let (args, console) = (args.clone(), console.clone());
    alone(async move { get::get(&args, &console).await }).await?
}

/// Makes what manifests describe.
pub async fn apply(args: &ApplyArgs, console: &Arc<Console>) -> Ended {
    let (args, console) = (args.clone(), console.clone());
    alone(async move { apply::apply(&args, &console).await }).await?
}

/// Deletes what manifests describe.
pub async fn delete(args: &DeleteArgs, console: &Arc<Console>) -> Ended {
    let (args, console) = (args.clone(), console.clone());
    alone(async move { delete::delete(&args, &console).await }).await?
}

/// Makes clusters of Nautes out of the inventory's runtime clusters.
pub async fn register(args: &RegisterArgs, console: &Arc<Console>) -> Ended {
    let (args, console) = (args.clone(), console.clone());
    alone(async move { register::register(&args, &console).await }).await?
}
