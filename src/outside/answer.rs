//! One answer from a model server over HTTP: the request, then piece after piece until its end.
//!
//! Must stay true: every wait has its bound; a stream that ends without its end mark is a failure.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::Response;

use super::model::{ChatRequest, Piece};
use super::problem::Fault;
use super::wire::{Lines, Wire};
use super::{ollama, openai};

/// For the end mark of the connection after the end of the answer. Waiting for it keeps the
/// connection usable for the next answer.
const LAST_BYTES_LIMIT: Duration = Duration::from_millis(100);

pub(super) enum Dialect {
    Ollama { keep_alive: String },
    Openai(openai::Reader),
}

pub(super) struct WireAnswer {
    wire: Wire,
    request: ChatRequest,
    dialect: Dialect,
    /// When the request was sent.
    sent: Duration,
    response: Option<Response>,
    lines: Lines,
    pieces: VecDeque<Piece>,
    /// The model has begun to write or to think.
    begun: bool,
    over: bool,
}

impl WireAnswer {
    pub fn new(wire: Wire, request: ChatRequest, dialect: Dialect) -> Self {
        Self {
            wire,
            request,
            dialect,
            sent: Duration::ZERO,
            response: None,
            lines: Lines::default(),
            pieces: VecDeque::new(),
            begun: false,
            over: false,
        }
    }

    pub async fn next(&mut self) -> Result<Piece, Fault> {
        let mut response = match self.response.take() {
            Some(response) => response,
            None => self.send().await?,
        };
        let piece = self.read(&mut response).await?;
        self.begun = true;
        if matches!(piece, Piece::Done(_)) {
            let last = async { while let Ok(Some(_)) = response.chunk().await {} };
            let _ = self.wire.clock.timeout(LAST_BYTES_LIMIT, last).await;
        } else {
            self.response = Some(response);
        }
        Ok(piece)
    }

    async fn send(&mut self) -> Result<Response, Fault> {
        self.sent = self.wire.clock.monotonic();
        let limit = self.wire.first_byte_limit;
        let id = self.request.correlation_id.as_deref();
        let opened = async {
            match &self.dialect {
                Dialect::Ollama { keep_alive } => {
                    let body = ollama::body(&self.request, keep_alive);
                    self.wire.open("/api/chat", &body, id).await
                }
                Dialect::Openai(_) => {
                    let original = self.wire.is_host("api.openai.com");
                    let body = openai::body(&self.request, original);
                    self.wire.open("/chat/completions", &body, id).await
                }
            }
        };
        match self.wire.clock.timeout(limit, opened).await {
            Ok(opened) => opened,
            Err(_) => Err(Fault::FirstPieceTimeout(limit)),
        }
    }

    async fn read(&mut self, response: &mut Response) -> Result<Piece, Fault> {
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                return Ok(piece);
            }
            if let Some(line) = self.lines.next()? {
                self.read_line(&line)?;
            } else if self.over {
                return match &self.dialect {
                    Dialect::Ollama { .. } => Err(Fault::Cut),
                    Dialect::Openai(reader) => reader.end(),
                };
            } else {
                self.receive(response).await?;
            }
        }
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), Fault> {
        match &mut self.dialect {
            Dialect::Ollama { .. } => ollama::read(line, &mut self.pieces),
            Dialect::Openai(reader) => reader.read(line, &mut self.pieces),
        }
    }

    async fn receive(&mut self, response: &mut Response) -> Result<(), Fault> {
        let clock = &self.wire.clock;
        let limit = if self.begun {
            self.wire.silence_limit
        } else {
            let waited = clock.monotonic().saturating_sub(self.sent);
            self.wire.first_byte_limit.saturating_sub(waited)
        };
        match clock.timeout(limit, response.chunk()).await {
            Ok(Ok(Some(chunk))) => self.lines.push(&chunk),
            Ok(Ok(None)) => {
                self.over = true;
                let rest = self.lines.rest();
                self.read_line(&rest).map_err(|fault| match fault {
                    Fault::Garbage if self.begun => Fault::Cut,
                    other => other,
                })?;
            }
            Ok(Err(_)) => return Err(Fault::Cut),
            Err(_) if self.begun => return Err(Fault::SilenceTimeout(limit)),
            Err(_) => return Err(Fault::FirstPieceTimeout(self.wire.first_byte_limit)),
        }
        Ok(())
    }
}
