//! The Python package `indelible`: the engine for asyncio and for plain calls.
//!
//! What Python sees as `indelible._native` stands here; names, signatures and words for people
//! stand in the Python half, `python/indelible`. In the order of a call's way:
//!
//! | module | what it does |
//! |---|---|
//! | `writing`, `scalar`, `question` | from Python values to an event's JSON and to a query |
//! | `plan`, `opened`, `living` | a trail that is opened at its first use, and closed around a fork |
//! | `work` | what can be asked of a trail, and what it answers |
//! | `process` | threads that belong to this process, not to the one it was forked from |
//! | `port` | from a finished task to a future of an event loop |
//! | `reading` | from answers to Python values |
//!
//! The interpreter is never held while anything is waited for, and no task holds a Python object.
//! Locks that are taken while the interpreter is held are let go before it is: a fork, which
//! happens with the interpreter held, then finds them open.

mod attempt;
mod failing;
mod fork;
mod kinds;
mod living;
mod native;
mod opened;
mod plan;
mod port;
mod problem;
mod process;
mod question;
mod reading;
mod scalar;
mod trail;
mod work;
mod writing;
