//! Who may log in.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::digest::PasswordDigest;

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Sees and changes what is their own.
    Customer,
    /// Sees everybody, and suspends.
    Administrator,
}

/// One person.
#[derive(Clone)]
pub struct Person {
    /// What they may do.
    pub role: Role,
    /// Their name.
    pub name: &'static str,
    /// Their e-mail address.
    pub email: &'static str,
    password: PasswordDigest,
    /// Whether they may log in no more.
    pub is_suspended: bool,
}

/// Why a login is refused. The trail tells these apart, the answer does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginProblem {
    /// There is no such user.
    UnknownUser,
    /// The password is another one.
    InvalidPassword,
    /// The user is suspended.
    Suspended,
}

impl LoginProblem {
    /// The reason in the trail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownUser => "unknown_user",
            Self::InvalidPassword => "invalid_password",
            Self::Suspended => "suspended",
        }
    }
}

/// All people, by user name.
pub struct People {
    all: Mutex<BTreeMap<String, Person>>,
    /// What the passwords of users are compared with who do not exist.
    nobody: PasswordDigest,
}

impl People {
    /// Two customers and an administrator.
    pub fn of_the_demonstration() -> Self {
        let person = |role, name, email, password: &str| Person {
            role,
            name,
            email,
            password: PasswordDigest::of(password),
            is_suspended: false,
        };
        let (customer, administrator) = (Role::Customer, Role::Administrator);
        let alice = person(
            customer,
            "Alice Adams",
            "alice@bank.example",
            "correct horse",
        );
        let bob = person(customer, "Bob Brown", "bob@bank.example", "battery staple");
        let carol = person(
            administrator,
            "Carol Clark",
            "carol@bank.example",
            "paper clip",
        );
        let all = [("alice", alice), ("bob", bob), ("carol", carol)];
        let all = all.map(|(user, person)| (user.to_owned(), person));
        Self {
            all: Mutex::new(all.into()),
            nobody: PasswordDigest::of("nobody's"),
        }
    }

    /// The person of this user name.
    pub fn find(&self, user: &str) -> Option<Person> {
        self.all().get(user).cloned()
    }

    /// Whether the user may log in with this password. Whoever measures how long it takes learns
    /// neither how much of a password is right nor whether there is such a user.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, user: &str, password: &str) -> Result<(), LoginProblem> {
        let all = self.all();
        let person = all.get(user);
        let kept = person.map_or(&self.nobody, |person| &person.password);
        let is_right = kept.is_of(password);
        match person {
            None => Err(LoginProblem::UnknownUser),
            Some(_) if !is_right => Err(LoginProblem::InvalidPassword),
            Some(person) if person.is_suspended => Err(LoginProblem::Suspended),
            Some(_) => Ok(()),
        }
    }

    /// Lets the user log in no more.
    pub fn suspend(&self, user: &str) {
        if let Some(person) = self.all().get_mut(user) {
            person.is_suspended = true;
        }
    }

    /// Gives the user another password.
    pub fn set_password(&self, user: &str, password: &str) {
        if let Some(person) = self.all().get_mut(user) {
            person.password = PasswordDigest::of(password);
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Person>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_user_s_own_password_is_right() {
        let people = People::of_the_demonstration();
        let cases = [
            ("alice", "correct horse", Ok(())),
            ("alice", "correct hors", Err(LoginProblem::InvalidPassword)),
            ("alice", "nobody's", Err(LoginProblem::InvalidPassword)),
            // What unknown users are compared with opens no door.
            ("mallory", "nobody's", Err(LoginProblem::UnknownUser)),
            ("mallory", "correct horse", Err(LoginProblem::UnknownUser)),
        ];
        for (user, password, expected) in cases {
            assert_eq!(people.check(user, password), expected, "{user} {password}");
        }
        people.set_password("alice", "another");
        assert_eq!(people.check("alice", "another"), Ok(()));
        people.suspend("alice");
        let suspended = Err(LoginProblem::Suspended);
        assert_eq!(people.check("alice", "another"), suspended);
        let wrong = people.check("alice", "correct horse");
        assert_eq!(wrong, Err(LoginProblem::InvalidPassword));
    }
}
