//! The tables of accounts and sign-ins.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use storage::{Read, Record, Span, Table, TableInfo, WriteTx};
use utoipa::ToSchema;
use uuid::Uuid;

use super::standing::Paid;
use crate::error::{Error, Result};

/// A person has at most so many sign-ins.
const MOST_SESSIONS: usize = 100;

const USERS: Table<Uuid, User> = Table::new("auth_users");
const EMAILS: Table<String, Uuid16> = Table::new("auth_emails");
const SESSIONS: Table<Uuid, Session> = Table::new("auth_sessions");
const USER_SESSIONS: Table<(Uuid, Uuid), ()> = Table::new("auth_user_sessions");
const SETUP: Table<u8, Setup> = Table::new("auth_setup");

pub const CATALOGUE: [TableInfo; 5] = [
    USERS
        .info("auth", "user", "account: address, password hash, role")
        .by_user(),
    EMAILS.info("auth", "address, folded", "user"),
    SESSIONS.info("auth", "sign-in", "user, refresh counter, times, device"),
    USER_SESSIONS
        .info("auth", "user, sign-in", "(index)")
        .by_user(),
    SETUP.info("auth", "0", "hash of the set-up token, whether it was used"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    User,
    Admin,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub password_hash: String,
    pub role: Role,
    pub created_at: Timestamp,
    pub email_verified_at: Option<Timestamp>,
    pub disabled: bool,
    /// The plan somebody gave it; otherwise what `standing` says.
    #[serde(default)]
    pub plan: Option<String>,
    /// When the plan that was given ends; none for never.
    #[serde(default)]
    pub plan_until: Option<Timestamp>,
    /// What the account pays for; kept by `billing`.
    #[serde(default)]
    pub paid: Option<Paid>,
    /// Of the newest sign-in or refresh.
    #[serde(default)]
    pub last_seen_at: Option<Timestamp>,
    /// The invitation it came by.
    #[serde(default)]
    pub invitation: Option<Uuid>,
    #[serde(default)]
    pub second_factor: Option<SecondFactor>,
    /// Being deleted: nothing may be added to it any more.
    #[serde(default)]
    pub erasing: bool,
}

impl User {
    /// An address that was verified, or an administrator.
    pub fn trusted(&self) -> bool {
        self.email_verified_at.is_some() || self.role == Role::Admin
    }

    /// Accounts that only ever signed in with another service have none.
    pub fn has_password(&self) -> bool {
        !self.password_hash.is_empty()
    }
}

/// One-time codes (RFC 6238) and the codes for when they are lost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SecondFactor {
    /// The secret is derived from this and the installation's key, so that rows alone give no code.
    pub seed: [u8; 16],
    pub enabled_at: Timestamp,
    /// The time step of the newest code that was used; each is good once.
    pub last_step: u64,
    /// Hashes of the recovery codes that are left.
    pub recovery: Vec<[u8; 32]>,
}

impl Record for User {}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Uuid16(Uuid);

impl Record for Uuid16 {}

/// How somebody signed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    #[default]
    Password,
    Passkey,
    Oidc,
    /// By the set-up link.
    Setup,
}

/// A sign-in. `turn` is the number of the refresh token that is good now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    pub id: Uuid,
    pub user: Uuid,
    pub turn: u64,
    /// When the token before this one was spent.
    pub spent_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
    pub ends_at: Timestamp,
    pub device: String,
    pub address: String,
    #[serde(default)]
    pub method: Method,
    /// Whether a second factor or a passkey was shown.
    #[serde(default)]
    pub second_factor: bool,
}

impl Record for Session {}

impl Session {
    pub fn live(&self, now: Timestamp) -> bool {
        now < self.expires_at && now < self.ends_at
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Setup {
    token_hash: Option<[u8; 32]>,
    done: bool,
}

impl Record for Setup {}

/// Bytes of the longest address (RFC 5321).
pub const LONGEST_ADDRESS: usize = 254;

/// The form of an address by which it is unique. Letters of ASCII alone are folded: others have small
/// forms that are ASCII (the Kelvin sign's is k), and one person's address must never become another's.
pub fn folded(email: &str) -> String {
    email.trim().to_ascii_lowercase()
}

/// The keys that an address may stand under: its folded form, and the form by which rows were keyed
/// that were written when all letters were folded.
fn email_keys(email: &str) -> Vec<String> {
    let mut keys = vec![folded(email), email.trim().to_lowercase()];
    keys.dedup();
    keys
}

pub fn user(tx: &impl Read, id: Uuid) -> Result<Option<User>> {
    Ok(tx.get(&USERS, &id)?)
}

pub fn user_by_email(tx: &impl Read, email: &str) -> Result<Option<User>> {
    if email.trim().len() > LONGEST_ADDRESS {
        return Ok(None);
    }
    for key in email_keys(email) {
        let found = tx.get(&EMAILS, &key)?.map(|Uuid16(id)| user(tx, id));
        // An old key may be what several addresses fold to; only one of them has the account.
        let found = found.transpose()?.flatten();
        let theirs = found.filter(|user| folded(&user.email) == folded(email));
        if theirs.is_some() {
            return Ok(theirs);
        }
    }
    Ok(None)
}

/// Adds an account, or says that the address has one.
pub fn add_user(tx: &mut WriteTx<'_>, user: &User) -> Result<()> {
    let key = folded(&user.email);
    if tx.contains(&EMAILS, &key)? || user_by_email(tx, &user.email)?.is_some() {
        return Err(Error::conflict(
            "email_taken",
            "There is already an account with this address. Sign in instead.",
        ));
    }
    tx.put(&EMAILS, &key, &Uuid16(user.id))?;
    tx.put(&USERS, &user.id, user)?;
    if user.role == Role::Admin {
        tx.put(
            &SETUP,
            &0,
            &Setup {
                token_hash: None,
                done: true,
            },
        )?;
    }
    Ok(())
}

/// Changes an account in place; nothing when it is gone, or being deleted.
pub fn change_user(
    tx: &mut WriteTx<'_>,
    id: Uuid,
    change: impl FnOnce(&mut User),
) -> Result<Option<User>> {
    let Some(mut user) = user(tx, id)?.filter(|user| !user.erasing) else {
        return Ok(None);
    };
    change(&mut user);
    tx.put(&USERS, &id, &user)?;
    Ok(Some(user))
}

/// Accounts, newest first, older than `before`.
pub fn users(tx: &impl Read, before: Option<Uuid>, limit: usize) -> Result<Vec<User>> {
    let span = Span::all().rev();
    let span = match &before {
        Some(id) => span.before(id),
        None => span,
    };
    let rows = tx.scan(&USERS, span, limit)?;
    Ok(rows.into_iter().map(|(_, user)| user).collect())
}

/// Whether somebody else than `id` can administer.
pub fn another_administrator(tx: &impl Read, id: Uuid) -> Result<bool> {
    let can = |user: &User| user.role == Role::Admin && !user.disabled && user.id != id;
    Ok(users(tx, None, usize::MAX)?.iter().any(can))
}

/// Removes an account's row and its address, which can be registered again from then on.
pub fn remove_user(tx: &mut WriteTx<'_>, user: &User) -> Result<()> {
    for key in email_keys(&user.email) {
        let theirs = tx.get(&EMAILS, &key)?;
        if theirs.is_some_and(|Uuid16(id)| id == user.id) {
            tx.delete(&EMAILS, &key)?;
        }
    }
    tx.delete(&USERS, &user.id)?;
    Ok(())
}

/// Ends all sign-ins of a user but `keep`; returns their ids, whose doors are to be closed.
pub fn end_sessions(tx: &mut WriteTx<'_>, user: Uuid, keep: Option<Uuid>) -> Result<Vec<Uuid>> {
    let all = sessions(tx, user)?.into_iter().map(|session| session.id);
    let ended: Vec<_> = all.filter(|id| Some(*id) != keep).collect();
    for id in &ended {
        remove_session(tx, user, *id)?;
    }
    Ok(ended)
}

/// Whether there is an administrator; until then nobody else can register.
pub fn set_up(tx: &impl Read) -> Result<bool> {
    Ok(tx.get(&SETUP, &0)?.unwrap_or_default().done)
}

pub fn setup_token_hash(tx: &impl Read) -> Result<Option<[u8; 32]>> {
    Ok(tx.get(&SETUP, &0)?.unwrap_or_default().token_hash)
}

/// Keeps the hash of a new set-up link; false when an administrator was made in the meantime.
pub fn offer_setup(tx: &mut WriteTx<'_>, token_hash: [u8; 32]) -> Result<bool> {
    let offer = Setup {
        token_hash: Some(token_hash),
        done: false,
    };
    let open = !set_up(tx)?;
    if open {
        tx.put(&SETUP, &0, &offer)?;
    }
    Ok(open)
}

pub fn session(tx: &impl Read, id: Uuid) -> Result<Option<Session>> {
    Ok(tx.get(&SESSIONS, &id)?)
}

pub fn put_session(tx: &mut WriteTx<'_>, session: &Session) -> Result<()> {
    tx.put(&SESSIONS, &session.id, session)?;
    Ok(tx.put(&USER_SESSIONS, &(session.user, session.id), &())?)
}

/// Adds a sign-in; when the person has as many as fit, their oldest end. Returns the ids of those, whose
/// doors are to be closed.
pub fn add_session(tx: &mut WriteTx<'_>, session: &Session) -> Result<Vec<Uuid>> {
    let user = session.user;
    let rows = tx.scan(&USER_SESSIONS, Span::prefix(&user), usize::MAX)?;
    // Ids are in the order in which they were made.
    let over = (rows.len() + 1).saturating_sub(MOST_SESSIONS);
    let oldest: Vec<_> = rows
        .into_iter()
        .map(|((_, id), ())| id)
        .take(over)
        .collect();
    for id in &oldest {
        remove_session(tx, user, *id)?;
    }
    put_session(tx, session)?;
    Ok(oldest)
}

/// Ends a sign-in of this user; false when it is not there or not theirs.
pub fn remove_session(tx: &mut WriteTx<'_>, user: Uuid, id: Uuid) -> Result<bool> {
    let theirs = session(tx, id)?.is_some_and(|session| session.user == user);
    if theirs {
        tx.delete(&USER_SESSIONS, &(user, id))?;
        tx.delete(&SESSIONS, &id)?;
    }
    Ok(theirs)
}

/// The sign-ins of a user, newest first.
pub fn sessions(tx: &impl Read, user: Uuid) -> Result<Vec<Session>> {
    let ids = tx.scan(&USER_SESSIONS, Span::prefix(&user).rev(), usize::MAX)?;
    let mut sessions = Vec::with_capacity(ids.len());
    for ((_, id), ()) in ids {
        sessions.extend(session(tx, id)?);
    }
    Ok(sessions)
}

/// Ends up to `limit` sign-ins of a user; returns how many.
pub fn erase_sessions(tx: &mut WriteTx<'_>, user: Uuid, limit: usize) -> Result<usize> {
    let ids = tx.scan(&USER_SESSIONS, Span::prefix(&user), limit)?;
    for ((_, id), ()) in &ids {
        remove_session(tx, user, *id)?;
    }
    Ok(ids.len())
}

/// Ends up to `limit` sign-ins, whosever they are; returns their ids.
pub fn end_any(tx: &mut WriteTx<'_>, limit: usize) -> Result<Vec<Uuid>> {
    let some = tx.scan(&SESSIONS, Span::all(), limit)?;
    for (id, session) in &some {
        remove_session(tx, session.user, *id)?;
    }
    Ok(some.into_iter().map(|(id, _)| id).collect())
}

/// Makes an open set-up link worthless.
pub fn void_setup(tx: &mut WriteTx<'_>) -> Result<()> {
    let done = set_up(tx)?;
    let void = Setup {
        token_hash: None,
        done,
    };
    Ok(tx.put(&SETUP, &0, &void)?)
}

/// Sign-ins that ended by themselves a day ago or longer, with their owners; at most `limit`.
pub fn ended(tx: &impl Read, now: Timestamp, limit: usize) -> Result<Vec<(Uuid, Uuid)>> {
    const PAGE: usize = 1000;
    let before = now
        .checked_sub(SignedDuration::from_hours(24))
        .unwrap_or(now);
    let mut ended = Vec::new();
    let mut span = Span::all();
    loop {
        let page = tx.scan(&SESSIONS, span, PAGE)?;
        let last = page.last().map(|(id, _)| *id);
        let over = page
            .into_iter()
            .filter(|(_, session)| !session.live(before));
        ended.extend(over.map(|(id, session)| (session.user, id)));
        match last {
            Some(id) if ended.len() < limit => span = Span::all().after(&id),
            _ => break,
        }
    }
    ended.truncate(limit);
    Ok(ended)
}
