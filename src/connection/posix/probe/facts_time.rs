//! `date_time`: the host's clock, in the forms that Ansible offers.

use serde_json::{Map, Value, json};

use super::facts::Parts;

/// Adds it.
pub fn add(parts: &Parts<'_>, facts: &mut Map<String, Value>) {
    let text = parts.text("fd");
    let words: Vec<&str> = text.split('|').collect();
    let word = |at: usize| words.get(at).copied().unwrap_or("");
    let epoch: i64 = word(9).parse().unwrap_or(0);
    let micro = word(10).get(..6).unwrap_or("000000");
    let (utc_date, utc_time) = utc(epoch);
    let date = format!("{}-{}-{}", word(0), word(1), word(5));
    let time = format!("{}:{}:{}", word(6), word(7), word(8));
    let compact = format!(
        "{}{}{}T{}{}{}",
        word(0),
        word(1),
        word(5),
        word(6),
        word(7),
        word(8)
    );
    facts.insert(
        "date_time".into(),
        json!({
            "year": word(0), "month": word(1), "weekday": word(2), "weekday_number": word(3),
            "weeknumber": word(4), "day": word(5), "hour": word(6), "minute": word(7),
            "second": word(8), "epoch": word(9), "epoch_int": word(9), "date": date, "time": time,
            "iso8601": format!("{utc_date}T{utc_time}Z"),
            "iso8601_micro": format!("{utc_date}T{utc_time}.{micro}Z"),
            "iso8601_basic": format!("{compact}{micro}"),
            "iso8601_basic_short": compact,
            "tz": word(11), "tz_dst": word(11), "tz_offset": word(12),
        }),
    );
}

/// Date and time in UTC of a second since 1970, by the civil calendar.
fn utc(epoch: i64) -> (String, String) {
    let (days, second) = (epoch.div_euclid(86_400), epoch.rem_euclid(86_400));
    // Years begin in March, so that the leap day is the last of its year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day = shifted.rem_euclid(146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let civil = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(civil <= 2);
    (
        format!("{year:04}-{civil:02}-{of_month:02}"),
        format!(
            "{:02}:{:02}:{:02}",
            second / 3600,
            second / 60 % 60,
            second % 60
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn days_of_the_calendar() {
        let of = |epoch| {
            let (date, time) = utc(epoch);
            format!("{date} {time}")
        };
        assert_eq!(of(0), "1970-01-01 00:00:00");
        assert_eq!(of(951_782_399), "2000-02-28 23:59:59");
        assert_eq!(of(951_782_400), "2000-02-29 00:00:00");
        assert_eq!(of(1_795_257_600), "2026-11-21 10:40:00");
        assert_eq!(of(4_107_542_400), "2100-03-01 00:00:00");
    }
}
