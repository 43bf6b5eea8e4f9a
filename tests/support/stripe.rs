//! A stand-in for Stripe on a free loopback port. It keeps customers, prices, checkout sessions,
//! subscriptions and invoices, answers `/v1/...` as Stripe does, shows a page to pay on and a portal, and
//! signs events as Stripe's own libraries do; they wait until the test delivers them, in any order, or are
//! posted to a hook. `tests/browser/stripe.mjs` is the same for browsers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use hmac::{Hmac, KeyInit as _, Mac as _};
use novacore::config::Config;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpSocket;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::app::TestApp;
use super::clock::soon;
use super::http::{Answer, Person};
use super::people::id_of;
pub use super::stripe_books::Books;

pub const KEY: &str = "sk_test_marzipan";
pub const SECRET: &str = "whsec_nougat";
pub const BASIC: &str = "price_basic_month";
pub const BASIC_YEARLY: &str = "price_basic_year";
pub const PRO: &str = "price_pro_month";
/// A price of Stripe's that no plan of ours names.
pub const OTHER: &str = "price_other";
/// Price, interval, amount.
pub const PRICES: [(&str, &str, i64); 4] = [
    (BASIC, "month", 900),
    (BASIC_YEARLY, "year", 9_000),
    (PRO, "month", 2_900),
    (OTHER, "month", 100),
];

pub(super) struct Shared {
    pub books: Mutex<Books>,
    /// Wakes calls that hang.
    pub open: Notify,
    /// How many calls hung so far.
    pub hanging: watch::Sender<usize>,
}

/// A running stand-in; it stops when dropped.
pub struct FakeStripe {
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Drop for FakeStripe {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl FakeStripe {
    pub fn start() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        let shared = Arc::new(Shared {
            books: Mutex::new(Books::new(url)),
            open: Notify::new(),
            hanging: watch::Sender::new(0),
        });
        let router = super::stripe_routes::router(shared.clone());
        let listener = socket.listen(64).unwrap();
        #[expect(clippy::disallowed_methods, reason = "owned by the fake, ends with it")]
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Self { shared, serving }
    }

    /// What it keeps, and what is done from now on (`down`, `hangs`, `old_shape`, `hook`).
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.shared.books.lock().unwrap()
    }

    pub fn url(&self) -> String {
        self.books().url.clone()
    }

    /// Its clock is the test's from now on.
    pub fn tell_time(&self, app: &TestApp) {
        self.books().clock = app.clock.clock();
    }

    /// Settings of a program that sells through it.
    pub fn configure(&self, config: &mut Config) {
        config.billing.enabled = true;
        config.stripe.api_base = self.url();
        config.stripe.secret_key = KEY.into();
        config.stripe.webhook_secrets = vec![SECRET.into()];
        let basic = config.plans.named.get_mut("basic").unwrap();
        basic.stripe_monthly = BASIC.into();
        basic.stripe_yearly = BASIC_YEARLY.into();
        config.plans.named.get_mut("pro").unwrap().stripe_monthly = PRO.into();
    }

    /// Every call fails with this status from now on; None: all is well again.
    pub fn down(&self, status: Option<u16>) {
        self.books().down = status;
    }

    /// Whether calls are left without an answer from now on; those that hang go on hanging.
    pub fn hang(&self, hangs: bool) {
        self.books().hangs = hangs;
    }

    /// Waits until so many calls hung.
    pub async fn hung(&self, calls: usize) {
        let mut hanging = self.shared.hanging.subscribe();
        let enough = hanging.wait_for(|count| *count >= calls);
        soon("a call that hangs", enough).await.unwrap();
    }

    /// Lets all calls go that hang.
    pub fn wake(&self) {
        self.shared.open.notify_waiters();
    }

    /// How often it was asked for something whose path begins so, below `/v1/`.
    pub fn asked(&self, path: &str) -> usize {
        let books = self.books();
        let prefix = format!("/v1/{path}");
        let asked = books.asked.iter();
        asked
            .filter(|asked| asked.path.starts_with(&prefix))
            .count()
    }

    /// The events since the last time, oldest first; to be delivered by the test.
    pub fn events(&self) -> Vec<Value> {
        std::mem::take(&mut self.books().events)
    }

    /// Lays changes over a subscription and tells of it.
    pub fn change(&self, subscription: &str, over: &Value) -> Value {
        let mut books = self.books();
        books.change(subscription, over);
        books.tell("customer.subscription.updated", subscription)
    }

    /// Ends a subscription at once.
    pub fn end(&self, subscription: &str) -> Value {
        self.books().cancel(subscription);
        self.events().pop().unwrap()
    }

    /// Somebody buys something: customer, checkout, payment, as by our program and the pay page. The
    /// customer and the subscription; the events wait.
    pub fn buys(&self, user: Uuid, price: &str) -> (String, String) {
        let mut books = self.books();
        let metadata = json!({"user_id": user.to_string()});
        let customer = books.customer("somebody@example.org", &metadata);
        let session = books.session(&json!({"customer": customer, "client_reference_id": user,
            "metadata": metadata, "_price": price, "_subscription_metadata": metadata,
            "success_url": "http://x/", "cancel_url": "http://x/"}));
        let subscription = books.pay(&session);
        (customer, subscription)
    }

    /// The same for somebody of a program's, with all events delivered and worked off.
    pub async fn sells(&self, app: &TestApp, person: &Person, price: &str) -> (String, String) {
        let bought = self.buys(id_of(person).await, price);
        self.deliver_all(app).await;
        app.run_jobs().await;
        bought
    }

    /// Delivers what waits, oldest first.
    pub async fn deliver_all(&self, app: &TestApp) {
        for event in self.events() {
            let answer = self.deliver(app, &event).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    }

    /// Delivers an event, signed now.
    pub async fn deliver(&self, app: &TestApp, event: &Value) -> Answer {
        let body = event.to_string();
        let header = signed(&body, SECRET, self.books().now());
        post_event(app, &body, Some(&header)).await
    }
}

/// Sends a body to the program's webhook, as Stripe would.
pub async fn post_event(app: &TestApp, body: &str, header: Option<&str>) -> Answer {
    let request = app.nobody().request("POST", "/api/billing/webhook");
    let mut request = request
        .header("content-type", "application/json; charset=utf-8")
        .header(
            "user-agent",
            "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        )
        .body(body.to_owned());
    if let Some(header) = header {
        request = request.header("stripe-signature", header);
    }
    Person::send(request).await
}

/// The header with which Stripe's libraries sign a body.
pub fn signed(body: &str, secret: &str, at: i64) -> String {
    format!("t={at},v1={}", signature(body, secret, at))
}

pub fn signature(body: &str, secret: &str, at: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.{body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    digest
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

impl TestApp {
    /// A program that sells plans.
    pub async fn with_stripe(change: impl FnOnce(&mut Config)) -> (Self, FakeStripe) {
        let stripe = FakeStripe::start();
        let app = Self::with(|config| {
            stripe.configure(config);
            change(config);
        })
        .await;
        stripe.tell_time(&app);
        (app, stripe)
    }
}
