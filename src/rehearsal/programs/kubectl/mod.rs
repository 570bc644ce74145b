//! `k3s kubectl`, as far as installers call it: get, apply, create, delete, wait of what is
//! already so. It asks the simulated API of the cluster; what it does not know is an error.

mod show;

use serde_json::{Value, json};

use crate::rehearsal::kubernetes::{Answer, Cluster};
use crate::rehearsal::network::{Request, Response};
use crate::rehearsal::process::{Ended, Process};

/// The port of the API.
const API: u16 = 6443;

/// What a command line says beside its verb.
#[derive(Default)]
pub(super) struct Line {
    pub(super) words: Vec<String>,
    pub(super) namespace: String,
    pub(super) all: bool,
    pub(super) output: String,
    pub(super) files: Vec<String>,
    pub(super) selector: String,
    pub(super) missing_is_fine: bool,
}

/// Runs a command.
pub fn run(process: &mut Process<'_>, words: &[&str]) -> Ended {
    let strange =
        |process: &Process<'_>| Err(process.strange(&format!("kubectl {}", words.join(" "))));
    let (host, now) = (&*process.host, process.now());
    process.world.refresh_cluster(host, host, now);
    let service = process.world.network.get(&host.name, API);
    let Some(cluster) = service
        .as_ref()
        .and_then(|service| service.cluster())
        .cloned()
    else {
        return strange(process);
    };
    if let ["get", "--raw", path] = words {
        let answer = ask(&cluster, ("GET", path), Value::Null);
        return raw(process, answer);
    }
    if let ["get", path] = words
        && let Some(path) = path.strip_prefix("--raw=")
    {
        let answer = ask(&cluster, ("GET", path), Value::Null);
        return raw(process, answer);
    }
    let Some((verb, rest)) = words.split_first() else {
        return strange(process);
    };
    let Some(line) = parse(rest) else {
        return strange(process);
    };
    match (*verb, line.words.len()) {
        ("get", 1 | 2) => show::get(process, &cluster, &line),
        ("apply" | "create", 0) if !line.files.is_empty() => apply(process, &cluster, &line),
        ("create", 2) if ["namespace", "ns"].contains(&line.words[0].as_str()) => {
            let body = json!({"metadata": {"name": line.words[1]}});
            let answer = ask(&cluster, ("POST", "/api/v1/namespaces"), body);
            told(
                process,
                &answer,
                &format!("namespace/{} created", line.words[1]),
            )
        }
        ("delete", 2) => delete(process, &cluster, &line),
        _ => strange(process),
    }
}

fn parse(words: &[&str]) -> Option<Line> {
    let mut line = Line {
        namespace: "default".to_owned(),
        ..Line::default()
    };
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let (key, given) = match word.split_once('=') {
            Some((key, value)) if word.starts_with('-') => (key, Some(value)),
            _ => (*word, None),
        };
        let mut value = || {
            given
                .map(ToOwned::to_owned)
                .or_else(|| rest.next().map(|word| (*word).to_owned()))
        };
        match key {
            "-n" | "--namespace" => line.namespace = value()?,
            "-A" | "--all-namespaces" => line.all = true,
            "-o" | "--output" => line.output = value()?,
            "-f" | "--filename" => line.files.push(value()?),
            "-l" | "--selector" => line.selector = value()?,
            "--ignore-not-found" => line.missing_is_fine = true,
            "--server-side" | "--no-headers" | "--wait" | "--force-conflicts" => {}
            "--kubeconfig" | "--timeout" | "--field-manager" => drop(value()?),
            short if short.starts_with("-o") => short[2..].clone_into(&mut line.output),
            option if option.starts_with('-') => return None,
            word => match word.split_once('/') {
                Some((kind, name)) => line.words.extend([kind.to_owned(), name.to_owned()]),
                None => line.words.push(word.to_owned()),
            },
        }
    }
    ["", "json", "name", "wide"]
        .contains(&line.output.as_str())
        .then_some(line)
}

pub(super) fn ask(cluster: &Cluster, (method, path): (&str, &str), body: Value) -> Response {
    let content = if method == "PATCH" {
        "application/apply-patch+yaml"
    } else {
        "application/json"
    };
    let header = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let request = Request {
        method: method.to_owned(),
        url: path.to_owned(),
        headers: vec![
            header("content-type", content),
            header("user-agent", "kubectl/rehearsal"),
        ],
        body: if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        },
        client: None,
    };
    match cluster.ask(&request) {
        Answer::Plain(response) => response,
        Answer::Watch(_) => Response {
            status: 501,
            ..Response::default()
        },
    }
}

fn raw(process: &mut Process<'_>, answer: Response) -> Ended {
    if answer.status >= 400 {
        return refused(process, &answer);
    }
    process.say(String::from_utf8_lossy(&answer.body).trim_end());
    Ok(0)
}

pub(super) fn refused(process: &mut Process<'_>, answer: &Response) -> Ended {
    let status: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |key: &str| status[key].as_str().unwrap_or_default().to_owned();
    process.complain(format!(
        "Error from server ({}): {}",
        text("reason"),
        text("message")
    ));
    Ok(1)
}

fn told(process: &mut Process<'_>, answer: &Response, done: &str) -> Ended {
    if answer.status >= 400 {
        return refused(process, answer);
    }
    process.say(done);
    Ok(0)
}

/// The kind that a word means (plural, singular, short, `deployment.apps`): path and whether its
/// objects have namespaces.
pub(super) fn kind_of(cluster: &Cluster, word: &str) -> Option<(String, Value)> {
    let mut places = vec!["/api/v1".to_owned()];
    let groups: Value =
        serde_json::from_slice(&ask(cluster, ("GET", "/apis"), Value::Null).body).ok()?;
    for group in groups["groups"].as_array()? {
        places.push(format!(
            "/apis/{}",
            group["preferredVersion"]["groupVersion"].as_str()?
        ));
    }
    for place in places {
        let list: Value =
            serde_json::from_slice(&ask(cluster, ("GET", &place), Value::Null).body).ok()?;
        let group = place
            .trim_start_matches("/apis/")
            .split('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        for resource in list["resources"].as_array()? {
            let name = resource["name"].as_str()?;
            let short = resource["shortNames"]
                .as_array()
                .is_some_and(|all| all.iter().any(|s| s == word));
            let kind = resource["kind"].as_str()?.to_lowercase();
            let full = format!("{name}.{group}");
            let meant = [
                name,
                resource["singularName"].as_str().unwrap_or_default(),
                &kind,
                &full,
            ]
            .contains(&word);
            if !name.contains('/') && (meant || short) {
                return Some((place, resource.clone()));
            }
        }
    }
    None
}

/// The path of a kind's objects.
pub(super) fn path_of(
    line: &Line,
    (place, resource): &(String, Value),
    name: Option<&str>,
) -> String {
    let namespaced = resource["namespaced"] == true && !line.all;
    let namespace = if namespaced {
        format!("/namespaces/{}", line.namespace)
    } else {
        String::new()
    };
    let name = name.map(|name| format!("/{name}")).unwrap_or_default();
    format!(
        "{place}{namespace}/{}{name}",
        resource["name"].as_str().unwrap_or_default()
    )
}

fn apply(process: &mut Process<'_>, cluster: &Cluster, line: &Line) -> Ended {
    let mut code = 0;
    for file in &line.files {
        let text = match file.as_str() {
            "-" => String::from_utf8_lossy(&process.stdin).into_owned(),
            path => process.host.tree.text(path),
        };
        let source = crate::input::Source::new(file.as_str(), text);
        let Ok(documents) = crate::input::parse(&source, crate::input::Rules::Kubernetes) else {
            return process.fail(format!("error: error parsing {file}"));
        };
        for document in documents {
            let object = document.to_json();
            if !object.is_null() {
                code |= apply_one(process, cluster, (line, &object))?;
            }
        }
    }
    Ok(code)
}

fn apply_one(
    process: &mut Process<'_>,
    cluster: &Cluster,
    (line, object): (&Line, &Value),
) -> Ended {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
    let version = text(&object["apiVersion"]);
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let found = kind_of(cluster, &kind.to_lowercase())
        .filter(|(place, _)| group.is_empty() == (place == "/api/v1"));
    let Some((_, resource)) = found else {
        process.complain(format!("error: resource mapping not found for name: \"{name}\" namespace: \"\" from \"{}\": no matches for kind \"{kind}\" in version \"{version}\"\nensure CRDs are installed first", line.files[0]));
        return Ok(1);
    };
    let place = if group.is_empty() {
        "/api/v1".to_owned()
    } else {
        format!("/apis/{version}")
    };
    let namespace = object["metadata"]["namespace"]
        .as_str()
        .unwrap_or(&line.namespace)
        .to_owned();
    let at = Line {
        namespace,
        ..Line::default()
    };
    let path = path_of(&at, &(place, resource), Some(&name));
    let was = ask(cluster, ("GET", &path), Value::Null);
    let answer = ask(
        cluster,
        ("PATCH", &format!("{path}?fieldManager=kubectl&force=true")),
        object.clone(),
    );
    let dot = if group.is_empty() {
        String::new()
    } else {
        format!(".{group}")
    };
    let done = match (answer.status, was.body == answer.body) {
        (201, _) => "created",
        (_, true) => "unchanged",
        _ => "configured",
    };
    told(
        process,
        &answer,
        &format!("{}{dot}/{name} {done}", kind.to_lowercase()),
    )
}

fn delete(process: &mut Process<'_>, cluster: &Cluster, line: &Line) -> Ended {
    let Some(kind) = kind_of(cluster, &line.words[0]) else {
        process.complain(format!(
            "error: the server doesn't have a resource type \"{}\"",
            line.words[0]
        ));
        return Ok(1);
    };
    let answer = ask(
        cluster,
        ("DELETE", &path_of(line, &kind, Some(&line.words[1]))),
        Value::Null,
    );
    if answer.status == 404 && line.missing_is_fine {
        return Ok(0);
    }
    let singular = kind.1["singularName"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    told(
        process,
        &answer,
        &format!("{singular} \"{}\" deleted", line.words[1]),
    )
}
