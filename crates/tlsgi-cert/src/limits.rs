//! The bounds of what is read.

/// Largest certificate or key file. A chain of ten RSA-4096 certificates has under 30 KiB.
pub const FILE_BYTES: usize = 1 << 20;

/// Most certificates in the files of one source; clients refuse chains of more than ten.
pub const CERTIFICATES: usize = 64;
