//! Every folder of real events into one trail, twice. They are not part of this project: as
//! `investigation::shared` has it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::desk::Desk;
use crate::investigation::shared::place;

/// Log types with a mapping of their own; any other is JSON objects.
const OF_SAAS: &[(&str, &str)] = &[
    ("AWS.CloudTrail", "cloudtrail"),
    ("Amazon.EKS.Audit", "kubernetes"),
    ("Azure.Audit", "azure"),
    ("Azure.MonitorActivity", "azure"),
    ("GCP.AuditLog", "gcp"),
    ("GSuite.ActivityEvent", "google-workspace"),
    ("GitHub.Audit", "github"),
    ("Microsoft365.Audit.AzureActiveDirectory", "microsoft365"),
    ("Microsoft365.Audit.SharePoint", "microsoft365"),
    ("Okta.SystemLog", "okta"),
    ("Slack.AuditLogs", "slack"),
];
/// Folders of many kinds, file by file.
const OF_PLASO: &[(&str, &str)] = &[
    ("azure_activity_log.jsonl", "azure"),
    ("gcp_logging.jsonl", "gcp"),
    ("microsoft_audit_log.jsonl", "microsoft365"),
    ("santa.log", "generic-text"),
    ("selinux.log", "auditd"),
    ("syslog_rsyslog_SyslogProtocol23Format", "syslog"),
    ("syslog_ssh.log", "syslog"),
];
/// Folders of one kind, with the records that they hold: lines or elements, and for auditd the
/// events that the 97 lines are.
const OF_ONE_KIND: &[(&str, &str, u64)] = &[
    ("auditd-go-libaudit", "auditd", 67),
    ("cloudtrail-invictus", "cloudtrail", 2_202),
    ("cloudtrail-stratus", "cloudtrail", 214),
    ("k8s-audit-audit2rbac", "kubernetes", 37),
    ("k8s-audit-falco", "kubernetes", 27),
    ("otrf-misc", "cloudtrail", 103),
    ("syslog-metron", "syslog", 103),
    ("windows-security-otrf", "windows", 20_106),
];

/// One call of `import`.
struct Call {
    folder: &'static str,
    format: &'static str,
    files: Vec<PathBuf>,
    records: u64,
}

/// The files of a folder other than its licence.
fn files(folder: &str) -> Option<Vec<PathBuf>> {
    let folder = place(folder)?;
    let listing = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<_> = listing.map(|item| item.expect("listed").path()).collect();
    files.retain(|path| !name(path).starts_with("LICENSE"));
    files.sort();
    Some(files)
}

fn name(path: &Path) -> String {
    path.file_name()
        .expect("a file")
        .to_string_lossy()
        .into_owned()
}

fn lines(path: &Path) -> u64 {
    let text = std::fs::read(path).expect("readable");
    let filled = |line: &&[u8]| !line.trim_ascii().is_empty();
    text.split(|byte| *byte == b'\n').filter(filled).count() as u64
}

fn calls() -> Option<Vec<Call>> {
    let mut calls = Vec::new();
    for (folder, format, records) in OF_ONE_KIND {
        let (files, records) = (files(folder)?, *records);
        calls.push(Call {
            folder,
            format,
            files,
            records,
        });
    }
    for file in files("saas-panther")? {
        let kind = name(&file).trim_end_matches(".ndjson").to_owned();
        let own = OF_SAAS.iter().find(|(name, _)| *name == kind);
        let format = own.map_or("generic-json", |(_, format)| format);
        let records = lines(&file);
        let same = calls
            .iter_mut()
            .find(|call| call.folder == "saas-panther" && call.format == format);
        match same {
            Some(call) => {
                call.records += records;
                call.files.push(file);
            }
            None => calls.push(Call {
                folder: "saas-panther",
                format,
                files: vec![file],
                records,
            }),
        }
    }
    for file in files("mixed-plaso")? {
        let of = OF_PLASO.iter().find(|(plaso, _)| *plaso == name(&file));
        let (_, format) = of.expect("every file of the folder has its format");
        // Of the two records of one event, one line is the other's.
        let records = lines(&file) - u64::from(name(&file) == "selinux.log");
        calls.push(Call {
            folder: "mixed-plaso",
            format,
            files: vec![file],
            records,
        });
    }
    Some(calls)
}

fn run(desk: &Desk, call: &Call) -> Value {
    let mut arguments = vec!["import", call.format, "--output", "json"];
    arguments.extend(call.files.iter().map(|path| path.to_str().expect("UTF-8")));
    let answered = desk.run(&arguments).fine();
    assert_eq!(answered.err, "", "{} {}", call.folder, call.format);
    answered.json()
}

#[test]
fn every_folder_is_imported_whole_and_the_second_time_adds_nothing() {
    let Some(calls) = calls() else { return };
    let desk = Desk::new();
    println!("| folder | format | read | recorded | duplicates | rejected | events/s |");
    let mut recorded_in_all = 0;
    for round in 1..=2 {
        for call in &calls {
            let summary = run(&desk, call);
            let [read, recorded, duplicates, rejected] =
                ["read", "recorded", "duplicates", "rejected"]
                    .map(|name| summary[name].as_u64().expect(name));
            let what = format!("{} as {}, round {round}", call.folder, call.format);
            assert_eq!(read, call.records, "{what}");
            assert_eq!(read, recorded + duplicates + rejected, "{what}");
            assert_eq!(rejected, 0, "{what}");
            if round == 2 {
                assert_eq!(recorded, 0, "{what}");
                continue;
            }
            recorded_in_all += recorded;
            let rate = read as f64 / summary["seconds"].as_f64().expect("a time").max(0.001);
            println!(
                "| {} | {} | {read} | {recorded} | {duplicates} | {rejected} | {rate:.0} |",
                call.folder, call.format
            );
        }
    }
    assert_eq!(
        desk.json(&["query", "--limit", "1"])["as_of"],
        recorded_in_all
    );
    desk.run(&["verify"]).fine();
}
