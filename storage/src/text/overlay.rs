//! What was applied since the last commit, in memory.
//!
//! Each change carries the generation it came with. A commit takes what is there, and when it is durable
//! settles that generation: newer changes stay. What must stay true: as long as a change is here, it
//! hides what the disk has under the same owner and id.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::fieldnorm::FieldNormReader;
use uuid::Uuid;

use super::analyse::analyse;
use super::{Posting, TextOp};

/// A document that waits for its commit.
pub(super) struct Document {
    pub(super) place: u64,
    /// How often each stem occurs; more than that is not kept of the text.
    pub(super) frequencies: HashMap<String, u32>,
    /// Stems in the text, rounded as the disk rounds them, so that a commit changes no answer.
    pub(super) length: u32,
}

impl Document {
    fn new(place: u64, text: &str) -> Self {
        let stems = analyse(text);
        let length = u32::try_from(stems.len()).unwrap_or(u32::MAX);
        let mut frequencies = HashMap::new();
        for stem in stems {
            *frequencies.entry(stem).or_default() += 1;
        }
        Self {
            place,
            frequencies,
            length: FieldNormReader::id_to_fieldnorm(FieldNormReader::fieldnorm_to_id(length)),
        }
    }

    fn posting(&self, stem: &str) -> Option<Posting> {
        self.frequencies.get(stem).map(|&frequency| Posting {
            place: self.place,
            frequency,
            length: self.length,
        })
    }
}

/// An analysed [`TextOp`].
pub(super) enum Change {
    Put {
        owner: Uuid,
        id: Uuid,
        document: Arc<Document>,
    },
    Remove {
        owner: Uuid,
        id: Uuid,
    },
}

/// Analyses the texts of some ops.
pub(super) fn prepare(ops: Vec<TextOp>) -> Vec<Change> {
    let change = |op| match op {
        TextOp::Put {
            owner,
            id,
            place,
            text,
        } => Change::Put {
            owner,
            id,
            document: Arc::new(Document::new(place, &text)),
        },
        TextOp::Remove { owner, id } => Change::Remove { owner, id },
    };
    ops.into_iter().map(change).collect()
}

/// All changes that wait for a commit.
#[derive(Default)]
pub(super) struct Overlay {
    generation: u64,
    owners: HashMap<Uuid, Owner>,
}

/// The changes of one owner.
#[derive(Default)]
pub(super) struct Owner {
    entries: HashMap<Uuid, Entry>,
}

struct Entry {
    generation: u64,
    /// None when the document was removed.
    document: Option<Arc<Document>>,
}

/// What a commit is to write, and the generation to settle afterwards.
pub(super) struct Waiting {
    pub(super) generation: u64,
    pub(super) changes: Vec<Change>,
}

/// What the overlay has to say to a question of one owner. Taken in one go, so that nobody who applies
/// changes waits while the disk is read.
#[derive(Default)]
pub(super) struct Look {
    /// The documents whose version on disk, if there is one, does not count.
    pub(super) hidden: Vec<Uuid>,
    /// Postings of the documents here, a list for each stem.
    pub(super) found: Vec<Vec<Posting>>,
}

impl Change {
    /// In this order changes are written: documents by place, so that postings are read in nearly the
    /// order in which they are wanted.
    fn order(&self) -> (u8, Uuid, u64) {
        match self {
            Self::Remove { owner, .. } => (0, *owner, 0),
            Self::Put {
                owner, document, ..
            } => (1, *owner, document.place),
        }
    }
}

impl Owner {
    /// The documents whose version on disk, if there is one, does not count.
    pub(super) fn hidden(&self) -> impl Iterator<Item = Uuid> {
        self.entries.keys().copied()
    }

    pub(super) fn documents(&self) -> impl Iterator<Item = (Uuid, &Document)> {
        self.entries
            .iter()
            .filter_map(|(id, entry)| Some((*id, entry.document.as_deref()?)))
    }
}

impl Overlay {
    pub(super) fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// What is here of an owner, and of these stems.
    pub(super) fn look<S: AsRef<str>>(&self, owner: Uuid, stems: &[S]) -> Look {
        let mut look = Look {
            found: vec![Vec::new(); stems.len()],
            ..Look::default()
        };
        let Some(owner) = self.owners.get(&owner) else {
            return look;
        };
        look.hidden = owner.hidden().collect();
        for (stem, found) in stems.iter().zip(&mut look.found) {
            let documents = owner.documents();
            found.extend(documents.filter_map(|(_, document)| document.posting(stem.as_ref())));
        }
        look
    }

    /// The documents there are when `on_disk` are those on the disk.
    pub(super) fn over(&self, mut on_disk: Vec<(Uuid, Uuid)>) -> Vec<(Uuid, Uuid)> {
        on_disk.retain(|(owner, id)| {
            let owner = self.owners.get(owner);
            owner.is_none_or(|owner| !owner.entries.contains_key(id))
        });
        for (owner, of_owner) in &self.owners {
            on_disk.extend(of_owner.documents().map(|(id, _)| (*owner, id)));
        }
        on_disk
    }

    pub(super) fn apply(&mut self, changes: Vec<Change>) {
        self.generation += 1;
        let generation = self.generation;
        for change in changes {
            let (owner, id, document) = match change {
                Change::Put {
                    owner,
                    id,
                    document,
                } => (owner, id, Some(document)),
                Change::Remove { owner, id } => (owner, id, None),
            };
            let entry = Entry {
                generation,
                document,
            };
            let owner = self.owners.entry(owner).or_default();
            owner.entries.insert(id, entry);
        }
    }

    /// Everything that is here, in the order in which it is to be written.
    pub(super) fn waiting(&self) -> Waiting {
        let mut changes = Vec::new();
        for (&owner, of_owner) in &self.owners {
            for (&id, entry) in &of_owner.entries {
                changes.push(match &entry.document {
                    Some(document) => Change::Put {
                        owner,
                        id,
                        document: Arc::clone(document),
                    },
                    None => Change::Remove { owner, id },
                });
            }
        }
        changes.sort_by_key(Change::order);
        Waiting {
            generation: self.generation,
            changes,
        }
    }

    /// Forgets what the disk has by now.
    pub(super) fn settle(&mut self, generation: u64) {
        self.owners.retain(|_, owner| {
            owner
                .entries
                .retain(|_, entry| entry.generation > generation);
            !owner.entries.is_empty()
        });
        self.owners.shrink_to_fit();
    }
}
