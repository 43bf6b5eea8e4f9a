//! People who use the program: requests with somebody's token, answers, and streams of events.

use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};

use super::clock::soon;

pub fn client() -> reqwest::Client {
    // The second test to come here finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Somebody with an access token, or nobody.
#[derive(Clone)]
pub struct Person {
    http: reqwest::Client,
    url: String,
    pub token: Option<String>,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: header::HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn str(&self, key: &str) -> String {
        self.body[key]
            .as_str()
            .unwrap_or_else(|| panic!("no {key} in {self:?}"))
            .to_owned()
    }
}

impl Person {
    pub fn new(http: reqwest::Client, url: String, token: Option<String>) -> Self {
        Self { http, url, token }
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn send(request: RequestBuilder) -> Answer {
        let response = soon("an answer", request.send()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = soon("the end of an answer", response.text()).await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer {
            status,
            headers,
            body,
            text,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        Self::send(self.request("GET", path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Self::send(self.request("POST", path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        Self::send(self.request("PATCH", path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Self::send(self.request("DELETE", path)).await
    }

    /// The same person, with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self::new(self.http.clone(), self.url.clone(), Some(token.to_owned()))
    }

    /// The same person at another server.
    pub fn at(&self, url: &str) -> Self {
        Self::new(self.http.clone(), url.to_owned(), self.token.clone())
    }

    /// Asks and waits for the whole answer.
    pub async fn say(&self, message: &str) -> Answer {
        self.post("/api/chat/message", &json!({"message": message}))
            .await
    }

    /// Says something in a conversation and waits for the whole answer.
    pub async fn say_in(&self, session: &str, message: &str) -> Answer {
        let body = json!({"message": message, "session_id": session});
        self.post("/api/chat/message", &body).await
    }

    /// Asks and follows the events.
    pub async fn stream(&self, body: &Value) -> Events {
        Events::open(self.request("POST", "/api/chat/stream").json(body)).await
    }
}

/// One server-sent event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub id: usize,
    pub name: String,
    pub data: Value,
}

/// A stream of events; dropping it closes the connection.
pub struct Events {
    response: Response,
    buffer: String,
}

impl Events {
    pub async fn open(request: RequestBuilder) -> Self {
        let response = soon("a stream", request.send()).await.unwrap();
        let status = response.status();
        assert!(
            status == StatusCode::OK,
            "no stream: {status} {}",
            response.text().await.unwrap()
        );
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/event-stream"
        );
        Self {
            response,
            buffer: String::new(),
        }
    }

    /// The next event; None at the end. Heartbeats are passed over.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((frame, rest)) = self.buffer.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.buffer = rest;
                if !frame.starts_with(':') {
                    return Some(read(&frame));
                }
                continue;
            }
            let chunk = soon("an event", self.response.chunk()).await.unwrap()?;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event of this name, passing over others.
    pub async fn until(&mut self, name: &str) -> Event {
        loop {
            let event = self
                .next()
                .await
                .unwrap_or_else(|| panic!("the stream ended before {name}"));
            if event.name == name {
                return event;
            }
        }
    }

    /// All that is left.
    pub async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

fn read(frame: &str) -> Event {
    let field = |name: &str| {
        let prefix = format!("{name}: ");
        frame
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
            .unwrap_or_else(|| panic!("no {name} in {frame}"))
            .to_owned()
    };
    Event {
        id: field("id").parse().unwrap(),
        name: field("event"),
        data: serde_json::from_str(&field("data")).unwrap(),
    }
}

/// The text of all `delta` events.
pub fn text(events: &[Event]) -> String {
    events
        .iter()
        .filter(|e| e.name == "delta")
        .map(|e| e.data["content"].as_str().unwrap())
        .collect()
}
