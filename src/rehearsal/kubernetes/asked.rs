//! A request, taken apart: which resource, which verb, which options.

use serde_json::Value;

use super::refusal::Refusal;
use crate::rehearsal::network::Request;

/// The path of a request to an object or a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Path {
    /// API group; nothing for core.
    pub group: String,
    /// Version.
    pub version: String,
    /// Namespace; nothing if the path has none.
    pub namespace: String,
    /// Resource.
    pub plural: String,
    /// Object; nothing for the list.
    pub name: String,
    /// `status`, `log`; nothing for the object itself.
    pub subresource: String,
}

/// A request, taken apart.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// As it came.
    pub request: &'a Request,
    /// The path, without the query.
    pub path: String,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
}

impl<'a> Asked<'a> {
    /// Takes a request apart.
    pub fn new(request: &'a Request) -> Self {
        let url = &request.url;
        let rest = match url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => url,
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let query = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(key), decode(value))
            });
        Self {
            request,
            path: decode(path),
            query: query.collect(),
        }
    }

    /// An option; nothing if it is not given.
    pub fn option(&self, name: &str) -> &str {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// Whether an option says yes.
    pub fn says(&self, name: &str) -> bool {
        ["true", "1"].contains(&self.option(name))
    }

    /// A header; nothing if it is not there.
    pub fn header(&self, name: &str) -> &str {
        let found = self.request.headers.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// The field manager, by option or by the client's name.
    pub fn manager(&self) -> String {
        match self.option("fieldManager") {
            "" => {
                let agent = self.header("user-agent");
                let name = agent.split('/').next().unwrap_or_default();
                if name.is_empty() { "unknown" } else { name }.to_owned()
            }
            name => name.to_owned(),
        }
    }

    /// The body as JSON or YAML; null if there is none.
    ///
    /// # Errors
    /// 400, or 415 for what is neither.
    pub fn body(&self) -> Result<Value, Refusal> {
        let bytes = &self.request.body;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        if self.header("content-type").contains("protobuf") {
            let message = "the rehearsal does not read protobuf, which `kubectl create` sends for some kinds: write the object in a file and use `kubectl apply -f`";
            return Err(Refusal::new(415, "UnsupportedMediaType", message));
        }
        if let Ok(value) = serde_json::from_slice(bytes) {
            return Ok(value);
        }
        let text = String::from_utf8_lossy(bytes);
        super::yaml::value(&text).map_err(|why| {
            Refusal::bad_request(format!("error decoding the body of the request: {why}"))
        })
    }

    /// The path to an object or a list; `None` if it is another one.
    pub fn resource(&self) -> Option<Path> {
        let parts: Vec<&str> = self.path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => ("", rest),
            ["namespaces", namespace, rest @ ..] => (*namespace, rest),
            rest => ("", rest),
        };
        let (plural, name, subresource) = match rest {
            [plural] => (*plural, "", String::new()),
            [plural, name] => (*plural, *name, String::new()),
            [plural, name, sub @ ..] => (*plural, *name, sub.join("/")),
            [] => return None,
        };
        Some(Path {
            group: group.to_owned(),
            version: version.to_owned(),
            namespace: namespace.to_owned(),
            plural: plural.to_owned(),
            name: name.to_owned(),
            subresource,
        })
    }
}

/// Percent-decoding, `+` as a space.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes
            .get(at + 1..at + 3)
            .and_then(|two| std::str::from_utf8(two).ok())
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (b'+', _) => {
                out.push(b' ');
                at += 1;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart() {
        let path = |url: &str| {
            let request = Request {
                url: url.to_owned(),
                ..Request::default()
            };
            let p = Asked::new(&request).resource()?;
            Some(
                [
                    p.group,
                    p.version,
                    p.namespace,
                    p.plural,
                    p.name,
                    p.subresource,
                ]
                .join("|"),
            )
        };
        let same = |url: &str, want: &str| assert_eq!(path(url).as_deref(), Some(want));
        same("/api/v1/namespaces/a", "|v1||namespaces|a|");
        same(
            "/api/v1/namespaces/a/finalize",
            "|v1||namespaces|a|finalize",
        );
        same("/api/v1/namespaces/a/pods/b/log?x=1", "|v1|a|pods|b|log");
        same(
            "https://h:1/apis/apps/v1/deployments?limit=5",
            "apps|v1||deployments||",
        );
        assert_eq!(path("/api/v1"), None);
        assert_eq!(path("/version"), None);
    }

    #[test]
    fn options_are_decoded() {
        let request = Request {
            url: "/api/v1/pods?labelSelector=a%3Db%2Cc+in+%28d%29&dryRun=All".to_owned(),
            ..Request::default()
        };
        let asked = Asked::new(&request);
        assert_eq!(asked.option("labelSelector"), "a=b,c in (d)");
        assert_eq!(asked.option("dryRun"), "All");
    }
}
