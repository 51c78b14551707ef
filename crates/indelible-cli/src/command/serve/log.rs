//! What a server says on standard error, and how much of it.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use crate::failure::Failure;
use crate::settings::{Level, LogFormat, ServerSettings, Settings};

/// The log of this process, whose level may change.
pub struct Log(reload::Handle<LevelFilter, Registry>);

impl Log {
    /// Begins to say what happens, as these settings have it. Once in a process.
    pub fn begin(settings: &ServerSettings) -> Self {
        let (filter, level) = reload::Layer::new(filter(settings.log));
        let lines = fmt::layer()
            .with_target(false)
            .with_ansi(false)
            .with_writer(std::io::stderr);
        let lines = match settings.log_format {
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
            LogFormat::Text => lines.boxed(),
        };
        tracing_subscriber::registry()
            .with(filter)
            .with(lines)
            .init();
        Self(level)
    }

    /// Says as much from now on as these settings have it, which were read again; where they
    /// could not be read, as much as before.
    pub fn reload(&self, settings: Result<Settings, Failure>) {
        let level = match settings {
            Ok(settings) => settings.server.log,
            Err(failure) => {
                tracing::error!(error = failure.message(), "the settings stay the old ones");
                return;
            }
        };
        match self.0.reload(filter(level)) {
            Ok(()) => tracing::info!(now = ?level, "the level of the log was read again"),
            Err(error) => tracing::error!(%error, "the level of the log stays the old one"),
        }
    }
}

const fn filter(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    }
}
