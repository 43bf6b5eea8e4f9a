//! The full-text index against the simplest thing that could be right: every document kept, and read.

use std::collections::BTreeMap;
use std::path::Path;

use novacore_storage::{Posting, TextIndex, TextOp, analyse};
use proptest::prelude::*;
use tantivy::fieldnorm::FieldNormReader;
use uuid::Uuid;

use crate::support::id;
use crate::text::open;

const STEMS: [&str; 4] = ["red", "blue", "sea", "owl"];

/// What can happen to an index.
#[derive(Debug, Clone)]
enum Step {
    Apply(Vec<TextOp>),
    Commit,
    /// As a crash does it: what was not committed is told again, as the follower does.
    Reopen,
    Purge,
}

/// Every document by owner and id: its place and its text.
#[derive(Default)]
struct Model(BTreeMap<(Uuid, Uuid), (u64, String)>);

impl Model {
    fn apply(&mut self, op: &TextOp) {
        match op.clone() {
            TextOp::Put {
                owner,
                id,
                place,
                text,
            } => {
                self.0.insert((owner, id), (place, text));
            }
            TextOp::Remove { owner, id } => {
                self.0.remove(&(owner, id));
            }
        }
    }

    fn postings(&self, owner: Uuid, stem: &str) -> Vec<Posting> {
        let of_owner = self.0.iter().filter(|((whose, _), _)| *whose == owner);
        let mut found = Vec::new();
        for (place, text) in of_owner.map(|(_, document)| document) {
            let stems = analyse(text);
            let times = stems.iter().filter(|s| *s == stem).count();
            let length = FieldNormReader::fieldnorm_to_id(u32::try_from(stems.len()).unwrap());
            if times > 0 {
                found.push(Posting {
                    place: *place,
                    frequency: u32::try_from(times).unwrap(),
                    length: FieldNormReader::id_to_fieldnorm(length),
                });
            }
        }
        found.sort_unstable();
        found
    }
}

fn op() -> impl Strategy<Value = TextOp> {
    let owner = || (1_u128..4).prop_map(id);
    let number = || 1_u64..9;
    let text = "((red|blue|seas|owls) ){0,60}";
    let put =
        (owner(), number(), 0_u64..3, text).prop_map(|(owner, number, moved, text)| TextOp::Put {
            owner,
            id: id(number.into()),
            place: number << 32 | moved,
            text,
        });
    let remove = (owner(), number()).prop_map(|(owner, number)| TextOp::Remove {
        owner,
        id: id(number.into()),
    });
    prop_oneof![8 => put, 4 => remove]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec(op(), 1..6).prop_map(Step::Apply),
        3 => Just(Step::Commit),
        2 => Just(Step::Reopen),
        1 => Just(Step::Purge),
    ]
}

/// The index, and what it would have to be told again after a crash.
struct Running {
    index: TextIndex,
    untold: Vec<TextOp>,
    seq: u64,
}

impl Running {
    fn take(&mut self, step: &Step, dir: &Path) {
        match step {
            Step::Apply(ops) => {
                self.untold.extend(ops.iter().cloned());
                self.index.apply(ops.clone()).unwrap();
            }
            Step::Commit => {
                self.seq += 1;
                self.index.commit(self.seq).unwrap();
                self.untold.clear();
            }
            Step::Reopen => {
                self.index.close();
                self.index = open(dir);
                assert_eq!(self.index.watermark(), self.seq);
                self.index.apply(self.untold.clone()).unwrap();
            }
            Step::Purge => self.index.purge().unwrap(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Promise: whatever happens to an index, and whenever it is committed, purged or opened again, it
    /// tells of each owner's documents exactly what is in them, and of nobody else's.
    #[test]
    fn tells_what_is_in_the_documents(steps in prop::collection::vec(step(), 1..14)) {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("text");
        let mut running = Running { index: open(&dir), untold: Vec::new(), seq: 0 };
        // Something to open again, and the owner to whom nothing happens.
        let other = Posting { place: 7, frequency: 1, length: 2 };
        let bystander = id(50);
        let text = "red owl".to_owned();
        let untouched = TextOp::Put { owner: bystander, id: id(1), place: 7, text };
        running.take(&Step::Apply(vec![untouched]), &dir);
        running.take(&Step::Commit, &dir);
        let mut model = Model::default();
        for step in steps {
            running.take(&step, &dir);
            if let Step::Apply(ops) = step {
                for op in &ops {
                    model.apply(op);
                }
            }
            for owner in (1..4).map(id) {
                let expected: Vec<_> = STEMS.iter().map(|stem| model.postings(owner, stem)).collect();
                prop_assert_eq!(running.index.postings_of(owner, &STEMS)?, expected);
            }
            let lists = running.index.postings_of(bystander, &STEMS)?;
            prop_assert_eq!(lists, [vec![other], vec![], vec![], vec![other]]);
            let mut documents = running.index.documents()?;
            documents.retain(|(owner, _)| *owner != bystander);
            documents.sort_unstable();
            prop_assert_eq!(documents, model.0.keys().copied().collect::<Vec<_>>());
        }
    }

    /// Promise: the same documents told in other portions, with other commits, in another order give
    /// the same lists.
    #[test]
    fn commits_leave_no_trace(
        texts in prop::collection::vec("((red|blue|seas|owls) ){0,12}", 1..60),
        portions in prop::collection::vec(1_usize..20, 2),
        backwards: bool,
    ) {
        let puts: Vec<TextOp> = (1..).zip(&texts).map(|(n, text)| crate::text::put(id(1), n, text)).collect();
        let mut answers = Vec::new();
        for (turn, portion) in portions.into_iter().enumerate() {
            let folder = tempfile::tempdir().unwrap();
            let index = open(folder.path());
            let mut puts = puts.clone();
            if backwards && turn == 1 {
                puts.reverse();
            }
            for (seq, ops) in (1..).zip(puts.chunks(portion)) {
                index.apply(ops.to_vec())?;
                if ops.len() == portion {
                    index.commit(seq)?;
                }
            }
            answers.push(index.postings_of(id(1), &STEMS)?);
        }
        prop_assert_eq!(&answers[0], &answers[1]);
    }
}
