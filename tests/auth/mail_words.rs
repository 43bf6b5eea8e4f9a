//! What the mails say, word for word.

use novacore::auth::{Actor, Event, LinkPurpose, Mail, MailPurpose, What};

use super::mail::{ada, queue, queue_event, queue_link};
use crate::support::app::TestApp;

/// Sends what was queued; the letter, without what differs from run to run.
async fn sent(app: &TestApp) -> String {
    app.run_jobs().await;
    let letter = app.smtp().last();
    let mut text = letter.text.replace(&app.app.base(), "BASE");
    if let Some((_, rest)) = text.split_once("token=") {
        let token = rest.split_whitespace().next().unwrap().to_owned();
        // 32 bytes, as base64.
        assert_eq!(token.len(), 43);
        text = text.replace(&token, "TOKEN");
    }
    format!("Subject: {}\n\n{}", letter.subject, text)
}

/// The two mails with a link say what it does, how long it is good, and what to do if one did not ask.
#[tokio::test]
async fn the_words_of_mails_with_links() {
    let app = TestApp::with_mail(|config| config.support.address = "help@example.org".into()).await;
    queue_link(&app, LinkPurpose::VerifyEmail).await;
    insta::assert_snapshot!(sent(&app).await, @r#"
    Subject: Verify your mail address

    Somebody, probably you, made an account with this mail address. Open the link to say that the address is yours.

    Verify the address:
    BASE/verify-email?token=TOKEN

    The link works once, for 24 hours: until 2 January 2026, 00:00 UTC.

    If that was not you, do nothing: without the link the account stays unverified.

    --
    You get this mail because an account there names this address.
    Sent by the NovaCore server at BASE.
    Questions: help@example.org
    "#);
    queue_link(&app, LinkPurpose::ResetPassword).await;
    insta::assert_snapshot!(sent(&app).await, @r#"
    Subject: Set a new password

    Somebody, probably you, asked to set a new password for your account. Until you open the link and choose one, your password stays as it is.

    Set a new password:
    BASE/reset-password#token=TOKEN

    The link works once, for 60 minutes: until 1 January 2026, 01:00 UTC. A newer one makes it void.

    If that was not you, do nothing and pass the link on to nobody. Nobody can sign in by asking for it.

    --
    You get this mail because you have an account there.
    Sent by the NovaCore server at BASE.
    Questions: help@example.org
    "#);
    app.finish().await;
}

/// What sets this notice apart, after what all of them have was found in it.
fn own_words(text: &str) -> String {
    let (said, end) = text.split_once("\n--\n").unwrap();
    assert!(
        end.contains("Sent by the NovaCore server at BASE."),
        "{text}"
    );
    assert!(end.contains("You get this mail because you ha"), "{text}");
    assert!(said.contains("\nIf "), "{text}");
    assert!(!text.contains('!') && !text.contains("token="), "{text}");
    let button = "See your account:\nBASE/account\n\nYou will be asked to sign in.\n\n";
    said.replace(button, "")
}

/// The words of notices that are about nothing but themselves.
async fn notices(purposes: impl IntoIterator<Item = MailPurpose>) -> String {
    let app = TestApp::with_mail(|_| {}).await;
    let ada = ada(&app).await;
    let mut said = vec![];
    for purpose in purposes {
        queue(&app, Mail::to(ada, purpose)).await;
        said.push(own_words(&sent(&app).await));
    }
    app.finish().await;
    said.join("\n=====\n")
}

/// A notice says what happened and when, and what to do if it was not them.
#[tokio::test]
async fn the_words_of_notices() {
    let said = notices([
        MailPurpose::AddressTaken,
        MailPurpose::PasswordChanged,
        MailPurpose::PasskeyAdded,
        MailPurpose::PasskeyRemoved,
        MailPurpose::FeedbackAnswered,
        MailPurpose::AccountDeleted,
    ]);
    insta::assert_snapshot!(said.await, @r#"
    Subject: You have an account already

    Somebody, probably you, tried to make an account with this mail address. There is one already, so nothing was made and nothing has changed.

    Sign in:
    BASE/login

    If you forgot your password, you can ask for a new one there.

    If that was not you, you need not do anything: whoever it was did not get into your account.

    =====
    Subject: Your password was changed

    The password of your account was changed on 1 January 2026, 00:00 UTC. All other sign-ins have ended.

    If that was not you, ask for a new password at once on the page where you sign in, then look through your sign-ins.

    =====
    Subject: A passkey was added

    A passkey was added to your account on 1 January 2026, 00:00 UTC. With it somebody can sign in without your password.

    If that was not you, remove it, change your password and end all other sign-ins.

    =====
    Subject: A passkey was removed

    A passkey was removed from your account on 1 January 2026, 00:00 UTC. Nobody can sign in with it any more.

    If that was not you, change your password and end all other sign-ins.

    =====
    Subject: Your feedback was answered

    An administrator answered the feedback that you gave. You find the answer beside your own words.

    If you gave no feedback, somebody else uses your account: change your password and end all other sign-ins.

    =====
    Subject: Your account is being deleted

    Your account was deleted on 1 January 2026, 00:00 UTC. You are signed out everywhere, and what you said and what was remembered is being erased.

    Backups that were made before keep it until they are replaced.

    If that was not you, tell whoever runs the server at once.
    "#);
}

/// Whose mail was looked at is told which one it was, and why that can be.
#[tokio::test]
async fn the_words_about_a_mail_that_was_shown() {
    let app = TestApp::with_mail(|_| {}).await;
    let ada = ada(&app).await;
    let shown = queue(&app, Mail::to(ada, MailPurpose::AccountDeleted)).await;
    // Two at once may come in any order.
    app.run_jobs().await;
    queue(&app, Mail::to(ada, MailPurpose::MailShown).about(shown)).await;
    insta::assert_snapshot!(own_words(&sent(&app).await), @r#"
    Subject: A mail to you was shown to an administrator

    On 1 January 2026, 00:00 UTC an administrator of the server looked at a mail that was written to you: the one about the end of your account.

    Administrators can do that, for example to give you a link that did not arrive. You are always told.

    If you did not ask for help, ask the administrator why, and change your password.
    "#);
    app.finish().await;
}

/// What tells of an event says from which address and with which browser it was.
#[tokio::test]
async fn the_words_about_events() {
    let app = TestApp::with_mail(|_| {}).await;
    let ada = ada(&app).await;
    let mut said = vec![];
    for (what, purpose) in [
        (What::SecondFactorOn, MailPurpose::SecondFactorChanged),
        (What::SecondFactorOff, MailPurpose::SecondFactorChanged),
        (What::RecoveryCodesMade, MailPurpose::SecondFactorChanged),
        (What::RecoveryCodeUsed, MailPurpose::SecondFactorChanged),
        (What::PasskeyAdded, MailPurpose::PasskeyAdded),
        (What::SignedIn, MailPurpose::NewSignIn),
    ] {
        let event = Event {
            address: Some("203.0.113.9".into()),
            device: Some("Firefox on Linux".into()),
            ..Event::new(&app.app, what, Actor::User(ada))
        };
        queue_event(&app, event, purpose).await;
        said.push(own_words(&sent(&app).await));
    }
    insta::assert_snapshot!(said.join("\n=====\n"), @r#"
    Subject: Your second factor was switched on

    A second factor was set up for your account: from now on a code is asked for beside your password.

    It was on 1 January 2026, 00:00 UTC, from the network address 203.0.113.9, with "Firefox on Linux".

    If that was not you, change your password at once and end all other sign-ins.

    =====
    Subject: Your second factor was switched off

    The second factor of your account was switched off: from now on your password alone is enough to sign in.

    It was on 1 January 2026, 00:00 UTC, from the network address 203.0.113.9, with "Firefox on Linux".

    If that was not you, change your password at once and end all other sign-ins.

    =====
    Subject: New recovery codes were made

    New recovery codes were made for your account. The ones before are void.

    It was on 1 January 2026, 00:00 UTC, from the network address 203.0.113.9, with "Firefox on Linux".

    If that was not you, change your password at once and end all other sign-ins.

    =====
    Subject: A recovery code was used

    Somebody signed in to your account with one of your recovery codes. That code is void now.

    It was on 1 January 2026, 00:00 UTC, from the network address 203.0.113.9, with "Firefox on Linux".

    If that was not you, change your password at once and end all other sign-ins.

    =====
    Subject: A passkey was added

    A passkey was added to your account on 1 January 2026, 00:00 UTC. With it somebody can sign in without your password.

    It was on 1 January 2026, 00:00 UTC, from the network address 203.0.113.9, with "Firefox on Linux".

    If that was not you, remove it, change your password and end all other sign-ins.

    =====
    Subject: A new sign-in to your account

    Somebody signed in to your account from a browser that was not seen before.

    It was on 1 January 2026, 00:00 UTC, from the network address 203.0.113.9, with "Firefox on Linux".

    If that was you, all is well. If not, change your password at once and end all other sign-ins.
    "#);
    app.finish().await;
}
