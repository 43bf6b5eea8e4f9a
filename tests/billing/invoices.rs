//! What somebody was asked to pay, as it is listed.

use std::time::Duration;

use serde_json::{Value, json};

use super::paying::shop;
use crate::support::http::Answer;
use crate::support::stripe::BASIC;

fn ids(list: &Answer) -> Vec<String> {
    let items = list.body["items"].as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Invoices come newest first, page by page, each person's own, with what they were for.
#[tokio::test]
async fn invoices_are_listed() {
    let (app, stripe) = shop().await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let (_, subscription) = stripe.sells(&app, &ada, BASIC).await;
    for _ in 0..3 {
        app.advance(Duration::from_secs(1));
        let invoice = stripe.books().invoice(&subscription, true);
        stripe.books().tell("invoice.paid", &invoice);
    }
    app.advance(Duration::from_secs(1));
    stripe.books().payment_fails(&subscription);
    stripe.deliver_all(&app).await;
    app.run_jobs().await;
    let all = ada.get("/api/billing/invoices").await;
    assert_eq!(ids(&all).len(), 5, "{all:?}");
    assert_eq!(all.body["next_before"], Value::Null);
    let newest = &all.body["items"][0];
    let open = json!({"id": newest["id"], "number": newest["number"],
        "created_at": "2026-01-01T00:00:04Z", "amount_due": 900, "amount_paid": 0,
        "currency": "usd", "status": "open", "plan": "basic",
        "hosted_url": newest["hosted_url"], "pdf_url": newest["pdf_url"]});
    assert_eq!(*newest, open);
    assert!(newest["hosted_url"].as_str().unwrap().starts_with("http"));
    let (mut paged, mut next) = (vec![], String::new());
    loop {
        let page = ada
            .get(&format!("/api/billing/invoices?limit=2{next}"))
            .await;
        paged.extend(ids(&page));
        let Some(before) = page.body["next_before"].as_str() else {
            break;
        };
        next = format!("&before={before}");
    }
    assert_eq!(paged, ids(&all));
    let theirs = format!("/api/billing/invoices?before={}", paged[0]);
    for path in ["/api/billing/invoices", &theirs] {
        assert_eq!(ids(&bob.get(path).await), Vec::<String>::new());
    }
    app.finish().await;
}
