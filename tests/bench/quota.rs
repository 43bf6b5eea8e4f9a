//! What asking for a quota and reserving adds to the transaction that admits a turn: the same transaction
//! with and without, in turns.

use std::time::{Duration, Instant};

use novacore::app::App;
use novacore::auth::{self, NewAccount, Password, Role};
use novacore::billing::{self, Asked, Booking, Day, Moment, Resource};
use novacore::clock::{Clock, Random};
use novacore::config::{Config, Provider};
use novacore::error::Error;
use novacore::lifecycle;
use uuid::Uuid;

use crate::{median, millis, row};

const TURNS: usize = 2_000;
/// Turns of the person's that are running meanwhile.
const RUNNING: usize = 3;

pub async fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.data.dir = folder.path().join("data");
    config.model.provider = Provider::Ollama;
    config.plans.default = "free".into();
    let app = lifecycle::open(config, Clock::system(), Random::system())
        .await
        .unwrap();
    let user = person(&app).await;
    let (mut inside, mut whole) = ([vec![], vec![]], [vec![], vec![]]);
    for turn in 0..TURNS * 2 {
        let with = turn % 2;
        let (within, all) = turn_of(&app, user, with == 1).await;
        inside[with].push(within);
        whole[with].push(all);
    }
    lifecycle::close(&app).await.unwrap();
    let [without, with] = inside.map(|mut times| median(&mut times));
    let [whole_without, whole_with] = whole.map(|mut times| median(&mut times));
    let added = with.saturating_sub(without).as_nanos() / 1000;
    row(
        &format!(
            "quota in a turn's transaction ({} without, {} with); added",
            millis(whole_without),
            millis(whole_with)
        ),
        &format!("{added} us"),
        "promise: under 50 us",
    );
}

/// Somebody with a month of rows, and some turns that are running.
async fn person(app: &App) -> Uuid {
    let account = NewAccount {
        email: "ada@example.org".into(),
        password: Password::from("a calm river bank".to_owned()),
        role: Role::User,
        plan: None,
        vouched: true,
        invitation: None,
    };
    let user = auth::create_account(app, account).await.unwrap().id;
    let now = app.clock.now();
    for back in (0..30).rev() {
        let booked = app.store.write(move |tx| {
            for _ in 0..25 {
                let booking = Booking {
                    user,
                    plan: "free".into(),
                    source: None,
                    day: Day::of(now).back(back),
                    at: now,
                };
                let amounts = [
                    (Resource::Messages, 1),
                    (Resource::LlmTokensInput, 10),
                    (Resource::LlmTokensOutput, 100),
                ];
                billing::book(tx, &booking, &amounts)?;
            }
            Ok::<_, Error>(())
        });
        booked.await.unwrap();
    }
    for _ in 0..RUNNING {
        let inside = app.clone();
        let reserved = app.store.write(move |tx| {
            let person = auth::user(tx, user)?.unwrap();
            billing::reserve(tx, Moment::now(&inside), &person, asked(&inside))
        });
        reserved.await.unwrap();
    }
    user
}

fn asked(app: &App) -> Asked {
    Asked {
        turn: app.ids.next(),
        input: 12,
        context: 300,
        model: Some("llama3.2:latest".into()),
    }
}

/// One transaction that admits a turn, undone afterwards; how long its closure took, and how long it took
/// until it was durable.
async fn turn_of(app: &App, user: Uuid, with: bool) -> (Duration, Duration) {
    let (inside, asked) = (app.clone(), asked(app));
    let turn = asked.turn;
    let began = Instant::now();
    let admitted = app.store.write(move |tx| {
        let started = Instant::now();
        // Something is written with and without.
        let person = auth::change_user(tx, user, |_| {})?.unwrap();
        if with {
            billing::reserve(tx, Moment::now(&inside), &person, asked)?;
        }
        Ok::<_, Error>(started.elapsed())
    });
    let within = admitted.await.unwrap();
    let all = began.elapsed();
    let inside = app.clone();
    let free = move |tx: &mut storage::WriteTx<'_>| {
        billing::release(tx, Moment::now(&inside), (user, turn))
    };
    let freed = app.store.write(free);
    freed.await.unwrap();
    (within, all)
}
