//! Every behaviour against this machine, by the local connection.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use nautes_install::connection::{Identity, local, posix};

use crate::{Place, behaviours};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_keeps_the_contract() {
    let connection = local::open("localhost", "root", posix::Method::Sudo);
    let mut broken = Vec::new();
    for (name, behaviour) in behaviours() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place {
            connection: connection.as_ref(),
            who: Identity::default(),
            dir: dir.path().canonicalize().unwrap().display().to_string(),
        };
        if AssertUnwindSafe(behaviour(&place))
            .catch_unwind()
            .await
            .is_err()
        {
            broken.push(name);
        }
    }
    assert!(broken.is_empty(), "broken: {broken:?}");
}
