//! The program: the crypto provider, then the commands.

use std::process::ExitCode;

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
