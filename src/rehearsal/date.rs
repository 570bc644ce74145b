//! Seconds since 1970 as a date (UTC), for `date`, `ls` and facts.

use std::time::{SystemTime, UNIX_EPOCH};

/// A moment of the calendar, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// Year.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
    days: i64,
}

impl From<SystemTime> for Date {
    /// By the proleptic Gregorian calendar: eras of 400 years that begin on the first of March.
    fn from(time: SystemTime) -> Self {
        let seconds = time
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let of_era = shifted % 146_097;
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        Self {
            year: era * 400 + year + i64::from(month <= 2),
            month,
            day,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            days,
        }
    }
}

impl Date {
    /// `2026-01-05`.
    pub fn day_text(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `08:00:00`.
    pub fn time_text(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }

    /// `Monday`.
    pub fn weekday(&self) -> &'static str {
        const NAMES: [&str; 7] = [
            "Thursday",
            "Friday",
            "Saturday",
            "Sunday",
            "Monday",
            "Tuesday",
            "Wednesday",
        ];
        NAMES[usize::try_from(self.days.rem_euclid(7)).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn known_days() {
        let at = |s| Date::from(UNIX_EPOCH + Duration::from_secs(s));
        assert_eq!(at(0).day_text(), "1970-01-01");
        assert_eq!(at(951_782_400).day_text(), "2000-02-29");
        let monday = at(1_767_600_000);
        assert_eq!(
            (monday.day_text().as_str(), monday.weekday()),
            ("2026-01-05", "Monday")
        );
        assert_eq!(monday.time_text(), "08:00:00");
    }
}
