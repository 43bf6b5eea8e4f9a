//! Which addresses are the same, and that no two people's ever become one.

use serde::{Deserialize, Serialize};
use storage::Table;
use uuid::Uuid;

use super::{login, register};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::records::change;

const OTHER: &str = "another calm river";

/// U+212A, the sign for Kelvin, whose small form is the letter k.
const KELVIN: &str = "ni\u{212a}e@example.org";

/// A letter that only becomes one of ASCII by folding makes another address, with an account of its own.
#[tokio::test]
async fn a_letter_that_folds_to_ascii_is_another_letter() {
    let app = TestApp::new().await;
    assert_eq!(
        register(&app, "nike@example.org", PASSWORD).await.status,
        201
    );
    assert_eq!(login(&app, KELVIN, PASSWORD).await.status, 401);
    assert_eq!(register(&app, KELVIN, OTHER).await.status, 201);
    assert_eq!(login(&app, KELVIN, OTHER).await.status, 200);
    let nike = login(&app, " NIKE@Example.ORG", PASSWORD).await;
    assert_eq!(nike.body["user"]["email"], "nike@example.org");
    let again = register(&app, "Nike@example.org", PASSWORD).await;
    assert_eq!(again.code(), "email_taken");
    app.finish().await;
}

/// An address that would be shown as another one is none.
#[tokio::test]
async fn an_address_with_invisible_characters_is_refused() {
    let app = TestApp::new().await;
    for email in ["ada@ex\u{202e}ample.org", "a\u{200b}da@example.org"] {
        let refused = register(&app, email, PASSWORD).await;
        assert_eq!((refused.status, refused.code()), (422, "email_invalid"));
    }
    app.finish().await;
}

#[derive(Serialize, Deserialize)]
struct Key(Uuid);

impl storage::Record for Key {}

/// An account from when all letters were folded stands under another key. Its owner signs in with the
/// address as it was registered, nobody else gets it or another one with that address, and the address
/// is free when it is gone.
#[tokio::test]
async fn an_account_under_an_old_key_is_still_there() {
    const EMAILS: Table<String, Key> = Table::new("auth_emails");
    const STORED: &str = "\u{dc}nal\u{212a}@example.org";
    let app = TestApp::new().await;
    let ada = app.user("ada").await;
    let id: Uuid = ada.get("/api/auth/me").await.str("id").parse().unwrap();
    change(&app, &ada, |user| user.email = STORED.into()).await;
    let rekey = app.app.store.write(move |tx| {
        tx.delete(&EMAILS, &"ada@example.org".into())?;
        tx.put(&EMAILS, &"\u{fc}nalk@example.org".into(), &Key(id))
    });
    rekey.await.unwrap();
    for typed in [STORED, "\u{dc}NAL\u{212a}@Example.org"] {
        assert_eq!(login(&app, typed, PASSWORD).await.status, 200, "{typed}");
    }
    let look_alike = "\u{fc}nalk@example.org";
    assert_eq!(login(&app, look_alike, PASSWORD).await.status, 401);
    let taken = register(&app, STORED, OTHER).await;
    assert_eq!(taken.code(), "email_taken");
    let gone = ada
        .post(
            "/api/account/delete",
            &serde_json::json!({"password": PASSWORD}),
        )
        .await;
    assert_eq!(gone.status, 202, "{gone:?}");
    app.run_jobs().await;
    assert_eq!(register(&app, look_alike, OTHER).await.status, 201);
    assert_eq!(register(&app, STORED, OTHER).await.status, 201);
    app.finish().await;
}
