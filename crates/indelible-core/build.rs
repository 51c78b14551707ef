//! Writes the catalogue's tables as Rust, from `catalogue/*.csv`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Every file of the catalogue: together they make its version.
const FILES: [&str; 8] = [
    "action_controls.csv",
    "actions.csv",
    "aliases.csv",
    "controls.csv",
    "extra_actions.csv",
    "pci_legacy_map.csv",
    "system_requirements.csv",
    "workflows.csv",
];

type Row = BTreeMap<String, String>;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=catalogue");
    let folder = Path::new("catalogue");
    let mut actions = rows(&folder.join("actions.csv"))?;
    actions.extend(rows(&folder.join("extra_actions.csv"))?);
    let aliases = rows(&folder.join("aliases.csv"))?;
    let workflows = rows(&folder.join("workflows.csv"))?;
    let names = checked_names(&actions);

    let mut tables = format!(
        "/// Names the content of the catalogue: a generation, and a digest of its files that\n\
         /// tells two contents apart but proves nothing.\n\
         pub const VERSION: &str = \"1-{:016x}\";\n\n",
        digest(folder)?
    );
    write_actions(&mut tables, &actions);
    write_workflows(&mut tables, &workflows, &names);
    write_aliases(&mut tables, &aliases, &names);

    let out = out_folder();
    fs::write(out.join("catalogue_tables.rs"), tables)?;
    fs::write(
        out.join("action_constants.rs"),
        constants(&actions, &aliases, &names),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "Cargo tells build scripts their folder only so"
)]
fn out_folder() -> PathBuf {
    PathBuf::from(std::env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR for build scripts"))
}

fn rows(path: &Path) -> io::Result<Vec<Row>> {
    let mut reader = csv::Reader::from_path(path)?;
    let header = reader.headers()?.clone();
    let named = |record: csv::StringRecord| {
        header
            .iter()
            .map(str::to_owned)
            .zip(record.iter().map(str::to_owned))
            .collect()
    };
    reader.records().map(|record| Ok(named(record?))).collect()
}

/// FNV-1a, 64 bits, over all files.
fn digest(folder: &Path) -> io::Result<u64> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for file in FILES {
        for byte in fs::read(folder.join(file))? {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Ok(hash)
}

/// The constant's name of each action; a catalogue that breaks its own rules breaks the build.
fn checked_names(actions: &[Row]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for row in actions {
        let (name, value) = (&row["action"], &row["value"]);
        assert_eq!(
            &name.to_lowercase(),
            value,
            "a value is its name in lower case"
        );
        assert!(
            names.insert(name.clone()),
            "{name} stands twice in the catalogue"
        );
    }
    names
}

fn cell<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).map_or("", String::as_str)
}

fn list(cell: &str) -> String {
    let items: Vec<_> = cell.split(';').filter(|item| !item.is_empty()).collect();
    format!("&{items:?}")
}

fn optional(cell: &str) -> String {
    if cell.is_empty() {
        "None".to_owned()
    } else {
        format!("Some({cell:?})")
    }
}

fn variant(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase())
        .into_iter()
        .chain(letters)
        .collect()
}

fn write_actions(out: &mut String, actions: &[Row]) {
    let mut text = format!("static ACTIONS: [CatalogueAction; {}] = [\n", actions.len());
    for row in actions {
        writeln!(
            text,
            "CatalogueAction {{ name: {:?}, value: {:?}, category: {:?}, stage: Outcome::{}, \
             workflow: {}, resource_type: {:?}, recommended_context: {}, personal_keys: {}, \
             secret_risk_keys: {} }},",
            row["action"],
            row["value"],
            row["category"],
            variant(&row["stage"]),
            optional(cell(row, "workflow")),
            row["resource_type"],
            list(cell(row, "recommended_context")),
            list(cell(row, "personal_keys")),
            list(cell(row, "secret_risk_keys")),
        )
        .expect("a String takes every text");
    }
    let mut order: Vec<usize> = (0..actions.len()).collect();
    order.sort_by_key(|at| &actions[*at]["value"]);
    out.push_str(&text);
    let length = order.len();
    write!(
        out,
        "];\n\nstatic ACTIONS_BY_VALUE: [u8; {length}] = {order:?};\n\n"
    )
    .expect("a String takes every text");
}

fn member(cell: &str, names: &BTreeSet<String>) -> String {
    assert!(
        cell.is_empty() || names.contains(cell),
        "{cell} is no action of the catalogue"
    );
    optional(&cell.to_lowercase())
}

fn write_workflows(out: &mut String, workflows: &[Row], names: &BTreeSet<String>) {
    writeln!(out, "static WORKFLOWS: [Workflow; {}] = [", workflows.len())
        .expect("a String takes every text");
    for row in workflows {
        let attempted = member(&row["attempted"], names);
        writeln!(
            out,
            "Workflow {{ name: {:?}, attempted: {}, succeeded: {}, failed: {}, denied: {}, \
             also_accepted_failure: {}, resolve_seconds: {} }},",
            row["workflow"],
            attempted.trim_start_matches("Some(").trim_end_matches(')'),
            member(&row["succeeded"], names),
            member(&row["failed"], names),
            member(&row["denied"], names),
            member(&row["also_accepted_failure"], names),
            row["suggested_resolve_seconds"],
        )
        .expect("a String takes every text");
    }
    out.push_str("];\n\n");
}

fn write_aliases(out: &mut String, aliases: &[Row], names: &BTreeSet<String>) {
    writeln!(out, "static ALIASES: [Alias; {}] = [", aliases.len())
        .expect("a String takes every text");
    for row in aliases {
        let canonical = &row["canonical"];
        let is_pattern = row["rule"] == "wildcard";
        let canonical = if is_pattern {
            "None".to_owned()
        } else {
            member(canonical, names)
        };
        writeln!(
            out,
            "Alias {{ name: {:?}, value: {:?}, canonical: {}, rule: AliasRule::{} }},",
            row["name"],
            row["value"],
            canonical,
            variant(&row["rule"]),
        )
        .expect("a String takes every text");
    }
    out.push_str("];\n");
}

fn constants(actions: &[Row], aliases: &[Row], names: &BTreeSet<String>) -> String {
    let mut out = "impl AuditAction {\n".to_owned();
    let mut table = Vec::new();
    for row in actions {
        let (name, value) = (&row["action"], &row["value"]);
        let mut facts = format!("Category {}, stage {}", row["category"], row["stage"]);
        let context = cell(row, "recommended_context").replace(';', "`, `");
        if !context.is_empty() {
            write!(facts, "; recommended context: `{context}`").expect("a String takes every text");
        }
        constant(&mut out, name, value, &format!("`{value}`. {facts}."));
        table.push((name, value));
    }
    for row in aliases.iter().filter(|row| row["rule"] == "alias") {
        let (name, value) = (&row["name"], &row["value"]);
        assert!(!names.contains(name), "{name} is an action and an alias");
        let canonical = &row["canonical"];
        let doc = format!("`{value}`, another name of [`AuditAction::{canonical}`].");
        constant(&mut out, name, value, &doc);
        table.push((name, value));
    }
    out.push_str("}\n\n");
    let length = table.len();
    writeln!(out, "const NAMES: [(&str, &str); {length}] = {table:?};")
        .expect("a String takes every text");
    out
}

fn constant(out: &mut String, name: &str, value: &str, doc: &str) {
    writeln!(
        out,
        "    /// {doc}\n    pub const {name}: Self = Self(Cow::Borrowed({value:?}));"
    )
    .expect("a String takes every text");
}
