//! The program: the crypto provider, then the commands.

use std::process::ExitCode;

/// The system's allocator keeps what a burst of work on many threads took; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // First thing, so that every connection made later uses the one provider.
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        return ExitCode::FAILURE;
    }
    novacore::cli::run()
}
