//! Handing mail to the configured mail server, over SMTP (RFC 5321), one connection a mail.
//!
//! Must stay true: what is kept of a failure holds no user name, no password, no address and nothing
//! of the mail, whatever the server said; every step is bounded by the `Clock`; a password is sent
//! only over an encrypted connection, or to this machine.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, MultiPartKind, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, CertificateStore, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::{self, SmtpServer, SmtpTls};
use crate::error::Error;

/// How long the server may take for one step: to let us in, to take an address, to take the mail.
const STEP: Duration = Duration::from_secs(30);
/// The mail is delivered by then, so that nobody waits long for the end of the conversation.
const GOODBYE: Duration = Duration::from_secs(2);
/// Characters kept of what a server said.
const KEPT: usize = 200;

/// A mail to one person.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Becomes the Message-ID, so that a mail that was sent twice is recognised.
    pub id: Uuid,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Why a mail was not taken; the reason may be stored and logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// This mail will never be.
    Refused(String),
    /// It may be later: the server is away, or busy, or does not let us in.
    Later(String),
}

impl Undelivered {
    pub fn reason(&self) -> &str {
        let (Self::Refused(reason) | Self::Later(reason)) = self;
        reason
    }
}

/// The configured mail server.
pub struct Mailer {
    clock: Clock,
    server: SmtpServer,
    from: Mailbox,
    hello: ClientId,
    tls: TlsParameters,
}

/// What a refusal is about: a password may be set right and a sender changed, but an address that
/// does not exist stays so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Us,
    TheMail,
}

impl Mailer {
    /// None when no mail server is configured. `base` is the address of this server, which is told to
    /// the mail server as our name.
    pub fn new(mail: &config::Mail, base: &str, clock: Clock) -> Result<Option<Self>, Error> {
        let wrong = |e: String| Error::internal("configuration", e);
        let Some(server) = mail.server().map_err(wrong)? else {
            return Ok(None);
        };
        let tls = tls(&server)
            .map_err(|e| Error::internal("setting up the connection to the mail server", e))?;
        Ok(Some(Self {
            clock,
            from: mail.sender().map_err(wrong)?,
            hello: name(base),
            server,
            tls,
        }))
    }

    /// Hands a mail over; returns what the server said.
    pub async fn send(&self, letter: &Letter) -> Result<String, Undelivered> {
        let to: lettre::Address = letter.to.parse().map_err(|_| {
            Undelivered::Refused("the address is none that mail can be sent to".into())
        })?;
        let message = self
            .message(letter, &to)
            .map_err(|e| Undelivered::Refused(format!("the mail could not be written: {e}")))?;
        let mut connection = self.connect().await?;
        let said = self.hand_over(&mut connection, to, &message).await?;
        // Delivered; whether the goodbye is heard changes nothing.
        let _ = self.clock.timeout(GOODBYE, connection.quit()).await;
        Ok(said)
    }

    fn message(
        &self,
        letter: &Letter,
        to: &lettre::Address,
    ) -> Result<Vec<u8>, lettre::error::Error> {
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let parts = MultiPart::builder()
            .kind(MultiPartKind::Alternative)
            .boundary(format!("=_{}", letter.id.simple()))
            .singlepart(part(ContentType::TEXT_PLAIN, &letter.text))
            .singlepart(part(ContentType::TEXT_HTML, &letter.html));
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(letter.subject.clone())
            .date(SystemTime::from(self.clock.now()))
            .message_id(Some(format!(
                "<{}@{}>",
                letter.id,
                self.from.email.domain()
            )))
            // RFC 3834: no out-of-office reply to it.
            .raw_header(HeaderValue::new(automatic, "auto-generated".into()))
            .multipart(parts)?;
        Ok(message.formatted())
    }

    /// A connection that is protected as it must be, and logged in.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Undelivered> {
        let SmtpServer {
            host, port, tls, ..
        } = &self.server;
        let at_once = (*tls == SmtpTls::FromTheStart).then(|| self.tls.clone());
        let place = (host.as_str(), *port);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(place, None, &self.hello, at_once, None);
        let what = "connecting to the mail server";
        let mut connection = self.step(what, About::Us, connecting).await?;
        if connection.can_starttls() && *tls != SmtpTls::FromTheStart {
            let securing = connection.starttls(self.tls.clone(), &self.hello);
            self.step("STARTTLS", About::Us, securing).await?;
        }
        if *tls == SmtpTls::Required && !connection.is_encrypted() {
            return Err(Undelivered::Later(
                "the mail server offers no STARTTLS, and it is not on this machine; nothing was sent"
                    .into(),
            ));
        }
        if let Some((user, password)) = &self.server.login {
            self.log_in(&mut connection, user, password).await?;
        }
        Ok(connection)
    }

    async fn log_in(
        &self,
        connection: &mut AsyncSmtpConnection,
        user: &str,
        password: &str,
    ) -> Result<(), Undelivered> {
        let credentials = Credentials::new(user.to_owned(), password.to_owned());
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        if connection
            .server_info()
            .get_auth_mechanism(&mechanisms)
            .is_none()
        {
            return Err(Undelivered::Later(
                "the mail server takes no user name and password here (AUTH PLAIN or LOGIN)".into(),
            ));
        }
        let entering = connection.auth(&mechanisms, &credentials);
        match self.clock.timeout(STEP, entering).await {
            Ok(Ok(_)) => Ok(()),
            Err(_) => Err(late("logging in to the mail server")),
            // Nothing of what it said is kept: it may repeat what it was told.
            Ok(Err(error)) => Err(Undelivered::Later(match error.status() {
                Some(code) => {
                    format!("the mail server refused user name and password ({code})")
                }
                None => "the connection was lost while logging in to the mail server".into(),
            })),
        }
    }

    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        to: lettre::Address,
        message: &[u8],
    ) -> Result<String, Undelivered> {
        let from = self.from.email.clone();
        let ascii = |address: &lettre::Address| AsRef::<str>::as_ref(address).is_ascii();
        let mut options = vec![];
        if !(ascii(&from) && ascii(&to)) {
            let able = connection.server_info();
            if !able.supports_feature(Extension::SmtpUtfEight) {
                return Err(Undelivered::Refused(
                    "the mail server cannot send to addresses with such letters (SMTPUTF8)".into(),
                ));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !message.is_ascii() {
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let sender = connection.command(Mail::new(Some(from), options));
        self.step("naming the sender", About::Us, sender).await?;
        let recipient = connection.command(Rcpt::new(to, vec![]));
        self.step("naming the recipient", About::TheMail, recipient)
            .await?;
        let data = connection.command(Data);
        self.step("handing the mail over", About::TheMail, data)
            .await?;
        let content = connection.message(message);
        let taken = self.step("handing the mail over", About::TheMail, content);
        Ok(self.said(&taken.await?))
    }

    fn said(&self, response: &Response) -> String {
        let text: Vec<_> = response.message().collect();
        let said = format!("{} {}", response.code(), text.join(" "));
        self.harmless(&said)
    }

    /// One step of the conversation, within its time.
    async fn step<T>(
        &self,
        doing: &'static str,
        about: About,
        step: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
    ) -> Result<T, Undelivered> {
        let Ok(done) = self.clock.timeout(STEP, step).await else {
            return Err(late(doing));
        };
        done.map_err(|error| {
            let reason = self.harmless(&format!("{doing}: {}", told(&error)));
            let for_good = error
                .status()
                .is_some_and(|code| code.severity == Severity::PermanentNegativeCompletion);
            if for_good && about == About::TheMail {
                Undelivered::Refused(reason)
            } else {
                Undelivered::Later(reason)
            }
        })
    }

    /// What a server said, without what is nobody's business: our login in any form, addresses, links,
    /// and whatever looks like a token.
    fn harmless(&self, said: &str) -> String {
        let mut text = said.to_owned();
        for secret in self.login_in_all_forms() {
            text = text.replace(&secret, "…");
        }
        let words = text.split(|c: char| c.is_whitespace() || c.is_control());
        let words = words.filter(|word| !word.is_empty()).map(|word| {
            let telling = ["@", "://", "token=", "invitation="];
            let hidden = word.len() > 40 || telling.iter().any(|part| word.contains(part));
            if hidden { "…" } else { word }
        });
        let text = words.collect::<Vec<_>>().join(" ");
        text.chars().take(KEPT).collect()
    }

    fn login_in_all_forms(&self) -> Vec<String> {
        let Some((user, password)) = &self.server.login else {
            return vec![];
        };
        let coded = |text: &str| STANDARD.encode(text);
        let plain = format!("\0{user}\0{password}");
        let forms = [coded(&plain), coded(password), coded(user)];
        let forms = forms.into_iter().chain([password.clone(), user.clone()]);
        forms.filter(|form| !form.is_empty()).collect()
    }
}

fn part(kind: ContentType, text: &str) -> SinglePart {
    let part = SinglePart::builder().header(kind);
    part.body(text.to_owned())
}

fn late(doing: &str) -> Undelivered {
    let seconds = STEP.as_secs();
    Undelivered::Later(format!("{doing}: no answer within {seconds} seconds"))
}

/// The code and the words of a reply, or what went wrong with the connection.
fn told(error: &lettre::transport::smtp::Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    let cause = cause.unwrap_or_default();
    match error.status() {
        Some(code) => format!("{code} {cause}"),
        None if cause.is_empty() => error.to_string(),
        None => cause,
    }
}

fn tls(server: &SmtpServer) -> Result<TlsParameters, lettre::transport::smtp::Error> {
    let parameters: TlsParametersBuilder = TlsParameters::builder(server.host.clone());
    if server.local() {
        // Mail servers on this machine have certificates for other names, and nobody is in between.
        return parameters
            .certificate_store(CertificateStore::None)
            .dangerous_accept_invalid_certs(true)
            .dangerous_accept_invalid_hostnames(true)
            .build();
    }
    parameters.build()
}

/// The name we give ourselves: that of the page where it is a name, else the form for those without.
fn name(base: &str) -> ClientId {
    let url = reqwest::Url::parse(base).ok();
    let host = url.as_ref().and_then(reqwest::Url::domain);
    match host.filter(|host| host.contains('.')) {
        Some(host) => ClientId::Domain(host.to_owned()),
        None => ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST),
    }
}
