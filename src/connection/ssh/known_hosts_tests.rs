//! Host keys as OpenSSH would judge them.

use super::*;
use proptest::prelude::*;

const A: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
const B: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G2sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X";
const EC: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=";

fn key(text: &str) -> PublicKey {
    PublicKey::from_openssh(text).unwrap()
}

fn known(text: &str) -> KnownHosts {
    let mut known = KnownHosts::default();
    known.read("kh", text.as_bytes());
    known
}

fn at(line: usize) -> Place {
    Place {
        file: "kh".to_owned(),
        line,
    }
}

#[test]
fn a_listed_key_is_known_and_another_is_changed() {
    let file = known(&format!("# comment\n\nhost,10.0.0.1\t{A}  a comment\n"));
    assert_eq!(file.check("host", 22, &key(A)), Verdict::Known);
    assert_eq!(file.check("HOST", 22, &key(A)), Verdict::Known);
    assert_eq!(file.check("10.0.0.1", 22, &key(A)), Verdict::Known);
    assert_eq!(file.check("host", 22, &key(B)), Verdict::Changed(at(3)));
    assert_eq!(file.check("other", 22, &key(A)), Verdict::Unknown);
}

#[test]
fn several_keys_of_one_host_all_count() {
    let file = known(&format!("host {EC}\nhost {A}\nhost {B}\n"));
    assert_eq!(file.check("host", 22, &key(A)), Verdict::Known);
    assert_eq!(file.check("host", 22, &key(B)), Verdict::Known);
    assert_eq!(file.algorithms("host", 22).len(), 2);
}

#[test]
fn a_key_of_another_algorithm_is_a_change_too() {
    let file = known(&format!("host {EC}\n"));
    assert_eq!(file.check("host", 22, &key(A)), Verdict::Changed(at(1)));
}

#[test]
fn the_place_of_a_change_is_the_line_of_the_same_algorithm() {
    let file = known(&format!("host {EC}\nhost {A}\n"));
    assert_eq!(file.check("host", 22, &key(B)), Verdict::Changed(at(2)));
}

#[test]
fn patterns_and_negation() {
    let file = known(&format!("*.lab,!bad.lab,host?? {A}\n"));
    assert_eq!(file.check("a.lab", 22, &key(A)), Verdict::Known);
    assert_eq!(file.check("bad.lab", 22, &key(A)), Verdict::Unknown);
    assert_eq!(file.check("host12", 22, &key(A)), Verdict::Known);
    assert_eq!(file.check("host1", 22, &key(A)), Verdict::Unknown);
}

#[test]
fn ports_have_their_own_names() {
    let file = known(&format!("[host]:2222 {A}\nplain {B}\n"));
    assert_eq!(file.check("host", 2222, &key(A)), Verdict::Known);
    assert_eq!(file.check("host", 22, &key(A)), Verdict::Unknown);
    // As OpenSSH: the plain name helps another port to be known, never to be changed.
    assert_eq!(file.check("plain", 2222, &key(B)), Verdict::Known);
    assert_eq!(file.check("plain", 2222, &key(A)), Verdict::Unknown);
}

#[test]
fn hashed_names_match() {
    // ssh-keygen -H of `example.org`: salt and hash made with HMAC-SHA1.
    let salt = [7u8; 20];
    let mac_key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
    let mac = hmac::sign(&mac_key, b"[example.org]:2200");
    let line = format!(
        "|1|{}|{} {A}\n",
        STANDARD.encode(salt),
        STANDARD.encode(mac)
    );
    let file = known(&line);
    assert_eq!(file.check("example.org", 2200, &key(A)), Verdict::Known);
    assert_eq!(file.check("example.org", 22, &key(A)), Verdict::Unknown);
    // A line that ssh-keygen -H itself wrote for the name `host`.
    let real = known(&format!(
        "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= {A}\n"
    ));
    assert_eq!(real.check("192.168.1.61", 22, &key(A)), Verdict::Known);
}

#[test]
fn revoked_wins_over_everything() {
    let file = known(&format!("host {A}\n@revoked * {A}\n"));
    assert_eq!(file.check("host", 22, &key(A)), Verdict::Revoked(at(2)));
    assert_eq!(file.check("host", 22, &key(B)), Verdict::Changed(at(1)));
}

#[test]
fn authorities_are_not_host_keys() {
    let file = known(&format!(
        "@cert-authority *.lab {A}\n@cert-authority *.lab {B}\n@revoked * {B}\n"
    ));
    assert_eq!(file.check("x.lab", 22, &key(A)), Verdict::Unknown);
    assert_eq!(file.authorities("x.lab", 22), [&key(A)]);
    assert!(file.authorities("x.org", 22).is_empty());
}

#[test]
fn unreadable_lines_are_skipped() {
    let file = known(&format!(
        "host ssh-ed25519 not-base64\nhost\n@unknown host {A}\n@revoked\n|1|x|y {A}\n\u{fffd}\nhost {A}\n"
    ));
    assert_eq!(file.check("host", 22, &key(A)), Verdict::Known);
}

proptest! {
    #[test]
    fn any_file_is_read(text in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut known = KnownHosts::default();
        known.read("kh", &text);
        prop_assert_eq!(known.check("host", 22, &key(A)), Verdict::Unknown);
    }

    #[test]
    fn glob_agrees_with_a_slow_one(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
        fn slow(p: &[u8], t: &[u8]) -> bool {
            match p.first() {
                None => t.is_empty(),
                Some(b'*') => (0..=t.len()).any(|n| slow(&p[1..], &t[n..])),
                Some(b'?') => !t.is_empty() && slow(&p[1..], &t[1..]),
                Some(c) => t.first() == Some(c) && slow(&p[1..], &t[1..]),
            }
        }
        prop_assert_eq!(
            glob(pattern.as_bytes(), text.as_bytes()),
            slow(pattern.as_bytes(), text.as_bytes())
        );
    }
}
