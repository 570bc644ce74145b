//! Upstream's manifests: fetched here, verified, taken apart.

use std::sync::Arc;
use std::time::Duration;

use super::sheet::{Sheet, Upstream, Verify};
use crate::artifact::{Digest, Downloads, Wanted};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{self, Json, Rules, Source};

/// The largest manifest that is taken, in bytes; the largest known has 4 MB.
const MOST: u64 = 32 << 20;

/// The manifests of a version, in the sheet's order.
///
/// # Errors
/// One cannot be had, or is not the one that it should be.
pub async fn upstream(
    sheet: &Sheet,
    downloads: &Downloads,
    within: Duration,
) -> Result<Vec<Arc<Source>>, Diagnostic> {
    let all = sheet
        .upstream
        .iter()
        .map(|one| fetch(one, downloads, within));
    futures::future::try_join_all(all).await
}

async fn fetch(
    one: &Upstream,
    downloads: &Downloads,
    within: Duration,
) -> Result<Arc<Source>, Diagnostic> {
    let digest = match &one.verify {
        Verify::Digest(digest) => Some(digest.clone()),
        Verify::Lock => {
            if downloads.refuses(&one.url) {
                return Err(Diagnostic::error(
                    "artifact/not-locked",
                    format!("`{}` is not locked, and `--locked` refuses it", one.url),
                )
                .help("run once without `--locked`, look at the new lines of the lock file, keep them"));
            }
            downloads.locked(&one.url)
        }
    };
    let failed = |why: String| {
        Diagnostic::error("chart/no-manifest", format!("cannot get `{}`", one.url))
            .why(why)
            .help("make it reachable from this machine, name a mirror (`nautes.artifacts.mirror`) or give the files with `--artifacts DIR`")
    };
    let wanted = Wanted {
        url: downloads.address(&one.url),
        digest,
        ..Wanted::default()
    };
    let fetched = downloads.fetch(&wanted, within).await;
    let fetched = fetched.map_err(|error| failed(error.to_string()))?;
    if fetched.file.len > MOST {
        return Err(failed(format!(
            "it has {} bytes; no manifest is so large",
            fetched.file.len
        )));
    }
    let bytes = fetched.file.files.read(&fetched.file.path);
    let bytes = bytes.map_err(|error| failed(error.to_string()))?;
    downloads.verified(&one.url, Digest::new("sha256", &fetched.sha256));
    input::decode(one.url.clone(), bytes).map_err(Diagnostic::from)
}

/// The objects of manifests, lists taken apart, each with its place.
///
/// # Errors
/// A text is not YAML, or something in it is no object.
pub fn documents(sources: &[Arc<Source>]) -> Result<Vec<(Json, String)>, Diagnostics> {
    let mut objects = Vec::new();
    for source in sources {
        let parsed = input::parse(source, Rules::Kubernetes).map_err(|found| {
            found
                .into_iter()
                .map(Diagnostic::from)
                .collect::<Diagnostics>()
        })?;
        for document in parsed.iter().filter(|document| !document.is_null()) {
            let place = document.span.to_string();
            let body = document.to_json();
            let items = body["items"].as_array().cloned();
            let is_list = body["kind"]
                .as_str()
                .is_some_and(|kind| kind.ends_with("List"));
            match items {
                Some(items) if is_list => {
                    objects.extend(items.into_iter().map(|item| (item, place.clone())));
                }
                _ if body["kind"].is_string() && body["apiVersion"].is_string() => {
                    objects.push((body, place));
                }
                _ => {
                    return Err(vec![
                        Diagnostic::error("chart/no-object", "this is no Kubernetes object")
                            .at(&document.span)
                            .help("every object has `apiVersion` and `kind`"),
                    ]);
                }
            }
        }
    }
    Ok(objects)
}
