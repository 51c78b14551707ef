//! The harness itself, before anything is proved with it.

mod browser;
mod cluster;
mod database;
mod pooler;
mod proxy;
mod run;
mod site;
