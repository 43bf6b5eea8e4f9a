//! The only room that opens network connections: to model servers (Ollama, any OpenAI-compatible
//! server, and in builds with it a demonstration model in this process), to the mail server, to a
//! service that people sign in with, and to Stripe.
//!
//! Who may enter: slices and jobs, through what is named here. The way of an answer:
//! `servers` (which server) -> `catalogue` (which model) -> `queue` (whose turn) -> `answer` (one
//! request, read piece by piece) -> `wire` (bytes) with `ollama` or `openai` (what they mean).
//! `embedding` turns texts into vectors, by the same server or in this process.
//!
//! Must stay true: dropping a `ModelStream` ends the work it stands for, here and in the server;
//! a connection and a silence are bounded in time, a line in length; no answer just stops.

mod answer;
mod catalogue;
mod connect;
#[cfg(feature = "demo-model")]
mod demo;
#[cfg(not(feature = "demo-model"))]
#[path = "demo_absent.rs"]
mod demo;
mod embedding;
mod mail;
mod model;
mod oidc;
mod ollama;
mod openai;
mod pass;
mod problem;
mod queue;
mod servers;
mod stripe;
pub mod tokens;
mod wire;
mod words;

pub use embedding::{EmbedModel, EmbedProvider, EmbedPurpose, Embeddings};
pub use mail::{Letter, Mailer, Undelivered};
pub use model::{
    ChatMessage, ChatRequest, Finish, ModelInfo, ModelList, ModelStream, Piece, ProviderKind,
    Purpose, Role, Stats,
};
pub use oidc::{Departure, SignInService, Trouble as OidcTrouble, code as oidc_code};
pub use problem::{ModelError, http_code};
pub use servers::ModelServers;
pub use stripe::{
    Checkout, CheckoutSession, Invoice, InvoiceStatus, LastCall, Status as SubscriptionStatus,
    Stripe, StripeError, Subscription, id as stripe_id, text as stripe_text, time as stripe_time,
};
