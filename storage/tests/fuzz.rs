//! The fuzz functions with bytes of chance; `make fuzz` has a fuzzer look for worse ones.

use proptest::collection::vec;
use proptest::prelude::*;

#[path = "../fuzz/functions.rs"]
mod functions;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..400)
}

proptest! {
    /// Promise: bytes that can be read as a key are the bytes that this key is written as.
    #[test]
    fn keys(bytes in bytes()) {
        functions::key(&bytes);
    }

    /// Promise: a value is read only when its checksum is right, and what was written is read.
    #[test]
    fn values(bytes in bytes()) {
        functions::value(&bytes);
    }

    /// Promise: no bytes make the journal's reader panic or take a record with a wrong checksum.
    #[test]
    fn journals(bytes in bytes()) {
        functions::journal(&bytes);
    }

    /// Promise: what was written to the journal is read; after damage, a beginning of it.
    #[test]
    fn written_journals(bytes in bytes()) {
        functions::journal_written(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Promise: whatever is in the journal's last file, opening refuses or serves what was written.
    #[test]
    fn directories(bytes in bytes()) {
        functions::directory(&bytes);
    }
}
