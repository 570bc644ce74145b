//! What the API shows of the objects that manifests name: one list for each kind and product.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::door;
use crate::commands::Failed;
use crate::diagnostic::ExitCode;
use crate::service::ApiReader;
use crate::service::nautes::{self, Id, Kind};

/// What there is.
#[derive(Default)]
pub struct Seen(BTreeMap<Id, Value>);

impl Seen {
    /// Looks at every list that these objects are in.
    ///
    /// # Errors
    /// The API does not answer, or refuses.
    pub async fn of<'a>(
        reader: &ApiReader,
        ids: impl Iterator<Item = &'a Id>,
    ) -> Result<Self, Failed> {
        let lists: BTreeSet<(Kind, String)> = ids.map(|id| (id.kind, id.product.clone())).collect();
        let products: BTreeSet<&str> = lists
            .iter()
            .map(|(_, product)| product.as_str())
            .filter(|product| !product.is_empty())
            .collect();
        let mut seen = Self::default();
        if !products.is_empty() {
            seen.look(reader, Kind::Product, "").await?;
        }
        for (kind, product) in &lists {
            let known = Id {
                kind: Kind::Product,
                product: String::new(),
                name: product.clone(),
            };
            // What is in a product that is not there is not there.
            if !product.is_empty() && !seen.0.contains_key(&known) {
                continue;
            }
            if *kind != Kind::Product || products.is_empty() {
                seen.look(reader, *kind, product).await?;
            }
        }
        Ok(seen)
    }

    async fn look(&mut self, reader: &ApiReader, kind: Kind, product: &str) -> Result<(), Failed> {
        for item in list(reader, kind, product).await? {
            let name = item["name"].as_str().unwrap_or_default().to_owned();
            let product = product.to_owned();
            self.0.insert(
                Id {
                    kind,
                    product,
                    name,
                },
                item,
            );
        }
        Ok(())
    }

    /// An object, if it is there.
    pub fn get(&self, id: &Id) -> Option<&Value> {
        self.0.get(id)
    }

    /// Whether anything that is there has this name.
    pub fn names(&self, name: &str) -> bool {
        self.0.keys().any(|id| id.name == name)
    }
}

/// A list, with what to do if there is none.
///
/// # Errors
/// The API does not answer, or refuses; nothing was changed.
pub async fn list(reader: &ApiReader, kind: Kind, product: &str) -> Result<Vec<Value>, Failed> {
    nautes::list(reader, kind, product).await.map_err(|error| {
        let refused = nautes::told(&error);
        let error = door::error(&error, refused.help()).why("nothing was changed");
        Failed {
            errors: vec![error],
            code: ExitCode::Unreachable,
        }
    })
}
