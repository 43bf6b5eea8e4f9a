//! What happened to accounts: who did what to whom, from where, and how it went.
//!
//! Must stay true: an event is stored in the transaction of what it tells of; it holds no password,
//! token, link, code, message or memory text, and no address that somebody only claimed to have; one
//! about an account that is no more, or is being deleted, names nobody.

pub(super) mod list;
mod store;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use storage::{Read, WriteTx};
use utoipa::ToSchema;
use uuid::Uuid;

pub use store::{CATALOGUE, erase, get, of_everybody, of_user};

use crate::app::App;
use crate::error::Result;
use crate::http::Client;

/// What happened. The words are stable: pages and programs know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Registered,
    SignedIn,
    SignInRefused,
    SignInThrottled,
    SignedOut,
    SessionsEnded,
    SessionReused,
    PasswordChanged,
    PasswordReset,
    ResetRequested,
    VerificationSent,
    EmailVerified,
    VerifiedByAdministrator,
    SecondFactorOn,
    SecondFactorOff,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    PasskeyAdded,
    PasskeyRemoved,
    IdentityLinked,
    IdentityRemoved,
    TokenMade,
    TokenRemoved,
    MailShown,
    AccountDisabled,
    AccountEnabled,
    AccountDeleted,
    RoleChanged,
    PlanChanged,
    UsageCorrected,
    /// What is paid for changed; the payment service said so.
    SubscriptionChanged,
    InvitationMade,
    InvitationLinkShown,
    InvitationRevoked,
    InvitationUsed,
    ServiceMade,
    ServiceSecretMade,
    ServiceRemoved,
    ServiceTokenIssued,
    ServiceTokenRefused,
    ReceiverMade,
    ReceiverSecretMade,
    ReceiverRemoved,
    KeysRotated,
    FeedbackExported,
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// Somebody who has not said who they are, or said it wrongly.
    Nobody,
    User(Uuid),
    Administrator(Uuid),
    /// Whoever has a shell on the server.
    Operator,
    Service(Uuid),
}

impl Actor {
    /// What is left of it when the person is no more.
    fn unnamed(self) -> Self {
        match self {
            Self::Administrator(_) => Self::Administrator(Uuid::nil()),
            Self::User(_) => Self::Nobody,
            Self::Nobody | Self::Operator | Self::Service(_) => self,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    pub id: Uuid,
    pub at: Timestamp,
    pub what: What,
    pub refused: bool,
    /// Whose account it is about.
    pub user: Option<Uuid>,
    pub actor: Actor,
    pub address: Option<String>,
    pub device: Option<String>,
    /// A few plain words, such as the name of a token.
    pub detail: Option<String>,
}

impl storage::Record for Event {}

impl Event {
    /// Something that `actor` did, about nobody's account yet.
    pub fn new(app: &App, what: What, actor: Actor) -> Self {
        Self {
            id: app.ids.next(),
            at: app.clock.now(),
            what,
            refused: false,
            user: match actor {
                Actor::User(id) => Some(id),
                _ => None,
            },
            actor,
            address: None,
            device: None,
            detail: None,
        }
    }

    /// From where.
    pub fn from(mut self, client: &Client) -> Self {
        self.address = Some(client.address.to_string());
        self.device = Some(client.user_agent.clone()).filter(|device| !device.is_empty());
        self
    }

    /// Whose account it is about.
    pub fn about(mut self, user: Uuid) -> Self {
        self.user = Some(user);
        self
    }

    pub fn refused(mut self) -> Self {
        self.refused = true;
        self
    }

    pub fn detail(mut self, words: impl Into<String>) -> Self {
        self.detail = Some(words.into());
        self
    }

    /// Stores it with what it tells of.
    pub fn record(&self, tx: &mut WriteTx<'_>) -> Result<()> {
        store::put(tx, &self.clone().known(tx)?)
    }

    /// The event without those who are no more: it may come from a request that was under way when
    /// the account was deleted. (Whoever adds an account stores it before its first event.)
    fn known(mut self, tx: &impl Read) -> Result<Self> {
        let there = |id| {
            let user = crate::auth::store::user(tx, id)?;
            Ok::<_, crate::error::Error>(user.is_some_and(|user| !user.erasing))
        };
        if let Some(user) = self.user
            && !there(user)?
        {
            (self.user, self.address, self.device, self.detail) = (None, None, None, None);
        }
        if let Actor::User(id) | Actor::Administrator(id) = self.actor
            && !there(id)?
        {
            (self.address, self.device) = (None, None);
            self.actor = self.actor.unnamed();
        }
        Ok(self)
    }
}

/// Stores an event that stands alone, such as a refusal. It must not turn a refusal into a failure,
/// so what the disk says is only logged.
pub async fn record(app: &App, event: Event) {
    let what = event.what;
    if let Err(error) = app.store.write(move |tx| event.record(tx)).await {
        tracing::warn!(?what, %error, "a security event could not be stored");
    }
}

/// Forgets events older than `auth.audit_days`.
pub async fn sweep(app: &App) -> Result<()> {
    const STEP: usize = 5_000;
    let kept = SignedDuration::from_hours(24 * i64::from(app.config.auth.audit_days));
    let before = app.clock.now().checked_sub(kept).unwrap_or(Timestamp::MIN);
    loop {
        let removed = app.store.write(move |tx| store::sweep(tx, before, STEP));
        if removed.await? < STEP {
            return Ok(());
        }
    }
}

/// Takes a person's name off the events of what they did to others, in small steps. Safe to run twice.
pub async fn unname(app: &App, user: Uuid) -> Result<()> {
    const STEP: usize = 500;
    let ids = app.store.read(|tx| store::acted(tx, user))?;
    for some in ids.chunks(STEP) {
        let some = some.to_vec();
        app.store.write(move |tx| store::unname(tx, &some)).await?;
    }
    Ok(())
}
