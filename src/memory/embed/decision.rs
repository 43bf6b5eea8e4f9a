//! What was decided about the model that memories are embedded with, as it is stored.
//!
//! Must stay true: vectors of different tags are never compared.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::Record;
use uuid::Uuid;

use crate::outside::EmbedModel;

/// Which model was decided, and how far everything is put in line for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// None while it was only ever decided that there be none.
    pub model: Option<EmbedModel>,
    /// An administrator decided that nothing is to be found by meaning.
    #[serde(default)]
    pub off: bool,
    /// Counts up with every other model: vectors of different tags are never compared.
    pub tag: u32,
    pub decided_at: Timestamp,
    /// While everything is being put in line: the last that was.
    #[serde(default)]
    pub filling: Option<Filling>,
}

impl Record for Decision {}

impl Decision {
    /// The model that is in force.
    pub fn in_force(&self) -> Option<&EmbedModel> {
        self.model.as_ref().filter(|_| !self.off)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filling {
    pub after: Option<(Uuid, u64)>,
}
