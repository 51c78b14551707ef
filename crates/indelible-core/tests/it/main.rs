//! The integration tests of the crate, one module per topic.

mod asking;
mod attempting;
mod catalogue;
mod copying;
mod following;
mod ground;
mod hostile;
mod json_canonical;
mod json_properties;
mod json_reader;
mod json_repairs;
mod json_vectors;
mod preparing;
mod recording;
mod recovery;
mod redact_evidence;
mod redact_modes;
mod redact_properties;
mod redact_secrets;
mod redact_shared;
mod rereading;
mod rotation;
mod running;
mod secrecy;
mod verify;
mod vitals;
