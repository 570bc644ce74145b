//! The last lines of a run, in the shape of Ansible's `PLAY RECAP`.

use crate::event::Event;

/// The recap's lines; empty for any other event.
pub fn recap(event: &Event) -> Vec<String> {
    let Event::Recap {
        hosts,
        unknown,
        simulated_ms,
        duration_ms,
        ..
    } = event
    else {
        return Vec::new();
    };
    let mut lines = vec![String::new(), "PLAY RECAP".to_owned()];
    let width = hosts.keys().map(String::len).max().unwrap_or(0).max(24);
    for (name, c) in hosts {
        lines.push(format!(
            "{name:<width$} : ok={:<4} changed={:<4} unreachable={:<4} failed={:<4} skipped={:<4} rescued={:<4} ignored={:<4}",
            c.ok, c.changed, c.unreachable, c.failed, c.skipped, c.rescued, c.ignored
        ).trim_end().to_owned());
    }
    if hosts.is_empty() {
        lines.push("no host had a task".to_owned());
    }
    if *unknown > 0 {
        lines.push(format!(
            "{unknown} tasks depend on things that do not exist yet"
        ));
    }
    match simulated_ms {
        Some(simulated) => lines.push(format!(
            "rehearsal: took {}; the real run would take about {}",
            span(*duration_ms),
            span(*simulated)
        )),
        None => lines.push(format!("took {}", span(*duration_ms))),
    }
    lines
}

/// Milliseconds for people.
pub fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        _ => format!("{} h {} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}
