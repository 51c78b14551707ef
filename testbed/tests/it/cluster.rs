use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};

use testbed::{Cluster, Profile};

#[test]
fn a_killed_cluster_comes_back_with_what_was_committed() {
    let cluster = Cluster::start(Profile::default());
    let database = cluster.database();
    database.execute("CREATE TABLE t (a int)");
    for row in 1..=5 {
        database.execute(&format!("INSERT INTO t VALUES ({row})"));
    }
    cluster.kill();
    let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, cluster.port()));
    assert!(connect().is_err(), "nobody listens");

    cluster.restart();
    let sum = database.query_text("SELECT sum(a) FROM t");
    assert_eq!(sum, [[Some("15".to_owned())]]);
    assert!(
        cluster.log().contains("was not properly shut down"),
        "{}",
        cluster.log()
    );

    cluster.stop();
    assert!(connect().is_err(), "nobody listens");
    cluster.restart();
    let orderly = cluster.log().matches("was not properly shut down").count();
    assert_eq!(orderly, 1, "a stop is no crash");
}

#[test]
fn durability_is_on_as_in_production() {
    let database = Cluster::shared().database();
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value = database.query_text(&format!("SHOW {setting}"));
        assert_eq!(value, [[Some("on".to_owned())]], "{setting}");
    }
}

#[test]
fn a_cluster_with_tls_shows_a_certificate_of_its_authority() {
    let cluster = Cluster::start(Profile {
        tls: true,
        on_disk: true,
    });
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, cluster.port())).expect("a server");
    client
        .write_all(&[0, 0, 0, 8, 4, 210, 22, 47])
        .expect("the wish for TLS");
    let mut answer = [0];
    client.read_exact(&mut answer).expect("an answer");
    assert_eq!(answer, *b"S");

    let checked = Command::new("openssl")
        .args(["s_client", "-starttls", "postgres", "-verify_return_error"])
        .args(["-verify_ip", "127.0.0.1", "-CAfile"])
        .arg(cluster.authority())
        .args(["-connect", &format!("127.0.0.1:{}", cluster.port())])
        .stdin(Stdio::null())
        .output()
        .expect("openssl is there");
    assert!(checked.status.success(), "{checked:?}");
    cluster.database().execute("SELECT 1");
}

#[test]
fn everything_may_be_called_inside_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let database = Cluster::shared().database();
        assert_eq!(database.query_text("SELECT 1"), [[Some("1".to_owned())]]);
    });
}
