//! Removing passkeys: somebody can always sign in to the account afterwards, and its owner is told.

use super::{PASSKEYS, enrol, home, is, list};
use crate::support::app::TestApp;
use crate::support::records::{change, told};
use crate::support::surfer::Surfer;

/// Where a passkey is the only way in, it stays; with another one, or a password, it can go, and its
/// owner is told by mail.
#[tokio::test]
async fn the_last_way_in_stays() {
    let app = home().await;
    let ada = app.user("ada").await;
    enrol(&ada, 1).await;
    enrol(&ada, 2).await;
    change(&app, &ada, |ada| ada.password_hash.clear()).await;
    let ids = list(&ada).await.into_iter();
    let ids = ids.map(|passkey| passkey["id"].as_str().unwrap().to_owned());
    let paths: Vec<_> = ids.map(|id| format!("{PASSKEYS}/{id}")).collect();
    is(&ada.delete(&paths[0]).await, 204, "");
    assert_eq!(told(&app, "passkey_removed"), 1);
    is(&ada.delete(&paths[1]).await, 409, "last_way_in");
    assert_eq!(
        (list(&ada).await.len(), told(&app, "passkey_removed")),
        (1, 1)
    );
    change(&app, &ada, |ada| ada.password_hash = "some".into()).await;
    is(&ada.delete(&paths[1]).await, 204, "");
    app.finish().await;
}

/// Another service that is tied to the account is a way in, too.
#[tokio::test]
async fn another_service_is_a_way_in() {
    let (app, _provider) = TestApp::with_provider(|_| {}).await;
    let ada = app.user("ada").await;
    let id = crate::support::authenticator::passkey(&ada).await;
    let end = Surfer::new(&app).signed_in(&ada).travel(true).await;
    assert_eq!(end, "/account#linked");
    change(&app, &ada, |ada| ada.password_hash.clear()).await;
    is(&ada.delete(&format!("{PASSKEYS}/{id}")).await, 204, "");
    app.finish().await;
}
