//! For this room's tests: an estate with one host, asked without a runtime's ceremony.

use serde_json::{Map, Value, json};

use super::Estate;
use crate::connection::{
    Action, ConnectionError, Connector, Deadline, Done, Exec, Identity, Probe, Reply,
};

/// An estate with the bare host `h`, logged in as root.
pub fn host() -> Estate {
    host_with(json!({}))
}

/// An estate with the bare host `h` and these connection variables.
pub fn host_with(vars: Value) -> Estate {
    let estate = Estate::new(1).unwrap();
    let vars: Map<String, Value> = vars.as_object().cloned().unwrap();
    estate.ensure_host("h", &vars).unwrap();
    estate
}

/// Runs a future to its end.
pub fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// An action on `h` as the login user.
pub fn act(estate: &Estate, action: Action) -> Result<Done, ConnectionError> {
    act_as(estate, &Identity::default(), action)
}

/// An action on `h`.
pub fn act_as(estate: &Estate, who: &Identity, action: Action) -> Result<Done, ConnectionError> {
    block(async {
        let connection = estate.connector().connect("h", &Map::new()).await?;
        connection.act(who, action, Deadline::default()).await
    })
}

/// A question to `h` as the login user.
pub fn ask(estate: &Estate, probe: Probe) -> Reply {
    block(async {
        let connection = estate.connector().connect("h", &Map::new()).await.unwrap();
        let replies = connection.probe(&Identity::default(), &[probe]).await;
        replies.unwrap().remove(0)
    })
}

/// A script on `h`: exit code, stdout, stderr.
pub fn sh(estate: &Estate, script: &str) -> (i32, String, String) {
    try_sh(estate, script).unwrap()
}

/// As [`sh`], with the error.
pub fn try_sh(estate: &Estate, script: &str) -> Result<(i32, String, String), ConnectionError> {
    let done = act(estate, Action::Exec(Exec::shell(script)))?.executed;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ok((done.code, text(done.stdout), text(done.stderr)))
}
