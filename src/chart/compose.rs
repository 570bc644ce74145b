//! From a chart, a version and values to the objects that are applied.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::fetch::documents;
use super::folder::Chart;
use super::images::{Rewrites, found};
use super::patch::{Objects, Patch};
use super::sheet::Sheet;
use super::skeleton::name;
use super::stand_in::stand_in;
use super::written::node;
use super::{namespaces, template, values};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::input::{Json, Source};

/// What a chart is composed for.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// The user's values.
    pub values: Json,
    /// The version of Kubernetes; templates see it as `kubernetes.version` and `kubernetes.minor`.
    pub kubernetes: String,
    /// Where images come from.
    pub rewrites: Rewrites,
}

/// One object.
#[derive(Clone, Debug)]
pub struct Made {
    /// The object.
    pub body: Json,
    /// Where it was written.
    pub place: String,
}

/// An image and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageUse {
    /// As it is pulled.
    pub image: String,
    /// As upstream names it, where that is another.
    pub instead_of: Option<String>,
}

/// The objects of a chart, and their images.
#[derive(Clone, Debug)]
pub struct Composed {
    /// In the order in which they are written; the namespace first.
    pub objects: Vec<Made>,
    /// Every image, sorted.
    pub images: Vec<ImageUse>,
}

impl Chart {
    /// Makes the objects of a version. Without `manifests` upstream's objects are stand-ins made
    /// of the sheet.
    ///
    /// # Errors
    /// Everything that is wrong: the version's band, values, manifests, patches, templates.
    pub fn compose(
        &self,
        sheet: &Sheet,
        manifests: Option<&[Arc<Source>]>,
        setting: &Setting,
    ) -> Result<Composed, Diagnostics> {
        self.fits(sheet, &setting.kubernetes).map_err(|e| vec![e])?;
        let own = self.defaults()?.to_json();
        let own = if own.is_null() { json!({}) } else { own };
        let merged = values::merged(own, &setting.values);
        values::check(&self.about, &merged)?;
        let context = self.context(sheet, (merged, &setting.kubernetes));

        let (mut objects, mut places) = upstream_objects(sheet, manifests)?;
        namespaces::rename(&mut objects, &self.about.renamed);
        let what = manifests.map_or(Objects::StandIns, |_| Objects::Upstream);
        let before = keyed(&objects, &places);
        self.patch(&mut objects, &context, what)?;
        places = objects
            .iter()
            .map(|object| before.get(&name(object)).cloned().unwrap_or_default())
            .collect();
        let rendered = template::render(&self.texts("templates")?, &context)?;
        for (object, place) in documents(&rendered)? {
            objects.push(object);
            places.push(place);
        }
        namespaces::settle(&mut objects, &self.about.namespace);
        self.add_namespace(&mut objects, &mut places);
        unique(&objects, &places)?;
        let images = images(&objects, &setting.rewrites);
        for object in &mut objects {
            setting.rewrites.apply(object);
        }
        let made = objects.into_iter().zip(places);
        Ok(Composed {
            objects: made.map(|(body, place)| Made { body, place }).collect(),
            images,
        })
    }

    /// Whether a version works with this Kubernetes.
    ///
    /// # Errors
    /// It does not.
    pub fn fits(&self, sheet: &Sheet, kubernetes: &str) -> Result<(), Diagnostic> {
        let Some(band) = &sheet.kubernetes else {
            return Ok(());
        };
        if kubernetes.is_empty() || band.has(kubernetes) != Some(false) {
            return Ok(());
        }
        Err(Diagnostic::error(
            "chart/kubernetes-version",
            format!(
                "{} {} does not work with Kubernetes {kubernetes}",
                self.about.title, sheet.version
            ),
        )
        .why(format!("it works with {}", band.text))
        .help("choose another release (`nautes.release`), or another version of one of the two"))
    }

    fn context(&self, sheet: &Sheet, (values, kubernetes): (Json, &str)) -> Json {
        let minor = super::band::parsed(kubernetes).map_or(0, |version| version.minor);
        let app = sheet.app.as_deref().unwrap_or(&sheet.version);
        json!({
            "values": values,
            "chart": {
                "name": self.about.name,
                "version": sheet.version,
                "app": app,
                "namespace": self.about.namespace,
            },
            "kubernetes": {"version": kubernetes, "minor": minor},
        })
    }

    fn patch(
        &self,
        objects: &mut Vec<Json>,
        context: &Json,
        what: Objects,
    ) -> Result<(), Diagnostics> {
        let rendered = template::render(&self.texts("patches")?, context)?;
        let mut errors = Diagnostics::new();
        for source in &rendered {
            for patch in Patch::all(&node(source)?)? {
                errors.extend(patch.apply(objects, what).err());
            }
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    fn add_namespace(&self, objects: &mut Vec<Json>, places: &mut Vec<String>) {
        let namespace = &self.about.namespace;
        let there = objects.iter().any(|object| {
            object["kind"] == "Namespace" && object["metadata"]["name"] == namespace.as_str()
        });
        if self.about.creates_namespace && !there {
            let object =
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
            objects.insert(0, object);
            places.insert(0, format!("{}/chart.yaml", self.folder.display()));
        }
    }
}

/// Upstream's objects, or their stand-ins, with their places.
fn upstream_objects(
    sheet: &Sheet,
    manifests: Option<&[Arc<Source>]>,
) -> Result<(Vec<Json>, Vec<String>), Diagnostics> {
    let Some(manifests) = manifests else {
        let objects: Vec<Json> = sheet.objects.iter().map(stand_in).collect();
        let places = vec![format!("the sheet of {}", sheet.version); objects.len()];
        return Ok((objects, places));
    };
    let (objects, places): (Vec<Json>, Vec<String>) = documents(manifests)?.into_iter().unzip();
    sheet.agrees(&objects).map_err(|error| vec![error])?;
    Ok((objects, places))
}

/// The place of each object by its name; patches may drop objects.
fn keyed(objects: &[Json], places: &[String]) -> BTreeMap<String, String> {
    let names = objects.iter().map(name);
    names.zip(places.iter().cloned()).collect()
}

fn images(objects: &[Json], rewrites: &Rewrites) -> Vec<ImageUse> {
    let all: BTreeSet<String> = objects.iter().flat_map(found).collect();
    let mut uses: Vec<ImageUse> = all
        .into_iter()
        .map(|named| {
            let image = rewrites.target(&named);
            let instead_of = (image != named).then_some(named);
            ImageUse { image, instead_of }
        })
        .collect();
    uses.sort();
    uses
}

/// No object may be there twice: the second would win unseen.
fn unique(objects: &[Value], places: &[String]) -> Result<(), Diagnostics> {
    let mut seen = BTreeMap::new();
    let mut errors = Diagnostics::new();
    for (object, place) in objects.iter().zip(places) {
        let group = object["apiVersion"].as_str().unwrap_or_default();
        let group = group
            .split_once('/')
            .map_or("", |(group, _)| group)
            .to_owned();
        if let Some(first) = seen.insert((group, name(object)), place) {
            errors.push(
                Diagnostic::error("chart/twice", format!("{} is there twice", name(object)))
                    .why(format!("at {first} and at {place}"))
                    .help("change upstream's object with a patch instead of writing another"),
            );
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}
