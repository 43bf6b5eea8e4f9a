//! Which mail addresses are accepted.
//!
//! Must stay true: what is accepted can be told apart by whoever reads it; no character in it is
//! invisible or turns the text around.

use super::store::LONGEST_ADDRESS;
use crate::error::{Error, Result};

/// An address that mail could be sent to: one @, something on both sides, no spaces or controls.
/// Whether it exists only a mail can tell.
pub fn checked_address(email: &str) -> Result<String> {
    let email = email.trim();
    let parts = email.rsplit_once('@');
    let fits = email.len() <= LONGEST_ADDRESS
        && email.chars().all(is_fit)
        && parts.is_some_and(|(name, host)| {
            !name.is_empty()
                && name.len() <= 64
                && !name.contains('@')
                && !host.is_empty()
                && !host.starts_with('.')
        });
    if fits {
        return Ok(email.to_owned());
    }
    Err(Error::field(
        "email_invalid",
        "email",
        "This does not look like a mail address, for example ada@example.org.",
    ))
}

fn is_fit(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_graphic() && !"<>,;\"()".contains(c);
    }
    // This escapes what Unicode calls control, format, separator, private or unassigned. The letter
    // before keeps it from escaping an accent that has nothing to stand on.
    let text = format!("a{c}");
    text.escape_debug().eq(text.chars()) && !is_blank(c)
}

/// Letters and marks that are shown as nothing (Unicode's `Default_Ignorable_Code_Point`, without what
/// has a category of its own).
fn is_blank(c: char) -> bool {
    matches!(c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is stored as an address must be one, since links will be mailed to it.
    #[test]
    fn addresses_are_checked_for_form() {
        for good in [
            "ada@example.org",
            " a+b@localhost ",
            "o'brien@example.org",
            "ü@bücher.example",
            "u\u{308}@bu\u{308}cher.example",
            "संपर्क@डाटामेल.भारत",
        ] {
            assert!(checked_address(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "a b@c.d",
            "a@b@c",
            "a@b\n.c",
            "<a@b.c>",
            "a@.b",
        ] {
            assert!(checked_address(bad).is_err(), "{bad}");
        }
    }

    /// An address that looks like another one, or like none, would deceive whoever reads it: an
    /// administrator in a list, a person in a mail.
    #[test]
    fn nothing_invisible_is_accepted() {
        for c in [
            '\u{0}',
            '\u{7f}',
            '\u{85}',
            '\u{a0}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{180e}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{3000}',
            '\u{3164}',
            '\u{e000}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{fff9}',
            '\u{e0041}',
            '\u{e0100}',
            '\u{10ffff}',
        ] {
            for bad in [format!("a{c}b@example.org"), format!("ada@exa{c}mple.org")] {
                assert!(checked_address(&bad).is_err(), "{bad:?}");
            }
        }
    }
}
