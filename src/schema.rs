//! INDEX: every table of the program: name, owner, key, value. The rows stand beside the tables they
//! describe, in each slice's `store.rs`; this is where they come together.

use storage::{Migration, TableInfo, WriteTx};

use crate::{account, auth, billing, chat, jobs, memory, ops};

/// What each room brings.
const ROOMS: &[&[TableInfo]] = &[
    &auth::CATALOGUE,
    &auth::AUDIT_CATALOGUE,
    &auth::LINKS_CATALOGUE,
    &auth::TOKENS_CATALOGUE,
    &auth::PASSKEYS_CATALOGUE,
    &auth::OIDC_CATALOGUE,
    &auth::KEYS_CATALOGUE,
    &auth::SERVICES_CATALOGUE,
    &auth::INVITATIONS_CATALOGUE,
    &billing::LEDGER_CATALOGUE,
    &billing::RATES_CATALOGUE,
    &billing::QUOTA_CATALOGUE,
    &billing::TRIAL_CATALOGUE,
    &billing::CUSTOMERS_CATALOGUE,
    &billing::EVENTS_CATALOGUE,
    &chat::CATALOGUE,
    &chat::ALLOWANCE_CATALOGUE,
    &chat::ATTEMPTS_CATALOGUE,
    &memory::CATALOGUE,
    &memory::FIGURES_CATALOGUE,
    &memory::TIERS_CATALOGUE,
    &memory::DISTIL_CATALOGUE,
    &memory::EMBED_CATALOGUE,
    &memory::REFUSED_CATALOGUE,
    &memory::PROFILE_CATALOGUE,
    &account::CATALOGUE,
    &ops::CATALOGUE,
    &jobs::CATALOGUE,
];

const COUNT: usize = {
    let (mut count, mut room) = (0, 0);
    while room < ROOMS.len() {
        count += ROOMS[room].len();
        room += 1;
    }
    count
};

/// Every table.
pub static TABLES: [TableInfo; COUNT] = all();

/// Steps from one format of the data directory to the next, all in one transaction, forward only. What is too
/// much for one is only begun here, and done in steps when the program starts (`memory::count_the_rest`).
pub static MIGRATIONS: [Migration; 2] = [
    Migration {
        to: 2,
        name: "what is remembered of everybody is counted in the ledger",
        run: memory::open_ledger,
    },
    Migration {
        to: 3,
        name: "memories know their neighbours, their words are counted, and open conversations are listed",
        run: neighbours_and_ends,
    },
];

fn neighbours_and_ends(tx: &mut WriteTx<'_>) -> Result<(), storage::Error> {
    memory::count_everything(tx)?;
    chat::list_open(tx)
}

/// Number of the format of a data directory that this program writes.
pub fn format() -> u32 {
    MIGRATIONS.last().map_or(1, |last| last.to)
}

const fn all() -> [TableInfo; COUNT] {
    let mut tables = [auth::CATALOGUE[0]; COUNT];
    let mut at = 0;
    let mut room = 0;
    while room < ROOMS.len() {
        let mut row = 0;
        while row < ROOMS[room].len() {
            tables[at] = ROOMS[room][row];
            at += 1;
            row += 1;
        }
        room += 1;
    }
    tables
}
