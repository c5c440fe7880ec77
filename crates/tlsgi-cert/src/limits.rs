//! The bounds of what is read.

/// Largest certificate or key file. A chain of ten RSA-4096 certificates has under 30 KiB.
pub const FILE_BYTES: usize = 1 << 20;

/// Longest passphrase.
pub const PASSPHRASE_BYTES: usize = 1024;

/// Most iterations of the derivation that protects a key: some seconds. OpenSSL writes 2048, careful people a million.
pub const ITERATIONS: u32 = 10_000_000;

/// Most memory that the scrypt derivation of a key may take, times its lanes. OpenSSL writes 16 MiB.
pub const SCRYPT_BYTES: u64 = 256 << 20;

/// Most that is read of a system's bundle of roots; usual ones have 250 KiB.
pub const BUNDLE_BYTES: usize = 8 << 20;

/// Most certificates in the files of one source; clients refuse chains of more than ten.
pub const CERTIFICATES: usize = 64;

/// Most certificates in a file of authorities whose client certificates are accepted.
pub const AUTHORITIES: usize = 1024;

/// Largest file of revocation lists: about 200,000 entries.
pub const REVOCATION_BYTES: usize = 8 << 20;
