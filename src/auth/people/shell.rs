//! The same from the shell, where accounts are named by their address.

use jiff::Timestamp;

use super::change::{Act, Change, apply};
use crate::app::App;
use crate::auth::audit::Actor;
use crate::auth::store::{self, Role, User};
use crate::auth::{Standing, standing};
use crate::error::{Error, Result};

/// An account as the shell lists it.
#[derive(Debug)]
pub struct Account {
    pub email: String,
    pub administrator: bool,
    /// In a word or two.
    pub state: &'static str,
    /// The plan that counts, and why.
    pub standing: Standing,
    pub created_at: Timestamp,
    pub last_seen_at: Option<Timestamp>,
}

/// Every account, newest first.
pub fn accounts(app: &App) -> Result<Vec<Account>> {
    let users = app.store.read(|tx| store::users(tx, None, usize::MAX))?;
    let accounts = users.into_iter().map(|user| Account {
        administrator: user.role == Role::Admin,
        state: state(&user),
        standing: standing(&app.config, &user, app.clock.now()),
        created_at: user.created_at,
        last_seen_at: user.last_seen_at,
        email: user.email,
    });
    Ok(accounts.collect())
}

fn state(user: &User) -> &'static str {
    match (user.erasing, user.disabled, user.email_verified_at) {
        (true, ..) => "being deleted",
        (_, true, _) => "disabled",
        (.., None) => "unverified",
        (.., Some(_)) => "verified",
    }
}

/// Changes the account with this address.
pub async fn set(app: &App, email: &str, change: Change) -> Result<()> {
    change.check(app)?;
    let act = Act {
        app: app.clone(),
        actor: Actor::Operator,
        caller: None,
        client: None,
    };
    let email = email.to_owned();
    let set = move |tx: &mut storage::WriteTx<'_>| {
        let user = store::user_by_email(tx, &email)?;
        let user = user.ok_or(Error::NotFound { what: "account" })?;
        let (_, ended) = apply(tx, &act, user.id, &change)?;
        Ok::<_, Error>(ended)
    };
    if let Some(ended) = app.store.write(set).await? {
        ended.close(app);
    }
    Ok(())
}
