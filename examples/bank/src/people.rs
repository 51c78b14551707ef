//! Who may log in.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Sees and changes what is their own.
    Customer,
    /// Sees everybody, and suspends.
    Administrator,
}

/// One person. A real bank keeps a slow hash in the place of the password.
#[derive(Debug, Clone)]
pub struct Person {
    /// What they may do.
    pub role: Role,
    /// Their name.
    pub name: &'static str,
    /// Their e-mail address.
    pub email: &'static str,
    password: String,
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
pub struct People(Mutex<BTreeMap<String, Person>>);

impl People {
    /// Two customers and an administrator.
    pub fn of_the_demonstration() -> Self {
        let person = |role, name, email, password: &str| Person {
            role,
            name,
            email,
            password: password.to_owned(),
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
        Self(Mutex::new(
            all.map(|(user, person)| (user.to_owned(), person)).into(),
        ))
    }

    /// The person of this user name.
    pub fn find(&self, user: &str) -> Option<Person> {
        self.all().get(user).cloned()
    }

    /// Whether the user may log in with this password.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, user: &str, password: &str) -> Result<(), LoginProblem> {
        match self.all().get(user) {
            None => Err(LoginProblem::UnknownUser),
            Some(person) if person.password != password => Err(LoginProblem::InvalidPassword),
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
    pub fn set_password(&self, user: &str, password: String) {
        if let Some(person) = self.all().get_mut(user) {
            person.password = password;
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Person>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
