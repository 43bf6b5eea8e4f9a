//! The routes of the program as its own description names them.

use std::collections::BTreeSet;

use serde_json::Value;

/// (method, path) of every described route, methods in capitals.
pub fn described() -> BTreeSet<(String, String)> {
    let document = serde_json::to_value(novacore::ops::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let methods = |item: &Value| {
        item.as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    paths
        .iter()
        .flat_map(|(path, item)| {
            methods(item)
                .into_iter()
                .map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect()
}

/// The routes that change something, with `id` in place of the variable part.
pub fn unsafe_ones(id: &str) -> Vec<(String, String)> {
    described()
        .into_iter()
        .filter(|(method, _)| method != "GET")
        .map(|(method, path)| (method, path.replace("{id}", id)))
        .collect()
}
