//! What `terraform show -json` prints (format 1.x), as a source of hosts: the resources
//! `ansible_host` and `ansible_group` of the provider `ansible/ansible`, in every module. Their
//! variables are data; nothing in them is a template.

use super::build::Builder;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Kind, Node, Var};

/// Whether a mapping is such a print: no inventory has a group of that name beside these.
pub(super) fn is_state(document: &Node) -> bool {
    let has = |key: &str| document.get(key).is_some();
    has("format_version") && (has("values") || has("planned_values") || has("terraform_version"))
}

/// Reads its hosts and groups into the inventory.
pub(super) fn read(document: &Node, into: &mut Builder) -> Result<(), Diagnostics> {
    let modules = modules(document).map_err(|error| vec![error])?;
    let mut errors = Vec::new();
    let mut found = false;
    let resources = modules
        .into_iter()
        .flat_map(|module| list(module, "resources"));
    for resource in resources.filter(|one| text(one, "mode") != Some("data")) {
        let taken = match text(resource, "type") {
            Some("ansible_host") => host(resource, into),
            Some("ansible_group") => group(resource, into),
            _ => continue,
        };
        found = true;
        if let Err(error) = taken {
            errors.push(error);
        }
    }
    if !found {
        errors.push(
            Diagnostic::error("inventory/terraform", "Terraform's state has no hosts")
                .at(&document.span)
                .why("there is no resource `ansible_host` in it")
                .help("add one for each machine: the provider `ansible/ansible` has that resource"),
        );
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// The root module and those below it.
fn modules(document: &Node) -> Result<Vec<&Node>, Diagnostic> {
    let Some(root) = document
        .get("values")
        .and_then(|values| values.get("root_module"))
    else {
        let planned = document.get("planned_values").is_some();
        let (what, help) = if planned {
            (
                "this is Terraform's plan, not its state",
                "give what `terraform show -json` prints without a file's name, after `terraform apply`",
            )
        } else {
            (
                "Terraform's state is empty",
                "run `terraform apply`, then `terraform show -json > hosts.json`",
            )
        };
        return Err(Diagnostic::error("inventory/terraform", what)
            .at(&document.span)
            .help(help));
    };
    let mut found = vec![root];
    let mut at = 0;
    while at < found.len() {
        let below = list(found[at], "child_modules");
        found.extend(below);
        at += 1;
    }
    Ok(found)
}

fn list<'a>(node: &'a Node, key: &str) -> Vec<&'a Node> {
    match node.get(key).map(|list| &list.kind) {
        Some(Kind::Seq(items)) => items.iter().collect(),
        _ => Vec::new(),
    }
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key)?.as_str()
}

/// The name that a resource gives its host or group.
fn name_of(resource: &Node) -> Result<&str, Diagnostic> {
    let values = resource.get("values");
    let name = values.and_then(|values| text(values, "name"));
    name.filter(|name| !name.is_empty()).ok_or_else(|| {
        let address = text(resource, "address").unwrap_or("a resource");
        Diagnostic::error("inventory/terraform", format!("`{address}` has no name"))
            .at(&resource.span)
            .help("its argument `name` is the name of the host or group")
    })
}

fn host(resource: &Node, into: &mut Builder) -> Result<(), Diagnostic> {
    let name = name_of(resource)?;
    let values = resource.get("values").unwrap_or(resource);
    let groups = list(values, "groups");
    let groups: Vec<&str> = groups.into_iter().filter_map(Node::as_str).collect();
    for group in &groups {
        into.add_group(group, &resource.span)?;
        into.add_host(name, Some(group), None);
    }
    if groups.is_empty() {
        into.add_host(name, Some(super::build::UNGROUPED), None);
    }
    variables(values, name, into);
    Ok(())
}

fn group(resource: &Node, into: &mut Builder) -> Result<(), Diagnostic> {
    let name = name_of(resource)?;
    let values = resource.get("values").unwrap_or(resource);
    into.add_group(name, &resource.span)?;
    for child in list(values, "children")
        .into_iter()
        .filter_map(Node::as_str)
    {
        into.add_group(child, &resource.span)?;
        into.add_child(name, child, &resource.span)?;
    }
    variables(values, name, into);
    Ok(())
}

fn variables(values: &Node, of: &str, into: &mut Builder) {
    let variables = values.get("variables").and_then(Node::as_map);
    for (key, value) in variables.unwrap_or_default() {
        into.set(of, &key.key_text(), Var::Data(value.to_json()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Rules, Source, parse_one};

    fn read_text(text: &str) -> Result<Builder, Diagnostics> {
        let node = parse_one(&Source::new("hosts.json", text), Rules::Ansible).unwrap();
        assert!(is_state(&node));
        let mut builder = Builder::new();
        read(&node, &mut builder).map(|()| builder)
    }

    #[test]
    fn hosts_and_groups_of_every_module_and_nothing_else() {
        let builder = read_text(
            r#"{"format_version": "1.0", "terraform_version": "1.9.0", "values": {"root_module": {
              "resources": [
                {"address": "ansible_host.a", "mode": "managed", "type": "ansible_host",
                 "values": {"name": "node1", "groups": ["kube_control_plane", "gitlab"],
                            "variables": {"ansible_host": "192.0.2.10", "note": "{{ x }}"}}},
                {"address": "ansible_group.k", "mode": "managed", "type": "ansible_group",
                 "values": {"name": "k8s", "children": ["kube_control_plane"], "variables": {"ansible_user": "ubuntu"}}},
                {"address": "aws_instance.x", "mode": "managed", "type": "aws_instance", "values": {"name": "no"}},
                {"address": "data.ansible_host.d", "mode": "data", "type": "ansible_host", "values": {"name": "no"}}],
              "child_modules": [{"address": "module.m", "resources": [
                {"address": "module.m.ansible_host.b", "mode": "managed", "type": "ansible_host",
                 "values": {"name": "node2", "groups": null, "variables": null}}]}]}}}"#,
        )
        .map_err(|errors| format!("{errors:?}"))
        .unwrap();
        let hosts: Vec<&String> = builder.hosts.keys().collect();
        assert_eq!(hosts, ["node1", "node2"]);
        let groups = builder.groups_of("node1");
        for group in ["kube_control_plane", "gitlab", "k8s"] {
            assert!(groups.contains(group), "{group}");
        }
        assert!(builder.groups_of("node2").contains("ungrouped"));
    }

    #[test]
    fn what_has_no_hosts_says_what_to_give() {
        for (text, what) in [
            (
                r#"{"format_version": "1.0", "terraform_version": "1.9.0"}"#,
                "empty",
            ),
            (r#"{"format_version": "1.2", "planned_values": {}}"#, "plan"),
            (
                r#"{"format_version": "1.0", "values": {"root_module": {}}}"#,
                "no hosts",
            ),
            (
                r#"{"format_version": "1.0", "values": {"root_module": {"resources": [{"address": "ansible_host.a", "type": "ansible_host", "values": {}}]}}}"#,
                "no name",
            ),
        ] {
            let errors = read_text(text).err().unwrap_or_default();
            assert!(errors[0].what.contains(what), "{what}: {errors:?}");
        }
    }
}
