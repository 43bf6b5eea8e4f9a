//! What never stands in the log or on the disk.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::process::Place;
use crate::support::provider::{CLIENT, Provider, SECRET, Signed};
use crate::support::surfer::Surfer;

/// Every byte of every file below a folder.
fn everything(folder: &Path) -> Vec<u8> {
    let mut bytes = vec![];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(everything(&path));
        } else {
            bytes.extend(fs::read(&path).unwrap_or_default());
        }
    }
    bytes
}

/// Signs in by the provider, and fails to in several ways; what was secret on the way.
async fn travel(provider: &Provider, url: &str) -> Vec<String> {
    let surfer = Surfer::at(url);
    let mut secrets = vec![];
    for signed in [Signed::Well, Signed::ByAnother] {
        provider.script(|script| script.signed = signed);
        let there = surfer.set_out(false).await;
        secrets.extend(surfer.cookie("novacore-oidc"));
        let back = surfer.visit(&there).await;
        let state = back.split_once("&state=").unwrap().1;
        secrets.push(state.to_owned());
        let nonce = there.split_once("nonce=").unwrap().1;
        secrets.push(nonce.split('&').next().unwrap().to_owned());
        surfer.arrive(&back).await;
    }
    for error in ["temporarily_unavailable", "periwinkle <b>words</b>"] {
        provider.script(|script| script.error = Some(error));
        surfer.travel(false).await;
    }
    surfer
        .sent_to("/api/auth/oidc/callback?code=gentian&state=gentian")
        .await;
    surfer
        .post("/api/auth/oidc/second-factor", &json!({"totp": "123456"}))
        .await;
    secrets
}

/// Codes, tokens, states and the client's secret are neither logged nor stored, and what the provider
/// says of a failure comes down to its code.
#[tokio::test]
async fn nothing_of_the_way_is_kept() {
    let provider = Provider::start();
    let mut place = Place::new();
    place.set("OIDC__ISSUER", &provider.url());
    place.set("OIDC__CLIENT_ID", CLIENT);
    place.set("OIDC__CLIENT_SECRET", SECRET);
    let mut program = place.serve().await;
    let link = fs::read_to_string(place.data().join("setup-link")).unwrap();
    let token = link.trim().split_once('#').unwrap().1.to_owned();
    let body =
        json!({"token": token, "email": "grace@example.org", "password": "a calm river bank"});
    assert_eq!(
        program.nobody().post("/api/auth/setup", &body).await.status,
        201
    );
    let mut secrets = travel(&provider, &program.url).await;
    // The person's name there is not needed here; the rest stands in what was given out.
    secrets.extend(provider.secrets());
    secrets
        .extend(["ada-there", "marigold", "periwinkle", "gentian", "hibiscus"].map(str::to_owned));
    program.terminate();
    program.ended().await;

    let log = program.log();
    assert!(log.contains("temporarily_unavailable"), "{log}");
    assert!(log.contains("proves nothing"), "{log}");
    let stored = everything(&place.data());
    assert!(secrets.len() > 10);
    for secret in &secrets {
        assert!(!log.contains(secret.as_str()), "{secret} in\n{log}");
        let found = stored
            .windows(secret.len())
            .any(|bytes| bytes == secret.as_bytes());
        assert!(!found, "{secret} is stored");
    }
    let verified = stored.windows(15).any(|bytes| bytes == b"ada@example.org");
    assert!(verified, "the reading finds what is there");
}
