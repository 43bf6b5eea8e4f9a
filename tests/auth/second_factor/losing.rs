//! Lost authenticators, lost recovery codes, and data in the wrong hands.

use std::fs;
use std::path::Path;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use totp_rs::Totp;

use super::{BEGIN, ENABLE, RECOVERY, ada_with_codes, code, is, login_with, state};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::process::Place;
use crate::support::records::told;

/// Whoever lost the authenticator gets in with a recovery code, however it is written, once each, and
/// is told of it; new ones replace the old.
#[tokio::test]
async fn recovery_codes() {
    let app = TestApp::new().await;
    let (ada, totp, codes) = ada_with_codes(&app).await;
    let spelled = codes[0].to_uppercase().replace('-', " ");
    is(&login_with(&app, &spelled).await, 200, "");
    is(&login_with(&app, &codes[0]).await, 401, "totp_invalid");
    is(&login_with(&app, "00000-00000").await, 401, "totp_invalid");
    assert_eq!(state(&ada).await["recovery_codes_left"], 9);
    assert_eq!(
        told(&app, "second_factor_changed"),
        2,
        "turned on, and used"
    );

    let wrong = ada
        .post(RECOVERY, &json!({"password": PASSWORD, "code": "000000"}))
        .await;
    is(&wrong, 422, "totp_invalid");
    assert!(wrong.body["fields"]["code"].is_string());
    let body = json!({"password": "not her password", "code": code(&app, &totp, 0)});
    is(&ada.post(RECOVERY, &body).await, 403, "password_wrong");
    let body = json!({"code": code(&app, &totp, 0)});
    is(&ada.post(RECOVERY, &body).await, 422, "password_missing");
    let body = json!({"password": PASSWORD, "code": code(&app, &totp, 0)});
    let new = ada.post(RECOVERY, &body).await;
    is(&new, 200, "");
    is(&ada.post(RECOVERY, &body).await, 422, "totp_invalid");
    assert_eq!(state(&ada).await["recovery_codes_left"], 10);
    is(&login_with(&app, &codes[1]).await, 401, "totp_invalid");
    let new = new.body["recovery_codes"][1].as_str().unwrap().to_owned();
    is(&login_with(&app, &new).await, 200, "");
    app.finish().await;
}

/// Whoever has a shell on the server lets somebody back in who lost everything: codes are off, all
/// sign-ins end.
#[tokio::test]
async fn the_operator_turns_codes_off() {
    let place = Place::new();
    let program = place.serve().await;
    let words = ["user", "create", "grace@example.org", "--password-stdin"];
    let made = place.run(&words, &format!("{PASSWORD}\n")).await;
    assert!(made.status.success(), "{made:?}");
    let grace = program.sign_in("grace@example.org").await;
    let reset = async |email: &str| {
        let output = place.run(&["user", "reset-second-factor", email], "").await;
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), said)
    };
    let (code, said) = reset("grace@example.org").await;
    assert_eq!(code, Some(1));
    assert!(said.contains("no second factor"), "{said}");

    let begun = grace.post(BEGIN, &json!({"password": PASSWORD})).await;
    let totp = Totp::from_url(begun.str("otpauth_url")).unwrap();
    let code = totp.generate_current().to_string();
    is(&grace.post(ENABLE, &json!({"code": code})).await, 200, "");
    let (code, said) = reset("GRACE@example.org").await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("grace@example.org"), "{said}");
    is(&grace.get("/api/auth/me").await, 401, "session_revoked");
    let grace = program.sign_in("grace@example.org").await;
    assert_eq!(state(&grace).await["enabled"], false);
    let (code, said) = reset("nobody@example.org").await;
    assert_eq!(code, Some(1));
    assert!(said.contains("There is no such account"), "{said}");
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![fs::read(&path).unwrap()]
            }
        })
        .collect()
}

/// Whoever gets hold of the rows has no codes: neither secret nor recovery codes stand in the data.
#[tokio::test]
async fn the_data_holds_no_codes() {
    let mut app = TestApp::new().await;
    let (_, totp, codes) = ada_with_codes(&app).await;
    is(&login_with(&app, &codes[0]).await, 200, "");
    app.settle().await;
    app.end();
    let files = files(app.folder());
    // As rows hold bytes: each by itself, with a mark before those from 128 on.
    let packed = |bytes: &[u8]| {
        let marked = bytes.iter().map(|byte| match byte {
            0..128 => vec![*byte],
            128.. => vec![0xcc, *byte],
        });
        marked.collect::<Vec<_>>().concat()
    };
    let holds = |bytes: &[u8]| {
        let mut files = files.iter();
        files.any(|file| file.windows(bytes.len()).any(|w| w == bytes))
    };
    assert!(holds(b"ada@example.org"), "the search finds what is there");
    assert!(!holds(totp.secret().as_bytes()), "the secret");
    assert!(!holds(&packed(totp.secret().as_bytes())), "the secret");
    assert!(
        !holds(totp.secret().to_base32().as_bytes()),
        "the secret in base 32"
    );
    for code in codes {
        let hash: [u8; 32] = Sha256::digest(code.replace('-', "")).into();
        assert!(!holds(&packed(&hash)), "a hash that could be tried out");
        assert!(!holds(code.as_bytes()), "{code}");
        assert!(!holds(code.replace('-', "").as_bytes()), "{code}");
    }
}
