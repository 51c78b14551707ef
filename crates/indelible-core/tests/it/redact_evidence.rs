//! What is no secret survives as it was: descriptions, identifiers (T85), markers (T84).

use indelible_core::redact::Redactor;
use serde_json::{Value, json};

fn kept(value: Value) {
    let mut redacted = value.clone();
    let found = Redactor::default_mask().redact_value(&mut redacted);
    assert_eq!(redacted, value);
    assert_eq!(found.total, 0, "{value}: {found:?}");
}

fn untouched(text: &str) {
    assert_eq!(Redactor::default_mask().redact_text(text), None, "{text}");
}

#[test]
fn descriptions_of_secrets_are_evidence() {
    kept(json!({
        "nextToken": "AAEAAclp8UFCJ7dny493eHEd80U02QjHYLN3", "NextPageToken": "x1",
        "passwordLastUsed": "2026-01-01", "pwdLastSet": 132_000_000_000_000_000_u64,
        "token_type": "bearer", "access_token_expires_in": 3600, "tokenId": "0123456789", "uniqueTokenIdentifier": "NDDD_DD",
        "secretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:app", "secretId": "app/db",
        "SecretVersionId": "83DAFE35-675A-49C6-A3CB-E80E7996AE01", "secretName": "default-token",
        "PasswordPolicy": {"minimumPasswordLength": 14, "maxPasswordAge": 90, "hardExpiry": true},
        "passwordResetRequired": false, "leakedPassword": "false", "httpTokens": "required",
    }));
    kept(json!({
        "FAILED_PASSWD_ATTEMPTS": 3, "max_tokens": 4096, "prompt_tokens": "17",
        "remaining_tokens": 5, "secret_scanning": "enabled", "sessionCredentialFromConsole": "true",
        "clientToken": "D37569A7-CF2F-4BD3-8DDE-F17AB408204D", "hashed_token": "0771cae4d170dc02=",
        "authorization.k8s.io/decision": "allow", "authorizationInfo": [{"granted": true}],
        "accessKeyId": "AKIAIOSFODNN7EXAMPLE", "access_key": "AKIAIOSFODNN7EXAMPLE",
        "secret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:app", "pwd": "/srv/app",
        "author": "Ann", "passenger": "Bob", "compass": "north", "secretary": "Eve",
        "keyboard": "qwerty", "pinned": "yes", "spin": "left", "tokenizer": "bpe", "dkim_pass": true,
        "password": null, "token": "", "elevatedToken": "%%1842",
    }));
}

#[test]
fn identifiers_are_evidence() {
    for text in [
        "00000000-0000-0000-0000-000000000000",
        "45320151-1283-4366-8532-015112830366",
        "1700000000000",
        "1700000000000000",
        "218007301253",
        "9223372036854775807",
        "AKIAIOSFODNN7EXAMPLE",
        "arn:aws:iam::123456789012:user/bob",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:app-AbCdEf",
        "S-1-5-21-1363495622-3806888128-621332882-1104",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "secretsmanager:GetSecretValue",
        "user:password:reset",
        "secret:default-token-9m2xw",
        r#"{"secret":{"secretName":"default-token-9m2xw"}}"#,
        "https://console.example:8443/a@b?page=2",
        "-----BEGIN CERTIFICATE-----\nMIIE3z\n-----END CERTIFICATE-----",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOtAlK45MAEWZ7MUY2QEmi3",
        "Basic authentication",
        "Bearer authentication",
        "invalid password: too short",
        "Password: must be longer",
        "Failed password for root from 10.0.0.1 port 22 ssh2",
        "Elevated Token:\t\tYes",
        "token_type=bearer",
        "nextToken=AAEAAclp8UFCJ7dny493",
        "the secret of success",
        "a.b.c",
        "eyebrow.pencil.brown",
    ] {
        untouched(text);
        kept(json!({"resource": text}));
    }
    kept(json!({"at": 1_700_000_000_000_u64, "account": 123_456_789_012_u64, "f": 4.5e15}));
}

#[test]
fn markers_pass_unnoted() {
    for marker in [
        "[REDACTED]",
        "[REDACTED:token]",
        "***",
        "********",
        "HIDDEN_DUE_TO_SECURITY_REASONS",
        "REMOVED",
        "[FILTERED]",
        "<redacted>",
        "(redacted)",
        "[HMAC:0123456789abcdef0123456789abcdef]",
    ] {
        kept(json!({"sessionToken": marker, "deep": [{"password": [marker]}]}));
        untouched(&format!("password=\"{marker}\""));
    }
    untouched("password=[REDACTED:password]&x=1");
    untouched("Cookie: [REDACTED:cookie]");
    untouched("password=*** user=bob");
}
