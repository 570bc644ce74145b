//! Every behaviour against the rehearsal's model of a host.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use nautes_install::connection::{Action, Attributes, Connector, Deadline, Identity};
use nautes_install::rehearsal::Estate;
use serde_json::{Map, json};

use crate::{Place, behaviours};

/// Where the model differs on purpose; `docs/rehearsal.md` says so too.
///
/// - `requests_run_side_by_side`: a simulated program runs in one step, so two that wait for each
///   other's files in a loop do not meet; both are killed at their deadlines.
const DIFFERENT: &[&str] = &["requests_run_side_by_side"];

#[tokio::test]
async fn the_model_keeps_the_contract() {
    let mut broken = Vec::new();
    for (name, behaviour) in behaviours() {
        let estate = Estate::new(1).unwrap();
        // A program nobody described is an error of its own in a rehearsal, so the one that the
        // contract looks for in vain is described as missing.
        let missing = json!([{
            "command": "^no-such-program-here", "code": 127, "stderr": "not found\n"
        }]);
        estate.describe(&missing).unwrap();
        let connector = estate.connector();
        let connection = connector.connect("host1", &Map::new()).await.unwrap();
        let who = Identity::default();
        let make = Action::MakeDirectory {
            path: "/tmp/contract".to_owned(),
            attributes: Attributes::default(),
        };
        let made = connection.act(&who, make, Deadline::default()).await;
        made.unwrap();
        let place = Place {
            connection: connection.as_ref(),
            who,
            dir: "/tmp/contract".to_owned(),
        };
        let shown = AssertUnwindSafe(behaviour(&place)).catch_unwind().await;
        if shown.is_err() {
            broken.push(name);
        }
    }
    assert_eq!(broken, DIFFERENT);
}
