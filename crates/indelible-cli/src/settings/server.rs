//! The settings of `indelible serve` and `indelible healthcheck`.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use indelible_server::TrustedProxies;
use indelible_server::limits::KEY_REQUESTS_PER_SECOND;

use super::file::{LimitsTable, LogTable, OutboxTable, ServerTable, TlsTable, VerificationTable};
use super::value::{Interval, Level, LogFormat, Positive, Proxies, Span, Truth};
use crate::environment::Environment;
use crate::failure::Failure;

/// What a server stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// Where it listens.
    pub listen: String,
    /// Where metrics and health are answered to whoever asks, if anywhere.
    pub metrics_listen: Option<String>,
    /// The proxies whose word on a client's address is believed.
    pub trusted_proxies: TrustedProxies,
    /// Certificate and key of TLS.
    pub tls: Option<TlsFiles>,
    /// How often all trails are verified.
    pub verification: Interval,
    /// How often the outbox is drained.
    pub outbox: Interval,
    /// How much is said on standard error.
    pub log: Level,
    /// In which form.
    pub log_format: LogFormat,
    /// Connections open at once, where it is not the standard number.
    pub connections_max: Option<usize>,
    /// Events that may wait for one trail, where it is not the standard number.
    pub queue_events_max: Option<usize>,
    /// How long a caller waits for a place in the queue, where it is not the standard time.
    pub patience: Option<Duration>,
    /// Requests of one key in a second.
    pub rate: u32,
    /// Whether the trail `demo` is filled where it is empty.
    pub demo: bool,
}

/// The files of TLS, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate and those between it and the authority's.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What the flags of a command say of it.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ServerFlags {
    /// The address and port to listen on; port 0 takes a free one [default: 127.0.0.1:7878]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// A listener of its own for /metrics and /healthz, which answers whoever asks
    #[arg(long, value_name = "ADDRESS")]
    pub metrics_listen: Option<String>,
    /// The proxies in front of it, as addresses or blocks with commas between them: what they add
    /// to X-Forwarded-For is believed [default: none]
    #[arg(long, value_name = "NETWORKS")]
    pub trusted_proxies: Option<Proxies>,
    /// The certificate of TLS, PEM; read again on SIGHUP
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key, PEM
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Fills the trail `demo`, where it is empty, with a day of events
    #[arg(long)]
    pub demo: bool,
    /// Requests of one key in a second; twice as many are taken at once [default: 10000]
    #[arg(long, value_name = "COUNT")]
    pub rate: Option<Positive>,
    /// How often all trails are verified: a span such as 24h, or off [default: 24h]
    #[arg(long, value_name = "SPAN")]
    pub verify_every: Option<Interval>,
    /// How often the database's outbox is drained: a span such as 5s, or off [default: 1s]
    #[arg(long, value_name = "SPAN")]
    pub drain_every: Option<Interval>,
    /// How much is said on standard error; read again on SIGHUP [default: info]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub log: Option<Level>,
    /// The form in which it is said [default: json]
    #[arg(long, value_enum, value_name = "FORM")]
    pub log_format: Option<LogFormat>,
}

/// What a file says of it.
#[derive(Debug, Default)]
pub struct ServerTables {
    pub server: ServerTable,
    pub tls: TlsTable,
    pub verification: VerificationTable,
    pub outbox: OutboxTable,
    pub log: LogTable,
    pub limits: LimitsTable,
}

impl ServerSettings {
    /// Puts the sources together.
    ///
    /// # Errors
    /// The first setting that is not one, with where it came from.
    pub fn gather(
        flags: &ServerFlags,
        environment: &Environment,
        file: ServerTables,
    ) -> Result<Self, Failure> {
        let variables = Variables(environment);
        let listen = variables.read("INDELIBLE__SERVER__LISTEN")?;
        let metrics_listen = variables.read("INDELIBLE__SERVER__METRICS_LISTEN")?;
        let proxies = variables.read::<Proxies>("INDELIBLE__SERVER__TRUSTED_PROXIES")?;
        let cert = variables.read("INDELIBLE__TLS__CERT")?;
        let key = variables.read("INDELIBLE__TLS__KEY")?;
        let cert = flags.tls_cert.clone().or(cert).or(file.tls.cert);
        let key = flags.tls_key.clone().or(key).or(file.tls.key);
        let verification = variables.read("INDELIBLE__VERIFICATION__INTERVAL")?;
        let outbox = variables.read("INDELIBLE__OUTBOX__INTERVAL")?;
        let log = variables.read("INDELIBLE__LOG__LEVEL")?;
        let log_format = variables.read("INDELIBLE__LOG__FORMAT")?;
        let connections = variables.read::<Positive>("INDELIBLE__LIMITS__CONNECTIONS")?;
        let queue_events = variables.read::<Positive>("INDELIBLE__LIMITS__QUEUE_EVENTS")?;
        let patience = variables.read::<Span>("INDELIBLE__LIMITS__PATIENCE")?;
        let rate = variables.read::<Positive>("INDELIBLE__LIMITS__RATE")?;
        let demo = variables.read::<Truth>("INDELIBLE__SERVER__DEMO")?;
        let listen = flags.listen.clone().or(listen).or(file.server.listen);
        Ok(Self {
            listen: listen.unwrap_or_else(|| LISTEN_STANDARD.to_owned()),
            metrics_listen: (flags.metrics_listen.clone())
                .or(metrics_listen)
                .or(file.server.metrics_listen),
            trusted_proxies: (flags.trusted_proxies.clone())
                .or(proxies)
                .or(file.server.trusted_proxies.map(|written| written.0))
                .unwrap_or_default()
                .0,
            tls: tls(cert, key)?,
            verification: (flags.verify_every)
                .or(verification)
                .or(file.verification.interval.map(|written| written.0))
                .unwrap_or(Interval(Some(VERIFICATION_STANDARD))),
            outbox: (flags.drain_every)
                .or(outbox)
                .or(file.outbox.interval.map(|written| written.0))
                .unwrap_or(Interval(Some(OUTBOX_STANDARD))),
            log: (flags.log)
                .or(log)
                .or(file.log.level.map(|written| written.0))
                .unwrap_or_default(),
            log_format: (flags.log_format)
                .or(log_format)
                .or(file.log.format.map(|written| written.0))
                .unwrap_or_default(),
            connections_max: connections.or(file.limits.connections).map(Positive::count),
            queue_events_max: (queue_events.or(file.limits.queue_events)).map(Positive::count),
            patience: (patience.or(file.limits.patience.map(|written| written.0)))
                .map(|Span(time)| time),
            rate: (flags.rate.or(rate).or(file.limits.rate))
                .map_or(KEY_REQUESTS_PER_SECOND, |rate| rate.0.get()),
            demo: flags.demo
                || demo
                    .map(|demo| demo.0)
                    .or(file.server.demo)
                    .unwrap_or(false),
        })
    }
}

const LISTEN_STANDARD: &str = "127.0.0.1:7878";
const VERIFICATION_STANDARD: Duration = Duration::from_secs(24 * 60 * 60);
const OUTBOX_STANDARD: Duration = Duration::from_secs(1);

fn tls(cert: Option<PathBuf>, key: Option<PathBuf>) -> Result<Option<TlsFiles>, Failure> {
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles { cert, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Failure::usage("TLS has a certificate and no key")),
        (None, Some(_)) => Err(Failure::usage("TLS has a key and no certificate")),
    }
}

struct Variables<'e>(&'e Environment);

impl Variables<'_> {
    fn read<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, Failure> {
        let read = |text: String| {
            text.parse()
                .map_err(|error| Failure::usage(format!("{name}: {error}")))
        };
        self.0.value(name)?.map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(
        flags: ServerFlags,
        variables: &[(&str, &str)],
        file: ServerTables,
    ) -> Result<ServerSettings, Failure> {
        ServerSettings::gather(&flags, &Environment::of(variables), file)
    }

    #[test]
    fn a_server_without_settings_listens_on_loopback_and_verifies_daily() {
        let standard = gathered(ServerFlags::default(), &[], ServerTables::default());
        let standard = standard.expect("settings");
        assert_eq!(standard.listen, "127.0.0.1:7878");
        assert_eq!(standard.verification, Interval(Some(VERIFICATION_STANDARD)));
        assert_eq!(standard.outbox, Interval(Some(OUTBOX_STANDARD)));
        assert_eq!((standard.metrics_listen, standard.tls), (None, None));
        assert_eq!((standard.rate, standard.demo), (10_000, false));
        assert_eq!(
            (standard.log, standard.log_format),
            (Level::Info, LogFormat::Json)
        );
    }

    #[test]
    fn flags_go_before_variables_before_the_file() {
        let file = || ServerTables {
            server: ServerTable {
                trusted_proxies: None,
                demo: Some(true),
                listen: Some("file:1".to_owned()),
                metrics_listen: Some("file:2".to_owned()),
            },
            limits: LimitsTable {
                connections: Some("7".parse().expect("a number")),
                rate: Some("8".parse().expect("a number")),
                ..LimitsTable::default()
            },
            ..ServerTables::default()
        };
        let variables = [
            ("INDELIBLE__SERVER__LISTEN", "variable:1"),
            ("INDELIBLE__VERIFICATION__INTERVAL", "off"),
            ("INDELIBLE__OUTBOX__INTERVAL", "5s"),
            ("INDELIBLE__LIMITS__CONNECTIONS", "9"),
            ("INDELIBLE__LIMITS__PATIENCE", "2m"),
            ("INDELIBLE__LIMITS__RATE", "11"),
            ("INDELIBLE__SERVER__DEMO", "false"),
        ];
        let flags = ServerFlags {
            listen: Some("flag:1".to_owned()),
            rate: Some("12".parse().expect("a number")),
            drain_every: Some(Interval(None)),
            demo: true,
            ..ServerFlags::default()
        };
        let all = gathered(flags, &variables, file()).expect("settings");
        assert_eq!(all.listen, "flag:1");
        assert_eq!(all.metrics_listen.as_deref(), Some("file:2"));
        assert_eq!(all.verification, Interval(None));
        assert_eq!(all.outbox, Interval(None));
        assert_eq!(all.connections_max, Some(9));
        assert_eq!(all.patience, Some(Duration::from_secs(120)));
        assert_eq!((all.rate, all.demo), (12, true));
        let two = gathered(ServerFlags::default(), &variables, file()).expect("settings");
        assert_eq!(two.listen, "variable:1");
        assert_eq!(two.outbox, Interval(Some(Duration::from_secs(5))));
        assert_eq!((two.rate, two.demo), (11, false));
        let one = gathered(ServerFlags::default(), &[], file()).expect("settings");
        assert_eq!(
            (one.listen.as_str(), one.connections_max),
            ("file:1", Some(7))
        );
        assert_eq!((one.rate, one.demo), (8, true));
    }

    #[test]
    fn variables_that_are_no_settings_are_refused_by_name() {
        for (name, value) in [
            ("INDELIBLE__VERIFICATION__INTERVAL", "soon"),
            ("INDELIBLE__VERIFICATION__INTERVAL", "0s"),
            ("INDELIBLE__OUTBOX__INTERVAL", "never"),
            ("INDELIBLE__LOG__LEVEL", "loud"),
            ("INDELIBLE__LOG__FORMAT", "xml"),
            ("INDELIBLE__LIMITS__CONNECTIONS", "0"),
            ("INDELIBLE__LIMITS__QUEUE_EVENTS", "-1"),
            ("INDELIBLE__LIMITS__RATE", "0"),
            ("INDELIBLE__SERVER__DEMO", "yes"),
            ("INDELIBLE__LIMITS__PATIENCE", "off"),
        ] {
            let variables = [(name, value)];
            let failure = gathered(ServerFlags::default(), &variables, ServerTables::default());
            let failure = failure.expect_err(name);
            let said = format!("{name}: `{value}` is n");
            assert!(
                failure.message().starts_with(&said),
                "{}",
                failure.message()
            );
        }
        let half = [("INDELIBLE__TLS__KEY", "key.pem")];
        let failure = gathered(ServerFlags::default(), &half, ServerTables::default());
        assert!(
            failure
                .expect_err("half")
                .message()
                .contains("no certificate")
        );
    }
}
