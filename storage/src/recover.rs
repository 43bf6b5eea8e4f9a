//! From what is in a directory to the rows as they were acknowledged.
//!
//! The live file is used when it passes a full check and belongs to the journal; otherwise a snapshot,
//! or nothing when the journal begins with the first batch. On top come the journal's batches. What must
//! stay true: a result that lacks a batch of which anything is left is an error, never an answer, unless
//! the directory is a copy, in which what was written during the copying may be there in part, or the
//! operator asked for what can be had; and nothing that was found is changed, but for the live file.

use std::fmt;
use std::mem;

use redb::Database;

use crate::apply::apply;
use crate::backend::Backend;
use crate::home::{Home, OpenFile, read_meta};
use crate::journal::{Chain, Part, Reach};
use crate::live::Meta;
use crate::remake::{checked_live, from_nothing, from_snapshot};
use crate::report::Start;
use crate::{Error, snapshot};

/// What recovery may do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Nothing after this batch.
    pub(crate) up_to: u64,
    /// Nothing that was written later.
    pub(crate) until_ms: u64,
    /// Take what can be had when batches are missing.
    pub(crate) partial: bool,
    /// It is a copy: take what comes before a gap between two files.
    pub(crate) copy: bool,
}

impl Bounds {
    pub(crate) const ALL: Self = Self {
        up_to: u64::MAX,
        until_ms: u64::MAX,
        partial: false,
        copy: false,
    };

    fn allow(self, meta: &Meta) -> bool {
        meta.seq <= self.up_to && meta.ms <= self.until_ms
    }

    fn are_bounded(self) -> bool {
        self.up_to < u64::MAX || self.until_ms < u64::MAX
    }

    fn part(self, after: u64) -> Part {
        Part {
            after,
            up_to: self.up_to,
            until_ms: self.until_ms,
        }
    }
}

/// A live database that holds what was acknowledged.
pub(crate) struct Recovered {
    pub(crate) database: Database,
    pub(crate) backend: Backend,
    pub(crate) meta: Meta,
    pub(crate) start: Start,
    pub(crate) reach: Reach,
    /// True when snapshots and journal alone would not lead here: a snapshot must come first.
    pub(crate) must_snapshot: bool,
    /// The snapshot it began with.
    pub(crate) snapshot: Option<u64>,
}

/// Where recovery can begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    /// The live file, which has passed its check, with its last batch.
    Live(u64),
    Snapshot(u64),
    /// An empty database: the journal has everything.
    Nothing,
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live(_) => f.write_str("the live file"),
            Self::Snapshot(seq) => write!(f, "snapshot {seq}"),
            Self::Nothing => f.write_str("the journal alone"),
        }
    }
}

impl Base {
    fn seq(self) -> u64 {
        match self {
            Self::Live(seq) | Self::Snapshot(seq) => seq,
            Self::Nothing => 0,
        }
    }
}

/// Recovers `home`, reading snapshots and journal from `source`, which may be the same directory.
/// None when there is no data at all.
pub(crate) fn recover(
    home: &Home,
    source: &Home,
    bounds: Bounds,
) -> Result<Option<Recovered>, Error> {
    let chain = Chain::list(&source.files, &source.journal_dir())?;
    let snapshots = snapshot::list(source)?;
    let has_live = home.len_of(&home.live_file())? > 0;
    if chain.is_empty() && snapshots.is_empty() && !has_live {
        return Ok(None);
    }
    let lineage = one_lineage(source, &chain, &snapshots)?;
    let mut damage = Vec::new();
    let mut live = None;
    match checked_live(home) {
        // A bounded recovery may stop before it.
        Ok((_, meta)) if !bounds.allow(&meta) => {}
        Ok(found) if lineage.is_none_or(|it| it == found.1.lineage) => live = Some(found),
        Ok(_) => damage.push("the live file is of another history".to_owned()),
        // There is nothing else.
        Err(error) if chain.is_empty() && snapshots.is_empty() => return Err(error),
        // It is not there, or torn: normal in a copy.
        Err(_) => live = None,
    }
    let mut search = Search {
        home,
        source,
        chain: &chain,
        bounds,
        live,
        damage,
        newest: snapshots.last().copied(),
    };
    let bases = search.bases(&snapshots);
    search.best(bases).map(Some)
}

/// Brings a database up to the end of a part of the journal.
fn finish(
    home: &Home,
    chain: &Chain,
    part: Part,
    open: OpenFile,
) -> Result<(OpenFile, Meta), Error> {
    apply(chain, part, &open.database)?;
    let meta = read_meta(&open.database)?;
    home.create_tables(&open.database)?;
    Ok((open, meta))
}

/// The one history to which snapshots and journal belong; none when nothing says.
fn one_lineage(
    source: &Home,
    chain: &Chain,
    snapshots: &[u64],
) -> Result<Option<uuid::Uuid>, Error> {
    let mut found = chain.lineages()?;
    for seq in snapshots {
        // A damaged one says nothing, and will not be used either.
        found.extend(snapshot::meta(source, *seq).ok().map(|meta| meta.lineage));
    }
    found.sort();
    found.dedup();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        [one, two, ..] => Err(Error::Mixed {
            reason: format!(
                "snapshots and journal are of {one} and of {two}; put the copy into an empty folder"
            ),
        }),
    }
}

/// A recovery under way.
struct Search<'s> {
    home: &'s Home,
    source: &'s Home,
    chain: &'s Chain,
    bounds: Bounds,
    /// The live file, when it can be used.
    live: Option<(OpenFile, Meta)>,
    damage: Vec<String>,
    newest: Option<u64>,
}

impl Search<'_> {
    /// Where recovery can begin, best first: the live file costs least; else, the newer the better.
    fn bases(&self, snapshots: &[u64]) -> Vec<Base> {
        let bounded = self.bounds.are_bounded();
        let mut bases = Vec::new();
        for seq in snapshots {
            let meta = || snapshot::meta(self.source, *seq);
            if !bounded || meta().is_ok_and(|meta| self.bounds.allow(&meta)) {
                bases.push(Base::Snapshot(*seq));
            }
        }
        bases.extend(self.live.as_ref().map(|(_, meta)| Base::Live(meta.seq)));
        if bounded {
            bases.sort_by_key(|base| base.seq());
        }
        bases.reverse();
        if self.chain.is_whole() {
            bases.push(Base::Nothing);
        }
        bases
    }

    /// Recovers from the first base that leads to all that is known; else, if that is allowed, from the
    /// one that leads furthest.
    fn best(&mut self, bases: Vec<Base>) -> Result<Recovered, Error> {
        let bounded = self.bounds.are_bounded();
        let mut known = if bounded { 0 } else { self.newest.unwrap_or(0) };
        let mut short = Vec::new();
        for base in bases {
            let part = self.bounds.part(base.seq());
            let reach = self.chain.replay(part, &mut |_| Ok(()))?;
            // A bounded recovery stops before the end by intention.
            known = known.max(reach.known);
            if base == Base::Nothing && reach.batches == 0 {
                continue; // That would be no store at all.
            }
            if reach.seq < known {
                short.push((base, reach));
            } else if let Some(recovered) = self.from(base, &reach)? {
                return Ok(recovered);
            }
        }
        if bounded && known == 0 && short.is_empty() && self.damage.is_empty() {
            return Err(Error::TooLongAgo);
        }
        short.sort_by_key(|(_, reach)| std::cmp::Reverse(reach.seq));
        let reachable = short.first().map_or(0, |(_, reach)| reach.seq);
        let broken = short.iter().any(|(_, reach)| reach.broken);
        if self.bounds.partial || self.bounds.copy && !broken {
            let missing = format!("batches {} to {known} cannot be reached", reachable + 1);
            self.damage.push(missing);
            for (base, reach) in &short {
                if let Some(recovered) = self.from(*base, reach)? {
                    return Ok(recovered);
                }
            }
        }
        if let Some((_, reach)) = short.first() {
            self.damage
                .extend(reach.gaps.iter().chain(&reach.damage).cloned());
        }
        Err(Error::Incomplete {
            reachable,
            known,
            reason: self.damage.join("; "),
        })
    }

    /// Recovers from one base; none when it cannot be used after all.
    fn from(&mut self, base: Base, reach: &Reach) -> Result<Option<Recovered>, Error> {
        let open = match base {
            Base::Live(_) => self
                .live
                .take()
                .map_or(Err(Error::Closed), |(open, _)| Ok(open)),
            Base::Snapshot(seq) => from_snapshot(self.home, self.source, seq),
            Base::Nothing => from_nothing(self.home),
        };
        let part = self.bounds.part(base.seq());
        match open.and_then(|open| finish(self.home, self.chain, part, open)) {
            Ok((open, meta)) => {
                let mut damage = mem::take(&mut self.damage);
                damage.extend(reach.damage.iter().cloned());
                let leads_here = self.leads_here(base, &meta)?;
                if !leads_here && self.chain_is_known() {
                    damage.push(format!(
                        "snapshots and journal do not lead to batch {} of the live file: a journal file is missing or damaged, and what was written after that batch may be, too",
                        meta.seq
                    ));
                }
                let must_snapshot = !damage.is_empty() || !leads_here;
                let reach = Reach {
                    damage,
                    ..reach.clone()
                };
                let recovered = Recovered::new(base, open, meta, reach, must_snapshot);
                Ok(Some(recovered))
            }
            Err(error @ (Error::Full | Error::Io { .. })) => Err(error),
            Err(error) => {
                self.damage.push(format!("{base} cannot be used: {error}"));
                Ok(None)
            }
        }
    }

    /// False for a directory from before there was a journal.
    fn chain_is_known(&self) -> bool {
        self.newest.is_some() || !self.chain.is_empty()
    }

    /// Whether the newest snapshot, or nothing, and the journal lead to the state of `meta`.
    fn leads_here(&self, base: Base, meta: &Meta) -> Result<bool, Error> {
        let Base::Live(_) = base else { return Ok(true) };
        let from = match self.newest {
            Some(seq) => seq,
            None if self.chain.is_whole() => 0,
            None => return Ok(false),
        };
        let reach = self.chain.replay(Part::after(from), &mut |_| Ok(()))?;
        Ok(reach.seq >= meta.seq && reach.damage.is_empty())
    }
}

impl Recovered {
    fn new(base: Base, open: OpenFile, meta: Meta, reach: Reach, must_snapshot: bool) -> Self {
        let (start, snapshot) = match base {
            Base::Live(_) => (Start::Checked, None),
            Base::Snapshot(seq) => (Start::Rebuilt, Some(seq)),
            Base::Nothing => (Start::Rebuilt, None),
        };
        Self {
            database: open.database,
            backend: open.backend,
            meta,
            start,
            reach,
            must_snapshot,
            snapshot,
        }
    }

    /// A live file that needed nothing.
    pub(crate) fn as_it_is(open: OpenFile, meta: Meta, start: Start) -> Self {
        let reach = Reach::nothing(meta.seq);
        Self {
            start,
            ..Self::new(Base::Live(meta.seq), open, meta, reach, false)
        }
    }
}
