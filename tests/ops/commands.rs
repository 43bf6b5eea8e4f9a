//! The commands of the shell, by the real binary.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use serde_json::json;

use crate::support::app::PASSWORD;
use crate::support::process::Place;

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

async fn create(place: &Place, email: &str, more: &[&str], password: &str) -> Output {
    let mut words = vec!["user", "create", email, "--password-stdin"];
    words.extend(more);
    place.run(&words, &format!("{password}\n")).await
}

/// An account can be made while the server runs, over a socket that only its user can reach.
#[tokio::test]
async fn an_account_is_made_while_the_server_runs() {
    let place = Place::new();
    let program = place.serve().await;
    assert_eq!(mode(&place.path().join("data.sock")), 0o600);
    let link = place.data().join("setup-link");
    assert_eq!(mode(&link), 0o600);

    let made = create(&place, "grace@example.org", &["--admin"], PASSWORD).await;
    assert_eq!(made.status.code(), Some(0), "{}", complained(&made));
    assert!(
        said(&made).starts_with("Made the administrator grace@example.org ("),
        "{}",
        said(&made)
    );
    assert!(!link.exists(), "the link is of no use any more");
    let grace = program.sign_in("grace@example.org").await;
    assert_eq!(grace.get("/api/auth/me").await.body["role"], "admin");
    let status = program.nobody().get("/api/status").await.body;
    assert_eq!(
        (&status["setup_required"], &status["registration"]),
        (&json!(false), &json!("open"))
    );

    let user = create(&place, "ada@example.org", &[], PASSWORD).await;
    assert!(
        said(&user).starts_with("Made the user ada@example.org ("),
        "{}",
        said(&user)
    );
    let again = create(&place, "ADA@example.org", &[], PASSWORD).await;
    assert_eq!(
        (again.status.code(), said(&again)),
        (Some(1), String::new())
    );
    assert_eq!(
        complained(&again),
        "novacore: There is already an account with this address.\n"
    );
}

/// The same without a server: the command opens the data itself, and a server finds the account.
#[tokio::test]
async fn an_account_is_made_without_a_server() {
    let place = Place::new();
    let short = create(&place, "grace@example.org", &["--admin"], "short").await;
    assert_eq!(short.status.code(), Some(1));
    assert!(
        complained(&short).contains("at least 10 characters"),
        "{}",
        complained(&short)
    );
    let made = create(&place, "grace@example.org", &["--admin"], PASSWORD).await;
    assert_eq!(made.status.code(), Some(0), "{}", complained(&made));
    let program = place.serve().await;
    assert!(!place.data().join("setup-link").exists());
    program.sign_in("grace@example.org").await;
}

/// A socket that a crash left behind does not keep commands or the next server away.
#[tokio::test]
async fn a_left_over_socket_is_no_server() {
    let place = Place::new();
    place.serve().await.kill().await;
    assert!(place.path().join("data.sock").exists());
    let made = create(&place, "grace@example.org", &["--admin"], PASSWORD).await;
    assert_eq!(made.status.code(), Some(0), "{}", complained(&made));
    place.serve().await.sign_in("grace@example.org").await;
}

/// Every setting is shown with its source, and no secret.
#[tokio::test]
async fn settings_are_shown_without_secrets() {
    let mut place = Place::new();
    place.set("AUTH__SECRET", "a-very-long-secret-of-many-letters");
    fs::write(place.path().join("key"), "the-key-of-the-model\n").unwrap();
    place.set("MODEL__API_KEY_FILE", "key");
    fs::write(
        place.path().join("config.toml"),
        "[chat]\nhistory_exchanges = 7\n",
    )
    .unwrap();
    let shown = place
        .run(&["config", "show", "--data-dir", "/elsewhere"], "")
        .await;
    assert_eq!(shown.status.code(), Some(0), "{}", complained(&shown));
    let shown = said(&shown);
    for line in [
        "auth.secret = (hidden)  # environment NOVACORE_AUTH__SECRET",
        "model.api_key = (hidden)  # file key",
        "chat.history_exchanges = 7  # ./config.toml",
        "data.dir = \"/elsewhere\"  # flag",
        "auth.refresh_days = 7  # default",
    ] {
        assert!(
            shown.lines().any(|shown| shown == line),
            "no {line} in\n{shown}"
        );
    }
    assert!(
        !shown.contains("many-letters") && !shown.contains("key-of-the-model"),
        "{shown}"
    );
    assert!(!place.data().exists(), "showing makes nothing");
}

/// A mistake in the settings stops the start with one line that names it and what would be right.
#[tokio::test]
async fn mistakes_in_the_settings_are_named() {
    let environment = [
        (
            "SERVER__LISTNE",
            "x",
            "unknown setting server.listne (environment NOVACORE_SERVER__LISTNE); did you mean server.listen?",
        ),
        (
            "SERVER__LISTEN",
            "here",
            "server.listen (environment NOVACORE_SERVER__LISTEN)",
        ),
        (
            "LIMITS__ENABLED",
            "maybe",
            "limits.enabled (environment NOVACORE_LIMITS__ENABLED): \"maybe\" is not true or false",
        ),
        (
            "MODEL__URL",
            "nowhere",
            "model.url: \"nowhere\" is no address",
        ),
        (
            "AUTH__SECRET",
            "short",
            "auth.secret must have at least 32 characters",
        ),
        ("LOG__LEVEL", "loud=very=much", "log.level"),
    ];
    for (key, value, sentence) in environment {
        let mut place = Place::new();
        place.set(key, value);
        let refused = place.run(&["serve"], "").await;
        let line = complained(&refused);
        assert_eq!(
            (refused.status.code(), line.lines().count()),
            (Some(1), 1),
            "{line}"
        );
        assert!(
            line.starts_with("novacore: ") && line.contains(sentence),
            "{line}"
        );
        assert!(!place.data().exists(), "{key}: nothing was begun");
    }
    let place = Place::new();
    for (text, sentence) in [
        (
            "[server]\nlistn = \"x\"\n",
            "unknown setting server.listn (./config.toml); did you mean server.listen?",
        ),
        ("[sever]\nlisten = \"x\"\n", "unknown setting sever"),
        ("[server\n", "./config.toml is not valid TOML"),
        (
            "[auth]\nrefresh_days = \"many\"\n",
            "auth.refresh_days (./config.toml)",
        ),
    ] {
        fs::write(place.path().join("config.toml"), text).unwrap();
        let refused = place.run(&["config", "show"], "").await;
        let line = complained(&refused);
        assert_eq!(refused.status.code(), Some(1), "{line}");
        assert!(line.contains(sentence), "{line}");
    }
    let missing = place.run(&["serve", "--config", "nothing.toml"], "").await;
    assert!(complained(&missing).contains("cannot read the configuration file nothing.toml"));
}

/// The small ones, and what is called wrongly.
#[tokio::test]
async fn small_commands() {
    let place = Place::new();
    let version = place.run(&["version"], "").await;
    assert_eq!(
        said(&version),
        format!("novacore {}\n", env!("CARGO_PKG_VERSION"))
    );
    let document = place.run(&["openapi"], "").await;
    let expected = novacore::ops::document().to_pretty_json().unwrap();
    assert_eq!(said(&document), expected + "\n");
    for wrong in [
        &["sevre"][..],
        &[],
        &["user", "create"],
        &["serve", "--port", "1"],
    ] {
        let refused = place.run(wrong, "").await;
        assert_eq!(refused.status.code(), Some(2), "{wrong:?}");
    }
    let asked = place
        .run(&["user", "create", "grace@example.org"], "")
        .await;
    assert_eq!(asked.status.code(), Some(1));
    assert!(
        complained(&asked).contains("--password-stdin"),
        "{}",
        complained(&asked)
    );
    assert!(!place.data().exists());
}
