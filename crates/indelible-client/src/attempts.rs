//! Attempts until one is answered, or the time is over.

use std::sync::Arc;
use std::time::Duration;

use indelible_core::{AuditError, Clock, Entropy, StoreError};

use crate::error::ClientError;
use crate::exchange::{Answer, Ask, Exchange, Failure};
use crate::pause::Pause;
use crate::problem::{Asked, Problem};

/// The shortest pause before the second attempt; each further one may be twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause, unless the server asks for a longer one.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// One attempt, its connection included.
    pub attempt: Duration,
    /// A call with all its attempts and pauses.
    pub call: Duration,
}

/// Sends requests until they are answered.
pub(crate) struct Attempts {
    pub exchange: Exchange,
    pub times: Times,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub pause: Arc<dyn Pause>,
}

/// When a call began and what became of its attempts so far.
pub(crate) struct Course {
    began: Duration,
    made: u32,
    /// Whether one of them may have been done although no answer says so.
    is_open: bool,
}

/// Why another attempt is made, or would be if there were time.
enum Setback {
    Failure(Failure),
    Problem(Problem, Option<Duration>),
}

impl Attempts {
    /// The beginning of a call.
    pub fn begin(&self) -> Course {
        Course {
            began: self.clock.elapsed(),
            made: 0,
            is_open: false,
        }
    }

    /// The first answer that is neither a failure nor a problem that passes.
    ///
    /// # Errors
    /// A problem that stays; else what became of the last attempt once the time is over.
    pub async fn answer(
        &self,
        ask: &Ask,
        asked: &Asked<'_>,
        course: &mut Course,
    ) -> Result<Answer, AuditError> {
        loop {
            let left = self.left(course);
            let longest = self.times.attempt.min(left);
            course.made += 1;
            let setback = match self.exchange.once(ask, longest).await {
                Ok(answer) if (200..300).contains(&answer.status) => return Ok(answer),
                Ok(answer) => {
                    let problem = Problem::read(answer.status, &answer.body);
                    if !problem.is_passing() {
                        return Err(problem.to_error(asked));
                    }
                    Setback::Problem(problem, answer.retry_after)
                }
                Err(Failure::TooLong) => {
                    let problem = "it is longer than any that was asked for".to_owned();
                    let server = asked.server.to_owned();
                    return Err(ClientError::Unreadable { server, problem }.into());
                }
                Err(failure) => Setback::Failure(failure),
            };
            course.is_open |= setback.leaves_it_open();
            let pause = self.pause_after(course, setback.retry_after());
            if pause >= self.left(course) {
                return Err(setback.end(asked, course));
            }
            tracing::debug!(server = asked.server, attempt = course.made, "tried again");
            self.pause.pause(pause).await;
        }
    }

    /// Waits before what was answered in part is sent again.
    ///
    /// # Errors
    /// There is no time left.
    pub async fn again(&self, course: &Course) -> Result<(), ()> {
        let pause = self.pause_after(course, None);
        if pause >= self.left(course) {
            return Err(());
        }
        self.pause.pause(pause).await;
        Ok(())
    }

    fn left(&self, course: &Course) -> Duration {
        let spent = self.clock.elapsed().saturating_sub(course.began);
        self.times.call.saturating_sub(spent)
    }

    /// Between half of what the number of attempts asks for and all of it, or as long as the
    /// server says.
    fn pause_after(&self, course: &Course, asked: Option<Duration>) -> Duration {
        let doublings = course.made.saturating_sub(1).min(16);
        let longest = PAUSE_MIN.saturating_mul(1 << doublings).min(PAUSE_MAX);
        let mut random = [0; 4];
        self.entropy.fill(&mut random);
        let share = f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX);
        let pause = longest.mul_f64(0.5 + share / 2.0);
        // Callers that are told the same second do not come back in the same instant.
        asked.map_or(pause, |asked| asked + pause.min(PAUSE_MIN))
    }
}

impl Course {
    /// What the caller is told of a problem that passes when no further attempt is made.
    pub fn given_up(&mut self, problem: Problem, asked: &Asked<'_>) -> AuditError {
        let setback = Setback::Problem(problem, None);
        self.is_open |= setback.leaves_it_open();
        setback.end(asked, self)
    }
}

impl Setback {
    fn leaves_it_open(&self) -> bool {
        match self {
            Self::Failure(failure) => matches!(failure, Failure::Unanswered(_)),
            Self::Problem(problem, _) => problem.leaves_it_open(),
        }
    }

    const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Failure(_) => None,
            Self::Problem(_, asked) => *asked,
        }
    }

    /// What the caller is told when this was the last attempt.
    fn end(self, asked: &Asked<'_>, course: &Course) -> AuditError {
        let source: ClientError = match self {
            Self::Problem(problem, _) => {
                let error = problem.to_error(asked);
                if matches!(error, AuditError::Overloaded) && !course.is_open {
                    return error;
                }
                problem.refused(asked.server)
            }
            Self::Failure(failure) => ClientError::Unreached {
                server: asked.server.to_owned(),
                attempts: course.made,
                last: failure.text(),
            },
        };
        let source = Box::new(source);
        if course.is_open && !asked.is_question {
            StoreError::Unknown { source }.into()
        } else {
            StoreError::Unavailable { source }.into()
        }
    }
}

impl Failure {
    fn text(self) -> String {
        match self {
            Self::Unreached(text) | Self::Unanswered(text) => text,
            Self::TooLong => "the answer is too long".to_owned(),
        }
    }
}
