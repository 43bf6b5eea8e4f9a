//! Which plan somebody has, and why; the plans there are.

use std::time::Duration;

use novacore::auth::Paid;
use novacore::config::{Config, Plan};
use novacore::ops::{Command, Reply, Steps};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::http::Person;
use crate::support::people::{events, id_of};
use crate::support::records;

const DAY: Duration = Duration::from_hours(24);

fn sold(config: &mut Config) {
    config.billing.enabled = true;
    config.stripe.secret_key = "sk_test_1".into();
    config.stripe.webhook_secrets = vec!["whsec_1".into()];
}

/// The plan that counts for ada: its name, where it comes from, and until when.
async fn plan(app: &TestApp) -> [Value; 3] {
    let quota = app.user("ada").await.get("/api/usage/quota").await.body;
    ["plan", "source", "until"].map(|key| quota[key].clone())
}

async fn path_of(person: &Person) -> String {
    format!("/api/admin/users/{}", id_of(person).await)
}

async fn pays(app: &TestApp, person: &Person, until: Option<&str>) {
    let paid = Paid {
        plan: "pro".into(),
        until: until.map(|until| until.parse().unwrap()),
        livemode: false,
    };
    records::change(app, person, |user| user.paid = Some(paid)).await;
}

/// What was given comes before what is paid for, that before the trial, that before everybody's plan; each
/// counts with the next request, and ends by itself.
#[tokio::test]
async fn the_order_of_plans() {
    let app = TestApp::with(sold).await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let trial = [
        json!("basic"),
        json!("trial"),
        json!("2026-01-08T00:00:00Z"),
    ];
    assert_eq!(plan(&app).await, trial);
    pays(&app, &ada, Some("2026-01-03T00:00:00Z")).await;
    let paid = [json!("pro"), json!("paid"), json!("2026-01-03T00:00:00Z")];
    assert_eq!(plan(&app).await, paid);
    let gift = json!({"plan": "free", "plan_until": "2026-01-02T00:00:00Z"});
    let changed = admin.patch(&path_of(&ada).await, &gift).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let given = [json!("free"), json!("given"), json!("2026-01-02T00:00:00Z")];
    assert_eq!(plan(&app).await, given);
    app.advance(DAY.saturating_sub(Duration::from_secs(1)));
    assert_eq!(plan(&app).await, given);
    app.advance(Duration::from_secs(1));
    assert_eq!(plan(&app).await, paid);
    app.advance(DAY);
    assert_eq!(plan(&app).await, trial);
    app.advance((5 * DAY).saturating_sub(Duration::from_secs(1)));
    assert_eq!(plan(&app).await, trial);
    app.advance(Duration::from_secs(1));
    assert_eq!(
        plan(&app).await,
        [json!("free"), json!("default"), Value::Null]
    );
    app.finish().await;
}

/// Without billing nobody tries or pays for anything, and everybody has the largest plan; a plan that is
/// no longer configured is passed over, and counts again when it is.
#[tokio::test]
async fn plans_that_do_not_count() {
    let mut app = TestApp::with(|config| {
        let gold = Plan {
            tokens_per_day: 50_000,
            ..Plan::default()
        };
        config.plans.named.insert("gold".into(), gold);
    })
    .await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    assert_eq!(
        plan(&app).await,
        [json!("pro"), json!("default"), Value::Null]
    );
    let path = path_of(&ada).await;
    let given = admin.patch(&path, &json!({"plan": "gold"})).await.body;
    assert_eq!(
        (&given["plan"], &given["plan_source"]),
        (&json!("gold"), &json!("given"))
    );
    pays(&app, &ada, None).await;
    assert_eq!(
        plan(&app).await,
        [json!("gold"), json!("given"), Value::Null]
    );
    let gold = app.config.plans.named.remove("gold").unwrap();
    app.crash_and_reopen().await;
    assert_eq!(
        plan(&app).await,
        [json!("pro"), json!("default"), Value::Null]
    );
    let told = app.admin().await.get(&path).await.body;
    let facts = ["plan", "plan_source", "plan_until", "plan_given"].map(|key| &told[key]);
    assert_eq!(
        facts,
        [
            &json!("pro"),
            &json!("default"),
            &Value::Null,
            &json!("gold")
        ]
    );
    app.config.plans.named.insert("gold".into(), gold);
    app.crash_and_reopen().await;
    assert_eq!(plan(&app).await[0], "gold");
    app.finish().await;
}

/// A plan is given for good, given until some time, and taken back, each on record; an end needs a plan
/// and must lie ahead.
#[tokio::test]
async fn plans_are_given_and_taken_back() {
    let app = TestApp::with(|config| config.plans.default = "free".into()).await;
    let (admin, ada) = (app.admin().await, app.user("ada").await);
    let path = path_of(&ada).await;
    let facts = ["plan", "plan_source", "plan_until", "plan_given"];
    let until = "2026-12-31T23:59:59Z";
    for (asked, told) in [
        (json!({"plan": "pro"}), json!(["pro", "given", null, "pro"])),
        (
            json!({"plan": "pro", "plan_until": until}),
            json!(["pro", "given", until, "pro"]),
        ),
        (
            json!({"plan": "pro", "plan_until": until}),
            json!(["pro", "given", until, "pro"]),
        ),
        (json!({"plan": "pro"}), json!(["pro", "given", null, "pro"])),
        (json!({"plan": ""}), json!(["free", "default", null, null])),
        (json!({"plan": ""}), json!(["free", "default", null, null])),
    ] {
        let changed = admin.patch(&path, &asked).await;
        assert_eq!(changed.status, 200, "{changed:?}");
        let now = facts.map(|key| changed.body[key].clone());
        assert_eq!(json!(now), told, "{asked}");
        assert_eq!(ada.get("/api/auth/me").await.body["plan"], told[0]);
    }
    let happened = records::events(&app, &ada).await.into_iter();
    let happened = happened.filter(|(word, ..)| word == "plan_changed");
    let details: Vec<_> = happened.map(|(.., detail)| detail).collect();
    let expected = [
        "pro",
        "pro until 2026-12-31",
        "pro",
        "the given plan was taken back",
    ];
    assert_eq!(details, expected);
    for (asked, code) in [
        (
            json!({"plan": "pro", "plan_until": "2026-01-01T00:00:00Z"}),
            "plan_until_past",
        ),
        (
            json!({"plan": "pro", "plan_until": "2025-12-31T00:00:00Z"}),
            "plan_until_past",
        ),
        (json!({"plan_until": until}), "plan_until_alone"),
        (json!({"plan": "", "plan_until": until}), "plan_until_alone"),
        (json!({"plan": "gold", "plan_until": until}), "plan_unknown"),
    ] {
        let refused = admin.patch(&path, &asked).await;
        assert_eq!((refused.status, refused.code()), (422, code), "{asked}");
    }
    assert_eq!(events(&admin, "event=plan_changed").await.len(), 4);
    app.finish().await;
}

/// The shell gives plans, takes them back and lists them with their source, and refuses what the page
/// refuses.
#[tokio::test]
async fn the_shell_gives_plans() {
    let app = TestApp::with(|config| config.plans.default = "free".into()).await;
    let ada = app.user("ada").await;
    let run = async |command: Command| command.run(&app.app, &Steps::default()).await;
    let set = |plan: &str, until: Option<&str>| Command::SetPlan {
        email: "ada@example.org".into(),
        plan: plan.into(),
        until: until.map(|until| until.parse().unwrap()),
    };
    let listed = async || {
        let Reply::Done(list) = run(Command::ListUsers).await else {
            panic!("no list");
        };
        let hers = list.lines().find(|line| line.starts_with("ada@"));
        hers.unwrap().to_owned()
    };
    assert!(listed().await.contains("free (default)"));
    for (plan, until) in [
        ("gold", None),
        ("", Some("2026-12-31T23:59:59Z")),
        ("pro", Some("2025-12-31T23:59:59Z")),
    ] {
        let refused = run(set(plan, until)).await;
        assert!(
            matches!(refused, Reply::Failed { .. }),
            "{plan}: {refused:?}"
        );
    }
    let done = run(set("pro", Some("2026-12-31T23:59:59Z"))).await;
    let said = "ada@example.org has the plan pro now, until 2026-12-31T23:59:59Z.";
    assert_eq!(done, Reply::Done(said.into()));
    assert!(listed().await.contains("pro (given until 2026-12-31)"));
    let done = run(set("", None)).await;
    assert!(matches!(done, Reply::Done(_)), "{done:?}");
    assert!(listed().await.contains("free (default)"));
    let told = records::words(&app, &ada).await;
    assert_eq!(
        told.iter().filter(|word| *word == "plan_changed").count(),
        2
    );
    app.finish().await;
}

/// An invitation may name a plan of one's own, and its accounts have it.
#[tokio::test]
async fn invitations_give_any_plan() {
    let app = TestApp::with(|config| {
        config.plans.named.insert("gold".into(), Plan::default());
    })
    .await;
    let admin = app.admin().await;
    let made = admin
        .post("/api/admin/invitations", &json!({"plan": "gold"}))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let link = made.str("link");
    let token = link.rsplit_once('=').unwrap().1;
    let body =
        json!({"email": "eve@example.org", "password": "a calm river bank", "invitation": token});
    let eve = app.nobody().post("/api/auth/register", &body).await;
    assert_eq!(eve.body["user"]["plan"], "gold", "{eve:?}");
    app.finish().await;
}

/// Without billing the plans stand there with what they hold, without a price and without anything to buy.
#[tokio::test]
async fn the_plans_without_billing() {
    let app = TestApp::with(|config| {
        let basic = config.plans.named.get_mut("basic").unwrap();
        basic.stripe_monthly = "price_1".into();
    })
    .await;
    let ada = app.user("ada").await;
    let list = ada.get("/api/billing/plans").await;
    let gib = 1_u64 << 30;
    let plan = |name: &str, title: &str, limits: [Value; 2], memory: u64, rate: [u32; 2]| {
        json!({"name": name, "title": title, "tokens_per_day": limits[0], "messages_per_day": limits[1],
            "memory_bytes": memory, "requests_per_minute": rate[0], "burst": rate[1],
            "price_monthly": null, "price_yearly": null, "sells": [], "current": name == "pro"})
    };
    let items = json!([
        plan("free", "Free", [json!(20_000), json!(100)], gib, [10, 20]),
        plan(
            "basic",
            "Basic",
            [json!(200_000), json!(5_000)],
            10 * gib,
            [50, 100]
        ),
        plan(
            "pro",
            "Pro",
            [Value::Null, Value::Null],
            100 * gib,
            [100, 200]
        ),
    ]);
    assert_eq!(
        list.body,
        json!({"billing": false, "trial": null, "items": items})
    );
    let word = list.text.to_lowercase();
    assert!(
        !word.contains("stripe") && !word.contains("price_1"),
        "{word}"
    );
    app.finish().await;
}

/// With billing the plans have prices, say how they can be bought, and what may be tried; the ids of
/// prices stay here.
#[tokio::test]
async fn the_plans_with_billing() {
    let app = TestApp::with(|config| {
        sold(config);
        config.billing.trial_days = 3;
        let plans = &mut config.plans.named;
        plans.get_mut("basic").unwrap().stripe_monthly = "price_1".into();
        plans.get_mut("pro").unwrap().stripe_monthly = "price_2".into();
        plans.get_mut("pro").unwrap().stripe_yearly = "price_3".into();
        plans.insert(
            "gold".into(),
            Plan {
                burst: 5,
                ..Plan::default()
            },
        );
    })
    .await;
    let list = app.user("ada").await.get("/api/billing/plans").await;
    assert_eq!(
        (&list.body["billing"], &list.body["trial"]),
        (&json!(true), &json!({"plan": "basic", "days": 3}))
    );
    let items = list.body["items"].as_array().unwrap().iter();
    let column = |key: &str| {
        items
            .clone()
            .map(|item| item[key].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(column("name"), ["free", "basic", "pro", "gold"]);
    assert_eq!(column("current"), [false, true, false, false]);
    assert_eq!(
        json!(column("price_monthly")),
        json!([null, "$9", "$29", null])
    );
    assert_eq!(
        json!(column("price_yearly")),
        json!([null, "$90", "$290", null])
    );
    assert_eq!(
        json!(column("sells")),
        json!([[], ["monthly"], ["monthly", "yearly"], []])
    );
    assert_eq!(
        json!(column("burst")),
        json!([20, 100, 200, null]),
        "no rate, no burst"
    );
    assert!(!list.text.contains("price_1"), "{}", list.text);
    assert_eq!(app.nobody().get("/api/billing/plans").await.status, 401);
    app.finish().await;
}
