//! Listens, reads heads, sends replies; every wait on a client has a deadline.

use std::fmt::Write as _;
use std::io::{self, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::fault::{Fault, Faults};
use crate::options::Options;
use crate::reply::{self, Content, Reply};
use crate::request::{self, Body, Keep};

/// How long an idle connection is kept, and how long one write may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// The longest request head.
const HEAD: usize = 16 * 1024;
const PIECE: usize = 64 * 1024;

struct Mirror {
    root: PathBuf,
    faults: Faults,
}

/// Serves until the process is ended.
pub async fn run(options: Options) -> Result<(), String> {
    let listener = TcpListener::bind(options.bind)
        .await
        .map_err(|why| format!("{}: {why}", options.bind))?;
    if !options.root.is_dir() {
        return Err(format!("{}: no such folder", options.root.display()));
    }
    let address = listener.local_addr().map_err(|why| why.to_string())?;
    say(&format!("ready http://{address}"));
    serve(listener, options).await;
    Ok(())
}

/// The accept loop on a listener that is already bound.
pub async fn serve(listener: TcpListener, options: Options) {
    let mirror = Arc::new(Mirror {
        root: options.root,
        faults: Faults::new(options.faults, options.control),
    });
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let mirror = Arc::clone(&mirror);
                // A client that goes away is its own business.
                tokio::spawn(async move { drop(connection(stream, &mirror).await) });
            }
            // Out of descriptors, mostly: wait for some to be given back.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection(mut stream: TcpStream, mirror: &Mirror) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while let Some(head) = read_head(&mut stream, &mut buffer).await? {
        let Some(asked) = request::parse(&head) else {
            let reply = Reply::malformed();
            send_head(&mut stream, &reply, Keep::Close).await?;
            return send_body(&mut stream, &reply).await;
        };
        let reply = reply::decide(&mirror.root, &mirror.faults, &asked);
        let keep = match (asked.has_body, reply.fault) {
            (Body::Announced, _) | (_, Fault::Truncated) => Keep::Close,
            _ => asked.keep,
        };
        say(&format!(
            "{} {} {} {}{}",
            asked.method,
            reply.path,
            reply.status,
            reply.content.length(),
            match reply.fault {
                Fault::None => String::new(),
                fault => format!(" {}", fault.word()),
            }
        ));
        send_head(&mut stream, &reply, keep).await?;
        if asked.method != "HEAD" {
            send_body(&mut stream, &reply).await?;
        }
        if keep == Keep::Close {
            return stream.shutdown().await;
        }
    }
    Ok(())
}

/// The next head, without its empty line; `None` when the client has gone or been silent too long.
async fn read_head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = buffer[..end].to_vec();
            buffer.drain(..end + 4);
            return Ok(Some(head));
        }
        if buffer.len() > HEAD {
            return Ok(Some(Vec::new())); // no request: answered with 400
        }
        match timeout(PATIENCE, stream.read_buf(buffer)).await {
            Ok(Ok(count)) if count > 0 => {}
            Ok(Err(why)) => return Err(why),
            _ => return Ok(None),
        }
    }
}

async fn send_head(stream: &mut TcpStream, reply: &Reply, keep: Keep) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", reply.status, phrase(reply.status));
    for (name, value) in &reply.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if reply.status != 304 {
        let _ = write!(head, "Content-Length: {}\r\n", reply.content.length());
    }
    head.push_str(match keep {
        Keep::Alive => "Connection: keep-alive\r\n\r\n",
        Keep::Close => "Connection: close\r\n\r\n",
    });
    send(stream, head.as_bytes()).await
}

async fn send_body(stream: &mut TcpStream, reply: &Reply) -> io::Result<()> {
    let (path, start, end, length) = match &reply.content {
        Content::Nothing => return Ok(()),
        Content::Text(text) => return send(stream, text.as_bytes()).await,
        Content::File {
            path,
            start,
            end,
            length,
        } => (path, *start, *end, *length),
    };
    let stop = match reply.fault {
        Fault::Truncated => start + (end - start) / 2,
        _ => end,
    };
    let mut file = tokio::fs::File::open(path).await?;
    file.seek(SeekFrom::Start(start)).await?;
    let mut at = start;
    let mut piece = vec![0; piece_size(reply.fault)];
    while at < stop {
        let want = usize::try_from(stop - at).map_or(piece.len(), |left| left.min(piece.len()));
        let got = file.read(&mut piece[..want]).await?;
        if got == 0 {
            // The file became shorter under us: a cut connection is the honest answer.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if reply.fault == Fault::WrongDigest {
            spoil(&mut piece[..got], at, length);
        }
        send(stream, &piece[..got]).await?;
        at += got as u64;
        if matches!(reply.fault, Fault::Slow(_)) && at < stop {
            sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(())
}

/// A slow line is ten small pieces a second.
fn piece_size(fault: Fault) -> usize {
    match fault {
        Fault::Slow(rate) => usize::try_from(rate / 10).unwrap_or(PIECE).clamp(1, PIECE),
        _ => PIECE,
    }
}

/// Turns the file's middle byte, wherever the pieces and ranges are cut: a download resumed in
/// parts is as wrong as one in one go.
fn spoil(piece: &mut [u8], at: u64, length: u64) {
    let middle = length / 2;
    if let Some(byte) = middle
        .checked_sub(at)
        .and_then(|offset| usize::try_from(offset).ok())
        .and_then(|offset| piece.get_mut(offset))
    {
        *byte ^= 0x01;
    }
}

async fn send(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    timeout(PATIENCE, stream.write_all(bytes))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        416 => "Range Not Satisfiable",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}

/// One line on standard output, at once. A reader that has gone does not stop the mirror.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
