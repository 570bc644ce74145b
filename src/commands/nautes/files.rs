//! Manifests from files, folders and stdin: all of them read, and every mistake in any of them told,
//! before anything is asked.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::commands::Failed;
use crate::commands::shared::Console;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{FileKind, Files, Rules, Source, decode, parse};
use crate::service::nautes::{Form, Id, Manifest, manifest};

/// Names of files in folders that hold manifests, as kubectl takes them.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];
/// How deep folders in folders are looked into.
const DEPTH: usize = 16;

/// Every manifest, in the order in which they are made whatever the order of the files.
///
/// # Errors
/// Every mistake in them.
pub fn read(
    (named, recursive): (&[PathBuf], Deep),
    form: Form,
    (files, console): (&dyn Files, &Console),
) -> Result<Vec<Manifest>, Failed> {
    let mut errors = Diagnostics::new();
    let mut sources = Vec::new();
    for path in named {
        match texts(path, recursive, files) {
            Ok(found) => sources.extend(found),
            Err(error) => errors.push(*error),
        }
    }
    let mut all: Vec<Manifest> = Vec::new();
    for source in &sources {
        let documents = match parse(source, Rules::Kubernetes) {
            Ok(documents) => documents,
            Err(found) => {
                errors.extend(found.into_iter().map(Diagnostic::from));
                continue;
            }
        };
        for document in documents.iter().filter(|document| !document.is_null()) {
            match manifest(document, form) {
                Ok(manifest) => all.push(manifest),
                Err(found) => errors.extend(found),
            }
        }
    }
    for manifest in &all {
        if let Some(kubeconfig) = manifest.body["kubeconfig"].as_str() {
            hide(kubeconfig, console);
        }
    }
    settle(&mut all, &mut errors);
    if errors.is_empty() && all.is_empty() {
        let names: Vec<String> = named.iter().map(|p| format!("`{}`", p.display())).collect();
        errors.push(
            Diagnostic::error(
                "manifest/none",
                format!("there is no manifest in {}", names.join(", ")),
            )
            .why("no call was made")
            .help("name a file or folder with manifests; `-R` looks into folders in folders"),
        );
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    Ok(all)
}

/// Lets nobody see what is secret in a kubeconfig; its addresses and names are none.
pub fn hide(kubeconfig: &str, console: &Console) {
    const PLAIN: [&str; 8] = [
        "apiVersion",
        "cluster",
        "current-context",
        "kind",
        "name",
        "namespace",
        "server",
        "user",
    ];
    if !kubeconfig.trim_end().contains('\n') {
        return console.redactor.add(kubeconfig);
    }
    for line in kubeconfig.lines() {
        match line.trim().trim_start_matches("- ").split_once(':') {
            Some((key, _)) if PLAIN.contains(&key) => {}
            Some((_, value)) => console.redactor.add(value.trim().trim_matches(['"', '\''])),
            None => console.redactor.add(line),
        }
    }
}

/// Puts manifests into the order in which they are made; what is described twice is a mistake.
pub fn settle(all: &mut [Manifest], errors: &mut Diagnostics) {
    twice(all, errors);
    all.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.id.cmp(&b.id)));
}

/// Whether folders in folders are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deep {
    /// They are not.
    No,
    /// They are.
    Yes,
}

/// Kinds in their order; of clusters those first that others run in.
fn rank(manifest: &Manifest) -> (crate::service::nautes::Kind, u8) {
    let is_host = manifest.body["usage"] == "host" || manifest.body["cluster_type"] == "physical";
    (manifest.id.kind, u8::from(!is_host))
}

/// One object described twice: the second would win by chance.
fn twice(all: &[Manifest], errors: &mut Diagnostics) {
    let mut seen: BTreeMap<&Id, &Manifest> = BTreeMap::new();
    for manifest in all {
        if let Some(first) = seen.insert(&manifest.id, manifest) {
            errors.push(
                Diagnostic::error(
                    "manifest/twice",
                    format!("{} is described twice", manifest.id),
                )
                .at(&manifest.place)
                .related(&first.place, "here, too")
                .why("no call was made")
                .help("keep one of them"),
            );
        }
    }
}

fn texts(path: &Path, deep: Deep, files: &dyn Files) -> Result<Vec<Arc<Source>>, Box<Diagnostic>> {
    if path == Path::new("-") {
        let mut text = Vec::new();
        let read = std::io::stdin().read_to_end(&mut text);
        read.map_err(|error| unreadable(path, &error))?;
        let source = decode("(stdin)".to_owned(), text).map_err(Diagnostic::from);
        return Ok(vec![source.map_err(Box::new)?]);
    }
    let mut found = Vec::new();
    collect(path, (files, deep), DEPTH, &mut found)
        .map_err(|(path, error)| unreadable(&path, &error))?;
    let sources = found.into_iter().map(|path| {
        let bytes = files
            .read(&path)
            .map_err(|error| unreadable(&path, &error))?;
        decode(path.display().to_string(), bytes).map_err(|error| Box::new(Diagnostic::from(error)))
    });
    sources.collect()
}

/// The files of a path: itself, or those in it.
fn collect(
    path: &Path,
    (files, deep): (&dyn Files, Deep),
    left: usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), (PathBuf, std::io::Error)> {
    if files.kind(path) != Some(FileKind::Directory) {
        found.push(path.to_owned());
        return Ok(());
    }
    let names = files.list(path).map_err(|error| (path.to_owned(), error))?;
    for name in names {
        let below = path.join(&name);
        let is_folder = files.kind(&below) == Some(FileKind::Directory);
        let fits = below
            .extension()
            .is_some_and(|end| ENDINGS.iter().any(|known| end == *known));
        if is_folder && deep == Deep::Yes && left > 0 {
            collect(&below, (files, deep), left - 1, found)?;
        } else if !is_folder && fits {
            found.push(below);
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Box<Diagnostic> {
    let what = format!("cannot read `{}`", path.display());
    Box::new(
        Diagnostic::error("commands/unreadable", what)
            .why(error.to_string())
            .help("name a file or folder with manifests"),
    )
}
