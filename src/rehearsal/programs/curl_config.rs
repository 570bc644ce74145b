//! What curl reads with `--config -` in place of a command line, as the module `uri` writes it.

use super::super::network::Response;
use super::super::process::{Process, Stop};

/// The options that are understood.
pub const OPTIONS: [&str; 49] = [
    "-s",
    "-S",
    "-f",
    "-L",
    "-k",
    "-o=",
    "-O",
    "-w=",
    "-X=",
    "-H=",
    "-d=",
    "-i",
    "-I",
    "-m=",
    "-u=",
    "-q",
    "-g",
    "--silent",
    "--show-error",
    "--fail",
    "--location",
    "--output=",
    "--write-out=",
    "--request=",
    "--header=",
    "--data=",
    "--max-time=",
    "--connect-timeout=",
    "--retry=",
    "--retry-delay=",
    "--cacert=",
    "--cert=",
    "--key=",
    "--user=",
    "--noproxy=",
    "--resolve=",
    "--data-binary=",
    "--proto=",
    "--tlsv1.2",
    "--version",
    "--fail-with-body",
    "--data-raw=",
    "--head",
    "--include",
    "--time-cond=",
    "--user-agent=",
    "--retry-connrefused",
    "--create-dirs",
    "--compressed",
];

/// The arguments, with those that come by stdin where `--config -` stands; an address is an operand.
pub fn arguments(process: &Process<'_>) -> Result<Vec<String>, Stop> {
    let mut all = Vec::new();
    let mut given = process.args().into_iter();
    while let Some(word) = given.next() {
        if word != "--config" && word != "-K" {
            all.push(word);
            continue;
        }
        if given.next().as_deref() != Some("-") {
            return Err(process.strange("--config with a file"));
        }
        let text = String::from_utf8_lossy(&process.stdin).into_owned();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.split_once(" = ") {
                Some(("url", value)) => all.push(plain(value)),
                Some((name, value)) => all.push(format!("--{name}={}", plain(value))),
                None => all.push(format!("--{line}")),
            }
        }
    }
    Ok(all)
}

/// A quoted value.
fn plain(quoted: &str) -> String {
    let mut text = String::new();
    let mut letters = quoted.trim().trim_matches('"').chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            other => text.push(other),
        }
    }
    text
}

/// What `--include` prints before the body.
pub fn head(response: &Response) -> String {
    let reason = hyper::StatusCode::from_u16(response.status);
    let reason = reason.ok().and_then(|code| code.canonical_reason());
    let mut text = format!(
        "HTTP/1.1 {} {}\r\n",
        response.status,
        reason.unwrap_or_default()
    );
    for (name, value) in &response.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_unquoted_and_heads_end_with_an_empty_line() {
        assert_eq!(plain(r#""a \"b\" \\ c\n""#), "a \"b\" \\ c\n");
        let response = Response {
            status: 404,
            headers: vec![("a".to_owned(), "b".to_owned())],
            ..Response::default()
        };
        assert_eq!(head(&response), "HTTP/1.1 404 Not Found\r\na: b\r\n\r\n");
    }
}
