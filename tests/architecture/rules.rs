//! What files of a kind may hold: pure files, stores, connections, sizes, words; and the two lists
//! of routes, which must be one.

use std::collections::BTreeSet;

use super::{everything, members, product};
use crate::support::routes;
use crate::support::source::{Source, read, top};

/// The first of these words that stands in the file's code.
fn names<'a>(file: &Source, words: &[&'a str]) -> Option<&'a str> {
    let code = file.code();
    words.iter().copied().find(|word| code.contains(word))
}

/// What decides can be tested without a server: no request, no task, no time, no storage.
#[test]
fn pure_files_are_pure() {
    let impure = [
        "axum",
        "tokio",
        "reqwest",
        "async ",
        "crate::app",
        "crate::clock",
        "storage::",
        "std::fs",
    ];
    let pure = [
        "src/billing/sync/access.rs",
        "src/billing/webhook/event.rs",
        "src/billing/webhook/signature.rs",
        "src/chat/prompt.rs",
        "src/memory/quote.rs",
        "src/memory/importance.rs",
        "src/memory/ranking/order.rs",
        "src/memory/ranking/score.rs",
        "src/memory/ranking/weights.rs",
        "src/outside/tokens.rs",
    ];
    let files: Vec<_> = product()
        .into_iter()
        .filter(|file| pure.contains(&file.path.as_str()))
        .collect();
    assert_eq!(files.len(), pure.len());
    for file in files {
        assert_eq!(names(&file, &impure), None, "{}", file.path);
    }
}

/// A table's file is given a transaction and knows nothing of requests, tasks or where data lies.
#[test]
fn stores_know_only_transactions() {
    let foreign = [
        "axum",
        "tokio",
        "reqwest",
        "async ",
        "crate::app",
        "crate::http",
        "crate::outside",
        "Store::open",
        "TextIndex",
        "std::fs",
    ];
    for file in product().iter().filter(|f| f.path.ends_with("/store.rs")) {
        assert_eq!(names(file, &foreign), None, "{}", file.path);
    }
}

/// Every table is named where its rows are described, so that nobody writes behind a store's back.
#[test]
fn only_stores_name_tables() {
    let others = product();
    let others = others
        .iter()
        .filter(|file| !file.path.ends_with("/store.rs") && file.path != "src/jobs/queue.rs");
    let wrong: Vec<_> = others
        .filter(|file| names(file, &["Table<", "Table::new"]).is_some())
        .map(|file| &file.path)
        // The tables of TOML are not of storage.
        .filter(|path| !path.starts_with("src/config/"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Tables carry their slice's name, so that one sees whose a row is.
#[test]
fn tables_carry_their_owners_name() {
    for table in &novacore::schema::TABLES {
        let prefix = format!("{}_", table.owner);
        assert!(table.name.starts_with(&prefix), "{}", table.name);
    }
}

/// What leaves this machine leaves by one room. The control socket and the port are no ways out.
#[test]
fn only_outside_opens_connections() {
    let connections = [
        "reqwest",
        "TcpStream",
        "TcpListener",
        "TcpSocket",
        "UnixStream",
        "UnixListener",
        "UdpSocket",
        "lookup_host",
    ];
    let exceptions: [(&str, &[&str]); 4] = [
        ("src/ops/control.rs", &["UnixStream", "UnixListener"]),
        ("src/lifecycle.rs", &["TcpListener"]),
        // Those that come in.
        ("src/http/serve.rs", &["TcpListener", "TcpStream"]),
        // Only the form of an address is read.
        ("src/config/check.rs", &["reqwest"]),
    ];
    for file in product().iter().filter(|file| file.room() != "outside") {
        let excepted = exceptions.iter().find(|(path, _)| *path == file.path);
        let excepted = excepted.map_or(&[][..], |(_, words)| words);
        let code = file.code();
        let used = connections.iter().filter(|word| code.contains(**word));
        let wrong: Vec<_> = used.filter(|word| !excepted.contains(word)).collect();
        assert!(wrong.is_empty(), "{} names {wrong:?}", file.path);
    }
    let load = read("src/config/check.rs");
    assert_eq!(
        load.matches("reqwest").count(),
        load.matches("reqwest::Url::parse").count()
    );
}

/// Whoever opens a file reads first what it is for.
#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> = everything()
        .into_iter()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| file.path)
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

/// A file can be read in one go.
#[test]
fn no_file_is_too_long() {
    let long: Vec<_> = everything()
        .into_iter()
        .map(|file| (file.text.lines().count(), file.path))
        .filter(|(lines, _)| *lines > 400)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

/// What is not done is not hidden in a comment.
#[test]
fn nothing_is_left_for_later() {
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    for file in everything() {
        let found = words.iter().find(|word| file.text.contains(**word));
        assert_eq!(found, None, "{}", file.path);
    }
}

/// Every test names the promise it guards: a doc comment stands before each.
#[test]
fn every_test_names_its_promise() {
    for file in everything() {
        let lines: Vec<_> = file.text.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            if ["#[test]", "#[tokio::test]"].contains(line) {
                let before = at.checked_sub(1).map_or("", |before| lines[before]);
                let named = before.starts_with("///") || before.starts_with("#[");
                assert!(named, "{}:{}", file.path, at + 1);
            }
        }
    }
}

/// Each dependency is code we answer for; at most 50 of both packages, our own not counted. The last two:
/// `hnsw_rs`, the graph for owners with more vectors than an exact search should look at, and
/// `unicode-normalization`, which takes accents off letters for the built-in embedder.
#[test]
fn dependencies_stay_few() {
    let manifests = members()
        .into_iter()
        .map(|member| format!("{member}/Cargo.toml"));
    let mut all = BTreeSet::new();
    for path in manifests.chain(["Cargo.toml".to_owned()]) {
        let manifest: toml::Table = read(&path).parse().unwrap();
        let dependencies = manifest["dependencies"].as_table().unwrap().iter();
        let foreign = dependencies.filter(|(_, source)| source.get("path").is_none());
        all.extend(foreign.map(|(name, _)| name.clone()));
    }
    assert!(all.len() > 20, "the manifests could not be read: {all:?}");
    assert!(all.len() <= 50, "{} direct dependencies", all.len());
}

/// The drawing of the house can be read in one sitting.
#[test]
fn the_drawing_stays_short() {
    let words = read("src/ARCHITECTURE.md").split_whitespace().count();
    assert!(words <= 2500, "{words} words");
}

/// Every URL is described, and nothing is described that does not exist.
#[test]
fn the_router_and_the_description_agree() {
    let index = read("src/router.rs");
    let mut routed = BTreeSet::new();
    for route in index.split(".route(\"").skip(1) {
        let (path, rest) = route.split_once('"').unwrap();
        let handlers = rest.lines().next().unwrap();
        for method in ["get", "post", "put", "patch", "delete"] {
            let call = format!("{method}(");
            let found = handlers
                .match_indices(&call)
                .any(|(at, _)| handlers[..at].ends_with([' ', '.', ',']));
            if found {
                routed.insert((method.to_uppercase(), path.to_owned()));
            }
        }
    }
    for (method, undescribed) in [
        ("GET", "/api/openapi.json"),
        ("GET", "/api/memory/list"),
        ("POST", "/billing/webhook"),
    ] {
        assert!(routed.remove(&(method.into(), undescribed.into())));
    }
    assert_eq!(routed, routes::described());
}

/// The page's types are made from this file, so it must say what the program does.
#[test]
fn the_page_knows_the_same_description() {
    if !top().join("web/openapi.json").exists() {
        return;
    }
    let document = novacore::ops::document().to_pretty_json().unwrap();
    let committed = read("web/openapi.json");
    assert!(
        committed.trim_end() == document,
        "run: cargo run -- openapi > web/openapi.json"
    );
}
