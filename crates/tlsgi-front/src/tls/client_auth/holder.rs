//! The client at the other end of a connection: the chain that it showed, and what the rules said of it.

use std::cell::{OnceCell, RefCell};

use rustls::pki_types::CertificateDer;
use smallvec::SmallVec;
use tlsgi_cert::client::{Identity, Rejection, verify};

use super::Standing;
use super::allow::is_allowed;
use super::policy::ClientPolicy;

/// Verdicts that a connection remembers: more are needed only while files change.
const REMEMBERED: usize = 8;

/// A client that proved to have the key of its certificate.
#[derive(Debug)]
pub(crate) struct Holder {
    chain: Vec<CertificateDer<'static>>,
    identity: OnceCell<Option<Identity>>,
    verdicts: RefCell<SmallVec<[Verdict; 2]>>,
}

/// What one rule said, with the files of one generation.
#[derive(Debug, Clone, Copy)]
struct Verdict {
    generation: u64,
    rule: usize,
    /// Good until this second.
    outcome: Result<i64, Rejection>,
}

impl Holder {
    /// The chain of a handshake or of the session that was resumed, the client's own certificate first.
    pub(crate) fn new(chain: &[CertificateDer<'_>]) -> Self {
        Self {
            chain: chain.iter().map(|certificate| certificate.clone().into_owned()).collect(),
            identity: OnceCell::new(),
            verdicts: RefCell::default(),
        }
    }

    /// What it showed.
    pub(crate) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// What its certificate says; none when it cannot be read.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        let read = || self.chain.first().and_then(|own| Identity::read(own));
        self.identity.get_or_init(read).as_ref()
    }

    /// What a rule says of it now. Remembered until a certificate or a list runs out, or a file changes.
    pub(crate) fn standing(&self, policy: &ClientPolicy, rule: usize, now: i64) -> Standing {
        match self.verdict(policy, rule, now) {
            Ok(_) => Standing::Verified,
            Err(rejection) => Standing::Rejected(rejection),
        }
    }

    /// Until which second a rule goes on accepting it, if no file changes.
    pub(crate) fn verdict(&self, policy: &ClientPolicy, rule: usize, now: i64) -> Result<i64, Rejection> {
        let trust = policy.trust();
        let mut verdicts = self.verdicts.borrow_mut();
        let is_this = |verdict: &Verdict| verdict.generation == trust.generation && verdict.rule == rule;
        let known = verdicts.iter().position(is_this);
        if let Some(verdict) = known.and_then(|at| verdicts.get(at)).filter(|verdict| verdict.holds(now)) {
            return verdict.outcome;
        }
        let authorities = trust.authorities.get(rule).ok_or(Rejection::UnknownAuthority { is_self_signed: false })?;
        let mut outcome = verify(&self.chain, authorities, &trust.lists, policy.demands(), now);
        if outcome.is_ok() && !self.is_let_in(policy, rule) {
            outcome = Err(Rejection::NotAllowed);
        }
        if let Some(at) = known {
            verdicts.remove(at);
        }
        if verdicts.len() >= REMEMBERED {
            verdicts.clear();
        }
        verdicts.push(Verdict { generation: trust.generation, rule, outcome });
        outcome
    }

    fn is_let_in(&self, policy: &ClientPolicy, rule: usize) -> bool {
        let Some(rule) = policy.rule(rule) else { return false };
        rule.allow.is_empty() || self.identity().is_some_and(|identity| is_allowed(identity, &rule.allow))
    }
}

impl Verdict {
    const fn holds(&self, now: i64) -> bool {
        match self.outcome {
            Ok(until) => now <= until,
            Err(Rejection::NotYetValid { at, .. }) => now < at,
            // Time heals nothing else.
            Err(_) => true,
        }
    }
}
