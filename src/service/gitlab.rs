//! GitLab: what is asked of its REST API (version 4) and what it says.
//!
//! Paths and fields are those of GitLab 15 to 19. What a version does not have yet is said where it
//! is used. Lists come in pages, which are read to the end; a refusal is a sentence that says what
//! to do about it.

use hyper::Method;
use serde_json::{Map, Value};

use super::{Answer, Api, ApiReader, Credential, ServiceError};
use crate::secret::Secret;

/// The header that carries a token.
const TOKEN: &str = "private-token";
/// Where version 4 is.
const BASE: &str = "/api/v4";
/// Items of a page: the most that GitLab gives.
const PAGE: u32 = 100;
/// Pages that are read before something must be wrong.
const PAGES: usize = 1000;

/// A token as a credential.
pub const fn token(token: Secret<String>) -> Credential {
    Credential::new(TOKEN, token)
}

/// A personal access token, as GitLab tells of it: never its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessToken {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub user_id: u64,
    /// What it may do.
    pub scopes: Vec<String>,
    /// It is neither revoked nor expired.
    pub active: bool,
    /// The last day on which it does not work any more (`2027-01-31`), if it ends.
    pub expires_at: Option<String>,
}

impl AccessToken {
    fn new(value: &Value) -> Self {
        let text = |key: &str| value[key].as_str().map(ToOwned::to_owned);
        let scopes = value["scopes"].as_array().into_iter().flatten();
        Self {
            id: value["id"].as_u64().unwrap_or_default(),
            name: text("name").unwrap_or_default(),
            user_id: value["user_id"].as_u64().unwrap_or_default(),
            scopes: scopes
                .filter_map(|scope| scope.as_str().map(ToOwned::to_owned))
                .collect(),
            active: value["active"] == true,
            expires_at: text("expires_at"),
        }
    }
}

/// What is at a path below `/api/v4`; `None` if nothing is.
///
/// # Errors
/// There was no answer, or a refusal.
pub async fn one(api: &ApiReader, path: &str) -> Result<Option<Value>, ServiceError> {
    let path = format!("{BASE}{path}");
    let answer = api.look(&path).await?;
    match answer.code {
        404 => Ok(None),
        200..=299 => Ok(Some(answer.body)),
        _ => Err(refused(api, ("GET", &path), &answer)),
    }
}

/// Everything that a list has, page after page.
///
/// # Errors
/// There was no answer, a refusal, or something that is no list.
pub async fn all(api: &ApiReader, path: &str) -> Result<Vec<Value>, ServiceError> {
    let sign = if path.contains('?') { '&' } else { '?' };
    let mut page = "1".to_owned();
    let mut items = Vec::new();
    for _ in 0..PAGES {
        let path = format!("{BASE}{path}{sign}per_page={PAGE}&page={page}");
        let answer = api.look(&path).await?;
        if !(200..300).contains(&answer.code) {
            return Err(refused(api, ("GET", &path), &answer));
        }
        let next = next(&answer);
        let Value::Array(found) = answer.body else {
            return Err(ServiceError::Protocol(format!(
                "{}{path} gives no list: it may be no GitLab",
                api.url()
            )));
        };
        items.extend(found);
        match next {
            Some(next) => page = next,
            None => return Ok(items),
        }
    }
    Err(ServiceError::Protocol(format!(
        "{}{BASE}{path} has more than {PAGES} pages",
        api.url()
    )))
}

/// The page after this one: in a header of its own, or in `Link`.
fn next(answer: &Answer) -> Option<String> {
    if let Some(page) = answer.header("x-next-page") {
        return Some(page.trim().to_owned()).filter(|page| !page.is_empty());
    }
    let link = answer.header("link")?;
    let link = link
        .split(',')
        .find(|link| link.contains("rel=\"next\""))?
        .split_once('<')?
        .1;
    let address = link.split_once('>')?.0;
    let query = address.split_once('?')?.1;
    let page = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("page="))?;
    Some(page.to_owned())
}

/// Makes a change below `/api/v4` and gives what comes back.
///
/// # Errors
/// There was no answer, or a refusal.
pub async fn write(
    api: &Api,
    (method, path): (Method, &str),
    body: &Value,
) -> Result<Value, ServiceError> {
    let path = format!("{BASE}{path}");
    let verb = method.to_string();
    let body = Some(body).filter(|body| !body.is_null());
    let answer = api.send(method, &path, body).await?;
    match answer.code {
        200..=299 => Ok(answer.body),
        _ => Err(refused(api.reader(), (&verb, &path), &answer)),
    }
}

/// Who asks; `None` if GitLab does not know the token, or it is over.
///
/// # Errors
/// There was no answer, or another refusal.
pub async fn myself(api: &ApiReader) -> Result<Option<Value>, ServiceError> {
    match one(api, "/user").await {
        Err(ServiceError::Refused { code: 401, .. }) => Ok(None),
        other => other,
    }
}

/// The token that asks; `None` if GitLab does not know it, or it is over.
///
/// # Errors
/// There was no answer, or another refusal.
pub async fn own_token(api: &ApiReader) -> Result<Option<AccessToken>, ServiceError> {
    match one(api, "/personal_access_tokens/self").await {
        Err(ServiceError::Refused { code: 401, .. }) => Ok(None),
        other => Ok(other?.map(|value| AccessToken::new(&value))),
    }
}

/// The tokens of a user that work.
///
/// # Errors
/// There was no answer, or a refusal.
pub async fn tokens(api: &ApiReader, user: u64) -> Result<Vec<AccessToken>, ServiceError> {
    let path = format!("/personal_access_tokens?user_id={user}&state=active");
    let found = all(api, &path).await?;
    let tokens = found.iter().map(AccessToken::new);
    // GitLab 13 did not know the last two words.
    Ok(tokens
        .filter(|token| token.active && token.user_id == user)
        .collect())
}

/// A user by the name that they sign in with.
///
/// # Errors
/// There was no answer, or a refusal.
pub async fn user(api: &ApiReader, name: &str) -> Result<Option<Value>, ServiceError> {
    let found = all(api, &format!("/users?username={}", encoded(name))).await?;
    let mut found = found.into_iter();
    Ok(found.find(|user| {
        let known = user["username"].as_str().unwrap_or_default();
        known.eq_ignore_ascii_case(name)
    }))
}

/// A group or a project by its whole path; `kind` is `groups` or `projects`.
///
/// # Errors
/// There was no answer, or a refusal.
pub async fn at(api: &ApiReader, kind: &str, path: &str) -> Result<Option<Value>, ServiceError> {
    one(api, &format!("/{kind}/{}", encoded(path))).await
}

/// Text as a part of a path: `a/b` is `a%2Fb`.
pub fn encoded(text: &str) -> String {
    let mut all = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                all.push(char::from(byte));
            }
            _ => all.push_str(&format!("%{byte:02X}")),
        }
    }
    all
}

/// A refusal in words for a person.
fn refused(api: &ApiReader, (verb, path): (&str, &str), answer: &Answer) -> ServiceError {
    let body = &answer.body;
    let said = match (&body["error"], &body["message"]) {
        (Value::String(error), _) if error == "insufficient_scope" => format!(
            "the token may not do this: it needs scope {}",
            body["scope"].as_str().unwrap_or("api")
        ),
        (Value::String(error), _) => {
            let more = body["error_description"].as_str().unwrap_or_default();
            format!("{error} {more}").trim().to_owned()
        }
        (_, Value::Object(fields)) => fields_of(fields),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Null) => answer.text.clone(),
        (_, other) => other.to_string(),
    };
    let said = match answer.code {
        401 => "GitLab does not know the token, or it is over (401 Unauthorized)".to_owned(),
        502 => "GitLab's web server runs, GitLab itself does not answer yet (502)".to_owned(),
        _ => said,
    };
    let path = path.split('?').next().unwrap_or_default();
    ServiceError::Refused {
        code: answer.code,
        message: said.split_whitespace().collect::<Vec<_>>().join(" "),
        asked: format!("{verb} {}{path}", api.url()),
    }
}

/// `{"path": ["has already been taken"]}` as `path has already been taken`.
fn fields_of(fields: &Map<String, Value>) -> String {
    let told = fields.iter().flat_map(|(field, said)| match said {
        Value::Array(all) => all
            .iter()
            .map(|one| format!("{field} {}", one.as_str().unwrap_or_default()))
            .collect::<Vec<_>>(),
        Value::String(text) => vec![format!("{field} {text}")],
        other => vec![format!("{field} {other}")],
    });
    told.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&str, &str)]) -> Answer {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Answer {
            code: 200,
            headers: headers.iter().map(pair).collect(),
            ..Answer::default()
        }
    }

    #[test]
    fn the_next_page_is_in_either_header() {
        let page = |headers: &[(&str, &str)]| next(&answer(headers));
        assert_eq!(page(&[("x-next-page", "2")]).as_deref(), Some("2"));
        assert_eq!(page(&[("x-next-page", "")]), None);
        let link = "<https://g/api/v4/users?page=1&per_page=2>; rel=\"first\", \
                    <https://g/api/v4/users?per_page=2&page=3>; rel=\"next\"";
        assert_eq!(page(&[("link", link)]).as_deref(), Some("3"));
        assert_eq!(page(&[("link", "<https://g>; rel=\"last\"")]), None);
        assert_eq!(page(&[]), None);
    }

    #[test]
    fn fields_are_told_as_a_sentence() {
        let said = serde_json::json!({ "path": ["has already been taken"], "name": "is short" });
        let said = fields_of(said.as_object().unwrap());
        assert_eq!(said, "path has already been taken; name is short");
    }

    #[test]
    fn a_path_is_one_part() {
        assert_eq!(encoded("a b/c.d"), "a%20b%2Fc.d");
    }
}
