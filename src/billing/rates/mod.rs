//! How often somebody may do what costs: in the type of a handler's argument, or asked for by its name.
//!
//! Must stay true: a costly call takes from the bucket of the plan that the account has at this moment,
//! and not from that of other requests as well; a change of plan counts with the next call. Whom a plan
//! does not limit (administrators, plans without a rate) is counted as for any other request. What is
//! counted here by person outlives the program (`keep`).

mod keep;
mod store;

use axum::extract::{FromRequestParts, Query};
use axum::http::Method;
use axum::http::request::Parts;
use serde::Deserialize;
use uuid::Uuid;

pub use keep::{
    keep as keep_rates, load as load_rates, store as store_rates, sweep as sweep_rates,
};
pub use store::{CATALOGUE, erase};

use super::limits;
use crate::app::App;
use crate::auth::{Caller, Scope};
use crate::error::{Error, Result};
use crate::http::rate::Limit;

/// The buckets that outlive the program.
const PLAN: &str = "plan";
const SEARCHES: &str = "searches";
const EXPORTS: &str = "exports";
const KEPT: [&str; 3] = [PLAN, SEARCHES, EXPORTS];

/// A caller whose call costs, such as a chat turn, counted by their plan.
#[derive(Clone, Debug)]
pub struct Costly<S>(pub Caller<S>);

impl<S: Scope> FromRequestParts<App> for Costly<S> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let caller = Caller::identify(parts, app)?;
        match limits(&app.config, &caller.user, app.clock.now()).rate {
            Some((a_minute, at_once)) => {
                let limit = Limit::per_minute(a_minute).burst(at_once).kept();
                let taken = app.rates.take(PLAN, &caller.id, limit);
                taken.map_err(|error| in_words(error, a_minute, at_once))?;
            }
            None => caller.admit(app)?,
        }
        Ok(Self(caller))
    }
}

/// What the plan allows, in the place of the sentence for everything.
fn in_words(error: Error, a_minute: u32, at_once: u32) -> Error {
    let Error::TooMany {
        code,
        retry_after,
        resets_at,
        ..
    } = error
    else {
        return error;
    };
    let s = |n: u64| if n == 1 { "" } else { "s" };
    let messages = s(a_minute.into());
    let seconds = s(retry_after);
    Error::TooMany {
        code,
        message: format!(
            "Your plan allows {a_minute} message{messages} a minute, {at_once} at once. Wait {retry_after} second{seconds} and try again."
        ),
        retry_after,
        resets_at,
    }
}

/// A caller who searches: counted as searches, and where the route also lists and no words (`q`) are
/// given, as any other request.
#[derive(Clone, Debug)]
pub struct Searching<S>(pub Caller<S>);

#[derive(Deserialize)]
struct Words {
    q: Option<String>,
}

impl<S: Scope> FromRequestParts<App> for Searching<S> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let caller = Caller::identify(parts, app)?;
        // A query that cannot be read is refused by the handler's own arguments.
        let words = Query::<Words>::try_from_uri(&parts.uri).ok();
        let words = words.and_then(|Query(words)| words.q);
        if parts.method == Method::POST || words.is_some_and(|words| !words.trim().is_empty()) {
            let limit = Limit::per_minute(app.config.limits.searches_per_minute).kept();
            app.rates.take(SEARCHES, &caller.id, limit)?;
        } else {
            caller.admit(app)?;
        }
        Ok(Self(caller))
    }
}

/// Counts an export by this person; beside the request, which counts as any other.
///
/// # Errors
/// `rate_limited`.
pub fn admit_export(app: &App, person: Uuid) -> Result<()> {
    let limit = Limit::per_hour(app.config.limits.exports_per_hour).kept();
    app.rates.take(EXPORTS, &person, limit)
}
