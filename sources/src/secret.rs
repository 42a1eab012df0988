//! Secrets of sources, and their sealing for the database.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Generate, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// The environment variable that holds the key of stored secrets.
pub const KEY_VARIABLE: &str = "ARRIVAGE_SECRETS_KEY";

/// First byte of what is stored: which cipher, which layout.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;

/// A text that is never printed, and wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Why a secret cannot be stored or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is no key.
    #[error(
        "stored secrets need a key: set {KEY_VARIABLE} to the output of `openssl rand -base64 32`, the same for every \
         process, and keep a copy of it elsewhere"
    )]
    KeyMissing,
    /// The key is not of its form.
    #[error("{KEY_VARIABLE} is not the base64 of 32 bytes: `openssl rand -base64 32` makes one")]
    KeyInvalid,
    /// The key is another one, or what is stored was moved or changed.
    #[error(
        "the stored secret cannot be read with this {KEY_VARIABLE}: set the key it was stored with, or store it anew with \
         `arrivage schedule secret`"
    )]
    Unreadable,
}

/// The key under which secrets are stored: XChaCha20-Poly1305, whose nonces are long enough to be drawn at random.
pub struct SecretsKey(XChaCha20Poly1305);

impl SecretsKey {
    /// Reads a key: the base64 of 32 bytes.
    ///
    /// # Errors
    /// [`SecretError::KeyInvalid`], which says how to make one; the text is not repeated.
    pub fn parse(text: &Secret) -> Result<Self, SecretError> {
        let bytes = Zeroizing::new(STANDARD.decode(text.reveal().trim()).map_err(|_| SecretError::KeyInvalid)?);
        let key = Key::try_from(bytes.as_slice()).map_err(|_| SecretError::KeyInvalid)?;
        Ok(SecretsKey(XChaCha20Poly1305::new(&key)))
    }

    /// Seals a schedule's secret: version, nonce, ciphertext. It opens for that schedule alone, so that a row copied over
    /// another gives nothing away.
    pub fn seal(&self, secret: &Secret, supplier_id: i64, schedule: &str) -> Vec<u8> {
        let nonce = XNonce::generate();
        let (msg, aad) = (secret.reveal().as_bytes(), &bound_to(supplier_id, schedule));
        // It fails only for texts of 256 GiB.
        let sealed = self.0.encrypt(&nonce, Payload { msg, aad }).unwrap_or_default();
        [&[VERSION], nonce.as_slice(), &sealed].concat()
    }

    /// Opens what [`SecretsKey::seal`] made for the same schedule.
    ///
    /// # Errors
    /// [`SecretError::Unreadable`] when key, schedule or bytes are not the same.
    pub fn open(&self, sealed: &[u8], supplier_id: i64, schedule: &str) -> Result<Secret, SecretError> {
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(SecretError::Unreadable)?;
        let (nonce, msg) = rest.split_at_checked(NONCE_BYTES).ok_or(SecretError::Unreadable)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| SecretError::Unreadable)?;
        let aad = &bound_to(supplier_id, schedule);
        let opened = self.0.decrypt(&nonce, Payload { msg, aad }).map_err(|_| SecretError::Unreadable)?;
        let text = String::from_utf8(opened).map_err(|_| SecretError::Unreadable)?;
        Ok(Secret::new(text))
    }
}

fn bound_to(supplier_id: i64, schedule: &str) -> Vec<u8> {
    format!("arrivage schedule secret\0{supplier_id}\0{schedule}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SecretsKey {
        SecretsKey::parse(&Secret::new(STANDARD.encode([byte; 32]))).unwrap()
    }

    #[test]
    fn a_sealed_secret_opens_for_its_own_schedule_and_key_alone() {
        let secret = Secret::new("tell-nobody");
        let sealed = key(1).seal(&secret, 7, "daily");
        assert_eq!(key(1).open(&sealed, 7, "daily").unwrap().reveal(), "tell-nobody");
        let refused = |key: SecretsKey, sealed: &[u8], supplier, name| {
            assert_eq!(key.open(sealed, supplier, name).unwrap_err(), SecretError::Unreadable);
        };
        refused(key(2), &sealed, 7, "daily");
        refused(key(1), &sealed, 8, "daily");
        refused(key(1), &sealed, 7, "weekly");
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            refused(key(1), &changed, 7, "daily");
            refused(key(1), &sealed[..place], 7, "daily");
        }
    }

    #[test]
    fn two_seals_of_one_secret_differ_and_show_nothing_of_it() {
        let seal = || key(1).seal(&Secret::new("tell-nobody"), 7, "daily");
        let (one, other) = (seal(), seal());
        assert_ne!(one, other);
        assert!(!one.windows(4).any(|window| window == b"tell"));
    }

    #[test]
    fn a_key_that_is_none_is_refused_with_the_way_to_make_one() {
        for text in ["", "short", &STANDARD.encode([1; 16]), &STANDARD.encode([1; 33]), "not base64 at all!"] {
            let error = SecretsKey::parse(&Secret::new(text)).err().unwrap().to_string();
            assert!(error.contains("openssl rand -base64 32") && (text.is_empty() || !error.contains(text)), "{error}");
        }
        assert!(SecretsKey::parse(&Secret::new(STANDARD.encode([1; 32]) + "\n")).is_ok());
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Some(Secret::new("tell-nobody"))), "Some((secret))");
    }
}
