//! The tenant's lock on its first host: runs from two machines do not work on one tenant at once.
//!
//! It is a file below `/run`, which no restart survives, with its owner and an end on the host's
//! own clock. Whoever holds it moves the end on every few minutes, so a machine that vanished
//! blocks nobody for long. The lock of the state directory was taken before; the owner named in
//! the file is that directory, so what a killed run of ours left behind is ours at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::connection::{Action, Connection, Deadline, Exec, Identity};
use crate::diagnostic::Diagnostic;
use crate::event::Event;

use super::component::Run;

/// Where the locks are on a host.
const FOLDER: &str = "/run/nautes-install";

/// How long a lock counts that nobody renews.
const EXPIRES: Duration = Duration::from_mins(10);

/// How often a run renews its lock.
const RENEWED: Duration = Duration::from_mins(2);

/// The answer of the script when somebody else has the lock.
const HELD: i32 = 75;

/// Runs the second script under the folder's guard: looking and writing are one step.
const GUARDED: &str = "mkdir -p \"$1\" && exec flock -w 10 \"$1/guard\" sh -c \"$2\" sh \"$@\"";

/// The folder, this text, the verb, tenant, owner, what the owner does, seconds that the lock counts.
const SCRIPT: &str = r#"
lock=$1/$4.lock now=$(date +%s) holder= end=0 does=
if [ -f "$lock" ]; then
  holder=$(sed -n 1p "$lock") end=$(sed -n 2p "$lock") does=$(sed -n 3p "$lock")
fi
case $3 in
  take)
    if [ -n "$holder" ] && [ "$holder" != "$5" ] && [ "${end:-0}" -gt "$now" ]; then
      printf '%s\n%s\n%s\n' "$holder" "$((end - now))" "$does"
      exit 75
    fi
    printf '%s\n%s\n%s\n' "$5" "$((now + $7))" "$6" >"$lock.new" && mv "$lock.new" "$lock" ;;
  give) [ "$holder" != "$5" ] || rm -f "$lock" ;;
esac
"#;

/// The lock, held until it is given back.
pub struct Fence {
    place: Place,
    renewing: tokio::task::JoinHandle<()>,
}

/// Where the lock is and whose it is.
#[derive(Clone)]
struct Place {
    connection: Arc<dyn Connection>,
    root: Identity,
    host: String,
    tenant: String,
    owner: String,
    verb: String,
}

/// What the host answered.
enum Answer {
    Ours,
    /// The holder, the seconds until its lock ends, and its verb.
    Theirs(String, String, String),
    /// The host cannot keep a lock; its words.
    Cannot(String),
}

impl Run {
    /// Takes the lock, if this run is to have one. A host that cannot be reached is told by the
    /// tasks that need it.
    pub async fn fence(&self) -> Result<Option<Fence>, Diagnostic> {
        let Some(owner) = &self.options.holder else {
            return Ok(None);
        };
        let Some(place) = self.place(owner).await else {
            return Ok(None);
        };
        match place.ask("take").await {
            Answer::Ours => {}
            Answer::Theirs(holder, left, does) => return Err(place.taken(&holder, &left, &does)),
            Answer::Cannot(words) => {
                let text = format!(
                    "`{}` cannot keep the tenant's lock, so a run from another machine would not be noticed: {words}",
                    place.host
                );
                self.world.sink.emit(&Event::Warning { text });
                return Ok(None);
            }
        }
        let renewing = tokio::spawn(renew(
            place.clone(),
            self.world.sink.clone(),
            self.stopping.clone(),
        ));
        Ok(Some(Fence { place, renewing }))
    }

    async fn place(&self, owner: &str) -> Option<Place> {
        let host = self.shared.hosts.inventory().hosts.keys().next()?.clone();
        match self.reach(&host, Some("root")).await {
            Ok(reached) => Some(Place {
                connection: reached.connection,
                root: reached.root,
                host,
                tenant: self.options.tenant.clone(),
                owner: owner.to_owned(),
                verb: self.options.verb.clone(),
            }),
            Err(stop) => {
                let left_out = |limit: &Vec<String>| !limit.contains(&host);
                if self.options.limit.as_ref().is_some_and(left_out) {
                    let text = format!(
                        "`{host}` keeps the tenant's lock and cannot be reached, so a run from another machine would not be noticed: {}",
                        stop.ended().msg()
                    );
                    self.world.sink.emit(&Event::Warning { text });
                }
                None
            }
        }
    }
}

impl Fence {
    /// Gives the lock back. Where that fails it ends by itself.
    pub async fn give_back(self) {
        self.renewing.abort();
        self.place.ask("give").await;
    }
}

impl Place {
    async fn ask(&self, verb: &str) -> Answer {
        let seconds = EXPIRES.as_secs().to_string();
        let words = ["/bin/sh", "-c", GUARDED, "sh", FOLDER, SCRIPT];
        let words = words.into_iter().chain([
            verb,
            &self.tenant,
            &self.owner,
            &self.verb,
            seconds.as_str(),
        ]);
        let action = Action::Exec(Exec::new(words));
        let deadline = Deadline(Duration::from_secs(30));
        let done = match self.connection.act(&self.root, action, deadline).await {
            Ok(done) => done.executed,
            Err(error) => return Answer::Cannot(error.to_string()),
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        match done.code {
            0 => Answer::Ours,
            HELD => {
                let said = text(&done.stdout);
                let mut lines = said.lines().map(ToOwned::to_owned);
                let mut line = || lines.next().unwrap_or_default();
                Answer::Theirs(line(), line(), line())
            }
            code => Answer::Cannot(format!("exit code {code}: {}", text(&done.stderr))),
        }
    }

    fn taken(&self, holder: &str, left: &str, does: &str) -> Diagnostic {
        let minutes = left.parse::<u64>().unwrap_or_default().div_ceil(60);
        Diagnostic::error(
            "state/locked-elsewhere",
            format!(
                "`{does}` of {holder} is running on tenant `{}`",
                self.tenant
            ),
        )
        .why(format!(
            "it holds `{FOLDER}/{}.lock` on `{}`; nothing was touched",
            self.tenant, self.host
        ))
        .help(format!(
            "wait for it to end; should that machine be gone, the lock ends by itself in {minutes} min"
        ))
    }
}

/// Moves the lock's end on for as long as the run lasts. A lock that somebody else took (this
/// machine slept, or was cut off for longer than the lock counts) stops the run where it stands.
async fn renew(place: Place, sink: Arc<dyn crate::event::Sink>, stopping: Arc<AtomicU8>) {
    loop {
        tokio::time::sleep(RENEWED).await;
        if let Answer::Theirs(holder, _, does) = place.ask("take").await {
            stopping.fetch_max(1, Ordering::Relaxed);
            let text = format!(
                "stopping: `{does}` of {holder} took the tenant's lock while `{}` could not be reached",
                place.host
            );
            sink.emit(&Event::Warning { text });
            return;
        }
    }
}
