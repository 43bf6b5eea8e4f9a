//! Keys of the stand-in provider, made for these tests and of use nowhere else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

/// A key that the provider signs with.
#[derive(Clone)]
pub struct Key {
    pub kid: String,
    pub algorithm: Algorithm,
    pub signs: EncodingKey,
}

impl Key {
    /// Number 0 and 1 are different keys.
    pub fn es256(number: usize, kid: &str) -> Self {
        let signs = EncodingKey::from_ec_der(&bytes(EC[number]));
        Self {
            kid: kid.into(),
            algorithm: Algorithm::ES256,
            signs,
        }
    }

    pub fn rs256(kid: &str) -> Self {
        Self {
            kid: kid.into(),
            algorithm: Algorithm::RS256,
            signs: EncodingKey::from_rsa_der(&bytes(RSA)),
        }
    }

    /// The public half, as everybody may fetch it.
    pub fn public(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.signs, self.algorithm).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk
    }
}

fn bytes(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

/// PKCS #8.
const EC: [&str; 2] = [
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQggHoS++DcPppsYumpOWj8ErR0bmHHJDRiaaoBF1+tId\
     mhRANCAASG401NGjAsFN6u+mWTnC/aH+Q+++DvESNbPDvQyJkcRYH9aDnwkPyneFJglGwZAsvR4ZGJA4NXs718YFbT\
     nxUt",
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgwkFVYpTH0qZrn2kjQPmYNWnp66vQ1h/1drAyd2lSYP\
     ihRANCAASnDovCMCJcrGthjwFLr2REFGrwzCGrJor1i2QagQZoAIvfhvM0E8koffuHIJ9ymREUy0VdUPq38TxZNyx2\
     ktbM",
];

/// PKCS #1.
const RSA: &str = "MIIEowIBAAKCAQEAvHk/8hADdfPaUXQMJhhAQYYY2Q+VHtJgJWkaEZ1bEeYuM6ZQ5JJ58GenyWkT/aVED8BRsBfk/5\
     IGgxfzngqrfl+xrPuCDk4AXRzUfnrjoMxC84gQSWCvBWQwzh3uc2ko1cfOogiBcvZteuXYTLyTKyusPfr1Tv9GdZHG\
     BcGE6K/E1oEwZXgt7keU/bH/jEo5rghxc5CJR55V3tIol7zVzxq4xBkuZmBSM0tNoFuGbwFoRQYO86AgbZa9596ZGL\
     bQKdu6h3Td3999gqEcyBHtPJFHGhrOmeFSNeWQ+U2cbLVDk4gppE/nhYA4oBC+yTqWIaM4hHLDtCkMvEc4xV0VFwID\
     AQABAoIBACJw5caONpOvZA3ObwnnFJbkslW4Cz/+oaM0eZcOcj3rGjZGBjI+shnEV1zu3sBTGwTl2Aed1jL9tELwdY\
     xD1uLZCdbafwGuL1LUmeAjBMW1jeaCzrcZ++G4VVLVFWXxqYynXpMtiro/XfI/Xi9npl0VNfx9h6ZP78g8Qzt6CZeb\
     dra5RMGYjo4DpblCZYoIxrJfNmV9zmz4Ff98wppH4JZRGcP0OEA7X6HhptVe8HZwywpWwIH1jIGQdBiwMAQpQjUqcm\
     Ow18rgjroupt3UnDLNypf2uLcThMiJcV186I2lm0XyrWYcGIYmYDemwkU5J37UbT7zGbxqDeq0+/YTQUECgYEA5ivC\
     BDRwcgvHB4sC4/o4X6hSzX4OmFup3uPvWfujjMNo2PAzOkFjltJYLfuDMowGyKchqua87Fgil3jKF63DXGDtS4Rucw\
     8JPtAtdDZ6y0KB8THaA+cB2VaP+GwNQXKdsHmiRJ5JfYAPTCHbYWiTdesU93G35VhpqjMAFom/KQsCgYEA0Z+hr0tA\
     gW4rT3AdxqfS56K9fY1xyFVT/sUhWgCZTz2X4RZ2tUoExbKqFm4re/VrzLI0MOdOoTTQM+tP1Jsl70luL8dGIQgQsh\
     HCeJcoyet7TDUty5nQrtMPRUsboWC8lA0dvjAPrYWM1UcqYQ37gNVWwqAlkDfBN1ccPS/Vg6UCgYEA2erT5edADrnX\
     1exm8DEW7noO6z9N0jH2wnBLTIZSchMQUVQZLC58e27qzZ4yuMiaI58Y4RVUCO/o0EAsFf8N14htIfJgH888kZvHbR\
     +nYom1PQZVwxwTRBIQfMLQSgaaBVsjppO2QHvd/9aOPcsk0Z+gWiXwVdM/N0TR8IS518ECgYAs5EXI95Gp5kEKMxV9\
     XKVzC8wO3kK2x2dEkUzyLFyotqUXBCuJ6X8aI4f/Y7qWQlnCrYs1yeNx7JCF/efLvSojk5MwUjm3izWgHOOL1btber\
     2d9WmIR7mEJxkHGu2g4smf3ys2dq5017vwVNxDiq4IyidZaNiCiR4szs/yXpMYLQKBgAib01CAHVXfNYnDd66VhtdF\
     wJCKUKUHaqM0JlzJHDonfnfkTGgnevpD0ca6ny3/zB2NU6/2qKcWIjSO2cuwsaYrGCfT4dqnQI7MYJGJ+j3P8MioEy\
     pGkN9O1+k7bjpvweXmfQhR/rxY5v3ZpVFeFTkBi+kEJhkzdE5IXRgIcbV+";
