//! INDEX: every table of the program: name, owner, key, value. The rows stand beside the tables they
//! describe, in each slice's `store.rs`; this is where they come together.

use storage::{Migration, TableInfo};

use crate::{auth, chat, memory, ops};

const COUNT: usize =
    auth::CATALOGUE.len() + chat::CATALOGUE.len() + memory::CATALOGUE.len() + ops::CATALOGUE.len();

/// Every table.
pub static TABLES: [TableInfo; COUNT] = all();

/// Steps from one format of the data directory to the next, all in one transaction, forward only.
/// None yet: this is format 1.
pub static MIGRATIONS: [Migration; 0] = [];

/// Number of the format of a data directory that this program writes.
pub fn format() -> u32 {
    MIGRATIONS.last().map_or(1, |last| last.to)
}

const fn all() -> [TableInfo; COUNT] {
    let mut tables = [auth::CATALOGUE[0]; COUNT];
    let mut at = 0;
    let slices: [&[TableInfo]; 4] = [
        &auth::CATALOGUE,
        &chat::CATALOGUE,
        &memory::CATALOGUE,
        &ops::CATALOGUE,
    ];
    let mut slice = 0;
    while slice < slices.len() {
        let mut row = 0;
        while row < slices[slice].len() {
            tables[at] = slices[slice][row];
            at += 1;
            row += 1;
        }
        slice += 1;
    }
    tables
}
