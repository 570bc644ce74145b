//! One HTTP/1.1 request head, as far as a file server needs it.

/// What a client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `HEAD` or what is refused.
    pub method: String,
    /// As sent: still percent-encoded.
    pub target: String,
    /// Whether the client wants the connection kept.
    pub keep: Keep,
    /// `Range` when it is a single byte range.
    pub range: Option<Span>,
    /// `If-Range`: the range holds only for this `ETag`.
    pub if_range: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
    /// A body is announced; the mirror takes none and ends the connection.
    pub has_body: Body,
}

/// Whether the connection outlives the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// HTTP/1.1's default.
    Alive,
    /// `Connection: close`, or HTTP/1.0.
    Close,
}

/// Whether the request announces a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// None, or of length 0.
    None,
    /// Some.
    Announced,
}

/// A byte range as asked for, before the file's length is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// `first-last`, both included.
    Closed(u64, u64),
    /// `first-`
    From(u64),
    /// `-count`: the last bytes.
    Last(u64),
}

impl Span {
    /// `bytes=…` with one range; several ranges or other units are `None` (the whole file is
    /// then a correct answer).
    pub fn parse(value: &str) -> Option<Span> {
        let (first, last) = value.trim().strip_prefix("bytes=")?.split_once('-')?;
        match (first, last) {
            ("", count) => count.parse().ok().map(Span::Last),
            (first, "") => first.parse().ok().map(Span::From),
            (first, last) => {
                let (first, last) = (first.parse().ok()?, last.parse().ok()?);
                (first <= last).then_some(Span::Closed(first, last))
            }
        }
    }

    /// The half-open part of a file of this length; `None`: not satisfiable.
    pub fn within(self, length: u64) -> Option<(u64, u64)> {
        let (start, end) = match self {
            Span::Closed(first, last) => (first, last.saturating_add(1).min(length)),
            Span::From(first) => (first, length),
            Span::Last(count) => (length.saturating_sub(count), length),
        };
        (start < end).then_some((start, end))
    }
}

/// Reads a head (all bytes up to the empty line).
pub fn parse(head: &[u8]) -> Option<Request> {
    let text = std::str::from_utf8(head).ok()?;
    let mut lines = text.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target, version) = (first.next()?, first.next()?, first.next()?);
    if first.next().is_some() || !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
        return None;
    }
    let mut request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
        keep: if version == "HTTP/1.1" {
            Keep::Alive
        } else {
            Keep::Close
        },
        range: None,
        if_range: None,
        if_none_match: None,
        has_body: Body::None,
    };
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        header(&mut request, &name.to_ascii_lowercase(), value.trim());
    }
    Some(request)
}

fn header(request: &mut Request, name: &str, value: &str) {
    match name {
        "connection" if value.eq_ignore_ascii_case("close") => request.keep = Keep::Close,
        "range" => request.range = Span::parse(value),
        "if-range" => request.if_range = Some(value.to_owned()),
        "if-none-match" => request.if_none_match = Some(value.to_owned()),
        "content-length" if value != "0" => request.has_body = Body::Announced,
        "transfer-encoding" => request.has_body = Body::Announced,
        _ => {}
    }
}
