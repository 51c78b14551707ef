//! Tests of the layers as an application uses them.

mod addresses;
mod contexts;
mod denials;
mod ground;
mod handles;
mod oracle;
mod routes;
