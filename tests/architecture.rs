//! The shape of the house, as src/ARCHITECTURE.md draws it, held against the source itself.

mod rooms;
mod rules;

use super::support::source::{Source, rust_files};

fn product() -> Vec<Source> {
    rust_files(&["src"])
}

fn everything() -> Vec<Source> {
    rust_files(&["src", "storage/src", "storage/tests", "tests"])
}
