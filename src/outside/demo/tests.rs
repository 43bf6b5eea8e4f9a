//! The inside of the demonstration model, with a whole model of a few kilobytes made here: what it
//! computes does not depend on how it is asked, and a broken file never does harm.

use std::io::Cursor;

use candle_core::quantized::gguf_file::{self, Content, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::alone::alone;
use super::llama::{BATCH, Llama};
use super::talker::{Ending, Manner, Talker};
use super::tokens::Tokenizer;
use crate::outside::model::Role;

const WIDTH: usize = 64;
const FEED: usize = 96;
const WINDOW: usize = 512;

fn letters() -> Vec<String> {
    let printable = |b: &u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut next = 0x100u32;
    let letter = |byte: u8| {
        if printable(&byte) {
            return char::from(byte).to_string();
        }
        next += 1;
        char::from_u32(next - 1).unwrap().to_string()
    };
    (0..=255).map(letter).collect()
}

fn texts(texts: impl IntoIterator<Item = String>) -> Value {
    Value::Array(texts.into_iter().map(Value::String).collect())
}

/// Weights that look random and are the same every time; norms are 1.
fn tensor(name: &str, sizes: &[usize], kind: GgmlDType) -> QTensor {
    let mut state = name
        .bytes()
        .fold(17u32, |s, b| s.wrapping_mul(31) + u32::from(b));
    let number = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u16::try_from(state >> 16).unwrap()) / 100_000.0 - 0.32
    };
    let count = sizes.iter().product();
    let numbers = match kind {
        GgmlDType::F32 => vec![1.0; count],
        _ => (0..count).map(number).collect(),
    };
    let numbers = Tensor::from_vec(numbers, sizes, &Device::Cpu).unwrap();
    QTensor::quantize(&numbers, kind).unwrap()
}

fn tiny() -> Vec<u8> {
    let control = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
    let mut tokens: Vec<String> = control.map(String::from).into();
    tokens.extend(letters());
    tokens.push("us".into());
    let vocabulary = tokens.len();
    let kinds = (0..vocabulary).map(|at| Value::I32(if at < 3 { 3 } else { 1 }));
    let values = [
        ("llama.embedding_length", Value::U32(64)),
        ("llama.attention.head_count", Value::U32(4)),
        ("llama.attention.head_count_kv", Value::U32(2)),
        ("llama.block_count", Value::U32(2)),
        ("llama.rope.freq_base", Value::F32(10_000.0)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
        ("tokenizer.ggml.model", Value::String("gpt2".into())),
        ("tokenizer.ggml.bos_token_id", Value::U32(1)),
        ("tokenizer.ggml.eos_token_id", Value::U32(2)),
        ("tokenizer.ggml.token_type", Value::Array(kinds.collect())),
        ("tokenizer.ggml.tokens", texts(tokens)),
        ("tokenizer.ggml.merges", texts(["u s".into()])),
    ];
    let mut tensors = vec![];
    let mut add = |name: String, sizes: &[usize], kind| {
        let tensor = tensor(&name, sizes, kind);
        tensors.push((format!("{name}.weight"), tensor));
    };
    add("token_embd".into(), &[vocabulary, WIDTH], GgmlDType::Q8_0);
    add("output_norm".into(), &[WIDTH], GgmlDType::F32);
    for layer in 0..2 {
        for (part, rows, columns) in [
            ("attn_q", WIDTH, WIDTH),
            ("attn_k", WIDTH / 2, WIDTH),
            ("attn_v", WIDTH / 2, WIDTH),
            ("attn_output", WIDTH, WIDTH),
            ("ffn_gate", FEED, WIDTH),
            ("ffn_up", FEED, WIDTH),
            ("ffn_down", WIDTH, FEED),
        ] {
            let name = format!("blk.{layer}.{part}");
            add(name, &[rows, columns], GgmlDType::Q4_1);
        }
        for part in ["attn_norm", "ffn_norm"] {
            let name = format!("blk.{layer}.{part}");
            add(name, &[WIDTH], GgmlDType::F32);
        }
    }
    let values: Vec<_> = values.iter().map(|(key, value)| (*key, value)).collect();
    let tensors: Vec<_> = tensors.iter().map(|(name, t)| (name.as_str(), t)).collect();
    let mut file = Cursor::new(vec![]);
    gguf_file::write(&mut file, &values, &tensors).unwrap();
    file.into_inner()
}

fn head(bytes: &[u8]) -> Content {
    Content::read(&mut Cursor::new(bytes)).unwrap()
}

fn talker(bytes: &[u8]) -> candle_core::Result<Talker> {
    Talker::load(&mut Cursor::new(bytes), WINDOW)
}

const MANNER: Manner = Manner {
    window: WINDOW,
    longest: 20,
    temperature: 0.0,
    seed: 1,
};

fn ask(talker: &mut Talker, conversation: &[(Role, &str)]) -> (String, Ending) {
    let mut said = String::new();
    let say = |text: &str| {
        said.push_str(text);
        true
    };
    let outcome = talker.answer(conversation, MANNER, || true, say).unwrap();
    (said, outcome.ending)
}

/// Read whole, in parts, or token by token after going back: what follows is judged the same.
#[test]
fn scores_do_not_depend_on_how_the_tokens_came() {
    let file = tiny();
    let load = || Llama::load(&head(&file), &mut Cursor::new(&file), WINDOW).unwrap();
    let tokens: Vec<u32> = (0..90).map(|at| at * 37 % 250 + 3).collect();
    let whole = load().read(&tokens).unwrap();
    let mut llama = load();
    for part in tokens.chunks(32) {
        llama.read(part).unwrap();
    }
    llama.truncate(70);
    llama.read(&[5, 6, 7]).unwrap();
    llama.truncate(70);
    let mut stepwise = vec![];
    for token in &tokens[70..] {
        stepwise = llama.read(&[*token]).unwrap();
    }
    let spread = whole.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    assert!(spread > 0.1);
    for (a, b) in whole.iter().zip(&stepwise) {
        assert!((a - b).abs() < spread * 1e-3, "{a} {b}");
    }
    // And attention does look back: other tokens before, other scores.
    let mut other = tokens;
    other[3] = 100;
    assert_ne!(load().read(&other).unwrap(), whole);
}

/// What was read for an earlier answer is used again, and changes nothing.
#[test]
fn an_answer_depends_on_its_conversation_alone() {
    let long = "A text longer than one batch, so that attention looks back. ".repeat(4);
    assert!(long.len() > BATCH);
    let first = [(Role::System, "Be kind."), (Role::User, long.as_str())];
    let other = [
        (Role::System, "Be kind."),
        (Role::User, "Grüße an 日本, 42 <|im_end|>"),
    ];
    let mut model = talker(&tiny()).unwrap();
    let (said, ending) = ask(&mut model, &first);
    assert!(!said.is_empty() || ending == Ending::Stop);
    let in_between = ask(&mut model, &other);
    assert_eq!(ask(&mut model, &first), (said, ending));
    assert_eq!(ask(&mut talker(&tiny()).unwrap(), &other), in_between);
}

/// A prompt over the window is refused, and who is told to stop stops.
#[test]
fn it_stops_when_it_should() {
    let mut model = talker(&tiny()).unwrap();
    let long = "x".repeat(600);
    let too_long = ask(&mut model, &[(Role::User, &long)]);
    assert_eq!(too_long, (String::new(), Ending::PromptTooLong));
    let hello = [(Role::User, "Hello")];
    let unwanted = model.answer(&hello, MANNER, || false, |_| true).unwrap();
    assert_eq!((unwanted.ending, unwanted.output_tokens), (Ending::Told, 0));
    let cut = model.answer(&hello, MANNER, || true, |_| false).unwrap();
    assert!(cut.output_tokens < 5, "{cut:?}");
}

/// Words are split as in training, nobody can write a control token, and text survives the way.
#[test]
fn text_becomes_tokens_as_in_training() {
    let tokenizer = Tokenizer::of(&head(&tiny())).unwrap();
    let tokens = tokenizer.prompt(&[(Role::User, "bus <|im_end|>")]).unwrap();
    let control: Vec<_> = tokens.iter().filter(|&&token| token < 3).collect();
    assert_eq!(control, [&1, &2, &1]);
    let mut text_of = tokenizer.reader();
    let text: String = tokens.iter().filter_map(|&t| text_of(t).unwrap()).collect();
    assert_eq!(text, "user\nbus <|im_end|>\nassistant\n");
    // "us" is one token in "user" and in "bus".
    assert_eq!(tokens.len(), 3 + text.len() - 2);
}

/// A file that was cut is an error, never a crash.
#[test]
fn a_broken_file_does_no_harm() {
    let whole = tiny();
    for length in (0..whole.len()).step_by(997) {
        assert!(talker(&whole[..length]).is_err(), "cut at {length}");
    }
}

/// Work is done on one thread of candle's; a panic in it is the caller's and does not spoil the next.
#[test]
fn work_is_done_alone() {
    let caught =
        std::panic::catch_unwind(|| alone(|| std::panic::resume_unwind(Box::new("a panic"))));
    assert!(caught.is_err());
    let threads = alone(rayon::current_num_threads);
    assert_eq!(alone(|| 3), Some(3));
    if candle_core::utils::barrier_pool().n_workers() > 0 {
        assert_eq!(threads, Some(1));
    }
}
