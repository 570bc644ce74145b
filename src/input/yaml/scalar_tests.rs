//! Plain scalars, as the two readers that people know them from take them.

use serde_json::json;

use super::super::{Json, Rules, Source};
use super::parse_one;
use super::tests::ansible;

fn kubernetes(text: &str) -> Json {
    parse_one(&Source::new("t.yaml", text), Rules::Kubernetes)
        .unwrap_or_else(|errors| panic!("{text:?}: {errors:?}"))
        .to_json()
}

#[test]
fn plain_scalars_mean_what_pyyaml_says() {
    let text =
        "[yes, No, on, OFF, y, ~, null, Null, 0644, 0x1F, 0b101, 1_000, -7, +7, 1:30, 08, 0o7,
        1e3, 1.5, 1., .5, -.5, 1.5e+3, 1.5e3, 190:20:30.15, 2001-01-01, 'yes', 0_, =, ._5, 1_0.5]";
    assert_eq!(
        ansible(text),
        json!([
            true,
            false,
            true,
            false,
            "y",
            null,
            null,
            null,
            420,
            31,
            5,
            1000,
            -7,
            7,
            90,
            "08",
            "0o7",
            "1e3",
            1.5,
            1.0,
            0.5,
            "-.5",
            1500.0,
            "1.5e3",
            685_230.15,
            "2001-01-01",
            "yes",
            0,
            "=",
            "._5",
            10.5
        ])
    );
}

#[test]
fn plain_scalars_mean_what_go_says() {
    let text = "[yes, y, n, 0644, 0o17, 0x1F, 08, 1e3, 1.50, 1.0, 1:30, 2001-01-01, 1_000, -.5,
        18446744073709551615, .5, 10m, 1.2.3, 'y', NaN, infinity, 1e803, .3_1]";
    assert_eq!(
        kubernetes(text),
        json!([
            true,
            true,
            false,
            420,
            15,
            31,
            8,
            1000,
            1.5,
            1,
            "1:30",
            "2001-01-01",
            1000,
            -0.5,
            18_446_744_073_709_551_615_f64,
            0.5,
            "10m",
            "1.2.3",
            "y",
            "NaN",
            "infinity",
            "1e803",
            0.31
        ])
    );
}

#[test]
fn big_integers_keep_every_digit() {
    assert_eq!(
        ansible(
            "[9223372036854775807, 9223372036854775808, -9223372036854775809, 0xffffffffffffffff]"
        ),
        json!([
            i64::MAX,
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551615"
        ])
    );
    let digits = "9".repeat(60);
    assert_eq!(ansible(&digits), json!(digits));
}
