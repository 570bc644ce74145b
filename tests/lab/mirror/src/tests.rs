//! Paths, ranges and rules one by one; whole requests over a real socket in `served`.

mod served;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::address::{decode, locate};
use crate::fault::{Fault, Faults, Rule, rules};
use crate::options;
use crate::request::{Keep, Span, parse};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "lab-mirror-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn put(&self, name: &str, content: &[u8]) {
        let file = self.0.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn decodes_a_plus_and_drops_the_query() {
    assert_eq!(decode("/h/v1%2Bk3s1/k3s?x=1").unwrap(), "h/v1+k3s1/k3s");
    assert_eq!(decode("http://h/a%20b").unwrap(), "h/a b");
    assert_eq!(decode("/h/v1+k3s1").unwrap(), "h/v1+k3s1");
}

#[test]
fn refuses_what_leaves_the_root_or_is_malformed() {
    for target in [
        "/../x",
        "/h/%2e%2e/x",
        "/h/..%2fx",
        "//etc/passwd",
        "/h/%zz",
        "/h/%2",
        "/h/%00",
        "x",
        "/h/./x",
        "/%ff",
    ] {
        assert_eq!(decode(target), None, "{target}");
    }
}

#[test]
fn a_link_out_of_the_root_is_not_followed_and_one_inside_is() {
    let (folder, outside) = (Folder::new(), Folder::new());
    folder.put("h/in", b"in");
    outside.put("secret", b"out");
    std::os::unix::fs::symlink(outside.0.join("secret"), folder.0.join("h/bad")).unwrap();
    std::os::unix::fs::symlink("in", folder.0.join("h/good")).unwrap();
    assert_eq!(locate(&folder.0, "h/bad"), None);
    assert!(locate(&folder.0, "h/good").is_some());
    assert_eq!(locate(&folder.0, "h"), None, "a folder without index.html");
}

#[test]
fn ranges() {
    assert_eq!(Span::parse("bytes=2-4").unwrap().within(10), Some((2, 5)));
    assert_eq!(Span::parse("bytes=2-99").unwrap().within(10), Some((2, 10)));
    assert_eq!(Span::parse("bytes=8-").unwrap().within(10), Some((8, 10)));
    assert_eq!(Span::parse("bytes=-3").unwrap().within(10), Some((7, 10)));
    assert_eq!(Span::parse("bytes=10-").unwrap().within(10), None);
    assert_eq!(Span::parse("bytes=-0").unwrap().within(10), None);
    for other in ["bytes=4-2", "bytes=1-2,4-5", "lines=1-2", "bytes=x-"] {
        assert_eq!(Span::parse(other), None, "{other}");
    }
}

#[test]
fn heads() {
    let head =
        parse(b"GET /a HTTP/1.1\r\nHost: x\r\nCONNECTION: Close\r\nRange: bytes=1-").unwrap();
    assert_eq!((head.keep, head.range), (Keep::Close, Some(Span::From(1))));
    assert_eq!(parse(b"GET /a HTTP/1.0").unwrap().keep, Keep::Close);
    assert_eq!(parse(b"GET /a HTTP/2"), None);
    assert_eq!(parse(b"GET /a b HTTP/1.1"), None);
    assert_eq!(parse(b""), None);
}

#[test]
fn rules_are_read_counted_and_overridden() {
    for bad in ["a", "=503", "a=504", "a=503:x", "a=503:0"] {
        assert!(bad.parse::<Rule>().is_err(), "{bad}");
    }
    let control = Folder::new();
    let file = control.0.join("faults");
    let given = vec!["h/a=503:2".parse().unwrap(), "h/*=slow:7".parse().unwrap()];
    let faults = Faults::new(given, Some(file.clone()));
    let taken = |path: &str| faults.take(path).unwrap();
    assert_eq!([taken("h/a"), taken("h/a")], [Fault::Unavailable; 2]);
    assert_eq!(taken("h/a"), Fault::Slow(7), "the first rule is used up");
    assert_eq!(taken("g/a"), Fault::None);
    control.put("faults", b"# broken now\n/h/a=none\nh/b = truncated\n");
    assert_eq!(
        [taken("h/a"), taken("h/b")],
        [Fault::None, Fault::Truncated]
    );
    control.put("faults", b"nonsense");
    assert!(faults.take("h/a").is_err());
    std::fs::remove_file(file).unwrap();
    assert_eq!(taken("h/a"), Fault::Slow(7));
}

#[test]
fn a_path_may_hold_an_equals_sign() {
    let faults = Faults::new(rules("h/a=b=503").unwrap(), None);
    assert_eq!(faults.take("h/a=b").unwrap(), Fault::Unavailable);
}

#[test]
fn the_command_line() {
    let read = |text: &str| options::parse(text.split(' ').map(str::to_owned));
    let good = read("--bind 127.0.0.1:0 --root /x --fault a=503 --control /c").unwrap();
    assert_eq!(
        (good.root.as_path(), good.faults.len()),
        (Path::new("/x"), 1)
    );
    for bad in [
        "--bind 127.0.0.1:0",
        "--bind here --root /x",
        "--what x",
        "--root",
        "--help",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}
