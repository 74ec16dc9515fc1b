//! Conversations as addresses: `#/e`, `#/u/bob`, `#/g/CS%3A%20Group`. So Back works, and a link opens one.

use netchat_shared::conversation::Conversation;

/// The part of an address that stands for a conversation, or for none.
#[must_use]
pub fn to_hash(conversation: Option<&Conversation>) -> String {
    let (kind, name) = match conversation {
        None => return "#/".to_owned(),
        Some(Conversation::Everyone) => return "#/e".to_owned(),
        Some(Conversation::Group(name)) => ("g", name.as_str()),
        Some(Conversation::User(name)) => ("u", name.as_str()),
    };
    let mut hash = format!("#/{kind}/");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            hash.push(char::from(byte));
        } else {
            hash.push_str(&format!("%{byte:02X}"));
        }
    }
    hash
}

/// What such a part stands for: `None` if it is no address of ours, `Some(None)` if it is the list.
#[must_use]
pub fn from_hash(hash: &str) -> Option<Option<Conversation>> {
    match hash.strip_prefix("#/")?.split_once('/') {
        None => match hash {
            "#/" => Some(None),
            "#/e" => Some(Some(Conversation::Everyone)),
            _ => None,
        },
        Some((kind, name)) => {
            let name = decode(name)?;
            match kind {
                "g" => name.parse().ok().map(|name| Some(Conversation::Group(name))),
                "u" => name.parse().ok().map(|name| Some(Conversation::User(name))),
                _ => None,
            }
        }
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? * 16 + hex(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn addresses_read_back() {
        let conversations = [
            None,
            Some(Conversation::Everyone),
            Some(Conversation::Group("CS: Group/2 ü%".parse().unwrap())),
            Some(Conversation::User("bob".parse().unwrap())),
        ];
        for conversation in conversations {
            let hash = to_hash(conversation.as_ref());
            assert!(hash.is_ascii(), "{hash}");
            assert_eq!(from_hash(&hash), Some(conversation), "{hash}");
        }
        for other in ["", "#", "#server=abc", "#/x/y", "#/u/", "#/u/%", "#/u/%ff", "#/e/"] {
            assert_eq!(from_hash(other), None, "{other}");
        }
    }
}
