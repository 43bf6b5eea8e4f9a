//! How an account closes: for a while, when an administrator disables it, or for good.
//!
//! Must stay true: everything that was open ends in the transaction that closes the account; somebody
//! who can administer is always left; an account that is being deleted gets nothing new, so that what
//! was removed stays removed.

use storage::{Read, WriteTx};
use uuid::Uuid;

use super::store::{self, Role, User};
use super::{audit, invitations, links, oidc, passkeys, session, tokens};
use crate::app::App;
use crate::error::{Error, Result};

/// Removes up to so many of a person's rows and says how many they were.
type Eraser = fn(&mut WriteTx<'_>, &User, usize) -> Result<usize>;

/// Everything that this slice keeps about a person beside the account's own row. Whoever adds a table
/// of people's rows adds its line here.
const ERASERS: [Eraser; 7] = [
    |tx, user, limit| store::erase_sessions(tx, user.id, limit),
    |tx, user, limit| tokens::erase(tx, user.id, limit).map(|ids| ids.len()),
    |tx, user, limit| passkeys::erase(tx, user.id, limit),
    |tx, user, limit| oidc::erase(tx, user.id, limit),
    |tx, user, limit| links::erase(tx, user.id, limit),
    |tx, user, _| invitations::erase(tx, user),
    |tx, user, limit| audit::erase(tx, user.id, limit),
];

/// The account, when it is there, not disabled, and not being deleted. Whoever acts for a caller asks
/// `still` of them, which asks this.
///
/// # Errors
/// `session_revoked`.
pub fn must_be_open(tx: &impl Read, user: Uuid) -> Result<User> {
    let user = store::user(tx, user)?;
    user.filter(|user| !user.disabled && !user.erasing)
        .ok_or_else(session::revoked)
}

/// Passes while the account is there and not being deleted, disabled or not.
///
/// # Errors
/// `session_revoked`.
pub fn must_be_there(tx: &impl Read, user: Uuid) -> Result<()> {
    match store::user(tx, user)? {
        Some(user) if !user.erasing => Ok(()),
        _ => Err(session::revoked()),
    }
}

/// What was open of an account, to be closed once its end is stored.
#[must_use]
#[derive(Debug)]
pub struct Ended {
    user: Uuid,
    doors: Vec<Uuid>,
}

impl Ended {
    /// Ends the streams that are being read, and the answers that are being written.
    pub fn close(self, app: &App) {
        app.presence.close(self.doors);
        app.streams.stop(self.user);
    }
}

/// Ends a person's sign-ins and voids what could begin new ones.
pub fn end(tx: &mut WriteTx<'_>, user: Uuid) -> Result<Ended> {
    let mut doors = store::end_sessions(tx, user, None)?;
    let tokens = tokens::of_user(tx, user, usize::MAX)?;
    doors.extend(tokens.into_iter().map(|token| token.id));
    links::void(tx, user, links::Purpose::ResetPassword)?;
    Ok(Ended { user, doors })
}

/// Passes unless this is the only account that can administer.
///
/// # Errors
/// `last_administrator`.
pub fn must_not_be_the_last(tx: &impl Read, user: &User) -> Result<()> {
    let can = user.role == Role::Admin && !user.disabled;
    if can && !store::another_administrator(tx, user.id)? {
        return Err(Error::conflict(
            "last_administrator",
            "This is the only administrator. Make somebody else one first.",
        ));
    }
    Ok(())
}

/// Marks an account as being deleted and ends all of it; None when that was done before.
pub fn begin_erasing(tx: &mut WriteTx<'_>, id: Uuid) -> Result<Option<Ended>> {
    let user = store::user(tx, id)?.ok_or(Error::NotFound { what: "account" })?;
    if user.erasing {
        return Ok(None);
    }
    must_not_be_the_last(tx, &user)?;
    let ended = end(tx, id)?;
    tokens::erase(tx, id, usize::MAX)?;
    store::change_user(tx, id, |user| {
        user.disabled = true;
        user.erasing = true;
    })?;
    Ok(Some(ended))
}

/// The account, if it is being deleted.
pub fn erasing(tx: &impl Read, id: Uuid) -> Result<Option<User>> {
    Ok(store::user(tx, id)?.filter(|user| user.erasing))
}

/// Where others' rows name the person: events of what they did, invitations they made or that
/// named their address. Safe to run twice.
pub async fn erase_traces(app: &App, user: &User) -> Result<()> {
    audit::unname(app, user.id).await?;
    let (id, email, now) = (user.id, user.email.clone(), app.clock.now());
    let unname = move |tx: &mut WriteTx<'_>| invitations::unname(tx, id, &email, now);
    app.store.write(unname).await
}

/// Removes up to about `limit` of a person's rows; returns how many.
pub fn erase(tx: &mut WriteTx<'_>, user: &User, limit: usize) -> Result<usize> {
    let mut erased = 0;
    for eraser in ERASERS {
        if erased < limit {
            erased += eraser(tx, user, limit - erased)?;
        }
    }
    Ok(erased)
}

/// The end of it: the account itself. Only when nothing else is left of the person.
pub fn finish_erasing(tx: &mut WriteTx<'_>, user: &User) -> Result<()> {
    store::remove_user(tx, user)
}
