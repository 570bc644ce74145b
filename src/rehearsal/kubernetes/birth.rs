//! How a simulated cluster comes to life: with the server that makes it.

use std::sync::Arc;

use super::cluster::Cluster;
use super::listen::{Authority, Server};
use crate::rehearsal::serving::{Birth, Born};

/// The API server of a rehearsed cluster.
///
/// # Errors
/// A defect of this program, in one line.
pub fn born(birth: &Birth) -> Result<Born, String> {
    let server = server(birth)?;
    let config = server
        .authority
        .kubeconfig(&format!("https://{}", birth.keeps.endpoint));
    let ca = server.authority.certificate().as_bytes().to_vec();
    Ok(Born {
        service: Arc::new(server),
        files: vec![
            (birth.keeps.kubeconfig.clone(), 0o600, config.into_bytes()),
            (birth.keeps.authority.clone(), 0o644, ca),
        ],
    })
}

fn server(birth: &Birth) -> Result<Server, String> {
    let mut names = birth.names.clone();
    names.extend([birth.host.clone(), birth.address.clone()]);
    let authority = Authority::new(&birth.cluster, &names)?;
    let cluster = if birth.saved.is_null() {
        Cluster::new(&birth.cluster, &birth.clock)?
    } else {
        Cluster::load(&birth.saved, &birth.clock)?
    };
    cluster.set_authority(authority.certificate());
    Server::new(cluster, authority)
}
