//! `--rehearse`: the simulated estate in place of hosts, downloads and the clock.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ring::digest;

use super::Failed;
use super::cli::RunArgs;
use super::load::{self, Loaded};
use crate::connection::Connector;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Clock, Files, Node};
use crate::rehearsal::{Artifact, Artifacts, Estate, Fault};

/// A rehearsal under way.
pub struct Rehearsal {
    estate: Estate,
    begun: Duration,
    directory: PathBuf,
    files: Arc<dyn Files>,
}

impl Rehearsal {
    /// The estate's clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.estate.clock())
    }

    /// Connects to the estate's hosts.
    pub fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.estate.connector())
    }

    /// Keeps the estate for the next run; the simulated time that this one took.
    pub fn finish(&self) -> Result<Duration, Failed> {
        self.estate
            .save(&self.directory, self.files.as_ref())
            .map_err(|why| {
                Diagnostic::error(
                    "rehearsal/unwritable",
                    format!("cannot keep the estate in `{}`", self.directory.display()),
                )
                .why(why)
                .help("choose another folder with `--estate DIR`")
            })?;
        Ok(self.estate.elapsed().saturating_sub(self.begun))
    }
}

/// Opens the estate of a tenant, made from nothing if there is none.
pub fn open(args: &RunArgs, loaded: &Loaded, files: &Arc<dyn Files>) -> Result<Rehearsal, Failed> {
    let directory = load::estate_directory(args, &loaded.tenant);
    let estate = Estate::open(&directory, files.as_ref(), args.seed).map_err(|why| {
        Diagnostic::error(
            "rehearsal/unreadable",
            format!("cannot read the estate in `{}`", directory.display()),
        )
        .why(why)
        .help("choose another folder with `--estate DIR`, or delete this one to begin anew")
    })?;
    estate.set_artifacts(Arc::new(AnyRelease));
    let described = loaded
        .components
        .iter()
        .filter_map(|c| describe(&estate, c.rehearsal.as_ref()));
    let mut errors: Diagnostics = described.collect();
    errors.extend(
        args.fault
            .iter()
            .filter_map(|text| bad_fault(&estate, text)),
    );
    if !errors.is_empty() {
        return Err(errors.into());
    }
    let begun = estate.elapsed();
    Ok(Rehearsal {
        estate,
        begun,
        directory,
        files: files.clone(),
    })
}

fn bad_fault(estate: &Estate, text: &str) -> Option<Diagnostic> {
    match text.parse::<Fault>() {
        Ok(fault) => {
            estate.add_fault(fault);
            None
        }
        Err(why) => Some(
            Diagnostic::error("rehearsal/bad-fault", format!("`--fault {text}`: {why}"))
                .why("nothing was touched")
                .help("docs/rehearsal.md lists the faults and how to write them"),
        ),
    }
}

fn describe(estate: &Estate, node: Option<&Node>) -> Option<Diagnostic> {
    let node = node?;
    let why = estate.describe(&node.to_json()).err()?;
    Some(
        Diagnostic::error("rehearsal/bad-description", why)
            .at(&node.span)
            .help("docs/rehearsal.md has the form of an entry"),
    )
}

/// Every address of a release answers with a stand-in, and its checksum file with that stand-in's
/// digest: a rehearsal downloads nothing.
struct AnyRelease;

impl AnyRelease {
    fn stand_in(url: &str) -> Bytes {
        Bytes::from(format!(
            "stand-in for {}\n",
            url.rsplit("//").next().unwrap_or(url)
        ))
    }

    fn checksums(url: &str) -> Bytes {
        let folder = url.rsplit_once('/').map_or("", |(folder, _)| folder);
        let lines: Vec<String> = ["k3s", "k3s-arm64", "k3s-armhf"]
            .iter()
            .map(|name| {
                format!(
                    "{}  {name}\n",
                    sha256(&Self::stand_in(&format!("{folder}/{name}")))
                )
            })
            .collect();
        Bytes::from(lines.concat())
    }
}

impl Artifacts for AnyRelease {
    fn get(&self, url: &str) -> Option<Artifact> {
        let name = url.rsplit('/').next()?;
        let is_sums = name.contains("sha256sum") || name.ends_with(".sha256");
        let content = if is_sums {
            Self::checksums(url)
        } else {
            Self::stand_in(url)
        };
        let digests = [("sha256".to_owned(), sha256(&content))].into();
        Some(Artifact {
            len: content.len() as u64,
            digests,
            content: Some(content),
        })
    }
}

fn sha256(bytes: &[u8]) -> String {
    digest::digest(&digest::SHA256, bytes)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
