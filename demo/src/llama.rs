//! The Llama architecture: what a token's vector goes through until the next token is known.
//! Root mean square norms, grouped-query attention with rotary positions, a gated feed-forward, and
//! the embedding used again as the output (Touvron et al. 2023; the shape of `SmolLM2`).

use std::path::Path;

use crate::LoadError;
use crate::gguf::{Gguf, Kind};
use crate::matrix::{Matrix, Quantised, dot};

/// Tokens computed together while reading a prompt: each weight is then fetched once for all.
pub(crate) const BATCH: usize = 32;

struct Shape {
    width: usize,
    heads: usize,
    kv_heads: usize,
    head_width: usize,
    epsilon: f32,
    /// Angle per position of each pair in a head.
    frequencies: Vec<f32>,
}

impl Shape {
    fn set_angles(&self, start: usize, tokens: usize, angles: &mut Vec<(f32, f32)>) {
        angles.clear();
        for position in start..start + tokens {
            #[expect(clippy::cast_precision_loss, reason = "positions are a few thousand")]
            let turn = |frequency: &f32| (position as f32 * frequency).sin_cos();
            angles.extend(self.frequencies.iter().map(turn));
        }
    }
}

struct Layer {
    attention_norm: Vec<f32>,
    query: Matrix,
    key: Matrix,
    value: Matrix,
    output: Matrix,
    feed_norm: Vec<f32>,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

/// The weights.
pub(crate) struct Llama {
    shape: Shape,
    embedding: Matrix,
    layers: Vec<Layer>,
    norm: Vec<f32>,
}

/// What attention needs of the tokens so far, layer by layer.
pub(crate) struct Past {
    layers: Vec<LayerPast>,
    /// Numbers a token has in each of a layer's two lists.
    per_token: usize,
}

#[derive(Clone, Default)]
struct LayerPast {
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl Past {
    pub fn new(llama: &Llama) -> Self {
        Self {
            layers: vec![LayerPast::default(); llama.layers.len()],
            per_token: llama.shape.kv_heads * llama.shape.head_width,
        }
    }

    /// Forgets what came after the first `tokens`.
    pub fn truncate(&mut self, tokens: usize) {
        for layer in &mut self.layers {
            layer.keys.truncate(tokens * self.per_token);
            layer.values.truncate(tokens * self.per_token);
        }
    }

    fn tokens(&self) -> usize {
        let first = self.layers.first();
        first.map_or(0, |layer| layer.keys.len() / self.per_token)
    }
}

/// Room for one batch, kept from step to step.
#[derive(Default)]
pub(crate) struct Room {
    /// The tokens' vectors as they go up through the layers.
    stream: Vec<f32>,
    normed: Vec<f32>,
    quantised: Quantised,
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    attended: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    delta: Vec<f32>,
    weights: Vec<f32>,
    /// Sine and cosine for each token and pair.
    angles: Vec<(f32, f32)>,
    /// How likely each token is next, as logarithms up to a constant.
    pub scores: Vec<f32>,
}

impl Llama {
    pub fn load(path: &Path) -> Result<(Self, Gguf), LoadError> {
        let mut file = Gguf::open(path)?;
        let width = file.size("llama.embedding_length")?;
        let heads = file.size("llama.attention.head_count")?;
        let kv_heads = file.size("llama.attention.head_count_kv")?;
        let layers = file.size("llama.block_count")?;
        // The loops take 32 numbers of a vector and 8 of a head at a time, without a remainder.
        let divides =
            width > 0 && heads > 0 && kv_heads > 0 && heads % kv_heads == 0 && width % heads == 0;
        if !divides || width % 32 != 0 || width / heads % 8 != 0 || layers > 512 {
            return Err(LoadError::Form("heads that do not fit together"));
        }
        let head_width = width / heads;
        let base = file.real("llama.rope.freq_base")?;
        #[expect(clippy::cast_precision_loss, reason = "a head is a few hundred wide")]
        let frequencies = (0..head_width / 2)
            .map(|pair| base.powf(-2.0 * pair as f32 / head_width as f32))
            .collect();
        let epsilon = file.real("llama.attention.layer_norm_rms_epsilon")?;
        let shape = Shape {
            width,
            heads,
            kv_heads,
            head_width,
            epsilon,
            frequencies,
        };
        let llama = Self {
            embedding: matrix(&mut file, "token_embd.weight", width)?,
            layers: (0..layers)
                .map(|at| Layer::load(&mut file, at, &shape))
                .collect::<Result<_, _>>()?,
            norm: vector(&mut file, "output_norm.weight", width)?,
            shape,
        };
        Ok((llama, file))
    }

    pub fn vocabulary(&self) -> usize {
        self.embedding.rows
    }

    /// Puts tokens after the past, at most `BATCH`; fills `room.scores` for what follows the last.
    pub fn read(&self, tokens: &[u32], past: &mut Past, room: &mut Room) {
        let width = self.shape.width;
        let start = past.tokens();
        room.stream.resize(tokens.len() * width, 0.0);
        for (vector, &token) in room.stream.chunks_exact_mut(width).zip(tokens) {
            self.embedding.row(token as usize, vector);
        }
        self.shape.set_angles(start, tokens.len(), &mut room.angles);
        for (layer, past) in self.layers.iter().zip(&mut past.layers) {
            layer.attend(&self.shape, past, room);
            layer.feed(&self.shape, room);
        }
        let last = room.stream.len() - width;
        room.stream.drain(..last);
        norm(
            &room.stream,
            &self.norm,
            self.shape.epsilon,
            &mut room.normed,
        );
        room.quantised.set(&room.normed, width);
        room.scores.resize(self.embedding.rows, 0.0);
        self.embedding.times(&room.quantised, &mut room.scores);
    }
}

impl Layer {
    fn load(file: &mut Gguf, at: usize, shape: &Shape) -> Result<Self, LoadError> {
        let width = shape.width;
        let mut layer = |name: &str| matrix(file, &format!("blk.{at}.{name}.weight"), width);
        let (query, key, value) = (layer("attn_q")?, layer("attn_k")?, layer("attn_v")?);
        let output = layer("attn_output")?;
        let (gate, up) = (layer("ffn_gate")?, layer("ffn_up")?);
        let down = matrix(file, &format!("blk.{at}.ffn_down.weight"), gate.rows)?;
        let kv_width = shape.kv_heads * shape.head_width;
        let fits = query.rows == width
            && [&key, &value].iter().all(|m| m.rows == kv_width)
            && [&output, &down].iter().all(|m| m.rows == width)
            && up.rows == gate.rows
            && gate.rows > 0
            && gate.rows.is_multiple_of(32);
        if !fits {
            return Err(LoadError::Form("layers that do not fit together"));
        }
        let attention_norm = vector(file, &format!("blk.{at}.attn_norm.weight"), width)?;
        let feed_norm = vector(file, &format!("blk.{at}.ffn_norm.weight"), width)?;
        Ok(Self {
            attention_norm,
            query,
            key,
            value,
            output,
            feed_norm,
            gate,
            up,
            down,
        })
    }

    fn attend(&self, shape: &Shape, past: &mut LayerPast, room: &mut Room) {
        norm(
            &room.stream,
            &self.attention_norm,
            shape.epsilon,
            &mut room.normed,
        );
        room.quantised.set(&room.normed, shape.width);
        let tokens = room.stream.len() / shape.width;
        for (matrix, out) in [
            (&self.query, &mut room.query),
            (&self.key, &mut room.key),
            (&self.value, &mut room.value),
        ] {
            out.resize(tokens * matrix.rows, 0.0);
            matrix.times(&room.quantised, out);
        }
        rotate(shape, &room.angles, &mut room.query, shape.heads);
        rotate(shape, &room.angles, &mut room.key, shape.kv_heads);
        past.keys.extend_from_slice(&room.key);
        past.values.extend_from_slice(&room.value);
        look_back(shape, past, room);
        room.quantised.set(&room.attended, shape.width);
        add_product(&self.output, room);
    }

    fn feed(&self, shape: &Shape, room: &mut Room) {
        norm(
            &room.stream,
            &self.feed_norm,
            shape.epsilon,
            &mut room.normed,
        );
        room.quantised.set(&room.normed, shape.width);
        let tokens = room.stream.len() / shape.width;
        for (matrix, out) in [(&self.gate, &mut room.gate), (&self.up, &mut room.up)] {
            out.resize(tokens * matrix.rows, 0.0);
            matrix.times(&room.quantised, out);
        }
        for (gate, up) in room.gate.iter_mut().zip(&room.up) {
            *gate = *gate / (1.0 + (-*gate).exp()) * up;
        }
        room.quantised.set(&room.gate, self.down.columns);
        add_product(&self.down, room);
    }
}

/// Each head weighs the tokens up to its own by how well their keys answer its query.
fn look_back(shape: &Shape, past: &LayerPast, room: &mut Room) {
    let head = shape.head_width;
    let kv_width = shape.kv_heads * head;
    let shared_by = shape.heads / shape.kv_heads;
    // The past holds this batch already.
    let start = (past.keys.len() - room.key.len()) / kv_width;
    #[expect(clippy::cast_precision_loss, reason = "a head is a few hundred wide")]
    let scale = 1.0 / (head as f32).sqrt();
    room.attended.clear();
    room.attended.resize(room.query.len(), 0.0);
    let outs = room.attended.chunks_exact_mut(head);
    for (at, (query, out)) in room.query.chunks_exact(head).zip(outs).enumerate() {
        let (token, offset) = (at / shape.heads, at % shape.heads / shared_by * head);
        let visible = start + token + 1;
        let of_head = |t: usize| t * kv_width + offset..t * kv_width + offset + head;
        room.weights.clear();
        for t in 0..visible {
            room.weights
                .push(dot(query, &past.keys[of_head(t)]) * scale);
        }
        softmax(&mut room.weights);
        for (t, weight) in room.weights.iter().enumerate() {
            for (out, value) in out.iter_mut().zip(&past.values[of_head(t)]) {
                *out += weight * value;
            }
        }
    }
}

fn add_product(matrix: &Matrix, room: &mut Room) {
    room.delta.resize(room.stream.len(), 0.0);
    matrix.times(&room.quantised, &mut room.delta);
    for (stream, delta) in room.stream.iter_mut().zip(&room.delta) {
        *stream += delta;
    }
}

/// Turns each pair of neighbours by an angle that grows with the position (GGUF stores Llama's
/// queries and keys so that the pairs are neighbours).
fn rotate(shape: &Shape, angles: &[(f32, f32)], vectors: &mut [f32], heads: usize) {
    let tokens = vectors.chunks_exact_mut(heads * shape.head_width);
    for (vector, angles) in tokens.zip(angles.chunks_exact(shape.head_width / 2)) {
        for head in vector.chunks_exact_mut(shape.head_width) {
            for (pair, (sin, cos)) in head.as_chunks_mut::<2>().0.iter_mut().zip(angles) {
                *pair = [pair[0] * cos - pair[1] * sin, pair[0] * sin + pair[1] * cos];
            }
        }
    }
}

fn norm(vectors: &[f32], weights: &[f32], epsilon: f32, out: &mut Vec<f32>) {
    out.clear();
    for vector in vectors.chunks_exact(weights.len()) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a vector is a few thousand wide"
        )]
        let mean = dot(vector, vector) / vector.len() as f32;
        let scale = 1.0 / (mean + epsilon).sqrt();
        out.extend(vector.iter().zip(weights).map(|(x, w)| x * scale * w));
    }
}

pub(crate) fn softmax(values: &mut [f32]) {
    let most = values
        .iter()
        .fold(f32::NEG_INFINITY, |most, x| most.max(*x));
    let mut sum = 0.0;
    for value in values.iter_mut() {
        *value = (*value - most).exp();
        sum += *value;
    }
    for value in values {
        *value /= sum;
    }
}

fn matrix(file: &mut Gguf, name: &str, columns: usize) -> Result<Matrix, LoadError> {
    let tensor = file.tensor(name)?;
    if tensor.columns != columns {
        return Err(LoadError::Form("layers that do not fit together"));
    }
    Matrix::of(&tensor)
}

fn vector(file: &mut Gguf, name: &str, length: usize) -> Result<Vec<f32>, LoadError> {
    let tensor = file.tensor(name)?;
    if tensor.kind != Kind::F32 || tensor.columns != length || tensor.rows != 1 {
        return Err(LoadError::Form("a norm of odd size"));
    }
    let numbers = tensor.bytes.as_chunks::<4>().0;
    Ok(numbers.iter().map(|&b| f32::from_le_bytes(b)).collect())
}
