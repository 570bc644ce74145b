//! shim
use super::Failed;
use super::cli::RunArgs;
use super::load::Loaded;
use crate::connection::Connector;
use crate::input::{Clock, Files};
use std::sync::Arc;
use std::time::Duration;
/// s
pub struct Rehearsal;
impl Rehearsal {
    /// s
    pub fn clock(&self) -> Arc<dyn Clock> {
        todo!()
    }
    /// s
    pub fn connector(&self) -> Arc<dyn Connector> {
        todo!()
    }
    /// s
    pub fn finish(&self) -> Result<Duration, Failed> {
        todo!()
    }
}
/// s
pub fn open(_: &RunArgs, _: &Loaded, _: &Arc<dyn Files>) -> Result<Rehearsal, Failed> {
    todo!()
}
