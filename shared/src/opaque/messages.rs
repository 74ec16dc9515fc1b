//! The messages, as bytes of the right number. Whether they hold points is seen by who computes with
//! them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A message of so many bytes; as text, in Base64.
macro_rules! message {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Box<[u8; $bytes]>);

        impl $name {
            /// Bytes of it.
            pub const BYTES: usize = $bytes;

            /// Reads it: padded Base64 without stray bits. `None` if it is of another length.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                STANDARD.decode(text).ok().and_then(|bytes| Self::from_slice(&bytes))
            }

            pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(|bytes| Self(Box::new(bytes)))
            }

            pub(super) fn bytes(&self) -> &[u8; $bytes] {
                &self.0
            }
        }

        /// As it travels.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&STANDARD.encode(&*self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

message! {
    /// A client begins to enrol a password: the password, blinded.
    EnrolRequest, 32
}
message! {
    /// The server's part of it.
    EnrolResponse, 64
}
message! {
    /// What the server is to keep, as the client made it.
    Upload, 192
}
message! {
    /// What the server keeps of a password: the id of the record, and what the client made.
    Record, 208
}
message! {
    /// A client begins to prove that it knows a password: KE1.
    ProofRequest, 96
}
message! {
    /// The server proves that it has the record: KE2.
    ProofResponse, 320
}
message! {
    /// The client's proof: KE3.
    Proof, 64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_read_is_written_and_nothing_else_is_read(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let text = STANDARD.encode(&bytes);
            let read = ProofRequest::parse(&text);
            prop_assert_eq!(read.is_some(), bytes.len() == ProofRequest::BYTES);
            prop_assert_eq!(read.map_or(text.clone(), |read| read.to_string()), text);
        }
    }

    #[test]
    fn base64_has_one_form() {
        let text = EnrolRequest::from_slice(&[0; 32]).unwrap().to_string();
        assert!(text.ends_with("AA="));
        for other in [&text[..43], &text.replace("AA=", "AB="), &format!("{text}\n"), ""] {
            assert_eq!(EnrolRequest::parse(other), None, "{other:?}");
        }
        assert_eq!(format!("{:?}", EnrolRequest::parse(&text).unwrap()), "EnrolRequest(…)");
    }
}
