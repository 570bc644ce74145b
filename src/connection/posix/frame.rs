//! What comes back over a channel: sections of bytes, each closed by a line that names the
//! request's nonce. The host's programs never learn the nonce, so their output cannot close a
//! section or invent one; what lies outside the sections of a request is noise and is dropped.
//!
//! ```text
//! <nonce> begin 0
//! …bytes of the first section…
//! <nonce> LABEL CODE
//! …
//! <nonce> end 0
//! ```
//!
//! Every line starts with a newline of its own, which is not part of the section before it.

/// Longest label and code after a nonce; more is not from our script.
const MAX_TRAILER: usize = 96;

/// The bytes between two trailers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Which section, as the script named it.
    pub label: String,
    /// Exit code or other short word.
    pub code: String,
    /// What was printed, at most the limit.
    pub data: Vec<u8>,
    /// Whether more was printed than kept.
    pub cut: bool,
}

/// Reads one stream (stdout or stderr) of one request.
#[derive(Debug)]
pub struct Lane {
    marker: Vec<u8>,
    limit: usize,
    pending: Vec<u8>,
    current: Vec<u8>,
    dropped: u64,
    begun: bool,
    ended: bool,
    leaving: bool,
    broken: Option<String>,
    sections: Vec<Section>,
}

impl Lane {
    /// Waits for the sections of the request with this nonce; keeps `limit` bytes of each.
    pub fn new(nonce: &str, limit: usize) -> Self {
        Self {
            marker: format!("\n{nonce} ").into_bytes(),
            limit,
            pending: Vec::new(),
            current: Vec::new(),
            dropped: 0,
            begun: false,
            ended: false,
            leaving: false,
            broken: None,
            sections: Vec::new(),
        }
    }

    /// Takes what arrived. Memory stays bounded by the limit times the sections asked for.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.ended || self.broken.is_some() {
            return;
        }
        self.pending.extend_from_slice(bytes);
        while self.step() {}
        if self.ended || self.broken.is_some() {
            self.pending = Vec::new();
        }
    }

    /// Handles one trailer if a whole one is there; otherwise moves what is surely data.
    fn step(&mut self) -> bool {
        if self.ended || self.broken.is_some() {
            return false;
        }
        let Some(at) = find(&self.pending, &self.marker) else {
            let keep = self.pending.len().min(self.marker.len() - 1);
            let sure = self.pending.len() - keep;
            self.keep(sure);
            return false;
        };
        let after = at + self.marker.len();
        let Some(length) = self.pending[after..].iter().position(|b| *b == b'\n') else {
            if self.pending.len() - after > MAX_TRAILER {
                self.broken = Some("an endless frame line".to_owned());
            }
            return false;
        };
        let line = String::from_utf8_lossy(&self.pending[after..after + length]).into_owned();
        self.keep(at);
        self.pending.drain(..=(self.marker.len() + length));
        self.trailer(&line);
        true
    }

    /// Moves the first `count` pending bytes to the current section, up to the limit.
    fn keep(&mut self, count: usize) {
        if self.begun {
            let room = self.limit.saturating_sub(self.current.len()).min(count);
            self.current.extend_from_slice(&self.pending[..room]);
            self.dropped += (count - room) as u64;
        }
        self.pending.drain(..count);
    }

    fn trailer(&mut self, line: &str) {
        let mut parts = line.split(' ');
        let (label, code) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        if label.is_empty() || parts.next().is_some() || line.len() > MAX_TRAILER {
            self.broken = Some("a frame line that no script prints".to_owned());
        } else if label == "begin" {
            if self.begun {
                self.broken = Some("a second beginning".to_owned());
            }
            self.begun = true;
            self.current.clear();
        } else if !self.begun {
            self.broken = Some("a section before the beginning".to_owned());
        } else if label == "end" {
            self.ended = true;
            self.leaving = code != "0";
        } else {
            self.sections.push(Section {
                label: label.to_owned(),
                code: code.to_owned(),
                data: std::mem::take(&mut self.current),
                cut: self.dropped > 0,
            });
        }
        self.dropped = 0;
    }

    /// Whether the end was seen.
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// Whether the driver said with the end that it goes away.
    pub const fn leaving(&self) -> bool {
        self.leaving
    }

    /// Whether the beginning was seen.
    pub const fn begun(&self) -> bool {
        self.begun
    }

    /// Why this cannot be an answer, if it cannot.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Bytes of the current section that were not kept.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// What the current, unfinished section holds: for the tail of a command that timed out.
    pub fn unfinished(&self) -> Vec<u8> {
        let mut bytes = self.current.clone();
        if self.begun {
            bytes.extend_from_slice(&self.pending);
        }
        bytes
    }

    /// The sections, in order.
    pub fn into_sections(self) -> Vec<Section> {
        self.sections
    }
}

/// Where `needle` starts in `hay`.
fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(step) = hay.get(from..)?.iter().position(|b| *b == first) {
        let at = from + step;
        if hay[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Entry for fuzzing: any bytes as an answer, in one piece and byte by byte, give the same
/// sections and never more than the limit.
pub fn parse_frames(bytes: &[u8]) -> Vec<Section> {
    const NONCE: &str = "0123456789abcdef0123456789abcdef";
    let mut whole = Lane::new(NONCE, 1 << 16);
    whole.feed(bytes);
    let mut single = Lane::new(NONCE, 1 << 16);
    for byte in bytes.chunks(1) {
        single.feed(byte);
    }
    debug_assert_eq!(whole.sections, single.sections);
    whole.into_sections()
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
