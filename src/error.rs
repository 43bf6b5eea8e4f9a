//! The one error of the program, named by meaning. Every failure a person or a client can meet is a
//! variant here with a status and a stable code; `http/` turns it into the body of API.md.
//!
//! Must stay true: the text of an internal cause goes to the log once and never into a body.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure with a sentence for a person and a code for a program.
#[derive(Debug)]
pub enum Error {
    /// 400: the request could not be read at all (`malformed`).
    Malformed(String),
    /// 400: it is not from whom it should be, or not meant for us (a payment service's event).
    NotGenuine {
        code: &'static str,
        message: &'static str,
    },
    /// 413: the body is larger than the route accepts (`body_too_large`).
    TooLarge { limit_bytes: usize },
    /// 422: the request was read and its content is not acceptable; names the fields.
    Invalid {
        code: &'static str,
        message: String,
        fields: BTreeMap<&'static str, String>,
    },
    /// 401: we do not know who is calling.
    Unauthenticated {
        code: &'static str,
        message: &'static str,
    },
    /// 403: we know, and it is not allowed.
    Forbidden { code: &'static str, message: String },
    /// 404: not there, or not the caller's; the two are never told apart.
    NotFound { what: &'static str },
    /// 405: the path exists, the method does not.
    MethodNotAllowed,
    /// 409: it contradicts what is stored.
    Conflict { code: &'static str, message: String },
    /// 429: too often; `retry_after` in whole seconds.
    TooMany {
        code: &'static str,
        message: String,
        retry_after: u64,
        resets_at: Option<Timestamp>,
    },
    /// 503: something we depend on is away; trying later makes sense.
    Unavailable { code: &'static str, message: String },
    /// 500: our fault. The cause is for the log only.
    Internal {
        context: &'static str,
        cause: String,
    },
}

impl Error {
    /// An internal failure: `context` says what was being done, `cause` what went wrong.
    pub fn internal(context: &'static str, cause: impl fmt::Display) -> Self {
        Self::Internal {
            context,
            cause: cause.to_string(),
        }
    }

    /// A 422 about one field.
    pub fn field(code: &'static str, field: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Invalid {
            code,
            fields: BTreeMap::from([(field, message.clone())]),
            message,
        }
    }

    /// A 401: the sign-in by which somebody was known has ended.
    pub fn session_revoked() -> Self {
        Self::Unauthenticated {
            code: "session_revoked",
            message: "This sign-in has ended. Sign in again.",
        }
    }

    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::Conflict {
            code,
            message: message.into(),
        }
    }

    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::Forbidden {
            code,
            message: message.into(),
        }
    }

    /// The HTTP status of API.md.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::NotGenuine { .. } => 400,
            Self::Unauthenticated { .. } => 401,
            Self::Forbidden { .. } => 403,
            Self::NotFound { .. } => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict { .. } => 409,
            Self::TooLarge { .. } => 413,
            Self::Invalid { .. } => 422,
            Self::TooMany { .. } => 429,
            Self::Internal { .. } => 500,
            Self::Unavailable { .. } => 503,
        }
    }

    /// The stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::TooLarge { .. } => "body_too_large",
            Self::NotFound { .. } => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Internal { .. } => "internal",
            Self::Invalid { code, .. }
            | Self::Unauthenticated { code, .. }
            | Self::NotGenuine { code, .. }
            | Self::Forbidden { code, .. }
            | Self::Conflict { code, .. }
            | Self::TooMany { code, .. }
            | Self::Unavailable { code, .. } => code,
        }
    }

    /// The sentence for a person. Never holds an internal cause.
    pub fn message(&self) -> String {
        match self {
            Self::TooLarge { limit_bytes } => {
                format!("The request is larger than the {limit_bytes} bytes accepted here.")
            }
            Self::NotFound { what } => format!("There is no such {what}."),
            Self::MethodNotAllowed => "This address does not answer that method.".into(),
            Self::Internal { .. } => {
                "Something went wrong on our side. What was stored is safe; please try again."
                    .into()
            }
            Self::Unauthenticated { message, .. } | Self::NotGenuine { message, .. } => {
                (*message).into()
            }
            Self::Malformed(message)
            | Self::Invalid { message, .. }
            | Self::Forbidden { message, .. }
            | Self::Conflict { message, .. }
            | Self::TooMany { message, .. }
            | Self::Unavailable { message, .. } => message.clone(),
        }
    }
}

/// For logs and the shell: the code, the sentence, and for our own faults the cause.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internal { context, cause } => write!(f, "{context}: {cause}"),
            other => f.write_str(&other.message()),
        }
    }
}

impl std::error::Error for Error {}

impl From<storage::Error> for Error {
    /// A disk that is full or refuses is nobody's mistake and passes: `storage_read_only`. Damage, and
    /// what we did wrong ourselves, is internal.
    fn from(cause: storage::Error) -> Self {
        let (code, what) = match &cause {
            storage::Error::Closed => {
                let message = "NovaCore is shutting down. Please try again in a moment.".into();
                return Self::Unavailable {
                    code: "shutting_down",
                    message,
                };
            }
            storage::Error::Full => (
                "storage_read_only",
                "The disk of this server is full, so nothing new can be stored.",
            ),
            // In use: the file could not be opened again yet after a failure.
            storage::Error::Io { .. }
            | storage::Error::InUse
            | storage::Error::Displaced { .. } => (
                "storage_read_only",
                "The disk of this server cannot be used just now.",
            ),
            _ => return Self::internal("storage", cause),
        };
        tracing::error!(%cause, "the disk refused");
        let message = format!("{what} What was stored before is safe; please try again later.");
        Self::Unavailable { code, message }
    }
}
