//! A browser: keeps cookies by their rules, and says where a request comes from as browsers do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use reqwest::{RequestBuilder, redirect};
use serde_json::{Value, json};

use super::app::{PASSWORD, TestApp};
use super::http::{Answer, Person};

struct Cookie {
    value: String,
    strict: bool,
}

/// One browser on one installation.
#[derive(Clone)]
pub struct Surfer {
    http: reqwest::Client,
    pub url: String,
    cookies: Arc<Mutex<BTreeMap<String, Cookie>>>,
    /// What its page signed in with.
    pub token: Option<String>,
}

impl Surfer {
    pub fn new(app: &TestApp) -> Self {
        Self::at(&app.url)
    }

    pub fn at(url: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none());
        Self {
            http: http.build().unwrap(),
            url: url.to_owned(),
            cookies: Arc::default(),
            token: None,
        }
    }

    /// The same browser, whose page is signed in.
    pub fn signed_in(&self, person: &Person) -> Self {
        Self {
            token: person.token.clone(),
            ..self.clone()
        }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies.lock().unwrap();
        cookies.get(name).map(|cookie| cookie.value.clone())
    }

    fn with_cookies(&self, request: RequestBuilder, from_elsewhere: bool) -> RequestBuilder {
        let cookies = self.cookies.lock().unwrap();
        let sent = cookies
            .iter()
            .filter(|(_, c)| !(c.strict && from_elsewhere));
        let line = sent.map(|(name, cookie)| format!("{name}={}", cookie.value));
        let line = line.collect::<Vec<_>>().join("; ");
        if line.is_empty() {
            request
        } else {
            request.header("cookie", line)
        }
    }

    fn keep(&self, answer: &Answer) {
        let mut cookies = self.cookies.lock().unwrap();
        for set in answer.headers.get_all("set-cookie") {
            let set = set.to_str().unwrap();
            assert!(
                set.contains("; HttpOnly") && set.contains("; Path=/;"),
                "{set}"
            );
            let (pair, rules) = set.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rules.contains("Max-Age=0") {
                cookies.remove(name);
                continue;
            }
            let cookie = Cookie {
                value: value.to_owned(),
                strict: rules.contains("SameSite=Strict"),
            };
            assert!(cookie.strict || rules.contains("SameSite=Lax"), "{set}");
            cookies.insert(name.to_owned(), cookie);
        }
    }

    async fn send(&self, request: RequestBuilder, site: &str) -> Answer {
        let request = request.header("sec-fetch-site", site);
        let request = self.with_cookies(request, site == "cross-site");
        let answer = Person::send(request).await;
        self.keep(&answer);
        answer
    }

    /// Our page asks.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.http.post(format!("{}{path}", self.url)).json(body);
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        self.send(request, "same-origin").await
    }

    /// Another site sends the browser to us.
    pub async fn sent_to(&self, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.url));
        self.send(request, "cross-site").await
    }

    /// Sets out; where to.
    pub async fn set_out(&self, link: bool) -> String {
        let answer = self
            .post(
                "/api/auth/oidc/begin",
                &json!({"link": link, "password": PASSWORD}),
            )
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.str("url")
    }

    /// Visits the provider, which sends the browser back; our path and query.
    pub async fn visit(&self, url: &str) -> String {
        let answer = Person::send(self.http.get(url)).await;
        assert_eq!(answer.status, 302, "{answer:?}");
        let back = answer.header("location").to_owned();
        let at = back.find("/api/").unwrap();
        back[at..].to_owned()
    }

    /// The whole way to the provider and back; where the browser ends.
    pub async fn travel(&self, link: bool) -> String {
        let back = self.visit(&self.set_out(link).await).await;
        self.arrive(&back).await
    }

    /// Comes back; where the browser ends.
    pub async fn arrive(&self, back: &str) -> String {
        let answer = self.sent_to(back).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        answer.header("location").to_owned()
    }

    /// What the page does after a sign-in: asks who it is.
    pub async fn person(&self, app: &TestApp) -> Person {
        let answer = self.post("/api/auth/refresh", &json!({})).await;
        app.signed_in(&answer)
    }
}
