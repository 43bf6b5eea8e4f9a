//! What people may use and used: plans for tests, and the ledger as it is stored.

use novacore::billing::{self, Amounts, Day, Quota, Resource, Row};
use novacore::config::Config;
use uuid::Uuid;

use super::app::TestApp;
use super::http::Person;
use super::people::id_of;

/// Everybody has so many tokens and messages a day (0 = any number), and no rate limit is in the way.
pub fn plan(config: &mut Config, tokens: u64, messages: u64) {
    config.plans.default = "free".into();
    config.limits.answers_per_user = 0;
    config.limits.reads_per_minute = 1_000_000;
    config.limits.reads_burst = 1_000_000;
    config.model.max_concurrent = 64;
    let plan = config.plans.named.get_mut("free").unwrap();
    plan.tokens_per_day = tokens;
    plan.messages_per_day = messages;
    plan.memory_bytes = 0;
    plan.requests_per_minute = 0;
    plan.burst = 0;
}

impl TestApp {
    /// A person's rows, oldest first.
    pub async fn ledger(&self, person: &Person) -> Vec<Row> {
        let id = id_of(person).await;
        self.ledger_of(id)
    }

    pub fn ledger_of(&self, id: Uuid) -> Vec<Row> {
        let rows = self
            .app
            .store
            .read(|tx| billing::rows(tx, id, None, usize::MAX));
        rows.unwrap()
            .into_iter()
            .rev()
            .map(|(_, row)| row)
            .collect()
    }

    /// What is booked of one turn that ended lately, and of how many rows it is the sum.
    pub fn booked(&self, user: Uuid, turn: Uuid) -> (Amounts, usize) {
        let rows = self.app.store.read(|tx| billing::rows(tx, user, None, 60));
        let rows = rows.unwrap().into_iter().map(|(_, row)| row);
        let rows = rows.filter(|row| row.source == Some(turn));
        rows.fold((Amounts::default(), 0), |(mut sums, count), row| {
            sums.add(row.resource, row.amount);
            (sums, count + 1)
        })
    }

    /// The sums of the day that the clock shows.
    pub async fn today(&self, person: &Person) -> Amounts {
        self.today_of(id_of(person).await)
    }

    pub fn today_of(&self, id: Uuid) -> Amounts {
        let day = Day::of(self.app.clock.now());
        let sums = self
            .app
            .store
            .read(|tx| billing::amounts_of_day(tx, id, day));
        sums.unwrap()
    }

    pub async fn quota(&self, person: &Person) -> Quota {
        let (id, now) = (id_of(person).await, self.app.clock.now());
        let quota = self.app.store.read(|tx| {
            let user = novacore::auth::user(tx, id)?.unwrap();
            billing::quota(&self.app.config, tx, &user, now)
        });
        quota.unwrap()
    }

    /// Books something of today, so that so much is used.
    pub async fn use_up(&self, person: &Person, resource: Resource, amount: i64) {
        let (user, now) = (id_of(person).await, self.app.clock.now());
        let booking = billing::Booking {
            user,
            plan: "free".into(),
            source: None,
            day: Day::of(now),
            at: now,
        };
        let booked = self
            .app
            .store
            .write(move |tx| billing::book(tx, &booking, &[(resource, amount)]));
        booked.await.unwrap();
    }

    /// How many turns have something reserved.
    pub fn reservations(&self) -> usize {
        self.app.store.read(billing::reserved).unwrap().len()
    }
}
