//! Adding passkeys, and what guards it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ORIGIN, add, begin, challenge, enrol, home, is, list};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::authenticator::Authenticator;

/// The options are exactly what browsers read by `parseCreationOptionsFromJSON`: a key that the
/// authenticator can find by itself, and its owner verified each time.
#[tokio::test]
async fn the_options_are_what_browsers_read() {
    let app = home().await;
    let ada = app.user("ada").await;
    enrol(&ada, 1).await;
    let mut begun = begin(&ada).await;
    assert_eq!(length(&begun["options"]["publicKey"]["challenge"]), 43);
    assert_eq!(length(&begun["options"]["publicKey"]["user"]["id"]), 22);
    let ceremony: uuid::Uuid = begun["ceremony"].as_str().unwrap().parse().unwrap();
    assert_eq!(ceremony.get_version_num(), 4);
    begun["options"]["publicKey"]["challenge"] = "(32 bytes)".into();
    begun["options"]["publicKey"]["user"]["id"] = "(16 bytes)".into();
    insta::assert_json_snapshot!(begun["options"], @r#"
    {
      "publicKey": {
        "attestation": "none",
        "authenticatorSelection": {
          "requireResidentKey": true,
          "residentKey": "required",
          "userVerification": "required"
        },
        "challenge": "(32 bytes)",
        "excludeCredentials": [
          {
            "id": "S_USLzRFVMU73i67jNK349FgCtYxw4Wl18ziPHeFRZo",
            "type": "public-key"
          }
        ],
        "extensions": {
          "credProps": true,
          "credentialProtectionPolicy": "userVerificationRequired",
          "enforceCredentialProtectionPolicy": false,
          "uvm": true
        },
        "pubKeyCredParams": [
          {
            "alg": -7,
            "type": "public-key"
          },
          {
            "alg": -35,
            "type": "public-key"
          },
          {
            "alg": -257,
            "type": "public-key"
          }
        ],
        "rp": {
          "id": "nova.example.org",
          "name": "NovaCore"
        },
        "timeout": 300000,
        "user": {
          "displayName": "ada@example.org",
          "id": "(16 bytes)",
          "name": "ada@example.org"
        }
      }
    }
    "#);
    app.finish().await;
}

fn length(text: &Value) -> usize {
    text.as_str().unwrap().len()
}

/// The same of those for signing in, by `parseRequestOptionsFromJSON`: any key, its owner verified.
#[tokio::test]
async fn the_options_to_sign_in_are_what_browsers_read() {
    let app = home().await;
    let mut begun = challenge(&app).await;
    assert_eq!(length(&begun["options"]["publicKey"]["challenge"]), 43);
    begun["options"]["publicKey"]["challenge"] = "(32 bytes)".into();
    insta::assert_json_snapshot!(begun["options"], @r#"
    {
      "publicKey": {
        "allowCredentials": [],
        "challenge": "(32 bytes)",
        "extensions": {
          "uvm": true
        },
        "rpId": "nova.example.org",
        "timeout": 300000,
        "userVerification": "required"
      }
    }
    "#);
    app.finish().await;
}

/// Adding needs a verified address, the password, a name, and room; the same authenticator is not
/// added twice.
#[tokio::test]
async fn adding_is_guarded() {
    let app = home().await;
    let bob = app.unverified("bob").await;
    let body = json!({"password": PASSWORD});
    is(
        &bob.post("/api/auth/passkeys/begin", &body).await,
        403,
        "email_unverified",
    );
    let none = json!("019b76da-a800-4000-8000-000000000000");
    is(
        &add(&bob, &none, "Mine", &json!({})).await,
        403,
        "email_unverified",
    );

    let ada = app.user("ada").await;
    let wrong = json!({"password": "not her password"});
    is(
        &ada.post("/api/auth/passkeys/begin", &wrong).await,
        403,
        "password_wrong",
    );
    is(
        &ada.post("/api/auth/passkeys/begin", &json!({})).await,
        422,
        "password_missing",
    );

    let mut key = Authenticator::new(1, ORIGIN);
    let begun = begin(&ada).await;
    let credential = key.create(&begun["options"]);
    for name in ["", "  ", "a\nb", &"x".repeat(61)] {
        is(
            &add(&ada, &begun["ceremony"], name, &credential).await,
            422,
            "name_invalid",
        );
    }
    is(
        &add(&ada, &begun["ceremony"], &"ü".repeat(60), &credential).await,
        201,
        "",
    );
    let begun = begin(&ada).await;
    assert_eq!(
        begun["options"]["publicKey"]["excludeCredentials"][0]["id"],
        credential["id"]
    );
    let again = key.create(&begun["options"]);
    is(
        &add(&ada, &begun["ceremony"], "Again", &again).await,
        422,
        "passkey_invalid",
    );

    for number in 2..=20 {
        enrol(&ada, number).await;
    }
    is(
        &ada.post("/api/auth/passkeys/begin", &body).await,
        409,
        "passkeys_full",
    );
    assert_eq!(list(&ada).await.len(), 20);
    app.finish().await;
}

/// What an authenticator made counts for the challenge it was made for, once, within five minutes, in
/// the sign-in that asked, at our address, and with its owner verified.
#[tokio::test]
async fn a_new_passkey_must_answer_its_challenge() {
    let app = home().await;
    let ada = app.user("ada").await;
    let elsewhere = app.user("ada").await;
    let bob = app.user("bob").await;
    let fresh = || Authenticator::new(1, ORIGIN);

    let (first, second) = (begin(&ada).await, begin(&ada).await);
    let credential = fresh().create(&first["options"]);
    is(
        &add(&ada, &second["ceremony"], "Swapped", &credential).await,
        422,
        "passkey_invalid",
    );
    for other in [&bob, &elsewhere] {
        let begun = begin(&ada).await;
        let credential = fresh().create(&begun["options"]);
        is(
            &add(other, &begun["ceremony"], "Not theirs", &credential).await,
            422,
            "passkey_invalid",
        );
    }
    let mut wrong = fresh();
    wrong.origin = "https://nova.example.com".into();
    let mut unverified = fresh();
    unverified.verifies = false;
    for mut key in [wrong, unverified] {
        let begun = begin(&ada).await;
        let credential = key.create(&begun["options"]);
        is(
            &add(&ada, &begun["ceremony"], "Wrong", &credential).await,
            422,
            "passkey_invalid",
        );
    }
    let begun = begin(&ada).await;
    is(
        &add(&ada, &begun["ceremony"], "Nothing", &json!({"id": 1})).await,
        422,
        "passkey_invalid",
    );

    let begun = begin(&ada).await;
    app.advance(Duration::from_mins(5));
    let late = fresh().create(&begun["options"]);
    is(
        &add(&ada, &begun["ceremony"], "Late", &late).await,
        422,
        "passkey_invalid",
    );
    assert_eq!(list(&ada).await, Vec::<Value>::new());

    let begun = begin(&ada).await;
    app.advance(Duration::from_secs(299));
    let credential = fresh().create(&begun["options"]);
    is(
        &add(&ada, &begun["ceremony"], "In time", &credential).await,
        201,
        "",
    );
    is(
        &add(&ada, &begun["ceremony"], "Again", &credential).await,
        422,
        "passkey_invalid",
    );
    assert_eq!(list(&ada).await.len(), 1);
    app.finish().await;
}

/// Browsers offer passkeys under a host name by https, and on the machine itself; elsewhere the
/// program does not pretend to.
#[tokio::test]
async fn passkeys_need_a_name_and_https() {
    for (url, on) in [
        ("", true),
        ("http://localhost:9000", true),
        ("http://nova.localhost", true),
        ("https://nova.example.org", true),
        ("https://nova.example.org:8443/", true),
        ("http://nova.example.org", false),
        ("http://192.168.1.5:5000", false),
        ("https://192.168.1.5", false),
        ("https://[2001:db8::1]", false),
    ] {
        let app = TestApp::fresh(|config| config.server.public_url = url.into()).await;
        let options = app.nobody().get("/api/auth/options").await.body;
        assert_eq!(options["passkeys"], on, "{url}");
        let begun = app
            .nobody()
            .post("/api/auth/passkey/begin", &json!({}))
            .await;
        if on {
            is(&begun, 200, "");
        } else {
            is(&begun, 409, "passkeys_off");
        }
        app.finish().await;
    }
}
