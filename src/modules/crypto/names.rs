//! Names in requests and certificates, from Ansible's words.

use rcgen::{
    BasicConstraints, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
    SanType,
};

use crate::modules::{Failure, Given};

/// A subject from the arguments, in the order that Ansible gives it.
pub fn subject(given: &Given) -> Result<DistinguishedName, Failure> {
    let mut name = DistinguishedName::new();
    for (argument, kind) in [
        ("country_name", DnType::CountryName),
        ("state_or_province_name", DnType::StateOrProvinceName),
        ("locality_name", DnType::LocalityName),
        ("organization_name", DnType::OrganizationName),
        ("organizational_unit_name", DnType::OrganizationalUnitName),
        ("common_name", DnType::CommonName),
        ("email_address", email()),
    ] {
        if let Some(value) = given.some(argument) {
            name.push(kind, value);
        }
    }
    let more = given.get("subject").and_then(|s| s.as_object());
    for (field, value) in more.into_iter().flatten() {
        let kind = match field.as_str() {
            "C" | "countryName" => DnType::CountryName,
            "ST" | "stateOrProvinceName" => DnType::StateOrProvinceName,
            "L" | "localityName" => DnType::LocalityName,
            "O" | "organizationName" => DnType::OrganizationName,
            "OU" | "organizationalUnitName" => DnType::OrganizationalUnitName,
            "CN" | "commonName" => DnType::CommonName,
            "emailAddress" => email(),
            other => return Err(Failure::msg(format!("unknown subject field `{other}`"))),
        };
        name.push(kind, crate::modules::given::plain(value));
    }
    Ok(name)
}

fn email() -> DnType {
    DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1])
}

/// `DNS:x`, `IP:1.2.3.4`, `email:x`, `URI:x`.
pub fn alternative(text: &str) -> Result<SanType, Failure> {
    let bad = || Failure::msg(format!("Cannot parse Subject Alternative Name \"{text}\""));
    let (kind, value) = text.split_once(':').ok_or_else(bad)?;
    let value = value.trim();
    match kind.trim().to_lowercase().as_str() {
        "dns" => value.try_into().map(SanType::DnsName).map_err(|_| bad()),
        "ip" | "ip address" => value.parse().map(SanType::IpAddress).map_err(|_| bad()),
        "email" => value.try_into().map(SanType::Rfc822Name).map_err(|_| bad()),
        "uri" => value.try_into().map(SanType::URI).map_err(|_| bad()),
        _ => Err(bad()),
    }
}

/// A key usage by OpenSSL's short or long name.
pub fn usage(text: &str) -> Result<KeyUsagePurpose, Failure> {
    Ok(match folded(text).as_str() {
        "digitalsignature" => KeyUsagePurpose::DigitalSignature,
        "nonrepudiation" | "contentcommitment" => KeyUsagePurpose::ContentCommitment,
        "keyencipherment" => KeyUsagePurpose::KeyEncipherment,
        "dataencipherment" => KeyUsagePurpose::DataEncipherment,
        "keyagreement" => KeyUsagePurpose::KeyAgreement,
        "keycertsign" | "certificatesign" => KeyUsagePurpose::KeyCertSign,
        "crlsign" => KeyUsagePurpose::CrlSign,
        "encipheronly" => KeyUsagePurpose::EncipherOnly,
        "decipheronly" => KeyUsagePurpose::DecipherOnly,
        _ => return Err(Failure::msg(format!("Unknown key usage \"{text}\""))),
    })
}

/// An extended key usage by OpenSSL's short or long name.
pub fn extended(text: &str) -> Result<ExtendedKeyUsagePurpose, Failure> {
    Ok(match folded(text).as_str() {
        "serverauth" | "tlswebserverauthentication" => ExtendedKeyUsagePurpose::ServerAuth,
        "clientauth" | "tlswebclientauthentication" => ExtendedKeyUsagePurpose::ClientAuth,
        "codesigning" => ExtendedKeyUsagePurpose::CodeSigning,
        "emailprotection" | "e-mailprotection" => ExtendedKeyUsagePurpose::EmailProtection,
        "timestamping" => ExtendedKeyUsagePurpose::TimeStamping,
        "ocspsigning" => ExtendedKeyUsagePurpose::OcspSigning,
        "anyextendedkeyusage" => ExtendedKeyUsagePurpose::Any,
        _ => {
            return Err(Failure::msg(format!(
                "Unknown extended key usage \"{text}\""
            )));
        }
    })
}

fn folded(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_lowercase()
}

/// `CA:TRUE`, `pathlen:0`.
pub fn constraints(words: &[String]) -> Result<IsCa, Failure> {
    let mut ca = None;
    let mut depth = None;
    for word in words {
        match word
            .split_once(':')
            .map(|(k, v)| (k.trim().to_lowercase(), v.trim()))
        {
            Some((k, v)) if k == "ca" => ca = Some(v.eq_ignore_ascii_case("true")),
            Some((k, v)) if k == "pathlen" => depth = v.parse().ok(),
            _ => return Err(Failure::msg(format!("Unknown basic constraint \"{word}\""))),
        }
    }
    Ok(match (ca, depth) {
        (Some(true), Some(depth)) => IsCa::Ca(BasicConstraints::Constrained(depth)),
        (Some(true), None) => IsCa::Ca(BasicConstraints::Unconstrained),
        (Some(false), _) => IsCa::ExplicitNoCa,
        (None, _) => IsCa::NoCa,
    })
}
