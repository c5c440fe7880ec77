//! What the front told about client connections, by connection id, with the Python objects made from it.

use std::sync::Arc;

use tlsgi_wire::{Connection, Error, TlsFacts};

use crate::ids::Ids;

/// So many different ones are kept for the next connection.
const KEPT: usize = 8;

/// The facts of one client connection. `T` is what an interface makes of them, once a connection, and `C` what it makes of those that
/// connections share.
#[derive(Debug)]
pub(crate) struct Facts<T, C> {
    /// Client address; empty when not known.
    pub(crate) client: Box<str>,
    /// Client port.
    pub(crate) client_port: u16,
    /// What does not tell one client from another.
    pub(crate) common: Arc<Common<C>>,
    /// What the interface keeps with them.
    pub(crate) objects: T,
}

/// The facts that most connections to a server share.
#[derive(Debug)]
pub(crate) struct Common<C> {
    /// Local address, or the path of a Unix socket.
    pub(crate) server: Box<str>,
    /// Local port; 0 for a Unix socket.
    pub(crate) server_port: u16,
    /// The scheme the client used.
    pub(crate) is_https: bool,
    /// Present on TLS connections.
    pub(crate) tls: Option<Tls>,
    /// Further `environ` entries: names and values.
    pub(crate) environ: Vec<Pair>,
    /// What the interface keeps with them.
    pub(crate) objects: C,
}

/// Name and value of an `environ` entry.
pub(crate) type Pair = (Box<[u8]>, Box<[u8]>);

/// The facts of the `tls` extension.
#[derive(Debug)]
pub(crate) struct Tls {
    /// Wire number of the version.
    pub(crate) version: u16,
    /// IANA number of the suite.
    pub(crate) cipher_suite: u16,
    /// Server name from SNI.
    pub(crate) server_name: Box<str>,
    /// The server's leaf certificate, PEM.
    pub(crate) server_certificate: Box<str>,
    /// The client's chain, leaf first, as concatenated PEM.
    pub(crate) client_chain: Box<str>,
    /// RFC 4514 name of the client's leaf.
    pub(crate) client_name: Box<str>,
    /// Why the client's certificate was not accepted.
    pub(crate) client_error: Box<str>,
}

impl<C: Default> Common<C> {
    fn new(connection: &Connection<'_>) -> Result<Self, Error> {
        let environ = connection.environ.iter().map(|pair| pair.map(|(_, name, value)| (name.into(), value.into())));
        Ok(Self {
            server: connection.server.into(),
            server_port: connection.server_port,
            is_https: connection.is_https,
            tls: connection.tls.as_ref().map(Tls::new),
            environ: environ.collect::<Result<_, _>>()?,
            objects: C::default(),
        })
    }

    fn is_of(&self, connection: &Connection<'_>) -> bool {
        let is_tls_same = match (&self.tls, &connection.tls) {
            (Some(own), Some(facts)) => own.is_of(facts),
            (own, facts) => own.is_none() && facts.is_none(),
        };
        let mut own = self.environ.iter();
        let is_pair_same = |pair: Result<(u8, &[u8], &[u8]), Error>| {
            own.next().zip(pair.ok()).is_some_and(|(own, (_, name, value))| *own.0 == *name && *own.1 == *value)
        };
        is_tls_same
            && (&*self.server, self.server_port, self.is_https)
                == (connection.server, connection.server_port, connection.is_https)
            && connection.environ.iter().all(is_pair_same)
            && own.next().is_none()
    }
}

impl Tls {
    fn new(facts: &TlsFacts<'_>) -> Self {
        Self {
            version: facts.version,
            cipher_suite: facts.cipher_suite,
            server_name: facts.server_name.into(),
            server_certificate: facts.server_certificate.into(),
            client_chain: facts.client_chain.into(),
            client_name: facts.client_name.into(),
            client_error: facts.client_error.into(),
        }
    }

    fn is_of(&self, facts: &TlsFacts<'_>) -> bool {
        (self.version, self.cipher_suite) == (facts.version, facts.cipher_suite)
            && *self.server_name == *facts.server_name
            && *self.server_certificate == *facts.server_certificate
            && *self.client_chain == *facts.client_chain
            && *self.client_name == *facts.client_name
            && *self.client_error == *facts.client_error
    }
}

/// The connections that the front told a link about.
#[derive(Debug)]
pub(crate) struct FactTable<T, C> {
    by_id: Ids<Arc<Facts<T, C>>>,
    /// The latest first.
    known: Vec<Arc<Common<C>>>,
}

impl<T: Default, C: Default> FactTable<T, C> {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self { by_id: Ids::default(), known: Vec::new() }
    }

    /// Keeps a copy of the facts.
    ///
    /// # Errors
    /// A broken list of environ pairs.
    pub(crate) fn insert(&mut self, id: u32, connection: &Connection<'_>) -> Result<(), Error> {
        let common = self.common(connection)?;
        let facts = Facts {
            client: connection.client.into(),
            client_port: connection.client_port,
            common,
            objects: T::default(),
        };
        self.by_id.insert(id, Arc::new(facts));
        Ok(())
    }

    fn common(&mut self, connection: &Connection<'_>) -> Result<Arc<Common<C>>, Error> {
        let common = match self.known.iter().position(|known| known.is_of(connection)) {
            Some(at) => self.known.remove(at),
            None => Arc::new(Common::new(connection)?),
        };
        self.known.truncate(KEPT - 1);
        self.known.insert(0, Arc::clone(&common));
        Ok(common)
    }

    /// Forgets a connection; exchanges that still run keep their share of it.
    pub(crate) fn remove(&mut self, id: u32) {
        self.by_id.remove(&id);
    }

    /// The facts of a connection.
    ///
    /// # Errors
    /// The front never told about it.
    pub(crate) fn find(&self, id: u32) -> Result<&Arc<Facts<T, C>>, Error> {
        self.by_id.get(&id).ok_or(Error::UnknownExchange(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tlsgi_wire::{Direction, Encoder, Fields, Payload, decode};

    fn insert(table: &mut FactTable<(), ()>, id: u32, client_port: u16, server_name: &str, environ: &[(&str, &str)]) {
        let tls = TlsFacts {
            version: 0x0304,
            cipher_suite: 0x1301,
            server_name,
            server_certificate: "PEM",
            client_chain: "",
            client_name: "",
            client_error: "",
        };
        let facts = Connection {
            client: "127.0.0.1",
            client_port,
            server: "127.0.0.1",
            server_port: 443,
            is_https: true,
            tls: Some(tls),
            environ: Fields::EMPTY,
        };
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes).connection(id, &facts, environ.iter().copied());
        let (frame, _) = decode(&bytes, Direction::ToWorker).expect("valid").expect("whole");
        let Payload::Connection(connection) = frame.payload else { panic!("another frame") };
        table.insert(id, &connection).expect("inserted");
    }

    #[test]
    fn connections_that_differ_in_the_client_only_share_the_rest() {
        let mut table = FactTable::new();
        let cases: [(&str, &[(&str, &str)]); 6] = [
            ("a", &[("A", "1")]),
            ("a", &[("A", "1")]),
            ("b", &[("A", "1")]),
            ("a", &[("A", "2")]),
            ("a", &[("A", "1"), ("B", "1")]),
            ("a", &[]),
        ];
        for (id, (name, environ)) in (0..).zip(cases) {
            insert(&mut table, id, 1000, name, environ);
        }
        let common = |id| Arc::as_ptr(&table.find(id).expect("known").common);
        assert_eq!(common(0), common(1));
        for id in 2..6 {
            assert!((0..id).all(|other| common(id) != common(other)), "case {id}");
        }
        assert_eq!(table.find(1).expect("known").client_port, 1000);
    }

    #[test]
    fn of_many_different_ones_only_a_few_are_kept() {
        let mut table = FactTable::new();
        for id in 0..20 {
            insert(&mut table, id, 1000, &format!("name{id}"), &[]);
        }
        assert_eq!(table.known.len(), KEPT);
    }
}
