//! Events, as controllers and nodes write them.

use serde_json::{Value, json};

use crate::rehearsal::host::identifier;
use crate::rehearsal::kubernetes::meta::put_system;
use crate::rehearsal::kubernetes::state::State;

/// Something that happened to an object.
pub struct Happening {
    /// Whether it is a warning.
    pub warns: bool,
    /// One word.
    pub reason: &'static str,
    /// One sentence.
    pub message: String,
}

impl State {
    /// Writes an event, once per object, reason and message.
    pub fn happen(&mut self, object: &Value, what: &Happening) {
        let metadata = &object["metadata"];
        let text = |key: &str| metadata[key].as_str().unwrap_or_default().to_owned();
        let namespace = if text("namespace").is_empty() {
            "default".to_owned()
        } else {
            text("namespace")
        };
        let hash = identifier(&[&text("uid"), what.reason, &what.message]);
        let name = format!("{}.{}", text("name"), &hash[..16]);
        if self.object("/events", &namespace, &name).is_some() {
            return;
        }
        let time = self.time();
        let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {"apiVersion": object["apiVersion"], "kind": object["kind"], "name": metadata["name"],
                "namespace": namespace, "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]},
            "type": if what.warns { "Warning" } else { "Normal" }, "reason": what.reason, "message": what.message,
            "firstTimestamp": time, "lastTimestamp": time, "count": 1, "source": {"component": "rehearsal"}});
        put_system(self, ("/events", &namespace, &name), event);
    }
}
