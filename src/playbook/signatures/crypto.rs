//! Keys and certificates; made by this program, not by the host. Pure data: names, types and defaults are those of
//! Ansible's own documentation; an argument that is missing here is not supported and refused
//! before anything runs.

use super::Kind::{Bool, Dict, Int, List, Path, Str};
use super::{FILE, Signature, opt};

/// The signatures of this file.
pub static ALL: &[Signature] = &[
    Signature {
        name: "community.crypto.openssl_privatekey",
        arguments: &[
            opt("backup", Bool).or("false"),
            opt("curve", Str).of(&[
                "secp224r1",
                "secp256k1",
                "secp256r1",
                "secp384r1",
                "secp521r1",
                "secp192r1",
                "brainpoolP256r1",
                "brainpoolP384r1",
                "brainpoolP512r1",
                "sect163k1",
                "sect163r2",
                "sect233k1",
                "sect233r1",
                "sect283k1",
                "sect283r1",
                "sect409k1",
                "sect409r1",
                "sect571k1",
                "sect571r1",
            ]),
            opt("force", Bool).or("false"),
            opt("format", Str).or("auto_ignore").of(&[
                "pkcs1",
                "pkcs8",
                "raw",
                "auto",
                "auto_ignore",
            ]),
            opt("format_mismatch", Str)
                .or("regenerate")
                .of(&["regenerate", "convert"]),
            opt("passphrase", Str).secret(),
            opt("path", Path).required(),
            opt("regenerate", Str).or("full_idempotence").of(&[
                "never",
                "fail",
                "partial_idempotence",
                "full_idempotence",
                "always",
            ]),
            opt("return_content", Bool).or("false"),
            opt("size", Int).or("4096"),
            opt("state", Str).or("present").of(&["absent", "present"]),
            opt("type", Str)
                .or("RSA")
                .of(&["DSA", "ECC", "Ed25519", "Ed448", "RSA", "X25519", "X448"]),
        ],
        shared: FILE,
        ..Signature::BASE
    },
    Signature {
        name: "community.crypto.openssl_csr",
        arguments: &[
            opt("backup", Bool).or("false"),
            opt("basic_constraints", List).aka(&["basicConstraints"]),
            opt("basic_constraints_critical", Bool)
                .aka(&["basicConstraints_critical"])
                .or("false"),
            opt("common_name", Str).aka(&["CN", "commonName"]),
            opt("country_name", Str).aka(&["C", "countryName"]),
            opt("digest", Str).or("sha256"),
            opt("email_address", Str).aka(&["E", "emailAddress"]),
            opt("extended_key_usage", List).aka(&["extKeyUsage", "extendedKeyUsage"]),
            opt("extended_key_usage_critical", Bool)
                .aka(&["extKeyUsage_critical", "extendedKeyUsage_critical"])
                .or("false"),
            opt("force", Bool).or("false"),
            opt("key_usage", List).aka(&["keyUsage"]),
            opt("key_usage_critical", Bool)
                .aka(&["keyUsage_critical"])
                .or("false"),
            opt("locality_name", Str).aka(&["L", "localityName"]),
            opt("organization_name", Str).aka(&["O", "organizationName"]),
            opt("organizational_unit_name", Str).aka(&["OU", "organizationalUnitName"]),
            opt("path", Path).required(),
            opt("privatekey_content", Str),
            opt("privatekey_passphrase", Str).secret(),
            opt("privatekey_path", Path),
            opt("return_content", Bool).or("false"),
            opt("state", Str).or("present").of(&["absent", "present"]),
            opt("state_or_province_name", Str).aka(&["ST", "stateOrProvinceName"]),
            opt("subject", Dict),
            opt("subject_alt_name", List).aka(&["subjectAltName"]),
            opt("subject_alt_name_critical", Bool)
                .aka(&["subjectAltName_critical"])
                .or("false"),
            opt("use_common_name_for_san", Bool)
                .aka(&["useCommonNameForSAN"])
                .or("true"),
        ],
        shared: FILE,
        exclusive: &[&["privatekey_path", "privatekey_content"]],
        ..Signature::BASE
    },
    Signature {
        name: "community.crypto.x509_certificate",
        arguments: &[
            opt("backup", Bool).or("false"),
            opt("csr_content", Str),
            opt("csr_path", Path),
            opt("force", Bool).or("false"),
            opt("ignore_timestamps", Bool).or("true"),
            opt("ownca_content", Str),
            opt("ownca_create_authority_key_identifier", Bool).or("true"),
            opt("ownca_create_subject_key_identifier", Str)
                .or("create_if_not_provided")
                .of(&["create_if_not_provided", "always_create", "never_create"]),
            opt("ownca_digest", Str).or("sha256"),
            opt("ownca_not_after", Str).or("+3650d"),
            opt("ownca_not_before", Str).or("+0s"),
            opt("ownca_path", Path),
            opt("ownca_privatekey_content", Str),
            opt("ownca_privatekey_passphrase", Str).secret(),
            opt("ownca_privatekey_path", Path),
            opt("ownca_version", Int).or("3").of(&["3"]),
            opt("path", Path).required(),
            opt("privatekey_content", Str),
            opt("privatekey_passphrase", Str).secret(),
            opt("privatekey_path", Path),
            opt("provider", Str).of(&["acme", "ownca", "selfsigned"]),
            // Ours: make it anew when it ends within this time (`+30d`).
            opt("renew_before", Str),
            opt("return_content", Bool).or("false"),
            opt("selfsigned_create_subject_key_identifier", Str)
                .or("create_if_not_provided")
                .of(&["create_if_not_provided", "always_create", "never_create"]),
            opt("selfsigned_digest", Str).or("sha256"),
            opt("selfsigned_not_after", Str)
                .aka(&["selfsigned_notAfter"])
                .or("+3650d"),
            opt("selfsigned_not_before", Str)
                .aka(&["selfsigned_notBefore"])
                .or("+0s"),
            opt("selfsigned_version", Int).or("3").of(&["3"]),
            opt("state", Str).or("present").of(&["absent", "present"]),
        ],
        shared: FILE,
        ..Signature::BASE
    },
    Signature {
        name: "community.crypto.openssh_keypair",
        arguments: &[
            opt("comment", Str),
            opt("force", Bool).or("false"),
            opt("path", Path).required(),
            opt("regenerate", Str).or("partial_idempotence").of(&[
                "never",
                "fail",
                "partial_idempotence",
                "full_idempotence",
                "always",
            ]),
            opt("size", Int),
            opt("state", Str).or("present").of(&["present", "absent"]),
            opt("type", Str)
                .or("rsa")
                .of(&["rsa", "dsa", "rsa1", "ecdsa", "ed25519"]),
        ],
        shared: FILE,
        ..Signature::BASE
    },
];
