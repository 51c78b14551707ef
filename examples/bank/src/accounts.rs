//! Who has which accounts.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The owner of each account.
pub struct Accounts(Mutex<BTreeMap<String, String>>);

impl Accounts {
    /// Two accounts of Alice's, one of Bob's.
    pub fn of_the_demonstration() -> Self {
        let all = [("acc-1", "alice"), ("acc-2", "alice"), ("acc-3", "bob")];
        let owned = all.map(|(account, owner)| (account.to_owned(), owner.to_owned()));
        Self(Mutex::new(owned.into()))
    }

    /// Who has this account.
    pub fn owner(&self, account: &str) -> Option<String> {
        self.all().get(account).cloned()
    }

    /// The accounts of a user.
    pub fn of(&self, user: &str) -> Vec<String> {
        let all = self.all();
        let own = all.iter().filter(|(_, owner)| *owner == user);
        own.map(|(account, _)| account.clone()).collect()
    }

    /// Deletes an account, and answers whether it was there.
    pub fn delete(&self, account: &str) -> bool {
        self.all().remove(account).is_some()
    }

    /// What a backup holds.
    pub fn snapshot(&self) -> Vec<u8> {
        let all = self.all();
        let lines = all
            .iter()
            .map(|(account, owner)| format!("{account} {owner}\n"));
        lines.collect::<String>().into_bytes()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
