//! Modules that speak to a Kubernetes API through the host of their task.

mod about;
mod chart;
mod failure;
mod helm;
mod info;
mod k8s;
mod manner;
mod place;
mod reach;
mod step;
mod telling;
mod wanted;

use super::registry::{Built, boxed};
use super::{Context, Given};

/// The module of this family by its short name.
pub fn build(name: &str, given: &Given, context: &Context<'_>) -> Built {
    match name {
        "k8s_cluster_info" => boxed(about::About::new(given, context)),
        "chart" => boxed(chart::ChartModule::new(given, context)?),
        "helm" => boxed(helm::Helm::new(given, context)?),
        "k8s" => boxed(k8s::K8s::new(given, context)?),
        "k8s_info" => boxed(info::Info::new(given, context)?),
        _ => Ok(None),
    }
}
