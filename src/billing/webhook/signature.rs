//! Whether a body was signed by Stripe, by one of the endpoint's secrets, just now. Pure.
//!
//! The header is `t=<seconds>,v1=<hex>[,v1=<hex>...]`; each v1 is HMAC-SHA256 over `<t>.<body>` with the
//! whole secret as its key (stripe-python, `_webhook.py`). Must stay true: signatures are compared in
//! constant time; other schemes are passed over; the time is looked at once the signature holds.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

/// How far the time of a signature may be from ours, either way; seconds.
const TOLERANCE: u64 = 300;
/// Stripe sends one signature for each secret that is good, two at most.
const MOST: usize = 16;

/// Why a body is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// There is none, it cannot be read, or it is none of ours.
    Invalid,
    /// It is good, and not of now.
    Expired,
}

/// Passes when one of the secrets signed this body within five minutes of `now`.
pub fn check(
    header: Option<&str>,
    body: &[u8],
    secrets: &[String],
    now: Timestamp,
) -> Result<(), Bad> {
    let (at, given) = parse(header.unwrap_or_default()).ok_or(Bad::Invalid)?;
    let mut good = Choice::from(0);
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        let expected = sign(secret, at, body);
        for one in &given {
            good |= expected.as_bytes().ct_eq(one.as_bytes());
        }
    }
    if !bool::from(good) {
        return Err(Bad::Invalid);
    }
    if now.as_second().abs_diff(at) > TOLERANCE {
        return Err(Bad::Expired);
    }
    Ok(())
}

/// The time and the signatures of a header, if it has both.
fn parse(header: &str) -> Option<(i64, Vec<&str>)> {
    let (mut at, mut given) = (None, Vec::new());
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", time)) if at.is_none() => at = Some(seconds(time)?),
            Some(("v1", signature)) if given.len() < MOST => given.push(signature),
            _ => {}
        }
    }
    Some((at?, given)).filter(|(_, given)| !given.is_empty())
}

/// Digits, and nothing that only some readers take for a number.
fn seconds(text: &str) -> Option<i64> {
    let digits = (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// The signature in small hexadecimal letters.
fn sign(secret: &str, at: i64, body: &[u8]) -> String {
    use std::fmt::Write as _;
    // HMAC takes keys of every length; an empty text equals no signature that is 64 letters long.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{at}.").as_bytes());
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
