//! Who is logged in.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use indelible::core::{Entropy, SystemEntropy};

/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;

/// The user of each session's token.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<String, String>>);

impl Sessions {
    /// Begins a session and answers its token.
    pub fn begin(&self, user: &str) -> String {
        let mut random = [0; TOKEN_BYTES];
        SystemEntropy.fill(&mut random);
        let token = random.iter().fold(String::new(), |mut token, byte| {
            // Writing to a string does not fail.
            let _ = write!(token, "{byte:02x}");
            token
        });
        self.all().insert(token.clone(), user.to_owned());
        token
    }

    /// The user of the session with this token.
    pub fn user(&self, token: &str) -> Option<String> {
        self.all().get(token).cloned()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.all().len()
    }

    /// Ends the session with this token.
    pub fn end(&self, token: &str) {
        self.all().remove(token);
    }

    /// Ends the sessions of a user other than the one with this token.
    pub fn end_others_of(&self, user: &str, token: &str) {
        self.all()
            .retain(|own, owner| owner != user || own == token);
    }

    /// Ends all sessions of a user.
    pub fn end_all_of(&self, user: &str) {
        self.all().retain(|_, owner| owner != user);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
