//! What an older program remembered, at the first start of this one.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use novacore::memory;
use novacore::schema::{MIGRATIONS, TABLES};
use serde::{Deserialize, Serialize};
use storage::{Error, Options, Read as _, Record, Span, Store, Table, WriteTx};
use uuid::Uuid;

use super::{found, unlimited};
use crate::support::people::id_of;

/// A memory as programs wrote it before memories had places.
#[derive(Serialize, Deserialize)]
struct Old {
    session: Uuid,
    speaker: String,
    text: String,
    created_at: Timestamp,
}

impl Record for Old {}

/// What of a memory is looked at here.
#[derive(Serialize, Deserialize)]
struct Placed {
    place: u64,
}

impl Record for Placed {}

/// What stands at a place.
#[derive(Serialize, Deserialize)]
struct There {
    id: Uuid,
}

impl Record for There {}

/// How far counting came.
#[derive(Serialize, Deserialize)]
struct Counted(Option<(Uuid, Uuid)>);

impl Record for Counted {}

const MEMORIES: Table<(Uuid, Uuid), Old> = Table::new("memory_turns");
const PLACES: Table<(Uuid, Uuid), Placed> = Table::new("memory_turns");
const BY_SESSION: Table<(Uuid, Uuid, Uuid), ()> = Table::new("memory_by_session");
const BY_TIME: Table<(Uuid, u64, Uuid), ()> = Table::new("memory_by_time");
const SIGNS: Table<(Uuid, u64), There> = Table::new("memory_signs");
const COUNTING: Table<u32, Counted> = Table::new("memory_counting");

/// Stores a user's memories as an older program did, in two conversations.
fn remember(tx: &mut WriteTx<'_>, user: Uuid, count: u32) -> Result<(), Error> {
    for n in 0..count {
        let id = Uuid::from_u128(u128::from(n) + 1);
        let session = Uuid::from_u128(u128::from(n % 2) + 100_000);
        let second = 1_700_000_000 + i64::from(n);
        let memory = Old {
            session,
            speaker: "user".to_owned(),
            text: format!("Wombat number {n}"),
            created_at: Timestamp::from_second(second).unwrap(),
        };
        tx.put(&MEMORIES, &(user, id), &memory)?;
        tx.put(&BY_SESSION, &(user, session, id), &())?;
        let millis = u64::try_from(second * 1000).unwrap();
        tx.put(&BY_TIME, &(user, millis, id), &())?;
    }
    Ok(())
}

fn open(path: &Path) -> Store {
    Store::open(Options::new(path.to_owned(), &TABLES, &MIGRATIONS)).unwrap()
}

/// Memories of a format without places get them in several transactions of bounded size, and what was done
/// before the program was cut off is not done twice.
#[tokio::test]
async fn places_are_given_in_steps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let users = [1, 2].map(|n| Uuid::from_u128(n << 100));
    let before = Store::open(Options::new(path.clone(), &TABLES, &MIGRATIONS[..1])).unwrap();
    for (user, count) in users.into_iter().zip([700, 503]) {
        let write = move |tx: &mut WriteTx<'_>| remember(tx, user, count);
        before.write(write).await.unwrap();
    }
    before.close().unwrap();

    let counted = |store: &Store| store.read(memory::count_all).unwrap();
    let store = open(&path);
    assert_eq!(counted(&store), 0, "only begun");
    store.write(memory::count_some).await.unwrap();
    let some = counted(&store);
    assert!(some > 0 && some < 1203, "{some} in one transaction");
    store.close().unwrap();

    let store = open(&path);
    assert_eq!(counted(&store), some);
    memory::count_the_rest(&store).await.unwrap();
    assert_eq!(counted(&store), 1203);
    let checked = store.read(|tx| {
        let mut places = BTreeSet::new();
        for ((user, id), Placed { place }) in tx.scan(&PLACES, Span::all(), usize::MAX)? {
            assert!(places.insert((user, place)), "two at {place}");
            assert_eq!(tx.get(&SIGNS, &(user, place))?.unwrap().id, id);
        }
        assert!(tx.get(&COUNTING, &0)?.is_none(), "it is done");
        Ok::<_, Error>(places)
    });
    // Per person two conversations, in each the order in which it was said.
    let expected = users.into_iter().zip([[350, 350], [252, 251]]);
    let expected = expected.flat_map(|(user, lengths)| {
        (0..).zip(lengths).flat_map(move |(group, length)| {
            (0..length).map(move |position| (user, group << 32 | position))
        })
    });
    assert_eq!(checked.unwrap(), expected.collect());
    let seq = store.seq();
    memory::count_the_rest(&store).await.unwrap();
    assert_eq!(store.seq(), seq, "nothing is left to do");
    store.close().unwrap();
}

/// The program counts before it serves anybody.
#[tokio::test]
async fn who_starts_finds_everything_counted() {
    let mut app = unlimited().await;
    let ada = app.user("ada").await;
    let user = id_of(&ada).await;
    let older = move |tx: &mut WriteTx<'_>| {
        remember(tx, user, 7)?;
        tx.put(&COUNTING, &0, &Counted(None))
    };
    app.app.store.write(older).await.unwrap();
    app.crash_and_reopen().await;
    app.settle().await;
    let ada = app.user("ada").await;
    let stats = ada.get("/api/memory/stats").await.body;
    assert_eq!(
        (&stats["total"], &stats["sessions"]),
        (&7.into(), &2.into())
    );
    assert_eq!(found(&ada, "number 5").await[0], "Wombat number 5");
    app.finish().await;
}
