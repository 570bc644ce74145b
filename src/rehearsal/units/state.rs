//! What `systemctl show` says.

use std::collections::BTreeMap;

use super::super::host::Host;
use super::super::tree::Time;
use super::{Found, Phase, full_name};
use crate::connection::UnitState;

impl Host {
    /// A unit's state as the host protocol gives it.
    #[expect(clippy::too_many_lines, reason = "one case of a table per line")]
    pub fn unit(&self, name: &str, now: Time) -> UnitState {
        let asked = full_name(name);
        let found = self.find_unit(&asked);
        let real = match &found {
            Found::File(file) => file.name.clone(),
            _ => asked.clone(),
        };
        let loaded = self.units.get(&real);
        let load = match (&found, loaded) {
            (Found::Masked(_), _) => "masked",
            (Found::Nothing, None) => "not-found",
            _ => "loaded",
        };
        let idle = if asked.ends_with(".target") && self.is_standing_target(&asked) {
            ("active", "active")
        } else {
            ("inactive", "dead")
        };
        let (active, sub) = loaded.map_or(idle, |unit| unit.states(now));
        let state = self.unit_file_state(&real);
        let mut properties = BTreeMap::new();
        let mut say = |key: &str, value: String| properties.insert(key.to_owned(), value);
        say("Id", real.clone());
        say("LoadState", load.to_owned());
        say("ActiveState", active.to_owned());
        say("SubState", sub.to_owned());
        say("UnitFileState", state.to_owned());
        say(
            "MainPID",
            loaded
                .filter(|u| u.phase == Phase::Running)
                .map_or(0, |u| u.pid)
                .to_string(),
        );
        say(
            "Result",
            match loaded.map(|unit| &unit.phase) {
                Some(Phase::Failed(how)) => how.clone(),
                _ => "success".to_owned(),
            },
        );
        if let Found::File(file) = &found {
            say("FragmentPath", file.path.clone());
            say(
                "Description",
                file.get("Unit", "Description")
                    .unwrap_or_else(|| real.clone()),
            );
            say(
                "Type",
                file.get("Service", "Type")
                    .unwrap_or_else(|| "simple".to_owned()),
            );
            let stale = loaded.is_some_and(|unit| unit.text != file.text);
            say(
                "NeedDaemonReload",
                if stale { "yes" } else { "no" }.to_owned(),
            );
        }
        UnitState {
            load: load.to_owned(),
            active: active.to_owned(),
            sub: sub.to_owned(),
            file: state.to_owned(),
            properties,
        }
    }

    /// Targets that every booted host has reached.
    fn is_standing_target(&self, name: &str) -> bool {
        [
            "multi-user.target",
            "network.target",
            "network-online.target",
            "basic.target",
            "timers.target",
        ]
        .contains(&name)
            && matches!(self.find_unit(name), Found::File(_))
    }
}
