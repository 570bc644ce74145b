//! Decides the answer to a request: status, headers, and which bytes of which file.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::fault::{Fault, Faults};
use crate::request::{Body, Request};
use crate::{address, request};

/// An answer, decided but not sent.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers besides `Content-Length` and `Connection`.
    pub headers: Vec<(&'static str, String)>,
    /// What follows the head.
    pub content: Content,
    /// The fault that spoils it.
    pub fault: Fault,
    /// The decoded path, for the log.
    pub path: String,
}

/// A body.
#[derive(Debug)]
pub enum Content {
    /// A short text of the mirror's own.
    Text(String),
    /// `start..end` of a file of `length` bytes.
    File {
        /// The file.
        path: PathBuf,
        /// First byte.
        start: u64,
        /// Behind the last byte.
        end: u64,
        /// The whole file's length.
        length: u64,
    },
    /// None (304).
    Nothing,
}

impl Content {
    /// Bytes of the whole body.
    pub fn length(&self) -> u64 {
        match self {
            Content::Text(text) => text.len() as u64,
            Content::File { start, end, .. } => end - start,
            Content::Nothing => 0,
        }
    }
}

impl Reply {
    fn text(status: u16, path: &str, text: impl Into<String>) -> Reply {
        let mut text = text.into();
        text.push('\n');
        Reply {
            status,
            headers: vec![("Content-Type", "text/plain; charset=utf-8".to_owned())],
            content: Content::Text(text),
            fault: Fault::None,
            path: path.to_owned(),
        }
    }

    /// The answer to a head that is no request.
    pub fn malformed() -> Reply {
        Reply::text(400, "-", "not a request that this mirror understands")
    }
}

/// Looks at the disk and at the faults; sends nothing.
pub fn decide(root: &Path, faults: &Faults, asked: &Request) -> Reply {
    let Some(path) = address::decode(&asked.target) else {
        return Reply::text(400, "-", "the path is malformed or leaves the root");
    };
    if !matches!(asked.method.as_str(), "GET" | "HEAD") || asked.has_body == Body::Announced {
        return Reply::text(405, &path, "GET and HEAD without a body only");
    }
    let fault = match faults.take(&path) {
        Ok(fault) => fault,
        Err(why) => return Reply::text(500, &path, why),
    };
    if fault == Fault::Unavailable {
        let mut reply = Reply::text(503, &path, "a fault of the lab");
        reply.headers.push(("Retry-After", "1".to_owned()));
        reply.fault = fault;
        return reply;
    }
    let found = address::locate(root, &path)
        .and_then(|file| std::fs::metadata(&file).ok().map(|meta| (file, meta)));
    let Some((file, meta)) = found else {
        return Reply::text(404, &path, format!("not in this mirror: {path}"));
    };
    let mut reply = of_file(asked, file, &meta);
    reply.path = path;
    reply.fault = fault;
    reply
}

fn of_file(asked: &Request, file: PathBuf, meta: &Metadata) -> Reply {
    let tag = etag(meta);
    let mut reply = Reply {
        status: 200,
        headers: vec![
            ("Content-Type", media_type(&file).to_owned()),
            ("ETag", tag.clone()),
            ("Accept-Ranges", "bytes".to_owned()),
        ],
        content: Content::Nothing,
        fault: Fault::None,
        path: String::new(),
    };
    let length = meta.len();
    if asked.if_none_match.as_deref() == Some(tag.as_str()) {
        reply.status = 304;
        return reply;
    }
    let range = asked
        .range
        .filter(|_| asked.if_range.as_ref().is_none_or(|wanted| *wanted == tag));
    let (start, end) = match range.map(|span: request::Span| span.within(length)) {
        None => (0, length),
        Some(Some((start, end))) => {
            reply.status = 206;
            reply.headers.push((
                "Content-Range",
                format!("bytes {start}-{}/{length}", end - 1),
            ));
            (start, end)
        }
        Some(None) => {
            reply.status = 416;
            reply
                .headers
                .push(("Content-Range", format!("bytes */{length}")));
            return reply;
        }
    };
    reply.content = Content::File {
        path: file,
        start,
        end,
        length,
    };
    reply
}

/// Length and modification time: what nginx takes too, and enough for a folder that only the
/// lab fills.
fn etag(meta: &Metadata) -> String {
    let changed = meta
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |age| age.as_nanos());
    format!("\"{:x}-{changed:x}\"", meta.len())
}

fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("txt" | "yaml" | "yml" | "asc") => "text/plain; charset=utf-8",
        Some("json") => "application/json",
        Some("html") => "text/html; charset=utf-8",
        Some("tgz" | "gz") => "application/gzip",
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    }
}
