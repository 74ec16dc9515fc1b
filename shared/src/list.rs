//! Lists on the wire, with one bound for whoever writes and whoever reads.

use std::fmt::Display;
use std::ops::Deref;
use std::str::FromStr;

use thiserror::Error;

use crate::limits::{LIST_BYTES_MAX, LIST_ITEMS_MAX};

/// Items of one message: at most [`LIST_ITEMS_MAX`] of them, in at most [`LIST_BYTES_MAX`] bytes,
/// none of which holds a semicolon. A longer list goes out as several ([`List::pages`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(Vec<T>);

/// What one message can't hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "at most {LIST_ITEMS_MAX} names, none with a semicolon, and {LIST_BYTES_MAX} bytes, fit one request"
)]
pub struct ListTooLong;

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> List<T> {
    /// The items themselves.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T: AsRef<str>> List<T> {
    /// A list of all these.
    ///
    /// # Errors
    /// When they don't fit, or one of them holds what separates them.
    pub fn new(items: Vec<T>) -> Result<Self, ListTooLong> {
        let bytes: usize = items.iter().map(size).sum();
        let is_one = |item: &T| !item.as_ref().contains(';');
        let fits = items.len() <= LIST_ITEMS_MAX && bytes <= LIST_BYTES_MAX;
        let fits = fits && items.iter().all(is_one);
        if fits { Ok(Self(items)) } else { Err(ListTooLong) }
    }

    /// As many as fit of what comes, and whether more would have come.
    pub fn page(items: impl IntoIterator<Item = T>) -> (Self, bool) {
        let (mut page, mut bytes) = (Vec::new(), 0);
        for item in items {
            bytes += size(&item);
            if page.len() >= LIST_ITEMS_MAX || bytes > LIST_BYTES_MAX {
                return (Self(page), true);
            }
            page.push(item);
        }
        (Self(page), false)
    }

    /// All of them, in as many lists as it takes.
    pub fn pages(items: impl IntoIterator<Item = T>) -> Vec<Self> {
        let (mut pages, mut page, mut bytes) = (Vec::new(), Vec::new(), 0);
        for item in items {
            bytes += size(&item);
            if page.len() >= LIST_ITEMS_MAX || bytes > LIST_BYTES_MAX {
                pages.push(Self(std::mem::take(&mut page)));
                bytes = size(&item);
            }
            page.push(item);
        }
        if !page.is_empty() {
            pages.push(Self(page));
        }
        pages
    }

    /// Adds the list to a message.
    pub(crate) fn write(&self, text: &mut String) {
        for (index, item) in self.0.iter().enumerate() {
            if index > 0 {
                text.push(';');
            }
            text.push_str(item.as_ref());
        }
    }
}

impl<T: FromStr> List<T> {
    /// Reads a field; `None` if it is longer than a list may be, or an item is none.
    pub(crate) fn parse(field: &str) -> Option<Self> {
        if field.is_empty() {
            return Some(Self::default());
        }
        // The separators stand for the one byte that each item counts beside its own.
        if field.len() + 1 > LIST_BYTES_MAX {
            return None;
        }
        let items = field.split(';').take(LIST_ITEMS_MAX + 1).map(|item| item.parse().ok());
        let items = items.collect::<Option<Vec<T>>>()?;
        (items.len() <= LIST_ITEMS_MAX).then_some(Self(items))
    }
}

impl<T: Display> List<T> {
    /// As a person reads it.
    #[must_use]
    pub fn joined(&self, separator: &str) -> String {
        self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator)
    }
}

/// What an item takes of the bound: itself and a separator.
fn size<T: AsRef<str>>(item: &T) -> usize {
    item.as_ref().len() + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn round_trip(list: &List<String>) {
        let mut text = String::new();
        list.write(&mut text);
        assert_eq!(List::parse(&text).as_ref(), Some(list));
    }

    proptest! {
        /// Whatever a writer may construct, a reader takes: both have the bounds from the same type.
        #[test]
        fn what_is_written_is_read(
            lengths in proptest::collection::vec(1..60_usize, 0..LIST_ITEMS_MAX + 40),
        ) {
            let items: Vec<_> = lengths.into_iter().map(|length| "x".repeat(length)).collect();
            let pages = List::pages(items.clone());
            pages.iter().for_each(round_trip);
            let all: Vec<String> = pages.into_iter().flatten().collect();
            prop_assert_eq!(&all, &items);
            let (first, more) = List::page(items.clone());
            round_trip(&first);
            prop_assert_eq!(more, first.len() < items.len());
            match List::new(items) {
                Ok(list) => round_trip(&list),
                Err(ListTooLong) => prop_assert!(more),
            }
        }
    }

    #[test]
    fn what_is_too_long_is_neither_written_nor_read() {
        let names = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert!(List::new(names(LIST_ITEMS_MAX)).is_ok());
        assert_eq!(List::new(names(LIST_ITEMS_MAX + 1)), Err(ListTooLong));
        assert_eq!(List::<String>::parse(&names(LIST_ITEMS_MAX + 1).join(";")), None);
        assert_eq!(List::new(vec!["a;b".to_owned()]), Err(ListTooLong), "it would be read as two");
        assert_eq!(List::new(vec!["x".repeat(LIST_BYTES_MAX)]), Err(ListTooLong));
        assert_eq!(List::<String>::parse(&"x".repeat(LIST_BYTES_MAX)), None);
    }
}
