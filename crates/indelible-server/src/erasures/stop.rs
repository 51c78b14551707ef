//! What an orderly stop does to an erasure that runs.

use tokio::sync::watch;

use crate::problem::{Kind, Problem};

/// How much of an erasure is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certain {
    /// Nothing of it was begun.
    Nothing,
    /// Whether it was begun is being decided.
    Open,
    /// It is carried out, if not by this process, then by the next one.
    Begun,
}

/// Works until the server stops, unless it is being decided whether the erasure was begun: then it
/// stops when that is known. Answers what was certain where it stopped.
pub async fn until<T>(
    stop: impl Future<Output = ()>,
    mut certain: watch::Receiver<Certain>,
    work: impl Future<Output = T>,
) -> Result<T, Certain> {
    let cut = async {
        stop.await;
        let known = certain.wait_for(|it| *it != Certain::Open).await;
        known.map_or(Certain::Nothing, |it| *it)
    };
    tokio::select! {
        biased;
        certain = cut => Err(certain),
        done = work => Ok(done),
    }
}

/// What is said where it stopped.
pub fn stopped(certain: Certain, waits: bool) -> Problem {
    let detail = match (certain, waits) {
        (Certain::Begun, _) => {
            "the server stops; what was begun of the erasure is finished by its next start"
        }
        (_, true) => "the server stops; nothing was erased of this order, which goes on waiting",
        (_, false) => "the server stops; nothing was erased of this order: order it again",
    };
    Problem::new(Kind::Stopping, detail)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    async fn stopping(moves: &[Certain]) -> Result<(), Certain> {
        let (says, certain) = watch::channel(Certain::Nothing);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let work = async {
            // The stop comes at the first of these.
            let mut stop = Some(stop);
            for &it in moves {
                says.send_replace(it);
                drop(stop.take());
                tokio::task::yield_now().await;
            }
            pending().await
        };
        until(async { drop(stopped.await) }, certain, work).await
    }

    #[tokio::test]
    async fn a_stop_waits_until_it_is_known_whether_the_erasure_was_begun() {
        use Certain::{Begun, Nothing, Open};
        assert_eq!(stopping(&[Nothing, Open, Begun]).await, Err(Nothing));
        assert_eq!(stopping(&[Open, Begun]).await, Err(Begun));
        assert_eq!(stopping(&[Open, Open, Nothing]).await, Err(Nothing));
        assert_eq!(stopping(&[Begun]).await, Err(Begun));
    }

    #[tokio::test]
    async fn what_ends_while_that_is_open_has_ended() {
        let (_says, certain) = watch::channel(Certain::Open);
        let work = async {
            tokio::task::yield_now().await;
            7
        };
        assert_eq!(until(ready(()), certain, work).await, Ok(7));
    }

    #[test]
    fn a_stop_says_what_is_true() {
        let said = |certain, waits| stopped(certain, waits).detail;
        assert!(said(Certain::Begun, true).contains("next start"));
        assert!(said(Certain::Nothing, true).contains("goes on waiting"));
        assert!(said(Certain::Nothing, false).contains("order it again"));
    }
}
