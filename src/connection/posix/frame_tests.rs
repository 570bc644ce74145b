//! The frame reader against hostile and chopped answers.

use super::*;
use proptest::prelude::*;

const N: &str = "0123456789abcdef0123456789abcdef";

fn answer(sections: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut all = format!("\n{N} begin 0\n").into_bytes();
    for (label, code, data) in sections {
        all.extend_from_slice(data);
        all.extend_from_slice(format!("\n{N} {label} {code}\n").as_bytes());
    }
    all.extend_from_slice(format!("\n{N} end 0\n").as_bytes());
    all
}

#[test]
fn noise_before_and_after_is_dropped() {
    let mut lane = Lane::new(N, 100);
    lane.feed(b"motd\nother 0\n");
    lane.feed(&answer(&[("x0", "3", b"hello\n")]));
    lane.feed(b"late noise");
    assert!(lane.ended());
    let sections = lane.into_sections();
    assert_eq!(sections.len(), 1);
    assert_eq!(sections[0].data, b"hello\n");
    assert_eq!(sections[0].code, "3");
}

#[test]
fn forged_trailers_are_data() {
    let forged = b"\nffffffffffffffffffffffffffffffff x0 0\n\n0123456789abcdef end 0\n";
    let mut lane = Lane::new(N, 1000);
    lane.feed(&answer(&[("x0", "1", forged)]));
    assert_eq!(lane.into_sections()[0].data, forged);
}

#[test]
fn endless_output_is_cut_and_counted() {
    let mut lane = Lane::new(N, 10);
    lane.feed(format!("\n{N} begin 0\n").as_bytes());
    for _ in 0..1000 {
        lane.feed(&[b'y'; 1000]);
    }
    assert!(lane.dropped() > 900_000);
    assert!(lane.pending.len() < 100);
    lane.feed(format!("\n{N} x0 0\n\n{N} end 0\n").as_bytes());
    let sections = lane.into_sections();
    assert!(sections[0].cut);
    assert_eq!(sections[0].data.len(), 10);
}

#[test]
fn what_no_script_prints_is_an_error() {
    for bad in ["a b c", "", "x"] {
        let mut lane = Lane::new(N, 10);
        lane.feed(format!("\n{N} {bad}\n").as_bytes());
        assert!(lane.broken().is_some(), "{bad:?}");
    }
    let mut lane = Lane::new(N, 10);
    lane.feed(format!("\n{N} begin 0\n\n{N} {}", "z".repeat(500)).as_bytes());
    assert!(lane.broken().is_some());
}

proptest! {
    #[test]
    fn any_bytes_survive_any_chunking(
        data in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..6),
        cuts in prop::collection::vec(1usize..50, 1..40),
    ) {
        let parts: Vec<(&str, &str, &[u8])> =
            data.iter().map(|d| ("s", "0", d.as_slice())).collect();
        let bytes = answer(&parts);
        let mut lane = Lane::new(N, 1 << 20);
        let (mut rest, mut turn) = (bytes.as_slice(), cuts.iter().cycle());
        while !rest.is_empty() {
            let n = (*turn.next().unwrap()).min(rest.len());
            lane.feed(&rest[..n]);
            rest = &rest[n..];
        }
        prop_assert!(lane.ended());
        let got: Vec<Vec<u8>> = lane.into_sections().into_iter().map(|s| s.data).collect();
        prop_assert_eq!(got, data);
    }

    #[test]
    fn any_answer_is_contained(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        parse_frames(&bytes);
    }

    #[test]
    fn any_marker_soup_is_contained(parts in prop::collection::vec(
        prop::sample::select(vec![
            "\n0123456789abcdef0123456789abcdef ", "begin 0\n", "end 0\n", "x0 1\n", "\n", " ", "x",
        ]), 0..60)) {
        parse_frames(parts.concat().as_bytes());
    }
}
