//! A thousand people, and none finds anything of another.

use novacore::billing::Moment;
use novacore::clock::Random;
use novacore::memory::{self, Filter, Memory, Speaker, Wanted};
use uuid::Uuid;

use super::unlimited;

const PEOPLE: usize = 1000;
const EACH: usize = 12;
const WORDS: [&str; 16] = [
    "river", "garden", "sister", "violin", "kettle", "bridge", "winter", "doctor", "island",
    "lantern", "market", "orchard", "pepper", "railway", "saddle", "thunder",
];

fn below(random: &Random, most: usize) -> usize {
    usize::from(u16::from_le_bytes(random.bytes())) % most
}

fn sentence(random: &Random, length: usize) -> String {
    let words = (0..length).map(|_| WORDS[below(random, WORDS.len())]);
    words.collect::<Vec<_>>().join(" ")
}

/// Random searches with random filters over people who all use the same words find their own alone, and
/// everything of it that matches.
#[tokio::test]
async fn a_thousand_people_stay_apart() {
    let app = unlimited().await;
    let random = Random::seeded(6);
    let people: Vec<Uuid> = (0..PEOPLE).map(|_| app.app.ids.next()).collect();
    for some in people.chunks(100) {
        let mut rows = Vec::new();
        for person in some {
            for n in 0..EACH {
                let session = Uuid::from_u128(n as u128 / 4);
                let text = format!("{} {}", sentence(&random, 4), person.simple());
                let memory = Memory::turn(session, Speaker::User, text, app.app.clock.now());
                rows.push((*person, app.app.ids.next(), memory));
            }
        }
        let inside = app.app.clone();
        let write = move |tx: &mut storage::WriteTx<'_>| {
            for (person, id, row) in &rows {
                memory::remember(tx, Moment::now(&inside), (*person, *id), row)?;
            }
            Ok::<_, novacore::error::Error>(())
        };
        app.app.store.write(write).await.unwrap();
    }
    app.settle_index().await;
    let (mut hits, mut foreign) = (0, 0);
    for _ in 0..1000 {
        let person = people[below(&random, PEOPLE)];
        let query = sentence(&random, 1 + below(&random, 3));
        let session = below(&random, 2) == 0;
        let filter = Filter {
            session: session.then(|| Uuid::from_u128(below(&random, 3) as u128)),
            ..Filter::default()
        };
        let limit = 50;
        let wanted = Wanted {
            query,
            limit,
            filter,
        };
        let found = memory::search(&app.app, person, wanted).await.unwrap();
        let own = person.simple().to_string();
        hits += found.results.len();
        foreign += found
            .results
            .iter()
            .filter(|found| !found.memory.text.ends_with(&own))
            .count();
    }
    assert_eq!(foreign, 0);
    assert!(hits > 2000, "{hits}");
    // Everybody's own mark finds all of theirs and nobody else's.
    for person in people.iter().step_by(50) {
        let query = person.simple().to_string();
        let wanted = Wanted {
            query,
            limit: 100,
            filter: Filter::default(),
        };
        let found = memory::search(&app.app, *person, wanted.clone())
            .await
            .unwrap();
        assert_eq!(found.results.len(), EACH);
        let other = people[below(&random, PEOPLE)];
        if other != *person {
            let found = memory::search(&app.app, other, wanted).await.unwrap();
            assert_eq!(found.results.len(), 0);
        }
    }
    app.finish().await;
}
