//! HTTP/2 over one connection.

use std::rc::Rc;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::serve::Session;

/// Serves one connection to its end.
pub(crate) async fn serve<IO: AsyncRead + AsyncWrite + Unpin>(_io: IO, _session: Rc<Session>) {}
