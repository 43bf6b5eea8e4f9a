//! The built-in embedder against the program that made its file, and against texts of all kinds.

use proptest::prelude::*;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::outside::embedding::tokens::MOST_TOKENS;

#[derive(Deserialize)]
struct Row {
    text: String,
    vector: Vec<f32>,
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// A vector that is stored under this digest was made by this file, so the digest must be its own.
#[test]
fn the_file_is_whole_and_the_one_its_digest_names() {
    let model = Model::read(FILE).unwrap();
    assert_eq!((model.numbers, model.scales.len()), (256, 29_523));
    let named = info().digest;
    let byte = |at: usize| u8::from_str_radix(&named[at..at + 2], 16).unwrap();
    let named: Vec<u8> = (0..64).step_by(2).map(byte).collect();
    assert_eq!(Sha256::digest(FILE).as_slice(), named);
    assert_eq!(info().dim, 256);
}

/// What was measured with the model as it was built holds for the program: both cut any text into the
/// same pieces and add up the same rows.
#[test]
fn vectors_are_those_of_the_program_that_built_the_model() {
    let rows = include_str!("../../../../packaging/embedder/parity.json");
    let rows: Vec<Row> = serde_json::from_str(rows).unwrap();
    assert!(rows.len() > 20);
    for Row { text, vector } in rows {
        let ours = embed(&text);
        if vector.iter().all(|&x| x == 0.0) {
            assert_eq!(ours, vector, "{text:?}");
        } else {
            let cosine = cosine(&ours, &vector);
            assert!(cosine > 0.9999, "{cosine} for {text:?}");
        }
    }
}

/// The point of it all: the memory that answers is nearer than one that shares no meaning.
#[test]
fn meaning_without_a_common_word_is_found() {
    let question = embed("Which musical instrument do I play?");
    let cello = embed("On Thursdays: cello, in the town orchestra.");
    let rent = embed("The landlord wants more rent.");
    assert!(cosine(&question, &cello) > 0.3);
    assert!(cosine(&question, &rent) < 0.2);
}

/// A text that says nothing is near to nothing, and no division by its length goes wrong.
#[test]
fn texts_without_known_pieces_are_zeros() {
    for text in ["", " \n\t", "\u{200b}\u{301}", &"a".repeat(101)] {
        assert!(embed(text).iter().all(|&x| x == 0.0), "{text:?}");
    }
}

/// Nobody can keep the program busy with a long text: no more than the first pieces are looked at,
/// known or not.
#[test]
fn long_texts_are_cut() {
    let rows = |text: &str| MODEL.vocabulary.rows(text);
    assert_eq!(rows(&"word ".repeat(200_000)).len(), MOST_TOKENS);
    assert_eq!(rows(&format!("{}word", "\u{ffff} ".repeat(300))).len(), 0);
    for million in ["a", "\u{301}", "한", "😀", " ", "é"].map(|unit| unit.repeat(1 << 20)) {
        assert!(rows(&million).len() <= MOST_TOKENS);
    }
}

/// A file whose head is damaged, in any of its fields, is not read as something else.
#[test]
fn damaged_heads_are_refused() {
    for at in [0, 8, 12, 16, 20, 24] {
        let mut copy = FILE.to_vec();
        copy[at] ^= 0x11;
        assert!(Model::read(copy.leak()).is_none(), "byte {at}");
    }
    assert!(Model::read(&FILE[..FILE.len() - 1]).is_none());
}

proptest! {
    /// Any text whatever gives a direction or zeros.
    #[test]
    fn any_text_has_a_vector(text in "\\PC{0,200}|(?s).{0,200}") {
        let vector = embed(&text);
        prop_assert_eq!(vector.len(), 256);
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        prop_assert!(length == 0.0 || (length - 1.0).abs() < 1e-5);
    }

    /// Case, accents and space around words do not change what a text means.
    #[test]
    fn case_and_accents_do_not_matter(words in prop::collection::vec("[a-z]{1,12}", 1..8)) {
        let plain = words.join(" ");
        let loud = words.join("\u{a0}\r\n").to_uppercase().replace('E', "É");
        prop_assert_eq!(embed(&plain), embed(&loud));
    }
}
