//! ansible-vault texts made by ansible-core 2.19.14, and properties of ours.

use proptest::prelude::*;

use super::*;

const PLAIN: &str = "line one\nline two: {a: 1}\n";
const SALT: &[u8] = b"0123456789abcdef0123456789abcdef";

/// `ansible-vault encrypt` with `ANSIBLE_VAULT_ENCRYPT_SALT` set to [`SALT`].
const V11: &str = "\
$ANSIBLE_VAULT;1.1;AES256
33303331333233333334333533363337333833393631363236333634363536363330333133323333
3334333533363337333833393631363236333634363536360a623639666533653532653530383434
30386633613938653430636633316138616431316134383563386534623465373665356462386666
6663356637343161300a306434646439336636353364303738383930383761346362653563346632
65353939633936663261623932643035353430373062656433636132633266623164
";
/// The same with `--vault-id prod@…`.
const V12: &str = "\
$ANSIBLE_VAULT;1.2;AES256;prod
33303331333233333334333533363337333833393631363236333634363536363330333133323333
3334333533363337333833393631363236333634363536360a343761356462383636613937663762
61663339623061306133356439306465623865343739353365393337326334633964633337396265
6461306336376464300a656335343537636332383662643736653261623838623633353031663662
31643137646366353461383066616437336636336665666538646436326538303835
";

fn first() -> VaultPassword {
    VaultPassword::new("pass-word1")
}

fn prod() -> VaultPassword {
    VaultPassword::new("other").for_id("prod")
}

fn text(secret: &Secret<Vec<u8>>) -> String {
    String::from_utf8(secret.expose().clone()).unwrap()
}

#[test]
fn opens_what_ansible_sealed() {
    assert_eq!(text(&decrypt(V11, &[first()]).ok().unwrap()), PLAIN);
    assert_eq!(text(&decrypt(V12, &[first(), prod()]).ok().unwrap()), PLAIN);
    // Another id's password is tried too, as ansible does.
    let renamed = prod().for_id("else");
    assert_eq!(text(&decrypt(V12, &[renamed]).ok().unwrap()), PLAIN);
    // Indented, as a `!vault |` value cut from a file would be.
    let indented = V11.replace('\n', "\n    ");
    assert_eq!(text(&decrypt(&indented, &[first()]).ok().unwrap()), PLAIN);
}

#[test]
fn seals_the_same_bytes_as_ansible() {
    assert_eq!(encrypt_with_salt(PLAIN.as_bytes(), &first(), SALT), V11);
    assert_eq!(encrypt_with_salt(PLAIN.as_bytes(), &prod(), SALT), V12);
}

#[test]
fn says_why_it_cannot_open() {
    let error = |text: &str, passwords: &[VaultPassword]| decrypt(text, passwords).err().unwrap();
    assert_eq!(error(V11, &[]), VaultError::NoPassword);
    assert_eq!(error(V11, &[prod()]), VaultError::WrongPassword(1));
    assert_eq!(error("a: b", &[first()]), VaultError::NotAVault);
    assert_eq!(
        error("$ANSIBLE_VAULT;1.0;AES\n00", &[first()]),
        VaultError::Version("1.0".to_owned())
    );
    assert_eq!(
        error("$ANSIBLE_VAULT;1.1;AES\n00", &[first()]),
        VaultError::Cipher("AES".to_owned())
    );
    assert!(matches!(
        error("$ANSIBLE_VAULT;1.1;AES256\nxy", &[first()]),
        VaultError::Damaged(_)
    ));
    // One changed digit in the ciphertext is found before anything is decrypted.
    let changed = V11.trim_end().strip_suffix('4').unwrap().to_owned() + "5";
    assert_eq!(error(&changed, &[first()]), VaultError::WrongPassword(1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_was_sealed_opens(plain in proptest::collection::vec(any::<u8>(), 0..100)) {
        let sealed = encrypt(&plain, &first()).unwrap();
        prop_assert!(is_vault(sealed.as_bytes()));
        let opened = decrypt(&sealed, &[prod(), first()]).ok().unwrap();
        prop_assert_eq!(opened.expose(), &plain);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = decrypt(&format!("$ANSIBLE_VAULT;1.1;AES256\n{text}"), &[first()]);
        let _ = decrypt(&text, &[first()]);
    }
}
