use std::collections::BTreeSet;

use testbed::{Cluster, Pooler};
use tokio_postgres::{Client, NoTls};

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("it connects");
    tokio::spawn(connection);
    client
}

async fn backend(client: &Client) -> i32 {
    let message = client
        .simple_query("SELECT pg_backend_pid()")
        .await
        .expect("it answers");
    let pid = message.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    pid.expect("a row").parse().expect("a number")
}

#[test]
fn a_pooler_passes_transactions_of_many_clients_over_few_connections() {
    let cluster = Cluster::shared();
    let database = cluster.database();
    let role = format!("role_of_{}", database.name());
    database.execute(&format!("CREATE ROLE {role} LOGIN; CREATE TABLE t (a int)"));
    database.execute(&format!("GRANT ALL ON t TO {role}"));
    let pooler = Pooler::start(cluster);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let backends = runtime.block_on(async {
        let mut clients = Vec::new();
        let mut backends = BTreeSet::new();
        for row in 0..6 {
            let client = connect(&pooler.url(database.name(), &role)).await;
            client.batch_execute("BEGIN").await.expect("it begins");
            let insert = format!("INSERT INTO t VALUES ({row})");
            client.batch_execute(&insert).await.expect("it inserts");
            backends.insert(backend(&client).await);
            client.batch_execute("COMMIT").await.expect("it commits");
            clients.push(client);
        }
        backends
    });
    let rows = database.query_text("SELECT count(*) FROM t");
    assert_eq!(rows, [[Some("6".to_owned())]]);
    let few = Pooler::POOL_SIZE.try_into().expect("a small number");
    assert!(backends.len() <= few, "{backends:?}");
    drop(pooler);
    database.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}
