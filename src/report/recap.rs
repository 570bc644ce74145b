//! The last lines of a run, in the shape of Ansible's `PLAY RECAP`.

use crate::event::{Event, Spent};

/// Milliseconds of a run from which on it is told where they went.
const WORTH_ASKING: u64 = 60_000;

/// The recap's lines; empty for any other event.
pub fn recap(event: &Event) -> Vec<String> {
    let Event::Recap {
        hosts,
        unknown,
        simulated_ms,
        duration_ms,
        components,
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
    lines.extend(times(components, simulated_ms.unwrap_or(*duration_ms)));
    lines
}

/// Where the time of a run went that took long enough to ask: the components it is made of, those
/// marked that its end waited for.
fn times(components: &[Spent], whole: u64) -> Vec<String> {
    if components.len() < 2 || whole < WORTH_ASKING {
        return Vec::new();
    }
    // What is neither on the way to the end nor long is no news.
    let (told, rest): (Vec<&Spent>, Vec<&Spent>) = components
        .iter()
        .filter(|one| one.duration_ms > 0)
        .partition(|one| one.duration_ms >= whole / 100);
    let width = told.iter().map(|one| one.component.len()).max();
    let width = width.unwrap_or(0).max(16);
    let mut lines = vec![
        String::new(),
        "TIME by component; the end waited for those with *".to_owned(),
    ];
    lines.extend(told.iter().map(|one| {
        let mark = if one.critical { '*' } else { ' ' };
        format!("{mark} {:<width$} {}", one.component, span(one.duration_ms))
    }));
    if !rest.is_empty() {
        let longest = rest.iter().map(|one| one.duration_ms).max();
        lines.push(format!(
            "  {} others, each at most {}",
            rest.len(),
            span(longest.unwrap_or(0))
        ));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(component: &str, duration_ms: u64, critical: bool) -> Spent {
        Spent {
            component: component.to_owned(),
            duration_ms,
            critical,
        }
    }

    #[test]
    fn a_long_run_tells_where_its_time_went() {
        let all = [
            spent("hosts", 2_000, true),
            spent("k3s", 21_500, false),
            spent("gitlab", 571_400, true),
            spent("secrets", 900, false),
            spent("vcluster", 0, false),
        ];
        assert_eq!(
            times(&all, 600_000),
            [
                "",
                "TIME by component; the end waited for those with *",
                "  k3s              21.5 s",
                "* gitlab           9 min 31 s",
                "  2 others, each at most 2.0 s",
            ]
        );
        assert!(times(&all, 59_999).is_empty());
        assert!(times(&all[..1], 600_000).is_empty());
    }
}
