//! What the builders of events and questions have in common.

/// A method for each optional text field, which takes the builder and answers it with the text.
macro_rules! text_setters {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, value: impl Into<String>) -> Self {
            self.$name = Some(value.into());
            self
        }
    )+};
}

pub(crate) use text_setters;
