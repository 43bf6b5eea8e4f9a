//! The calls of Stripe: what goes over the wire, and what becomes of answers that are none.

use std::sync::Arc;
use std::time::Duration;

use novacore::clock::Clock;
use novacore::config::Config;
use novacore::outside::{Checkout, Stripe, StripeError, SubscriptionStatus};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::support::clock::{TestClock, soon};
use crate::support::stripe::{BASIC, FakeStripe, KEY, PRO};

const USER: Uuid = Uuid::from_u128(7);

fn at(url: &str, clock: Clock) -> Stripe {
    let mut config = Config::default();
    config.billing.enabled = true;
    config.stripe.secret_key = KEY.into();
    config.stripe.api_base = url.into();
    Stripe::new(&config, clock).unwrap().unwrap()
}

fn fake() -> (FakeStripe, Stripe, Arc<TestClock>) {
    let (fake, clock) = (FakeStripe::start(), TestClock::new());
    let stripe = at(&fake.url(), clock.clock());
    (fake, stripe, clock)
}

/// A server that reads a request on each connection and says these bytes; nothing: it closes.
async fn raw(answers: Vec<Vec<u8>>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "ends with its last answer")]
    let serving = tokio::spawn(async move {
        let mut requests = vec![];
        for answer in answers {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 8_192];
            let read = connection.read(&mut request).await.unwrap();
            requests.push(String::from_utf8_lossy(&request[..read]).to_lowercase());
            // Who asked may have gone in the middle of a long answer.
            let _ = connection.write_all(&answer).await;
        }
        requests
    });
    (url, serving)
}

fn said(body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    format!("{head}{body}").into_bytes()
}

/// A purchase says whose it is at every place where an event may look for it; every POST has its key, every
/// call the version whose form we read.
#[tokio::test]
async fn what_goes_over_the_wire() {
    let (fake, stripe, _) = fake();
    let customer = stripe
        .create_customer("ada+x@example.org", USER, "key-1")
        .await
        .unwrap();
    let success = "https://nova.example/billing/success?session_id={CHECKOUT_SESSION_ID}";
    let checkout = Checkout {
        customer: &customer,
        user: USER,
        price: BASIC,
        success_url: success,
        cancel_url: "https://nova.example/billing/cancel",
    };
    let session = stripe.create_checkout(&checkout, "key-2").await.unwrap();
    assert!(session.url.ends_with(&format!("/pay/{}", session.id)));
    let back = "https://nova.example/plans";
    let portal = stripe
        .create_portal(&customer, back, "key-3")
        .await
        .unwrap();
    assert!(portal.contains("/portal/bps_"));
    let asked = fake.books().asked.clone();
    let user = USER.to_string();
    let mut expected = vec![
        ("mode", "subscription"),
        ("customer", customer.as_str()),
        ("client_reference_id", &user),
        ("line_items[0][price]", BASIC),
        ("line_items[0][quantity]", "1"),
        ("metadata[user_id]", &user),
        ("subscription_data[metadata][user_id]", &user),
        ("success_url", success),
        ("cancel_url", "https://nova.example/billing/cancel"),
    ];
    expected.sort_unstable();
    let fields = &asked[1].fields;
    let mut fields: Vec<_> = fields
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, expected);
    assert_eq!(asked[0].fields["email"], "ada+x@example.org");
    assert_eq!(asked[0].fields["metadata[user_id]"], user);
    let keys: Vec<_> = asked
        .iter()
        .map(|asked| asked.idempotency.as_str())
        .collect();
    assert_eq!(keys, ["key-1", "key-2", "key-3"]);
    assert!(
        asked
            .iter()
            .all(|asked| asked.version == "2025-03-31.basil")
    );
}

/// The same key is the same act; another act under it is refused.
#[tokio::test]
async fn a_key_is_one_act() {
    let (_fake, stripe, _) = fake();
    let first = stripe
        .create_customer("ada@example.org", USER, "key")
        .await
        .unwrap();
    let again = stripe
        .create_customer("ada@example.org", USER, "key")
        .await
        .unwrap();
    assert_eq!(first, again);
    let other = stripe.create_customer("bob@example.org", USER, "key").await;
    let StripeError::Refused { status, kind, .. } = other.unwrap_err() else {
        panic!("not refused");
    };
    assert_eq!((status, kind.as_str()), (400, "idempotency_error"));
}

/// All subscriptions of one customer, those that ended too, over as many pages as they take; and nobody
/// else's.
#[tokio::test]
async fn lists_are_read_to_their_end() {
    let (fake, stripe, _) = fake();
    let (customer, mut all) = {
        let mut books = fake.books();
        books.page = 2;
        let (customer, other) = (
            books.customer("a@x", &json!({})),
            books.customer("b@x", &json!({})),
        );
        books.subscribe(&other, PRO, &json!({}));
        let all: Vec<_> = (0..5)
            .map(|_| books.subscribe(&customer, PRO, &json!({})))
            .collect();
        books.cancel(&all[1]);
        books.invoice(&all[0], true);
        (customer, all)
    };
    let read = stripe.subscriptions_of(&customer).await.unwrap();
    let ids: Vec<_> = read.iter().map(|one| one.id.clone()).collect();
    all.reverse();
    assert_eq!(ids, all);
    assert_eq!(read[3].status, SubscriptionStatus::Canceled);
    assert_eq!(fake.asked("subscriptions"), 3);
    assert_eq!(stripe.invoices_of(&customer).await.unwrap().len(), 1);
    let one = stripe.subscription(&all[0]).await.unwrap();
    assert_eq!(one.customer, customer);
    stripe.cancel_subscription(&all[0]).await.unwrap();
    assert!(
        stripe
            .cancel_subscription(&all[0])
            .await
            .unwrap_err()
            .is_missing()
    );
}

/// What is no id is not put into an address.
#[tokio::test]
async fn only_ids_stand_in_addresses() {
    let (fake, stripe, _) = fake();
    for id in ["", "../customers", "sub_1?x", "sub_1/2", "sub 1", "süb"] {
        assert!(
            stripe.subscription(id).await.unwrap_err().is_missing(),
            "{id}"
        );
        assert!(stripe.cancel_subscription(id).await.is_err(), "{id}");
    }
    assert_eq!(fake.asked(""), 0);
}

/// A refusal is told from an absence, and neither says anything in Stripe's words, nor our key.
#[tokio::test]
async fn failures_have_a_kind_and_no_words() {
    let (fake, stripe, _) = fake();
    let refused = stripe.subscriptions_of("cus_nobodys").await.unwrap_err();
    assert!(refused.is_missing() && !refused.may_pass());
    assert_eq!(stripe.last_call().unwrap().trouble, None);
    for status in [500, 502, 429, 409, 302] {
        fake.down(Some(status));
        let away = stripe.invoices_of("cus_1").await.unwrap_err();
        assert!(matches!(away, StripeError::Away(_)), "{status}: {away:?}");
        assert!(stripe.last_call().unwrap().trouble.is_some());
    }
    fake.down(Some(401));
    let key = stripe.invoices_of("cus_1").await.unwrap_err();
    assert!(key.may_pass() && stripe.last_call().unwrap().trouble.is_some());
    for error in [refused, key] {
        let words = format!("{error} {error:?}");
        assert!(
            !words.contains("marigold") && !words.contains("127.0.0.1"),
            "{words}"
        );
        assert!(!words.contains(KEY), "{words}");
    }
}

/// Silence is waited for twenty seconds, by our clock.
#[tokio::test]
async fn silence_has_an_end() {
    let (fake, stripe, clock) = fake();
    fake.hang(true);
    let pass_time = async {
        fake.hung(1).await;
        clock.advance(Duration::from_secs(19));
        assert!(clock.asleep() > 0, "too early");
        clock.advance(Duration::from_secs(1));
    };
    let asked = stripe.invoices_of("cus_1");
    let (answer, ()) = soon("the end of waiting", async {
        tokio::join!(asked, pass_time)
    })
    .await;
    let error = answer.unwrap_err().to_string();
    assert_eq!(error, "Stripe did not answer within 20 seconds");
}

/// A connection that breaks is tried once more, as the same act; one that breaks again is an absence.
#[tokio::test]
async fn a_broken_connection_is_tried_once_more() {
    let (url, serving) = raw(vec![
        vec![],
        said(r#"{"id": "cus_1", "object": "customer"}"#),
    ])
    .await;
    let stripe = at(&url, Clock::system());
    let made = stripe
        .create_customer("ada@example.org", USER, "the-key")
        .await;
    assert_eq!(made.unwrap(), "cus_1");
    let requests = serving.await.unwrap();
    let keyed = requests
        .iter()
        .filter(|r| r.contains("idempotency-key: the-key"));
    assert_eq!(keyed.count(), 2);
    let (url, serving) = raw(vec![vec![], vec![]]).await;
    let away = at(&url, Clock::system())
        .invoices_of("cus_1")
        .await
        .unwrap_err();
    assert_eq!(away, StripeError::Away("cannot be reached"));
    assert_eq!(serving.await.unwrap().len(), 2);
}

/// An answer that goes on and on is cut off; one that is no list is not taken for an empty one.
#[tokio::test]
async fn answers_are_bounded_and_read_whole() {
    let long = said(&" ".repeat(4 * 1024 * 1024 + 1));
    let strange = said(r#"{"data": [{"object": "subscription", "id": "sub_1"}]}"#);
    for (answer, words) in [
        (long, "gave an answer that is too long"),
        (strange, "gave an answer that cannot be read"),
        (said("[]"), "gave an answer that cannot be read"),
        (said("<html>"), "gave an answer that cannot be read"),
    ] {
        let (url, _serving) = raw(vec![answer]).await;
        let error = at(&url, Clock::system()).subscriptions_of("cus_1").await;
        assert_eq!(error.unwrap_err(), StripeError::Away(words));
    }
}

/// Our key travels encrypted, or stays on this machine; and with billing off there is nobody to call.
#[tokio::test]
async fn the_key_travels_encrypted() {
    let mut config = Config::default();
    assert!(Stripe::new(&config, Clock::system()).unwrap().is_none());
    config.billing.enabled = true;
    config.stripe.secret_key = "sk_live_x".into();
    assert!(
        Stripe::new(&config, Clock::system())
            .unwrap()
            .unwrap()
            .livemode()
    );
    for (base, fits) in [
        ("http://stripe.example", false),
        ("http://10.0.0.1", false),
        ("https://stripe.example", true),
        ("http://[::1]:9", true),
        ("http://localhost:9", true),
    ] {
        config.stripe.api_base = base.into();
        let made = Stripe::new(&config, Clock::system());
        assert_eq!(made.is_ok(), fits, "{base}");
        if let Err(error) = made {
            assert_eq!(error.code(), "stripe_base_invalid");
        }
    }
}
