//! Reading what a model wrote: thinking, fences and chatter around the JSON are passed over; anything
//! else that is not of the form is an error in words that the model can be shown. Pure.

use serde_json::Value;

use super::prompt::Item;
use super::valid::Claim;
use crate::memory::row::Kind;

/// No answer is longer, in bytes.
pub const LONGEST: usize = 16 * 1024;

/// The claims in an answer.
///
/// # Errors
/// What is wrong with it, in words that hold nothing of it.
pub fn read(item: Item, said: &str) -> Result<Vec<Claim>, &'static str> {
    if said.len() > LONGEST {
        return Err("it was too long");
    }
    let said = without_thinking(said);
    if said.trim().is_empty() {
        return Err("it was empty");
    }
    let value = json(said).ok_or("it held no JSON object")?;
    if item.kind == Kind::Fact {
        let facts = value.get("facts").or_else(|| value.get("items"));
        let facts = facts.ok_or("\"facts\" is missing")?;
        let facts = facts.as_array().ok_or("\"facts\" must be a list")?;
        return facts.iter().map(claim).collect();
    }
    Ok(vec![claim(&value)?])
}

/// What stands outside of `<think>`; an open end hides all that follows.
fn without_thinking(said: &str) -> &str {
    for (open, close) in [("<think>", "</think>"), ("<thinking>", "</thinking>")] {
        if let Some((_, after)) = said.rsplit_once(close) {
            return without_thinking(after);
        }
        if let Some((before, _)) = said.split_once(open) {
            return before;
        }
    }
    said
}

/// The first JSON object in a text.
fn json(said: &str) -> Option<Value> {
    // Each brace might begin it; many that do not are no JSON.
    let starts = said.match_indices('{').take(20);
    for (at, _) in starts {
        let mut values = serde_json::Deserializer::from_str(&said[at..]).into_iter::<Value>();
        if let Some(Ok(value)) = values.next() {
            return Some(value);
        }
    }
    None
}

fn claim(value: &Value) -> Result<Claim, &'static str> {
    let text = value.get("text").ok_or("\"text\" is missing")?;
    let text = text.as_str().ok_or("\"text\" must be a text")?;
    let turns = value.get("turns").ok_or("\"turns\" is missing")?;
    let turns = match turns {
        Value::Array(turns) => turns.iter().map(number).collect(),
        one => number(one).map(|number| vec![number]),
    };
    Ok(Claim {
        text: text.to_owned(),
        turns: turns.ok_or("\"turns\" must be a list of numbers")?,
    })
}

/// `3`, `"3"` or `"[3]"`.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim_matches(['[', ']', ' ', '#']).parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(said: &str) -> Result<Vec<String>, &'static str> {
        let claims = read(Item::facts(3), said)?;
        Ok(claims.into_iter().map(|claim| claim.text).collect())
    }

    const GOOD: &str = r#"{"facts": [{"text": "You like tea.", "turns": ["[1]", 2]}]}"#;

    /// Small models think aloud, fence and chat; what they mean is read all the same.
    #[test]
    fn what_is_meant_is_read() {
        for said in [
            GOOD.to_owned(),
            format!("<think>Hm, {{\"facts\": 1}}</think>\n{GOOD}"),
            format!("Sure! Here it is:\n```json\n{GOOD}\n```\nAnything else?"),
            format!("{{not json}} {GOOD}"),
        ] {
            assert_eq!(texts(&said), Ok(vec!["You like tea.".to_owned()]), "{said}");
        }
        let claims = read(Item::facts(3), GOOD).expect("is good");
        assert_eq!(claims[0].turns, [1, 2]);
    }

    /// What is of another form is named, without a word of it.
    #[test]
    fn what_is_wrong_is_said() {
        for (said, error) in [
            ("", "it was empty"),
            ("<think>for ever", "it was empty"),
            ("I am sorry.", "it held no JSON object"),
            (r#"{"facts": "none"}"#, "\"facts\" must be a list"),
            (r#"{"facts": [{"turns": [1]}]}"#, "\"text\" is missing"),
            (
                r#"{"facts": [{"text": "x", "turns": "all"}]}"#,
                "\"turns\" must be a list of numbers",
            ),
        ] {
            assert_eq!(texts(said), Err(error), "{said}");
        }
        assert_eq!(texts(&"{".repeat(20_000)), Err("it was too long"));
    }

    proptest! {
        /// Nothing that a model can say breaks the reader.
        #[test]
        fn any_text_is_read(said in "[<>/a-z{}\\[\\]\":,0-9 ]{0,200}|.{0,200}") {
            let _ = read(Item::facts(3), &said);
            let _ = read(Item::SUMMARY, &said);
        }
    }
}
