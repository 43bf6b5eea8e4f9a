//! What people used, booked without using it.

use novacore::billing::{self, Booking, Day, Resource};

use super::app::TestApp;
use super::http::Person;
use super::people::id_of;

/// The first day of the test clock: 2026-01-01.
pub const FIRST: u32 = 20_454;

/// Books this for a person on the day that comes so many after the first of the clock.
pub async fn book(app: &TestApp, person: &Person, day: i32, used: &[(Resource, i64)]) {
    let booking = Booking {
        user: id_of(person).await,
        plan: "basic".into(),
        source: None,
        day: Day(FIRST.checked_add_signed(day).unwrap()),
        at: app.app.clock.now(),
    };
    let used = used.to_vec();
    let booked = app
        .app
        .store
        .write(move |tx| billing::book(tx, &booking, &used));
    booked.await.unwrap();
}
