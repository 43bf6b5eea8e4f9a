//! The store against a map: whatever is done to both, they say the same.

use std::collections::BTreeMap;

use novacore_storage::{Error, Read, Span};
use proptest::prelude::*;

use crate::support::{WORDS, note, open};

type Key = (String, u64);
type Model = BTreeMap<Key, String>;

#[derive(Debug, Clone)]
enum Act {
    Put(Key, String),
    Delete(Key),
    DeletePrefix(String),
    DeleteRange(Key, Key),
}

#[derive(Debug, Clone)]
enum Step {
    /// Acts of one closure; when the flag is set the closure fails after them.
    Write(Vec<Act>, bool),
    Reopen,
}

fn key() -> impl Strategy<Value = Key> {
    ("[ab\u{0}]{0,2}", 0_u64..4)
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (key(), "[a-z]{0,8}").prop_map(|(key, text)| Act::Put(key, text)),
        2 => key().prop_map(Act::Delete),
        1 => "[ab\u{0}]{0,2}".prop_map(Act::DeletePrefix),
        1 => (key(), key()).prop_map(|(low, high)| Act::DeleteRange(low, high)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (prop::collection::vec(act(), 0..8), prop::bool::weighted(0.25))
            .prop_map(|(acts, fails)| Step::Write(acts, fails)),
        1 => Just(Step::Reopen),
    ]
}

/// Does an act to the model and says how many rows it deleted.
fn act_on_model(model: &mut Model, act: &Act) -> u64 {
    let before = model.len();
    match act {
        Act::Put(key, text) => {
            model.insert(key.clone(), text.clone());
            return 0;
        }
        Act::Delete(key) => drop(model.remove(key)),
        Act::DeletePrefix(part) => model.retain(|key, _| key.0 != *part),
        Act::DeleteRange(low, high) => model.retain(|key, _| key < low || key > high),
    }
    (before - model.len()) as u64
}

fn act_on_store(tx: &mut novacore_storage::WriteTx<'_>, act: &Act) -> Result<u64, Error> {
    match act {
        Act::Put(key, text) => tx.put(&WORDS, key, &note(text)).map(|()| 0),
        Act::Delete(key) => tx.delete(&WORDS, key).map(u64::from),
        Act::DeletePrefix(part) => tx.delete_span(&WORDS, Span::prefix(part)),
        Act::DeleteRange(low, high) => tx.delete_span(&WORDS, Span::all().from(low).until(high)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Promise: the store holds exactly what acknowledged closures put there, after any reopening.
    #[test]
    fn the_store_is_a_map(steps in prop::collection::vec(step(), 1..30)) {
        let dir = tempfile::tempdir()?;
        let mut store = open(dir.path())?;
        let mut model = Model::new();
        for step in steps {
            match step {
                Step::Reopen => {
                    store.close()?;
                    store = open(dir.path())?;
                }
                Step::Write(acts, fails) => {
                    let mut expected = model.clone();
                    let counts: Vec<u64> =
                        acts.iter().map(|act| act_on_model(&mut expected, act)).collect();
                    let inside = expected.clone();
                    let answer = store.write(move |tx| {
                        let found: Result<Vec<u64>, Error> =
                            acts.iter().map(|act| act_on_store(tx, act)).collect();
                        assert_eq!(found?, counts);
                        assert_eq!(tx.count(&WORDS, Span::all())?, inside.len() as u64);
                        if fails { Err(Error::Full) } else { Ok(()) }
                    });
                    if answer.wait() == Ok(()) {
                        model = expected;
                    } else {
                        prop_assert!(fails);
                    }
                }
            }
            let rows: Result<_, Error> = store.read(|tx| tx.scan(&WORDS, Span::all(), usize::MAX));
            let rows: Model = rows?.into_iter().map(|(key, note)| (key, note.text)).collect();
            prop_assert_eq!(&rows, &model);
        }
    }
}
