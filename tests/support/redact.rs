//! Ids in a form that is the same in every run: `<1>`, `<2>`, ... in the order they appear.

use std::fmt::Write as _;

use uuid::Uuid;

pub fn ids(text: &str) -> String {
    let mut seen: Vec<String> = Vec::new();
    let mut redacted = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let candidate = rest.get(..36).filter(|c| Uuid::parse_str(c).is_ok());
        if let Some(id) = candidate {
            let known = seen.iter().position(|other| other == id);
            let number = known.unwrap_or_else(|| {
                seen.push(id.to_owned());
                seen.len() - 1
            });
            write!(redacted, "<{}>", number + 1).unwrap();
            rest = &rest[36..];
        } else {
            let letter = rest.chars().next().unwrap();
            redacted.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    redacted
}

/// JSON, one key a line, with its ids redacted.
pub fn json(value: &serde_json::Value) -> String {
    ids(&serde_json::to_string_pretty(value).unwrap())
}
