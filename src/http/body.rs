//! Reading what a request carries, with errors a person can act on.

use std::time::Duration;

use axum::body::{BodyDataStream, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
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

/// The lines of a body, read as it comes. Those that are too long are passed over, so that no more than one
/// line is held. Bounded are the whole body, and the time between two pieces of it; when the sign-in or token
/// of a caller who was extracted before ends meanwhile, reading fails.
pub struct Lines {
    app: App,
    body: BodyDataStream,
    door: Option<Door>,
    most_bytes: usize,
    line_bytes: usize,
    read: usize,
    /// The pieces that were read and not yet given whole.
    rest: Vec<u8>,
    /// Where in them the next line begins.
    begin: usize,
    /// Where in them nothing is known yet.
    unseen: usize,
    /// The line that is being read is too long.
    passing: bool,
    ended: bool,
    number: u64,
}

/// A line and its number, from 1 on; none when it was too long.
pub type NumberedLine = (u64, Option<Vec<u8>>);

impl Lines {
    pub fn new(app: &App, request: Request, (most_bytes, line_bytes): (usize, usize)) -> Self {
        Self {
            app: app.clone(),
            door: request.extensions().get::<Door>().cloned(),
            body: request.into_body().into_data_stream(),
            most_bytes,
            line_bytes,
            read: 0,
            rest: Vec::new(),
            begin: 0,
            unseen: 0,
            passing: false,
            ended: false,
            number: 0,
        }
    }

    /// The next line, without its end.
    ///
    /// # Errors
    /// `body_too_large`, `malformed` when it does not come or breaks off, `session_revoked`.
    pub async fn next(&mut self) -> Result<Option<NumberedLine>, Error> {
        loop {
            let unseen = self.rest.iter().skip(self.unseen);
            if let Some(at) = unseen.copied().position(|byte| byte == b'\n') {
                let end = self.unseen + at;
                let line = self.numbered(end);
                self.begin = end + 1;
                self.unseen = self.begin;
                return Ok(Some(line));
            }
            // What was given goes once a piece, so that short lines do not move all that follows.
            self.rest.drain(..self.begin);
            self.begin = 0;
            if self.rest.len() > self.line_bytes {
                self.passing = true;
                self.rest.clear();
            }
            self.unseen = self.rest.len();
            if self.ended {
                let over = self.rest.is_empty() && !self.passing;
                let line = (!over).then(|| self.numbered(self.unseen));
                self.rest.clear();
                self.unseen = 0;
                return Ok(line);
            }
            self.more().await?;
        }
    }

    /// The line that ends there.
    fn numbered(&mut self, end: usize) -> NumberedLine {
        self.number += 1;
        let line = self.rest.get(self.begin..end).unwrap_or_default();
        let long = std::mem::take(&mut self.passing) || line.len() > self.line_bytes;
        (self.number, (!long).then(|| line.to_vec()))
    }

    async fn more(&mut self) -> Result<(), Error> {
        let piece = self
            .app
            .clock
            .timeout(BODY_TIMEOUT, self.body.next())
            .await
            .map_err(|_| Error::Malformed("The request body did not arrive in time.".into()))?;
        if self.door.as_ref().is_some_and(Door::is_closed) {
            return Err(Error::session_revoked());
        }
        match piece {
            Some(Ok(piece)) => {
                self.read = self.read.saturating_add(piece.len());
                if self.read > self.most_bytes {
                    return Err(Error::TooLarge {
                        limit_bytes: self.most_bytes,
                    });
                }
                self.rest.extend_from_slice(&piece);
            }
            Some(Err(_)) => return Err(Error::Malformed("The request body broke off.".into())),
            None => self.ended = true,
        }
        Ok(())
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
