//! Every limit of the server, with its unit. `docs/guide/server.md` has them as a table.

use std::time::Duration;

/// The longest body of one event or one array of events, in bytes.
pub const BODY_BYTES_MAX: usize = 16 << 20;
/// The longest line of a stream of events, in bytes.
pub const LINE_BYTES_MAX: usize = 4 << 20;
/// Bytes of all bodies that are being read and recorded at once, unpacked; past it requests are
/// turned away.
pub const BODIES_BYTES_MAX: usize = 256 << 20;
/// Bytes of a body that do not count there: those of an ordinary event.
pub const BODY_FREE_BYTES: usize = 16 << 10;
/// The longest body that is read as JSON where requests are answered, in bytes; what is longer is
/// read elsewhere, so that nobody else waits for it.
pub const BODY_READ_AT_ONCE_BYTES: usize = 256 << 10;
/// The most events of one array.
pub const ARRAY_EVENTS_MAX: usize = 10_000;
/// The longest body of any other request, in bytes.
pub const SMALL_BODY_BYTES_MAX: usize = 64 << 10;
/// Lines of a stream that are recorded together at most.
pub const STREAM_BATCH_EVENTS_MAX: usize = 512;
/// Bytes of lines of a stream that are recorded together at most; the line that passes it is
/// still taken.
pub const STREAM_BATCH_BYTES_MAX: usize = 1 << 20;
/// Lines of a stream, blank ones too, that are looked at before others have their turn.
pub const STREAM_BATCH_LINES_MAX: u64 = 4096;
/// The longest a client may take for the head of a request.
pub const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// The longest bytes wait for a client that neither takes nor sends any.
pub const WRITE_PAUSE_MAX: Duration = Duration::from_secs(30);
/// The longest a client may pause within a body.
pub const BODY_PAUSE_MAX: Duration = Duration::from_secs(30);
/// The longest a client may take for a whole body that is no stream, and for a line of one.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(120);
/// The most connections open at once; more wait to be accepted.
pub const CONNECTIONS_MAX: usize = 10_240;
/// The longest head of a request, in bytes.
pub const HEAD_BYTES_MAX: usize = 32 << 10;
/// The longest an orderly stop waits for requests that are being answered.
pub const DRAIN_TIME_MAX: Duration = Duration::from_secs(8);
/// The longest an orderly stop waits beyond that for answers to leave, and for connections on
/// which nothing whole was asked.
pub const FLUSH_TIME_MAX: Duration = Duration::from_secs(1);
/// Exports that run at once; more are turned away.
pub const EXPORTS_MAX: usize = 32;
/// Exports of one key that run at once: others have places besides.
pub const EXPORTS_OF_KEY_MAX: usize = EXPORTS_MAX / 4;
/// The longest archive of what is handed over for one control, in bytes.
pub const PACK_BYTES_MAX: u64 = 2 << 30;
/// Such archives that are made and sent at once: each may take so much room.
pub const PACKS_MAX: usize = 4;
/// Those of one key.
pub const PACKS_OF_KEY_MAX: usize = 1;
/// Findings, or entries of one finding, that one request puts on record.
pub const FINDINGS_RAISED_MAX: usize = 1000;
/// What rules flag, and is shown on one page of the console.
pub const CONSOLE_FLAGS_MAX: usize = 15;
/// Findings that wait for somebody on that page.
pub const CONSOLE_FINDINGS_MAX: usize = 10;
/// Findings that were closed on that page.
pub const CONSOLE_CLOSED_MAX: usize = 5;
/// Runs of retention that are under way at once, each of another trail.
pub const RETENTION_RUNS_MAX: usize = 4;
/// Trails of which it is known what their last run came to.
pub const RETENTION_RUNS_KEPT_MAX: usize = 64;
/// How long a run of retention is waited for, until its caller is told how far it is.
pub const RETENTION_WAIT: Duration = Duration::from_secs(5);
/// Legal holds in force on one page of the console.
pub const CONSOLE_HOLDS_MAX: usize = 10;
/// Legal holds that were released on that page.
pub const CONSOLE_RELEASED_MAX: usize = 5;
/// Entries that name a person, on that person's page.
pub const CONSOLE_KNOWN_MAX: usize = 200;
/// How long a form that erases is waited for before the page of its progress is shown.
pub const CONSOLE_ERASURE_WAIT: Duration = Duration::from_secs(2);
/// Turns at deciding about trails; trails that share one wait for each other.
pub const DECISION_TURNS: usize = 64;
/// Entries of one page of an export, the most that a query answers at once.
pub const EXPORT_PAGE_ENTRIES: i64 = 1000;
/// The most rows of a summary.
pub const SUMMARY_ROWS_MAX: usize = 10_000;
/// The longest id of a request that is taken from its caller, in bytes.
pub const REQUEST_ID_BYTES_MAX: usize = 64;
/// How long the database is taken for as ready as it was when it was asked last.
pub const READY_TIME: Duration = Duration::from_secs(1);
/// Verifications that run at once.
pub const VERIFICATIONS_MAX: usize = 1;
/// Trails of which it is known what their last erasure came to.
pub const ERASURES_KEPT_MAX: usize = 64;
/// Erasures that run at once.
pub const ERASURES_MAX: usize = 1;
/// Persons and places that one request names.
pub const SUBJECTS_MAX: usize = 1000;
/// Entries that name a person and are listed in one answer over HTTP, the newest.
pub const KNOWN_MAX: usize = 1000;
/// Bytes of them at most; fewer entries are listed where they take more.
pub const KNOWN_BYTES_MAX: usize = 8 << 20;
/// The longest body that names persons, in bytes.
pub const SUBJECTS_BODY_BYTES_MAX: usize = 256 << 10;
/// The longest form of the console that names persons, in bytes: what a body may hold, each byte
/// written as three.
pub const CONSOLE_PERSONS_BYTES_MAX: usize = 3 * SUBJECTS_BODY_BYTES_MAX;
/// What a client is told to wait when it is turned away for the moment, in seconds.
pub const RETRY_AFTER_SECONDS: u32 = 1;
/// How long a key is taken for what it was when it was read last.
pub const KEY_CACHE_TIME: Duration = Duration::from_secs(1);
/// Keys remembered at once.
pub const KEYS_CACHED_MAX: usize = 4096;
/// Keys whose events are counted one by one; those of all further keys are one sum.
pub const KEYS_COUNTED_MAX: usize = 256;
/// How coarse the time of a key's last use is.
pub const LAST_USE_GRAIN: Duration = Duration::from_secs(600);
/// How long what happens again and again is summed up.
pub const TALLY_TIME: Duration = Duration::from_secs(60);
/// How long after its end a sum that nobody recorded is another process's to record.
pub const TALLY_GRACE: Duration = Duration::from_secs(120);
/// The most things that are summed up at once, each for itself; all further ones of an action are
/// one in each trail, for as many trails, and one in `system` beyond.
pub const TALLIES_MAX: usize = 256;
/// As many of requests without a good key.
pub const REJECTIONS_MAX: usize = 64;
/// The most questions that a sum names.
pub const TALLY_NAMES_MAX: usize = 16;
/// Bytes of the questions that a sum names.
pub const TALLY_NAMES_BYTES_MAX: usize = 16 << 10;
/// The longest text of a question that is recorded whole, in bytes.
pub const VALUE_BYTES_MAX: usize = 255;
/// The longest question that is recorded, in bytes of JSON.
pub const DETAILS_BYTES_MAX: usize = 8 << 10;
/// The most callers that a sum of several names.
pub const TALLY_CALLERS_MAX: usize = 64;
/// Bytes of the callers that a sum of several names.
pub const TALLY_CALLERS_BYTES_MAX: usize = 16 << 10;
/// The most that a sum may grow before it is written down again.
pub const TALLY_STEP_MAX: u64 = 1024;
/// How often sums are looked through.
pub const TALLY_PACE: Duration = Duration::from_secs(5);
/// Bytes that a packed body may hold whatever its own length.
pub const UNPACKED_FREE_BYTES: u64 = 64 << 20;
/// How many times longer than itself a packed body may be beyond that.
pub const UNPACKED_RATIO_MAX: u64 = 200;
/// The most that a packed body may look back, as a power of two: 8 MiB.
pub const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// Bytes of a body that are unpacked before its turn has to come.
pub const UNPACKED_AT_ONCE_BYTES: u64 = 256 << 10;
/// Bodies that are unpacked at once beyond that, each a little before the next has its turn.
pub const UNPACKINGS_MAX: usize = 1;
/// What comes of one step of unpacking, in bytes, past which it is at leisure.
pub const UNPACKED_STEP_BYTES: usize = 16 << 10;
/// How long a step at leisure takes at least: one of unpacking, in which no other has its turn
/// meanwhile, or a piece of a line that is too long and passed over.
pub const LEISURE_PAUSE: Duration = Duration::from_millis(4);
/// The most of a line that is too long which is passed over; past it the stream ends.
pub const LINE_SKIPPED_BYTES_MAX: usize = 12 << 20;
/// How long a body that is too large waits for the answer that says so.
pub const TOO_LARGE_PAUSE: Duration = Duration::from_secs(1);
/// Requests of one key in a second, unless the operator says otherwise.
pub const KEY_REQUESTS_PER_SECOND: u32 = 10_000;
/// Results of a stream that wait in memory for their client, in bytes.
pub const RESULTS_HELD_BYTES: usize = 256 << 10;
/// Results of a stream that wait in a file for their client, in bytes, whatever it sent; past that
/// and [`RESULTS_RATIO_MAX`] the stream is turned away.
pub const RESULTS_FREE_BYTES: u64 = 256 << 20;
/// How many times longer than what its client sent, as it came in, the waiting results of a stream
/// may be beyond that.
pub const RESULTS_RATIO_MAX: u64 = 16;
/// The most of them in any case.
pub const RESULTS_FILE_BYTES_MAX: u64 = 4 << 30;
/// The longest results wait in a file while their client takes none of them.
pub const RESULTS_PAUSE_MAX: Duration = Duration::from_secs(300);
/// Results of all streams that wait in files, in bytes; past it streams are turned away.
pub const RESULTS_FILES_BYTES_MAX: u64 = 8 << 30;
/// Results of all streams of one key that wait in files, in bytes: others have room besides.
pub const RESULTS_OF_KEY_BYTES_MAX: u64 = RESULTS_FILES_BYTES_MAX / 4;
/// The least time between two readings back of what was committed.
pub const REREAD_PAUSE: Duration = Duration::from_millis(500);
/// The longest a scheduled verification waits for one that runs already.
pub const VERIFICATION_TURN_MAX: Duration = Duration::from_secs(600);
/// Streams of entries open at once, over all trails; more are turned away.
pub const STREAMS_MAX: usize = 512;
/// Streams of entries of one key open at once: others have places besides.
pub const STREAMS_OF_KEY_MAX: usize = STREAMS_MAX / 4;
/// Entries of a trail that are held for those who follow it.
pub const FEED_ENTRIES_MAX: usize = 4096;
/// Bytes of entries of a trail that are held for those who follow it.
pub const FEED_BYTES_MAX: usize = 4 << 20;
/// Entries of a trail that are read at once for those who follow it.
pub const FEED_PAGE_ENTRIES: u64 = 256;
/// How long it takes at most until an entry of another process is looked for.
pub const FEED_INTERVAL: Duration = Duration::from_millis(200);
/// Bytes of a stream that are written at once; the entry that passes it is still taken.
pub const STREAM_CHUNK_BYTES_MAX: usize = 64 << 10;
/// Pages that are read at once, over all streams, for those who come back after a while.
pub const STREAM_READS_MAX: usize = 4;
/// The longest a stream is silent.
pub const STREAM_SILENCE_MAX: Duration = Duration::from_secs(15);
/// How long a client is asked to wait before it comes back to a stream, in milliseconds.
pub const STREAM_RETRY_MS: u32 = 1000;
/// How long a session of the console lasts without a request, as PCI DSS 8.2.8 asks.
pub const SESSION_IDLE_MAX: Duration = Duration::from_secs(15 * 60);
/// How long a session lasts in any case.
pub const SESSION_TIME_MAX: Duration = Duration::from_secs(12 * 3600);
/// How long a session keeps one cookie; the next request is given another.
pub const SESSION_RENEWAL: Duration = Duration::from_secs(10 * 60);
/// How long the cookie before still opens, for requests that were on their way.
pub const SESSION_RENEWAL_GRACE: Duration = Duration::from_secs(30);
/// How coarse the time of a session's last request is.
pub const SESSION_USE_GRAIN: Duration = Duration::from_secs(60);
/// Sessions of one key at once; one more ends the oldest.
pub const SESSIONS_OF_KEY_MAX: usize = 32;
/// Sessions that are over and that one login ends: each takes a record.
pub const SESSIONS_ENDED_AT_ONCE: usize = 64;
/// Cookies of sessions that are looked at in one request.
pub const SESSION_COOKIES_MAX: usize = 4;
/// The longest that a link into the console opens.
pub const LOGIN_LINK_TIME_MAX: Duration = Duration::from_secs(24 * 3600);
/// Trails whose counts the console holds between pages.
pub const TRAILS_COUNTED_MAX: usize = 64;
/// Counts of one trail that the console holds; the bars of one that has more go back less far.
pub const COUNTS_ROWS_MAX: u64 = 200_000;
/// How long counts of a trail that grows are taken for those of now.
pub const COUNTS_TIME: Duration = Duration::from_secs(2);
/// Actions that the form of a page names.
pub const COUNTED_ACTIONS_MAX: usize = 200;
/// Nodes of a context that a page shows as a tree; the rest is in its JSON.
pub const TREE_NODES_MAX: usize = 2_000;
/// Logins with one key in a second.
pub const LOGINS_PER_SECOND: u32 = 64;
/// The newest entries of a user or a resource that its page counts.
pub const ABOUT_ENTRIES_MAX: i64 = 200;
/// The most entries of one page of the console.
pub const CONSOLE_PAGE_ENTRIES_MAX: i64 = 200;
/// Entries of one page of the console.
pub const CONSOLE_PAGE_ENTRIES: i64 = 50;
/// Findings of the last verification of a trail that are kept.
pub const FINDINGS_KEPT_MAX: usize = 200;
/// Findings of one kind among them.
pub const FINDINGS_OF_KIND_KEPT_MAX: usize = 50;
/// Bytes of the words of one of them.
pub const FINDING_BYTES_KEPT: usize = 500;
/// Times that a note of a verification is written anew where another server wrote one meanwhile.
pub const NOTE_ATTEMPTS_MAX: usize = 3;
/// How long one look at database and trails is shown on the page of health.
pub const HEALTH_TIME: Duration = Duration::from_secs(10);
/// Trails that are looked at for that page.
pub const HEALTH_TRAILS_MAX: usize = 100;
/// Keys that one page of the console lists.
pub const CONSOLE_KEYS_MAX: usize = 500;
/// Trails of which the console says how old their last entries are: each takes a question.
pub const CONSOLE_AGES_MAX: usize = 100;
/// How many of these questions are asked at once.
pub const CONSOLE_AGES_AT_ONCE: usize = 8;
