//! The tantivy index: schema, opening, committing.
//!
//! A writer, with its threads and memory, exists only during a commit: an idle index holds the mapped
//! files and nothing else. What must stay true: the payload of a commit names the version, the lineage
//! and the seq; whatever does not match is wiped, never repaired.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use tantivy::columnar::{Cardinality, ColumnValues};
use tantivy::directory::error::OpenDirectoryError;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, NoMergePolicy};
use tantivy::postings::BlockSegmentPostings;
use tantivy::schema::{
    BytesOptions, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{
    DocId, DocSet, Index, IndexReader, IndexWriter, InvertedIndexReader, ReloadPolicy, Searcher,
    SegmentReader, TERMINATED, TantivyDocument, TantivyError, Term,
};
use uuid::Uuid;

use super::overlay::Change;
use super::wipe::wipe;
use crate::Error;

/// Version of the schema and the analyser; a new one has every index built again.
const VERSION: u32 = 3;

/// Name of the column from which places are read.
const PLACE: &str = "place";

/// Tantivy's analyser that does nothing: texts are analysed before they come here.
const AS_IT_IS: &str = "raw";

/// Memory of the writer, in bytes, during a commit: the least tantivy takes for one thread.
const WRITER_BYTES: usize = 15_000_000;

/// A segment is merged once this part of it is deleted documents.
const DELETED_PART: f32 = 0.3;

/// The index on disk.
pub(super) struct Disk {
    index: Index,
    reader: IndexReader,
    lineage: Uuid,
    fields: Fields,
}

/// The fields of a document; none is stored.
struct Fields {
    /// Owner and id, 32 bytes: names a document, so that no owner can touch another's.
    key: Field,
    place: Field,
    /// Stems, each with its owner before it: a list of postings is of one owner by construction.
    stems: Field,
}

/// A writer whose commit is durable and which may still be merging segments.
pub(super) struct Merging(IndexWriter);

impl Disk {
    /// Opens the index of a directory, or a new one, with the seq up to which it is complete.
    pub(super) fn open(dir: &Path, lineage: Uuid, truth_seq: u64) -> Result<(Self, u64), Error> {
        // Whatever is wrong with the old one, damage or an old version, the answer is the same.
        let usable = super::guarded(|| Self::open_existing(dir, lineage));
        if let Ok((disk, watermark)) = usable
            && watermark <= truth_seq
        {
            return Ok((disk, watermark));
        }
        if dir.try_exists()? {
            wipe(dir)?;
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)?;
        let (schema, _) = schema();
        let index = Index::create_in_dir(dir, schema).map_err(refused)?;
        Ok((Self::from_index(index, lineage)?, 0))
    }

    fn open_existing(dir: &Path, lineage: Uuid) -> Result<(Self, u64), Error> {
        let unusable = |reason: &str| Error::Text {
            reason: reason.to_owned(),
        };
        let index = Index::open_in_dir(dir).map_err(refused)?;
        if index.schema() != schema().0 {
            return Err(unusable("the schema is another one"));
        }
        let payload = index.load_metas().map_err(refused)?.payload;
        let watermark = payload
            .as_deref()
            .and_then(|payload| watermark_of(payload, lineage))
            .ok_or_else(|| unusable("the last commit is not of this store and version"))?;
        if !index.validate_checksum().map_err(refused)?.is_empty() {
            return Err(unusable("a file is damaged"));
        }
        Ok((Self::from_index(index, lineage)?, watermark))
    }

    fn from_index(index: Index, lineage: Uuid) -> Result<Self, Error> {
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(0)
            .try_into()
            .map_err(refused)?;
        Ok(Self {
            index,
            reader,
            lineage,
            fields: schema().1,
        })
    }

    /// Writes changes and the seq durably, and shows them to searches.
    pub(super) fn commit(&self, changes: &[Change], seq: u64) -> Result<Merging, Error> {
        let mut writer = self.writer()?;
        let mut merge_policy = LogMergePolicy::default();
        merge_policy.set_del_docs_ratio_before_merge(DELETED_PART);
        writer.set_merge_policy(Box::new(merge_policy));
        for change in changes {
            self.write(&writer, change)?;
        }
        let mut commit = writer.prepare_commit().map_err(refused)?;
        commit.set_payload(&payload(self.lineage, seq));
        commit.commit().map_err(refused)?;
        self.reader.reload().map_err(refused)?;
        Ok(Merging(writer))
    }

    /// Merges all segments into one, which has no removed documents, and deletes the old files.
    pub(super) fn purge(&self) -> Result<(), Error> {
        let mut writer = self.writer()?;
        writer.set_merge_policy(Box::new(NoMergePolicy));
        let segments = self.index.searchable_segment_ids().map_err(refused)?;
        if !segments.is_empty() {
            writer.merge(&segments).wait().map_err(refused)?;
        }
        self.reader.reload().map_err(refused)?;
        writer.garbage_collect_files().wait().map_err(refused)?;
        self.finish(Merging(writer))
    }

    fn writer(&self) -> Result<IndexWriter, Error> {
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(WRITER_BYTES)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        self.index.writer_with_options(options).map_err(refused)
    }

    fn write(&self, writer: &IndexWriter, change: &Change) -> Result<(), Error> {
        match change {
            Change::Remove { owner, id } => {
                writer.delete_term(self.key_term(*owner, *id));
            }
            Change::Put {
                owner,
                id,
                document,
            } => {
                writer.delete_term(self.key_term(*owner, *id));
                let mut fields = TantivyDocument::default();
                fields.add_bytes(self.fields.key, &key(*owner, *id));
                fields.add_u64(self.fields.place, document.place);
                for (stem, &times) in &document.frequencies {
                    let stem = owned(*owner, stem);
                    for _ in 0..times {
                        fields.add_text(self.fields.stems, &stem);
                    }
                }
                writer.add_document(fields).map_err(refused)?;
            }
        }
        Ok(())
    }

    /// Waits until the writer's merges are done and lets go of what they replaced.
    pub(super) fn finish(&self, merging: Merging) -> Result<(), Error> {
        merging.0.wait_merging_threads().map_err(refused)?;
        self.reader.reload().map_err(refused)
    }

    /// What is committed now.
    pub(super) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// Every document of a segment that is not removed: its owner and its id.
    pub(super) fn documents(&self, segment: &SegmentReader) -> Result<Vec<(Uuid, Uuid)>, Error> {
        let keys = self.keys(segment)?;
        let mut stream = keys.terms().range().into_stream().map_err(unreadable)?;
        let mut found = Vec::new();
        while stream.advance() {
            let (owner, id) = owner_and_id(stream.key()).ok_or_else(|| Error::Text {
                reason: "a document has no id".to_owned(),
            })?;
            let mut postings = keys
                .read_postings_from_terminfo(stream.value(), IndexRecordOption::Basic)
                .map_err(unreadable)?;
            // A newer version has the same key as the older ones that are removed.
            while postings.doc() != TERMINATED {
                if !segment.is_deleted(postings.doc()) {
                    found.push((owner, id));
                }
                postings.advance();
            }
        }
        Ok(found)
    }

    /// The numbers, in a segment, of an owner's documents, in order.
    pub(super) fn numbers(
        &self,
        segment: &SegmentReader,
        owner: Uuid,
        ids: &[Uuid],
    ) -> Result<Vec<DocId>, Error> {
        let mut numbers = Vec::new();
        if ids.is_empty() {
            return Ok(numbers);
        }
        let keys = self.keys(segment)?;
        for id in ids {
            let key = self.key_term(owner, *id);
            if let Some(mut found) = keys
                .read_postings(&key, IndexRecordOption::Basic)
                .map_err(unreadable)?
            {
                while found.doc() != TERMINATED {
                    numbers.push(found.doc());
                    found.advance();
                }
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The documents of a segment that contain a stem of this owner, removed ones too.
    pub(super) fn postings(
        &self,
        segment: &SegmentReader,
        owner: Uuid,
        stem: &str,
    ) -> Result<Option<BlockSegmentPostings>, Error> {
        let term = Term::from_field_text(self.fields.stems, &owned(owner, stem));
        segment
            .inverted_index(self.fields.stems)
            .map_err(refused)?
            .read_block_postings(&term, IndexRecordOption::WithFreqs)
            .map_err(unreadable)
    }

    /// How many stems each document of a segment has.
    pub(super) fn lengths(&self, segment: &SegmentReader) -> Result<FieldNormReader, Error> {
        segment
            .get_fieldnorms_reader(self.fields.stems)
            .map_err(refused)
    }

    /// The place of each document of a segment.
    pub(super) fn places(segment: &SegmentReader) -> Result<Arc<dyn ColumnValues>, Error> {
        let places = segment.fast_fields().u64(PLACE).map_err(refused)?;
        if places.get_cardinality() != Cardinality::Full {
            return Err(Error::Text {
                reason: "a document has no place".to_owned(),
            });
        }
        Ok(places.values)
    }

    fn keys(&self, segment: &SegmentReader) -> Result<Arc<InvertedIndexReader>, Error> {
        segment.inverted_index(self.fields.key).map_err(refused)
    }

    fn key_term(&self, owner: Uuid, id: Uuid) -> Term {
        Term::from_field_bytes(self.fields.key, &key(owner, id))
    }
}

fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let stems = TextFieldIndexing::default()
        .set_tokenizer(AS_IT_IS)
        .set_index_option(IndexRecordOption::WithFreqs);
    let fields = Fields {
        key: builder.add_bytes_field("key", BytesOptions::default().set_indexed()),
        place: builder.add_u64_field(PLACE, NumericOptions::default().set_fast()),
        stems: builder.add_text_field("stems", TextOptions::default().set_indexing_options(stems)),
    };
    (builder.build(), fields)
}

fn key(owner: Uuid, id: Uuid) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(owner.as_bytes());
    key[16..].copy_from_slice(id.as_bytes());
    key
}

/// A stem as one owner's: the owner, always as long, before it. In letters, for tantivy counts how often
/// a term occurs in a document for texts only.
fn owned(owner: Uuid, stem: &str) -> String {
    format!("{}{stem}", owner.simple())
}

/// The owner and the id in a key.
fn owner_and_id(key: &[u8]) -> Option<(Uuid, Uuid)> {
    let (owner, id) = key.split_at_checked(16)?;
    Some((Uuid::from_slice(owner).ok()?, Uuid::from_slice(id).ok()?))
}

fn payload(lineage: Uuid, seq: u64) -> String {
    format!("{VERSION} {lineage} {seq}")
}

/// The seq in a payload, when version and lineage are ours.
fn watermark_of(found: &str, lineage: Uuid) -> Option<u64> {
    let seq = found.rsplit(' ').next()?.parse().ok()?;
    (found == payload(lineage, seq)).then_some(seq)
}

fn unreadable(error: io::Error) -> Error {
    refused(error.into())
}

/// What tantivy says, in our words.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err takes"
)]
pub(super) fn refused(error: TantivyError) -> Error {
    match &error {
        TantivyError::IoError(cause) if cause.kind() == std::io::ErrorKind::StorageFull => {
            Error::Full
        }
        TantivyError::OpenDirectoryError(OpenDirectoryError::IoError { io_error, .. })
            if io_error.kind() == std::io::ErrorKind::StorageFull =>
        {
            Error::Full
        }
        _ => Error::Text {
            reason: error.to_string(),
        },
    }
}
