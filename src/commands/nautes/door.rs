//! The way to a tenant's Nautes API: its address and authority from the inventory, a byte stream
//! through the first host of its cluster, and the token of who asks.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use super::args::AtArgs;
use crate::commands::load::{self, Loaded};
use crate::commands::looking::Looking;
use crate::commands::shared::Console;
use crate::commands::world;
use crate::commands::{Content, Failed, reality};
use crate::connection::{Connection, Dialler, Probe, Reply};
use crate::diagnostic::Diagnostic;
use crate::execute::Mode;
use crate::input::{Files, Node};
use crate::inventory::Inventory;
use crate::secret::Secret;
use crate::service::nautes::{self, Check, Form, Writer};
use crate::service::{Address, ApiReader, ServiceError};

/// The port of the ingress where nobody says another.
const PORT: u16 = 31443;
/// Where this machine keeps the authorities that it trusts.
const TRUST: [&str; 2] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
];
/// The largest file of authorities that is read, in bytes.
const LIMIT: u64 = 4 << 20;
/// Who asks in a rehearsal where no token is given: the model takes any.
const STAND_IN: &str = "token-of-the-rehearsal";

/// What is known before anything is asked.
pub struct Known {
    args: AtArgs,
    loaded: Loaded,
    /// Which form of bodies the server takes.
    pub form: Form,
}

/// An API that is open.
pub struct Door {
    /// For looking.
    pub reader: ApiReader,
    /// The tenant's name; empty without an inventory.
    pub tenant: String,
    right: Arc<dyn Connection>,
    looking: Looking,
}

impl Known {
    /// Reads the inventory, if there is one.
    ///
    /// # Errors
    /// Its mistakes.
    pub fn read(args: &AtArgs, console: &Console) -> Result<Self, Failed> {
        let run = args.run();
        let loaded = if args.inventory.is_empty() {
            Loaded::of_hosts(Inventory::default(), None, Vec::new())
        } else {
            load::load(&run.source, console)?
        };
        let released = loaded.release.as_ref().and_then(|release| {
            let version = release.get("nautes")?.get("version")?;
            Some(version.key_text())
        });
        let version = args.nautes_version.clone().or(released);
        let version = version.unwrap_or_else(|| "0.4".to_owned());
        let form = Form::of(&version).ok_or_else(|| {
            let what = format!("bodies of Nautes `{version}` are not known");
            Diagnostic::error("manifest/nautes-version", what)
                .why("no call was made")
                .help("say `--nautes-version 0.3` (up to v0.3.8) or `--nautes-version 0.4`")
        })?;
        Ok(Self {
            args: args.clone(),
            loaded,
            form,
        })
    }

    /// What was read of the inventory.
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Whether it is on the simulated estate.
    pub fn is_rehearsed(&self) -> Result<bool, Failed> {
        let names: Vec<String> = self.loaded.inventory.hosts.keys().cloned().collect();
        let run = reality::of_hosts(&self.args.run(), &self.loaded.inventory, &names)?;
        Ok(run.rehearse)
    }

    /// Opens the API; it connects at the first request.
    ///
    /// # Errors
    /// No host can be reached, or there is no authority or token.
    pub async fn open(self, console: &Console) -> Result<Door, Failed> {
        let mut run = self.args.run();
        run.rehearse = self.is_rehearsed()?;
        let token = self.token(run.rehearse, console)?;
        let looking = Looking::open(("apply", Mode::Apply), (&run, &self.loaded), console)?;
        let through = looking.reach(&first(&self.loaded)).await?;
        // Its name need not be known on the host: the ingress listens on every node.
        let (url, via) = if let Some(url) = &self.args.server {
            (url.clone(), None)
        } else {
            let (url, port) = self.url(&through.address);
            (url, Some((through.address.clone(), port)))
        };
        let ca = self.authority(&looking).await?;
        let address = Address::new(&url, &ca, None).map_err(|why| {
            Diagnostic::error("nautes/bad-address", why)
                .help("write it as https://HOST:PORT; `--ca` names the file of its authority")
        })?;
        let address = address.through(via);
        let credential = nautes::token(&token);
        let clock = looking.opened.world.clock.clone();
        let dialler = Dialler::new(through.connection.clone());
        Ok(Door {
            reader: ApiReader::new(dialler, (address, Some(credential)), clock),
            tenant: if self.args.inventory.is_empty() {
                String::new()
            } else {
                self.loaded.tenant.clone()
            },
            right: through.connection,
            looking,
        })
    }

    /// The address that the inventory gives the tenant's API.
    fn url(&self, first: &str) -> (String, u16) {
        let setting = |path: &[&str]| -> Option<String> {
            let mut node: &Node = self.loaded.settings.as_deref()?;
            for key in path {
                node = node.get(key)?;
            }
            Some(node.key_text()).filter(|text| !text.is_empty())
        };
        let domain = setting(&["components", "pki", "domain"]).or_else(|| setting(&["domain"]));
        let domain = domain.unwrap_or_else(|| {
            if first.parse::<Ipv4Addr>().is_ok() {
                format!("{first}.nip.io")
            } else {
                first.to_owned()
            }
        });
        let port = setting(&["components", "traefik", "websecure"]);
        let port = port.and_then(|port| port.parse().ok()).unwrap_or(PORT);
        (format!("https://apiserver.{domain}:{port}"), port)
    }

    fn token(&self, rehearsed: bool, console: &Console) -> Result<Secret<String>, Failed> {
        match &self.args.token_file {
            Some(path) if path == Path::new("-") => {
                let mut line = String::new();
                let read = std::io::stdin().read_line(&mut line);
                read.map_err(|error| {
                    Diagnostic::error("commands/unreadable", "cannot read the token from stdin")
                        .why(error.to_string())
                })?;
                let line = line.trim().to_owned();
                console.redactor.add(&line);
                Ok(Secret::new(line))
            }
            Some(path) => load::secret_file(path, console, &Content::new()),
            None if rehearsed => Ok(Secret::new(STAND_IN.to_owned())),
            None => console.ask_secret("GitLab token").map_err(|error| {
                let help = "give it in a file: `--token-file FILE`, or `--token-file -` for stdin";
                Failed::from(error.help(help))
            }),
        }
    }

    /// The authority that the API's certificate is of.
    async fn authority(&self, looking: &Looking) -> Result<Vec<u8>, Failed> {
        if let Some(path) = &self.args.ca {
            return Content::new().read(path).map_err(|error| {
                let what = format!("cannot read `{}`", path.display());
                Diagnostic::error("commands/unreadable", what)
                    .why(error.to_string())
                    .help("name a PEM file with the tenant's CA")
                    .into()
            });
        }
        let own = world::absolute(&looking.state).join("pki/ca.crt");
        let own = own.display().to_string();
        let mut paths = TRUST.map(ToOwned::to_owned).to_vec();
        if !self.args.inventory.is_empty() {
            paths.insert(0, own.clone());
        }
        // In a rehearsal this machine is simulated, too.
        let here = looking.reach("localhost").await?;
        let probes: Vec<Probe> = paths
            .into_iter()
            .map(|path| Probe::Read { path, limit: LIMIT })
            .collect();
        let replies = here.connection.probe(&here.root, &probes).await;
        let replies = replies.unwrap_or_default();
        let found = replies.into_iter().find_map(|reply| match reply {
            Reply::Content(content) => content,
            _ => None,
        });
        found.ok_or_else(|| {
            Diagnostic::error("nautes/no-authority", "there is no authority to trust")
                .why(format!(
                    "`{own}` is not there, nor a bundle of this machine"
                ))
                .help("name the PEM file of the tenant's CA with `--ca`")
                .into()
        })
    }
}

impl Door {
    /// For changes.
    pub fn writer(&self, check: Check) -> Writer {
        Writer::new(self.reader.writer(&self.right), check)
    }

    /// Ends the connections and keeps the estate of a rehearsal.
    ///
    /// # Errors
    /// The estate cannot be kept.
    pub async fn close(self) -> Result<(), Failed> {
        self.looking.close().await
    }
}

/// The host that the API is reached through.
fn first(loaded: &Loaded) -> String {
    let group = |name: &str| loaded.inventory.groups.get(name)?.hosts.first().cloned();
    let any = || loaded.inventory.hosts.keys().next().cloned();
    let found = group("kube_control_plane").or_else(any);
    found.unwrap_or_else(|| "localhost".to_owned())
}

/// An answer that was not one, as an error of the verb.
pub fn error(error: &ServiceError, help: &str) -> Diagnostic {
    match error {
        ServiceError::Unreachable { what, help } => {
            Diagnostic::error("nautes/unreachable", what.clone()).help(help.clone())
        }
        ServiceError::Refused {
            message,
            asked,
            code,
        } => Diagnostic::error("nautes/refused", message.clone())
            .why(format!("{asked}: status {code}"))
            .help(help),
        other => Diagnostic::error("nautes/unreachable", other.to_string()).help(help),
    }
}
