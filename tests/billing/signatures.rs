//! What proves that Stripe sent an event: its signature, of now, by a secret of ours.

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::stripe::{SECRET, post_event, signature, signed};

/// Body and header, made at the moment at which the tests' clock begins and five minutes before it, with
/// the secret `whsec_nougat`, by `WebhookSignature._compute_signature` of stripe-python 16.1.0 and by
/// `webhooks.generateTestHeaderString` of stripe-node 23.1.0, which said the same; both libraries
/// accepted them.
const OFFICIAL: [(&str, &str); 3] = [
    (
        "{\"id\":\"evt_plain\",\"object\":\"event\",\"type\":\"some.future.event\",\"created\":1767225600,\"livemode\":false,\"data\":{\"object\":{}}}",
        "t=1767225600,v1=87260956c8b32c328314b082595fdf54265419baf020e38b4ab81b95c7af8087",
    ),
    (
        "{\n  \"id\": \"evt_words\",\n  \"object\": \"event\",\n  \"type\": \"some.future.event\",\n  \"created\": 1767225600,\n  \"livemode\": false,\n  \"data\": {\"object\": {\"name\": \"Zoë 🦉 \\u00fc\"}}\n}",
        "t=1767225600,v1=0901f18776f7da8368ee208b9e60887c77af1740c397d193ffcd96f776a9a3cf",
    ),
    (
        "{\"id\":\"evt_edge\",\"object\":\"event\",\"type\":\"some.future.event\",\"created\":1767225600,\"livemode\":false,\"data\":{\"object\":{}}}\n",
        "t=1767225300,v1=432701182d28ad00476d2946e8f67876e8fe259a53aeb8f59af65b119fb74f91",
    ),
];

fn event() -> String {
    json!({"id": "evt_1", "object": "event", "type": "some.future.event", "created": 1,
        "livemode": false, "data": {"object": {}}})
    .to_string()
}

fn stored(app: &TestApp) -> u64 {
    let counts = app.app.store.read(novacore::billing::count_events).unwrap();
    counts.ignored + counts.waiting + counts.done + counts.failed
}

/// What Stripe's own libraries sign is taken, to the byte of the body.
#[tokio::test]
async fn what_the_official_libraries_sign_is_taken() {
    let (app, _stripe) = TestApp::with_stripe(|_| {}).await;
    for (body, header) in OFFICIAL {
        let answer = post_event(&app, body, Some(header)).await;
        assert_eq!(
            (answer.status, answer.body),
            (200, json!({"received": true}))
        );
        let changed = post_event(&app, &body.replace("evt", "ev2"), Some(header)).await;
        assert_eq!((changed.status, changed.code()), (400, "signature_invalid"));
    }
    assert_eq!(stored(&app), 3);
    app.finish().await;
}

/// What is not signed, or signed by somebody else, or changed on its way, is refused and leaves nothing.
#[tokio::test]
async fn what_is_forged_is_refused() {
    let (app, stripe) = TestApp::with_stripe(|_| {}).await;
    let (body, now) = (event(), stripe.books().now());
    let good = signature(&body, SECRET, now);
    let old = signed(&body, SECRET, now - 600);
    let headers = [
        None,
        Some(String::new()),
        Some(signed(&body, "whsec_wrong", now)),
        Some(signed(&body, "", now)),
        Some(signed(&body.replace("evt_1", "evt_2"), SECRET, now)),
        Some(format!("t={now},v0={good}")),
        Some(format!("t={now},v1=")),
        Some(format!("t={now}")),
        Some(format!("v1={good}")),
        Some(format!("t={now},v1={}", &good[..63])),
        Some(format!("t={now},v1={good}0")),
        Some(format!("t=+{now},v1={good}")),
        Some(format!("t=99999999999999999999,v1={good}")),
        Some("t=abc,v1=zz,,=".into()),
        // Its time was changed, so that it looks like one of now.
        Some(old.replace(&(now - 600).to_string(), &now.to_string())),
    ];
    for header in headers {
        let answer = post_event(&app, &body, header.as_deref()).await;
        let found = (answer.status, answer.code());
        assert_eq!(found, (400, "signature_invalid"), "{header:?}");
    }
    assert_eq!(stored(&app), 0);
    let answer = post_event(&app, &body, Some(&format!("t={now},v1={good}"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    app.finish().await;
}

/// A signature is good for five minutes before and after its time; of one that is no good the time is not
/// even told.
#[tokio::test]
async fn a_signature_is_of_now() {
    let (app, stripe) = TestApp::with_stripe(|_| {}).await;
    let (body, now) = (event(), stripe.books().now());
    for (off, status, code) in [
        (-301, 400, "signature_expired"),
        (301, 400, "signature_expired"),
        (-86_400, 400, "signature_expired"),
        (-300, 200, ""),
        (300, 200, ""),
    ] {
        let answer = post_event(&app, &body, Some(&signed(&body, SECRET, now + off))).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{off}");
    }
    let forged = signed(&body, "whsec_wrong", now - 600);
    let answer = post_event(&app, &body, Some(&forged)).await;
    assert_eq!(answer.code(), "signature_invalid");
    app.finish().await;
}

/// While a secret is being replaced both are good, here and in what Stripe sends.
#[tokio::test]
async fn secrets_can_be_replaced() {
    let (app, stripe) = TestApp::with_stripe(|config| {
        config.stripe.webhook_secrets = vec![SECRET.into(), "whsec_new".into()];
    })
    .await;
    let (body, now) = (event(), stripe.books().now());
    let both = |first: &str, second: &str| {
        let sign = |secret| signature(&body, secret, now);
        format!(
            "t={now},v0={},v1={},v1={}",
            sign(SECRET),
            sign(first),
            sign(second)
        )
    };
    for header in [
        signed(&body, "whsec_new", now),
        signed(&body, SECRET, now),
        both("whsec_new", "whsec_other"),
        both("whsec_other", SECRET),
    ] {
        let answer = post_event(&app, &body, Some(&header)).await;
        assert_eq!(answer.status, 200, "{header}");
    }
    let neither = both("whsec_other", "whsec_another");
    let answer = post_event(&app, &body, Some(&neither)).await;
    assert_eq!(answer.code(), "signature_invalid");
    app.finish().await;
}
