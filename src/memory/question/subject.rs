//! Whom a question is about: "did I say it, or did you".

use std::collections::HashMap;

use crate::memory::signs::Voice;

/// Whose turns are likely to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    pub voice: Voice,
    /// They are who acts in the question; otherwise they are only named in it.
    pub acts: bool,
}

#[cfg(test)]
impl About {
    pub fn me(acts: bool) -> Self {
        Self {
            voice: Voice::User,
            acts,
        }
    }
}

/// Shorter parts of a name ("Dr", "de") name nobody.
const NAMING: usize = 3;

/// Who is meant by a word in lower case.
pub struct Names(HashMap<String, Option<String>>);

impl Names {
    /// A name is known by itself, and by each of its words that is in no other name: "Dr Smith" by "smith".
    /// Of names that differ in capitals alone the first is meant.
    pub fn of(names: &[String]) -> Self {
        let mut by_word: HashMap<String, Option<String>> = HashMap::new();
        for name in names {
            let lower = name.to_lowercase();
            let words = lower.split(|c: char| !c.is_alphanumeric());
            for word in words.filter(|word| word.chars().count() >= NAMING) {
                let meant = by_word.entry(word.to_owned());
                let meant = meant.or_insert_with(|| Some(name.clone()));
                if meant.as_ref() != Some(name) {
                    *meant = None;
                }
            }
        }
        let whole = names
            .iter()
            .rev()
            .map(|name| (name.to_lowercase(), Some(name.clone())));
        by_word.extend(whole);
        Self(by_word)
    }

    pub fn get(&self, word: &str) -> Option<&String> {
        self.0.get(word)?.as_ref()
    }
}

const AUXILIARIES: &str = "did do does have has had was were am are is can could will would should";

/// After "do you" and "can you" these ask Nova for something, not about Nova.
const REQUESTS: &str =
    "remember recall know tell remind say show help find please explain give think";

/// `words` in lower case.
pub fn find(words: &[String], names: &Names) -> Option<About> {
    let voice = |word: &String| self::voice(word, names);
    if let Some(about) = after_auxiliary(words, &voice) {
        return Some(about);
    }
    let mut speakers: Vec<(usize, Voice)> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if let Some(found) = voice(word)
            && !speakers.iter().any(|(_, it)| *it == found)
        {
            speakers.push((at, found));
        }
    }
    let others = speakers
        .iter()
        .filter(|(_, it)| matches!(it, Voice::Named(_)));
    match others.count() {
        0 => {
            // "my" is the person; "you" alone is Nova, unless asked for something.
            let me = speakers.into_iter().map(|(_, voice)| voice);
            let me = me.min_by_key(|voice| *voice == Voice::Assistant)?;
            let acts = me == Voice::User;
            (acts || !is_request(words)).then_some(About { voice: me, acts })
        }
        1 => speakers
            .into_iter()
            .find(|(_, it)| matches!(it, Voice::Named(_)))
            .map(|(_, voice)| About { voice, acts: true }),
        _ => {
            let joined = words.windows(3).any(|three| {
                three[1] == "and" && voice(&three[0]).is_some() && voice(&three[2]).is_some()
            });
            let (_, voice) = speakers
                .into_iter()
                .find(|(_, it)| matches!(it, Voice::Named(_)))?;
            (!joined).then_some(About { voice, acts: false })
        }
    }
}

/// "did I", "have you": who stands behind the auxiliary acts.
fn after_auxiliary(words: &[String], voice: &impl Fn(&String) -> Option<Voice>) -> Option<About> {
    for (at, pair) in words.windows(2).enumerate() {
        let auxiliary = AUXILIARIES.split(' ').any(|it| it == pair[0]);
        if !auxiliary || !matches!(pair[1].as_str(), "i" | "you" | "we") {
            continue;
        }
        let next = words.get(at + 2).map_or("", String::as_str);
        let asked = matches!(pair[0].as_str(), "do" | "can" | "could" | "will" | "would");
        if pair[1] == "you" && asked && REQUESTS.split(' ').any(|it| it == next) {
            continue;
        }
        // "are you" and "is you" at the end of a request say nothing.
        return Some(About {
            voice: voice(&pair[1])?,
            acts: true,
        });
    }
    // "what I said", "what you told me"
    let told = words.windows(2).find(|pair| {
        matches!(pair[0].as_str(), "i" | "you" | "we")
            && matches!(
                pair[1].as_str(),
                "said"
                    | "told"
                    | "mentioned"
                    | "wrote"
                    | "asked"
                    | "suggested"
                    | "recommended"
                    | "promised"
                    | "explained"
                    | "meant"
            )
    })?;
    Some(About {
        voice: voice(&told[0])?,
        acts: true,
    })
}

fn is_request(words: &[String]) -> bool {
    words
        .windows(3)
        .any(|three| three[1] == "you" && REQUESTS.split(' ').any(|it| it == three[2]))
}

fn voice(word: &str, names: &Names) -> Option<Voice> {
    match word {
        "i" | "me" | "my" | "mine" | "we" | "our" => Some(Voice::User),
        "you" | "your" | "nova" => Some(Voice::Assistant),
        word => names.get(word).cloned().map(Voice::Named),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(text: &str) -> Option<(Voice, bool)> {
        let words: Vec<String> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let names = [
            "Ana".to_owned(),
            "Ben".to_owned(),
            "Dr Élodie Smith".to_owned(),
        ];
        find(&words, &Names::of(&names)).map(|about| (about.voice, about.acts))
    }

    /// Who acts in the question is whose words answer it.
    #[test]
    fn who_acts_is_found() {
        let ana = || Voice::Named("Ana".to_owned());
        let doctor = || Some((Voice::Named("Dr Élodie Smith".to_owned()), true));
        let cases = [
            ("What did I say about it?", Some((Voice::User, true))),
            ("Did you say that?", Some((Voice::Assistant, true))),
            (
                "What did you tell me about it?",
                Some((Voice::Assistant, true)),
            ),
            ("What have I told you?", Some((Voice::User, true))),
            ("Do you remember what I said?", Some((Voice::User, true))),
            (
                "Can you tell me where my sister lives?",
                Some((Voice::User, true)),
            ),
            ("Can you tell me a joke?", Some((Voice::User, true))),
            ("Where does my sister live?", Some((Voice::User, true))),
            (
                "What is your favourite colour?",
                Some((Voice::Assistant, false)),
            ),
            ("Do you know the capital of France?", None),
            ("What did Ana paint?", Some((ana(), true))),
            ("What does Ana think of Ben's car?", Some((ana(), false))),
            ("What do Ana and Ben both like?", None),
            ("What is the capital of France?", None),
            ("What did Dr Smith prescribe?", doctor()),
            ("What did Élodie say?", doctor()),
            ("What did the dr say?", None),
        ];
        for (text, expected) in cases {
            assert_eq!(about(text), expected, "{text}");
        }
    }
}
