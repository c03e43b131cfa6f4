//! Where in a manifest something stands, so that a fault can say it.

use crate::Fault;
use std::ops::Range;
use toml::Spanned;

/// A manifest's text and its name.
pub struct Source<'t> {
    pub text: &'t str,
    pub name: &'t str,
}

impl Source<'_> {
    /// File and line of a place in the text.
    pub fn place(&self, span: &Range<usize>) -> String {
        let before = self.text.as_bytes().get(..span.start).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("{}:{line}", self.name)
    }

    /// A fault of a field that the manifest has.
    pub fn fault<T>(&self, field: &str, value: &Spanned<T>, what: impl AsRef<str>) -> Fault {
        self.at(&value.span(), field, what)
    }

    /// A fault at a place.
    pub fn at(&self, span: &Range<usize>, field: &str, what: impl AsRef<str>) -> Fault {
        Fault::Manifest(format!("{}: {field}: {}", self.place(span), what.as_ref()))
    }
}
