//! One spelling of a statement for both kinds of stores.

use crate::place::Kind;

/// A statement with its words of the form `@word` or `@word(value)` replaced:
///
/// | word | stands for |
/// |---|---|
/// | `@at(300)` | the row of entry 300 of the trail `default` |
/// | `@of` | the rows of that trail |
/// | `@trail` | how rows name it |
/// | `@head` | its head |
/// | `@part` | the table that has the parts |
/// | `@random(16)`, `@zero(16)`, `@hex(7b7d)` | bytes |
/// | `@tick` | a microsecond |
pub fn expanded(statement: &str, kind: Kind) -> String {
    let mut out = String::new();
    let mut rest = statement;
    while let Some((before, after)) = rest.split_once('@') {
        out.push_str(before);
        let end = after
            .find(|c: char| !c.is_ascii_lowercase())
            .unwrap_or(after.len());
        let (word, after) = after.split_at(end);
        let value = after.strip_prefix('(').and_then(|it| it.split_once(')'));
        let takes_value = matches!(word, "at" | "random" | "zero" | "hex");
        let (value, after) = match value {
            Some((value, after)) if takes_value => (value, after),
            _ => ("", after),
        };
        out.push_str(&match kind {
            Kind::Sqlite => in_sqlite(word, value),
            Kind::Postgres => in_postgres(word, value),
        });
        rest = after;
    }
    out + rest
}

fn in_sqlite(word: &str, value: &str) -> String {
    let trail = "(SELECT trail FROM head WHERE name = 'default')";
    match word {
        "at" => format!("place = (SELECT trail << 40 | {value} FROM head WHERE name = 'default')"),
        "of" => format!("trail = {trail}"),
        "trail" => trail.to_owned(),
        "head" => "name = 'default'".to_owned(),
        "part" => "part".to_owned(),
        "random" => format!("randomblob({value})"),
        "zero" => format!("zeroblob({value})"),
        "hex" => format!("x'{value}'"),
        "tick" => "1".to_owned(),
        other => format!("@{other}"),
    }
}

fn in_postgres(word: &str, value: &str) -> String {
    match word {
        "at" => format!("(trail_id = 'default' AND seq = {value})"),
        "of" | "head" => "trail_id = 'default'".to_owned(),
        "trail" => "'default'".to_owned(),
        "part" => "entry".to_owned(),
        "random" => format!("substr(sha256(random()::text::bytea), 1, {value})"),
        "zero" => format!("decode(repeat('00', {value}), 'hex')"),
        "hex" => format!("decode('{value}', 'hex')"),
        "tick" => "interval '1 microsecond'".to_owned(),
        other => format!("@{other}"),
    }
}
