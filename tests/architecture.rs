//! The shape of the house, as src/ARCHITECTURE.md draws it, held against the source itself.

mod rooms;
mod rules;

use super::support::source::{Source, read, rust_files};

fn product() -> Vec<Source> {
    rust_files(&["src"])
}

/// The folders of the packages beside the root's own.
fn members() -> Vec<String> {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap().iter();
    members
        .map(|member| member.as_str().unwrap().to_owned())
        .collect()
}

fn everything() -> Vec<Source> {
    let own = ["src".to_owned(), "tests".to_owned()];
    let folders: Vec<_> = own.into_iter().chain(members()).collect();
    rust_files(&folders.iter().map(String::as_str).collect::<Vec<_>>())
}
