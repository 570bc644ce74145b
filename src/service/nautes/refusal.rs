//! What the Nautes API means when it refuses: its status says little, its words say it.

use serde_json::Value;

use crate::service::{Answer, ApiReader, ServiceError};

/// Why it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such object, or no product that it would be in.
    Absent,
    /// Another call took the folder of the same second: the same call works a little later.
    Busy,
    /// It saw no token, or GitLab does not know it.
    Token,
    /// The token's owner may not do it.
    Rights,
    /// Something that the object needs is not there.
    Missing,
    /// Something still needs the object.
    Needed,
    /// A field is wrong.
    Invalid,
    /// The request made it fail inside.
    Crash,
    /// Anything else.
    Other,
}

/// Which of its words mean what: the first that is in the message counts. Seen on a running
/// api-server v0.4.2, or read in what it is made of.
const WORDS: [(&str, Refusal); 25] = [
    ("token is not found", Refusal::Token),
    ("401 unauthorized", Refusal::Token),
    ("invalid_token", Refusal::Token),
    ("destination path", Refusal::Busy),
    ("no access to the code repository", Refusal::Rights),
    ("403 forbidden", Refusal::Rights),
    ("not allowed to push", Refusal::Rights),
    ("index out of range", Refusal::Crash),
    ("nil pointer", Refusal::Crash),
    ("global validation", Refusal::Missing),
    ("is referenced by", Refusal::Needed),
    ("still depends", Refusal::Needed),
    ("still in use", Refusal::Needed),
    ("because it is used", Refusal::Needed),
    ("because it contains", Refusal::Needed),
    ("unable to delete", Refusal::Needed),
    ("not allowed to be deleted", Refusal::Needed),
    ("no default projects under this product", Refusal::Absent),
    ("not found or invalid", Refusal::Absent),
    ("path is not found", Refusal::Absent),
    ("resource is not found", Refusal::Absent),
    ("node is not found", Refusal::Absent),
    ("404 not found", Refusal::Absent),
    ("value must be in list", Refusal::Invalid),
    ("invalid ", Refusal::Invalid),
];

/// The API's own words, on one line.
fn message(answer: &Answer) -> String {
    let said = answer.body["message"].as_str().unwrap_or(&answer.text);
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What an error that was told means.
pub fn told(error: &ServiceError) -> Refusal {
    let ServiceError::Refused { code, message, .. } = error else {
        return Refusal::Other;
    };
    let body = serde_json::json!({ "message": message });
    refusal(&Answer {
        code: *code,
        body,
        ..Answer::default()
    })
}

/// What an answer that is not 200 means.
pub fn refusal(answer: &Answer) -> Refusal {
    let reason = answer.body["reason"].as_str().unwrap_or_default();
    match reason {
        "NO_AUTHORIZATION" => return Refusal::Rights,
        "RESOURCE_NOT_EXIST" => return Refusal::Missing,
        "VALIDATOR" | "CODEC" => return Refusal::Invalid,
        "UNAUTHORIZED" => return Refusal::Token,
        _ => {}
    }
    let words = message(answer).to_lowercase();
    let known = WORDS.iter().find(|(word, _)| words.contains(word));
    match known {
        Some((_, refusal)) => refusal.clone(),
        None if answer.code == 404 && !matches!(answer.body, Value::Null) => Refusal::Absent,
        None if answer.code == 401 => Refusal::Token,
        None if answer.code == 403 => Refusal::Rights,
        None if reason == "UNKNOWN" => Refusal::Crash,
        None => Refusal::Other,
    }
}

impl Refusal {
    /// One thing to do.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Absent => "look at what there is: `nautes-install get KIND`",
            Self::Busy => "somebody else is saving at the same time: try again in a few seconds",
            Self::Token => {
                "give a GitLab token with scopes api, read_api, read_repository and write_repository in a file: `--token-file FILE`"
            }
            Self::Rights => {
                "the token's owner must be able to push to `main` of the repository (for clusters: of the tenant repo)"
            }
            Self::Missing => "make what it names first, or put it into the same folder",
            Self::Needed => "delete what needs it first, or delete both together",
            Self::Invalid => "change the field in the manifest",
            Self::Crash => {
                "ServiceAccount `nautes/api-server` must have a token Secret in its `secrets`; the log of api-server says more"
            }
            Self::Other => {
                "the log of api-server says more: `kubectl -n nautes logs deploy/api-server`"
            }
        }
    }

    /// What to tell.
    pub fn error(
        &self,
        (verb, path): (&str, &str),
        api: &ApiReader,
        answer: &Answer,
    ) -> ServiceError {
        let message = message(answer);
        let message = match self {
            Self::Token => format!("Nautes got no token that GitLab knows ({message})"),
            Self::Rights => format!("the token's owner may not do this ({message})"),
            Self::Busy => format!("another call was being served in the same second ({message})"),
            Self::Crash => format!("Nautes failed inside ({message})"),
            _ if message.is_empty() => "it does not say why".to_owned(),
            _ => message,
        };
        let path = path.split('?').next().unwrap_or_default();
        ServiceError::Refused {
            code: answer.code,
            message,
            asked: format!("{verb} {}{path}", api.url()),
        }
    }
}
