//! What the fields of a response say once its body is, or could have been, compressed.

use tlsgi_config::config::Coding;

use crate::http::field::{FieldBlock, list, walk};

/// The fields of a response that depends on `Accept-Encoding`: compressed, or as it was for this client.
pub(in super::super) fn coded(fields: &[u8], coding: Option<Coding>) -> Vec<u8> {
    let mut block = FieldBlock::default();
    let varies = walk(fields).any(|(_, name, value)| name == b"vary" && is_about_encoding(value));
    let mut is_merged = varies;
    for (_, name, value) in walk(fields) {
        let text = String::from_utf8_lossy(name);
        match (name, coding) {
            (b"vary", _) if !is_merged && !value.is_empty() => {
                is_merged = true;
                block.push(&text, &[value, b", accept-encoding"].concat());
            }
            // Compressed bytes are not those that a strong validator vouched for (RFC 9110 8.8.1).
            (b"etag", Some(_)) if value.starts_with(b"\"") => block.push(&text, &[b"W/", value].concat()),
            // Ranges would be of bytes that nobody has twice.
            (b"accept-ranges" | b"content-encoding", Some(_)) => {}
            _ => block.push(&text, value),
        }
    }
    if !is_merged {
        block.push("vary", b"accept-encoding");
    }
    if let Some(coding) = coding {
        block.push("content-encoding", coding.name().as_bytes());
    }
    block.encoded().to_vec()
}

fn is_about_encoding(vary: &[u8]) -> bool {
    list(vary).any(|name| name == b"*" || name.eq_ignore_ascii_case(b"accept-encoding"))
}
