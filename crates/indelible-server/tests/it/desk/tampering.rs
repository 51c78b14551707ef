//! What somebody does to a database who owns it.

use std::path::Path;

use indelible::DatabaseUrl;

use super::Desk;

impl Desk {
    /// Changes the database as its owner does, its guards too.
    pub fn change(&self, sql: &str) {
        if let Some(server) = &self.server {
            server.execute(&format!("SET search_path = indelible; {sql}"));
        } else if let DatabaseUrl::Sqlite(file) = &self.url {
            let db = rusqlite::Connection::open(file).expect("a database");
            db.execute_batch(sql).expect(sql);
        }
    }

    /// Whether it is on PostgreSQL.
    pub fn is_on_postgres(&self) -> bool {
        self.server.is_some()
    }

    /// Changes the database beneath its guards, and puts them back.
    pub fn tamper(&self, sql: &str) {
        if let Some(server) = &self.server {
            let each = |word: &str| {
                format!(
                    "DO $$ DECLARE c text; BEGIN FOR c IN SELECT format('ALTER TABLE %s {word} \
                     TRIGGER %I', tgrelid::regclass, tgname) FROM pg_trigger WHERE NOT \
                     tgisinternal LOOP EXECUTE c; END LOOP; END $$"
                )
            };
            let (off, on) = (each("DISABLE"), each("ENABLE ALWAYS"));
            server.execute(&format!("SET search_path = indelible; {off}; {sql}; {on}"));
        } else if let DatabaseUrl::Sqlite(file) = &self.url {
            tamper_file(file, sql);
        }
    }
}

fn tamper_file(file: &Path, sql: &str) {
    let db = rusqlite::Connection::open(file).expect("a database");
    let guards: Vec<(String, String)> = db
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut found| {
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            found.query_map([], row)?.collect()
        })
        .expect("a schema");
    for (name, _) in &guards {
        db.execute_batch(&format!("DROP TRIGGER \"{name}\""))
            .expect("dropped");
    }
    db.execute_batch(sql).expect(sql);
    for (_, guard) in &guards {
        db.execute_batch(guard).expect("made again");
    }
}
