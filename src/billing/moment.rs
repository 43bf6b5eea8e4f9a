//! When something is asked for or booked, and under which settings: handed into transactions, so that all
//! that one of them does happens at one time.

use jiff::Timestamp;

use super::Day;
use super::plans::{Limits, limits};
use crate::app::App;
use crate::auth::{User, standing};

#[derive(Clone, Copy)]
pub struct Moment<'a> {
    pub app: &'a App,
    pub now: Timestamp,
}

impl<'a> Moment<'a> {
    pub fn now(app: &'a App) -> Self {
        let now = app.clock.now();
        Self { app, now }
    }

    pub fn day(&self) -> Day {
        Day::of(self.now)
    }

    pub fn limits(&self, person: &User) -> Limits {
        limits(&self.app.config, person, self.now)
    }

    pub fn plan(&self, person: &User) -> String {
        standing(&self.app.config, person, self.now).plan
    }
}
