//! Dates: `now()`, `to_datetime`, `strftime`. Times are UTC; the machine's time zone is not asked.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use minijinja::value::{Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use super::call::{Body, Call};
use super::convert;

/// Filters on dates.
pub(super) const TABLE: &[(&str, Body)] = &[("strftime", strftime), ("to_datetime", to_datetime)];

/// A moment, in microseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment(i64);

const MICROS: i64 = 1_000_000;
const DAY: i64 = 86_400;
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Days since 1970 of a date of the Gregorian calendar.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

impl Moment {
    fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// Year, month, day.
    fn date(self) -> (i64, i64, i64) {
        let days = self.seconds().div_euclid(DAY) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        (year + era * 400 + i64::from(month <= 2), month, day)
    }

    fn clock(self) -> (i64, i64, i64) {
        let seconds = self.seconds().rem_euclid(DAY);
        (seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// Python's `strftime` in the C locale.
    fn format(self, format: &str) -> String {
        let (year, month, day) = self.date();
        let (hour, minute, second) = self.clock();
        let days = self.seconds().div_euclid(DAY);
        let weekday = usize::try_from((days + 3).rem_euclid(7)).unwrap_or(0);
        let month_name = MONTHS[usize::try_from(month - 1).unwrap_or(0)];
        let of_year = days - days_of(year, 1, 1) + 1;
        let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        let mut out = String::new();
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            out.push_str(&match chars.next() {
                Some('Y') => year.to_string(),
                Some('y') => format!("{:02}", year.rem_euclid(100)),
                Some('C') => format!("{:02}", year / 100),
                Some('m') => format!("{month:02}"),
                Some('d') => format!("{day:02}"),
                Some('e') => format!("{day:2}"),
                Some('H') => format!("{hour:02}"),
                Some('I') => format!("{twelve:02}"),
                Some('M') => format!("{minute:02}"),
                Some('S') => format!("{second:02}"),
                Some('f') => format!("{:06}", self.0.rem_euclid(MICROS)),
                Some('p') => if hour < 12 { "AM" } else { "PM" }.to_owned(),
                Some('j') => format!("{of_year:03}"),
                Some('s') => self.seconds().to_string(),
                Some('a') => DAYS[weekday][..3].to_owned(),
                Some('A') => DAYS[weekday].to_owned(),
                Some('b' | 'h') => month_name[..3].to_owned(),
                Some('B') => month_name.to_owned(),
                Some('u') => (weekday + 1).to_string(),
                Some('w') => ((weekday + 1) % 7).to_string(),
                Some('F') => self.format("%Y-%m-%d"),
                Some('T' | 'X') => self.format("%H:%M:%S"),
                Some('R') => self.format("%H:%M"),
                Some('D' | 'x') => self.format("%m/%d/%y"),
                Some('c') => self.format("%a %b %e %H:%M:%S %Y"),
                Some('z') => "+0000".to_owned(),
                Some('Z') => "UTC".to_owned(),
                Some('n') => "\n".to_owned(),
                Some('t') => "\t".to_owned(),
                Some('%') => "%".to_owned(),
                Some(other) => format!("%{other}"),
                None => "%".to_owned(),
            });
        }
        out
    }

    /// Python's `strptime` for numbers and month names.
    #[expect(clippy::too_many_lines, reason = "one case of a table per line")]
    fn parse(text: &str, format: &str) -> Option<Self> {
        let (mut year, mut month, mut day) = (1900, 1, 1);
        let (mut clock, mut micros) = (0, 0);
        let mut rest = text;
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c.is_whitespace() {
                rest = rest.trim_start();
                continue;
            }
            if c != '%' {
                rest = rest.strip_prefix(c)?;
                continue;
            }
            let kind = chars.next()?;
            if matches!(kind, 'b' | 'B') {
                let at = MONTHS
                    .iter()
                    .position(|name| rest.to_lowercase().starts_with(&name[..3].to_lowercase()))?;
                let whole = rest.to_lowercase().starts_with(&MONTHS[at].to_lowercase());
                rest = &rest[if whole { MONTHS[at].len() } else { 3 }..];
                month = i64::try_from(at).ok()? + 1;
                continue;
            }
            if matches!(kind, 'Z' | 'z') {
                rest = ["Z", "UTC", "+0000", "+00:00", "GMT"]
                    .iter()
                    .find_map(|zone| rest.strip_prefix(zone))?;
                continue;
            }
            let most = match kind {
                'Y' => 4,
                'f' => 6,
                'j' => 3,
                's' => 12,
                _ => 2,
            };
            let count = rest
                .bytes()
                .take(most)
                .take_while(u8::is_ascii_digit)
                .count();
            let (digits, tail) = rest.split_at(count);
            let number: i64 = digits.parse().ok()?;
            rest = tail;
            match kind {
                'Y' => year = number,
                'y' => {
                    year = if number < 69 {
                        2000 + number
                    } else {
                        1900 + number
                    }
                }
                'm' => month = (1..=12).contains(&number).then_some(number)?,
                'd' => day = (1..=31).contains(&number).then_some(number)?,
                'H' => clock += number * 3600,
                'M' => clock += number * 60,
                'S' => clock += number,
                'f' => micros = format!("{digits:0<6}").parse().ok()?,
                's' => clock += number,
                _ => return None,
            }
        }
        rest.is_empty()
            .then(|| Self((days_of(year, month, day) * DAY + clock) * MICROS + micros))
    }
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let (year, month, day) = self.date();
        let (hour, minute, second) = self.clock();
        Some(Value::from(match key.as_str()? {
            "year" => year,
            "month" => month,
            "day" => day,
            "hour" => hour,
            "minute" => minute,
            "second" => second,
            "microsecond" => self.0.rem_euclid(MICROS),
            _ => return None,
        }))
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        #[expect(clippy::cast_precision_loss, reason = "Python's timestamp is a float")]
        Ok(match method {
            "strftime" => {
                let format = args.first().map(convert::text).transpose()?;
                Value::from(self.format(&format.unwrap_or_default()))
            }
            "isoformat" => Value::from(self.text().replacen(' ', "T", 1)),
            "timestamp" => Value::from(self.0 as f64 / 1e6),
            "date" => Value::from(self.format("%Y-%m-%d")),
            "weekday" => Value::from((self.seconds().div_euclid(DAY) + 3).rem_euclid(7)),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        })
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text())
    }
}

impl Moment {
    /// As Python's `str`: microseconds only if there are any.
    fn text(self) -> String {
        let micros = self.0.rem_euclid(MICROS) != 0;
        self.format(if micros {
            "%Y-%m-%d %H:%M:%S.%f"
        } else {
            "%Y-%m-%d %H:%M:%S"
        })
    }
}

/// The text of a date, for results that leave the template.
pub(super) fn text_of(value: &Value) -> Option<String> {
    value
        .downcast_object_ref::<Moment>()
        .map(|moment| moment.text())
}

fn moment(call: &Call<'_, '_, '_>) -> Result<Moment, Error> {
    let now = call.run()?.inner.world.clock.now();
    let micros = now
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros());
    Ok(Moment(i64::try_from(micros).unwrap_or(i64::MAX)))
}

/// `now(utc=false, fmt=none)`.
pub(super) fn now(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    let now = moment(call)?;
    Ok(
        match call.args.get(1).cloned().or_else(|| call.named("fmt")) {
            Some(format) if !format.is_none() => Value::from(now.format(&convert::text(&format)?)),
            _ => Value::from_object(now),
        },
    )
}

/// `format | strftime(seconds=now, utc=true)`.
#[expect(clippy::cast_possible_truncation, reason = "seconds of any date fit")]
fn strftime(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(2, &["second", "utc"])?;
    let format = call.text()?;
    let at = match call.arg(1, "second").filter(|second| !second.is_none()) {
        Some(second) => {
            let seconds: f64 = convert::text(&second)?
                .trim()
                .parse()
                .map_err(|_| call.fail("needs seconds as a number"))?;
            Moment((seconds * 1e6) as i64)
        }
        None => moment(call)?,
    };
    Ok(Value::from(at.format(&format)))
}

/// `to_datetime(format='%Y-%m-%d %H:%M:%S')`.
fn to_datetime(call: &mut Call<'_, '_, '_>) -> Result<Value, Error> {
    call.only(1, &["format"])?;
    let text = call.text()?;
    let format = call.text_or(1, "format", "%Y-%m-%d %H:%M:%S")?;
    Moment::parse(&text, &format)
        .map(Value::from_object)
        .ok_or_else(|| call.fail(&format!("cannot read `{text}` as `{format}`")))
}
