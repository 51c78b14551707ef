//! While somebody does harm the others record, and the server takes no more memory than it may.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::desk::{Desk, on_each_store};
use crate::load::client::{Client, Form, Heard, Request};
use crate::serving::Server;

on_each_store! {
    the_others_record_while_heads_and_bodies_drip_in,
    the_others_record_while_bombs_are_unpacked,
    the_others_record_while_gibibytes_come_in,
    the_others_record_while_ten_thousand_connections_say_nothing,
}

/// The others, each with a connection and one event after the other.
const OTHERS: u64 = 8;
const EVENTS: u64 = 40;
/// What the server may take at most, several times what it takes undisturbed.
const MEMORY_KIB_MAX: u64 = 512 << 10;

/// Has the others record; `tell` hears of each event, as does nobody where the harm goes on alone.
fn others(server: &Server, key: &str, tell: &Sender<()>) {
    std::thread::scope(|scope| {
        for nth in 0..OTHERS {
            let tell = tell.clone();
            let mut client = Client::connect(&server.address, key).expect("it listens");
            scope.spawn(move || {
                for number in nth * EVENTS..(nth + 1) * EVENTS {
                    let request = Request::new(Form::Single, number..number + 1);
                    let answer = client.send(&request);
                    assert_eq!((answer.heard, answer.status), (Heard::Whole, 201));
                    let _ = tell.send(());
                }
            });
        }
    });
}

/// Has the others record while so many clients do harm, each again and again until it is told
/// that enough was done.
fn disturb(desk: &Desk, server: Server, clients: usize, harm: impl Fn(usize, &str, &str) + Sync) {
    let key = server.key.clone().expect("the first start prints it");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for nth in 0..clients {
            let (harm, is_over, server, key) = (&harm, &is_over, &server, &key);
            scope.spawn(move || {
                while !is_over.load(Ordering::SeqCst) {
                    harm(nth, &server.address, key);
                }
            });
        }
        others(&server, &key, &channel().0);
        is_over.store(true, Ordering::SeqCst);
    });
    expect_unharmed(desk, server);
}

fn expect_unharmed(desk: &Desk, server: Server) {
    let memory = server.memory_kib_max();
    assert!(memory < MEMORY_KIB_MAX, "{memory} KiB");
    let (code, _, err) = server.stop("TERM");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    desk.run(&["verify"]).fine();
    let recorded = desk.run(&["export", "--trail", "shop"]).fine();
    assert_eq!(recorded.lines().len() as u64, OTHERS * EVENTS);
}

/// The head of a request to record; every other one is of lines.
fn head(nth: usize, key: &str, more: &str, length: usize) -> String {
    let media = ["json", "x-ndjson"][nth % 2];
    format!(
        "POST /v1/trails/shop/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: application/{media}\r\nAuthorization: Bearer {key}\r\n{more}\
         Content-Length: {length}\r\n\r\n"
    )
}

/// An answer that says that the body was too large, if any came before the connection ended.
fn expect_refused(mut stream: TcpStream) {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    let is_refused = answer.contains("urn:indelible:problem:too-large");
    assert!(is_refused || answer.is_empty(), "{answer}");
}

fn start(desk: &Desk) -> Server {
    Server::start(desk, &["--log", "error"])
}

fn the_others_record_while_bombs_are_unpacked(desk: fn() -> Desk) {
    let desk = desk();
    let mut bomb = Vec::new();
    let mut packer = flate2::write::GzEncoder::new(&mut bomb, flate2::Compression::fast());
    for _ in 0..128 {
        packer.write_all(&vec![b' '; 1 << 20]).expect("memory");
    }
    packer.finish().expect("memory");
    let server = start(&desk);
    disturb(&desk, server, 8, |nth, address, key| {
        let mut stream = TcpStream::connect(address).expect("it listens");
        let head = head(nth, key, "Content-Encoding: gzip\r\n", bomb.len());
        stream.write_all(head.as_bytes()).expect("sent");
        // The server has enough of it before its end.
        let _ = stream.write_all(&bomb);
        expect_refused(stream);
    });
}

fn the_others_record_while_gibibytes_come_in(desk: fn() -> Desk) {
    let desk = desk();
    let server = start(&desk);
    let piece = vec![b'x'; 64 << 10];
    disturb(&desk, server, 8, |nth, address, key| {
        let mut stream = TcpStream::connect(address).expect("it listens");
        let head = head(nth, key, "", 1 << 30);
        stream.write_all(head.as_bytes()).expect("sent");
        let mut sent = 0;
        while stream.write_all(&piece).is_ok() {
            sent += piece.len();
            assert!(sent < 1 << 29, "it reads on and on");
        }
        expect_refused(stream);
    });
}

fn the_others_record_while_heads_and_bodies_drip_in(desk: fn() -> Desk) {
    let desk = desk();
    let server = start(&desk);
    let key = server.key.clone().expect("the first start prints it");
    let connect = |nth: usize| {
        let mut stream = TcpStream::connect(&server.address).expect("it listens");
        let begun = match nth % 4 {
            0 => head(nth / 4, &key, "", 1 << 20),
            _ => "GET /v1/trails HTTP/1.1\r\nHost: x\r\nX-Slow: ".to_owned(),
        };
        stream.write_all(begun.as_bytes()).expect("sent");
        stream
    };
    let mut dripping: Vec<TcpStream> = (0..400).map(connect).collect();
    let (tell, told): (_, Receiver<()>) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for () in told {
                for stream in &mut dripping {
                    // Some are let go in time.
                    let _ = stream.write_all(b" ");
                }
            }
        });
        others(&server, &key, &tell);
        drop(tell);
    });
    expect_unharmed(&desk, server);
}

/// The soft limit on open files that servers are started with.
const SOFT_LIMIT: u64 = 1024;

fn the_others_record_while_ten_thousand_connections_say_nothing(desk: fn() -> Desk) {
    const SILENT: usize = 10_000;
    let desk = desk();
    // The connections take as many descriptors here as there.
    let mut own = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    own.current = own.maximum;
    rustix::process::setrlimit(rustix::process::Resource::Nofile, own).expect("it may be raised");
    let own = own.current.unwrap_or(u64::MAX);
    assert!(
        own > SILENT as u64 + 512,
        "`ulimit -Hn` is {own}: the test needs more"
    );
    let served = desk.process(&["serve", "--listen", "127.0.0.1:0", "--log", "error"]);
    let mut limited = std::process::Command::new("/bin/sh");
    let script = format!("ulimit -Sn {SOFT_LIMIT}; exec \"$0\" \"$@\"");
    limited.args(["-c", &script]).arg(served.get_program());
    limited.args(served.get_args()).env_clear();
    for (name, value) in served.get_envs() {
        limited.env(name, value.expect("a value"));
    }
    limited.current_dir(served.get_current_dir().expect("a folder"));
    let server = Server::of(limited);
    let key = server.key.clone().expect("the first start prints it");
    let connect = |_| TcpStream::connect(&server.address).expect("it listens");
    let silent: Vec<TcpStream> = (0..SILENT).map(connect).collect();
    let (_, figures) = server.ask("GET", "/metrics", "");
    let open = figures
        .lines()
        .find_map(|line| line.strip_prefix("indelible_connections "));
    let open: u64 = open.expect("a figure").parse().expect("a number");
    assert!(open > SOFT_LIMIT, "{open}");
    others(&server, &key, &channel().0);
    drop(silent);
    expect_unharmed(&desk, server);
}
