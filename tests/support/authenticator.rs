//! An authenticator in software, with the browser around it: it makes passkeys (ES256, attestation
//! "none") and signs challenges with them, and lies as a test wants it to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::app::PASSWORD;
use super::http::Person;

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const WITH_KEY: u8 = 0x40;

/// The id of somebody's newest passkey, made if need be; they must have a verified address.
pub async fn passkey(person: &Person) -> String {
    let path = "/api/auth/passkeys";
    let there = person.get(path).await.body;
    if let Some(last) = there["items"].as_array().and_then(|items| items.last()) {
        return last["id"].as_str().unwrap().to_owned();
    }
    let body = json!({"password": PASSWORD});
    let begun = person.post(&format!("{path}/begin"), &body).await.body;
    let options = &begun["options"];
    // Where no address is configured, this machine's own counts.
    let credential = Authenticator::new(1, "http://localhost:5000").create(options);
    let ceremony = &begun["ceremony"];
    let body = json!({"ceremony": ceremony, "name": "Mine", "credential": credential});
    person.post(path, &body).await.str("id")
}

/// One passkey. A clone is what a thief would copy.
#[derive(Clone)]
pub struct Authenticator {
    /// The page that asks, as the browser sees it.
    pub origin: String,
    /// Whether it makes sure that its owner is there.
    pub verifies: bool,
    /// Of signatures; authenticators that share keys between devices leave it at 0.
    pub counter: u32,
    pub counts: bool,
    pub id: Vec<u8>,
    pub user: Vec<u8>,
    pub key: SigningKey,
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decoded(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}

impl Authenticator {
    /// A new one; the same number gives the same key.
    pub fn new(number: u8, origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            verifies: true,
            counter: 0,
            counts: true,
            id: Sha256::digest([number]).to_vec(),
            user: Vec::new(),
            key: SigningKey::from_slice(&[number + 1; 32]).unwrap(),
        }
    }

    /// What the browser makes of the page's call.
    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let data = json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    /// What the authenticator says of itself.
    fn data(&mut self, rp: &Value, more: u8) -> Vec<u8> {
        if self.counts {
            self.counter += 1;
        }
        let verified = if self.verifies { VERIFIED } else { 0 };
        let mut data = Sha256::digest(rp.as_str().unwrap()).to_vec();
        data.push(PRESENT | verified | more);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// `navigator.credentials.create`, as `toJSON()` gives it.
    pub fn create(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        self.user = decoded(&options["user"]["id"]);
        let mut data = self.data(&options["rp"]["id"], WITH_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        let point = self.key.verifying_key().to_sec1_point(false);
        // COSE: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point.as_bytes()[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point.as_bytes()[33..]);
        // CBOR: {"fmt": "none", "attStmt": {}, "authData": data}
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        json!({
            "id": encoded(&self.id),
            "rawId": encoded(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": true}},
            "response": {
                "clientDataJSON": encoded(&self.client_data("webauthn.create", options)),
                "attestationObject": encoded(&object),
                "transports": ["internal", "hybrid"],
            },
        })
    }

    /// `navigator.credentials.get`, as `toJSON()` gives it.
    pub fn get(&mut self, options: &Value) -> Value {
        let options = &options["publicKey"];
        let data = self.data(&options["rpId"], 0);
        let client = self.client_data("webauthn.get", options);
        let signed: Vec<u8> = data
            .iter()
            .copied()
            .chain(Sha256::digest(&client))
            .collect();
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": encoded(&self.id),
            "rawId": encoded(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(&client),
                "authenticatorData": encoded(&data),
                "signature": encoded(signature.to_der().as_bytes()),
                "userHandle": encoded(&self.user),
            },
        })
    }
}
