//! The words of each mail: calm, to one person, saying what happened, why they are told, and what to
//! do if it was not them.
//!
//! Must stay true: nothing is decided here and nothing is read; what people typed comes in as it is
//! and is made harmless by the templates.

use jiff::Timestamp;

use crate::auth::audit::{Event, What};

/// What a mail says, before it is laid out.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    pub subject: String,
    /// A paragraph each.
    pub says: Vec<String>,
    pub action: Option<Action>,
    /// What to do if it was not them.
    pub otherwise: String,
    /// Why they get this mail.
    pub why: String,
}

/// A link, and how long it is good.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    pub label: &'static str,
    pub link: String,
    pub limits: String,
}

pub(super) const HAS_ACCOUNT: &str = "You get this mail because you have an account there.";

/// A moment as people write it.
pub(super) fn on(at: Timestamp) -> String {
    let at = at.to_zoned(jiff::tz::TimeZone::UTC);
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// A notice about an account: `says`, and a link to where it can be looked at.
fn notice(subject: &str, says: Vec<String>, page: String, otherwise: &str) -> Words {
    Words {
        subject: subject.into(),
        says,
        action: Some(Action {
            label: "See your account",
            link: page,
            limits: "You will be asked to sign in.".into(),
        }),
        otherwise: otherwise.into(),
        why: HAS_ACCOUNT.into(),
    }
}

pub fn verify_email(link: String, until: Timestamp) -> Words {
    Words {
        subject: "Verify your mail address".into(),
        says: vec![
            "Somebody, probably you, made an account with this mail address. Open the link to say that the address is yours.".into(),
        ],
        action: Some(Action {
            label: "Verify the address",
            link,
            limits: format!("The link works once, for 24 hours: until {}.", on(until)),
        }),
        otherwise: "If that was not you, do nothing: without the link the account stays unverified.".into(),
        why: "You get this mail because an account there names this address.".into(),
    }
}

pub fn reset_password(link: String, until: Timestamp) -> Words {
    Words {
        subject: "Set a new password".into(),
        says: vec![
            "Somebody, probably you, asked to set a new password for your account. Until you open the link and choose one, your password stays as it is.".into(),
        ],
        action: Some(Action {
            label: "Set a new password",
            link,
            limits: format!("The link works once, for 60 minutes: until {}. A newer one makes it void.", on(until)),
        }),
        otherwise: "If that was not you, do nothing and pass the link on to nobody. Nobody can sign in by asking for it.".into(),
        why: HAS_ACCOUNT.into(),
    }
}

pub fn invitation(link: String, until: Timestamp, known_limits: &[String]) -> Words {
    let mut says = vec![
        "You are invited to make an account on a NovaCore server: an AI companion that remembers what you tell it, on a machine its owner looks after.".to_owned(),
    ];
    if !known_limits.is_empty() {
        says.push("Good to know beforehand:".into());
        says.extend(known_limits.iter().cloned());
    }
    Words {
        subject: "You are invited to NovaCore".into(),
        says,
        action: Some(Action {
            label: "Accept the invitation",
            link,
            limits: format!("The invitation is good until {}.", on(until)),
        }),
        otherwise: "If you do not want an account, do nothing; none is made without you.".into(),
        why: "You get this mail because an administrator of that server entered your address."
            .into(),
    }
}

pub fn address_taken(base: &str) -> Words {
    Words {
        subject: "You have an account already".into(),
        says: vec![
            "Somebody, probably you, tried to make an account with this mail address. There is one already, so nothing was made and nothing has changed.".into(),
        ],
        action: Some(Action {
            label: "Sign in",
            link: format!("{base}/login"),
            limits: "If you forgot your password, you can ask for a new one there.".into(),
        }),
        otherwise: "If that was not you, you need not do anything: whoever it was did not get into your account.".into(),
        why: HAS_ACCOUNT.into(),
    }
}

pub fn password_changed(base: &str, at: Timestamp, event: Option<&Event>) -> Words {
    let says = format!(
        "The password of your account was changed on {}. All other sign-ins have ended.",
        on(at)
    );
    // Who lost the password to somebody else must know what else that person may have left.
    let by_mail = event.is_some_and(|event| event.what == What::PasswordReset);
    let left = by_mail.then(|| {
        "Your API tokens were removed. Passkeys and other services that are tied to your account still open it: look through them.".to_owned()
    });
    notice(
        "Your password was changed",
        [says]
            .into_iter()
            .chain(left)
            .chain(event.map(from_where))
            .collect(),
        format!("{base}/account"),
        "If that was not you, ask for a new password at once on the page where you sign in, then look through your sign-ins.",
    )
}

pub fn second_factor_changed(base: &str, event: &Event) -> Words {
    let (subject, what) = match event.what {
        What::SecondFactorOff => (
            "Your second factor was switched off",
            "The second factor of your account was switched off: from now on your password alone is enough to sign in.",
        ),
        What::RecoveryCodesMade => (
            "New recovery codes were made",
            "New recovery codes were made for your account. The ones before are void.",
        ),
        What::RecoveryCodeUsed => (
            "A recovery code was used",
            "Somebody signed in to your account with one of your recovery codes. That code is void now.",
        ),
        _ => (
            "Your second factor was switched on",
            "A second factor was set up for your account: from now on a code is asked for beside your password.",
        ),
    };
    let says = vec![what.to_owned(), from_where(event)];
    let otherwise = "If that was not you, change your password at once and end all other sign-ins.";
    notice(subject, says, format!("{base}/account"), otherwise)
}

pub fn passkey_added(base: &str, at: Timestamp, event: Option<&Event>) -> Words {
    let says = format!(
        "A passkey was added to your account on {}. With it somebody can sign in without your password.",
        on(at)
    );
    notice(
        "A passkey was added",
        [says].into_iter().chain(event.map(from_where)).collect(),
        format!("{base}/account"),
        "If that was not you, remove it, change your password and end all other sign-ins.",
    )
}

pub fn passkey_removed(base: &str, at: Timestamp, event: Option<&Event>) -> Words {
    let says = format!(
        "A passkey was removed from your account on {}. Nobody can sign in with it any more.",
        on(at)
    );
    notice(
        "A passkey was removed",
        [says].into_iter().chain(event.map(from_where)).collect(),
        format!("{base}/account"),
        "If that was not you, change your password and end all other sign-ins.",
    )
}

pub fn access_added(base: &str, event: &Event) -> Words {
    let name = event.detail.as_deref().unwrap_or("without a name");
    let says = match event.what {
        What::IdentityLinked => format!(
            "Another service, \"{name}\", was tied to your account. With it somebody can sign in without your password."
        ),
        _ => format!(
            "An API token, \"{name}\", was made for your account. A program that has it can act for you."
        ),
    };
    notice(
        "A new way into your account",
        vec![says, from_where(event)],
        format!("{base}/account/security"),
        "If that was not you, remove it, change your password and end all other sign-ins.",
    )
}

pub fn new_sign_in(base: &str, event: &Event) -> Words {
    let says = vec![
        "Somebody signed in to your account from a browser that was not seen before.".to_owned(),
        from_where(event),
    ];
    notice(
        "A new sign-in to your account",
        says,
        format!("{base}/account"),
        "If that was you, all is well. If not, change your password at once and end all other sign-ins.",
    )
}

/// When, from which address and by which browser something was done.
fn from_where(event: &Event) -> String {
    let address = event.address.as_ref().map(|address| {
        let address = plain(address);
        format!(", from the network address {address}")
    });
    let device = event.device.as_ref().map(|device| {
        let device = plain(device);
        format!(", with \"{device}\"")
    });
    let (address, device) = (address.unwrap_or_default(), device.unwrap_or_default());
    format!("It was on {}{address}{device}.", on(event.at))
}

/// What somebody else chose: in one line, and not longer than one reads.
fn plain(text: &str) -> String {
    let text = text.chars().filter(|c| !c.is_control());
    text.take(200).collect()
}

/// `about` is what the mail that was shown is for.
pub fn mail_shown(base: &str, about: &str, at: Timestamp) -> Words {
    let says = vec![
        format!(
            "On {} an administrator of the server looked at a mail that was written to you: {about}.",
            on(at)
        ),
        "Administrators can do that, for example to give you a link that did not arrive. You are always told.".into(),
    ];
    notice(
        "A mail to you was shown to an administrator",
        says,
        format!("{base}/account"),
        "If you did not ask for help, ask the administrator why, and change your password.",
    )
}

pub fn feedback_answered(base: &str) -> Words {
    notice(
        "Your feedback was answered",
        vec!["An administrator answered the feedback that you gave. You find the answer beside your own words.".into()],
        format!("{base}/account"),
        "If you gave no feedback, somebody else uses your account: change your password and end all other sign-ins.",
    )
}

pub fn account_deleted(at: Timestamp) -> Words {
    Words {
        subject: "Your account is being deleted".into(),
        says: vec![
            format!(
                "Your account was deleted on {}. You are signed out everywhere, and what you said and what was remembered is being erased.",
                on(at)
            ),
            "Backups that were made before keep it until they are replaced.".into(),
        ],
        action: None,
        otherwise: "If that was not you, tell whoever runs the server at once.".into(),
        why: "You get this mail because you had an account there; it is the last one.".into(),
    }
}

pub fn test() -> Words {
    Words {
        subject: "A test of the mail server".into(),
        says: vec![
            "This is a test. When you can read it, the server can send mail.".into(),
        ],
        action: None,
        otherwise: "If you expected no such mail, you need not do anything.".into(),
        why: "You get this mail because whoever looks after that server entered your address to test it."
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever is invited learns what to, what to know beforehand, until when, and that they need not.
    #[test]
    fn an_invitation_says_what_to_know() {
        let until: Timestamp = "2026-01-15T00:00:00Z".parse().expect("a moment");
        let limits = ["Answers take a while.".to_owned()];
        let link = "http://localhost/register#invitation=abc";
        let words = invitation(link.into(), until, &limits);
        assert_eq!(words.says.last(), Some(&limits[0]));
        let action = words.action.expect("a link");
        assert_eq!(action.link, link);
        assert!(action.limits.contains("until 15 January 2026, 00:00 UTC"));
        assert!(words.otherwise.contains("do nothing"));
        assert!(words.why.contains("an administrator"));
        assert_eq!(invitation(link.into(), until, &[]).says.len(), 1);
    }
}
