//! The words of the mails about what a plan holds, and about paying for it.
//!
//! Must stay true: as in `words`; and of money nothing but whether it came: sums stand in the invoice.

use jiff::Timestamp;

use super::facts::Limited;
use super::words::{Action, HAS_ACCOUNT, Words, on};

const SIGN_IN: &str = "You will be asked to sign in.";
const STAYS: &str = "What you said and what is remembered stays.";

fn words(
    subject: impl Into<String>,
    says: Vec<String>,
    (label, link): (&'static str, String),
    otherwise: &str,
) -> Words {
    Words {
        subject: subject.into(),
        says,
        action: Some(Action {
            label,
            link,
            limits: SIGN_IN.into(),
        }),
        otherwise: otherwise.into(),
        why: HAS_ACCOUNT.into(),
    }
}

pub fn quota_warning(base: &str, what: Limited, level: u8, resets_at: Option<Timestamp>) -> Words {
    let all = level >= 100;
    let again = resets_at.map(on);
    let (subject, says) = match (what, all) {
        (Limited::Tokens, _) => a_day("tokens", level, again),
        (Limited::Messages, _) => a_day("messages", level, again),
        (Limited::Memory, false) => (
            format!("{level} % of the room for memories is used"),
            vec![
                format!("You have used {level} % of the room for memories that your plan gives you."),
                "When it is full, Nova answers as before but remembers nothing new. You make room by forgetting what you no longer need.".into(),
            ],
        ),
        (Limited::Memory, true) => (
            "The room for memories is full".into(),
            vec![
                "You have used all the room for memories that your plan gives you. Nova answers as before, but what is said now is not remembered.".into(),
                "You make room by forgetting what you no longer need.".into(),
            ],
        ),
    };
    words(
        subject,
        says,
        ("See what you used", format!("{base}/usage")),
        "If you did not use that much, somebody else may use your account: change your password and end all other sign-ins.",
    )
}

/// About what is counted by the day.
fn a_day(what: &str, level: u8, again: Option<String>) -> (String, Vec<String>) {
    if level >= 100 {
        let until = again.map(|at| format!(" from {at}")).unwrap_or_default();
        let says = vec![
            format!("You have used all the {what} that your plan allows a day."),
            format!(
                "New messages are answered again{until}. Until then you can read, search and export everything as before."
            ),
        ];
        return (format!("Today's {what} are used up"), says);
    }
    let again = again.map(|at| format!(" They start again at {at}."));
    let says = vec![format!(
        "You have used {level} % of the {what} that your plan allows a day.{}",
        again.unwrap_or_default()
    )];
    (format!("{level} % of today's {what} are used"), says)
}

/// `plan` and what comes `after` it, as people read them.
pub fn trial_ending(base: &str, plan: &str, until: Timestamp, after: &str) -> Words {
    let says = vec![
        format!("You can try the plan {plan} until {}.", on(until)),
        format!(
            "From then on the plan {after} counts. You need not do anything, and nothing is charged. {STAYS}"
        ),
    ];
    words(
        format!("Your trial of {plan} ends soon"),
        says,
        ("See the plans", format!("{base}/plans")),
        &format!("If you want to keep {plan}, choose it on that page."),
    )
}

pub fn subscription_started(base: &str, plan: &str) -> Words {
    let says = vec![
        format!("Your subscription to the plan {plan} has begun. Its limits count from now on."),
        "It is renewed by itself until you cancel it. You can do so on the page below, where you find your invoices, too.".into(),
    ];
    words(
        format!("Your plan is {plan} now"),
        says,
        ("See your plan", format!("{base}/plans")),
        "If you did not subscribe, cancel it on that page, change your password, and tell whoever runs the server.",
    )
}

/// `holds`: until when the plan holds all the same, and the plan that counts then.
pub fn payment_failed(base: &str, plan: &str, holds: Option<&(Timestamp, String)>) -> Words {
    let mut says = vec![format!(
        "A payment for your plan, {plan}, did not go through."
    )];
    says.extend(holds.map(|(until, after)| {
        format!(
            "The plan holds until {} all the same. If nothing is paid by then, the plan {after} counts. {STAYS}",
            on(*until)
        )
    }));
    says.push("Usually the payment is tried again by itself. You can change how you pay, for example when a card has run out.".into());
    words(
        "A payment did not go through",
        says,
        ("Change how you pay", format!("{base}/plans")),
        "If you have paid meanwhile, you need not do anything.",
    )
}

/// `now` is the plan that counts.
pub fn subscription_ended(base: &str, plan: &str, now: &str) -> Words {
    let says = vec![
        format!("Your subscription to the plan {plan} has ended, and nothing more is charged."),
        format!("The plan {now} counts from now on. {STAYS}"),
    ];
    words(
        format!("Your subscription to {plan} has ended"),
        says,
        ("See the plans", format!("{base}/plans")),
        "If you did not cancel it, a payment may not have gone through. You can subscribe again at any time.",
    )
}
