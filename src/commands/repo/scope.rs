//! What templates of the tenant config repo see where no run has happened.

use std::sync::Arc;

use crate::input::{Json, Node, Var, Variables};
use crate::inventory::{Inventory, Vars};

/// What the component's variables see without a run.
pub struct Scope {
    /// The hosts.
    pub inventory: Arc<Inventory>,
    /// What every template sees.
    pub given: Vars,
    /// Variables of the component's play.
    pub vars: Vec<(String, Node)>,
    /// Its inputs.
    pub inputs: Arc<Node>,
}

impl Variables for Scope {
    fn get(&self, name: &str) -> Option<Var> {
        let groups = || {
            let of = |name: &str| -> Json {
                let hosts = self.inventory.hosts.values();
                let member = |host: &&crate::inventory::Host| {
                    name == "all" || host.groups.iter().any(|group| group == name)
                };
                hosts
                    .filter(member)
                    .map(|host| Json::from(host.name.as_str()))
                    .collect()
            };
            let names = self.inventory.groups.keys();
            Json::Object(names.map(|name| (name.clone(), of(name))).collect())
        };
        match name {
            "inputs" => return Some(Var::Written(self.inputs.clone())),
            "outputs" => return Some(Var::Scope(Arc::new(Later))),
            "groups" => return Some(Var::Data(groups())),
            "hostvars" => {
                let hosts = self.inventory.hosts.values();
                let each = hosts.map(|host| {
                    let scope: Arc<dyn Variables> = Arc::new(Layer(host.vars.clone(), None));
                    (host.name.clone(), Var::Scope(scope))
                });
                return Some(Var::Scope(Arc::new(Layer(each.collect(), None))));
            }
            _ => {}
        }
        let written = self.vars.iter().find(|(key, _)| key == name);
        self.inventory
            .extra
            .get(name)
            .cloned()
            .or_else(|| written.map(|(_, node)| Var::from(node.clone())))
            .or_else(|| self.given.get(name).cloned())
    }
    fn names(&self) -> Vec<String> {
        self.vars.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// Variables by name, or the same for every name.
struct Layer(Vars, Option<Var>);

impl Variables for Layer {
    fn get(&self, name: &str) -> Option<Var> {
        self.0.get(name).cloned().or_else(|| self.1.clone())
    }
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// Outputs of components: none is known before it ran.
struct Later;

impl Variables for Later {
    fn get(&self, name: &str) -> Option<Var> {
        let unknown = Var::Unknown(name.into());
        Some(Var::Scope(Arc::new(Layer(Vars::new(), Some(unknown)))))
    }
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}
