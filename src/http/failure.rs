//! Turns the program's error into the body of API.md.
//!
//! Must stay true: an internal cause goes to the log once, here, and never into a body.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;

/// The body of every failure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Failure {
    /// A sentence for a person.
    pub error: String,
    /// A stable word for a program.
    pub code: &'static str,
    pub correlation_id: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<&'static str, String>,
    /// When the limit that was met starts anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<Timestamp>,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        if let Self::Internal { context, cause } = &self {
            tracing::error!(context, cause, "internal error");
        }
        let status =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut failure = Failure {
            error: self.message(),
            code: self.code(),
            correlation_id: String::new(),
            fields: BTreeMap::new(),
            resets_at: None,
        };
        let mut response = status.into_response();
        match self {
            Self::Invalid { fields, .. } => failure.fields = fields,
            Self::TooMany {
                retry_after,
                resets_at,
                ..
            } => {
                failure.resets_at = resets_at;
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
            }
            Self::Unavailable { .. } => {
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        // `observe` fills in the correlation id and writes the body.
        response.extensions_mut().insert(failure);
        response
    }
}

/// Writes the body of a failed response, now that the correlation id is known.
pub fn render(response: Response, correlation_id: &str) -> Response {
    let (mut parts, body) = response.into_parts();
    match parts.extensions.remove::<Failure>() {
        None => Response::from_parts(parts, body),
        Some(mut failure) => {
            correlation_id.clone_into(&mut failure.correlation_id);
            parts.headers.remove(header::CONTENT_LENGTH);
            (parts.status, parts.headers, Json(failure)).into_response()
        }
    }
}
