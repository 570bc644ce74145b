//! Plain lines for people: what runs, what changed, what failed. Shaped after Ansible's output,
//! one line per result.

use super::Out;
use crate::event::{ComponentStatus, Event, Sink, Status, TaskResult};
use crate::secret::Redactor;

/// How much is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Detail {
    /// How often `-v` was given: 1 shows results, 2 shows what was fine and skipped too.
    pub verbosity: u8,
    /// Whether differences are shown.
    pub diff: bool,
    /// Whether colours may be used.
    pub colour: bool,
}

/// Writes events as lines.
pub struct Lines {
    /// Where to.
    pub out: Out,
    /// What must not be seen.
    pub redactor: Redactor,
    /// How much.
    pub detail: Detail,
}

impl Sink for Lines {
    fn emit(&self, event: &Event) {
        for line in lines_of(event, self.detail) {
            self.out.line(&self.redactor.redact(&line));
        }
    }
}

/// The lines of an event.
pub fn lines_of(event: &Event, detail: Detail) -> Vec<String> {
    match event {
        Event::ComponentStart { component, title } => {
            vec![format!("COMPONENT [{component}] {title}")]
        }
        Event::ComponentEnd {
            component,
            status,
            because,
            ..
        } => match status {
            ComponentStatus::Blocked => {
                vec![format!(
                    "COMPONENT [{component}] blocked: {}",
                    because.as_deref().unwrap_or("an ancestor failed")
                )]
            }
            ComponentStatus::Failed => vec![format!("COMPONENT [{component}] failed")],
            _ => Vec::new(),
        },
        Event::PlayStart {
            component,
            play,
            hosts,
        } if component.is_empty() => {
            vec![
                String::new(),
                format!("PLAY [{play}] on {}", hosts.join(", ")),
            ]
        }
        Event::Retry { task, host, left } if detail.verbosity > 0 => {
            vec![format!("  retry: {host}: {task} ({left} left)")]
        }
        Event::Warning { text } => vec![format!("warning: {text}")],
        Event::TaskResult(result) => result_lines(result, detail),
        _ => Vec::new(),
    }
}

fn result_lines(result: &TaskResult, detail: Detail) -> Vec<String> {
    let quiet = matches!(result.status, Status::Ok | Status::Skipped) && result.module_is_quiet();
    if quiet && detail.verbosity < 1 {
        return Vec::new();
    }
    let word = word(result.status);
    let host = match &result.delegated {
        Some(place) => format!("{} -> {place}", result.host),
        None => result.host.clone(),
    };
    let item = result
        .item
        .as_ref()
        .map(|item| format!(" (item={item})"))
        .unwrap_or_default();
    let part = if result.component.is_empty() {
        String::new()
    } else {
        format!("{}: ", result.component)
    };
    let mut lines = vec![paint(
        &format!("{word}: [{host}] {part}{}{item}", result.task),
        result.status,
        detail,
    )];
    let tells = matches!(
        result.status,
        Status::Failed | Status::Ignored | Status::Rescued | Status::Unreachable | Status::Unknown
    ) || !result.module_is_quiet();
    if tells && !result.msg.is_empty() {
        lines.extend(result.msg.lines().map(|line| format!("    {line}")));
    } else if !result.module_is_quiet() {
        lines.extend(shown_value(result));
    }
    if detail.diff {
        lines.extend(result.diff.iter().flat_map(difference));
    }
    if detail.verbosity >= 2 {
        lines.push(format!("    => {}", result.result));
    }
    lines
}

impl TaskResult {
    /// Whether a fine result of this module is not worth a line.
    fn module_is_quiet(&self) -> bool {
        !matches!(self.module.rsplit('.').next(), Some("debug"))
    }
}

/// What `debug: var=` shows.
fn shown_value(result: &TaskResult) -> Vec<String> {
    let Some(map) = result.result.as_object() else {
        return Vec::new();
    };
    map.iter()
        .filter(|(key, _)| !["changed", "failed", "msg", "skipped"].contains(&key.as_str()))
        .map(|(key, value)| format!("    {key}: {value}"))
        .collect()
}

/// Ansible's word for a status.
pub const fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Changed => "changed",
        Status::Skipped => "skipping",
        Status::Failed => "fatal",
        Status::Ignored => "ignored",
        Status::Rescued => "rescued",
        Status::Unreachable => "unreachable",
        Status::Unknown => "unknown",
    }
}

fn paint(text: &str, status: Status, detail: Detail) -> String {
    if !detail.colour {
        return text.to_owned();
    }
    let colour = match status {
        Status::Ok => "32",
        Status::Changed => "33",
        Status::Skipped | Status::Unknown => "36",
        Status::Ignored | Status::Rescued => "35",
        Status::Failed | Status::Unreachable => "31",
    };
    format!("\u{1b}[{colour}m{text}\u{1b}[0m")
}

/// A difference in the form of `diff -u`; one line where both sides are one line.
fn difference(difference: &crate::event::Difference) -> Vec<String> {
    let (before, after) = (&difference.before, &difference.after);
    if before.lines().count() <= 1 && after.lines().count() <= 1 {
        let shown = |text: &str| {
            if text.is_empty() {
                "(nothing)".to_owned()
            } else {
                text.trim_end().to_owned()
            }
        };
        return vec![format!(
            "    {}: {} -> {}",
            difference.subject,
            shown(before),
            shown(after)
        )];
    }
    let diff = similar::TextDiff::from_lines(before, after);
    let text = diff
        .unified_diff()
        .context_radius(3)
        .header(
            &format!("before: {}", difference.subject),
            &format!("after: {}", difference.subject),
        )
        .to_string();
    text.lines().map(|line| format!("    {line}")).collect()
}
