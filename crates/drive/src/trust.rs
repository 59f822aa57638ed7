//! Whom TLS believes, and who we are to the service: plain data, as the user gave it.

use std::fmt;

/// Whom TLS believes, and who we are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Who may vouch for the service.
    pub roots: Roots,
    /// What we show when the service asks who we are.
    pub identity: Option<Identity>,
}

/// Who may vouch for a service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Roots {
    /// Whom this machine trusts.
    #[default]
    System,
    /// These certificates and nobody else, in PEM.
    Own(Vec<u8>),
    /// Nobody needs to: any certificate will do.
    Anyone,
}

/// A certificate of our own.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, and those between it and its root, in PEM.
    pub certificates: Vec<u8>,
    /// Its private key, in PEM.
    pub key: Vec<u8>,
}

/// A key is shown to nobody.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}
