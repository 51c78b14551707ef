//! Retention and legal holds as they are answered, the same on the command line, over HTTP and on
//! pages: their JSON is their `Serialize`.

mod class;
mod hold;
mod outcome;
mod standing;

pub use class::{class_text, read_class};
pub use hold::{Held, Holds};
pub use outcome::{Gone, Outcome, Parts, Stays};
pub use standing::{Standing, policy_lines};
