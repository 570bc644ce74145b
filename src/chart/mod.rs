//! vendor-charts: upstream manifests as they are, changed by object and field, and what we add.
//!
//! A chart is a folder: `chart.yaml` says what it is and which values it takes, `versions/*.yaml`
//! where upstream's manifests of a version are and what is in them (the object sheet),
//! `patches/*.yaml` what we change of them and why, `templates/*.yaml` what we add (Tera).
//! [`Chart::compose`] makes the objects of one version of all that. Pure but for reading the
//! folder; [`upstream`] is the one place that downloads.

mod about;
mod band;
mod compose;
mod fetch;
mod folder;
mod images;
mod listing;
mod namespaces;
mod patch;
mod path;
mod sheet;
mod skeleton;
mod stand_in;
mod template;
mod values;
mod written;

pub use band::Band;
pub use compose::{Composed, ImageUse, Made, Setting};
pub use fetch::{documents, upstream};
pub use folder::Chart;
pub use images::Rewrites;
pub use listing::listing;
pub use sheet::{Sheet, Upstream, Verify};
pub use values::merged;
