//! What the time of an answer tells about an address, and what a flood of sign-ins does to others.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use novacore::clock::Random;
use serde_json::{Value, json};

use crate::fake_ollama::FakeOllama;
use crate::http::Person;
use crate::program::Program;
use crate::script::Script;
use crate::{median, megabytes, millis, row};

const CALLS: usize = 300;
const LOGINS: usize = 1_000;
const PIECES: usize = 400;
const PACE: Duration = Duration::from_millis(10);

pub async fn measure() {
    tell_apart().await;
    flood().await;
}

/// Calls with known and with unknown addresses in turns; how well the time tells them apart.
async fn tell_apart() {
    let model = FakeOllama::start();
    // No mail server answers there: mails wait, as for a server that is down.
    let settings = [
        ("NOVACORE_AUTH__VERIFICATION", "login"),
        ("NOVACORE_MAIL__SMTP_URL", "smtp://127.0.0.1:9"),
        ("NOVACORE_MAIL__FROM", "nova@example.org"),
    ];
    let program = Program::start_with(&model.url(), &settings).await;
    let nobody = program.nobody();
    let password = "a calm river bank";
    for route in [
        "login",
        "forgot-password",
        "resend-verification",
        "register",
    ] {
        for n in 0..10 {
            let body = json!({"email": format!("{route}{n}@example.org"), "password": password});
            nobody.post("/api/auth/register", &body).await;
        }
        let random = Random::seeded(1);
        let mut times = [Vec::new(), Vec::new()];
        for call in 0..CALLS * 2 {
            // In no order, so that what goes on after an answer is not always measured with the other
            // kind. Unknown ones are new each time, as register needs them.
            let known = random.bytes::<1>()[0] & 1 == 0;
            let name = if known { call % 10 } else { 1_000 + call };
            let body = json!({"email": format!("{route}{name}@example.org"), "password": "not the right one"});
            times[usize::from(known)].push(timed(&nobody, route, &body).await);
        }
        let [mut unknown, mut known] = times;
        let area = area_under_curve(&known, &unknown);
        row(
            &format!(
                "{route}: known {}, unknown {}; told apart by time",
                millis(median(&mut known)),
                millis(median(&mut unknown))
            ),
            &format!("{area:.2}"),
            "promise: 0.50 (nothing) within 0.05",
        );
    }
}

async fn timed(nobody: &Person, route: &str, body: &Value) -> Duration {
    let started = Instant::now();
    let answer = nobody.post(&format!("/api/auth/{route}"), body).await;
    let took = started.elapsed();
    assert!([202, 401].contains(&answer.status), "{answer:?}");
    // What goes on after the answer must not be measured with the next one.
    tokio::time::sleep(Duration::from_millis(20)).await;
    took
}

/// The chance that a call with a known address took longer than one with an unknown one
/// (Mann-Whitney): 0.5 when the times tell nothing.
#[expect(clippy::cast_precision_loss, reason = "some thousand pairs")]
fn area_under_curve(known: &[Duration], unknown: &[Duration]) -> f64 {
    let pairs = known
        .iter()
        .flat_map(|k| unknown.iter().map(move |u| (k, u)));
    let longer: f64 = pairs
        .map(|(k, u)| match k.cmp(u) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    longer / (known.len() * unknown.len()) as f64
}

/// A thousand sign-ins at once, hashed as configured by default, beside a running answer.
async fn flood() {
    let model = FakeOllama::start();
    let program = Program::start_with(&model.url(), &[]).await;
    let person = program.person("reader").await;
    let mut calm = gaps(&model, &person).await;
    let before = program.resident();
    let storm = tokio::spawn(logins(program.nobody()));
    let mut stormy = gaps(&model, &person).await;
    let peak = program.peak();
    let (in_time, later) = storm.await.unwrap();
    row(
        &format!(
            "{LOGINS} sign-ins at once: {in_time} decided, {later} asked to come back; memory"
        ),
        &format!("+{:.0} MB", megabytes(peak.saturating_sub(before))),
        "promise: bounded (2 hashes of 19 MiB, 512 waiting)",
    );
    let (calm, stormy) = (p95(&mut calm), p95(&mut stormy));
    row(
        &format!(
            "gap between two pieces of an answer, p95: calm {}, meanwhile {}; added",
            millis(calm),
            millis(stormy)
        ),
        &millis(stormy.saturating_sub(calm)),
        "promise: at most 50 ms",
    );
}

async fn logins(nobody: Person) -> (usize, usize) {
    let calls = (0..LOGINS).map(|n| {
        let body =
            json!({"email": format!("person{n}@example.org"), "password": "a guess at random"});
        let nobody = nobody.clone();
        async move { nobody.post("/api/auth/login", &body).await.status }
    });
    let answers = join_all(calls).await;
    let count = |status| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!(count(401) + count(429), LOGINS);
    (count(401), count(429))
}

/// The gaps between the pieces of an answer that comes at an even pace.
async fn gaps(model: &FakeOllama, person: &Person) -> Vec<Duration> {
    let gate = crate::script::Gate::new();
    model.answer(Script::says((0..PIECES).map(|n| format!("word{n} "))).gated(&gate));
    let request = json!({"message": "Tell me something long.", "use_memory": false});
    let mut events = person.stream(&request).await;
    events.until("start").await;
    let pacer = tokio::spawn(async move {
        for _ in 0..PIECES {
            gate.release(1);
            tokio::time::sleep(PACE).await;
        }
        gate.open();
    });
    let mut gaps = Vec::new();
    let mut last = Instant::now();
    while let Some(event) = events.next().await {
        if event.name == "delta" {
            gaps.push(last.elapsed());
            last = Instant::now();
        }
    }
    pacer.await.unwrap();
    gaps
}

fn p95(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() * 95 / 100]
}
