//! The Kubernetes API as a contract: each behaviour is a function over any API. The same functions
//! run against the rehearsal's model and, in the lab, against a real API server; where two differ,
//! the real one is right.

mod against_lab;
mod against_model;
mod apply;
mod custom;
mod deletion;
mod objects;
mod patches;
mod place;
mod watching;
mod workloads;

pub use place::{Api, Behaviour, Door, Events};

/// Every behaviour by name.
pub fn behaviours() -> Vec<(&'static str, Behaviour)> {
    let mut all = Vec::new();
    all.extend(objects::behaviours());
    all.extend(apply::behaviours());
    all.extend(patches::behaviours());
    all.extend(watching::behaviours());
    all.extend(deletion::behaviours());
    all.extend(custom::behaviours());
    all.extend(workloads::behaviours());
    all
}

/// Turns async functions over an API into [`Behaviour`]s.
#[macro_export]
macro_rules! api_behaviours {
    ($($name:ident),* $(,)?) => {
        /// The behaviours of this file.
        pub fn behaviours() -> Vec<(&'static str, $crate::kubernetes::Behaviour)> {
            vec![$((stringify!($name), (|api| Box::pin($name(api))) as $crate::kubernetes::Behaviour)),*]
        }
    };
}
