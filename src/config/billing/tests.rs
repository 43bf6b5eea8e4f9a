//! Plans of one's own, settings that contradict each other, and the payment service's secrets.

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::config::{Loaded, Overrides, load};

/// The shipped file, with these lines in the place of its own, and an environment.
fn with(file: &str, environment: &[(&str, &str)]) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = written(&folder, "config.toml", file);
    let environment = environment.iter();
    let loaded = load(&Overrides {
        file: Some(path),
        flags: Vec::new(),
        environment: environment
            .map(|(key, value)| (format!("NOVACORE_{key}"), (*value).to_owned()))
            .collect(),
    });
    loaded.map_err(|error| error.0)
}

fn written(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("written");
    path
}

fn refused(file: &str, environment: &[(&str, &str)]) -> String {
    let loaded = with(file, environment);
    loaded
        .err()
        .unwrap_or_else(|| panic!("{file} {environment:?} was taken"))
}

/// A plan of one's own is known once it is named, in the file or in the environment, begins without
/// limits, and stands among the others by what it holds; `config show` has all of it with its source.
#[test]
fn a_plan_of_ones_own() {
    let file = "[plans]\ndefault = \"gold\"\n[plans.gold]\ntitle = \"Old gold\"\ntokens_per_day = 50000\n[plans.bare]\n";
    let environment = [
        ("PLANS__GOLD__MESSAGES_PER_DAY", "7"),
        ("PLANS__TEAM_2__TOKENS_PER_DAY", "1"),
        ("PLANS__FREE__BURST", "3"),
    ];
    let loaded = with(file, &environment).expect("loads");
    let plans = &loaded.config.plans;
    assert_eq!(
        plans.names(),
        ["team_2", "free", "gold", "basic", "pro", "bare"]
    );
    let gold = plans.get("gold").expect("gold");
    assert_eq!((gold.tokens_per_day, gold.messages_per_day), (50_000, 7));
    assert_eq!((gold.memory_bytes, gold.requests_per_minute), (0, 0));
    assert!(
        plans
            .get("bare")
            .is_some_and(|bare| *bare == Plan::default())
    );
    assert_eq!(plans.get("free").map(|free| free.burst), Some(3));
    assert_eq!(
        plans.get("free").map(|free| free.tokens_per_day),
        Some(20_000)
    );
    assert_eq!(loaded.config.default_plan(), "gold");
    assert_eq!(plans.title("gold"), "Old gold");
    assert_eq!(
        (plans.title("basic"), plans.title("team_2")),
        ("Basic".into(), "Team_2".into())
    );
    let shown = loaded.to_string();
    for line in [
        "plans.gold.title = \"Old gold\"  # /",
        "plans.gold.burst = 0  # default",
        "plans.gold.messages_per_day = 7  # environment NOVACORE_PLANS__GOLD__MESSAGES_PER_DAY",
        "plans.bare.memory_bytes = 0  # default",
        "plans.free.burst = 3  # environment",
    ] {
        let found = shown.lines().any(|shown| shown.starts_with(line));
        assert!(found, "{line}: {shown}");
    }
}

/// A slip in a plan is refused with its key and what is near it, and makes no plan.
#[test]
fn slips_in_plans_are_refused() {
    for (file, said) in [
        (
            "[plans.gold]\ntoken_per_day = 5",
            "did you mean plans.gold.tokens_per_day?",
        ),
        (
            "[plans.free]\nlimits = 5",
            "unknown setting plans.free.limits",
        ),
        (
            "[plans.gold.more]\nburst = 5",
            "unknown setting plans.gold.more",
        ),
        (
            "[plans.default]\nburst = 5",
            "unknown setting plans.default",
        ),
        ("plans = 5", "unknown setting plans"),
        ("[plans]\ngold = 5", "unknown setting plans.gold"),
        ("[plans]\nfree = 5", "unknown setting plans.free"),
        ("[plans.free]\nburst = -1", "plans.free.burst"),
        ("[plans.free]\nburst = 5000000000", "plans.free.burst"),
        (
            "[plans.free]\ntokens_per_day = \"many\"",
            "plans.free.tokens_per_day",
        ),
        ("[plans.Gold]", "plans.Gold: a plan's name has"),
        ("[plans.\"\"]", "a plan's name has 1 to 32"),
        ("[plans.\"a.b\"]", "unknown setting plans.a.b"),
        ("[plans.none]", "plans.none"),
        (
            "[plans.a2345678901234567890123456789012_]",
            "a plan's name has 1 to 32",
        ),
    ] {
        let error = refused(file, &[]);
        assert!(error.contains(said), "{file}: {error}");
    }
    for (name, said) in [
        ("PLANS__GOLD__TITEL", "did you mean plans.gold.title?"),
        ("PLANS__GOLD", "unknown setting plans.gold"),
        (
            "PLANS__GOLD__MORE__BURST",
            "unknown setting plans.gold.more.burst",
        ),
        ("PLANS____BURST", "a plan's name has 1 to 32"),
        (
            "PLANS__DEFAULT__BURST",
            "unknown setting plans.default.burst",
        ),
    ] {
        let error = refused("", &[(name, "5")]);
        assert!(error.contains(said), "{name}: {error}");
    }
}

/// Plans that are named must be there, and a price belongs to one plan and one period.
#[test]
fn settings_of_plans_fit_each_other() {
    for key in ["PLANS__DEFAULT", "BILLING__TRIAL_PLAN"] {
        let error = refused("", &[(key, "gold")]);
        assert!(
            error.contains("\"gold\"") && error.contains("free, basic, pro"),
            "{error}"
        );
        assert!(with("[plans.gold]", &[(key, "gold")]).is_ok());
    }
    let twice =
        "[plans.basic]\nstripe_monthly = \"price_1\"\n[plans.pro]\nstripe_yearly = \"price_1\"";
    assert!(refused(twice, &[]).contains("price_1 stands twice"));
    let once =
        "[plans.basic]\nstripe_monthly = \"price_1\"\n[plans.pro]\nstripe_yearly = \"price_2\"";
    let plans = with(once, &[]).expect("loads").config.plans;
    assert_eq!(plans.of_price("price_1"), Some(("basic", Period::Monthly)));
    assert_eq!(plans.of_price("price_2"), Some(("pro", Period::Yearly)));
    assert_eq!(
        (plans.of_price("price_3"), plans.of_price("")),
        (None, None)
    );
    let former = "[plans.pro]\nstripe_monthly = \"price_3, price_2 price_1\"";
    let loaded = with(former, &[]).expect("loads").config.plans;
    assert_eq!(loaded.of_price("price_1"), Some(("pro", Period::Monthly)));
    assert_eq!(loaded.of_price("price_3"), Some(("pro", Period::Monthly)));
    let both = "[plans.pro]\nstripe_monthly = \"price_1\"\nstripe_yearly = \"price_2 price_1\"";
    assert!(refused(both, &[]).contains("price_1 stands twice"));
    let product = "[plans.pro]\nstripe_monthly = \"prod_1\"";
    assert!(refused(product, &[]).contains("a product"));
    for (key, bad) in [("TRIAL_DAYS", "3651"), ("GRACE_DAYS", "366")] {
        let error = refused("", &[(&format!("BILLING__{key}"), bad)]);
        assert!(error.contains("it must be between"), "{error}");
    }
}

/// A trial is offered with billing alone, and only of a plan that holds more than what people have anyway.
#[test]
fn a_trial_is_of_something_more() {
    let mut config = Config::default();
    assert!(!config.offers_trial());
    config.billing.enabled = true;
    assert!(config.offers_trial());
    for (plan, days, default) in [
        ("", 7, ""),
        ("basic", 0, ""),
        ("free", 7, ""),
        ("basic", 7, "pro"),
        ("basic", 7, "basic"),
    ] {
        config.billing.trial_plan = plan.into();
        config.billing.trial_days = days;
        config.plans.default = default.into();
        assert!(!config.offers_trial(), "{plan} {days} {default}");
    }
}

const KEY: (&str, &str) = ("STRIPE__SECRET_KEY", "sk_test_thekey");
const ON: (&str, &str) = ("BILLING__ENABLED", "true");

/// Secrets come from the environment or from files, several of them a line each; `config show` says that
/// they are there and never what they are.
#[test]
fn the_payment_services_secrets_stay_hidden() {
    let all = [ON, KEY, ("STRIPE__WEBHOOK_SECRETS", "whsec_a, whsec_b")];
    let loaded = with("", &all).expect("loads");
    assert_eq!(loaded.config.stripe.webhook_secrets, ["whsec_a", "whsec_b"]);
    let shown = loaded.to_string();
    assert!(shown.contains("stripe.secret_key = (hidden)  # environment"));
    assert!(shown.contains("stripe.webhook_secrets = (hidden)  # environment"));
    assert!(
        !shown.contains("thekey") && !shown.contains("whsec_"),
        "{shown}"
    );
    let shown = with("", &[]).expect("loads").to_string();
    assert!(shown.contains("stripe.webhook_secrets = (not set)  # default"));

    let folder = tempfile::tempdir().expect("a folder");
    let secrets = written(&folder, "secrets", "whsec_a\nwhsec_b\r\n\n");
    let key = written(&folder, "key", "sk_live_thekey\n");
    let path = |path: &PathBuf| path.to_str().expect("utf-8").to_owned();
    let (secrets, key) = (path(&secrets), path(&key));
    let files = [
        ON,
        ("STRIPE__SECRET_KEY_FILE", key.as_str()),
        ("STRIPE__WEBHOOK_SECRETS_FILE", secrets.as_str()),
    ];
    let loaded = with("", &files).expect("loads");
    assert_eq!(loaded.config.stripe.webhook_secrets, ["whsec_a", "whsec_b"]);
    assert_eq!(loaded.config.stripe.secret_key, "sk_live_thekey");
    let shown = loaded.to_string();
    assert!(shown.contains(&format!(
        "stripe.webhook_secrets = (hidden)  # file {secrets}"
    )));
    assert!(
        !shown.contains("thekey") && !shown.contains("whsec_"),
        "{shown}"
    );
    let both = [files[1], KEY];
    assert!(refused("", &both).contains("are both set"));
}

/// With billing the payment service can be asked and believed, or the program does not start; no message
/// tells a secret, not even that of a file that is broken.
#[test]
fn billing_needs_what_it_needs() {
    let secret = ("STRIPE__WEBHOOK_SECRETS", "whsec_swordfish");
    assert!(with("", &[ON, KEY, secret]).is_ok());
    for (bad, said) in [
        (("STRIPE__SECRET_KEY", ""), "stripe.secret_key"),
        (
            ("STRIPE__SECRET_KEY", "pk_test_swordfish"),
            "stripe.secret_key",
        ),
        (("STRIPE__SECRET_KEY", "sk_test_"), "stripe.secret_key"),
        (
            ("STRIPE__SECRET_KEY", "sk_test_sword fish"),
            "stripe.secret_key",
        ),
        (("STRIPE__WEBHOOK_SECRETS", ""), "stripe.webhook_secrets"),
        (
            ("STRIPE__WEBHOOK_SECRETS", "whsec_a,swordfish"),
            "stripe.webhook_secrets",
        ),
        (
            ("STRIPE__WEBHOOK_SECRETS", "whsec_"),
            "stripe.webhook_secrets",
        ),
        (("STRIPE__API_BASE", ""), "stripe.api_base"),
        (
            ("STRIPE__API_BASE", "http://127.0.0.1.example.org"),
            "stripe.api_base",
        ),
        (("STRIPE__API_BASE", "api.stripe.com"), "stripe.api_base"),
    ] {
        let error = refused("", &[ON, KEY, secret, bad]);
        assert!(error.contains(said), "{bad:?}: {error}");
        assert!(!error.contains("fish"), "{error}");
    }
    for here in ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"] {
        assert!(
            with("", &[ON, KEY, secret, ("STRIPE__API_BASE", here)]).is_ok(),
            "{here}"
        );
    }
    for (file, said) in [
        (
            "[stripe]\nwebhook_secrets = \"whsec_swordfish\"",
            "it must be a list of texts",
        ),
        (
            "[stripe]\nwebhook_secrets = [\"whsec_swordfish\", 5]",
            "it must be a list of texts",
        ),
        (
            "[stripe]\nsecret_key = [\"swordfish\"]",
            "it must be a text",
        ),
        (
            "[stripe]\n\nsecret_key = \"sk_live_swordfish",
            "config.toml is not valid TOML (line 3)",
        ),
        (
            "[stripe]\nwebhook_secrets = [\"\"]\n[billing]\nenabled = true",
            "stripe.",
        ),
    ] {
        let error = refused(file, &[]);
        assert!(error.contains(said), "{file}: {error}");
        assert!(!error.contains("fish"), "{error}");
    }
    let empty = "[stripe]\nwebhook_secrets = [\"\"]\n";
    assert!(refused(empty, &[ON, KEY]).contains("must begin with whsec_"));
}
