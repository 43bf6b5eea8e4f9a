//! The codes themselves: how the secret comes about, which time step a code is of, and recovery codes.
//!
//! One-time codes are RFC 6238 as every authenticator app knows it: HMAC-SHA-1, 6 digits, 30 s, and one
//! step of clock difference to either side. The secret is the first 20 bytes of
//! HMAC-SHA256(key "second factor", user id, seed). Must stay true: a secret is shown while it is set up
//! and stored nowhere.

use totp_rs::{Builder, Totp};
use uuid::Uuid;

use crate::app::{App, mac};
use crate::error::{Error, Result};

/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;

/// Crockford's base 32: no i, l, o or u, so that whoever reads a code from paper cannot mistake it.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Letters of a recovery code; 5 bits each.
const LETTERS: usize = 10;

/// What somebody typed where a code is asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// Six digits.
    Code(String),
    /// The letters of a recovery code, in their one spelling.
    Recovery(String),
}

/// Reads what was typed, however it was written; nothing when it is neither kind.
pub fn read(typed: &str) -> Option<Typed> {
    let letters = typed.chars().filter(|c| !c.is_whitespace() && *c != '-');
    let spelled: String = letters
        .map(|letter| match letter.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect();
    match spelled.len() {
        6 if spelled.bytes().all(|b| b.is_ascii_digit()) => Some(Typed::Code(spelled)),
        LETTERS if spelled.bytes().all(|b| ALPHABET.contains(&b)) => Some(Typed::Recovery(spelled)),
        _ => None,
    }
}

fn builder(app: &App, user: Uuid, seed: &[u8; 16]) -> Builder {
    let key = app.keys.derive("second factor");
    let secret = mac(&key, &[user.as_bytes(), seed]);
    // SHA-1, 6 digits, 30 s and a skew of 1 are what the builder begins with.
    Builder::new().with_secret(secret[..20].to_vec())
}

fn built(builder: Builder) -> Result<Totp> {
    let built = builder.build();
    built.map_err(|e| Error::internal("preparing one-time codes", e))
}

/// The secret in base 32, and the address that a QR code of it holds.
pub fn to_show(app: &App, user: Uuid, email: &str, seed: &[u8; 16]) -> Result<(String, String)> {
    // A colon would end the issuer's part of the label.
    let builder = builder(app, user, seed)
        .with_account_name(email.replace(':', " "))
        .with_issuer(Some("NovaCore"));
    let totp = built(builder)?;
    let url = totp.to_url();
    let url = url.map_err(|e| Error::internal("the address of a second factor", e))?;
    Ok((totp.secret().to_base32(), url))
}

/// The time step that a code belongs to, if it is one of those that count now.
pub fn step(app: &App, user: Uuid, seed: &[u8; 16], code: &str) -> Result<Option<u64>> {
    let now = u64::try_from(app.clock.now().as_second()).unwrap_or_default();
    Ok(built(builder(app, user, seed))?.check(code, now))
}

/// New recovery codes: as they are shown once, and what is stored of them.
pub fn recovery(app: &App, user: Uuid) -> (Vec<String>, Vec<[u8; 32]>) {
    (0..RECOVERY_CODES)
        .map(|_| {
            let code: String = app.random.bytes::<LETTERS>().map(letter).iter().collect();
            let shown = format!("{}-{}", &code[..LETTERS / 2], &code[LETTERS / 2..]);
            (shown, hash(app, user, &code))
        })
        .unzip()
}

fn letter(byte: u8) -> char {
    char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])
}

/// What is stored of a recovery code: HMAC-SHA256 under a key of this installation, so that 50 bits
/// cannot be tried out against rows alone.
pub fn hash(app: &App, user: Uuid, code: &str) -> [u8; 32] {
    let key = app.keys.derive("recovery code");
    mac(&key, &[user.as_bytes(), code.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever copies a code by hand gets in with it, however they write it.
    #[test]
    fn codes_are_read_in_every_spelling() {
        let code = || Some(Typed::Code("012345".into()));
        for typed in ["012345", " 012 345 ", "012-345"] {
            assert_eq!(read(typed), code(), "{typed}");
        }
        let recovery = || Some(Typed::Recovery("01abcdefgh".into()));
        for typed in ["01abc-defgh", "01ABCDEFGH", "O1abc defgh", "ol-abcde-fgh"] {
            assert_eq!(read(typed), recovery(), "{typed}");
        }
        for typed in [
            "",
            "12345",
            "1234567",
            "01abc-defg",
            "u1abc-defgh",
            "01äbc-defg",
        ] {
            assert_eq!(read(typed), None, "{typed}");
        }
    }
}
