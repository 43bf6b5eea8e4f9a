//! The tantivy index: schema, opening, committing.
//!
//! A writer, with its threads and memory, exists only during a commit: an idle index holds the mapped
//! files and nothing else. What must stay true: the payload of a commit names the version, the lineage
//! and the seq; whatever does not match is wiped, never repaired; no file that is not the index's own is
//! ever removed.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use tantivy::directory::error::OpenDirectoryError;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, NoMergePolicy};
use tantivy::schema::{
    BytesOptions, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{
    DocId, Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, SegmentReader, TantivyDocument,
    TantivyError, Term,
};
use uuid::Uuid;

use super::analyse::analyser;
use super::overlay::Change;
use crate::Error;

/// Version of the schema and the analyser; a new one has every index built again.
const VERSION: u32 = 1;

/// Name under which the index knows the analyser.
const ANALYSER: &str = "english";

/// Name of the field from which a hit's id is read.
const KEY: &str = "key";

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
    owner: Field,
    text: Field,
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
        index.tokenizers().register(ANALYSER, analyser());
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
            Change::RemoveOwner { owner } => {
                writer.delete_term(self.owner_term(*owner));
            }
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
                fields.add_bytes(self.fields.owner, owner.as_bytes());
                fields.add_text(self.fields.text, &document.text);
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
    /// The owner and the id of every document that is not removed.
    pub(super) fn documents(&self) -> Result<Vec<(Uuid, Uuid)>, Error> {
        let mut found = Vec::new();
        for segment in self.searcher().segment_readers() {
            for document in segment.doc_ids_alive() {
                found.push(key_of(segment, document)?);
            }
        }
        Ok(found)
    }

    pub(super) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    pub(super) fn text_field(&self) -> Field {
        self.fields.text
    }

    pub(super) fn key_field(&self) -> Field {
        self.fields.key
    }

    pub(super) fn owner_field(&self) -> Field {
        self.fields.owner
    }

    pub(super) fn text_term(&self, stem: &str) -> Term {
        Term::from_field_text(self.fields.text, stem)
    }

    pub(super) fn key_term(&self, owner: Uuid, id: Uuid) -> Term {
        Term::from_field_bytes(self.fields.key, &key(owner, id))
    }

    pub(super) fn owner_term(&self, owner: Uuid) -> Term {
        Term::from_field_bytes(self.fields.owner, owner.as_bytes())
    }

    /// Name of the field that holds keys as a column.
    const fn key_column() -> &'static str {
        KEY
    }
}

/// Removes an index, file by file. The folder comes from a setting, which may be mistaken: when there is
/// anything in it that the index did not make, all stays as it is.
fn wipe(dir: &Path) -> Result<(), Error> {
    let entries = fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    for entry in &entries {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(is_of_an_index) && entry.file_type()?.is_file();
        if !ours {
            return Err(Error::Foreign {
                dir: dir.to_owned(),
                found: name.to_string_lossy().into_owned(),
            });
        }
    }
    for entry in entries {
        fs::remove_file(entry.path())?;
    }
    Ok(())
}

/// Whether tantivy gives such names: its lists and locks, a list not yet in its place (`.tmp` and six
/// letters), and the parts of a segment, named by its id.
fn is_of_an_index(name: &str) -> bool {
    const LISTS: [&str; 4] = [
        "meta.json",
        ".managed.json",
        ".tantivy-writer.lock",
        ".tantivy-meta.lock",
    ];
    const PARTS: [&str; 8] = [
        "idx",
        "pos",
        "term",
        "store",
        "store.temp",
        "fast",
        "fieldnorm",
        "del",
    ];
    let unfinished = name
        .strip_prefix(".tmp")
        .is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_alphanumeric()));
    let part = name.split_once('.').is_some_and(|(id, part)| {
        let part = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let part = part.strip_prefix('.').unwrap_or(part);
        id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) && PARTS.contains(&part)
    });
    LISTS.contains(&name) || unfinished || part
}

fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let words = TextFieldIndexing::default()
        .set_tokenizer(ANALYSER)
        .set_index_option(IndexRecordOption::WithFreqs);
    let fields = Fields {
        key: builder.add_bytes_field(KEY, BytesOptions::default().set_indexed().set_fast()),
        owner: builder.add_bytes_field("owner", BytesOptions::default().set_indexed()),
        text: builder.add_text_field("text", TextOptions::default().set_indexing_options(words)),
    };
    (builder.build(), fields)
}

fn key(owner: Uuid, id: Uuid) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(owner.as_bytes());
    key[16..].copy_from_slice(id.as_bytes());
    key
}

/// The owner and the id of a document.
pub(super) fn key_of(segment: &SegmentReader, document: DocId) -> Result<(Uuid, Uuid), Error> {
    let missing = || Error::Text {
        reason: "a document has no id".to_owned(),
    };
    let column = segment
        .fast_fields()
        .bytes(Disk::key_column())
        .map_err(refused)?
        .ok_or_else(missing)?;
    let place = column.term_ords(document).next().ok_or_else(missing)?;
    let mut key = Vec::with_capacity(32);
    column
        .ord_to_bytes(place, &mut key)
        .map_err(|error| refused(error.into()))?;
    owner_and_id(&key).ok_or_else(missing)
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
