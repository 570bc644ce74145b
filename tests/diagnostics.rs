//! Every error has its shape, its place and its line in docs/errors.md.

#[path = "diagnostics/broken.rs"]
mod broken;
#[path = "diagnostics/slugs.rs"]
mod slugs;
