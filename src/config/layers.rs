//! The layers themselves: a tree of values that each layer overwrites, remembering who set what.
//!
//! Must stay true: only keys that have a default can be set; a value of the wrong kind is refused at
//! once, with the key and its source.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::load::{ConfigError, SECRETS};
use crate::config::{Config, Plan};

/// The values as far as they are known, and the source of each.
pub(super) struct Layers {
    tree: Table,
    pub sources: BTreeMap<String, String>,
}

impl Layers {
    pub fn defaults() -> Result<Self, ConfigError> {
        let tree = Table::try_from(Config::default())
            .map_err(|e| ConfigError(format!("defaults: {e}")))?;
        let mut sources = BTreeMap::new();
        for key in keys(&tree, "") {
            sources.insert(key, "default".to_owned());
        }
        Ok(Self { tree, sources })
    }

    pub fn merge_file(
        &mut self,
        table: &Table,
        path: &str,
        source: &str,
    ) -> Result<(), ConfigError> {
        for (name, value) in table {
            let key = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            match value {
                Value::Table(inner) => {
                    self.may_be_a_plan(&key)?;
                    if !self
                        .sources
                        .keys()
                        .any(|k| k.starts_with(&format!("{key}.")))
                    {
                        return Err(self.unknown(&key, source));
                    }
                    self.merge_file(inner, &key, source)?;
                }
                value => self.set(&key, value.clone(), source)?,
            }
        }
        Ok(())
    }

    /// Sets a value given as text, read as the kind of value the default has.
    pub fn set_text(&mut self, key: &str, text: &str, source: &str) -> Result<(), ConfigError> {
        if let Some((plan, _)) = key.rsplit_once('.') {
            self.may_be_a_plan(plan)?;
        }
        let current = self.get(key).ok_or_else(|| self.unknown(key, source))?;
        let wrong = |kind| ConfigError(format!("{key} ({source}): \"{text}\" is not {kind}"));
        let value = match current {
            Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| wrong("true or false"))?),
            Value::Integer(_) => Value::Integer(text.parse().map_err(|_| wrong("a whole number"))?),
            Value::Array(_) => list(text),
            _ => Value::String(text.to_owned()),
        };
        self.set(key, value, source)
    }

    fn set(&mut self, key: &str, value: Value, source: &str) -> Result<(), ConfigError> {
        if !self.sources.contains_key(key) {
            return Err(self.unknown(key, source));
        }
        let Some(place) = self.place(key) else {
            return Err(self.unknown(key, source));
        };
        let kind = match &place {
            Value::Array(_) => "it must be a list of texts, for example [\"...\"]",
            _ => "it must be a text, in quotes",
        };
        *place = value;
        self.sources.insert(key.to_owned(), source.to_owned());
        // Read back at once, so that the message can name this key and this source.
        let read = self.config(&format!("{key} ({source})"));
        if read.is_err() && SECRETS.contains(&key) {
            // What the reader says would hold what was written there.
            return Err(ConfigError(format!("{key} ({source}): {kind}")));
        }
        read.map(|_| ())
    }

    pub fn config(&self, what: &str) -> Result<Config, ConfigError> {
        self.tree
            .clone()
            .try_into()
            .map_err(|e| ConfigError(format!("{what}: {}", e.message())))
    }

    /// A plan of the operator's own is known once it is named: it begins without limits.
    fn may_be_a_plan(&mut self, key: &str) -> Result<(), ConfigError> {
        let Some(name) = key
            .strip_prefix("plans.")
            .filter(|name| !name.contains('.'))
        else {
            return Ok(());
        };
        let Some(Value::Table(plans)) = self.tree.get_mut("plans") else {
            return Ok(());
        };
        if plans.contains_key(name) {
            return Ok(());
        }
        let plan = Table::try_from(Plan::default())
            .map_err(|e| ConfigError(format!("defaults of a plan: {e}")))?;
        for part in plan.keys() {
            self.sources
                .insert(format!("{key}.{part}"), "default".to_owned());
        }
        plans.insert(name.to_owned(), Value::Table(plan));
        Ok(())
    }

    fn get(&self, key: &str) -> Option<&Value> {
        let mut parts = key.split('.');
        let mut value = self.tree.get(parts.next()?)?;
        for part in parts {
            value = value.as_table()?.get(part)?;
        }
        self.sources.contains_key(key).then_some(value)
    }

    fn place(&mut self, key: &str) -> Option<&mut Value> {
        let mut parts = key.split('.');
        let mut value = self.tree.get_mut(parts.next()?)?;
        for part in parts {
            value = value.as_table_mut()?.get_mut(part)?;
        }
        Some(value)
    }

    fn unknown(&self, key: &str, source: &str) -> ConfigError {
        let nearest = self
            .sources
            .keys()
            .map(|known| (strsim::damerau_levenshtein(known, key), known))
            .min()
            .filter(|(distance, _)| *distance <= key.len() / 2)
            .map(|(_, known)| format!("; did you mean {known}?"));
        ConfigError(format!(
            "unknown setting {key} ({source}){}",
            nearest.unwrap_or_default()
        ))
    }

    /// A `*_file` twin wins over an unset secret; both set at once is an error, not a guess.
    pub fn read_secret_files(&mut self) -> Result<(), ConfigError> {
        for key in SECRETS {
            let twin = format!("{key}_file");
            let path = self
                .get(&twin)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            if path.is_empty() {
                continue;
            }
            if self.get(key).is_some_and(is_set) {
                return Err(ConfigError(format!(
                    "{key} and {twin} are both set; keep one"
                )));
            }
            let text = std::fs::read_to_string(Path::new(&path))
                .map_err(|e| ConfigError(format!("{twin}: cannot read {path}: {e}")))?;
            let text = text.trim();
            let value = match self.get(key) {
                Some(Value::Array(_)) => list(&text.replace(char::is_whitespace, ",")),
                _ => Value::String(text.to_owned()),
            };
            self.set(key, value, &format!("file {path}"))?;
        }
        Ok(())
    }
}

/// Words that stand between commas.
fn list(text: &str) -> Value {
    let words = text.split(',').map(str::trim);
    let words = words.filter(|word| !word.is_empty());
    Value::Array(words.map(|word| Value::String(word.to_owned())).collect())
}

pub(super) fn is_set(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

fn keys(table: &Table, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in table {
        let key = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        match value {
            Value::Table(inner) => found.extend(keys(inner, &key)),
            _ => found.push(key),
        }
    }
    found
}
