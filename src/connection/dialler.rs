//! What is left of a host for whoever only speaks to a service through it: byte streams.
//!
//! A [`Reader`](super::Reader) hands this to the rooms whose own types keep the promise of not
//! changing anything (`cluster::ClusterReader`, the readers of `service`): a raw stream could.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::{Connection, ConnectionError, Stream};

/// Opens byte streams as seen from a host, and nothing else.
#[derive(Clone)]
pub struct Dialler(Arc<dyn Connection>);

impl Dialler {
    /// Through this host.
    pub const fn new(connection: Arc<dyn Connection>) -> Self {
        Self(connection)
    }

    /// The host's inventory name.
    pub fn host(&self) -> &str {
        self.0.host()
    }

    /// A byte stream to `host:port` as seen from the host.
    pub async fn dial(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, ConnectionError> {
        self.0.dial(host, port).await
    }
}

/// What rooms above keep as long as a host's answers, one value of each type: the clients of
/// services that are reached through the host, so that tasks share a connection.
#[derive(Default)]
pub struct Kept(Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Kept {
    /// The value of this type, made at its first use.
    pub fn get<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let Ok(mut all) = self.0.lock() else {
            return Arc::default();
        };
        let value = all
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Arc::new(T::default()));
        value.clone().downcast().unwrap_or_default()
    }
}
