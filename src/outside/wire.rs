//! Bytes to and from a model server: its address, small questions, opened answers, and lines out
//! of chunks.
//!
//! Must stay true: every wait is bounded through the `Clock`; a line is at most `LONGEST_LINE` bytes;
//! neither key nor service token ever leaves through a sentence or a log.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Method, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Clock;
use crate::config;
use crate::error::Error;

use super::connect::{client, fault_of};
use super::model::ProviderKind;
use super::pass::Pass;
use super::problem::{Fault, Named};

/// Far above any line a model server writes, far below what would hurt.
const LONGEST_LINE: usize = 1024 * 1024;

/// Of a failing server's words, what is read.
const LONGEST_COMPLAINT: usize = 16 * 1024;

/// For lists of models and other small questions, after the connection stands.
const CONTROL_LIMIT: Duration = Duration::from_secs(10);

/// One model server over HTTP.
#[derive(Clone)]
pub(super) struct Wire {
    client: reqwest::Client,
    /// Without a slash at its end.
    base: String,
    key: Option<String>,
    /// Shown beside the key where `model.service_auth` is on.
    pass: Option<Pass>,
    pub clock: Clock,
    pub named: Named,
    pub first_byte_limit: Duration,
    pub silence_limit: Duration,
}

impl Wire {
    pub fn new(config: &config::Model, kind: ProviderKind, clock: Clock) -> Result<Self, Error> {
        let url = server_url(&config.url, kind)?;
        let named = name_of(&url, kind);
        Ok(Self {
            client: client(&url, named.loopback, config.connect_timeout(), &clock)?,
            base: url.as_str().trim_end_matches('/').to_owned(),
            key: key(config)?,
            pass: Pass::configured(config, &clock),
            clock,
            named,
            first_byte_limit: config.first_byte_timeout(),
            silence_limit: config.chunk_timeout(),
        })
    }

    /// The host in lower case, for the few servers that differ from all others.
    pub fn is_host(&self, host: &str) -> bool {
        self.named.address == host
    }

    /// A small question with a JSON answer.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, limit: Duration) -> Result<T, Fault> {
        self.ask(self.request(Method::GET, path), limit).await
    }

    /// A small question with a JSON body and a JSON answer.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        limit: Duration,
    ) -> Result<T, Fault> {
        self.ask(self.request(Method::POST, path).json(body), limit)
            .await
    }

    /// As long as a small question may take.
    pub fn control_limit() -> Duration {
        CONTROL_LIMIT
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
        limit: Duration,
    ) -> Result<T, Fault> {
        let asked = async {
            let response = succeed(request.send().await.map_err(|e| fault_of(&e))?).await?;
            let body = response.bytes().await.map_err(|_| Fault::Unreachable)?;
            serde_json::from_slice(&body).map_err(|_| Fault::Garbage)
        };
        match self.clock.timeout(limit, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::ControlTimeout),
        }
    }

    /// Asks for an answer that comes in pieces. The status has been looked at.
    pub async fn open(
        &self,
        path: &str,
        body: &impl Serialize,
        correlation_id: Option<&str>,
    ) -> Result<Response, Fault> {
        let mut request = self.request(Method::POST, path).json(body);
        if let Some(id) = correlation_id {
            request = request.header("x-correlation-id", id);
        }
        succeed(request.send().await.map_err(|e| fault_of(&e))?).await
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let request = match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        match &self.pass {
            Some(pass) => pass.show(request),
            None => request,
        }
    }
}

fn key(config: &config::Model) -> Result<Option<String>, Error> {
    let key = if config.api_key_file.as_os_str().is_empty() {
        config.api_key.clone()
    } else {
        std::fs::read_to_string(&config.api_key_file)
            .map_err(|e| Error::internal("reading model.api_key_file", e))?
    };
    let key = key.trim();
    Ok((!key.is_empty()).then(|| key.to_owned()))
}

/// The configured address in the one form that paths are added to.
fn server_url(configured: &str, kind: ProviderKind) -> Result<Url, Error> {
    let mut text = configured.trim().trim_end_matches('/').to_owned();
    if !text.contains("://") {
        text.insert_str(0, "http://");
    }
    if kind == ProviderKind::Ollama {
        for suffix in ["/v1", "/api"] {
            text = text.strip_suffix(suffix).unwrap_or(&text).to_owned();
        }
    }
    let no_address = |e: &dyn fmt::Display| Error::internal("model.url is no address", e);
    let url = Url::parse(&text).map_err(|e| no_address(&e))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(no_address(&"it must begin with http:// or https://"));
    }
    let versioned = |segment: &str| {
        let mut letters = segment.chars();
        letters.next() == Some('v') && letters.next().is_some_and(|c| c.is_ascii_digit())
    };
    let has_version = url
        .path_segments()
        .is_some_and(|mut segments| segments.any(versioned));
    if kind == ProviderKind::Openai && !has_version {
        text.push_str("/v1");
        return Url::parse(&text).map_err(|e| no_address(&e));
    }
    Ok(url)
}

fn name_of(url: &Url, kind: ProviderKind) -> Named {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = bare == "localhost" || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let address = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    Named {
        kind,
        address,
        loopback,
    }
}

/// The response, if its status is a success; else what the server says about it.
async fn succeed(mut response: Response) -> Result<Response, Fault> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while body.len() < LONGEST_COMPLAINT {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            _ => break,
        }
    }
    Err(Fault::Status {
        status,
        text: complaint(&body),
    })
}

/// `{"error": "..."}` as Ollama writes it, `{"error": {"message": "..."}}` as `OpenAI` does, or text.
pub(super) fn complaint(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) else {
        // A page of HTML tells a person nothing.
        let html = text.trim_start().starts_with('<');
        return if html {
            String::new()
        } else {
            text.into_owned()
        };
    };
    let error = &value["error"];
    let said = error.as_str().or_else(|| error["message"].as_str());
    said.or_else(|| value["message"].as_str())
        .unwrap_or_default()
        .to_owned()
}

/// Lines out of chunks that end anywhere, also in the middle of a letter.
#[derive(Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// How far the buffer has been searched in vain.
    searched: usize,
}

impl Lines {
    pub fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// The next whole line without its end; `Err` when it is longer than any line should be.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let found = self.buffer[self.searched..]
            .iter()
            .position(|&byte| byte == b'\n');
        let Some(at) = found.map(|at| at + self.searched) else {
            self.searched = self.buffer.len();
            return if self.searched > LONGEST_LINE {
                Err(Fault::Garbage)
            } else {
                Ok(None)
            };
        };
        let rest = self.buffer.split_off(at + 1);
        let mut line = std::mem::replace(&mut self.buffer, rest);
        self.searched = 0;
        line.truncate(at);
        if line.last() == Some(&b'\r') {
            line.truncate(at - 1);
        }
        Ok(Some(line))
    }

    /// What stands after the last line end when the stream is over.
    pub fn rest(&mut self) -> Vec<u8> {
        self.searched = 0;
        std::mem::take(&mut self.buffer)
    }
}
