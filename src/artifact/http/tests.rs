//! Against a small server in this process.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::input::{OsFiles, SystemClock};

/// Answers every request with what a function makes of its number and its head.
fn serve(answer: impl Fn(u32, &str) -> Vec<u8> + Send + 'static) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let head = head(&stream);
            let number = count.fetch_add(1, Ordering::SeqCst);
            // A client that has gone has seen enough.
            let _ = (&stream).write_all(&answer(number, &head));
        }
    });
    (address, asked)
}

fn head(mut stream: &TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn answer(status: &str, body: &[u8], length: usize) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// Waits cost nothing.
struct Hasty(SystemClock);

#[async_trait]
impl Clock for Hasty {
    fn now(&self) -> std::time::SystemTime {
        self.0.now()
    }
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
    async fn sleep(&self, _: Duration) {}
}

fn source(cache: &Path) -> HttpSource {
    let clock: Arc<dyn Clock> = Arc::new(Hasty(SystemClock::new()));
    HttpSource::new(
        cache.to_owned(),
        (Arc::new(OsFiles), clock),
        Proxies::default(),
    )
}

fn wanted(url: String, hex: Option<&str>) -> Wanted {
    Wanted {
        url,
        digest: hex.map(|hex| Digest::new("sha256", hex)),
        ..Wanted::default()
    }
}

/// sha256 of "abc" (FIPS 180-4).
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn names(folder: &Path) -> Vec<String> {
    OsFiles.list(&folder.join("sha256")).unwrap_or_default()
}

#[tokio::test]
async fn a_file_is_fetched_once_and_then_taken_from_the_cache() {
    let cache = tempfile::tempdir().unwrap();
    let (server, asked) = serve(|_, _| answer("200 OK", b"abc", 3));
    let wanted = wanted(format!("{server}/f"), Some(ABC));
    for _ in 0..2 {
        let fetched = source(cache.path()).fetch(&wanted).await.unwrap();
        assert_eq!((fetched.file.len, &*fetched.sha256), (3, ABC));
        assert_eq!(&fetched.file.piece(0).unwrap()[..], b"abc");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(names(cache.path()), [ABC]);
    // One that was damaged is fetched again.
    std::fs::write(cache.path().join("sha256").join(ABC), "abd").unwrap();
    let fetched = source(cache.path()).fetch(&wanted).await.unwrap();
    assert_eq!(&fetched.file.piece(0).unwrap()[..], b"abc");
}

#[tokio::test]
async fn another_digest_is_refused_and_nothing_stays() {
    let cache = tempfile::tempdir().unwrap();
    let (server, _) = serve(|_, _| answer("200 OK", b"abd", 3));
    let wanted = wanted(format!("{server}/f"), Some(ABC));
    let error = source(cache.path()).fetch(&wanted).await.unwrap_err();
    assert!(matches!(error, ArtifactError::Digest { .. }), "{error}");
    assert!(names(cache.path()).is_empty());
}

#[tokio::test]
async fn what_breaks_off_is_tried_again_and_what_is_missing_is_not() {
    let cache = tempfile::tempdir().unwrap();
    let (server, asked) = serve(|number, head| match number {
        0 => answer("503 Service Unavailable", b"", 0),
        1 => answer("200 OK", b"a", 3), // ends too early
        _ if head.starts_with("GET /f ") => answer("200 OK", b"abc", 3),
        _ => answer("404 Not Found", b"", 0),
    });
    let fetched = source(cache.path())
        .fetch(&wanted(format!("{server}/f"), None))
        .await
        .unwrap();
    assert_eq!(fetched.sha256, ABC);
    assert_eq!(names(cache.path()), [ABC]);
    let url = format!("{}/g", server.replace("//", "//me:secret@"));
    let error = source(cache.path()).fetch(&wanted(url, None)).await;
    let words = error.unwrap_err().to_string();
    assert!(
        words.contains("404") && !words.contains("secret"),
        "{words}"
    );
    assert_eq!(asked.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_proxy_is_asked_when_the_task_names_one() {
    let cache = tempfile::tempdir().unwrap();
    let (proxy, _) = serve(|_, head| match head {
        _ if head.starts_with("GET http://nowhere.invalid/f ") => answer("200 OK", b"abc", 3),
        _ => answer("400 Bad Request", b"", 0),
    });
    let mut wanted = wanted("http://nowhere.invalid/f".to_owned(), Some(ABC));
    wanted.proxy = Some(proxy);
    let fetched = source(cache.path()).fetch(&wanted).await.unwrap();
    assert_eq!(fetched.sha256, ABC);
    assert_eq!(source(cache.path()).text(&wanted).await.unwrap(), "abc");
}

#[tokio::test]
async fn an_endless_text_is_cut_off() {
    let cache = tempfile::tempdir().unwrap();
    let (server, _) = serve(|_, _| answer("200 OK", &vec![b'a'; MOST_TEXT + 1], MOST_TEXT + 1));
    let text = source(cache.path()).text(&wanted(server, None)).await;
    assert!(text.unwrap_err().to_string().contains("checksums"));
}
