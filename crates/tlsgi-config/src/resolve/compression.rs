//! Which responses are compressed, and how.

use super::{Resolver, value, written};
use crate::config::{Coding, Compression};
use crate::diagnostic::Diagnostic;

/// Types whose bytes shrink. Event streams are text, and are meant only where they are named.
const TYPES: [&str; 16] = [
    "text/*",
    "*+json",
    "*+xml",
    "application/json",
    "application/javascript",
    "application/x-javascript",
    "application/xml",
    "application/wasm",
    "application/yaml",
    "application/toml",
    "application/vnd.ms-fontobject",
    "font/ttf",
    "font/otf",
    "image/bmp",
    "image/x-icon",
    "image/vnd.microsoft.icon",
];

/// Cheapest at equal size first.
const CODINGS: [Coding; 3] = [Coding::Zstandard, Coding::Brotli, Coding::Gzip];

impl Resolver<'_> {
    pub(super) fn compression(&mut self) -> Option<Compression> {
        let level = u8::try_from(value(&self.said.compress_level).0).unwrap_or(u8::MAX);
        if let Some(said) = written(&self.said.compress_level).filter(|_| !(1..=9).contains(&level)).cloned() {
            let told = Diagnostic::invalid("--compress-level", &said.value.0.to_string(), "expected 1 to 9");
            self.tell(told, &said.origin);
        }
        if !*value(&self.said.compress) {
            self.refuse_compression_of_nothing();
            return None;
        }
        let mut codings: Vec<Coding> = Vec::new();
        for said in &self.said.compress_coding {
            if !codings.contains(&said.value) {
                codings.push(said.value);
            }
        }
        let types: Vec<String> = self.said.compress_type.iter().map(|said| said.value.0.clone()).collect();
        Some(Compression {
            codings: if codings.is_empty() { CODINGS.to_vec() } else { codings },
            types: if types.is_empty() { TYPES.map(str::to_owned).to_vec() } else { types },
            least: value(&self.said.compress_min_size).0,
            level,
            compresses_secrets: *value(&self.said.compress_secrets),
        })
    }

    fn refuse_compression_of_nothing(&mut self) {
        let origins = [
            ("--compress-coding", self.said.compress_coding.first().map(|said| said.origin.clone())),
            ("--compress-type", self.said.compress_type.first().map(|said| said.origin.clone())),
            ("--compress-min-size", written(&self.said.compress_min_size).map(|said| said.origin.clone())),
            ("--compress-level", written(&self.said.compress_level).map(|said| said.origin.clone())),
            ("--compress-secrets", written(&self.said.compress_secrets).map(|said| said.origin.clone())),
        ];
        for (flag, origin) in origins {
            if let Some(origin) = origin {
                self.tell(Diagnostic::without_effect(flag, "`--compress` is not given"), &origin);
            }
        }
    }
}
