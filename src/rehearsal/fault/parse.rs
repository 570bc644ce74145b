//! From the text of `--fault` to faults.

use std::time::Duration;

use super::{Fault, Kind, When};
use crate::diagnostic::nearest;

/// Every kind by its name.
const NAMES: [&str; 20] = [
    "drop",
    "drop-after",
    "power-off",
    "reboot",
    "disk-full",
    "slow",
    "hang",
    "apt-lock",
    "clock-jump",
    "missing-package",
    "wrong-digest",
    "http",
    "http-timeout",
    "http-reset",
    "read-only",
    "sudo-password",
    "changed-host-key",
    "link-down",
    "unit-fails",
    "pod",
];

impl std::str::FromStr for Fault {
    type Err = String;

    /// `HOST:KIND[=VALUE][@task=NAME|@request=N|@after=SECONDS]`; `*` is every host.
    fn from_str(text: &str) -> Result<Self, String> {
        let (host, rest) = text
            .split_once(':')
            .ok_or_else(|| format!("`{text}` has no host; write e.g. `host1:drop@task=NAME`"))?;
        let (kind, when) = match rest.rsplit_once('@') {
            Some((kind, when)) => (kind, moment(when)?),
            None => (rest, When::Always),
        };
        let (name, value) = match kind.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (kind, None),
        };
        Ok(Self {
            host: host.to_owned(),
            kind: kind_of(name, value)?,
            when,
        })
    }
}

fn moment(text: &str) -> Result<When, String> {
    let wrong =
        || format!("`@{text}` is no moment; write `@task=NAME`, `@request=N` or `@after=SECONDS`");
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    match name {
        "task" => Ok(When::Task(value.to_owned())),
        "request" => value.parse().map(When::Request).map_err(|_| wrong()),
        "after" => seconds(value).map(When::After).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.trim_end_matches('s').parse().ok()?).ok()
}

fn kind_of(name: &str, value: Option<&str>) -> Result<Kind, String> {
    let needs = |what: &str| format!("`{name}` takes {what}: `{name}=…`");
    let text = |what: &str| value.map(ToOwned::to_owned).ok_or_else(|| needs(what));
    let time = |what: &str| value.and_then(seconds).ok_or_else(|| needs(what));
    let maybe_time = || match value {
        None => Ok(None),
        Some(value) => seconds(value).map(Some).ok_or_else(|| needs("seconds")),
    };
    Ok(match name {
        "drop" => Kind::Drop,
        "drop-after" => Kind::DropAfter(text("bytes")?.parse().map_err(|_| needs("bytes"))?),
        "power-off" => Kind::PowerOff(maybe_time()?),
        "reboot" => Kind::Reboot,
        "disk-full" => Kind::DiskFull,
        "slow" => Kind::Slow(text("a factor")?.parse().map_err(|_| needs("a factor"))?),
        "hang" => Kind::Hang(value.unwrap_or_default().to_owned()),
        "apt-lock" => Kind::AptLock(time("seconds")?),
        "clock-jump" => Kind::ClockJump(text("seconds")?.parse().map_err(|_| needs("seconds"))?),
        "missing-package" => Kind::MissingPackage(text("a package")?),
        "wrong-digest" => Kind::WrongDigest(text("a part of an address")?),
        "http" => {
            let value = text("a status")?;
            let (status, part) = value.split_once(',').unwrap_or((&value, ""));
            Kind::Http(
                status.parse().map_err(|_| needs("a status"))?,
                part.to_owned(),
            )
        }
        "http-timeout" => Kind::HttpTimeout(value.unwrap_or_default().to_owned()),
        "http-reset" => Kind::HttpReset(value.unwrap_or_default().to_owned()),
        "read-only" => Kind::ReadOnly(text("a path")?),
        "sudo-password" => Kind::SudoPassword,
        "changed-host-key" => Kind::ChangedHostKey,
        "link-down" => Kind::LinkDown(maybe_time()?),
        "unit-fails" => Kind::UnitFails(text("a unit")?),
        "pod" => {
            let value = text("NAME:REASON")?;
            let known = ["ImagePullBackOff", "CrashLoopBackOff", "Unschedulable"];
            match value.rsplit_once(':') {
                Some((name, reason)) if known.contains(&reason) => {
                    Kind::Pod(name.to_owned(), reason.to_owned())
                }
                _ => {
                    return Err(format!(
                        "`pod` takes NAME:REASON, with one of {}",
                        known.join(", ")
                    ));
                }
            }
        }
        other => {
            return Err(match nearest(other, NAMES) {
                Some(meant) => format!("`{other}` is no fault; did you mean `{meant}`?"),
                None => format!("`{other}` is no fault; there are {}", NAMES.join(", ")),
            });
        }
    })
}
