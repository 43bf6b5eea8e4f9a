//! What somebody is told whose day is used up.

use crate::billing::Moment;
use crate::error::Error;
use crate::metrics;

/// Seconds after which to ask again for what does not come back by itself.
const AN_HOUR: u64 = 3600;

pub fn messages(moment: Moment<'_>, most: u64) -> Error {
    metrics::quota_refused("messages");
    refuse(
        moment,
        format!(
            "You have sent all of today's {} messages. They start again at midnight (UTC).",
            grouped(most)
        ),
    )
}

/// `used` are booked already; a message needs `needed` with the shortest answer.
pub fn tokens(moment: Moment<'_>, most: u64, used: u64, needed: u64) -> Error {
    metrics::quota_refused("tokens");
    let (left, all) = (most.saturating_sub(used), grouped(most));
    let said = if left == 0 {
        format!("Today's {all} tokens are used up. They start again at midnight (UTC).")
    } else if left < needed {
        format!(
            "This message needs at least {} tokens, and {} of today's {all} are left. Shorten it, or wait until midnight (UTC).",
            grouped(needed),
            grouped(left)
        )
    } else {
        format!(
            "What is left of today's {all} tokens is held for answers that are being written. Wait for one to end, or stop one."
        )
    };
    refuse(moment, said)
}

/// Nothing more can be remembered; time alone does not change that.
pub fn memory(moment: Moment<'_>, most: u64) -> Error {
    metrics::quota_refused("memory");
    let mut message = format!(
        "There is no room left for this: your plan has room for {} bytes of memory. Forget something first.",
        grouped(most)
    );
    if moment.app.config.billing.enabled {
        message += " See Plans for more.";
    }
    Error::TooMany {
        code: "quota_exceeded",
        message,
        retry_after: AN_HOUR,
        resets_at: None,
    }
}

fn refuse(moment: Moment<'_>, mut message: String) -> Error {
    if moment.app.config.billing.enabled {
        message += " See Plans for more.";
    }
    let resets_at = moment.day().end();
    // Rounded up: a second too early is refused again.
    let wait = resets_at.as_second().saturating_sub(moment.now.as_second());
    Error::TooMany {
        code: "quota_exceeded",
        message,
        retry_after: u64::try_from(wait).unwrap_or(0),
        resets_at: Some(resets_at),
    }
}

/// With commas, as people read large numbers.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Large numbers are told so that they can be read.
    #[test]
    fn numbers_are_grouped() {
        let shown = [0, 999, 1000, 20_000, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "20,000", "1,234,567"]);
    }
}
