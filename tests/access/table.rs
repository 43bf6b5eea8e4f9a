//! Every route there is, and who may use it.

/// What the id in a route's path names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Names {
    Nothing,
    SignIn,
    Conversation,
    /// An answer of Nova's.
    Answer,
    /// A message of the person's own.
    Question,
    Turn,
    Memory,
    /// A job of memory's.
    MemoryJob,
    Passkey,
    /// Somebody at another sign-in service.
    Identity,
    /// An API token.
    Token,
    Account,
    Invitation,
    Feedback,
    /// A mail in the queue, which is a job as well.
    Mail,
    /// A service's account.
    Program,
    Receiver,
    /// What the payment service told.
    PaymentEvent,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Who {
    /// Anybody, with or without a token.
    Anyone,
    /// Whoever brings a refresh token or an access token.
    AnySignIn,
    /// A person, or any program of theirs.
    Known,
    /// A person, or a program of theirs whose API token has this scope; and only for what is theirs.
    Scoped(&'static str, Names),
    /// The same, of a person with a verified address.
    VerifiedScoped(&'static str),
    /// A person who signed in, for what is theirs; none of their programs.
    SignedIn(Names),
    /// The same, with a verified address. What else such a route asks for, its own tests say.
    Verified(Names),
    /// An administrator, of whatever there is.
    Administrator(Names),
    /// A service with this scope, and no person whatsoever.
    Service(&'static str),
}

use Names::*;
use Who::*;

const READ: &str = "chat:read";
const WRITE: &str = "chat:write";
const RECALL: &str = "memory:read";
const FORGET: &str = "memory:write";
const USAGE: &str = "usage:read";

#[rustfmt::skip]
pub const ROUTES: [(&str, &str, Who); 140] = [
    ("GET",    "/health", Anyone),
    ("GET",    "/ready", Anyone),
    ("GET",    "/metrics", Anyone),
    ("GET",    "/api/status", Anyone),
    ("GET",    "/api/auth/health", Anyone),
    ("GET",    "/api/intelligence/health", Anyone),
    ("GET",    "/api/memory/health", Anyone),
    ("GET",    "/api/billing/health", Anyone),
    // By Stripe's signature; its tests say how.
    ("POST",   "/api/billing/webhook", Anyone),

    ("GET",    "/api/admin/storage", Administrator(Nothing)),
    ("POST",   "/api/admin/storage/adopt", Administrator(Nothing)),
    ("POST",   "/api/admin/storage/backup", Administrator(Nothing)),
    ("GET",    "/api/admin/users", Administrator(Nothing)),
    ("GET",    "/api/admin/users/{id}", Administrator(Account)),
    ("PATCH",  "/api/admin/users/{id}", Administrator(Account)),
    ("POST",   "/api/admin/users/{id}/end-sessions", Administrator(Account)),
    ("POST",   "/api/admin/users/{id}/start-reset", Administrator(Account)),
    ("DELETE", "/api/admin/users/{id}", Administrator(Account)),
    ("GET",    "/api/admin/users/{id}/usage", Administrator(Account)),
    ("POST",   "/api/admin/users/{id}/usage/correction", Administrator(Account)),
    ("GET",    "/api/admin/usage", Administrator(Nothing)),
    ("GET",    "/api/admin/invitations", Administrator(Nothing)),
    ("POST",   "/api/admin/invitations", Administrator(Nothing)),
    ("POST",   "/api/admin/invitations/{id}/link", Administrator(Invitation)),
    ("DELETE", "/api/admin/invitations/{id}", Administrator(Invitation)),
    ("GET",    "/api/admin/mails", Administrator(Nothing)),
    ("POST",   "/api/admin/mails/test", Administrator(Nothing)),
    ("POST",   "/api/admin/mails/{id}/show", Administrator(Mail)),
    ("POST",   "/api/admin/mails/{id}/retry", Administrator(Mail)),
    ("GET",    "/api/admin/jobs", Administrator(Nothing)),
    ("POST",   "/api/admin/jobs/{id}/retry", Administrator(Mail)),
    ("GET",    "/api/admin/audit", Administrator(Nothing)),
    ("GET",    "/api/admin/feedback", Administrator(Nothing)),
    ("GET",    "/api/admin/feedback/export", Administrator(Nothing)),
    ("POST",   "/api/admin/feedback/{id}/answer", Administrator(Feedback)),
    ("POST",   "/api/admin/users/{id}/resync", Administrator(Account)),
    ("GET",    "/api/admin/billing", Administrator(Nothing)),
    ("GET",    "/api/admin/billing/events", Administrator(Nothing)),
    ("POST",   "/api/admin/billing/events/{id}/retry", Administrator(PaymentEvent)),
    ("GET",    "/api/admin/memory", Administrator(Nothing)),
    ("POST",   "/api/admin/memory/distil", Administrator(Nothing)),
    ("POST",   "/api/admin/memory/embedding", Administrator(Nothing)),
    ("GET",    "/api/admin/services", Administrator(Nothing)),
    ("POST",   "/api/admin/services", Administrator(Nothing)),
    ("POST",   "/api/admin/services/{id}/secret", Administrator(Program)),
    ("DELETE", "/api/admin/services/{id}", Administrator(Program)),
    ("GET",    "/api/admin/receivers", Administrator(Nothing)),
    ("POST",   "/api/admin/receivers", Administrator(Nothing)),
    ("POST",   "/api/admin/receivers/{id}/secret", Administrator(Receiver)),
    ("DELETE", "/api/admin/receivers/{id}", Administrator(Receiver)),

    ("POST",   "/api/internal/backup", Service("backup:run")),
    ("GET",    "/api/internal/usage", Service("usage:read")),
    ("POST",   "/api/internal/jobs/run", Service("jobs:run")),

    ("POST",   "/api/auth/setup", Anyone),
    ("POST",   "/api/auth/register", Anyone),
    ("POST",   "/api/auth/invitation", Anyone),
    ("POST",   "/api/auth/login", Anyone),
    ("GET",    "/api/auth/options", Anyone),
    ("GET",    "/api/auth/verify-email", Anyone),
    ("POST",   "/api/auth/verify-email", Anyone),
    ("POST",   "/api/auth/resend-verification", Anyone),
    ("POST",   "/api/auth/forgot-password", Anyone),
    ("POST",   "/api/auth/reset-password", Anyone),
    ("POST",   "/api/auth/passkey/begin", Anyone),
    ("POST",   "/api/auth/passkey/finish", Anyone),
    ("POST",   "/api/auth/oidc/begin", Anyone),
    ("GET",    "/api/auth/oidc/callback", Anyone),
    ("POST",   "/api/auth/oidc/second-factor", Anyone),
    ("POST",   "/api/auth/refresh", AnySignIn),
    ("POST",   "/api/auth/logout", AnySignIn),
    ("POST",   "/api/auth/logout-all", AnySignIn),
    // By a service's own secret as well; its tests say how.
    ("POST",   "/api/auth/service/token", Administrator(Nothing)),
    ("GET",    "/api/auth/me", Known),
    ("POST",   "/api/auth/change-password", SignedIn(Nothing)),
    ("GET",    "/api/auth/sessions", SignedIn(Nothing)),
    ("DELETE", "/api/auth/sessions", SignedIn(Nothing)),
    ("DELETE", "/api/auth/sessions/{id}", SignedIn(SignIn)),
    ("GET",    "/api/auth/passkeys", SignedIn(Nothing)),
    ("POST",   "/api/auth/passkeys", Verified(Nothing)),
    ("POST",   "/api/auth/passkeys/begin", Verified(Nothing)),
    ("DELETE", "/api/auth/passkeys/{id}", SignedIn(Passkey)),
    ("GET",    "/api/auth/second-factor", SignedIn(Nothing)),
    ("POST",   "/api/auth/second-factor/begin", Verified(Nothing)),
    ("POST",   "/api/auth/second-factor/enable", Verified(Nothing)),
    ("POST",   "/api/auth/second-factor/recovery-codes", Verified(Nothing)),
    ("POST",   "/api/auth/second-factor/disable", Verified(Nothing)),
    ("GET",    "/api/auth/identities", SignedIn(Nothing)),
    ("DELETE", "/api/auth/identities/{id}", SignedIn(Identity)),
    ("GET",    "/api/auth/tokens", SignedIn(Nothing)),
    ("POST",   "/api/auth/tokens", Verified(Nothing)),
    ("DELETE", "/api/auth/tokens/{id}", SignedIn(Token)),
    ("GET",    "/api/auth/activity", SignedIn(Nothing)),
    ("POST",   "/api/account/delete", SignedIn(Nothing)),
    ("GET",    "/api/account/feedback", SignedIn(Nothing)),
    ("POST",   "/api/account/feedback", SignedIn(Nothing)),

    ("GET",    "/api/usage/quota", Scoped(USAGE, Nothing)),
    ("GET",    "/api/usage/history", Scoped(USAGE, Nothing)),
    ("GET",    "/api/usage/stats", Scoped(USAGE, Nothing)),
    ("GET",    "/api/usage/ledger", Scoped(USAGE, Nothing)),
    ("GET",    "/api/usage/export", VerifiedScoped(USAGE)),
    ("GET",    "/api/billing/plans", SignedIn(Nothing)),
    ("GET",    "/api/billing/subscription", SignedIn(Nothing)),
    ("POST",   "/api/billing/checkout", Verified(Nothing)),
    ("POST",   "/api/billing/portal", SignedIn(Nothing)),
    ("POST",   "/api/billing/refresh", SignedIn(Nothing)),
    ("GET",    "/api/billing/invoices", SignedIn(Nothing)),

    ("GET",    "/api/chat/models", Scoped(READ, Nothing)),
    ("GET",    "/api/chat/sessions", Scoped(READ, Nothing)),
    ("POST",   "/api/chat/sessions", Scoped(WRITE, Nothing)),
    ("GET",    "/api/chat/sessions/{id}", Scoped(READ, Conversation)),
    ("PATCH",  "/api/chat/sessions/{id}", Scoped(WRITE, Conversation)),
    ("DELETE", "/api/chat/sessions/{id}", Scoped(WRITE, Conversation)),
    ("POST",   "/api/chat/sessions/{id}/end", Scoped(WRITE, Conversation)),
    ("GET",    "/api/chat/history/{id}", Scoped(READ, Conversation)),
    ("POST",   "/api/chat/stream", Scoped(WRITE, Nothing)),
    ("POST",   "/api/chat/message", Scoped(WRITE, Nothing)),
    ("POST",   "/api/chat/messages/{id}/regenerate", Scoped(WRITE, Answer)),
    ("POST",   "/api/chat/messages/{id}/edit", Scoped(WRITE, Question)),
    ("GET",    "/api/chat/turns/{id}/events", Scoped(READ, Turn)),
    ("POST",   "/api/chat/turns/{id}/stop", Scoped(WRITE, Turn)),
    ("GET",    "/api/memory", Scoped(RECALL, Nothing)),
    ("POST",   "/api/memory/search", Scoped(RECALL, Nothing)),
    ("GET",    "/api/memory/context", Scoped(RECALL, Nothing)),
    ("POST",   "/api/memory/store", Scoped(FORGET, Nothing)),
    ("POST",   "/api/memory/forget", Scoped(FORGET, Nothing)),
    ("GET",    "/api/memory/stats", Scoped(RECALL, Nothing)),
    ("GET",    "/api/memory/timeline", Scoped(RECALL, Nothing)),
    ("GET",    "/api/memory/export", VerifiedScoped(RECALL)),
    ("POST",   "/api/memory/import", Scoped(FORGET, Nothing)),
    ("GET",    "/api/memory/profile", Scoped(RECALL, Nothing)),
    ("POST",   "/api/memory/profile", Scoped(FORGET, Nothing)),
    ("POST",   "/api/memory/distil", Scoped(FORGET, Nothing)),
    ("GET",    "/api/memory/jobs", Scoped(RECALL, Nothing)),
    ("POST",   "/api/memory/jobs/{id}/retry", Scoped(FORGET, MemoryJob)),
    ("GET",    "/api/memory/{id}", Scoped(RECALL, Memory)),
    ("PATCH",  "/api/memory/{id}", Scoped(FORGET, Memory)),
    ("DELETE", "/api/memory/{id}", Scoped(FORGET, Memory)),
    ("POST",   "/api/memory/{id}/promote", Scoped(FORGET, Memory)),
    ("POST",   "/api/memory/{id}/demote", Scoped(FORGET, Memory)),
    ("POST",   "/api/memory/{id}/pin", Scoped(FORGET, Memory)),
];

impl Who {
    /// What the path's id names.
    pub fn names(self) -> Names {
        match self {
            Scoped(_, names) | SignedIn(names) | Verified(names) | Administrator(names) => names,
            Anyone | AnySignIn | Known | VerifiedScoped(_) | Service(_) => Nothing,
        }
    }
}
