//! The whole program: the real binary, a real Python, real sockets.
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod abuse;
mod access_log;
mod announced;
mod as_documented;
mod as_printed;
mod authority;
mod command;
mod configuration;
mod first_page;
mod foreign_users;
mod framing;
mod handed_files;
mod harness;
mod http2;
mod inherited;
mod keys;
mod load;
mod mutual_tls;
mod private_ca;
mod privileges;
mod proxies;
mod resilience;
mod responses;
mod sites;
mod static_files;
mod supervisor;
mod tls;
mod units;
mod upstream;
mod where_express_differs;
