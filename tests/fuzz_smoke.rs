//! Every fuzz target survives its seeds and 2,000 mutations of them, the same ones every time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what went wrong by panicking"
)]

#[path = "../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::panic;

/// How many mutations each target gets, unless `FUZZ_MUTATIONS` says otherwise.
const MUTATIONS: u32 = 2000;

/// Pieces that the formats give a meaning to.
const PIECES: [&[u8]; 24] = [
    b"\n",
    b"  ",
    b": ",
    b"- ",
    b"{{ ",
    b" }}",
    b"{% ",
    b" %}",
    b"|",
    b"'",
    b"\"",
    b"[",
    b"]",
    b"{",
    b"}",
    b"!t,",
    b"&a ",
    b"*a",
    b"<<: ",
    b"\\",
    b"\t",
    b"\0",
    b"\xff",
    "é😀".as_bytes(),
];

/// A small generator (xorshift): the same numbers on every machine.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (limit.max(1) as u64)).unwrap()
    }

    fn mutate(&mut self, data: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(data.len() + 1);
        let length = self.below(16);
        let end = (at + length).min(data.len());
        match self.below(6) {
            0 if !data.is_empty() => {
                let at = at.min(data.len() - 1);
                data[at] ^= 1 << self.below(8);
            }
            1 => drop(data.drain(at..end)),
            2 => {
                let copy = data[at..end].to_vec();
                let to = self.below(data.len() + 1);
                data.splice(to..to, copy);
            }
            3 => data.truncate(at),
            4 => {
                let from = self.below(other.len());
                let to = (from + length * 2).min(other.len());
                data.splice(at..at, other[from..to].iter().copied());
            }
            _ => {
                let piece = PIECES[self.below(PIECES.len())];
                data.splice(at..at, piece.iter().copied());
            }
        }
    }
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(format!("fuzz/seeds/{name}"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no seeds for {name}");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn survives(name: &str) {
    let target = targets::TARGETS
        .iter()
        .find(|target| target.name == name)
        .unwrap();
    let seeds = seeds(name);
    for seed in &seeds {
        (target.run)(seed);
    }
    let given = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let mutations = given("FUZZ_MUTATIONS").unwrap_or(MUTATIONS);
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15 ^ u64::from(given("FUZZ_SEED").unwrap_or(0)));
    for _ in 0..mutations {
        let mut data = seeds[noise.below(seeds.len())].clone();
        for _ in 0..=noise.below(6) {
            let other = noise.below(seeds.len());
            noise.mutate(&mut data, &seeds[other]);
        }
        let survived = panic::catch_unwind(|| (target.run)(&data)).is_ok();
        assert!(
            survived,
            "{name} panicked on {:?}",
            String::from_utf8_lossy(&data)
        );
    }
}

#[test]
fn yaml_survives_noise() {
    survives("yaml");
}

#[test]
fn playbook_survives_noise() {
    survives("playbook");
}

#[test]
fn template_survives_noise() {
    survives("template");
}

#[test]
fn vault_survives_noise() {
    survives("vault");
}

#[test]
fn inventory_survives_noise() {
    survives("inventory");
}

#[test]
fn pattern_survives_noise() {
    survives("pattern");
}

#[test]
fn every_target_has_a_test_here_and_a_binary_there() {
    let tests = include_str!("fuzz_smoke.rs");
    for target in &targets::TARGETS {
        assert!(
            tests.contains(&format!("survives(\"{}\")", target.name)),
            "{}",
            target.name
        );
        let binary = fs::read_to_string(format!("fuzz/fuzz_targets/{}.rs", target.name)).unwrap();
        assert!(binary.contains(&format!("targets::{}(data)", target.name)));
    }
}

#[test]
fn frames_survives_noise() {
    survives("frames");
}

#[test]
fn known_hosts_survives_noise() {
    survives("known_hosts");
}
