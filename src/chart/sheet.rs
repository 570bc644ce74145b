//! `versions/*.yaml`: where upstream's manifests of a version are, and the object sheet: what is
//! in them, so far as a plan, pruning and the rehearsal need it.

use super::band::Band;
use super::skeleton::{name, skeleton};
use super::written::{Fields, bad};
use crate::artifact::Digest;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Json, Node};

/// What is known of a version.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The version, as upstream calls it.
    pub version: String,
    /// The version of the program, where that is another.
    pub app: Option<String>,
    /// Which Kubernetes it works with.
    pub kubernetes: Option<Band>,
    /// Upstream's manifests, in the order in which their objects are listed.
    pub upstream: Vec<Upstream>,
    /// The skeleton of every object.
    pub objects: Vec<Json>,
    /// Every image that upstream's manifests name.
    pub images: Vec<String>,
}

/// A manifest of upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Its address.
    pub url: String,
    /// How it is verified.
    pub verify: Verify,
}

/// How a download is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verify {
    /// By a digest that was computed from the real file.
    Digest(Digest),
    /// By the lock: the first one that agrees with the sheet counts from then on.
    Lock,
}

impl Sheet {
    /// Reads a version's file.
    pub fn read(root: &Node) -> Result<Self, Diagnostics> {
        let mut fields = Fields::new(root, "a version's file");
        let mut errors = Diagnostics::new();
        let version = fields.text("version");
        let app = fields.maybe_text("app");
        let kubernetes = fields.get("kubernetes").and_then(|node| {
            let band = node.as_str().map(Band::parse);
            match band {
                Some(Ok(band)) => Some(band),
                Some(Err(why)) => {
                    errors.push(bad(
                        node,
                        format!("`kubernetes` is no band of versions: {why}"),
                    ));
                    None
                }
                None => {
                    errors.push(bad(node, "`kubernetes` must be text like `>=1.25, <1.36`"));
                    None
                }
            }
        });
        let mut upstream = Vec::new();
        for node in fields.list("upstream") {
            match Upstream::read(node) {
                Ok(one) => upstream.push(one),
                Err(found) => errors.extend(found),
            }
        }
        let objects = fields.list("objects").iter().map(Node::to_json).collect();
        let images = fields.list("images").iter().map(Node::key_text).collect();
        errors.extend(fields.end());
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self {
            version,
            app,
            kubernetes,
            upstream,
            objects,
            images,
        })
    }

    /// Whether the objects are those that the sheet lists.
    ///
    /// # Errors
    /// The first ones that are not.
    pub fn agrees(&self, objects: &[Json]) -> Result<(), Diagnostic> {
        let mut differ = Vec::new();
        for nth in 0..self.objects.len().max(objects.len()) {
            let found = objects.get(nth).map(skeleton);
            match (self.objects.get(nth), found) {
                (Some(wanted), Some(found)) if *wanted != found => {
                    differ.push(format!("the sheet has {wanted}, the manifest {found}"));
                }
                (Some(wanted), None) => {
                    differ.push(format!("{} is not in the manifest", name(wanted)));
                }
                (None, Some(found)) => differ.push(format!("{} is not in the sheet", name(&found))),
                _ => {}
            }
        }
        if differ.is_empty() {
            return Ok(());
        }
        let count = differ.len();
        let mut error = Diagnostic::error(
            "chart/sheet-mismatch",
            format!(
                "the manifest is not what the sheet of `{}` says: {count} differ",
                self.version
            ),
        );
        for one in differ.into_iter().take(3) {
            error = error.why(one);
        }
        Err(error.help("if upstream changed the file on purpose, make the sheet anew: `nautes-install chart sheet`"))
    }
}

impl Upstream {
    fn read(node: &Node) -> Result<Self, Diagnostics> {
        let mut fields = Fields::new(node, "an entry of `upstream`");
        let url = fields.text("url");
        let sha256 = fields.maybe_text("sha256");
        let _ = fields.maybe_text("license");
        let locked = fields.get("lock").is_some();
        let mut verify = Verify::Lock;
        match &sha256 {
            Some(hex) => match Digest::parse(&format!("sha256:{hex}")) {
                Some(digest) => verify = Verify::Digest(digest),
                None => fields
                    .errors
                    .push(bad(node, "`sha256` must be 64 hexadecimal digits")),
            },
            None if !locked => fields
                .errors
                .push(bad(node, format!("`{url}` is not pinned")).help(
                    "give its `sha256`, or `lock: true` where nobody has seen the real file",
                )),
            None => {}
        }
        let errors = fields.end();
        if errors.is_empty() {
            Ok(Self { url, verify })
        } else {
            Err(errors)
        }
    }
}
