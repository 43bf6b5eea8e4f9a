//! What the types of the settings cannot say: ranges, forms, and settings that need each other.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::billing::prices as price_ids;
use super::{Config, ConfigError, Networks, Stripe, Verification};

/// What the types cannot say.
pub fn check(config: &Config) -> Result<(), ConfigError> {
    for (key, words) in [
        ("server.trusted_proxies", &config.server.trusted_proxies),
        ("metrics.allowed_networks", &config.metrics.allowed_networks),
    ] {
        Networks::parse(words).map_err(|e| ConfigError(format!("{key}: {e}")))?;
    }
    for (key, url) in [
        ("server.public_url", &config.server.public_url),
        ("model.url", &config.model.url),
        ("oidc.issuer", &config.oidc.issuer),
        ("stripe.api_base", &config.stripe.api_base),
    ] {
        if url.is_empty() && key != "model.url" {
            continue;
        }
        let parsed = reqwest::Url::parse(url);
        if !parsed.is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host()) {
            return Err(ConfigError(format!(
                "{key}: \"{url}\" is no address; write for example http://host:1234"
            )));
        }
    }
    if config.model.num_ctx < 512 || config.model.answer_reserve >= config.model.num_ctx / 2 {
        let rule =
            "model.num_ctx must be at least 512 and model.answer_reserve less than half of it";
        return Err(ConfigError(rule.into()));
    }
    config
        .backup
        .time()
        .map_err(|e| ConfigError(format!("backup.at: {e}")))?;
    config
        .memory
        .time()
        .map_err(|e| ConfigError(format!("memory.distil_at: {e}")))?;
    if !(0.0..=1.0).contains(&config.memory.promote_share) {
        return Err(ConfigError(
            "memory.promote_share must be between 0 and 1".into(),
        ));
    }
    let fits = config.backup.fits(&config.data);
    fits.map_err(|e| ConfigError(format!("backup.dir: {e}")))?;
    check_ranges(config)?;
    check_identity(config)?;
    check_billing(config)?;
    config
        .embedding
        .check(config.model.provider)
        .map_err(ConfigError)?;
    if !config.auth.secret.is_empty() && config.auth.secret.len() < 32 {
        return Err(ConfigError(
            "auth.secret must have at least 32 characters; leave it empty to have one made".into(),
        ));
    }
    Ok(())
}

/// Settings of accounts that need each other.
fn check_identity(config: &Config) -> Result<(), ConfigError> {
    let refuse = |message: &str| Err(ConfigError(message.into()));
    let Config {
        auth,
        mail,
        oidc,
        model,
        ..
    } = config;
    if mail.on() && mail.from.is_empty() {
        return refuse(
            "mail.smtp_url is set, so mail.from must be too; for example \"Nova <nova@example.org>\"",
        );
    }
    if mail.server().map_err(ConfigError)?.is_some() {
        mail.sender().map_err(ConfigError)?;
    }
    if auth.verification == Verification::Login && !mail.on() {
        return refuse("auth.verification = login needs a mail server: set mail.smtp_url");
    }
    if oidc.on() && (oidc.client_id.is_empty() || !oidc.scopes.iter().any(|s| s == "openid")) {
        return refuse(
            "oidc.issuer is set, so oidc.client_id must be too, and oidc.scopes must hold openid",
        );
    }
    if model.service_auth && model.service_secret.len() < 32 {
        return refuse(
            "model.service_auth is true, so model.service_secret must have at least 32 characters",
        );
    }
    Ok(())
}

/// Plans, and settings of billing that need each other.
fn check_billing(config: &Config) -> Result<(), ConfigError> {
    let refuse = |message: String| Err(ConfigError(message));
    let Config {
        plans,
        billing,
        stripe,
        ..
    } = config;
    for (key, name) in [
        ("plans.default", &plans.default),
        ("billing.trial_plan", &billing.trial_plan),
    ] {
        if !name.is_empty() && plans.get(name).is_none() {
            let names = plans.names().join(", ");
            return refuse(format!(
                "{key} = \"{name}\": there is no such plan; there are {names}"
            ));
        }
    }
    let mut prices = BTreeSet::new();
    for (name, plan) in &plans.named {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=32).contains(&name.len()) || !name.chars().all(fits) {
            return refuse(format!(
                "plans.{name}: a plan's name has 1 to 32 small letters, digits and _"
            ));
        }
        if name == "none" {
            return refuse("plans.none: this word takes a given plan back; choose another".into());
        }
        for price in price_ids(&plan.stripe_monthly).chain(price_ids(&plan.stripe_yearly)) {
            if price.starts_with("prod_") {
                return refuse(format!(
                    "plans.{name}: {price} is a product; write the id of its price, price_..."
                ));
            }
            if !prices.insert(price) {
                return refuse(format!("plans: the price {price} stands twice"));
            }
        }
    }
    if billing.enabled {
        check_stripe(stripe).map_err(ConfigError)?;
    }
    Ok(())
}

/// What the payment service needs to be asked, and believed. No message holds a secret.
fn check_stripe(stripe: &Stripe) -> Result<(), String> {
    let kinds = ["sk_test_", "sk_live_", "rk_test_", "rk_live_"];
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_graphic());
    let key = kinds
        .iter()
        .find_map(|kind| stripe.secret_key.strip_prefix(kind));
    if !key.is_some_and(is_word) {
        return Err("billing.enabled is true, so stripe.secret_key must be a key that begins with sk_test_, sk_live_, rk_test_ or rk_live_".into());
    }
    if stripe.webhook_secrets.is_empty() {
        return Err(
            "billing.enabled is true, so stripe.webhook_secrets must hold the endpoint's secret"
                .into(),
        );
    }
    // Whoever knows a secret can say that somebody paid; an empty one everybody knows.
    let mut secrets = stripe.webhook_secrets.iter();
    if !secrets.all(|secret| secret.strip_prefix("whsec_").is_some_and(is_word)) {
        return Err("each of stripe.webhook_secrets must begin with whsec_".into());
    }
    let base = reqwest::Url::parse(&stripe.api_base).ok();
    let private = base.is_some_and(|url| url.scheme() == "https" || is_here(url.host_str()));
    if !private {
        return Err("stripe.api_base must begin with https://: the key goes there".into());
    }
    Ok(())
}

fn is_here(host: Option<&str>) -> bool {
    let host = host.unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

const DAY_SECONDS: u64 = 86_400;
const TEN_YEARS_DAYS: u64 = 3_650;

/// Numbers for which the program has no sense, or would run over when it calculates with them.
#[rustfmt::skip]
fn ranges(config: &Config) -> [(&'static str, u64, u64, u64); 19] {
    let Config { server, data, backup, model, auth, billing, memory, .. } = config;
    let size = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    [
        ("server.drain_seconds",             server.drain_seconds,             0, DAY_SECONDS),
        ("server.max_connections",           size(server.max_connections),     1, 1_000_000),
        ("data.cache_mb",                    size(data.cache_mb),              1, 1 << 20),
        ("data.keep_days",                   data.keep_days.into(),            1, TEN_YEARS_DAYS),
        ("backup.keep",                      size(backup.keep),                1, 10_000),
        ("model.connect_timeout_seconds",    model.connect_timeout_seconds,    1, DAY_SECONDS),
        ("model.first_byte_timeout_seconds", model.first_byte_timeout_seconds, 1, DAY_SECONDS),
        ("model.chunk_timeout_seconds",      model.chunk_timeout_seconds,      1, DAY_SECONDS),
        ("auth.access_minutes",              auth.access_minutes,              1, 1_440),
        ("auth.refresh_days",                auth.refresh_days,                1, TEN_YEARS_DAYS),
        ("auth.refresh_absolute_days",       auth.refresh_absolute_days,       1, TEN_YEARS_DAYS),
        ("auth.hash_memory_kib",             auth.hash_memory_kib.into(),      8, 1 << 22),
        ("auth.hash_iterations",             auth.hash_iterations.into(),      1, 1_000),
        ("auth.hash_threads",                size(auth.hash_threads),          1, 1_024),
        ("auth.audit_days",                  auth.audit_days.into(),           1, TEN_YEARS_DAYS),
        ("billing.trial_days",               billing.trial_days.into(),        0, TEN_YEARS_DAYS),
        ("billing.grace_days",               billing.grace_days.into(),        0, 365),
        ("memory.session_idle_minutes",      memory.session_idle_minutes.into(), 1, 43_200),
        ("memory.facts_per_session",         size(memory.facts_per_session),   0, 100),
    ]
}

fn check_ranges(config: &Config) -> Result<(), ConfigError> {
    for (key, number, least, most) in ranges(config) {
        if !(least..=most).contains(&number) {
            return Err(ConfigError(format!(
                "{key} = {number}: it must be between {least} and {most}"
            )));
        }
    }
    Ok(())
}
