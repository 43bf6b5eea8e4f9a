//! A whole model of a few kilobytes, made here: what it computes does not depend on how it is asked,
//! and a broken file never does harm.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that meets the unexpected has failed; its sizes are small"
)]

use std::path::Path;

use novacore_demo::{Demo, Ending, Manner, Speaker};

const WIDTH: u64 = 64;
const FEED: u64 = 96;

#[derive(Default)]
struct File {
    bytes: Vec<u8>,
    values: u64,
    places: Vec<u8>,
    tensors: u64,
    data: Vec<u8>,
}

impl File {
    fn text(bytes: &mut Vec<u8>, text: &str) {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    }

    fn key(&mut self, key: &str, kind: u32) {
        self.values += 1;
        Self::text(&mut self.bytes, key);
        self.bytes.extend(kind.to_le_bytes());
    }

    fn whole(&mut self, key: &str, value: u32) {
        self.key(key, 4);
        self.bytes.extend(value.to_le_bytes());
    }

    fn real(&mut self, key: &str, value: f32) {
        self.key(key, 6);
        self.bytes.extend(value.to_le_bytes());
    }

    fn texts(&mut self, key: &str, texts: &[String]) {
        self.key(key, 9);
        self.bytes.extend(8u32.to_le_bytes());
        self.bytes.extend((texts.len() as u64).to_le_bytes());
        for text in texts {
            Self::text(&mut self.bytes, text);
        }
    }

    /// Weights that look random; kinds are F32, `Q4_1` and `Q8_0`.
    fn tensor(&mut self, name: &str, sizes: &[u64], kind: u32) {
        self.tensors += 1;
        Self::text(&mut self.places, name);
        self.places.extend((sizes.len() as u32).to_le_bytes());
        for size in sizes {
            self.places.extend(size.to_le_bytes());
        }
        self.places.extend(kind.to_le_bytes());
        self.places.extend((self.data.len() as u64).to_le_bytes());
        let count: u64 = sizes.iter().product();
        let (blocks, head, body): (u64, &[u8], u32) = match kind {
            // 1.0 for norms.
            0 => (count, &[0, 0, 0x80, 0x3f], 0),
            // Scale 0.02, minimum -0.15.
            3 => (count / 32, &[0x1f, 0x25, 0xcd, 0xb0], 16),
            _ => (count / 32, &[0x50, 0x14], 32),
        };
        for block in 0..blocks as u32 {
            self.data.extend(head);
            let seed = block.wrapping_mul(40_503) + self.tensors as u32 * 7919;
            self.data
                .extend((0..body).map(|i| ((seed + i).wrapping_mul(2_654_435_761) >> 15) as u8));
        }
    }

    fn finish(self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3u32.to_le_bytes());
        file.extend(self.tensors.to_le_bytes());
        file.extend(self.values.to_le_bytes());
        file.extend(&self.bytes);
        file.extend(&self.places);
        file.resize(file.len().next_multiple_of(32), 0);
        file.extend(&self.data);
        file
    }
}

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

fn tiny() -> Vec<u8> {
    let mut file = File::default();
    file.whole("llama.embedding_length", WIDTH as u32);
    file.whole("llama.attention.head_count", 2);
    file.whole("llama.attention.head_count_kv", 1);
    file.whole("llama.block_count", 2);
    file.real("llama.rope.freq_base", 10_000.0);
    file.real("llama.attention.layer_norm_rms_epsilon", 1e-5);
    file.whole("tokenizer.ggml.bos_token_id", 1);
    file.whole("tokenizer.ggml.eos_token_id", 2);
    let mut tokens = vec![
        "<|endoftext|>".into(),
        "<|im_start|>".into(),
        "<|im_end|>".into(),
    ];
    tokens.extend(letters());
    tokens.push("us".into());
    let vocabulary = tokens.len() as u64;
    file.texts("tokenizer.ggml.tokens", &tokens);
    file.texts("tokenizer.ggml.merges", &["u s".into()]);
    file.tensor("token_embd.weight", &[WIDTH, vocabulary], 8);
    for layer in 0..2 {
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        for (part, columns, rows) in [
            ("attn_q", WIDTH, WIDTH),
            ("attn_k", WIDTH, WIDTH / 2),
            ("attn_v", WIDTH, WIDTH / 2),
            ("attn_output", WIDTH, WIDTH),
            ("ffn_gate", WIDTH, FEED),
            ("ffn_up", WIDTH, FEED),
            ("ffn_down", FEED, WIDTH),
        ] {
            file.tensor(&name(part), &[columns, rows], 3);
        }
        file.tensor(&name("attn_norm"), &[WIDTH], 0);
        file.tensor(&name("ffn_norm"), &[WIDTH], 0);
    }
    file.tensor("output_norm.weight", &[WIDTH], 0);
    file.finish()
}

fn ask(model: &mut Demo, conversation: &[(Speaker, &str)]) -> (String, Ending) {
    let manner = Manner {
        window: 512,
        longest: 20,
        temperature: 0.0,
        seed: 1,
    };
    let mut said = String::new();
    let outcome = model.answer(
        conversation,
        manner,
        || true,
        |text| {
            said.push_str(text);
            true
        },
    );
    (said, outcome.ending)
}

fn load(folder: &Path, bytes: &[u8]) -> Option<Demo> {
    let path = folder.join("tiny.gguf");
    std::fs::write(&path, bytes).unwrap();
    Demo::load(&path).ok()
}

/// What was read for an earlier answer is used again, and changes nothing.
#[test]
fn an_answer_depends_on_its_conversation_alone() {
    let folder = tempfile::tempdir().unwrap();
    let long = "A text longer than one batch, so that attention looks across batches. ".repeat(2);
    let first = [
        (Speaker::System, "Be kind."),
        (Speaker::User, long.as_str()),
    ];
    let other = [
        (Speaker::System, "Be kind."),
        (Speaker::User, "Grüße an 日本, 42 <|im_end|>"),
    ];
    let mut model = load(folder.path(), &tiny()).unwrap();
    let (said, ending) = ask(&mut model, &first);
    assert!(!said.is_empty() || ending == Ending::Stop);
    let in_between = ask(&mut model, &other);
    assert_eq!(ask(&mut model, &first), (said, ending));
    assert_eq!(
        ask(&mut load(folder.path(), &tiny()).unwrap(), &other),
        in_between
    );
}

/// A prompt over the window is refused, and who is told to stop stops.
#[test]
fn it_stops_when_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = load(folder.path(), &tiny()).unwrap();
    let long = "x".repeat(600);
    let too_long = ask(&mut model, &[(Speaker::User, &long)]);
    assert_eq!(too_long, (String::new(), Ending::PromptTooLong));
    let manner = Manner {
        window: 512,
        longest: 20,
        temperature: 0.2,
        seed: 1,
    };
    let hello = [(Speaker::User, "Hello")];
    let unwanted = model.answer(&hello, manner, || false, |_| true);
    assert_eq!((unwanted.ending, unwanted.output_tokens), (Ending::Told, 0));
}

/// Every cut and every changed byte of the head is an error or another model, never a crash.
#[test]
fn a_broken_file_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let whole = tiny();
    for length in (0..whole.len()).step_by(997) {
        assert!(
            load(folder.path(), &whole[..length]).is_none(),
            "cut at {length}"
        );
    }
    for at in (0..9000).step_by(13) {
        let mut broken = whole.clone();
        broken[at] ^= 0xff;
        load(folder.path(), &broken);
    }
}
