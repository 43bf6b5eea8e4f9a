//! The end of a turn: its reservation goes, and what it used is booked.
//!
//! Must stay true: both happen in the transaction that stores the end, and once; what the model server
//! reported is booked, and our plain count only where it reported nothing; a turn that failed before
//! anything came costs nothing.

use storage::WriteTx;
use uuid::Uuid;

use super::store::{self, Reservation};
use super::warning::{QuotaWarning, crossed, warn};
use crate::auth::{self, Limited};
use crate::billing::{Booking, Moment, Resource, amounts_of_day, book};
use crate::error::Result;
use crate::metrics;

/// What a turn came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// False: it failed before anything came.
    pub charged: bool,
    /// Tokens of the whole prompt as the model server reported them.
    pub prompt: Option<u32>,
    /// Tokens of the answer, thinking included, as it reported them.
    pub output: Option<u32>,
    /// Our plain count of the answer, thinking included.
    pub counted: u64,
    /// Whether the model itself came to an end.
    pub whole: bool,
}

/// What was booked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Charged {
    /// Tokens that the person pays for; none when it cost nothing.
    pub tokens: Option<u64>,
    /// What is to be told because of it.
    pub warnings: Vec<QuotaWarning>,
}

/// Amounts of one turn.
struct Bill {
    input: u64,
    output: u64,
    context: u64,
}

impl Bill {
    fn of(kept: &Reservation, spent: &Spent) -> Self {
        let reported = |tokens: Option<u32>| tokens.filter(|n| *n > 0).map(u64::from);
        let (input, context) = match reported(spent.prompt) {
            Some(prompt) => {
                let input = kept.input.min(prompt);
                (input, prompt - input)
            }
            None => (kept.input, kept.context),
        };
        Self {
            input,
            output: reported(spent.output).unwrap_or(spent.counted),
            context,
        }
    }
}

/// Books what a turn used, and frees what was reserved for it. Whatever was settled before is left alone.
pub fn settle(
    tx: &mut WriteTx<'_>,
    moment: Moment<'_>,
    (user, turn): (Uuid, Uuid),
    spent: &Spent,
) -> Result<Charged> {
    let Some(kept) = store::take(tx, user, turn)? else {
        return Ok(Charged::default());
    };
    learn(tx, &kept, spent)?;
    if !spent.charged {
        return Ok(Charged::default());
    }
    let bill = Bill::of(&kept, spent);
    let before = amounts_of_day(tx, user, kept.day)?;
    let booking = Booking {
        user,
        plan: kept.plan,
        source: Some(turn),
        day: kept.day,
        at: moment.now,
    };
    let signed = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX);
    let amounts = [
        (Resource::Messages, 1),
        (Resource::LlmTokensInput, signed(bill.input)),
        (Resource::LlmTokensOutput, signed(bill.output)),
        (Resource::LlmTokensContext, signed(bill.context)),
    ];
    book(tx, &booking, &amounts)?;
    let tokens = bill.input.saturating_add(bill.output);
    metrics::charged(tokens, 1);
    let mut warnings = Vec::new();
    let person = auth::user(tx, user)?.filter(|person| !person.erasing);
    if let Some(person) = person.filter(|_| kept.day == moment.day()) {
        let (after, limits) = (amounts_of_day(tx, user, kept.day)?, moment.limits(&person));
        for (what, before, after, limit) in [
            (
                Limited::Tokens,
                before.tokens(),
                after.tokens(),
                limits.tokens,
            ),
            (
                Limited::Messages,
                before.messages,
                after.messages,
                limits.messages,
            ),
        ] {
            let both = u64::try_from(before.max(0))
                .ok()
                .zip(u64::try_from(after).ok());
            let Some(((before, after), limit)) = both.zip(limit) else {
                continue;
            };
            if let Some(level) = crossed(before, after, limit) {
                let warning = QuotaWarning::new(what, level, (after, limit), moment);
                warn(tx, moment, &person, &warning)?;
                warnings.push(warning);
            }
        }
    }
    Ok(Charged {
        tokens: Some(tokens),
        warnings,
    })
}

/// Learns from a report how the model counts.
fn learn(tx: &mut WriteTx<'_>, kept: &Reservation, spent: &Spent) -> Result<()> {
    let Some((model, output)) = kept.model.as_deref().zip(spent.output) else {
        return Ok(());
    };
    let known = store::calibration(tx, Some(model))?;
    let now = known.with(u64::from(output), spent.counted, spent.whole);
    if now == known {
        return Ok(());
    }
    store::put_calibration(tx, model, now)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::billing::Day;

    fn kept(input: u64, context: u64) -> Reservation {
        Reservation {
            day: Day(1),
            plan: "free".into(),
            input,
            context,
            output: 0,
            model: None,
            at: Day(1).start(),
            written: None,
        }
    }

    proptest! {
        /// A report stands to the token: input and context make the reported prompt, the output is the
        /// reported one; only what is missing or 0 is our count.
        #[test]
        fn the_report_stands(
            (input, context, counted) in (0..5000_u64, 0..9000_u64, 0..5000_u64),
            prompt in prop::option::of(0..20_000_u32),
            output in prop::option::of(0..20_000_u32),
        ) {
            let spent = Spent { charged: true, prompt, output, counted, whole: true };
            let bill = Bill::of(&kept(input, context), &spent);
            match prompt {
                Some(prompt) if prompt > 0 => {
                    prop_assert_eq!(bill.input + bill.context, u64::from(prompt));
                    prop_assert_eq!(bill.input, input.min(u64::from(prompt)));
                }
                _ => prop_assert_eq!((bill.input, bill.context), (input, context)),
            }
            match output {
                Some(output) if output > 0 => prop_assert_eq!(bill.output, u64::from(output)),
                _ => prop_assert_eq!(bill.output, counted),
            }
        }
    }
}
