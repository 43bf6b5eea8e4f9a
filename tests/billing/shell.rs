//! Plans on the shell, by the real binary.

use std::process::Output;

use crate::support::app::PASSWORD;
use crate::support::process::Place;

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A plan of one's own stands in the configuration and in `config show`, is given by the shell until the
/// end of a day, is listed, and is taken back; secrets of the payment service are not shown.
#[tokio::test]
async fn a_plan_of_ones_own_on_the_shell() {
    let place = Place::new();
    let file = "[plans]\ndefault = \"free\"\n[plans.gold]\ntokens_per_day = 5\n[stripe]\nsecret_key = \"sk_test_swordfish\"\n";
    std::fs::write(place.path().join("config.toml"), file).unwrap();
    let shown = said(&place.run(&["config", "show"], "").await);
    assert!(
        shown.contains("plans.gold.tokens_per_day = 5  # ./config.toml\n"),
        "{shown}"
    );
    assert!(
        shown.contains("plans.gold.burst = 0  # default\n"),
        "{shown}"
    );
    assert!(
        shown.contains("stripe.secret_key = (hidden)  # ./config.toml\n"),
        "{shown}"
    );
    assert!(!shown.contains("swordfish"), "{shown}");

    let words = ["user", "create", "ada@example.org", "--password-stdin"];
    said(&place.run(&words, &format!("{PASSWORD}\n")).await);
    let set = async |more: &[&str]| {
        let words = [&["user", "set", "ada@example.org"], more].concat();
        place.run(&words, "").await
    };
    let listed = async || said(&place.run(&["user", "list"], "").await);
    assert!(listed().await.contains("free (default)"));
    let given = said(&set(&["--plan", "gold", "--until", "2100-12-31"]).await);
    assert!(given.contains("until 2100-12-31T23:59:59Z"), "{given}");
    assert!(listed().await.contains("gold (given until 2100-12-31)"));
    for (wrong, code) in [
        (&["--plan", "silver"][..], 1),
        (&["--plan", "gold", "--until", "2001-01-01"], 1),
        (&["--plan", "none", "--until", "2100-12-31"], 1),
        (&["--plan", "gold", "--until", "soon"], 2),
        (&[], 2),
    ] {
        let refused = set(wrong).await;
        assert_eq!(refused.status.code(), Some(code), "{refused:?}");
    }
    assert!(listed().await.contains("gold (given until 2100-12-31)"));
    said(&set(&["--plan", "none"]).await);
    assert!(listed().await.contains("free (default)"));
}
