//! Services: other programs that NovaCore lets do a little, and receivers: other programs that believe
//! what NovaCore signs.
//!
//! A service has a secret and exchanges it for tokens of fifteen minutes. Must stay true: a secret is
//! shown once; a service's is stored as its hash and a receiver's not at all; a service that was
//! removed, or has a new secret, is refused from that moment on, its running tokens included; a
//! receiver can sign nothing that counts here or at another receiver.

mod caller;
pub(super) mod issue;
pub(super) mod manage;
pub(super) mod receivers;
mod scope;
mod store;
mod token;

pub use caller::ServiceCaller;
pub use scope::{ReadMetrics, ReadUsage, RunBackup, RunJobs};
pub use store::CATALOGUE;

use storage::Read;
use uuid::Uuid;

use crate::app::App;
use crate::auth::tokens::USED_EVERY;
use crate::error::Result;

/// What a service is called; none when it is no more.
pub fn name(tx: &impl Read, id: Uuid) -> Result<Option<String>> {
    Ok(store::service(tx, id)?.map(|service| service.name))
}

/// Notes that a service was at work, without keeping its request waiting.
fn used(app: &App, service: &store::Service) {
    let now = app.clock.now();
    let recently = service
        .last_used_at
        .is_some_and(|at| now.duration_since(at) < USED_EVERY);
    if recently {
        return;
    }
    let id = service.id;
    let noted = app.store.write(move |tx| {
        if let Some(mut service) = store::service(tx, id)? {
            service.last_used_at = Some(now);
            store::put_service(tx, &service)?;
        }
        Ok::<_, crate::error::Error>(())
    });
    app.tasks.work(async move {
        if let Err(error) = noted.await {
            tracing::debug!(%error, "the use of a service could not be noted");
        }
    });
}
