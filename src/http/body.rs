//! Reading what a request carries, with errors a person can act on.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::error::Error;
use crate::http::presence::Door;

/// How long a client may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A JSON body, in or out. Coming in it is bounded by `limits.body_bytes`, must say that it is JSON
/// (which no plain HTML form can) and must be UTF-8. An empty body reads as `{}`. When the sign-in or token of
/// a caller who was extracted before ends while it comes, the request is refused.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let limit_bytes = app.config.limits.body_bytes;
        let door = request.extensions().get::<Door>().cloned();
        let declared = request.headers().get(header::CONTENT_TYPE).cloned();
        let body = to_bytes(request.into_body(), limit_bytes);
        let body = app
            .clock
            .timeout(BODY_TIMEOUT, body)
            .await
            .map_err(|_| Error::Malformed("The request body did not arrive in time.".into()))?
            .map_err(|_| Error::TooLarge { limit_bytes })?;
        if door.is_some_and(|door| door.is_closed()) {
            return Err(Error::session_revoked());
        }
        if body.is_empty() {
            return parse(b"{}");
        }
        let is_json = declared
            .as_ref()
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| {
                value
                    .split(';')
                    .next()
                    .unwrap_or("")
                    .trim()
                    .eq_ignore_ascii_case("application/json")
            });
        if !is_json {
            return Err(Error::Malformed(
                "The body must be JSON, with Content-Type: application/json.".into(),
            ));
        }
        parse(&body)
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<Json<T>, Error> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Error::Malformed("The body is not valid UTF-8.".into()))?;
    serde_json::from_str(text)
        .map(Json)
        .map_err(|e| match e.classify() {
            serde_json::error::Category::Data => {
                Error::Malformed(format!("The body is not what this route takes: {e}."))
            }
            _ => Error::Malformed(format!("The body is not valid JSON: {e}.")),
        })
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let read = axum::extract::Query::from_request_parts(parts, app).await;
        let axum::extract::Query(value) = read.map_err(|e| {
            Error::Malformed(format!(
                "The query is not what this route takes: {}.",
                e.body_text()
            ))
        })?;
        Ok(Self(value))
    }
}

/// The variable parts of the path. What cannot be an id is not found, like any other stranger's id.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let read = axum::extract::Path::from_request_parts(parts, app).await;
        read.map(|axum::extract::Path(value)| Self(value))
            .map_err(|_| Error::NotFound { what: "address" })
    }
}
