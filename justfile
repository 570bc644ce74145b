# What CI runs, one by one.

default: check test

check:
    cargo fmt --all --check
    cargo clippy --locked --all-targets -- -D warnings

test:
    cargo test --locked

deny:
    cargo deny check bans licenses sources

lab *JOURNEYS:
    tests/lab/run {{JOURNEYS}}

# Speed beside the peers', on hosts that are up; see docs/speed.md.
bench INVENTORY *OPTIONS:
    cargo build --release --locked
    bench/run {{INVENTORY}} {{OPTIONS}}

# The README's picture, from a real run.
picture:
    cargo build --release --locked
    docs/picture > docs/up.svg
