//! Seeded secrets are gone wherever they stand (T78, T79).

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use indelible_core::redact::Redactor;
use serde_json::{Value, json};

/// A value that no detector knows: only its name betrays it.
const SECRET: &str = "Wj7 plain-looking Q";

fn gone(value: &Value, secret: &str) {
    let mut redacted = value.clone();
    let found = Redactor::default_mask().redact_value(&mut redacted);
    assert!(
        !redacted.to_string().contains(secret),
        "{value} became {redacted}"
    );
    assert!(found.total > 0, "{value} was noted nowhere");
}

fn kept(value: Value) {
    let mut redacted = value.clone();
    let found = Redactor::default_mask().redact_value(&mut redacted);
    assert_eq!(redacted, value);
    assert_eq!(found.total, 0, "{value}: {found:?}");
}

fn masked(text: &str, expected: &str) {
    let redacted = Redactor::default_mask().redact_text(text);
    assert_eq!(
        redacted.map(|it| it.text).as_deref(),
        Some(expected),
        "{text}"
    );
}

#[test]
fn names_betray_secrets_in_every_spelling() {
    for name in [
        "password",
        "Password",
        "PASSWORD",
        "user_password",
        "userPassword",
        "user-password",
        "user.password",
        "passwordConfirmation",
        "password_2",
        "oldPassword",
        "newpassword",
        "dbpassword",
        "passwords",
        "passwd",
        "pwd",
        "passphrase",
        "pass",
        "pw",
        "contraseña",
        "пароль",
        "secret",
        "clientSecret",
        "client_secret",
        "CLIENT-SECRET",
        "secretAccessKey",
        "aws_secret_access_key",
        "SecretString",
        "token",
        "accessToken",
        "refresh_token",
        "id-token",
        "sessionToken",
        "X-Amz-Security-Token",
        "csrfToken",
        "xsrf_token",
        "jwt",
        "authorization",
        "Authorization",
        "Proxy-Authorization",
        "cookie",
        "Set-Cookie",
        "apiKey",
        "api_key",
        "APIKEY",
        "x-api-key",
        "stripe_api_key_live",
        "private_key",
        "privateKey",
        "ssh_private_key",
        "encryptionKey",
        "signing_key",
        "SharedAccessKey",
        "AccountKey",
        "access_key",
        "cvv",
        "cvv2",
        "CVC",
        "card_security_code",
        "pin",
        "userPin",
        "pin_code",
        "otp",
        "totp_secret",
        "one_time_code",
        "mfaCode",
        "verification_code",
        "recovery_codes",
        "credentials",
        "creds",
        "password_prod",
        "tokenForBob",
    ] {
        gone(&json!({ name: SECRET }), SECRET);
        gone(&json!({"deep": [{"er": { name: SECRET }}]}), SECRET);
        gone(&json!({ name: [SECRET, [SECRET]] }), SECRET);
    }
}

#[test]
fn what_is_no_text_is_as_secret() {
    for name in ["password", "secret", "token", "cvv", "pin", "otp", "apiKey"] {
        gone(&json!({ name: 902_713 }), "902713");
        gone(&json!({ name: -17.25 }), "17.25");
        gone(&json!({ name: [{"value": 902_713}] }), "902713");
    }
    let mut value = json!({"password": true, "card": 4_532_015_112_830_366_u64, "n": null});
    Redactor::default_mask().redact_value(&mut value);
    assert_eq!(
        value,
        json!({
            "password": "[REDACTED:password]", "card": "453201******0366", "n": null,
        })
    );
}

#[test]
fn objects_below_a_secret_name_keep_what_describes() {
    let mut value = json!({
        "api_key": {"id": "key_17", "type": "live", "key": SECRET, "user": {"email": "a@b.example"}},
        "password": {"old": SECRET, "new": SECRET, "changed_at": "2026-01-01", "expired": false},
        "cookies": {"sid": SECRET, "theme": SECRET},
        "authorization": {"action": "disks/delete", "scope": "/subscriptions/1", "token": SECRET},
        "credentials": {"accessKeyId": "ASIAIOSFODNN7EXAMPLE", "sessionToken": SECRET},
    });
    let found = Redactor::default_mask().redact_value(&mut value);
    assert_eq!(
        value,
        json!({
            "api_key": {
                "id": "key_17", "type": "live", "key": "[REDACTED:api-key]",
                "user": {"email": "a@b.example"},
            },
            "password": {
                "old": "[REDACTED:password]", "new": "[REDACTED:password]",
                "changed_at": "2026-01-01", "expired": false,
            },
            "cookies": {"sid": "[REDACTED:cookie]", "theme": "[REDACTED:cookie]"},
            "authorization": {
                "action": "disks/delete", "scope": "/subscriptions/1", "token": "[REDACTED:token]",
            },
            "credentials": {
                "accessKeyId": "ASIAIOSFODNN7EXAMPLE", "sessionToken": "[REDACTED:token]",
            },
        })
    );
    assert_eq!(found.total, 7);
}

#[test]
fn pairs_are_read_as_members() {
    for (name, member) in [("name", "value"), ("key", "Value"), ("Name", "NewValue")] {
        gone(&json!([{ name: "DB_PASSWORD", member: SECRET }]), SECRET);
        kept(json!([{ name: "DB_HOST", member: "db.example" }]));
    }
    let change = json!({"config_key": "smtp.password", "old_value": SECRET, "new_value": [SECRET]});
    gone(&change, SECRET);
    gone(&json!({"header": "Authorization", "value": SECRET}), SECRET);
    kept(json!({"name": "Reset of a forgotten password", "value": "opened"}));
}

#[test]
fn a_members_name_can_be_the_secret() {
    let mut value = json!({"by_card": {"4532015112830366": 3}, "ghp_a1b2c3d4e5f6g7h8i9j0k1": {}});
    let found = Redactor::default_mask().redact_value(&mut value);
    assert_eq!(
        value,
        json!({
            "by_card": {"453201******0366": 3}, "[REDACTED:github-token]": {},
        })
    );
    let pointers: Vec<_> = found
        .list
        .iter()
        .map(|place| place.pointer.as_str())
        .collect();
    assert_eq!(
        pointers,
        ["/[REDACTED:github-token]", "/by_card/453201******0366"]
    );
    let twins = json!({"4532015112830366": 1, "453201******0366": 2});
    let mut redacted = twins;
    Redactor::default_mask().redact_value(&mut redacted);
    assert_eq!(
        redacted,
        json!({"453201******0366": 2, "453201******0366~2": 1})
    );
}

#[test]
fn tokens_are_known_by_their_form() {
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let jwt = format!(
        "{}.{}.c2lnbmF0dXJl",
        part(r#"{"alg":"HS256"}"#),
        part(r#"{"sub":"1"}"#)
    );
    let jwe = format!(
        "{}..aXY.Y2lwaGVydGV4dA.dGFn",
        part(r#"{"alg":"dir","enc":"A256GCM"}"#)
    );
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----";
    let open = "-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKC";
    let drawn = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
    for (secret, rule) in [
        (jwt.clone(), "jwt"),
        (jwe, "jwt"),
        (pem.to_owned(), "private-key"),
        (pem.replace('\n', "\\n"), "private-key"),
        (open.to_owned(), "private-key"),
        (BASE64_STANDARD.encode(pem), "private-key"),
        (format!("ghp_{drawn}"), "github-token"),
        (format!("github_pat_{drawn}"), "github-token"),
        (format!("glpat-{drawn}"), "gitlab-token"),
        ("xoxb-1234567890-abcdefghij".to_owned(), "slack-token"),
        (format!("sk_live_{drawn}"), "stripe-key"),
        (format!("rk_test_{drawn}"), "stripe-key"),
        (format!("AIza{}", &drawn[..35]), "google-key"),
        (format!("ya29.{drawn}"), "google-key"),
        (
            format!("SG.{}.{}", &drawn[..22], &drawn[3..]),
            "sendgrid-key",
        ),
        (format!("sk-proj-{drawn}"), "openai-key"),
        (format!("npm_{drawn}"), "package-token"),
        (format!("hvs.{drawn}"), "vault-token"),
        (format!("12345678:AA{drawn}"), "telegram-token"),
        (format!("hf_{drawn}"), "service-token"),
        (format!("IQoJb3JpZ2luX2Vj{drawn}"), "aws-session-token"),
        (
            "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW".to_owned(),
            "password-hash",
        ),
    ] {
        let text = format!("found {secret}");
        masked(&text, &format!("found [REDACTED:{rule}]"));
        gone(&json!({"note": [{"x": text}]}), &secret);
    }
}

#[test]
fn secrets_within_texts_leave_the_rest() {
    for (text, expected) in [
        (
            r"tokens: [a, ['b', 7]], x: c",
            r"tokens: [[REDACTED:token], ['[REDACTED:token]', 7]], x: c",
        ),
        (
            "Authorization: Bearer abc",
            "Authorization: [REDACTED:authorization]",
        ),
        (
            "sent Bearer s3cr3t-t0ken ok",
            "sent Bearer [REDACTED:bearer] ok",
        ),
        ("bearer hunter2", "bearer [REDACTED:bearer]"),
        ("Basic dXNlcjpwYXNz", "Basic [REDACTED:basic]"),
        (
            "postgres://app:p%40ss@db/x",
            "postgres://app:[REDACTED:url-password]@db/x",
        ),
        (
            "redis://:hunter2@cache:6379",
            "redis://:[REDACTED:url-password]@cache:6379",
        ),
        (
            "https://a.example/cb?token=abc&x=1",
            "https://a.example/cb?token=[REDACTED:token]&x=1",
        ),
        (
            "/blob?se=2026&sig=a%2Fb",
            "/blob?se=2026&sig=[REDACTED:signature]",
        ),
        (
            "user=bob&password=hunter2",
            "user=bob&password=[REDACTED:password]",
        ),
        (
            "Server=db;Password=hunter2;X=1",
            "Server=db;Password=[REDACTED:password];X=1",
        ),
        (
            "password: hunter2, user: bob",
            "password: [REDACTED:password], user: bob",
        ),
        (
            r#"{"password":"hun\"ter2","a":1}"#,
            r#"{"password":"[REDACTED:password]","a":1}"#,
        ),
        (
            r#"{\"token\":\"abc\",\"a\":1}"#,
            r#"{\"token\":\"[REDACTED:token]\",\"a\":1}"#,
        ),
        (
            r#"{"tokens":["a","b"]}"#,
            r#"{"tokens":["[REDACTED:token]","[REDACTED:token]"]}"#,
        ),
        (
            "tool --api-key k1 --verbose",
            "tool --api-key [REDACTED:api-key] --verbose",
        ),
        ("PASSWORD = 'a b'", "PASSWORD = '[REDACTED:password]'"),
        (
            "Cookie: a=1; b=2\nHost: x",
            "Cookie: [REDACTED:cookie]\nHost: x",
        ),
        (
            "ALTER USER x IDENTIFIED BY 'q'",
            "ALTER USER x IDENTIFIED BY '[REDACTED:sql-password]'",
        ),
        (
            "<Password>hunter2</Password>",
            "<Password>[REDACTED:xml-secret]</Password>",
        ),
        (
            "curl -u bob:hunter2 x.example",
            "curl -u bob:[REDACTED:password] x.example",
        ),
        (
            "paid with 4532 0151 1283 0366.",
            "paid with 4532 01** **** 0366.",
        ),
    ] {
        masked(text, expected);
    }
}
