//! The line in front of a server that takes one answer at a time.

use novacore::outside::{Piece, Purpose};
use uuid::Uuid;

use super::{Setup, collect, request, text_of};
use crate::support::script::{Gate, Script};

/// Somebody with three questions does not keep somebody with one waiting; each is told the place,
/// and again when it changes; who gives up leaves the line; background comes last.
#[tokio::test]
async fn the_line_is_fair_and_tells_places() {
    let setup = Setup::with(|model| model.max_concurrent = 1);
    let gate = Gate::new();
    setup.fake.answer(Script::says(["first"]).gated(&gate));
    let model = setup.servers.resolve(None).await.unwrap();
    let ask = async |person: u128, text: &str, purpose| {
        let mut request = request(model.clone(), text);
        request.person = Uuid::from_u128(person);
        request.purpose = purpose;
        setup.servers.chat(request).await.unwrap()
    };
    let mut running = ask(1, "one", Purpose::Answer).await;
    let title = ask(1, "title", Purpose::Background).await;
    let mut second = ask(1, "two", Purpose::Answer).await;
    let mut third = ask(1, "three", Purpose::Answer).await;
    let mut other = ask(2, "other", Purpose::Answer).await;
    let queued = |position| Some(Ok(Piece::Queued { position }));
    assert_eq!(second.next().await, queued(1));
    assert_eq!(other.next().await, queued(2));
    assert_eq!(third.next().await, queued(3));
    drop(second);
    assert_eq!(third.next().await, queued(1));
    gate.open();
    assert_eq!(running.next().await, Some(Ok(Piece::Text("first".into()))));
    assert!(!setup.servers.idle());
    let (_, _) = collect(running).await;
    let finished = tokio::join!(collect(title), collect(third), collect(other));
    let (title, third, other) = (finished.0.0, finished.1.0, finished.2.0);
    assert_eq!(text_of(&other), "You said: other");
    assert_eq!(text_of(&third), "You said: three");
    assert_eq!(text_of(&title), "You said: title");
    let asked = setup.fake.requests();
    let order: Vec<_> = asked
        .iter()
        .map(|r| r["messages"][0]["content"].clone())
        .collect();
    assert_eq!(order, ["one", "three", "other", "title"]);
    assert!(setup.servers.idle());
}
