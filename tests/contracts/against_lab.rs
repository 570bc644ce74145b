//! Every behaviour against a real host, over SSH: as the login user and as root by sudo.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use nautes_install::connection::{Connection, Deadline, Exec, Identity};

use crate::lab::Lab;
use crate::{Place, behaviours};

async fn shows_all(connection: &dyn Connection, who: &Identity) {
    let mut broken = Vec::new();
    for (name, behaviour) in behaviours() {
        let make = nautes_install::connection::Action::Exec(Exec::new(["mktemp", "-d"]));
        let made = connection
            .act(who, make, Deadline::default())
            .await
            .unwrap();
        let dir = String::from_utf8(made.executed.stdout).unwrap();
        let place = Place {
            connection,
            who: who.clone(),
            dir: dir.trim_end().to_owned(),
        };
        if AssertUnwindSafe(behaviour(&place))
            .catch_unwind()
            .await
            .is_err()
        {
            broken.push(name);
        }
        place
            .act(nautes_install::connection::Action::Remove {
                path: place.dir.clone(),
            })
            .await;
    }
    assert!(broken.is_empty(), "broken: {broken:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a lab: NAUTES_LAB_INVENTORY"]
async fn ssh_keeps_the_contract_as_the_login_user() {
    let lab = Lab::from_environment();
    let (name, vars) = &lab.hosts[0];
    let connection = lab.connector.open(name, vars).await.unwrap();
    shows_all(connection.as_ref(), &Identity::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a lab: NAUTES_LAB_INVENTORY"]
async fn ssh_keeps_the_contract_as_root_by_sudo() {
    let lab = Lab::from_environment();
    let (name, vars) = &lab.hosts[0];
    let connection = lab.connector.open(name, vars).await.unwrap();
    shows_all(connection.as_ref(), &lab.root()).await;
}
