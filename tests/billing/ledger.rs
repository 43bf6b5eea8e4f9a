//! The ledger proves itself, and finds what was changed behind its back.

use novacore::billing::{self, Day, Kind, Resource, Row};
use novacore::error::Error;
use serde::{Deserialize, Serialize};
use storage::{Read as _, Record, Span, Table};
use uuid::Uuid;

use crate::ops::data_commands::{create, ends};
use crate::support::app::TestApp;
use crate::support::people::id_of;
use crate::support::process::Place;
use crate::support::usage::plan;

/// Whatever stands under a key.
#[derive(Clone, Serialize, Deserialize)]
struct Any;

impl Record for Any {}

async fn app() -> TestApp {
    TestApp::with(|config| plan(config, 0, 0)).await
}

/// Rows are added and never changed: a correction is one more row, and the sums follow.
#[tokio::test]
async fn a_correction_is_a_row() {
    let app = app().await;
    let ada = app.user("ada").await;
    app.use_up(&ada, Resource::LlmTokensOutput, 100).await;
    let (user, now) = (id_of(&ada).await, app.app.clock.now());
    let booking = billing::Booking {
        user,
        plan: "free".into(),
        source: None,
        day: Day::of(now),
        at: now,
    };
    let correct = app.app.store.write(move |tx| {
        let amount = (Resource::LlmTokensOutput, -30);
        billing::correct(tx, &booking, amount, "counted twice".into())
    });
    correct.await.unwrap();
    let rows = app.ledger(&ada).await;
    let kinds: Vec<_> = rows.iter().map(|row| (row.kind, row.amount)).collect();
    assert_eq!(kinds, [(Kind::Use, 100), (Kind::Correction, -30)]);
    assert_eq!(rows[1].note.as_deref(), Some("counted twice"));
    assert_eq!(app.today(&ada).await.tokens(), 70);
    app.finish().await;
}

/// Whatever is taken out of the ledger's tables is found: a row, a day, a total; and a stranger's rows.
#[tokio::test]
async fn what_is_missing_is_found() {
    const ROWS: Table<(Uuid, u64), Row> = Table::new("billing_ledger");
    const DAYS: Table<(Uuid, u32), Any> = Table::new("billing_days");
    const TOTALS: Table<Uuid, Any> = Table::new("billing_totals");
    let mut app = app().await;
    let ada = app.user("ada").await;
    for _ in 0..4 {
        app.use_up(&ada, Resource::LlmTokensOutput, 5).await;
    }
    let user = id_of(&ada).await;
    let today = Day::of(app.app.clock.now());
    let mismatches = |app: &TestApp| {
        let verified = app.app.store.read(billing::verify_ledger).unwrap();
        verified.mismatches.len()
    };
    assert_eq!(mismatches(&app), 0);
    for what in 0..6 {
        let wrecked = app.app.store.write(move |tx| {
            match what {
                0..=2 => drop(tx.delete(&ROWS, &(user, [1, 3, 4][what]))?),
                3 => drop(tx.delete(&DAYS, &(user, today.0))?),
                4 => drop(tx.delete(&TOTALS, &user)?),
                _ => {
                    let rows = tx.scan(&ROWS, Span::prefix(&user), 10)?;
                    for ((_, n), row) in rows {
                        tx.put(&ROWS, &(Uuid::from_u128(1), n), &row)?;
                    }
                }
            }
            // Only looked at, and then undone.
            let verified = billing::verify_ledger(tx).unwrap();
            assert!(!verified.mismatches.is_empty(), "case {what}");
            Err::<(), _>(Error::NotFound {
                what: "reason to keep it",
            })
        });
        assert!(wrecked.await.is_err());
    }
    assert_eq!(mismatches(&app), 0);
    app.crash_and_reopen().await;
    app.finish().await;
}

/// `novacore ledger verify` says that everything adds up, beside a running server and without one, and ends
/// with 1 where something does not.
#[tokio::test]
async fn the_command() {
    let place = Place::new();
    create(&place, "ada@example.org").await;
    let mut program = place.serve().await;
    let ada = program.sign_in("ada@example.org").await;
    assert_eq!(ada.say("My sister lives in Lisbon.").await.status, 200);
    let beside = ends(&place, &["ledger", "verify"], 0).await;
    assert!(beside.contains("every total equals its rows"), "{beside}");
    assert!(beside.contains("1 person, 5 rows"), "{beside}");
    program.terminate();
    assert_eq!(program.ended().await.0, Some(0));
    assert_eq!(ends(&place, &["ledger", "verify"], 0).await, beside);

    let options = storage::Options::new(
        place.data(),
        &novacore::schema::TABLES,
        &novacore::schema::MIGRATIONS,
    );
    let user = {
        let store = storage::Store::open(options).unwrap();
        let users = store.read(|tx| novacore::auth::users(tx, None, 1)).unwrap();
        let (user, at) = (users[0].id, users[0].created_at);
        let booking = billing::Booking {
            user,
            plan: String::new(),
            source: None,
            day: Day::of(at),
            at,
        };
        let booked =
            store.write(move |tx| billing::book(tx, &booking, &[(Resource::MemoryBytes, 5)]));
        booked.await.unwrap();
        store.close().unwrap();
        user
    };
    let found = ends(&place, &["ledger", "verify"], 1).await;
    assert!(
        found.contains(&user.to_string()) && found.contains("memory_bytes"),
        "{found}"
    );
}
