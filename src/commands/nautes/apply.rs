//! `apply -f`: compares each manifest with what is there, and saves what differs, kind by kind.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::args::ApplyArgs;
use super::door::{self, Known};
use super::files::{self, Deep};
use super::seen::Seen;
use crate::commands::cli::Output;
use crate::commands::shared::Console;
use crate::commands::{Content, Ended, Failed};
use crate::diagnostic::{Diagnostic, ExitCode};
use crate::service::ApiReader;
use crate::service::nautes::{
    Check, Difference, Form, Id, Kind, Manifest, Refusal, Unmade, Writer, differences,
};

/// How often something that must become usable first is tried again.
const PACE: Duration = Duration::from_secs(5);

/// What a save would do.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Create,
    Configure(Vec<Difference>),
    Nothing,
}

impl Step {
    const fn word(&self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Configure(_) => "configured",
            Self::Nothing => "unchanged",
        }
    }
}

/// Makes what the manifests describe.
pub async fn apply(args: &ApplyArgs, console: &Arc<Console>) -> Ended {
    let known = Known::read(&args.at, console)?;
    let form = known.form;
    let deep = if args.files.recursive {
        Deep::Yes
    } else {
        Deep::No
    };
    let content = Content::new();
    let manifests = files::read((&args.files.filename, deep), form, (&content, console))?;
    made((known, manifests), args, console).await
}

/// Makes what manifests describe that were read already.
pub async fn made(
    (known, manifests): (Known, Vec<Manifest>),
    args: &ApplyArgs,
    console: &Arc<Console>,
) -> Ended {
    let form = known.form;
    let door = known.open(console).await?;
    refuse_own(&manifests, &door.tenant)?;
    let seen = Seen::of(&door.reader, manifests.iter().map(|m| &m.id)).await?;
    let steps: Vec<Step> = manifests
        .iter()
        .map(|m| step(m, form, (&seen, args)))
        .collect();
    let changes = steps.iter().filter(|step| **step != Step::Nothing).count();
    let check = if args.insecure_skip_check {
        Check::Nothing
    } else {
        Check::Dependencies
    };
    let mut job = Job {
        writer: door.writer(check),
        reader: door.reader.clone(),
        args,
        console,
        seen: &seen,
        made: Vec::new(),
    };
    let went = job.all(&manifests, &steps).await;
    door.close().await?;
    recap(console, (manifests.len(), changes), args);
    went?;
    Ok(if args.dry_run && args.exit_code && changes > 0 {
        ExitCode::Changes
    } else {
        ExitCode::Done
    })
}

/// Nautes takes the tenant's own name for a cluster, stores it, and its operator never accepts it.
fn refuse_own(manifests: &[Manifest], tenant: &str) -> Result<(), Failed> {
    let own = |m: &&Manifest| m.id.kind == Kind::Cluster && m.id.name == tenant;
    match manifests.iter().find(own) {
        Some(manifest) if !tenant.is_empty() => Err(Diagnostic::error(
            "manifest/bad-value",
            format!("`{tenant}` is the tenant's own name: no cluster can be registered by it"),
        )
        .at(&manifest.place)
        .why("no call was made")
        .help("choose another name")
        .into()),
        _ => Ok(()),
    }
}

fn step(manifest: &Manifest, form: Form, (seen, args): (&Seen, &ApplyArgs)) -> Step {
    let Some(found) = seen.get(&manifest.id) else {
        return Step::Create;
    };
    let all = differences(manifest.id.kind, form, &manifest.body, found);
    if all.is_empty() && !args.force {
        Step::Nothing
    } else {
        Step::Configure(all)
    }
}

struct Job<'a> {
    writer: Writer,
    reader: ApiReader,
    args: &'a ApplyArgs,
    console: &'a Console,
    seen: &'a Seen,
    made: Vec<Id>,
}

impl Job<'_> {
    async fn all(&mut self, manifests: &[Manifest], steps: &[Step]) -> Result<(), Failed> {
        for (nth, (manifest, step)) in manifests.iter().zip(steps).enumerate() {
            if *step != Step::Nothing && !self.args.dry_run {
                self.save(manifest).await.map_err(|unmade| {
                    let left = manifests.len() - nth - 1;
                    self.failed(manifest, &unmade, left)
                })?;
                self.made.push(manifest.id.clone());
            }
            self.tell(manifest, step);
        }
        Ok(())
    }

    /// Saves, and waits while what it needs is still on its way into the cluster: Nautes writes a
    /// manifest into a repository, and Argo CD brings it from there.
    async fn save(&mut self, manifest: &Manifest) -> Result<(), Unmade> {
        let clock = self.reader.clock().clone();
        let until = clock.elapsed() + Duration::from_secs(self.args.timeout);
        let mut told = false;
        loop {
            let saved = self.writer.save(&manifest.id, &manifest.body).await;
            let Err(unmade) = saved else { return Ok(()) };
            let missing = unmade.refusal == Some(Refusal::Missing);
            let message = unmade.error.to_string();
            if !(missing && self.comes(&message)) || clock.elapsed() >= until {
                return Err(unmade);
            }
            if !told && self.console.output == Output::Text {
                self.console
                    .say(&format!("{} waits: {message}", manifest.id));
            }
            told = true;
            clock.sleep(PACE).await;
        }
    }

    /// Whether what a message misses was saved just now, or is there already.
    fn comes(&self, message: &str) -> bool {
        let mut quoted = message.split(['\'', '"', '`']).skip(1).step_by(2);
        quoted.any(|name| self.made.iter().any(|id| id.name == name) || self.seen.names(name))
    }

    fn failed(&self, manifest: &Manifest, unmade: &Unmade, left: usize) -> Failed {
        let help = unmade.refusal.as_ref().unwrap_or(&Refusal::Other).help();
        let place = manifest.place_of(&unmade.error.to_string());
        let mut error = door::error(&unmade.error, help).at(place);
        error.what = format!("{} was not saved: {}", manifest.id, error.what);
        error = error.why(match (self.made.len(), left) {
            (0, 0) => "nothing was changed".to_owned(),
            (made, left) => format!("{made} saved before it stay; {left} after it were not tried"),
        });
        let code = if self.made.is_empty() && unmade.refusal.is_none() {
            ExitCode::Unreachable
        } else {
            ExitCode::Failed
        };
        Failed {
            errors: vec![error],
            code,
        }
    }

    fn tell(&self, manifest: &Manifest, step: &Step) {
        let differences = match step {
            Step::Configure(all) => all.as_slice(),
            _ => &[],
        };
        if self.console.output == Output::Json {
            let each = differences.iter();
            let each =
                each.map(|d| json!({ "path": d.path, "before": d.before, "after": d.after }));
            let line = json!({
                "event": "object", "kind": manifest.id.kind.name(), "product": manifest.id.product,
                "name": manifest.id.name, "result": step.word(), "dry_run": self.args.dry_run,
                "differences": each.collect::<Vec<_>>(),
            });
            self.console.data(&format!(
                "{}\n",
                self.console.redactor.redact(&line.to_string())
            ));
            return;
        }
        let dry = if self.args.dry_run && *step != Step::Nothing {
            " (dry run)"
        } else {
            ""
        };
        let mut text = format!("{} {}{dry}\n", manifest.id, step.word());
        if self.args.diff || self.args.dry_run {
            for one in differences {
                text.push_str(&format!(
                    "  - {}: {}\n  + {}: {}\n",
                    one.path, one.before, one.path, one.after
                ));
            }
        }
        self.console.data(&self.console.redactor.redact(&text));
    }
}

fn recap(console: &Console, (all, changes): (usize, usize), args: &ApplyArgs) {
    if console.output == Output::Json {
        let line = json!({ "event": "recap", "objects": all, "changed": changes, "dry_run": args.dry_run });
        console.data(&format!("{line}\n"));
    } else if args.dry_run {
        console.say(&format!(
            "{changes} of {all} objects would change; nothing was changed"
        ));
    }
}
