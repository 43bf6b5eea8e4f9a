//! Keys and spans: the order of bytes is the order of values.

use std::cmp::Ordering;

use novacore_storage::{Desc, Error, Key, Read, Span};
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::{WORDS, new_store, note};

fn encoded<K: Key>(key: &K) -> Vec<u8> {
    let mut bytes = Vec::new();
    key.encode(&mut bytes);
    bytes
}

/// Order of the encodings, and that both can be read back.
fn order<K: Key + PartialEq + std::fmt::Debug>(a: &K, b: &K) -> Ordering {
    for key in [a, b] {
        let bytes = encoded(key);
        let mut rest = bytes.as_slice();
        assert_eq!(&K::decode(&mut rest).unwrap(), key);
        assert!(rest.is_empty());
    }
    encoded(a).cmp(&encoded(b))
}

/// Texts that hit the escape: few letters, zero bytes, many common beginnings.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[\u{0}\u{1}ab\u{ff}]{0,6}", any::<String>()]
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

proptest! {
    /// Promise: numbers, ids and texts sort as their encodings do.
    #[test]
    fn single_keys_keep_their_order(
        a in (any::<u8>(), any::<u32>(), any::<u64>(), any::<i64>(), uuid(), text()),
        b in (any::<u8>(), any::<u32>(), any::<u64>(), any::<i64>(), uuid(), text()),
    ) {
        prop_assert_eq!(order(&a.0, &b.0), a.0.cmp(&b.0));
        prop_assert_eq!(order(&a.1, &b.1), a.1.cmp(&b.1));
        prop_assert_eq!(order(&a.2, &b.2), a.2.cmp(&b.2));
        prop_assert_eq!(order(&a.3, &b.3), a.3.cmp(&b.3));
        prop_assert_eq!(order(&a.4, &b.4), a.4.cmp(&b.4));
        prop_assert_eq!(order(&a.5, &b.5), a.5.cmp(&b.5));
        prop_assert_eq!(order(&Desc(a.2), &Desc(b.2)), b.2.cmp(&a.2));
        prop_assert_eq!(order(&Desc(a.3), &Desc(b.3)), b.3.cmp(&a.3));
    }

    /// Promise: tuples sort part by part, whatever the texts in them.
    #[test]
    fn tuples_keep_their_order(
        a in (text(), text(), any::<i64>(), 0_u64..4),
        b in (text(), text(), any::<i64>(), 0_u64..4),
    ) {
        let two = |k: &(String, String, i64, u64)| (k.0.clone(), k.3);
        prop_assert_eq!(order(&two(&a), &two(&b)), two(&a).cmp(&two(&b)));
        let three = |k: &(String, String, i64, u64)| (k.1.clone(), Desc(k.3), k.0.clone());
        prop_assert_eq!(order(&three(&a), &three(&b)), three(&a).cmp(&three(&b)));
        prop_assert_eq!(order(&a, &b), a.cmp(&b));
    }

    /// Promise: bytes that are not a key are an error, never a panic.
    #[test]
    fn any_bytes_can_be_tried(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = <(String, Desc<u64>, Uuid)>::decode(&mut bytes.as_slice());
        let _ = <(i64, [u8; 32])>::decode(&mut bytes.as_slice());
    }

    /// Promise: a span finds the rows that its bounds describe, in its direction.
    #[test]
    fn spans_are_their_bounds(
        keys in prop::collection::btree_set(("[a\u{0}]{0,2}", 0_u64..4), 0..12),
        part in "[a\u{0}]{0,2}",
        low in ("[a\u{0}]{0,2}", 0_u64..4),
        high in ("[a\u{0}]{0,2}", 0_u64..4),
        limit in 0_usize..6,
    ) {
        let (_dir, store) = new_store();
        let rows = keys.clone();
        store.write(move |tx| {
            rows.iter().try_for_each(|key| tx.put(&WORDS, key, &note("")))
        }).wait()?;
        let found = |span: Span<(String, u64)>, limit| -> Result<Vec<_>, Error> {
            store.read(|tx| Ok(tx.scan(&WORDS, span, limit)?.into_iter().map(|row| row.0).collect()))
        };
        let wanted = |keep: &dyn Fn(&(String, u64)) -> bool| -> Vec<_> {
            keys.iter().filter(|key| keep(key)).cloned().collect()
        };
        let all = usize::MAX;
        prop_assert_eq!(found(Span::prefix(&part), all)?, wanted(&|k| k.0 == part));
        prop_assert_eq!(found(Span::all().after(&low), all)?, wanted(&|k| *k > low));
        prop_assert_eq!(found(Span::all().after(&part), all)?, wanted(&|k| k.0 > part));
        let within = Span::all().from(&low).before(&high);
        prop_assert_eq!(found(within, all)?, wanted(&|k| *k >= low && *k < high));
        let mut backwards = wanted(&|k| k.0 == part && *k <= high);
        backwards.reverse();
        backwards.truncate(limit);
        prop_assert_eq!(found(Span::prefix(&part).until(&high).rev(), limit)?, backwards);
        let even = |key: &(String, u64)| key.1.is_multiple_of(2);
        store.write({
            let rows = keys.clone();
            move |tx| rows.iter().try_for_each(|key| {
                let text = if even(key) { "even" } else { "" };
                tx.put(&WORDS, key, &note(text))
            })
        }).wait()?;
        let mut picked = wanted(&even);
        picked.truncate(limit);
        let found: Vec<_> = store.read(|tx| tx.scan_where(&WORDS, Span::all(), limit, |n| n.text == "even"))?;
        prop_assert_eq!(found.into_iter().map(|row| row.0).collect::<Vec<_>>(), picked);
        let count: u64 = store.read(|tx| tx.count(&WORDS, Span::all().before(&high)))?;
        prop_assert_eq!(count, wanted(&|k| *k < high).len() as u64);
    }
}
