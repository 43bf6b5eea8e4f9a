//! Where mail is handed over: `mail.smtp_url` and `mail.from`, read.
//!
//! Must stay true: what is said about a wrong setting never repeats it, for it holds a password; a
//! password goes over a wire in the clear only when that wire ends on this machine.

use std::net::IpAddr;

use lettre::message::Mailbox;

use super::Mail;

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    FromTheStart,
    /// By STARTTLS, or there is no mail.
    Required,
    /// By STARTTLS where it is offered: the server is on this machine.
    WhenOffered,
}

/// A mail server that takes mail from us.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpServer {
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    /// User name and password.
    pub login: Option<(String, String)>,
}

const FORM: &str = "write smtp://user:password@host:587 or smtps://user:password@host:465, with @, : / and % in user name and password as %40, %3A, %2F and %25";

impl SmtpServer {
    /// Whether it is on this machine, so that nobody stands in between.
    pub fn local(&self) -> bool {
        is_local(&self.host)
    }

    fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.trim().split_once("://")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, rest),
        };
        let login = match login {
            Some(login) => {
                let (user, password) = login.split_once(':')?;
                Some((decoded(user)?, decoded(password)?))
            }
            None => None,
        };
        let (host, port) = host_and_port(place)?;
        let (tls, usual) = match scheme.to_ascii_lowercase().as_str() {
            "smtps" => (SmtpTls::FromTheStart, 465),
            "smtp" if is_local(&host) => (SmtpTls::WhenOffered, 587),
            "smtp" => (SmtpTls::Required, 587),
            _ => return None,
        };
        Some(Self {
            port: port.unwrap_or(usual),
            host,
            tls,
            login,
        })
    }
}

fn is_local(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// `host`, `host:25`, `[::1]:25`; None where it is none of them.
fn host_and_port(place: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<IpAddr>().ok()?;
        (
            host,
            rest.strip_prefix(':').or(rest.is_empty().then_some("")),
        )
    } else {
        match place.split_once(':') {
            Some((host, port)) => (host, Some(port).filter(|port| !port.is_empty())),
            None => (place, Some("")),
        }
    };
    let port = match port? {
        "" => None,
        port => Some(port.parse().ok().filter(|port| *port > 0)?),
    };
    let fits = |c: char| c.is_alphanumeric() || ".-_:".contains(c);
    (!host.is_empty() && host.chars().all(fits)).then(|| (host.to_owned(), port))
}

/// Undoes the percent signs of a URL.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

impl Mail {
    /// The server, or None without one.
    ///
    /// # Errors
    /// A sentence that says how the address is written.
    pub fn server(&self) -> Result<Option<SmtpServer>, String> {
        if !self.on() {
            return Ok(None);
        }
        let server = SmtpServer::parse(&self.smtp_url);
        server
            .map(Some)
            .ok_or_else(|| format!("mail.smtp_url is no address of a mail server; {FORM}"))
    }

    /// Who mail comes from.
    ///
    /// # Errors
    /// A sentence that says how it is written.
    pub fn sender(&self) -> Result<Mailbox, String> {
        self.from.parse().map_err(|_| {
            format!(
                "mail.from = \"{}\" is no sender; write for example \"Nova <nova@example.org>\"",
                self.from
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(url: &str) -> Mail {
        Mail {
            smtp_url: url.into(),
            from: "Nova <nova@example.org>".into(),
            ..Mail::default()
        }
    }

    fn server(url: &str) -> SmtpServer {
        mail(url).server().expect(url).expect("a server")
    }

    /// What stands in the URL is what is used: ports that go without saying, and passwords with
    /// signs that mean something in a URL.
    #[test]
    fn urls_are_read() {
        let plain = server("smtp://mail.example.org");
        assert_eq!((plain.host.as_str(), plain.port), ("mail.example.org", 587));
        assert_eq!((plain.tls, plain.login), (SmtpTls::Required, None));
        let full = server("smtps://nova%40example.org:p%3A%2F%25%C3%BC@mail.example.org:4650/");
        assert_eq!((full.tls, full.port), (SmtpTls::FromTheStart, 4650));
        let login = ("nova@example.org".to_owned(), "p:/%ü".to_owned());
        assert_eq!(full.login, Some(login));
        assert_eq!(server("smtps://[2001:db8::1]").port, 465);
        assert!(mail("").server().expect("none").is_none());
    }

    /// Only a server on this machine may be spoken to without encryption.
    #[test]
    fn encryption_is_required_unless_the_server_is_here() {
        for here in ["smtp://localhost:25", "smtp://127.0.0.1", "smtp://[::1]:25"] {
            assert_eq!(server(here).tls, SmtpTls::WhenOffered, "{here}");
        }
        for elsewhere in [
            "smtp://10.0.0.1:25",
            "smtp://localhost.example.org",
            "smtp://0.0.0.0:25",
            "smtp://127.0.0.1.example.org",
        ] {
            assert_eq!(server(elsewhere).tls, SmtpTls::Required, "{elsewhere}");
        }
    }

    /// A wrong address is told with the way it is written, and without the password in it.
    #[test]
    fn wrong_urls_are_told_without_their_password() {
        for bad in [
            "mail.example.org",
            "http://u:swordfish@host",
            "smtp://u:swordfish@",
            "smtp://swordfish@host",
            "smtp://u:swordfish%4@host",
            "smtp://u:swordfish@host:port",
            "smtp://u:swordfish@host:0",
            "smtp://u:swordfish@ho st",
            "smtp://u:swordfish@[nonsense]:25",
            "smtp://u:swordfish@[::1]25",
        ] {
            let error = mail(bad).server().err().unwrap_or_default();
            assert!(error.starts_with("mail.smtp_url"), "{bad}: {error}");
            assert!(!error.contains("swordfish"), "{error}");
        }
        let overrides = crate::config::Overrides {
            file: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/config.toml").into()),
            environment: vec![(
                "NOVACORE_MAIL__SMTP_URL".into(),
                "http://u:swordfish@host".into(),
            )],
            ..crate::config::Overrides::default()
        };
        let error = crate::config::load(&overrides).err().expect("refused").0;
        assert!(error.contains("mail."), "{error}");
        assert!(!error.contains("swordfish"), "{error}");
        assert!(mail("").sender().is_ok());
        let nobody = Mail::default().sender();
        assert!(nobody.is_err());
    }
}
