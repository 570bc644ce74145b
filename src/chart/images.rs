//! Images: which ones objects name, and where they come from instead. Several registries that old
//! manifests name are gone, so this is no option.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use fancy_regex::Regex;
use serde_json::Value;

/// An image in a text: `registry.example/path/name:tag`, with a digest or a tag.
static WITH_HOST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?<![\w./-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?(?:/[a-z0-9._-]+)+(?::\w[\w.-]*(?:@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})",
    )
    .ok()
});

/// An image after the word itself: `natsImage: nats:2.2.6`.
static AFTER_WORD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)image["']?\s*[:=]\s*["']?([a-z0-9][a-z0-9._/-]*:\w[\w.-]*)(?![\w.:/-])"#).ok()
});

/// Kinds whose texts may name images beside those of containers.
const TELLING: [&str; 7] = [
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Pod",
    "ConfigMap",
];

/// Every image that an object names.
pub fn found(object: &Value) -> BTreeSet<String> {
    let mut images = BTreeSet::new();
    containers(object, &mut images);
    let kind = object["kind"].as_str().unwrap_or_default();
    if TELLING.contains(&kind) {
        texts(object, &mut |text| {
            if let Some(pattern) = WITH_HOST.as_ref() {
                let all = pattern.find_iter(text).flatten();
                images.extend(all.map(|found| found.as_str().to_owned()));
            }
            if let Some(pattern) = AFTER_WORD.as_ref() {
                let all = pattern.captures_iter(text).flatten();
                let named = all.filter_map(|found| Some(found.get(1)?.as_str().to_owned()));
                images.extend(named);
            }
        });
    }
    images
}

/// The images of containers, however deep.
fn containers(value: &Value, images: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => {
            for (key, inner) in entries {
                if ["containers", "initContainers"].contains(&key.as_str()) {
                    let all = inner.as_array().into_iter().flatten();
                    let named = all.filter_map(|container| container["image"].as_str());
                    images.extend(named.map(ToOwned::to_owned));
                }
                containers(inner, images);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| containers(item, images)),
        _ => {}
    }
}

fn texts(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Object(entries) => entries.values().for_each(|inner| texts(inner, each)),
        Value::Array(items) => items.iter().for_each(|inner| texts(inner, each)),
        _ => {}
    }
}

/// What stands in for the start of an image's name.
#[derive(Clone, Debug, Default)]
pub struct Rewrites(Vec<(String, String)>);

impl Rewrites {
    /// A table; of two that fit the longer counts, and of two equal ones the later.
    pub fn new(table: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut rows: Vec<(String, String)> = Vec::new();
        for (from, to) in table {
            let first = from.split('/').next().unwrap_or_default();
            let has_host = first.contains(['.', ':']) || first == "localhost";
            let from = if has_host { from } else { whole(&from) };
            rows.retain(|(known, _)| *known != from);
            rows.push((from, to));
        }
        rows.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        Self(rows)
    }

    /// Where an image comes from.
    pub fn target(&self, image: &str) -> String {
        let whole = whole(image);
        let mut rows = self.0.iter();
        rows.find_map(|(from, to)| Some(format!("{to}{}", cut(&whole, from)?)))
            .unwrap_or_else(|| image.to_owned())
    }

    /// Rewrites every image of an object.
    pub fn apply(&self, object: &mut Value) {
        let images = found(object);
        let moved: Vec<(String, String)> = images
            .into_iter()
            .map(|image| (self.target(&image), image))
            .filter(|(to, from)| to != from)
            .map(|(to, from)| (from, to))
            .collect();
        if !moved.is_empty() {
            replace(object, &moved);
        }
    }
}

/// What is left of an image behind `from`; `None` if it does not start with it as a whole part.
fn cut<'a>(image: &'a str, from: &str) -> Option<&'a str> {
    let rest = image.strip_prefix(from)?;
    let ends =
        from.ends_with(['/', ':', '@']) || rest.is_empty() || rest.starts_with(['/', ':', '@']);
    ends.then_some(rest)
}

/// An image with the registry and folder that it has by default.
fn whole(image: &str) -> String {
    match image.split_once('/') {
        None => format!("docker.io/library/{image}"),
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => image.to_owned(),
        Some(_) => format!("docker.io/{image}"),
    }
}

fn replace(value: &mut Value, moved: &[(String, String)]) {
    match value {
        Value::String(text) => {
            for (from, to) in moved {
                if text.contains(from.as_str()) {
                    *text = replaced(text, from, to);
                }
            }
        }
        Value::Object(entries) => entries.values_mut().for_each(|inner| replace(inner, moved)),
        Value::Array(items) => items.iter_mut().for_each(|inner| replace(inner, moved)),
        _ => {}
    }
}

/// `from` replaced where it stands alone, not within a longer name.
fn replaced(text: &str, from: &str, to: &str) -> String {
    let within = |c: char| c.is_ascii_alphanumeric() || "._/-@:".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, _) in text.match_indices(from) {
        let before = text[..at].chars().next_back();
        let after = text[at + from.len()..].chars().next();
        let alone = !before.is_some_and(|c| within(c) && c != ':') && !after.is_some_and(within);
        if alone && at >= done {
            out.push_str(&text[done..at]);
            out.push_str(to);
            done = at + from.len();
        }
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn images_are_found_in_containers_arguments_and_settings() {
        let object = json!({"kind": "Deployment", "spec": {"template": {"spec": {
            "initContainers": [{"image": "redis:7.0.0-alpine"}],
            "containers": [{"image": "quay.io/argoproj/argocd:v2.4.0",
                "args": ["-git-image", "gcr.io/x/git-init:v1@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                    "--url=https://example.org/path"]}]}}}});
        let images: Vec<String> = found(&object).into_iter().collect();
        assert_eq!(images.len(), 3, "{images:?}");
        let object = json!({"kind": "ConfigMap", "data": {"c": "natsImage: nats:2.2.6\nx: http://a.b/c:80\nimage = \"x/y:1\""}});
        let images: Vec<String> = found(&object).into_iter().collect();
        assert_eq!(images, ["nats:2.2.6", "x/y:1"]);
    }

    #[test]
    fn the_longest_start_counts_and_only_whole_parts() {
        let table = [
            ("gcr.io/", "m/g/"),
            ("gcr.io/tekton/", "ghcr.io/t/"),
            ("redis", "ecr/redis"),
            ("docker.io", "m/d"),
        ];
        let table = Rewrites::new(table.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(table.target("gcr.io/tekton/a:1"), "ghcr.io/t/a:1");
        assert_eq!(table.target("gcr.io/b:1"), "m/g/b:1");
        assert_eq!(table.target("redis:7"), "ecr/redis:7");
        assert_eq!(table.target("redisinsight:7"), "m/d/library/redisinsight:7");
        assert_eq!(table.target("sonatype/nexus3:3"), "m/d/sonatype/nexus3:3");
        assert_eq!(table.target("ghcr.io/x:1"), "ghcr.io/x:1");
    }

    #[test]
    fn texts_change_only_where_the_image_stands_alone() {
        let table = Rewrites::new([("a.io/x".to_owned(), "b.io/y".to_owned())]);
        let mut object = json!({"kind": "ConfigMap", "data": {"c": "image: a.io/x:1\nother: a.io/x:12 m.io/a.io/x:1"}});
        table.apply(&mut object);
        assert_eq!(
            object["data"]["c"],
            "image: b.io/y:1\nother: b.io/y:12 m.io/a.io/x:1"
        );
    }
}
