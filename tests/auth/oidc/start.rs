//! What is said at start of a service that cannot be used.

use crate::support::fake_ollama::FakeOllama;
use crate::support::process::Place;
use crate::support::provider::CLIENT;

/// A service that is away when NovaCore starts keeps nobody else from signing in, but is told of.
#[tokio::test]
async fn a_service_that_is_away_is_told_of() {
    // Nobody listens there.
    let away = FakeOllama::down();
    let mut place = Place::new();
    place.set("OIDC__ISSUER", &away.url());
    place.set("OIDC__CLIENT_ID", CLIENT);
    let mut program = place.serve().await;
    let warning = "nobody can sign in with the other service (oidc.issuer) just now; it is asked again when somebody tries";
    let line = program.logged(warning).await;
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["trouble"], "it cannot be reached");
    let health = program.nobody().get("/ready").await;
    assert_eq!(health.status, 200);
    program.terminate();
    program.ended().await;
}

/// Secrets do not travel unencrypted: such an issuer is refused at start, with what to write instead.
#[tokio::test]
async fn an_issuer_without_https_is_refused() {
    let mut place = Place::new();
    place.set("OIDC__ISSUER", "http://id.example.org");
    place.set("OIDC__CLIENT_ID", CLIENT);
    let ended = place.run(&["serve"], "").await;
    assert!(!ended.status.success());
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("it must begin with https://"), "{said}");
}
