//! Media types by file name.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Media type of a file as `Content-Type` has it.
pub(super) fn media_type(name: &[u8]) -> String {
    let extension = Path::new(OsStr::from_bytes(name)).extension().and_then(OsStr::to_str).unwrap_or_default();
    let known = match extension.to_ascii_lowercase().as_str() {
        "js" | "mjs" | "cjs" => "text/javascript",
        "map" | "topojson" => "application/json",
        "ts" | "mts" => "video/mp2t",
        "gz" | "tgz" => "application/gzip",
        "zst" => "application/zstd",
        "ico" => "image/vnd.microsoft.icon",
        "m4a" => "audio/mp4",
        "toml" | "ini" | "lock" => "text/plain",
        _ => mime_guess::from_ext(extension).first_raw().unwrap_or("application/octet-stream"),
    };
    if known.starts_with("text/") { format!("{known}; charset=utf-8") } else { known.to_owned() }
}

/// Whether a file of this type may have a precompressed sibling: not when the format is compressed in itself.
pub(super) fn is_compressible(media_type: &str) -> bool {
    let (kind, subtype) = media_type.split_once('/').unwrap_or((media_type, ""));
    match kind {
        "audio" | "video" => false,
        "image" => ["svg+xml", "bmp", "vnd.microsoft.icon", "x-icon"].contains(&subtype),
        "font" => !subtype.starts_with("woff"),
        "application" => !matches!(subtype, "gzip" | "zstd" | "zip" | "x-7z-compressed" | "x-bzip2" | "x-xz"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_web_files() {
        for (name, expect) in [
            ("a.html", "text/html; charset=utf-8"),
            ("a.HTM", "text/html; charset=utf-8"),
            ("d.ir/a.css", "text/css; charset=utf-8"),
            ("a.min.js", "text/javascript; charset=utf-8"),
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("a.js.map", "application/json"),
            ("a.json", "application/json"),
            ("a.webmanifest", "application/manifest+json"),
            ("a.wasm", "application/wasm"),
            ("a.svg", "image/svg+xml"),
            ("a.avif", "image/avif"),
            ("a.webp", "image/webp"),
            ("a.woff2", "font/woff2"),
            ("a.txt", "text/plain; charset=utf-8"),
            ("a.pdf", "application/pdf"),
            ("a.tar.gz", "application/gzip"),
            ("a", "application/octet-stream"),
            ("css", "application/octet-stream"),
            ("a.nobodyknows", "application/octet-stream"),
        ] {
            assert_eq!(media_type(name.as_bytes()), expect, "{name}");
        }
    }

    #[test]
    fn compressed_formats_have_no_siblings() {
        assert!(["text/css", "application/json", "image/svg+xml", "font/ttf"].into_iter().all(is_compressible));
        assert!(!["image/png", "video/mp4", "font/woff2", "application/gzip"].into_iter().any(is_compressible));
    }
}
