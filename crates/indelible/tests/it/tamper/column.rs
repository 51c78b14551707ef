//! One value of each column.

use crate::place::{Kind, Place, on_both};

use super::{Scene, row};

on_both! {
    every_column_of_every_table_of_evidence_is_verified,
}

async fn every_column_of_every_table_of_evidence_is_verified(kind: Kind) {
    let scene = Scene::make(kind).await;
    let columns = scene.copy().columns();
    assert!(columns.len() > 40, "{columns:?}");
    println!("{:<62} {:>4}  found", "one value altered", "seq");
    let mut missed = Vec::new();
    // By how much counts may still fall beside a removal: no answer follows from it, and counts are
    // derived again.
    let evidence = columns.into_iter().filter(|(_, column)| column != "owed");
    for (table, column) in evidence {
        let name = format!("{table}.{column}");
        let place = scene.copy();
        alter_one(&place, &table, &column);
        let report = scene.verified(&place).await;
        let report = report.unwrap_or_else(|error| panic!("{name}: {error}"));
        println!("{}", row(&name, &report));
        if report.ok {
            missed.push(name);
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
}

/// Alters the value of a column in one row of the trail `default`, whatever its type.
fn alter_one(place: &Place, table: &str, column: &str) {
    place.beneath(&match place {
        // A trail of which nothing was removed has no row.
        Place::File(_) if table == "kept" => {
            "INSERT INTO kept SELECT trail, 300, 0 FROM head WHERE name = 'default'".to_owned()
        }
        Place::Server(_) if table == "kept" => {
            "INSERT INTO kept (trail_id, first_kept, owed) VALUES ('default', 300, 0)".to_owned()
        }
        Place::File(_) => in_sqlite(table, column),
        Place::Server(_) => in_postgres(place, table, column),
    });
}

fn in_sqlite(table: &str, column: &str) -> String {
    let trail = "(SELECT trail FROM head WHERE name = 'default')";
    let of_trail = match table {
        "entry" | "part" => format!("place >> 40 = {trail}"),
        _ => format!("trail = {trail}"),
    };
    // A free number for keys; another byte, text or null for the rest.
    let other = format!(
        "CASE typeof({column}) \
         WHEN 'integer' THEN {column} + 1000003 \
         WHEN 'text' THEN {column} || 'x' \
         WHEN 'blob' THEN CAST(iif(substr({column}, 1, 1) = x'00', x'01', x'00') \
            || substr({column}, 2) AS BLOB) \
         ELSE NULL END"
    );
    let other = match (table, column) {
        ("entry", "erases") => r#"'[{"first":0,"last":0,"parts":["actor"]}]'"#.to_owned(),
        ("entry", "outcome") | ("rollup", "outcome") => "'denied'".to_owned(),
        ("head", "key") => "replace(key, '/default+', '/other+')".to_owned(),
        ("head", "frontier") => "zeroblob(length(frontier))".to_owned(),
        ("entry" | "part", "place") => "place + 100000".to_owned(),
        _ => other,
    };
    let content = if column == "erases" {
        "1"
    } else {
        &format!("{column} IS NOT NULL")
    };
    format!(
        "CREATE TEMP TABLE keys AS SELECT * FROM {table} WHERE {of_trail} AND {content} LIMIT 1 \
         OFFSET (SELECT count(*) / 2 FROM {table} WHERE {of_trail} AND {content}); \
         UPDATE {table} SET {column} = {other} WHERE {};",
        same_key(table)
    )
}

/// What tells that a row is the one in `keys`.
fn same_key(table: &str) -> String {
    let key: &[&str] = match table {
        "entry" | "part" => &["place"],
        "head" => &["trail"],
        "event_id" => &["trail", "id"],
        "node" | "span" => &["trail", "height", "idx"],
        "rollup" => &["trail", "hour", "action", "outcome"],
        other => panic!("a table of evidence without a case: {other}"),
    };
    let names = key.join(", ");
    format!("({names}) IN (SELECT {names} FROM keys)")
}

fn in_postgres(place: &Place, table: &str, column: &str) -> String {
    let of_type = format!(
        "SELECT udt_name FROM information_schema.columns WHERE table_schema = 'indelible' \
         AND table_name = '{table}' AND column_name = '{column}'"
    );
    let found = place.server().query_text(&of_type);
    let found = found[0][0].as_deref().expect("a type");
    let other = match (table, column, found) {
        ("entry", "erases", _) => r#"'[{"first":0,"last":0,"parts":["actor"]}]'"#.to_owned(),
        ("entry" | "rollup", "outcome", _) => "'denied'".to_owned(),
        ("head", "key", _) => "replace(key, '/default+', '/other+')".to_owned(),
        (_, _, "text") => format!("{column} || 'x'"),
        (_, _, "int2" | "int4") => format!("{column} + 1"),
        (_, _, "int8") => format!("{column} + 1000003"),
        (_, _, "bytea") => format!("set_byte({column}, 0, 255 - get_byte({column}, 0))"),
        (_, _, "uuid") => "gen_random_uuid()".to_owned(),
        (_, _, "date") => format!("{column} + interval '1 month'"),
        // The end of a block stays behind its beginning.
        (_, "earliest", "timestamptz") => format!("{column} - interval '1 second'"),
        (_, _, "timestamptz") => format!("{column} + interval '1 second'"),
        (_, _, other) => panic!("a type without a case: {table}.{column} is {other}"),
    };
    let content = match column {
        "erases" => "true".to_owned(),
        column => format!("{column} IS NOT NULL"),
    };
    let of_trail = format!("trail_id = 'default' AND {content}");
    format!(
        "UPDATE {table} SET {column} = {other} WHERE (tableoid, ctid) = (\
         SELECT tableoid, ctid FROM {table} WHERE {of_trail} ORDER BY ctid LIMIT 1 \
         OFFSET (SELECT count(*) / 2 FROM {table} WHERE {of_trail}))"
    )
}
