//! What keeps a pod from getting ready: from the pod and its events alone.

use serde_json::Value;

use super::ailment::Ailment;
use super::text;
use crate::cluster::wait::condition;

/// A pod with what happened to it.
pub struct Findings<'a> {
    /// The pod.
    pub pod: &'a Value,
    /// Its events, oldest first.
    pub events: &'a [Value],
}

/// A cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The less, the more it explains.
    pub gravity: u8,
    /// What kind it is.
    pub ailment: Ailment,
    /// In one line.
    pub text: String,
    /// A volume claim that explains more.
    pub claim: Option<String>,
    /// A container whose log explains more.
    pub log: Option<String>,
}

impl Cause {
    fn new((gravity, ailment): (u8, Ailment), text: String) -> Self {
        Self {
            gravity,
            ailment,
            text,
            claim: None,
            log: None,
        }
    }
}

/// Why a pod is not ready; `None` if nothing can be seen.
pub fn cause(of: &Findings<'_>) -> Option<Cause> {
    let statuses = ["initContainerStatuses", "containerStatuses"];
    let mut causes: Vec<Cause> = statuses
        .iter()
        .flat_map(|list| of.pod["status"][list].as_array().into_iter().flatten())
        .filter_map(|status| container(of, status))
        .collect();
    causes.extend(scheduling(of.pod));
    causes.extend(mount(of));
    causes.extend(probe(of));
    if causes.is_empty() {
        causes.extend(starting(of));
    }
    causes.into_iter().min_by_key(|cause| cause.gravity)
}

fn last<'a>(of: &'a Findings<'_>, reason: &str) -> Option<&'a str> {
    let found = of.events.iter().rfind(|e| e["reason"] == *reason)?;
    Some(text(&found["message"]))
}

/// A container that does not start or does not stay.
fn container(of: &Findings<'_>, status: &Value) -> Option<Cause> {
    let name = text(&status["name"]);
    let image = text(&status["image"]);
    let waiting = &status["state"]["waiting"];
    let (reason, message) = (text(&waiting["reason"]), text(&waiting["message"]));
    match reason {
        "ErrImagePull"
        | "ImagePullBackOff"
        | "InvalidImageName"
        | "ErrImageNeverPull"
        | "RegistryUnavailable"
        | "ImageInspectError" => {
            let pulled = last(of, "Failed")
                .filter(|m| m.contains("pull"))
                .unwrap_or(message);
            Some(Cause::new(
                (1, Ailment::Image),
                format!(
                    "image `{image}` cannot be pulled from `{}`{}",
                    registry(image),
                    because(pulled)
                ),
            ))
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            Some(Cause::new(
                (2, Ailment::Settings),
                format!("container `{name}` cannot be made{}", because(message)),
            ))
        }
        "CrashLoopBackOff" => Some(crash(status, name)),
        _ => {
            let ended = &status["state"]["terminated"];
            let failed = ended["exitCode"].as_i64().is_some_and(|code| code != 0);
            failed.then(|| crash(status, name))
        }
    }
}

fn crash(status: &Value, name: &str) -> Cause {
    let ends = [
        &status["lastState"]["terminated"],
        &status["state"]["terminated"],
    ];
    let ended = ends
        .into_iter()
        .find(|end| end.is_object())
        .unwrap_or(&Value::Null);
    let code = ended["exitCode"].as_i64();
    let how = match (text(&ended["reason"]), code) {
        ("OOMKilled", _) => "was killed: it needs more memory than its limit".to_owned(),
        (_, Some(code)) => format!("ends with code {code}"),
        (_, None) => "ends".to_owned(),
    };
    let restarts = status["restartCount"].as_u64().unwrap_or_default();
    let again = match restarts {
        0 => String::new(),
        1 => ", restarted once".to_owned(),
        n => format!(", restarted {n} times"),
    };
    Cause {
        log: Some(name.to_owned()),
        ..Cause::new(
            (3, Ailment::Crash),
            format!("container `{name}` {how}{again}"),
        )
    }
}

/// A pod that has no node.
fn scheduling(pod: &Value) -> Option<Cause> {
    let scheduled = condition(pod, "PodScheduled");
    if scheduled["status"] != "False" {
        return None;
    }
    let message = text(&scheduled["message"]);
    let volumes = pod["spec"]["volumes"].as_array();
    let claim = volumes
        .into_iter()
        .flatten()
        .find_map(|v| v["persistentVolumeClaim"]["claimName"].as_str())
        .filter(|_| message.to_lowercase().contains("persistentvolumeclaim"));
    Some(Cause {
        claim: claim.map(ToOwned::to_owned),
        ..Cause::new(
            (4, Ailment::NoNode),
            format!("it cannot be scheduled{}", because(message)),
        )
    })
}

/// A volume that cannot be mounted: mostly a Secret or `ConfigMap` that is not there.
fn mount(of: &Findings<'_>) -> Option<Cause> {
    let message = last(of, "FailedMount").or_else(|| last(of, "FailedAttachVolume"))?;
    let started = condition(of.pod, "ContainersReady")["status"] == "True";
    let running = of.pod["status"]["phase"] == "Running";
    (!started && !running).then(|| {
        Cause::new(
            (2, Ailment::Settings),
            format!("a volume cannot be mounted{}", because(message)),
        )
    })
}

/// A probe that fails.
fn probe(of: &Findings<'_>) -> Option<Cause> {
    if condition(of.pod, "Ready")["status"] == "True" {
        return None;
    }
    let message = last(of, "Unhealthy")?;
    Some(Cause::new(
        (5, Ailment::Probe),
        format!("it runs and does not answer its probe{}", because(message)),
    ))
}

/// Nothing wrong to be seen yet.
fn starting(of: &Findings<'_>) -> Option<Cause> {
    let sandbox = last(of, "FailedCreatePodSandBox");
    if let Some(message) = sandbox {
        return Some(Cause::new(
            (3, Ailment::Network),
            format!("its network cannot be made{}", because(message)),
        ));
    }
    if condition(of.pod, "Ready")["status"] == "True" {
        return None;
    }
    let pulling = of.events.last().filter(|e| e["reason"] == "Pulling");
    if let Some(event) = pulling {
        return Some(Cause::new(
            (8, Ailment::Unready),
            format!(
                "it is still {}",
                text(&event["message"]).replace("Pulling", "pulling")
            ),
        ));
    }
    let running = of.pod["status"]["phase"] == "Running";
    let what = if running {
        "it runs and is not ready yet"
    } else {
        "it is still starting"
    };
    Some(Cause::new((9, Ailment::Unready), what.to_owned()))
}

fn because(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        String::new()
    } else {
        format!(": {line}")
    }
}

/// The registry of an image's name.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}
