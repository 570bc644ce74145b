//! `rehearse serve`: a loopback address for the Kubernetes API of an estate, for a person with
//! kubectl.

use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::args::EstateArgs;
use crate::commands::cli::Output;
use crate::commands::shared::Console;
use crate::commands::{Content, Ended, Failed, load, world};
use crate::diagnostic::{Diagnostic, ExitCode};
use crate::input::{Files, SystemClock};
use crate::rehearsal::Server;

/// Serves the API of a host's cluster (or of the only one) until it is interrupted, and keeps what
/// was changed.
pub async fn serve(host: Option<&str>, args: &EstateArgs, console: &Arc<Console>) -> Ended {
    let run = args.run();
    let loaded = load::load(&run.source, console)?;
    let files: Arc<dyn Files> = Arc::new(Content::new());
    let rehearsal = super::open(&run, &loaded, &files)?;
    let (name, server) = chosen(rehearsal.estate.clusters(), host)?;
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        Failed::from(
            Diagnostic::error("rehearsal/unserved", format!("cannot {what}"))
                .why(error.to_string())
                .help("docs/rehearsal.md says what `rehearse serve` needs"),
        )
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.map_err(|error| failed("listen on 127.0.0.1", &error))?;
    let address = listener
        .local_addr()
        .map_err(|error| failed("listen on 127.0.0.1", &error))?;
    let path = world::absolute(&rehearsal.directory.join(format!("{name}.kubeconfig")));
    let config = server.authority.kubeconfig(&format!("https://{address}"));
    files
        .write(&path, config.as_bytes(), 0o600)
        .map_err(|error| failed(&format!("write `{}`", path.display()), &error))?;
    let text = match console.output {
        Output::Text => format!(
            "The simulated API of `{name}` is at https://{address}. In another terminal:\n\n  kubectl --kubeconfig {} get nodes\n\nCtrl-C ends it and keeps what was changed.\n",
            path.display()
        ),
        Output::Json => format!(
            "{}\n",
            serde_json::json!({"host": name, "address": format!("https://{address}"), "kubeconfig": path})
        ),
    };
    console.data(&text);
    accept(&listener, &server.paced(Arc::new(SystemClock::new()))).await;
    rehearsal.finish()?;
    Ok(ExitCode::Done)
}

/// Takes connections until somebody interrupts.
async fn accept(listener: &TcpListener, server: &Server) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        tokio::select! {
            () = world::signal() => return,
            accepted = listener.accept() => {
                // One connection that breaks before it is taken says nothing about the next.
                let Ok((stream, _)) = accepted else { continue };
                let _ = stream.set_nodelay(true);
                connections.spawn(server.clone().serve(stream));
            }
        }
    }
}

fn chosen(
    mut all: Vec<(String, Server)>,
    host: Option<&str>,
) -> Result<(String, Server), Diagnostic> {
    let names: Vec<String> = all.iter().map(|(name, _)| format!("`{name}`")).collect();
    let wrong = |what: String, help: &str| {
        Diagnostic::error("rehearsal/no-cluster", what)
            .why("nothing was touched")
            .help(help)
    };
    match host {
        Some(host) => all
            .into_iter()
            .find(|(name, _)| name == host)
            .ok_or_else(|| {
                let help = if names.is_empty() {
                    "run `nautes-install up --rehearse` first, with the same `--estate`".to_owned()
                } else {
                    format!("the estate has {}", names.join(", "))
                };
                wrong(format!("no Kubernetes API runs on `{host}`"), &help)
            }),
        // Servers of one cluster answer alike.
        None if !all.is_empty() => Ok(all.remove(0)),
        None => Err(wrong(
            "no Kubernetes API runs on this estate".to_owned(),
            "run `nautes-install up --rehearse` first, with the same `--estate`",
        )),
    }
}
