//! Whole requests over a real socket.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::Folder;
use crate::options::Options;
use crate::server;

async fn start(folder: &Folder, faults: &[&str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = Options {
        bind: address,
        root: folder.0.clone(),
        faults: faults.iter().map(|rule| rule.parse().unwrap()).collect(),
        control: None,
    };
    tokio::spawn(server::serve(listener, options));
    address
}

/// Sends the requests on one connection, the last with `Connection: close`; all that comes back.
async fn ask(address: SocketAddr, heads: &[&str]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    for (index, head) in heads.iter().enumerate() {
        let end = if index + 1 == heads.len() {
            "Connection: close\r\n\r\n"
        } else {
            "\r\n"
        };
        stream
            .write_all(format!("{head}\r\nHost: x\r\n{end}").as_bytes())
            .await
            .unwrap();
    }
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    all
}

async fn ask_text(address: SocketAddr, heads: &[&str]) -> String {
    String::from_utf8(ask(address, heads).await).unwrap()
}

fn body(reply: &[u8]) -> &[u8] {
    let end = reply
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    &reply[end + 4..]
}

#[tokio::test]
async fn serves_keeps_the_connection_and_answers_ranges() {
    let folder = Folder::new();
    folder.put("h/v1+k3s1/k3s", b"0123456789");
    let mirror = start(&folder, &[]).await;
    let two = ask_text(
        mirror,
        &[
            "HEAD /h/v1%2Bk3s1/k3s HTTP/1.1",
            "GET /h/v1%2Bk3s1/k3s HTTP/1.1\r\nRange: bytes=2-4",
        ],
    )
    .await;
    let (first, second) = two.split_once("HTTP/1.1 206 Partial Content").unwrap();
    assert!(first.starts_with("HTTP/1.1 200 OK\r\n"), "{first}");
    assert!(
        first.contains("Content-Length: 10\r\n") && first.contains("keep-alive"),
        "{first}"
    );
    assert!(first.ends_with("\r\n\r\n"), "HEAD has no body: {first}");
    assert!(
        second.contains("Content-Range: bytes 2-4/10\r\n"),
        "{second}"
    );
    assert!(second.ends_with("\r\n\r\n234"), "{second}");
    let tag = first
        .lines()
        .find_map(|line| line.strip_prefix("ETag: "))
        .unwrap();
    let same = ask_text(
        mirror,
        &[&format!(
            "GET /h/v1+k3s1/k3s HTTP/1.1\r\nIf-None-Match: {tag}"
        )],
    )
    .await;
    assert!(same.starts_with("HTTP/1.1 304 "), "{same}");
    let stale = "GET /h/v1+k3s1/k3s HTTP/1.1\r\nRange: bytes=5-\r\nIf-Range: \"old\"";
    assert!(ask_text(mirror, &[stale]).await.ends_with("0123456789"));
    let far = ask_text(mirror, &["GET /h/v1+k3s1/k3s HTTP/1.1\r\nRange: bytes=10-"]).await;
    assert!(
        far.starts_with("HTTP/1.1 416 ") && far.contains("bytes */10"),
        "{far}"
    );
}

#[tokio::test]
async fn refuses_politely() {
    let folder = Folder::new();
    folder.put("h/a", b"a");
    let mirror = start(&folder, &[]).await;
    for (head, status) in [
        ("GET /h/none HTTP/1.1", "404"),
        ("GET /../../etc/passwd HTTP/1.1", "400"),
        ("GET /h/%2e%2e/%2e%2e/etc/passwd HTTP/1.1", "400"),
        ("PUT /h/a HTTP/1.1", "405"),
        ("nonsense", "400"),
    ] {
        let reply = ask_text(mirror, &[head]).await;
        assert!(
            reply.starts_with(&format!("HTTP/1.1 {status} ")),
            "{head}: {reply}"
        );
    }
}

#[tokio::test]
async fn faults_spoil_what_they_say() {
    let folder = Folder::new();
    let content: Vec<u8> = (0..200_000_u32)
        .map(|n| u8::try_from(n % 251).unwrap())
        .collect();
    for name in ["h/wrong", "h/cut", "h/slow", "h/away"] {
        folder.put(name, &content);
    }
    let rules = [
        "h/wrong=wrong-digest",
        "h/cut=truncated:1",
        "h/slow=slow:4000000",
        "h/away=503:1",
    ];
    let mirror = start(&folder, &rules).await;

    let whole = ask(mirror, &["GET /h/wrong HTTP/1.1"]).await;
    let differ = |got: &[u8]| got.iter().zip(&content).filter(|(a, b)| a != b).count();
    assert_eq!(
        (body(&whole).len(), differ(body(&whole))),
        (content.len(), 1)
    );
    let first = ask(mirror, &["GET /h/wrong HTTP/1.1\r\nRange: bytes=0-99999"]).await;
    let rest = ask(mirror, &["GET /h/wrong HTTP/1.1\r\nRange: bytes=100000-"]).await;
    let joined = [body(&first), body(&rest)].concat();
    assert_eq!(joined, body(&whole), "wrong in parts as in one go");

    let cut = ask(mirror, &["GET /h/cut HTTP/1.1"]).await;
    assert!(String::from_utf8_lossy(&cut).contains("Content-Length: 200000\r\n"));
    assert_eq!(body(&cut), &content[..100_000]);
    assert_eq!(
        body(&ask(mirror, &["GET /h/cut HTTP/1.1"]).await),
        content,
        "healed"
    );
    assert_eq!(body(&ask(mirror, &["GET /h/slow HTTP/1.1"]).await), content);

    let away = ask_text(mirror, &["GET /h/away HTTP/1.1"]).await;
    assert!(
        away.starts_with("HTTP/1.1 503 ") && away.contains("Retry-After: 1"),
        "{away}"
    );
    assert_eq!(body(&ask(mirror, &["GET /h/away HTTP/1.1"]).await), content);
}
