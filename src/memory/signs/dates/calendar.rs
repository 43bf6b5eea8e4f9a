//! Spans of the calendar around a day.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// First and last day.
pub type Days = (Date, Date);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Day,
    Week,
    Weekend,
    Month,
    Year,
    On(Weekday),
    /// First month of a season.
    Season(i8),
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A month by its English name or the short form of it; "may" and "march" are words, too: ask who asks.
pub fn month_by_name(word: &str) -> Option<i8> {
    let short = match word {
        "sept" => "sep",
        word => word,
    };
    let number = MONTHS
        .iter()
        .position(|name| *name == short || (short.len() == 3 && name.starts_with(short)))?;
    i8::try_from(number + 1).ok()
}

impl Unit {
    /// Singular or plural.
    pub fn by_name(word: &str) -> Option<Self> {
        let one = word.strip_suffix('s').unwrap_or(word);
        Some(match one {
            "day" => Self::Day,
            "week" => Self::Week,
            "weekend" => Self::Weekend,
            "month" => Self::Month,
            "year" => Self::Year,
            "monday" => Self::On(Weekday::Monday),
            "tuesday" => Self::On(Weekday::Tuesday),
            "wednesday" => Self::On(Weekday::Wednesday),
            "thursday" => Self::On(Weekday::Thursday),
            "friday" => Self::On(Weekday::Friday),
            "saturday" => Self::On(Weekday::Saturday),
            "sunday" => Self::On(Weekday::Sunday),
            "spring" => Self::Season(3),
            "summer" => Self::Season(6),
            "fall" | "autumn" => Self::Season(9),
            "winter" => Self::Season(12),
            _ => return None,
        })
    }

    /// `steps` units from the one that `day` is in: -1 is the last one, 1 the next.
    pub fn away(self, day: Date, steps: i32) -> Option<Days> {
        let within = |span: jiff::Span| day.checked_add(span).ok();
        match self {
            Self::Day => within(steps.days()).map(|day| (day, day)),
            Self::Week => week(within(steps.weeks())?),
            Self::Weekend => weekend(day, steps),
            Self::Month => Some(whole_month(within(steps.months())?)),
            Self::Year => whole_year(within(steps.years())?.year()),
            Self::On(weekday) => on(day, weekday, steps),
            Self::Season(first) => season(day, first, steps),
        }
    }
}

fn week(day: Date) -> Option<Days> {
    let back = i32::from(day.weekday().to_monday_zero_offset());
    let monday = day.checked_sub(back.days()).ok()?;
    Some((monday, monday.checked_add(6.days()).ok()?))
}

/// This weekend is the one of this week; on a weekend the last one is that of the week before.
fn weekend(day: Date, steps: i32) -> Option<Days> {
    let (_, sunday) = week(day.checked_add(steps.weeks()).ok()?)?;
    Some((sunday.checked_sub(1.days()).ok()?, sunday))
}

/// The last one is before today, the next one after it, "this" one within this week.
fn on(day: Date, weekday: Weekday, steps: i32) -> Option<Days> {
    let found = match steps {
        0 => {
            let (monday, _) = week(day)?;
            let offset = i32::from(weekday.to_monday_zero_offset());
            monday.checked_add(offset.days()).ok()?
        }
        steps => day.nth_weekday(steps, weekday).ok()?,
    };
    Some((found, found))
}

pub fn whole_month(day: Date) -> Days {
    (day.first_of_month(), day.last_of_month())
}

pub fn whole_year(year: i16) -> Option<Days> {
    Some((Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?))
}

/// The month of this name nearest to the day (of the last 8 months and the next 3), or the last or
/// next one.
pub fn month_near(day: Date, month: i8, steps: i32) -> Option<Days> {
    let ahead = i32::from(month) - i32::from(day.month());
    let years = match steps {
        0 if ahead > 3 => -1,
        0 if ahead < -8 => 1,
        0 => 0,
        steps if steps < 0 => -i32::from(ahead >= 0),
        _ => i32::from(ahead <= 0),
    };
    let year = i16::try_from(i32::from(day.year()) + years).ok()?;
    Some(whole_month(Date::new(year, month, 1).ok()?))
}

/// The day of this date nearest to the day it was said on.
pub fn day_near(said: Date, month: i8, day: i8) -> Option<Days> {
    let year = i32::from(said.year());
    let years = [year, year - 1, year + 1].into_iter();
    let days = years.filter_map(|year| Date::new(i16::try_from(year).ok()?, month, day).ok());
    let nearest = days.min_by_key(|day| (super::number(*day) - super::number(said)).abs())?;
    Some((nearest, nearest))
}

/// Three months; the last season of a name is the one that has ended.
fn season(day: Date, first: i8, steps: i32) -> Option<Days> {
    let of = |year: i32| {
        let from = Date::new(i16::try_from(year).ok()?, first, 1).ok()?;
        let to = from.checked_add(2.months()).ok()?.last_of_month();
        Some((from, to))
    };
    let year = i32::from(day.year());
    let mut seasons = [year - 2, year - 1, year, year + 1]
        .into_iter()
        .filter_map(of);
    match steps {
        steps if steps < 0 => seasons.rfind(|(_, to)| *to < day),
        0 => seasons.min_by_key(|(from, _)| (super::number(*from) - super::number(day)).abs()),
        _ => seasons.find(|(from, _)| *from > day),
    }
}
