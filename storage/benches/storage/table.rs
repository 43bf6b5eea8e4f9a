//! Tables in Markdown, medians and units.

use std::io::{Write, stdout};
use std::time::Duration;

use crate::engines::Outcome;

/// The middle one; of an even number the upper.
pub fn median<T: PartialOrd + Copy + Default>(figures: impl IntoIterator<Item = T>) -> T {
    let mut figures: Vec<T> = figures.into_iter().collect();
    figures.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

pub fn heading(columns: &[&str]) -> Outcome {
    row::<&str>(&[])?;
    row(columns)?;
    row(&vec!["---"; columns.len()])
}

/// A line of a table; without cells an empty line.
pub fn row<S: AsRef<str>>(cells: &[S]) -> Outcome {
    let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
    let line = if cells.is_empty() {
        String::new()
    } else {
        format!("| {} |", cells.join(" | "))
    };
    Ok(writeln!(stdout(), "{line}")?)
}

pub fn micros(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 10.0 {
        format!("{micros:.1} µs")
    } else {
        format!("{micros:.0} µs")
    }
}

pub fn millis(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1e3)
}

pub fn times(factor: f64) -> String {
    format!("{factor:.2}x")
}
