//! Passwords: which are accepted, and their hashes (argon2id, OWASP parameters) on bounded threads.
//!
//! Must stay true: at most `auth.hash_threads` hashes are computed at once, whatever the load, and a
//! password never appears in a log or an error.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::Deserialize;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{Error, Result};

pub const MIN_CHARS: usize = 10;
pub const MAX_CHARS: usize = 256;
/// What is typed is never longer: a character has four bytes at most.
const LONGEST_BYTES: usize = 4 * MAX_CHARS;

/// People waiting for a hash beyond this are asked to come back, instead of waiting for minutes.
const MOST_WAITING: usize = 512;

/// Common passwords of the allowed length, one a line, most common first.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("common_passwords.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect()
});

/// A password as typed. Has no way to be shown.
#[derive(Clone, Deserialize, ToSchema)]
#[schema(value_type = String, format = Password)]
pub struct Password(String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Password {
    /// The rule for new passwords: length, and not one everybody tries first.
    pub fn check(&self) -> Result<()> {
        self.check_as("password")
    }

    /// The same, for a body in which the new password has another name.
    pub fn check_as(&self, field: &'static str) -> Result<()> {
        let length = self.0.chars().count();
        if length < MIN_CHARS {
            let message = format!("Use at least {MIN_CHARS} characters; a short sentence is good.");
            return Err(Error::field("password_too_short", field, message));
        }
        if length > MAX_CHARS {
            return Err(Error::field(
                "password_too_long",
                field,
                format!("Use at most {MAX_CHARS} characters."),
            ));
        }
        if COMMON.contains(self.0.to_lowercase().as_str()) {
            let message = "This password is among the first that are tried. Choose another.";
            return Err(Error::field("password_common", field, message));
        }
        Ok(())
    }
}

fn hasher(app: &App) -> Result<Argon2<'static>> {
    let auth = &app.config.auth;
    let params = Params::new(auth.hash_memory_kib, auth.hash_iterations, 1, None)
        .map_err(|e| Error::internal("argon2 parameters", e))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Runs `work` on a blocking thread once one of the few permits is free.
async fn bounded<T: Send + 'static>(
    app: &App,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let waiting = Arc::strong_count(&app.hashing);
    if waiting > MOST_WAITING {
        return Err(Error::TooMany {
            code: "rate_limited",
            message: "Very many people are signing in right now. Please try again in a moment."
                .into(),
            retry_after: 5,
            resets_at: None,
        });
    }
    let permit = Arc::clone(&app.hashing)
        .acquire_owned()
        .await
        .map_err(|e| Error::internal("hashing", e))?;
    spawn_blocking(move || {
        let _permit = permit;
        work()
    })
    .await
    .map_err(|e| Error::internal("hashing", e))?
}

pub async fn hash(app: &App, password: Password) -> Result<String> {
    let hasher = hasher(app)?;
    let salt: [u8; 16] = app.random.bytes();
    bounded(app, move || {
        let hash = hasher.hash_password_with_salt(password.0.as_bytes(), &salt);
        hash.map(|hash| hash.to_string())
            .map_err(|e| Error::internal("hashing a password", e))
    })
    .await
}

/// What comparing a password with a stored hash said.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, and the hash is weaker than today's parameters: hash again.
    Outdated,
}

/// Compares; without a stored hash it takes the same time and says `Wrong`.
pub async fn verify(app: &App, password: Password, stored: Option<String>) -> Result<Verdict> {
    let hasher = hasher(app)?;
    bounded(app, move || compare(&hasher, &password, stored.as_deref())).await
}

fn compare(hasher: &Argon2<'_>, password: &Password, stored: Option<&str>) -> Result<Verdict> {
    // No password is so long; its beginning costs the same and is never right.
    let too_long = password.0.len() > LONGEST_BYTES;
    let typed = &password.0.as_bytes()[..password.0.len().min(LONGEST_BYTES)];
    let Some(stored) = stored.filter(|_| !too_long) else {
        // Same work as a real comparison, so that time does not tell whether the address exists.
        let _ = hasher.hash_password_with_salt(typed, &[0x5a; 16]);
        return Ok(Verdict::Wrong);
    };
    let parsed =
        PasswordHash::new(stored).map_err(|e| Error::internal("a stored password hash", e))?;
    if hasher.verify_password(typed, &parsed).is_err() {
        return Ok(Verdict::Wrong);
    }
    let current = Params::try_from(&parsed).is_ok_and(|params| {
        params.m_cost() >= hasher.params().m_cost() && params.t_cost() >= hasher.params().t_cost()
    });
    Ok(if current {
        Verdict::Right
    } else {
        Verdict::Outdated
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However much somebody sends as a password, no more of it is hashed than any password has, and
    /// it is wrong like any other.
    #[test]
    fn a_very_long_password_is_wrong() {
        let hasher = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8, 1, 1, None).expect("parameters"),
        );
        for (length, expected) in [(1024, Verdict::Right), (1025, Verdict::Wrong)] {
            let password = Password("x".repeat(length));
            let stored = hasher.hash_password_with_salt(password.0.as_bytes(), &[1; 16]);
            let stored = stored.expect("a hash").to_string();
            let verdict = compare(&hasher, &password, Some(&stored)).expect("a verdict");
            assert_eq!(verdict, expected, "{length}");
        }
        let beginning = hasher.hash_password_with_salt("x".repeat(1024).as_bytes(), &[1; 16]);
        let beginning = beginning.expect("a hash").to_string();
        let longer = Password("x".repeat(200_000));
        let verdict = compare(&hasher, &longer, Some(&beginning)).expect("a verdict");
        assert_eq!(verdict, Verdict::Wrong);
    }
}
