//! From the journal into a database.
//!
//! What must stay true: batches are applied whole and in their order, and with absolute values, so that
//! applying one twice changes nothing.

use redb::{Database, Durability};

use crate::Error;
use crate::error::guarded;
use crate::journal::{Chain, Part, Reach, each_op};
use crate::read::definition;

/// Changes of so many bytes are applied in one transaction.
const APPLY_BYTES: usize = 4 << 20;

/// Applies the batches of a part of the journal to a database and makes them durable there.
pub(crate) fn apply(chain: &Chain, part: Part, database: &Database) -> Result<Reach, Error> {
    let mut applying = Applying {
        database,
        transaction: None,
        bytes: 0,
    };
    let reach = chain.replay(part, &mut |record| {
        applying.bytes += record.size();
        each_op(record, &mut |table, key, value| {
            applying.apply(table, key, value)
        })?;
        if applying.bytes >= APPLY_BYTES {
            applying.commit(Durability::None)?;
        }
        Ok(())
    })?;
    applying.commit(Durability::Immediate)?;
    Ok(reach)
}

struct Applying<'d> {
    database: &'d Database,
    transaction: Option<redb::WriteTransaction>,
    bytes: usize,
}

impl Applying<'_> {
    fn apply(&mut self, table: &str, key: &[u8], value: Option<&[u8]>) -> Result<(), Error> {
        guarded(|| {
            let transaction = match &mut self.transaction {
                Some(transaction) => transaction,
                none => none.insert(self.database.begin_write()?),
            };
            let mut table = transaction.open_table(definition(table))?;
            match value {
                Some(value) => drop(table.insert(key, value)?),
                None => drop(table.remove(key)?),
            }
            Ok(())
        })
    }

    fn commit(&mut self, durability: Durability) -> Result<(), Error> {
        self.bytes = 0;
        let Some(mut transaction) = self.transaction.take() else {
            return Ok(());
        };
        guarded(|| {
            transaction.set_durability(durability)?;
            Ok(transaction.commit()?)
        })
    }
}
