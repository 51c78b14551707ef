//! A synthetic twin of a Windows Security log: the records that the importer `windows` reads, of
//! one working week of a made-up company. The same lines every time.

use serde_json::{Map, Value, json};

/// The lines of the whole week.
pub const LINES: u32 = 20_000;
/// The days that they are of, in March 2026; each has as many.
const DAYS: [u32; 5] = [2, 3, 4, 5, 6];
const HOSTS: [&str; 4] = ["ws-01", "ws-02", "ws-03", "dc-01"];
const PEOPLE: [&str; 6] = ["alice", "bob", "carol", "dave", "erin", "frank"];
const PROGRAMS: [&str; 4] = [
    r"C:\Windows\System32\svchost.exe",
    r"C:\Windows\explorer.exe",
    r"C:\Program Files\Editor\editor.exe",
    r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe",
];

/// Who tries passwords, from where, on the night of the third day.
pub const GUESSED: &str = r"EXAMPLE\svc-backup";
pub const GUESSER: &str = "203.0.113.77";
/// How often it is tried in vain.
pub const GUESSES: u32 = 40;

/// The first `count` lines of the log.
pub fn lines(count: u32) -> String {
    let mut dice = Dice(7);
    let line = |n| format!("{}\n", record(n, &mut dice));
    (0..count).map(line).collect()
}

fn record(n: u32, dice: &mut Dice) -> Value {
    let in_day = n % (LINES / 5);
    let day = (n / (LINES / 5)) as usize;
    let mut own = match in_day {
        at if day == 2 && at < GUESSES => guess(at),
        at if day == 2 && at == GUESSES => logon("svc-backup", GUESSER, true),
        _ => ordinary(dice),
    };
    let time = time(DAYS[day], in_day);
    let rest = object(json!({
        "@timestamp": time,
        "TimeCreated": time,
        "EventTime": time,
        "RecordNumber": 480_000 + n,
        "Channel": "Security",
        "SourceName": "Microsoft-Windows-Security-Auditing",
        "ProviderGuid": "{54849625-5478-4994-a5ba-3e3b0328c30d}",
        "Level": "0",
    }));
    own.extend(rest);
    own.entry("Hostname")
        .or_insert_with(|| json!(format!("{}.example.test", dice.of(&HOSTS))));
    own.entry("Keywords")
        .or_insert_with(|| json!("0x8020000000000000"));
    Value::Object(own)
}

/// A tenth of a day's lines until eight, a tenth from six in the evening on.
fn time(day: u32, in_day: u32) -> String {
    let (a_tenth, all) = (LINES / 50, LINES / 5);
    let second = match in_day {
        at if at < a_tenth => at * 8 * 3600 / a_tenth,
        at if at >= all - a_tenth => (18 * 3600) + (at + a_tenth - all) * 6 * 3600 / a_tenth,
        at => (8 * 3600) + (at - a_tenth) * 10 * 3600 / (all - 2 * a_tenth),
    };
    format!(
        "2026-03-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        second / 3600,
        second / 60 % 60,
        second % 60,
        in_day % 1000
    )
}

fn ordinary(dice: &mut Dice) -> Map<String, Value> {
    let (person, program) = (dice.of(&PEOPLE), dice.of(&PROGRAMS));
    let inside = format!("10.20.{}.{}", dice.below(4), 10 + dice.below(40));
    let subject = object(json!({
        "SubjectUserSid": "S-1-5-21-1004336348-1177238915-682003330-1104",
        "SubjectUserName": person,
        "SubjectDomainName": "EXAMPLE",
        "SubjectLogonId": format!("0x{:x}", 0x3e000 + dice.below(512)),
    }));
    let (id, own, is_of_subject) = match dice.below(16) {
        0..4 => (
            5156,
            json!({
                "Application": r"\device\harddiskvolume2\windows\system32\svchost.exe",
                "Direction": "%%14593", "SourceAddress": inside, "SourcePort": "49678",
                "DestAddress": "198.51.100.20", "DestPort": "443", "Protocol": "6",
                "Message": "The Windows Filtering Platform has permitted a connection.",
            }),
            false,
        ),
        4..6 => (
            4658,
            json!({
                "ObjectServer": "Security", "HandleId": format!("0x{:x}", dice.below(65_536)),
                "ProcessId": "0x260", "ProcessName": program,
                "Message": "The handle to an object was closed.",
            }),
            true,
        ),
        6..8 => (
            4663,
            json!({
                "ObjectServer": "Security", "ObjectType": "File",
                "ObjectName": format!(r"\\fs-01\projects\plan-{:02}.docx", dice.below(30)),
                "AccessList": "%%4416\n\t\t\t\t", "AccessMask": "0x1", "ProcessName": program,
                "Message": "An attempt was made to access an object.",
            }),
            true,
        ),
        8..10 => (
            4688,
            json!({
                "NewProcessId": format!("0x{:x}", 4096 + dice.below(4096)),
                "NewProcessName": program, "CommandLine": format!("\"{program}\" -Embedding"),
                "TokenElevationType": "%%1936", "ProcessId": "0x300",
                "Message": "A new process has been created.\r\n\r\nCreator Subject:\r\n\tSecurity ID",
            }),
            true,
        ),
        10 => (
            4689,
            json!({
                "ProcessName": program, "Status": "0x0", "ProcessId": "0xc80",
                "Message": "A process has exited.",
            }),
            true,
        ),
        11 => (
            4672,
            json!({
                "PrivilegeList": "SeBackupPrivilege\n\t\t\tSeRestorePrivilege",
                "Message": "Special privileges assigned to new logon.",
            }),
            true,
        ),
        12 => (
            5379,
            json!({
                "TargetName": "MicrosoftAccount:target=SSO_POP_Device", "ReadOperation": "%%8100",
                "CountOfCredentialsReturned": "0",
                "Message": "Credential Manager credentials were read.",
            }),
            true,
        ),
        13 => return logoff(person),
        _ => return logon(person, &inside, dice.below(20) > 0),
    };
    let mut all = object(own);
    all.insert("EventID".to_owned(), json!(id));
    if is_of_subject {
        all.extend(subject);
    }
    all
}

fn guess(at: u32) -> Map<String, Value> {
    let mut all = logon("svc-backup", GUESSER, false);
    all.insert("IpPort".to_owned(), json!((50_000 + at).to_string()));
    all.insert("Hostname".to_owned(), json!("dc-01.example.test"));
    all
}

fn logon(person: &str, address: &str, is_let_in: bool) -> Map<String, Value> {
    let (id, keywords, message) = if is_let_in {
        (
            4624,
            "0x8020000000000000",
            "An account was successfully logged on.",
        )
    } else {
        (4625, "0x8010000000000000", "An account failed to log on.")
    };
    let all = json!({
        "EventID": id, "Keywords": keywords, "Message": message,
        "TargetUserName": person, "TargetDomainName": "EXAMPLE", "LogonType": "3",
        "LogonProcessName": "NtLmSsp ", "IpAddress": address, "IpPort": "50123",
        "WorkstationName": "-",
    });
    object(all)
}

fn logoff(person: &str) -> Map<String, Value> {
    object(json!({
        "EventID": 4634, "TargetUserName": person, "TargetDomainName": "EXAMPLE",
        "LogonType": "3", "Message": "An account was logged off.",
    }))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(all) => all,
        other => panic!("{other} is no object"),
    }
}

/// Numbers that are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn of<'a>(&mut self, these: &[&'a str]) -> &'a str {
        these[self.below(these.len() as u64) as usize]
    }
}
