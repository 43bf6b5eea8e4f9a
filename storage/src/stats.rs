//! Who and what takes how much.

use std::collections::HashMap;

use redb::ReadableTable;
use uuid::Uuid;

use crate::error::guarded;
use crate::home::Home;
use crate::journal::Chain;
use crate::read::definition;
use crate::report::{DiskUse, OnProgress, Progress, Stats, TableSize, UserSize};
use crate::{Error, Store, snapshot};

/// Walks all rows.
pub(crate) fn stats(store: &Store, progress: OnProgress<'_>) -> Result<Stats, Error> {
    let home = &store.live().home;
    let rows = store.live().begin_read()?;
    let tables = home.catalogue.tables();
    let mut by_user: HashMap<Uuid, UserSize> = HashMap::new();
    let mut by_table = Vec::new();
    for (done, info) in tables.iter().enumerate() {
        progress(Progress {
            step: "counting rows",
            done: done as u64,
            total: tables.len() as u64,
        });
        let mut size = TableSize {
            table: info.name.to_owned(),
            rows: 0,
            bytes: 0,
        };
        guarded(|| {
            let table = rows.raw().open_table(definition(info.name))?;
            for row in table.iter()? {
                let (key, value) = row?;
                let bytes = (key.value().len() + value.value().len()) as u64;
                size.rows += 1;
                size.bytes += bytes;
                let user = key.value().first_chunk::<16>().filter(|_| info.by_user);
                if let Some(user) = user.map(|user| Uuid::from_bytes(*user)) {
                    let size = by_user.entry(user).or_insert(UserSize {
                        user,
                        rows: 0,
                        bytes: 0,
                    });
                    size.rows += 1;
                    size.bytes += bytes;
                }
            }
            Ok(())
        })?;
        by_table.push(size);
    }
    let mut users: Vec<UserSize> = by_user.into_values().collect();
    users.sort_by_key(|size| (std::cmp::Reverse(size.bytes), size.user));
    Ok(Stats {
        tables: by_table,
        users,
        disk: disk_use(home)?,
    })
}

/// Names and lengths of the files.
pub(crate) fn disk_use(home: &Home) -> Result<DiskUse, Error> {
    let all = snapshot::list(home)?;
    let mut snapshots = 0;
    for seq in &all {
        snapshots += home.len_of(&snapshot::path(home, *seq))?;
    }
    let newest = all.last().and_then(|seq| snapshot::times(home, *seq).ok());
    Ok(DiskUse {
        live: home.len_of(&home.live_file())?,
        journal: Chain::list(&home.files, &home.journal_dir())?.bytes()?,
        snapshots,
        snapshot_count: all.len() as u64,
        newest_snapshot_ms: newest.map_or(0, |times| times.ms),
    })
}
