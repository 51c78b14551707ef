//! The integration tests of the crate, one module per topic.

mod ground;
mod json_canonical;
mod json_properties;
mod json_reader;
mod json_repairs;
mod json_vectors;
mod recording;
mod recovery;
mod asking;
mod hostile;
mod verify;
mod catalogue;
mod redact_evidence;
mod redact_modes;
mod redact_properties;
mod redact_secrets;
mod redact_shared;
