//! What the protocol is made of.

use std::marker::PhantomData;

use opaque_ke::ksf::Ksf;
use opaque_ke::{CipherSuite, Ristretto255, TripleDh};
use sha2_opaque::Sha512;

use super::stretch::Stretcher;

/// The suite, with a way to stretch: tests against the vectors of the RFC need one that does nothing.
pub(super) struct SuiteWith<K>(PhantomData<K>);

/// The suite of NetChat.
pub(super) type Suite = SuiteWith<Stretcher>;

impl<K: Ksf> CipherSuite for SuiteWith<K> {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, Sha512>;
    type Ksf = K;
}
