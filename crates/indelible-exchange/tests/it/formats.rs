//! The shipped mappings, each on records that its source might write.

use indelible_core::{AuditEvent, Outcome};
use indelible_exchange::{Mapping, plan};

use crate::fixture::{Read, importer, note, sample};

/// Action, outcome, resource type and id, actor and address of an event, in one line.
fn line(event: &AuditEvent) -> String {
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let outcome = event.outcome.map_or("-", Outcome::as_str);
    format!(
        "{} {outcome} {} {} {} {}",
        event.action,
        event.resource_type,
        or(&event.resource_id),
        or(&event.user_id),
        or(&event.ip_address)
    )
}

fn read(mapping: &str, file: &str) -> Read {
    Read::of(importer(mapping).read(plan(&[sample(file)]).expect("it is there")))
}

#[track_caller]
fn events(mapping: &str, file: &str, expected: &[&str]) -> Vec<AuditEvent> {
    let first = read(mapping, file);
    assert_eq!(first.ids(), read(mapping, file).ids(), "the same again");
    let events = first.all();
    let lines: Vec<String> = events.iter().map(line).collect();
    assert_eq!(lines, expected);
    for event in &events {
        assert!(event.check().is_ok(), "{event:?}");
        assert!(event.context.is_some(), "the record is kept: {event:?}");
    }
    events
}

fn times(events: &[AuditEvent]) -> Vec<String> {
    let time = |event: &AuditEvent| {
        event
            .occurred_at
            .map_or("-".into(), |time| time.to_string())
    };
    events.iter().map(time).collect()
}

#[test]
fn windows() {
    let events = events(
        "windows",
        "windows.ndjson.gz",
        &[
            r"user_login_success succeeded windows.host pc-1.example.com EXAMPLE\eve 203.0.113.9",
            r"user_login_failed failed windows.host pc-1.example.com admin -",
            r"admin_user_created succeeded windows.user EXAMPLE\mallory EXAMPLE\root -",
            r"user_password_change_failed failed windows.user EXAMPLE\mallory EXAMPLE\mallory -",
            r"windows.audit_log_cleared succeeded windows.host dc-1.example.com EXAMPLE\mallory -",
            r"windows.object_accessed succeeded windows.object C:\ledger.xlsx EXAMPLE\mallory -",
            r"windows.object_accessed succeeded windows.object C:\ledger.xlsx EXAMPLE\mallory -",
            r"admin_user_deleted succeeded windows.host dc-2.example.com EXAMPLE\root -",
            r"windows.49999 succeeded windows.host dc-1.example.com - -",
        ],
    );
    assert_eq!(
        times(&events)[0],
        "2026-03-01T08:15:02.125000Z",
        "not the local time"
    );
    assert_eq!(times(&events)[2], "2026-03-01T08:16:00.500123Z");
    assert_eq!(events[0].correlation_id.as_deref(), Some("0x8f3a1"));
    assert_ne!(events[5].id, events[6].id, "the same twice is two events");
    assert!(note(&events[8], "occurred_at", "missing").is_some());
}

#[test]
fn kubernetes() {
    let events = events(
        "kubernetes",
        "kubernetes.ndjson",
        &[
            "k8s.secrets.get attempted k8s.secrets pay/db alice 198.51.100.4",
            "secret_accessed succeeded k8s.secrets pay/db alice 198.51.100.4",
            "role_assignment_failed denied k8s.clusterrolebindings \
             /apis/rbac.authorization.k8s.io/v1/clusterrolebindings system:admin ::1",
            "k8s.pods.exec.create succeeded k8s.pods pay/web-0 system:anonymous -",
            "k8s.get failed k8s.api /healthz system:kube-probe -",
            "k8s.unknown completed k8s.api - - -",
            "k8s.core.v1.pods.create denied k8s.api core/v1/namespaces/pay/pods/x \
             anna@example.com 203.0.113.16",
            "k8s.pods.delete succeeded k8s.pods pay/x - -",
        ],
    );
    assert_ne!(events[0].id, events[1].id, "each stage is an event");
    assert_eq!(events[0].correlation_id, events[1].correlation_id);
    assert_eq!(events[0].tags, ["actor.privileged"]);
    assert_eq!(events[2].on_behalf_of.as_deref(), Some("bob"));
    assert_eq!(times(&events)[1], "2026-03-01T08:00:00.012345Z");
}

#[test]
fn okta() {
    let events = events(
        "okta",
        "okta.ndjson",
        &[
            "user_login_success succeeded okta.organisation - anna@example.com 203.0.113.7",
            "user_login_failed failed okta.organisation - bob@example.com 203.0.113.8",
            "role_assigned succeeded okta.user bob@example.com anna@example.com -",
            "okta.policy.evaluate_sign_on attempted okta.organisation - 00u3 -",
            "okta.app.unheard_of denied okta.organisation - - -",
        ],
    );
    let id = events[0].id.expect("an id").to_string();
    assert_eq!(id, "b1f0c9d0-5d6e-11ee-8c99-0242ac120002");
    assert_eq!(times(&events)[3], "2026-03-01T08:00:03.500000Z");
    assert_eq!(events[2].tags, ["actor.privileged"]);
    assert!(note(&events[4], "occurred_at", "unreadable").is_some());
    assert!(note(&events[4], "action", "characters_replaced").is_some());
}

#[test]
fn github() {
    let events = events(
        "github",
        "github.ndjson",
        &[
            "role_assigned succeeded github.user newbie octo 198.51.100.20",
            "github.protected_branch.policy_override succeeded github.repository example/app \
             octo -",
            "github.git.push succeeded github.repository example/app bot[bot] -",
        ],
    );
    assert_eq!(times(&events)[1], "2026-03-01T08:00:01.000000Z");
    assert_eq!(events[1].tags, ["actor.privileged"]);
    assert_eq!(events[2].tags, ["actor.service"]);
}

#[test]
fn google_workspace() {
    let events = events(
        "google-workspace",
        "google-workspace.ndjson",
        &[
            "user_login_failed failed google.login - anna@example.com 203.0.113.1",
            "admin_user_created succeeded google.user new@example.com root@example.com -",
            "google.drive.download succeeded google.drive d-1 2 -",
        ],
    );
    assert_eq!(times(&events)[2], "2026-03-01T08:00:02.500000Z");
    assert_eq!(events[1].tags, ["actor.privileged"]);
}

#[test]
fn gcp() {
    let events = events(
        "gcp",
        "gcp.ndjson",
        &[
            "api_key_created succeeded gcp.service_account projects/-/serviceAccounts/1 \
             anna@example.com 203.0.113.5",
            "gcp.storage.storage.objects.get denied gcp.gcs_bucket \
             projects/_/buckets/b/objects/o x@p.iam.gserviceaccount.com -",
            "gcp.compute.v1.compute.instances.delete attempted gcp.gce_instance \
             projects/p/zones/z/instances/i anna@example.com -",
        ],
    );
    assert_eq!(
        times(&events)[0],
        "2026-03-01T08:00:00.123456Z",
        "of nine digits, six"
    );
    assert_ne!(
        events[0].id, events[1].id,
        "an id is unique within its log only"
    );
    assert_eq!(events[1].tags, ["actor.service"]);
}

#[test]
fn azure() {
    let events = events(
        "azure",
        "azure.ndjson",
        &[
            "azure.microsoft.compute/virtualmachines/delete succeeded \
             azure.microsoft.compute/virtualmachines /subscriptions/s/vm anna@example.com \
             203.0.113.2",
            "role_assignment_failed denied azure.administrative /SUBSCRIPTIONS/S/PROVIDERS/X \
             bob@example.com 203.0.113.3",
            "user_login_failed failed azure.signinlogs - carol@example.com 203.0.113.4",
        ],
    );
    assert_eq!(events[0].tags, ["actor.privileged"]);
    assert_eq!(times(&events)[0], "2026-03-01T08:00:00.123456Z");
}

#[test]
fn microsoft365() {
    let events = events(
        "microsoft365",
        "microsoft365.ndjson",
        &[
            "user_login_failed failed m365.azureactivedirectory app-1 anna@example.com \
             203.0.113.6",
            "audit_config_changed succeeded m365.exchange Admin Audit Log Settings \
             root@example.com -",
            "m365.onedrive.FileDownloaded completed m365.onedrive \
             https://example.com/a b.docx bob@example.com -",
        ],
    );
    assert_eq!(
        times(&events)[0],
        "2026-03-01T08:00:00.000000Z",
        "UTC without saying so"
    );
    assert_eq!(events[1].tags, ["actor.privileged"]);
    assert_eq!(
        note(&events[2], "id", "derived").unwrap()["was"],
        "not-a-uuid"
    );
}

#[test]
fn slack() {
    let events = events(
        "slack",
        "slack.ndjson",
        &[
            "user_login_success succeeded slack.user anna@example.com anna@example.com \
             203.0.113.10",
            "role_assigned succeeded slack.user W3 W2 -",
        ],
    );
    assert_eq!(events[1].tags, ["actor.privileged"]);
    assert_eq!(times(&events)[0], "2026-03-01T08:00:00.000000Z");
}

#[test]
fn auditd() {
    let events = events(
        "auditd",
        "auditd.log",
        &[
            "auditd.syscall succeeded linux.program /usr/bin/cat 1000 -",
            "user_login_failed failed linux.user eve eve 203.0.113.11",
            "auditd.avc denied linux.host - 48 -",
            "auditd.unknown completed linux.host - - -",
            "audit_config_changed succeeded linux.host web-1 0 -",
        ],
    );
    assert_eq!(times(&events)[0], "2026-03-01T08:00:00.295000Z");
    let context = events[0].context.as_ref().expect("the record");
    assert_eq!(
        context["lines"].as_array().map(Vec::len),
        Some(3),
        "of all its lines"
    );
    assert_eq!(context["records"][1]["fields"]["a1"], "/etc/shadow");
    assert_eq!(events[0].tags, ["actor.privileged"]);
    let odd = &events[3];
    assert!(note(odd, "context", "unparsed").is_some());
    assert_eq!(
        odd.context.as_ref().unwrap()["line"],
        "type=EMPTYDATE msg=audit(): no date"
    );
}

#[test]
fn syslog() {
    let read = |year| {
        let sources = plan(&[sample("syslog.log")]).expect("it is there");
        Read::of(importer("syslog").year(Some(year)).read(sources)).all()
    };
    let events = read(2026);
    let lines: Vec<String> = events.iter().map(line).collect();
    let expected = [
        "user_login_success succeeded syslog.host web-1 anna 203.0.113.12",
        "user_login_failed failed syslog.host web-1 eve 203.0.113.13",
        "syslog.app completed syslog.host web-2 - -",
        "syslog.app completed syslog.host web-1 - -",
        "syslog.message completed syslog.host - - -",
    ];
    assert_eq!(lines, expected);
    assert_eq!(
        times(&events)[..3],
        [
            "2026-03-01T07:00:00.251122Z",
            "2026-03-01T09:00:00.000000Z",
            "2026-12-31T23:59:59.000000Z",
        ]
    );
    let assumed = note(&events[1], "occurred_at", "assumed").expect("it is noted");
    assert_eq!(
        (&assumed["year"], &assumed["from"]),
        (&2026.into(), &"year".into())
    );
    assert!(events[0].notes.is_empty(), "{:?}", events[0].notes);
    assert!(note(&events[4], "context", "unparsed").is_some());
    assert_eq!(times(&read(2025))[1], "2025-03-01T09:00:00.000000Z");
}

#[test]
fn cef() {
    let events = events(
        "cef",
        "cef.log",
        &[
            "cef.fire_wall.100 denied cef.request https://x/?q=1 anna 203.0.113.14",
            "cef.vault.open succeeded cef.device Vault - -",
            "cef.unknown completed cef.device - - -",
        ],
    );
    assert_eq!(times(&events)[0], "2026-03-01T08:00:00.123000Z");
    let context = events[0].context.as_ref().expect("the record");
    assert_eq!(context["extension"]["msg"], "a = b | c");
    assert!(note(&events[1], "occurred_at", "unreadable").is_some());
    assert!(note(&events[2], "context", "unparsed").is_some());
}

#[test]
fn anything_else_is_taken_by_the_generic_mappings() {
    let json = events(
        "generic-json",
        "generic.ndjson",
        &[
            "refund failed record - anna@example.com 203.0.113.15",
            "event_recorded completed record - - -",
            "event_recorded completed record - - -",
        ],
    );
    assert_eq!(
        times(&json)[..2],
        ["2026-03-01T08:00:00.500000Z", "2026-03-01T08:00:01.000000Z"]
    );
    let text = read("generic-text", "syslog.log").all();
    assert_eq!(text.len(), 5);
    assert!(
        text.iter()
            .all(|event| event.action == "event_recorded" && event.notes.is_empty())
    );
}

#[test]
fn lines_of_text_are_looked_for_in_a_folder_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes);
    put("a.log", b"one\ntwo\n").expect("a disk");
    put("b.bin", b"\x7FELF\x02\x01").expect("a disk");
    put("c.log", b"").expect("a disk");
    put("d.json", b"{}\n").expect("a disk");
    let sources = plan(&[folder.path()]).expect("a folder");
    let read = Read::of(importer("generic-text").read(sources));
    assert_eq!(read.records.len(), 3);
    let reasons: Vec<&str> = read
        .skipped
        .iter()
        .map(|(_, reason)| reason.as_str())
        .collect();
    assert_eq!(reasons, ["not text", "empty"]);
}

#[test]
fn every_shipped_mapping_has_its_test_and_its_text() {
    let tested = include_str!("formats.rs");
    for name in Mapping::shipped_names() {
        let text = Mapping::shipped_text(name).expect("it is shipped");
        assert_eq!(Mapping::parse(text).expect(name).name(), name);
        let elsewhere = ["audit-table", "cloudtrail", "ndjson"].contains(&name);
        assert!(
            elsewhere || tested.contains(&format!("\"{name}\"")),
            "{name}"
        );
    }
}
