//! Puts the layers of configuration together and remembers where each value came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::Table;

use super::Config;
use super::check::check;
use super::layers::{Layers, is_set};

/// Values whose text is never shown. Each has a twin `<key>_file` naming a file that holds it.
pub(super) const SECRETS: [&str; 7] = [
    "auth.secret",
    "mail.smtp_url",
    "model.api_key",
    "model.service_secret",
    "oidc.client_secret",
    "stripe.secret_key",
    "stripe.webhook_secrets",
];
const PREFIX: &str = "NOVACORE_";

/// What stands above the file: flags of the command line and the environment.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The file named by `--config`; without it `./config.toml`, then `/etc/novacore/config.toml`.
    pub file: Option<PathBuf>,
    /// (key, value) of flags, for example `("data.dir", "/srv/nova")`.
    pub flags: Vec<(&'static str, String)>,
    /// The environment's variables.
    pub environment: Vec<(String, String)>,
}

impl Overrides {
    /// The process environment, the only place that reads it.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub fn with_process_environment(mut self) -> Self {
        self.environment = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        self
    }
}

/// The configuration and the source of each of its values.
#[derive(Clone)]
pub struct Loaded {
    pub config: Config,
    pub file: Option<PathBuf>,
    /// What is odd but stops nothing, one sentence each.
    pub warnings: Vec<String>,
    sources: BTreeMap<String, String>,
}

/// A sentence that names the key, the place it was set, and what would be right.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// Reads all layers.
///
/// # Errors
/// An unreadable file, an unknown key (with the nearest known name), or a value of the wrong kind.
pub fn load(overrides: &Overrides) -> Result<Loaded, ConfigError> {
    let mut layers = Layers::defaults()?;
    let file = overrides.file.clone().or_else(usual_file);
    if let Some(path) = &file {
        let text = std::fs::read_to_string(path).map_err(|e| {
            ConfigError(format!(
                "cannot read the configuration file {}: {e}",
                path.display()
            ))
        })?;
        let table = text.parse().map_err(|e| no_toml(path, &text, &e))?;
        layers.merge_file(&table, "", &path.display().to_string())?;
    }
    let mut warnings = Vec::new();
    for (name, value) in &overrides.environment {
        match name.strip_prefix(PREFIX) {
            Some(key) if key.contains("__") => {
                let key = key.to_lowercase().replace("__", ".");
                layers.set_text(&key, value, &format!("environment {name}"))?;
            }
            // Platforms of containers set such names by themselves, for example NOVACORE_PORT.
            Some(_) => warnings.push(format!(
                "the environment variable {name} is not read: settings are written {PREFIX}SECTION__KEY, with two underscores"
            )),
            None => {}
        }
    }
    for (key, value) in &overrides.flags {
        layers.set_text(key, value, "flag")?;
    }
    layers.read_secret_files()?;
    let config = layers.config("configuration")?;
    check(&config)?;
    Ok(Loaded {
        config,
        file,
        warnings,
        sources: layers.sources,
    })
}

/// Says where the file is broken, without showing the line: it may hold a secret.
fn no_toml(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map(|before| format!(" (line {})", before.matches('\n').count() + 1));
    ConfigError(format!(
        "{} is not valid TOML{}: {}",
        path.display(),
        line.unwrap_or_default(),
        error.message()
    ))
}

fn usual_file() -> Option<PathBuf> {
    ["./config.toml", "/etc/novacore/config.toml"]
        .map(PathBuf::from)
        .into_iter()
        .find(|p| p.is_file())
}

/// One line per value with its source; secrets only as set or not set.
impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tree = Table::try_from(&self.config).map_err(|_| fmt::Error)?;
        for (key, source) in &self.sources {
            let mut parts = key.split('.');
            let first = parts.next().and_then(|section| tree.get(section));
            let Some(value) =
                first.and_then(|first| parts.try_fold(first, |at, part| at.get(part)))
            else {
                continue;
            };
            let shown = match SECRETS.contains(&key.as_str()) {
                true if is_set(value) => "(hidden)".to_owned(),
                true => "(not set)".to_owned(),
                false => value.to_string(),
            };
            writeln!(f, "{key} = {shown}  # {source}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(
        environment: &[(&str, &str)],
        flags: &[(&'static str, &str)],
    ) -> Result<Loaded, ConfigError> {
        let owned = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        load(&Overrides {
            file: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/config.toml").into()),
            flags: flags.iter().map(|(k, v)| (*k, (*v).to_owned())).collect(),
            environment: owned(environment),
        })
    }

    /// `config.toml` is the documentation of every setting: it must hold each one, at its default.
    #[test]
    fn the_shipped_file_equals_the_defaults() {
        let loaded = with(&[], &[]).expect("config.toml loads");
        assert!(loaded.config == Config::default());
        let unnamed: Vec<_> = loaded
            .sources
            .iter()
            .filter(|(_, source)| *source == "default")
            .collect();
        assert!(unnamed.is_empty(), "config.toml does not name {unnamed:?}");
    }

    /// Flag > environment > file > default, and `config show` says which one it was.
    #[test]
    fn a_flag_beats_the_environment_beats_the_file() {
        let loaded = with(
            &[
                ("NOVACORE_SERVER__LISTEN", "127.0.0.1:7000"),
                ("NOVACORE_DATA__DIR", "/env"),
                ("PATH", "/bin"),
            ],
            &[("data.dir", "/flag")],
        )
        .expect("loads");
        assert_eq!(loaded.config.server.listen.port(), 7000);
        assert_eq!(loaded.config.data.dir, PathBuf::from("/flag"));
        let shown = loaded.to_string();
        assert!(
            shown.contains(
                "server.listen = \"127.0.0.1:7000\"  # environment NOVACORE_SERVER__LISTEN"
            ),
            "{shown}"
        );
        assert!(shown.contains("data.dir = \"/flag\"  # flag"), "{shown}");
    }

    /// A mistyped key is never silently ignored.
    #[test]
    fn an_unknown_key_names_its_neighbour() {
        let error = with(&[("NOVACORE_SERVER__LISTNE", "x")], &[])
            .err()
            .expect("refused")
            .0;
        assert!(
            error.contains("server.listne") && error.contains("did you mean server.listen?"),
            "{error}"
        );
    }

    /// A name without two underscores is somebody else's, or a slip: it is told, and stops nothing.
    #[test]
    fn foreign_variables_are_warned_about() {
        let loaded = with(
            &[
                ("NOVACORE_SERVICE_HOST", "10.0.0.1"),
                ("NOVACORE_SERVER_LISTEN", "x"),
            ],
            &[],
        )
        .expect("loads");
        assert!(loaded.config == Config::default());
        assert_eq!(loaded.warnings.len(), 2);
        assert!(loaded.warnings[0].contains("NOVACORE_SERVICE_HOST"));
        assert!(loaded.warnings[1].contains("NOVACORE_SERVER_LISTEN"));
    }

    /// A number that would overflow later is refused at once, with what is allowed.
    #[test]
    fn numbers_out_of_range_are_refused() {
        let most = i64::MAX.to_string();
        for (name, bad) in [
            ("AUTH__ACCESS_MINUTES", most.as_str()),
            ("AUTH__ACCESS_MINUTES", "0"),
            ("AUTH__REFRESH_DAYS", &most),
            ("AUTH__REFRESH_ABSOLUTE_DAYS", &most),
            ("AUTH__HASH_MEMORY_KIB", "7"),
            ("AUTH__HASH_THREADS", "0"),
            ("DATA__CACHE_MB", &most),
            ("DATA__KEEP_DAYS", "0"),
            ("BACKUP__KEEP", "0"),
            ("SERVER__DRAIN_SECONDS", &most),
            ("SERVER__MAX_CONNECTIONS", "0"),
            ("MODEL__CONNECT_TIMEOUT_SECONDS", "0"),
            ("MODEL__FIRST_BYTE_TIMEOUT_SECONDS", &most),
            ("MODEL__CHUNK_TIMEOUT_SECONDS", &most),
        ] {
            let name = format!("NOVACORE_{name}");
            let error = with(&[(&name, bad)], &[]).err().expect("refused").0;
            assert!(error.contains("it must be between"), "{name}: {error}");
        }
    }

    /// A bad value names the key, the place and the kind.
    #[test]
    fn a_bad_value_names_key_and_source() {
        let error = with(&[("NOVACORE_MODEL__PROVIDER", "olama")], &[])
            .err()
            .expect("refused")
            .0;
        assert!(
            error.starts_with("model.provider (environment NOVACORE_MODEL__PROVIDER)"),
            "{error}"
        );
        for time in ["3", "03:60", "24:00", "at night"] {
            let error = with(&[("NOVACORE_BACKUP__AT", time)], &[]);
            let error = error.err().expect("refused").0;
            assert!(
                error.contains("backup.at") && error.contains(time),
                "{error}"
            );
        }
        let error = with(&[("NOVACORE_LIMITS__ENABLED", "maybe")], &[])
            .err()
            .expect("refused")
            .0;
        assert!(error.contains("\"maybe\" is not true or false"), "{error}");
        let error = with(
            &[("NOVACORE_SERVER__TRUSTED_PROXIES", "loopback, nonsense")],
            &[],
        )
        .err()
        .expect("refused")
        .0;
        assert!(error.contains("nonsense"), "{error}");
    }

    /// A secret is read from its file and never shown.
    #[test]
    fn secrets_come_from_files_and_stay_hidden() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("key");
        std::fs::write(&path, "a-very-secret-key\n").expect("written");
        let path = path.to_str().expect("utf-8");
        let loaded = with(&[("NOVACORE_MODEL__API_KEY_FILE", path)], &[]).expect("loads");
        assert_eq!(loaded.config.model.api_key, "a-very-secret-key");
        let shown = loaded.to_string();
        assert!(
            !shown.contains("a-very-secret-key") && shown.contains("model.api_key = (hidden)"),
            "{shown}"
        );
        let both = [
            ("NOVACORE_MODEL__API_KEY_FILE", path),
            ("NOVACORE_MODEL__API_KEY", "x"),
        ];
        assert!(with(&both, &[]).is_err());
    }
}
