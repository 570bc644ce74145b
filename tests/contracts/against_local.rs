//! Every behaviour against this machine, by the local connection.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use nautes_install::connection::{Identity, local, posix};

use crate::{Place, behaviours};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_keeps_the_contract() {
    let connection = local::open("localhost", "root", posix::Method::Sudo);
    let mut broken = Vec::new();
    for (name, behaviour) in behaviours() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place {
            connection: connection.as_ref(),
            who: Identity::default(),
            dir: dir.path().canonicalize().unwrap().display().to_string(),
        };
        if AssertUnwindSafe(behaviour(&place))
            .catch_unwind()
            .await
            .is_err()
        {
            broken.push(name);
        }
    }
    assert!(broken.is_empty(), "broken: {broken:?}");
}

/// Answers each request with its own `X-Key` header as the body.
async fn serve() -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.windows(4).any(|w| w == b"\r\n\r\n") {
                if stream.read_buf(&mut request).await.unwrap() == 0 {
                    break;
                }
            }
            let text = String::from_utf8_lossy(&request).into_owned();
            let key = text.lines().find_map(|l| l.strip_prefix("X-Key: "));
            let body = key.unwrap_or("none");
            let head = if text.starts_with("GET /missing") {
                "404 Not Found"
            } else {
                "200 OK"
            };
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn downloads_are_verified_before_they_are_seen() {
    use nautes_install::connection::{Action, Attributes};
    let connection = local::open("localhost", "root", posix::Method::Sudo);
    let dir = tempfile::tempdir().unwrap();
    let place = Place {
        connection: connection.as_ref(),
        who: Identity::default(),
        dir: dir.path().canonicalize().unwrap().display().to_string(),
    };
    let port = serve().await;
    let secret = "it's \"quoted\" \\ $HOME";
    let download = |path: &str, digest: &str| Action::Download {
        url: format!("http://127.0.0.1:{port}{path}"),
        path: place.path("f"),
        digest: Some(("sha256".to_owned(), digest.to_owned())),
        attributes: Attributes {
            mode: Some(0o640),
            ..Attributes::default()
        },
        headers: vec![("X-Key".to_owned(), secret.to_owned())],
    };
    let digest = ring::digest::digest(&ring::digest::SHA256, secret.as_bytes());
    let digest: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let words = place.refused(download("/x", &"0".repeat(64))).await;
    assert!(
        words.contains("digest mismatch") && words.contains(&digest),
        "{words}"
    );
    place.refused(download("/missing", &digest)).await;
    assert!(place.names().await.is_empty());
    place.act(download("/x", &digest)).await;
    assert_eq!(
        place.read(&place.path("f")).await.unwrap(),
        secret.as_bytes()
    );
    assert_eq!(place.stat(&place.path("f")).await.unwrap().mode, 0o640);
    assert_eq!(place.names().await, ["f"]);
    // A task's environment reaches the program that downloads: here as its proxy.
    let mut elsewhere = download("/x", &digest);
    if let Action::Download { url, .. } = &mut elsewhere {
        "http://nowhere.invalid/x".clone_into(url);
    }
    place.refused(elsewhere.clone()).await;
    let proxy = format!("http://127.0.0.1:{port}");
    let with = |name: &str| Action::With {
        env: [(name.to_owned(), proxy.clone())].into(),
        action: Box::new(elsewhere.clone()),
    };
    place.act(with("http_proxy")).await;
    let words = place.refused(with("no name")).await;
    assert!(words.contains("is not a variable's name"), "{words}");
}
