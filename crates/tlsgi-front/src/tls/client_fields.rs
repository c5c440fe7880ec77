//! The request fields that tell an application of a verified client (RFC 9440).

use super::client_auth::Holder;
use tlsgi_wire::MAX_FIELD;

/// `Client-Cert`, and `Client-Cert-Chain` when the client sent further certificates. What fits no field is left out.
pub(crate) fn fields(holder: &Holder) -> Vec<(&'static str, String)> {
    let Some((own, issuers)) = holder.chain().split_first() else { return Vec::new() };
    let mut fields = vec![("client-cert", item(own))];
    if !issuers.is_empty() {
        let items: Vec<String> = issuers.iter().map(|issuer| item(issuer)).collect();
        fields.push(("client-cert-chain", items.join(", ")));
    }
    fields.retain(|(_, value)| value.len() <= MAX_FIELD);
    fields
}

/// A byte sequence of RFC 8941.
fn item(der: &[u8]) -> String {
    format!(":{}:", super::base64(der))
}
