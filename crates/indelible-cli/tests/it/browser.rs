//! The console of a running server, looked at in a real browser.

mod console;
mod continuing;
mod exports;
mod hostile;
mod keyboard;
mod keys;
mod pages;
mod pictures;
mod pinning;
mod proof;
mod quiet;
mod retention;
mod reviews;
mod rows;
mod story;
mod subjects;
mod tail;
mod tour;
mod verifying;
mod windows;
