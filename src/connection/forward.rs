//! A loopback address that leads to a port as seen from a host, for programs that need one
//! (git, helm, kubectl). It is open as long as the value lives.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use super::{Connection, Dialler};

/// An open forward.
#[derive(Debug)]
pub struct Forward {
    address: SocketAddr,
    task: AbortHandle,
}

impl Forward {
    /// Where to connect to.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens a forward on a free port of 127.0.0.1. A connection to it ends if the host cannot
/// reach `host:port`.
pub async fn forward(
    connection: Arc<dyn Connection>,
    host: &str,
    port: u16,
) -> std::io::Result<Forward> {
    forward_through(Dialler::new(connection), host, port).await
}

/// The same for whoever may only dial.
pub async fn forward_through(
    connection: Dialler,
    host: &str,
    port: u16,
) -> std::io::Result<Forward> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let host = host.to_owned();
    let task = tokio::spawn(async move {
        let mut streams = JoinSet::new();
        while let Ok((mut here, _)) = listener.accept().await {
            while streams.try_join_next().is_some() {}
            let (connection, host) = (connection.clone(), host.clone());
            streams.spawn(async move {
                let _ = here.set_nodelay(true);
                if let Ok(mut there) = connection.dial(&host, port).await {
                    let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
                }
            });
        }
    });
    Ok(Forward {
        address,
        task: task.abort_handle(),
    })
}
