//! A mail server of the test's own: real conversations over real sockets (RFC 5321, STARTTLS, AUTH),
//! scripted where it is to misbehave. It keeps what it was given.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::MessageParser;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::clock::soon;

/// What the next connection meets. Without a plan the mail is taken.
#[derive(Clone, Debug)]
pub enum Plan {
    Take,
    /// 450 at the recipient.
    Greylist,
    /// This reply at the recipient; `{to}` is the address.
    AtRecipient(&'static str),
    /// This reply to the mail itself; `{link}` is the first link in it.
    ToTheMail(&'static str),
    /// Closes the connection in the middle of the mail.
    Drop,
    /// Accepts the connection and says nothing.
    Hang,
    /// Takes the mail and never says so.
    TakeAndHang,
}

/// How the server is set up.
#[derive(Clone, Copy, Default)]
pub struct Setup {
    pub starttls: bool,
    pub tls_from_the_start: bool,
    /// User name and password it insists on.
    pub login: Option<(&'static str, &'static str)>,
    /// Only the older of the two ways to log in.
    pub old_login: bool,
}

/// A mail that was taken.
#[derive(Clone, Debug)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub raw: String,
    pub encrypted: bool,
    pub logged_in: bool,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Received {
    /// A header as it stands there.
    pub fn header(&self, name: &str) -> String {
        let message = MessageParser::default().parse(&self.raw).unwrap();
        let value = message.header_raw(name.to_owned()).unwrap_or_default();
        value.trim().to_owned()
    }

    /// The address that follows the words of the link.
    pub fn link(&self) -> String {
        let mut words = self.text.split_whitespace();
        let link = words.find(|word| word.starts_with("http"));
        link.unwrap_or_else(|| panic!("no link in {}", self.text))
            .to_owned()
    }
}

struct Shared {
    setup: Setup,
    tls: TlsAcceptor,
    plans: Mutex<VecDeque<Plan>>,
    letters: Mutex<Vec<Received>>,
    connections: watch::Sender<usize>,
    taken: watch::Sender<usize>,
    /// Every line that came in, for what must never be sent.
    heard: Mutex<String>,
}

pub struct Smtp {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Smtp {
    pub async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            setup,
            tls: acceptor(),
            plans: Mutex::default(),
            letters: Mutex::default(),
            connections: watch::Sender::new(0),
            taken: watch::Sender::new(0),
            heard: Mutex::default(),
        });
        let serving = serve(listener, shared.clone());
        Self {
            address,
            shared,
            serving,
        }
    }

    /// What the next connections meet, in order.
    pub fn plan(&self, plans: impl IntoIterator<Item = Plan>) {
        self.shared.plans.lock().unwrap().extend(plans);
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The address with another scheme, user name and password, or host.
    pub fn url_as(&self, scheme: &str, login: &str, host: &str) -> String {
        let at = if login.is_empty() { "" } else { "@" };
        format!("{scheme}://{login}{at}{host}:{}", self.address.port())
    }

    pub fn letters(&self) -> Vec<Received> {
        self.shared.letters.lock().unwrap().clone()
    }

    pub fn last(&self) -> Received {
        self.letters().pop().expect("a letter")
    }

    /// Forgets what came so far.
    pub fn clear(&self) {
        self.shared.letters.lock().unwrap().clear();
    }

    pub fn heard(&self) -> String {
        self.shared.heard.lock().unwrap().clone()
    }

    pub fn connected(&self) -> usize {
        *self.shared.connections.borrow()
    }

    /// Waits until somebody has connected so often.
    pub async fn connections(&self, at_least: usize) {
        let mut connections = self.shared.connections.subscribe();
        let enough = connections.wait_for(|&now| now >= at_least);
        soon("a connection to the mail server", enough)
            .await
            .unwrap();
    }

    /// Waits until so many letters came, since the start.
    pub async fn taken(&self, at_least: usize) {
        let mut taken = self.shared.taken.subscribe();
        let enough = taken.wait_for(|&now| now >= at_least);
        soon("a letter", enough).await.unwrap();
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// With a certificate that nobody signed, as mail servers on one's own machine have.
fn acceptor() -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(["mail.test".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

#[expect(clippy::disallowed_methods, reason = "owned by the fake, ends with it")]
fn serve(listener: TcpListener, shared: Arc<Shared>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut talks = tokio::task::JoinSet::new();
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let planned = shared.plans.lock().unwrap().pop_front();
            let talk = talk(shared.clone(), socket, planned.unwrap_or(Plan::Take));
            talks.spawn(async move {
                // Whoever hangs up early has had enough.
                let _ = talk.await;
            });
            shared.connections.send_modify(|count| *count += 1);
        }
    })
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// One conversation.
struct Talk {
    shared: Arc<Shared>,
    plan: Plan,
    wire: BufReader<Box<dyn Wire>>,
    encrypted: bool,
    logged_in: bool,
    from: String,
    to: Vec<String>,
}

async fn talk(shared: Arc<Shared>, socket: TcpStream, plan: Plan) -> std::io::Result<()> {
    let mut wire: Box<dyn Wire> = Box::new(socket);
    let encrypted = shared.setup.tls_from_the_start;
    if matches!(plan, Plan::Hang) {
        return std::future::pending().await;
    }
    if encrypted {
        wire = Box::new(shared.tls.accept(wire).await?);
    }
    let mut talk = Talk {
        shared,
        plan,
        wire: BufReader::new(wire),
        encrypted,
        logged_in: false,
        from: String::new(),
        to: vec![],
    };
    talk.say("220 mail.test ESMTP").await?;
    while let Some(line) = talk.hear().await? {
        if line.eq_ignore_ascii_case("STARTTLS") {
            talk.say("220 go ahead").await?;
            let wire = talk.wire.into_inner();
            let wire: Box<dyn Wire> = Box::new(talk.shared.tls.accept(wire).await?);
            talk.wire = BufReader::new(wire);
            talk.encrypted = true;
        } else if !talk.answer(&line).await? {
            break;
        }
    }
    Ok(())
}

impl Talk {
    async fn say(&mut self, line: &str) -> std::io::Result<()> {
        let line = format!("{line}\r\n");
        self.wire.get_mut().write_all(line.as_bytes()).await?;
        self.wire.get_mut().flush().await
    }

    async fn hear(&mut self) -> std::io::Result<Option<String>> {
        let mut line = String::new();
        let read = self.wire.read_line(&mut line).await?;
        self.shared.heard.lock().unwrap().push_str(&line);
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        Ok((read > 0).then_some(line))
    }

    /// Answers a command; false at the end of the conversation.
    async fn answer(&mut self, line: &str) -> std::io::Result<bool> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => self.greet().await?,
            "AUTH" => self.log_in(rest).await?,
            "MAIL" if self.shared.setup.login.is_some() && !self.logged_in => {
                self.say("530 5.7.0 log in first").await?;
            }
            "MAIL" => {
                self.from = address(rest);
                self.say("250 2.1.0 fine").await?;
            }
            "RCPT" => {
                let to = address(rest);
                let reply = match self.plan {
                    Plan::Greylist => "450 4.7.1 come back later".to_owned(),
                    Plan::AtRecipient(reply) => reply.replace("{to}", &to),
                    _ => "250 2.1.5 fine".to_owned(),
                };
                self.to.push(to);
                self.say(&reply).await?;
            }
            "DATA" => {
                self.say("354 go on").await?;
                return self.take().await;
            }
            "QUIT" => {
                self.say("221 goodbye").await?;
                return Ok(false);
            }
            _ => self.say("502 5.5.1 what?").await?,
        }
        Ok(true)
    }

    async fn greet(&mut self) -> std::io::Result<()> {
        let setup = self.shared.setup;
        self.say("250-mail.test").await?;
        if setup.starttls && !self.encrypted {
            self.say("250-STARTTLS").await?;
        }
        if setup.login.is_some() {
            let plain = if setup.old_login { "" } else { " PLAIN" };
            self.say(&format!("250-AUTH{plain} LOGIN")).await?;
        }
        self.say("250 ENHANCEDSTATUSCODES").await
    }

    async fn log_in(&mut self, rest: &str) -> std::io::Result<()> {
        let decoded = |text: &str| {
            let bytes = STANDARD.decode(text).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (user, password) = if let Some(plain) = rest.strip_prefix("PLAIN ") {
            let plain = decoded(plain);
            let mut parts = plain.split('\0').skip(1).map(str::to_owned);
            (parts.next(), parts.next())
        } else {
            self.say("334 VXNlcm5hbWU6").await?;
            let user = self.hear().await?.map(|line| decoded(&line));
            self.say("334 UGFzc3dvcmQ6").await?;
            (user, self.hear().await?.map(|line| decoded(&line)))
        };
        let (user, password) = (user.unwrap_or_default(), password.unwrap_or_default());
        self.logged_in = self.shared.setup.login == Some((&user, &password));
        if self.logged_in {
            return self.say("235 2.7.0 welcome").await;
        }
        // As some do: it tells what it was told.
        self.say(&format!("535 5.7.8 no {user} with {password}"))
            .await
    }

    /// Reads the mail up to the lone dot, and gives back the dots that were doubled.
    async fn take(&mut self) -> std::io::Result<bool> {
        let mut raw = String::new();
        loop {
            let Some(line) = self.hear().await? else {
                return Ok(false);
            };
            if matches!(self.plan, Plan::Drop) {
                return Ok(false);
            }
            if line == "." {
                break;
            }
            raw += line.strip_prefix('.').unwrap_or(&line);
            raw += "\r\n";
        }
        let received = self.read(raw);
        if let Plan::ToTheMail(reply) = self.plan {
            let reply = reply.replace("{link}", &received.link());
            self.say(&reply).await?;
            return Ok(true);
        }
        self.shared.letters.lock().unwrap().push(received);
        self.shared.taken.send_modify(|count| *count += 1);
        if matches!(self.plan, Plan::TakeAndHang) {
            return std::future::pending().await;
        }
        self.say("250 2.0.0 queued as 4711").await?;
        Ok(true)
    }

    fn read(&self, raw: String) -> Received {
        let message = MessageParser::default().parse(&raw).unwrap();
        let part = |part: Option<std::borrow::Cow<str>>| part.unwrap_or_default().into_owned();
        Received {
            from: self.from.clone(),
            to: self.to.clone(),
            encrypted: self.encrypted,
            logged_in: self.logged_in,
            subject: message.subject().unwrap_or_default().to_owned(),
            text: part(message.body_text(0)).replace("\r\n", "\n"),
            html: part(message.body_html(0)),
            raw,
        }
    }
}

/// `FROM:<ada@example.org> BODY=8BITMIME` -> the address.
fn address(rest: &str) -> String {
    let inside = rest
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(rest, |(address, _)| address).to_owned()
}
