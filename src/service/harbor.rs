//! Harbor: what is asked of its REST API (version 2.0) and what it says.
//!
//! Paths and fields are those of Harbor 2.5 to 2.15. Lists come in pages, which are read to the end.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::Method;
use serde_json::{Map, Value, json};

use super::{Api, ApiReader, Credential, ServiceError};
use crate::secret::Secret;

/// Where version 2.0 is.
const BASE: &str = "/api/v2.0";
/// Items of a page: the most that Harbor gives.
const PAGE: usize = 100;
/// Pages that are read before something must be wrong.
const PAGES: usize = 1000;
/// Where `docker login` signs in.
const LOGIN: &str = "/service/token?service=harbor-registry";
/// What names of robot accounts start with, where the configuration does not say it.
const ROBOT: &str = "robot$";

/// A name and its password as a credential.
pub fn basic(name: &str, password: &Secret<String>) -> Credential {
    let pair = BASE64_STANDARD.encode(format!("{name}:{}", password.expose()));
    Credential::new("authorization", Secret::new(format!("Basic {pair}")))
}

/// What is at a path below `/api/v2.0`; `None` if nothing is.
///
/// # Errors
/// There was no answer, or a refusal.
pub async fn one(api: &ApiReader, path: &str) -> Result<Option<Value>, ServiceError> {
    api.get(&format!("{BASE}{path}")).await
}

/// Everything that a list has, page after page.
async fn all(api: &ApiReader, path: &str) -> Result<Vec<Value>, ServiceError> {
    let sign = if path.contains('?') { '&' } else { '?' };
    let mut items = Vec::new();
    for page in 1..=PAGES {
        let path = format!("{path}{sign}page={page}&page_size={PAGE}");
        let Some(Value::Array(found)) = one(api, &path).await? else {
            return Err(ServiceError::Protocol(format!(
                "{}{BASE}{path} gives no list: it may be no Harbor",
                api.url()
            )));
        };
        let last = found.len() < PAGE;
        items.extend(found);
        if last {
            return Ok(items);
        }
    }
    Err(ServiceError::Protocol(format!(
        "{}{BASE}{path} has more than {PAGES} pages",
        api.url()
    )))
}

/// Every setting that Harbor tells: `{"value": …, "editable": …}` by name. Passwords are not told.
///
/// # Errors
/// There was no answer, or a refusal: only administrators see them.
pub async fn configuration(api: &ApiReader) -> Result<Map<String, Value>, ServiceError> {
    match one(api, "/configurations").await? {
        Some(Value::Object(settings)) => Ok(settings),
        _ => Err(ServiceError::Protocol(format!(
            "{}{BASE}/configurations gives no settings: it may be no Harbor",
            api.url()
        ))),
    }
}

/// A project by its name.
///
/// # Errors
/// There was no answer, or a refusal.
pub async fn project(api: &ApiReader, name: &str) -> Result<Option<Value>, ServiceError> {
    // By list: a name of digits alone would be read as a number in the path.
    let found = all(api, &format!("/projects?name={name}")).await?;
    Ok(found.into_iter().find(|project| project["name"] == name))
}

/// A robot account of the whole Harbor by the name that it was given, and its whole name.
///
/// # Errors
/// There was no answer, or a refusal.
pub async fn robot(api: &ApiReader, name: &str) -> Result<(String, Option<Value>), ServiceError> {
    let settings = configuration(api).await?;
    let prefix = settings.get("robot_name_prefix");
    let prefix = prefix.and_then(|setting| setting["value"].as_str());
    let whole = format!("{}{name}", prefix.unwrap_or(ROBOT));
    let found = all(api, "/robots").await?;
    let found = found.into_iter().find(|robot| robot["name"] == whole);
    Ok((whole, found))
}

/// Whether somebody may sign in with this secret, as `docker login` does it.
///
/// # Errors
/// There was no answer, or another refusal.
pub async fn signs_in(
    api: &ApiReader,
    name: &str,
    secret: &Secret<String>,
) -> Result<bool, ServiceError> {
    let api = api.with(basic(name, secret));
    let answer = api.look(LOGIN).await?;
    match answer.code {
        200..=299 => Ok(true),
        401 | 403 => Ok(false),
        _ => Err(api.refused("GET", LOGIN, &answer)),
    }
}

/// Makes a change below `/api/v2.0` and gives what comes back.
///
/// # Errors
/// There was no answer, or a refusal.
pub async fn write(
    api: &Api,
    (method, path): (Method, &str),
    body: &Value,
) -> Result<Value, ServiceError> {
    let body = Some(body).filter(|body| !body.is_null());
    api.change(method, &format!("{BASE}{path}"), body).await
}

/// Has Harbor ask a provider of sign-ins: it must reach it and trust its certificate.
///
/// # Errors
/// There was no answer, or Harbor cannot use the provider.
pub async fn reaches_provider(api: &Api, url: &str) -> Result<(), ServiceError> {
    let body = json!({ "url": url, "verify_cert": true });
    let asked = write(api, (Method::POST, "/system/oidc/ping"), &body).await;
    asked.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_a_dollar_and_the_pair_is_base64() {
        let secret = Secret::new("pw".to_owned());
        let credential = basic("robot$a", &secret);
        assert_eq!(credential.value().expose(), "Basic cm9ib3QkYTpwdw==");
    }
}
