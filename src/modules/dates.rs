//! Calendar dates from seconds since 1970 and back, in UTC: names of backups, times of files.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
pub fn seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|d| i64::try_from(d.as_secs()).ok())
        .unwrap_or(0)
}

/// Year, month, day, hour, minute, second.
pub fn civil(seconds: i64) -> [i64; 6] {
    let (days, rest) = (seconds.div_euclid(86400), seconds.rem_euclid(86400));
    // Days are counted from 1 March of year 0, so that the leap day is the last of its year.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    [year, month, day, rest / 3600, rest / 60 % 60, rest % 60]
}

/// Seconds since 1970 of a date.
pub fn from_civil([year, month, day, hour, minute, second]: [i64; 6]) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468) * 86400 + hour * 3600 + minute * 60 + second
}

/// What Ansible appends to a path to name its backup: `.PID.YYYY-mm-dd@HH:MM:SS~`.
pub fn backup_suffix(now: SystemTime) -> String {
    let [year, month, day, hour, minute, second] = civil(seconds(now));
    let pid = std::process::id();
    format!(".{pid}.{year:04}-{month:02}-{day:02}@{hour:02}:{minute:02}:{second:02}~")
}

/// Reads a date by a `strptime` format of `%Y %m %d %H %M %S %y %s` and literal text.
pub fn parse(text: &str, format: &str) -> Option<i64> {
    let mut date = [1970, 1, 1, 0, 0, 0];
    let mut rest = text;
    let mut letters = format.chars();
    while let Some(c) = letters.next() {
        if c != '%' {
            rest = rest.strip_prefix(c)?;
            continue;
        }
        let (field, width) = match letters.next()? {
            'Y' => (0, 4),
            'm' => (1, 2),
            'd' => (2, 2),
            'H' => (3, 2),
            'M' => (4, 2),
            'S' => (5, 2),
            's' => return rest.parse().ok(),
            '%' => {
                rest = rest.strip_prefix('%')?;
                continue;
            }
            _ => return None,
        };
        let digits = rest
            .bytes()
            .take(width)
            .take_while(u8::is_ascii_digit)
            .count();
        let (number, tail) = rest.split_at_checked(digits)?;
        *date.get_mut(field)? = number.parse().ok()?;
        rest = tail;
    }
    rest.is_empty().then(|| from_civil(date))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(civil(0), [1970, 1, 1, 0, 0, 0]);
        assert_eq!(civil(1_709_210_096), [2024, 2, 29, 12, 34, 56]);
        assert_eq!(
            parse("202402291234.56", "%Y%m%d%H%M.%S"),
            Some(1_709_210_096)
        );
        assert_eq!(parse("2024-13", "%Y%m"), None);
    }

    proptest::proptest! {
        #[test]
        fn there_and_back(seconds in -10_000_000_000i64..100_000_000_000) {
            proptest::prop_assert_eq!(from_civil(civil(seconds)), seconds);
        }
    }
}
