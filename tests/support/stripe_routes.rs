//! What the stand-in for Stripe answers: the API below `/v1/`, the page to pay on, and the portal.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use reqwest::Url;
use serde_json::{Value, json};

use super::stripe::{BASIC, KEY, PRICES, PRO, SECRET, Shared, signed};
use super::stripe_books::{Asked, Books};

type App = State<Arc<Shared>>;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/{*path}", any(api))
        .route("/pay/{id}", get(pay_page).post(pay))
        .route("/portal/{id}", get(portal_page))
        .route("/portal/{id}/{act}", post(portal_act))
        .with_state(shared)
}

type Fields = HashMap<String, String>;

fn fields(encoded: &str) -> Fields {
    let url = Url::parse(&format!("http://form/?{encoded}")).unwrap();
    url.query_pairs().into_owned().collect()
}

async fn api(State(shared): App, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let header = |name: &str| {
        let value = parts.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default().to_owned()
    };
    let sends = parts.method == Method::POST;
    let encoded = if sends {
        String::from_utf8(body.to_vec()).unwrap()
    } else {
        parts.uri.query().unwrap_or_default().to_owned()
    };
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        fields: fields(&encoded),
        version: header("stripe-version"),
        idempotency: header("idempotency-key"),
    };
    shared.books.lock().unwrap().asked.push(asked.clone());
    let woken = shared.open.notified();
    let (status, body) = {
        let mut books = shared.books.lock().unwrap();
        match books.down {
            Some(status) => refuse(status, "api_error", None),
            None if header("authorization") != format!("Bearer {KEY}") => {
                refuse(401, "invalid_request_error", None)
            }
            None if sends && header("content-type") != "application/x-www-form-urlencoded" => {
                refuse(400, "invalid_request_error", None)
            }
            None => once(&mut books, &asked, &encoded),
        }
    };
    // The answer is that of the moment in which it was asked for, however late it comes.
    let hangs = shared.books.lock().unwrap().hangs;
    if hangs {
        shared.hanging.send_modify(|count| *count += 1);
        woken.await;
    }
    deliver(&shared).await;
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

type Said = (u16, Value);

fn refuse(status: u16, kind: &str, code: Option<&str>) -> Said {
    let message = "Sentences of Stripe's, marigold, are not passed on.";
    (
        status,
        json!({"error": {"type": kind, "code": code, "message": message}}),
    )
}

fn missing(status: u16) -> Said {
    refuse(status, "invalid_request_error", Some("resource_missing"))
}

fn no_such_customer() -> Said {
    let (status, mut said) = missing(400);
    said["error"]["param"] = json!("customer");
    (status, said)
}

/// The same answer to the same key; another question under it is refused.
fn once(books: &mut Books, asked: &Asked, encoded: &str) -> Said {
    if asked.idempotency.is_empty() || asked.method != "POST" {
        return answer(books, asked);
    }
    let fingerprint = format!("{} {encoded}", asked.path);
    if let Some((before, said)) = books.once.get(&asked.idempotency) {
        if *before == fingerprint {
            return said.clone();
        }
        return refuse(400, "idempotency_error", None);
    }
    let said = answer(books, asked);
    let kept = (fingerprint, said.clone());
    books.once.insert(asked.idempotency.clone(), kept);
    said
}

fn answer(books: &mut Books, asked: &Asked) -> Said {
    let path = asked.path.trim_start_matches("/v1/");
    let field = |key: &str| asked.fields.get(key).map(String::as_str);
    match (asked.method.as_str(), path.split_once('/')) {
        ("POST", None) if path == "customers" => {
            let metadata = metadata(&asked.fields, "metadata");
            let id = books.customer(field("email").unwrap_or_default(), &metadata);
            (200, books.told(&id).unwrap())
        }
        ("POST", Some(("checkout", "sessions"))) => checkout(books, asked),
        ("GET", Some(("checkout", "sessions"))) => list(books, asked, "checkout.session"),
        ("POST", Some(("checkout", rest))) => expire(books, rest),
        ("POST", Some(("billing_portal", "sessions"))) => {
            let customer = field("customer").unwrap_or_default().to_owned();
            if !books.can_buy(&customer) {
                return no_such_customer();
            }
            if books.no_portal {
                return refuse(400, "invalid_request_error", None);
            }
            let id = books.portal(&customer, field("return_url").unwrap_or_default());
            (200, books.told(&id).unwrap())
        }
        ("GET", None) if ["subscriptions", "invoices", "customers"].contains(&path) => {
            list(books, asked, path.trim_end_matches('s'))
        }
        ("GET", Some((_, id))) => books.told(id).map_or(missing(404), |object| (200, object)),
        ("DELETE", Some(("subscriptions", id))) => {
            let there = books
                .kept(id)
                .is_some_and(|kept| kept["status"] != "canceled");
            if !there {
                return missing(404);
            }
            books.cancel(id);
            (200, books.told(id).unwrap())
        }
        _ => refuse(404, "invalid_request_error", None),
    }
}

fn metadata(fields: &Fields, prefix: &str) -> Value {
    let prefix = format!("{prefix}[");
    let pairs = fields.iter().filter_map(|(key, value)| {
        let key = key.strip_prefix(&prefix)?.strip_suffix(']')?;
        Some((key.to_owned(), json!(value)))
    });
    Value::Object(pairs.collect())
}

fn checkout(books: &mut Books, asked: &Asked) -> Said {
    let field = |key: &str| {
        asked
            .fields
            .get(key)
            .map(String::as_str)
            .unwrap_or_default()
    };
    let needed = ["line_items[0][price]", "success_url"];
    if field("mode") != "subscription" || needed.iter().any(|key| field(key).is_empty()) {
        return refuse(400, "invalid_request_error", Some("parameter_missing"));
    }
    let price = field("line_items[0][price]");
    if !books.can_buy(field("customer")) {
        return no_such_customer();
    }
    if !PRICES.iter().any(|(id, ..)| *id == price) {
        return missing(400);
    }
    let id = books.session(&json!({
        "customer": field("customer"), "client_reference_id": field("client_reference_id"),
        "metadata": metadata(&asked.fields, "metadata"), "success_url": field("success_url"),
        "cancel_url": field("cancel_url"), "_price": price,
        "_subscription_metadata": metadata(&asked.fields, "subscription_data[metadata]"),
    }));
    (200, books.told(&id).unwrap())
}

/// `sessions/ID/expire`: nothing can be paid there any more.
fn expire(books: &mut Books, path: &str) -> Said {
    let id = path.strip_prefix("sessions/");
    let Some(id) = id.and_then(|id| id.strip_suffix("/expire")) else {
        return missing(404);
    };
    if books.kept(id).is_none_or(|kept| kept["status"] != "open") {
        return refuse(400, "invalid_request_error", None);
    }
    books.change(id, &json!({"status": "expired", "url": null}));
    (200, books.told(id).unwrap())
}

/// Filtered by customer; without `status=all` what has ended is left out.
fn list(books: &Books, asked: &Asked, kind: &str) -> Said {
    let field = |key: &str| asked.fields.get(key).map(String::as_str);
    let customer = field("customer");
    if customer.is_some_and(|customer| books.kept(customer).is_none()) {
        return no_such_customer();
    }
    let all = books.of_customer(kind, customer).into_iter();
    let told = all.filter(|id| {
        let status = &books.kept(id).unwrap()["status"];
        match field("status") {
            Some("all") => true,
            Some(wanted) => status == wanted,
            None => status != "canceled",
        }
    });
    let after = field("starting_after");
    let mut told = told.skip_while(|id| after.is_some_and(|after| id != after));
    if after.is_some() {
        told.next();
    }
    let limit = field("limit").map_or(10, |limit| limit.parse().unwrap());
    let limit = books.page.min(limit);
    let ids: Vec<_> = told.collect();
    let data: Vec<_> = ids.iter().take(limit).map(|id| books.told(id)).collect();
    (
        200,
        json!({"object": "list", "data": data, "has_more": ids.len() > limit, "url": asked.path}),
    )
}

/// Posts what waits to the hook, if there is one.
async fn deliver(shared: &Shared) {
    let (hook, events, now) = {
        let mut books = shared.books.lock().unwrap();
        let Some(hook) = books.hook.clone() else {
            return;
        };
        (hook, std::mem::take(&mut books.events), books.now())
    };
    for event in events {
        let body = event.to_string();
        let request = super::http::client()
            .post(&hook)
            .header("stripe-signature", signed(&body, SECRET, now));
        request.body(body).send().await.unwrap();
    }
}

fn page(words: &str) -> Html<String> {
    Html(format!("<!doctype html><title>Stripe</title>{words}"))
}

async fn pay_page(State(shared): App, Path(id): Path<String>) -> Response {
    let books = shared.books.lock().unwrap();
    let Some(session) = books.kept(&id).filter(|kept| kept["status"] == "open") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let back = session["cancel_url"].as_str().unwrap();
    page(&format!(
        "<form method=post><button>Pay</button></form><a href='{back}'>Back</a>"
    ))
    .into_response()
}

async fn pay(State(shared): App, Path(id): Path<String>) -> Response {
    let to = {
        let mut books = shared.books.lock().unwrap();
        if books.kept(&id).is_none_or(|kept| kept["status"] != "open") {
            return StatusCode::NOT_FOUND.into_response();
        }
        books.pay(&id);
        let to = books.kept(&id).unwrap()["success_url"].as_str().unwrap();
        to.replace("{CHECKOUT_SESSION_ID}", &id)
    };
    deliver(&shared).await;
    Redirect::to(&to).into_response()
}

async fn portal_page(State(shared): App, Path(id): Path<String>) -> Response {
    let books = shared.books.lock().unwrap();
    let Some(session) = books.kept(&id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let back = session["return_url"].as_str().unwrap();
    let acts = [
        ("cancel", "Cancel at period end"),
        ("resume", "Resume"),
        ("basic", "Switch to basic"),
        ("pro", "Switch to pro"),
    ];
    let forms = acts.map(|(act, label)| {
        format!("<form method=post action='/portal/{id}/{act}'><button>{label}</button></form>")
    });
    let forms = forms.concat();
    page(&format!("{forms}<a href='{back}'>Return</a>")).into_response()
}

async fn portal_act(State(shared): App, Path((id, act)): Path<(String, String)>) -> Response {
    {
        let mut books = shared.books.lock().unwrap();
        let Some(session) = books.kept(&id) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let customer = session["customer"].as_str().unwrap().to_owned();
        let theirs = books.of_customer("subscription", Some(&customer));
        let Some(subscription) = theirs.first() else {
            return StatusCode::NOT_FOUND.into_response();
        };
        match act.as_str() {
            "cancel" => books.cancel_at_period_end(subscription, true),
            "resume" => books.cancel_at_period_end(subscription, false),
            "basic" => books.switch(subscription, BASIC),
            "pro" => books.switch(subscription, PRO),
            _ => return StatusCode::NOT_FOUND.into_response(),
        }
    }
    deliver(&shared).await;
    Redirect::to(&format!("/portal/{id}")).into_response()
}
