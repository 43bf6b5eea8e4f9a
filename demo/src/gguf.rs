//! Reads a GGUF file: its metadata, and its tensors one by one.
//!
//! Must stay true: sizes and offsets in the file are claims; nothing is allocated or read because of
//! them beyond what the file can hold.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::LoadError;

/// A metadata value; numbers of all widths become one of two kinds.
#[derive(Debug)]
pub(crate) enum Value {
    Whole(u64),
    Real(f64),
    Text(String),
    List(Vec<Value>),
}

/// How a tensor's numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    F32,
    /// 32 weights as 4-bit steps from a minimum: scale, minimum (f16), 16 bytes.
    Q4One,
    /// 32 weights as signed bytes: scale (f16), 32 bytes.
    Q8Zero,
}

#[derive(Debug)]
struct Place {
    kind: Kind,
    columns: usize,
    rows: usize,
    offset: u64,
}

/// A tensor as it stands in the file, row by row.
pub(crate) struct Tensor {
    pub kind: Kind,
    pub columns: usize,
    pub rows: usize,
    pub bytes: Vec<u8>,
}

pub(crate) struct Gguf {
    source: BufReader<File>,
    length: u64,
    values: HashMap<String, Value>,
    places: HashMap<String, Place>,
    data_start: u64,
}

impl Gguf {
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut gguf = Self {
            source: BufReader::with_capacity(1 << 16, file),
            length,
            values: HashMap::new(),
            places: HashMap::new(),
            data_start: 0,
        };
        if gguf.bytes(4)? != b"GGUF" || gguf.u32()? != 3 {
            return Err(LoadError::Form("no GGUF file of version 3"));
        }
        let (tensors, values) = (gguf.u64()?, gguf.u64()?);
        for _ in 0..values {
            let key = gguf.text()?;
            let kind = gguf.u32()?;
            let value = gguf.value(kind)?;
            gguf.values.insert(key, value);
        }
        for _ in 0..tensors {
            gguf.place()?;
        }
        let alignment = gguf.whole("general.alignment").unwrap_or(32).max(1);
        let head = gguf.source.stream_position()?;
        gguf.data_start = head
            .checked_next_multiple_of(alignment)
            .ok_or(LoadError::Form("an odd alignment"))?;
        Ok(gguf)
    }

    pub fn whole(&self, key: &str) -> Result<u64, LoadError> {
        match self.values.get(key) {
            Some(Value::Whole(number)) => Ok(*number),
            _ => Err(LoadError::Missing(key.to_owned())),
        }
    }

    pub fn size(&self, key: &str) -> Result<usize, LoadError> {
        usize::try_from(self.whole(key)?).map_err(|_| LoadError::Form("a size out of range"))
    }

    pub fn real(&self, key: &str) -> Result<f32, LoadError> {
        match self.values.get(key) {
            #[expect(clippy::cast_possible_truncation, reason = "it was stored as f32")]
            Some(Value::Real(number)) => Ok(*number as f32),
            _ => Err(LoadError::Missing(key.to_owned())),
        }
    }

    pub fn texts(&self, key: &str) -> Result<Vec<&str>, LoadError> {
        let missing = || LoadError::Missing(key.to_owned());
        let Some(Value::List(items)) = self.values.get(key) else {
            return Err(missing());
        };
        let texts = items.iter().map(|item| match item {
            Value::Text(text) => Ok(text.as_str()),
            _ => Err(missing()),
        });
        texts.collect()
    }

    /// Reads a tensor's bytes.
    pub fn tensor(&mut self, name: &str) -> Result<Tensor, LoadError> {
        let place = self.places.get(name);
        let place = place.ok_or_else(|| LoadError::Missing(name.to_owned()))?;
        let (kind, columns, rows) = (place.kind, place.columns, place.rows);
        let per_row = match kind {
            Kind::F32 => columns.checked_mul(4),
            Kind::Q4One => (columns / 32).checked_mul(20),
            Kind::Q8Zero => (columns / 32).checked_mul(34),
        };
        let whole_blocks = kind == Kind::F32 || columns.is_multiple_of(32);
        let size = per_row
            .filter(|_| whole_blocks)
            .and_then(|size| size.checked_mul(rows));
        let size = size.ok_or(LoadError::Form("a tensor of odd size"))?;
        let start = self.data_start.saturating_add(place.offset);
        self.source.seek(SeekFrom::Start(start))?;
        let bytes = self.bytes(size)?;
        Ok(Tensor {
            kind,
            columns,
            rows,
            bytes,
        })
    }

    fn place(&mut self) -> Result<(), LoadError> {
        let name = self.text()?;
        let sizes: Vec<u64> = match self.u32()? {
            dimensions @ 1..=2 => (0..dimensions)
                .map(|_| self.u64())
                .collect::<Result<_, _>>()?,
            _ => return Err(LoadError::Form("a tensor of more than two dimensions")),
        };
        let kind = match self.u32()? {
            0 => Kind::F32,
            3 => Kind::Q4One,
            8 => Kind::Q8Zero,
            _ => {
                return Err(LoadError::Form(
                    "weights that are neither F32, Q4_1 nor Q8_0",
                ));
            }
        };
        let size = |at: usize| sizes.get(at).map_or(Ok(1), |&size| usize::try_from(size));
        let (Ok(columns), Ok(rows)) = (size(0), size(1)) else {
            return Err(LoadError::Form("a tensor of odd size"));
        };
        let offset = self.u64()?;
        let place = Place {
            kind,
            columns,
            rows,
            offset,
        };
        self.places.insert(name, place);
        Ok(())
    }

    fn value(&mut self, kind: u32) -> Result<Value, LoadError> {
        Ok(match kind {
            0 | 1 | 7 => Value::Whole(self.bytes(1)?.first().copied().unwrap_or(0).into()),
            2 | 3 => Value::Whole(u16::from_le_bytes(self.array()?).into()),
            4 | 5 => Value::Whole(self.u32()?.into()),
            6 => Value::Real(f32::from_le_bytes(self.array()?).into()),
            8 => Value::Text(self.text()?),
            9 => {
                let kind = self.u32()?;
                let count = self.u64()?;
                // A list of lists has no use here and could nest without end.
                if kind == 9 || count > self.length {
                    return Err(LoadError::Form("a list of odd size"));
                }
                let items = (0..count).map(|_| self.value(kind));
                Value::List(items.collect::<Result<_, _>>()?)
            }
            10 | 11 => Value::Whole(self.u64()?),
            12 => Value::Real(f64::from_le_bytes(self.array()?)),
            _ => return Err(LoadError::Form("metadata of an unknown kind")),
        })
    }

    fn text(&mut self) -> Result<String, LoadError> {
        let length = self.u64()?;
        let length = usize::try_from(length).map_err(|_| LoadError::Form("a text too long"))?;
        Ok(String::from_utf8_lossy(&self.bytes(length)?).into_owned())
    }

    fn u32(&mut self) -> Result<u32, LoadError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, LoadError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], LoadError> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn bytes(&mut self, count: usize) -> Result<Vec<u8>, LoadError> {
        if count as u64 > self.length {
            return Err(LoadError::Form("a part longer than the whole"));
        }
        let mut bytes = vec![0; count];
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// A half-precision number, IEEE 754 binary16.
pub(crate) fn half(bytes: [u8; 2]) -> f32 {
    let bits = u32::from(u16::from_le_bytes(bytes));
    let (sign, exponent, fraction) = (bits >> 15, bits >> 10 & 0x1f, bits & 0x3ff);
    match exponent {
        // Subnormal: fraction * 2^-24.
        0 => {
            let size = f32::from(u16::try_from(fraction).unwrap_or(0)) / 16_777_216.0;
            if sign == 0 { size } else { -size }
        }
        0x1f => f32::from_bits(sign << 31 | 0xff << 23 | fraction << 13),
        _ => f32::from_bits(sign << 31 | (exponent + 112) << 23 | fraction << 13),
    }
}
