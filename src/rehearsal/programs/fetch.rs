//! Downloads: what a host gets from an address of the estate.

use super::super::fault::Http;
use super::super::network::{Reach, Request, Response};
use super::super::process::{Ended, Process};
use super::super::tree::Content;
use super::{Args, Table, curl_config};

/// The table.
pub const PROGRAMS: Table = &[("curl", curl), ("wget", wget)];

/// Host and port of an address.
fn authority(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let default = if scheme == "https" { 443 } else { 80 };
    Some(match authority.rsplit_once(':') {
        Some((host, port)) => (host.to_owned(), port.parse().ok()?),
        None => (authority.to_owned(), default),
    })
}

/// Whether an address is none of the estate's: what is there is a release.
fn is_outside(process: &Process<'_>, url: &str) -> bool {
    let Some((host, _)) = authority(url) else {
        return true;
    };
    let resolved = process.host.resolve(&host);
    let local = ["localhost", "127.0.0.1", "::1"].contains(&host.as_str());
    let here = local || process.host.answers_to(&host) || process.host.answers_to(&resolved);
    !here && process.world.host_at(&resolved).is_none()
}

/// The content at an address, with a digest to check.
///
/// # Errors
/// One line, in the words of the real action.
pub fn fetch(
    process: &mut Process<'_>,
    url: &str,
    digest: Option<&(String, String)>,
) -> Result<Content, String> {
    let content = get(process, url)?;
    if let Some((algorithm, wanted)) = digest {
        let found = content.digest(algorithm).unwrap_or_default();
        if !found.eq_ignore_ascii_case(wanted) {
            return Err(format!(
                "digest mismatch: the download has {algorithm}:{found}, expected {wanted}"
            ));
        }
    }
    Ok(content)
}

fn get(process: &mut Process<'_>, url: &str) -> Result<Content, String> {
    match process.world.faults.http(&process.host.name, url) {
        Some(Http::Status(status)) => {
            return Err(format!("{url}: The requested URL returned error: {status}"));
        }
        Some(Http::Timeout | Http::Reset) => {
            let (_, text) = broken_off(process, url);
            return Err(format!("{url}: {text}"));
        }
        None => {}
    }
    if is_outside(process, url)
        && let Some(artifact) = process.world.artifacts.get(url)
    {
        let content = artifact.content(url);
        return Ok(process.world.faults.spoil(&process.host.name, url, content));
    }
    match ask(
        process,
        &Request {
            method: "GET".to_owned(),
            url: url.to_owned(),
            ..Request::default()
        },
    ) {
        Ok(found) if found.status < 400 => Ok(Content::new(found.body)),
        Ok(found) => Err(format!(
            "{url}: The requested URL returned error: {}",
            found.status
        )),
        Err((_, text)) => Err(format!("{url}: {text}")),
    }
}

/// How curl tells a fault of the way: its exit code and words.
fn broken_off(process: &mut Process<'_>, url: &str) -> (i32, String) {
    const PATIENCE: std::time::Duration = std::time::Duration::from_mins(5);
    match process.world.faults.http(&process.host.name, url) {
        Some(Http::Timeout) => {
            process.spent += PATIENCE.min(process.limit / 2);
            let (host, port) = authority(url).unwrap_or_default();
            (28, format!("Connection to {host} port {port} timed out"))
        }
        _ => (56, "Recv failure: Connection reset by peer".to_owned()),
    }
}

/// Asks a service of the estate; curl's exit code and words if nobody answers.
fn ask(process: &mut Process<'_>, request: &Request) -> Result<Response, (i32, String)> {
    match process.world.faults.http(&process.host.name, &request.url) {
        Some(Http::Status(status)) => {
            return Ok(Response {
                status,
                ..Response::default()
            });
        }
        Some(Http::Timeout | Http::Reset) => return Err(broken_off(process, &request.url)),
        None => {}
    }
    let Some((host, port)) = authority(&request.url) else {
        return Err((3, "URL using bad/illegal format or missing URL".to_owned()));
    };
    let now = process.now();
    match process.world.reach(process.host, &host, port, now) {
        Reach::Unknown => Err((6, format!("Could not resolve host: {host}"))),
        Reach::Refused => Err((
            7,
            format!("Failed to connect to {host} port {port}: Connection refused"),
        )),
        Reach::Silent => Err((28, format!("Connection to {host} port {port} timed out"))),
        Reach::Open => {
            let local = ["localhost", "127.0.0.1", "::1"].contains(&host.as_str())
                || process.host.answers_to(&host);
            let resolved = process.host.resolve(&host);
            let served = if local || process.host.answers_to(&resolved) {
                Some(&*process.host)
            } else {
                process.world.host_at(&resolved)
            };
            let beside = |port: u16, request: &Request| {
                let at = served.filter(|at| at.units.listening(port, now).is_some())?;
                let service = process.world.service_at(at, port, now)?;
                Some(service.answer(request))
            };
            match served
                .and_then(|at| process.world.service_at(at, port, now))
                .or_else(|| process.world.network.get(&host, port))
            {
                Some(service) => Ok(service.answer_beside(request, &beside)),
                None => Err((52, "Empty reply from server".to_owned())),
            }
        }
    }
}

/// Whose certificate it is (PEM).
fn common_name(certificate: &str) -> Option<String> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(certificate.as_bytes()).ok()?;
    let certificate = pem.parse_x509().ok()?;
    let mut names = certificate.subject().iter_common_name();
    Some(names.next()?.as_str().ok()?.to_owned())
}

fn curl(process: &mut Process<'_>) -> Ended {
    let words = curl_config::arguments(process)?;
    let args =
        Args::parse(&words, &curl_config::OPTIONS).map_err(|option| process.strange(&option))?;
    if args.has(&["--version"]) {
        process.say("curl 7.88.1 (simulated)");
        return Ok(0);
    }
    let mut code = 0;
    for url in args.operands.clone() {
        code = one(process, &url, &args)?;
    }
    Ok(code)
}

#[expect(clippy::too_many_lines, reason = "one case of a table per line")]
fn one(process: &mut Process<'_>, url: &str, args: &Args) -> Ended {
    let data = args.value(&["-d", "--data", "--data-binary", "--data-raw"]);
    let method = args
        .value(&["-X", "--request"])
        .unwrap_or(if data.is_some() { "POST" } else { "GET" });
    let request = Request {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: args
            .values(&["-H", "--header"])
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect(),
        body: data
            .map(|text| text.as_bytes().to_vec())
            .unwrap_or_default(),
        client: args
            .value(&["--cert"])
            .and_then(|file| common_name(&process.host.tree.text(file))),
    };
    let struck = process.world.faults.http(&process.host.name, url);
    let released = is_outside(process, url) && process.world.artifacts.get(url).is_some();
    let answer = if struck.is_none() && released {
        match get(process, url) {
            Ok(content) => {
                let seconds = super::super::arrive::seconds(content.len());
                process.spend(std::time::Duration::from_secs_f64(seconds))?;
                let head = curl_config::head(&Response {
                    status: 200,
                    ..Response::default()
                });
                Ok((200, head, content))
            }
            Err(text) => Err((22, text)),
        }
    } else {
        ask(process, &request).map(|found| {
            let head = curl_config::head(&found);
            (found.status, head, Content::new(found.body))
        })
    };
    let (status, head, content) = match answer {
        Ok(answer) => answer,
        Err((code, text)) => {
            if !args.has(&["-s", "--silent"]) || args.has(&["-S", "--show-error"]) {
                process.complain(format!("curl: ({code}) {text}"));
            }
            if let Some(format) = args.value(&["-w", "--write-out"]) {
                let text = format.replace("%{http_code}", "000").replace("\\n", "\n");
                process.out.extend_from_slice(text.as_bytes());
            }
            return Ok(code);
        }
    };
    // What is released does not change any more.
    let had = args
        .value(&["--time-cond"])
        .is_some_and(|file| process.exists(file));
    let (status, content) = if released && had {
        (304, Content::new(String::new()))
    } else {
        (status, content)
    };
    if status >= 400 && args.has(&["-f", "--fail"]) {
        process.complain(format!(
            "curl: (22) The requested URL returned error: {status}"
        ));
        return Ok(22);
    }
    let file = args.value(&["-o", "--output"]).map(ToOwned::to_owned);
    let file = file.or_else(|| {
        args.has(&["-O"])
            .then(|| url.rsplit('/').next().unwrap_or("index").to_owned())
    });
    match file {
        Some(file) if file == "/dev/null" => {}
        Some(file) => {
            if let Err(error) = process.write(&file, content) {
                process.complain(format!(
                    "curl: (23) Failure writing output to destination: {error}"
                ));
                return Ok(23);
            }
        }
        None => {
            if args.has(&["-i", "--include"]) {
                process.out.extend_from_slice(head.as_bytes());
            }
            process.out.extend_from_slice(content.bytes());
        }
    }
    if let Some(format) = args.value(&["-w", "--write-out"]) {
        let text = format
            .replace("%{http_code}", &status.to_string())
            .replace("\\n", "\n");
        process.out.extend_from_slice(text.as_bytes());
    }
    Ok(0)
}

fn wget(process: &mut Process<'_>) -> Ended {
    let args = Args::read(
        process,
        &[
            "-q",
            "-O=",
            "-nv",
            "--quiet",
            "--output-document=",
            "-T=",
            "-t=",
            "--tries=",
            "--timeout=",
        ],
    )?;
    let Some(url) = args.operand(0).map(ToOwned::to_owned) else {
        return process.fail("missing URL");
    };
    let content = match get(process, &url) {
        Ok(content) => content,
        Err(text) => {
            process.complain(text);
            return Ok(8);
        }
    };
    match args.value(&["-O", "--output-document"]) {
        Some("-") => process.out.extend_from_slice(content.bytes()),
        other => {
            let file = other.map_or_else(
                || url.rsplit('/').next().unwrap_or("index.html").to_owned(),
                ToOwned::to_owned,
            );
            if let Err(error) = process.write(&file, content) {
                return process.fail(format!("{file}: {error}"));
            }
        }
    }
    Ok(0)
}
