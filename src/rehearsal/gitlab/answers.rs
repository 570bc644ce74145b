//! Answers in GitLab's form, and a request's text taken apart.

use serde_json::{Value, json};

use super::{Asked, web};
use crate::rehearsal::network::Response;

/// Every part is ready.
pub fn readiness() -> Response {
    let body = json!({ "status": "ok", "master_check": [{ "status": "ok" }] });
    web::json(200, &body)
}

/// A refusal with a message.
pub fn message(status: u16, said: &str) -> Response {
    web::json(status, &json!({ "message": said }))
}

/// A refusal with the name of an error.
pub fn error(status: u16, said: &str) -> Response {
    web::json(status, &json!({ "error": said }))
}

/// A field has what it may not have.
pub fn taken(status: u16, field: &str, said: &str) -> Response {
    web::json(status, &json!({ "message": { field: [said] } }))
}

/// Only administrators may.
pub fn forbidden() -> Response {
    message(403, "403 Forbidden")
}

/// A page for people.
pub fn plain(status: u16, text: &str) -> Response {
    Response {
        status,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        body: text.as_bytes().to_vec(),
    }
}

/// A page of a list.
pub fn page(items: &[Value], asked: &Asked<'_>) -> Response {
    let number = |name: &str| asked.word(name).and_then(|word| word.parse::<usize>().ok());
    let size = number("per_page").unwrap_or(20).clamp(1, 100);
    let page = number("page").unwrap_or(1).max(1);
    let shown: Vec<&Value> = items.iter().skip((page - 1) * size).take(size).collect();
    let more = items.len() > page * size;
    let mut response = web::json(200, &json!(shown));
    let next = if more {
        (page + 1).to_string()
    } else {
        String::new()
    };
    let headers = [
        ("x-next-page", next),
        ("x-page", page.to_string()),
        ("x-per-page", size.to_string()),
        ("x-total", items.len().to_string()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value));
    response.headers.extend(headers);
    response
}

/// The words of a query, decoded.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key), decoded(value))
        })
        .collect()
}

/// `a%2Fb` is `a/b`.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = (*first == b'%' && tail.len() >= 2)
            .then(|| u8::from_str_radix(std::str::from_utf8(&tail[..2]).ok()?, 16).ok())
            .flatten();
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
