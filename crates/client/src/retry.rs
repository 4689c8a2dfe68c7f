//! The one layer of retries: the gateway's. A call that may be repeated is made a second time when the service was unavailable, at most, and only
//! while such second attempts are few: a service that refuses everything is not asked twice as often by those who wait for it.

use std::{future::Future, sync::Arc, time::Duration};

use tonic::{Code, Response, Status};
use tower::retry::budget::{Budget as _, TpsBudget};

use crate::doubt::Doubts;

/// How long a call counts for the budget.
const MEMORY: Duration = Duration::from_secs(10);
/// Second attempts a second that are always allowed: a lone failure in a quiet hour heals too.
const FLOOR: u32 = 1;
/// Of all calls, as many may be made a second time.
const SHARE: f32 = 0.1;
/// The mean pause before the second attempt, which is anything between none and twice this: a connection may be made anew
/// meanwhile, and calls that failed together do not come back together.
const PAUSE: Duration = Duration::from_millis(50);

/// What second attempts of the calls to one service may cost. Cheap to clone; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Retries(Arc<TpsBudget>);

impl Retries {
    pub(crate) fn new() -> Self {
        Self(Arc::new(TpsBudget::new(MEMORY, FLOOR, SHARE)))
    }

    /// Makes a call, and a second time when that may help and the time and the budget allow it; not before a doubtful address was looked at.
    pub(crate) async fn repeat<T, F>(
        &self,
        doubts: &Doubts,
        mut call: impl FnMut() -> F,
    ) -> Answer<T>
    where
        F: Future<Output = Answer<T>>,
    {
        self.0.deposit();
        let first = call().await;
        if !matches!(&first, Err(status) if status.code() == Code::Unavailable) {
            return first;
        }
        let pause = PAUSE.mul_f64(kith_clock::jitter(1.0));
        if kith_runtime::time_left().is_some_and(|left| left <= pause) {
            count("late");
            return first;
        }
        if !self.0.withdraw() {
            count("over budget");
            return first;
        }
        tokio::join!(tokio::time::sleep(pause), doubts.settled());
        let second = call().await;
        count(if second.is_ok() { "healed" } else { "failed" });
        second
    }
}

type Answer<T> = Result<Response<T>, Status>;

fn count(result: &'static str) {
    metrics::counter!("kith_retries_total", "result" => result).increment(1);
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Answers like a service that refuses the first so many calls, and counts.
    struct Flaky {
        refuses: u32,
        code: Code,
        calls: Cell<u32>,
    }

    impl Flaky {
        const fn new(refuses: u32, code: Code) -> Self {
            Self {
                refuses,
                code,
                calls: Cell::new(0),
            }
        }

        fn call(&self) -> std::future::Ready<Answer<()>> {
            self.calls.set(self.calls.get() + 1);
            std::future::ready(if self.calls.get() > self.refuses {
                Ok(Response::new(()))
            } else {
                Err(Status::new(self.code, "as asked"))
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_failure_is_not_seen() {
        let service = Flaky::new(1, Code::Unavailable);

        let answer = Retries::new()
            .repeat(&Doubts::default(), || service.call())
            .await;

        assert!(answer.is_ok());
        assert_eq!(service.calls.get(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_no_third_attempt() {
        let service = Flaky::new(2, Code::Unavailable);

        let answer = Retries::new()
            .repeat(&Doubts::default(), || service.call())
            .await;

        assert_eq!(answer.unwrap_err().code(), Code::Unavailable);
        assert_eq!(service.calls.get(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_that_another_attempt_would_meet_too_is_final() {
        for code in [
            Code::NotFound,
            Code::DeadlineExceeded,
            Code::ResourceExhausted,
            Code::Internal,
        ] {
            let service = Flaky::new(1, code);

            let answer = Retries::new()
                .repeat(&Doubts::default(), || service.call())
                .await;

            assert_eq!(answer.unwrap_err().code(), code);
            assert_eq!(service.calls.get(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_refuses_everything_is_asked_a_tenth_more_often() {
        const CALLS: u32 = 1_000;
        let service = Flaky::new(u32::MAX, Code::Unavailable);
        let retries = Retries::new();
        let began = tokio::time::Instant::now();

        for _ in 0..CALLS {
            assert!(
                retries
                    .repeat(&Doubts::default(), || service.call())
                    .await
                    .is_err()
            );
        }

        let always = FLOOR * u32::try_from((began.elapsed() + MEMORY).as_secs() + 1).unwrap();
        let second = service.calls.get() - CALLS;
        assert!(second >= CALLS / 20, "{second} second attempts");
        assert!(second <= CALLS / 10 + always, "{second} second attempts");
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_go_well_earn_second_attempts() {
        let (well, ill) = (
            Flaky::new(0, Code::Ok),
            Flaky::new(u32::MAX, Code::Unavailable),
        );
        let retries = Retries::new();
        for _ in 0..1_000 {
            retries
                .repeat(&Doubts::default(), || well.call())
                .await
                .unwrap();
        }

        for _ in 0..50 {
            assert!(
                retries
                    .repeat(&Doubts::default(), || ill.call())
                    .await
                    .is_err()
            );
        }

        assert_eq!((well.calls.get(), ill.calls.get()), (1_000, 100));
    }

    #[tokio::test]
    async fn what_has_no_time_left_is_not_tried_again() {
        let service = Flaky::new(1, Code::Unavailable);
        let (retries, doubts) = (Retries::new(), Doubts::default());
        let call = retries.repeat(&doubts, || service.call());

        let answer = kith_runtime::within(Some(Duration::ZERO), call).await;

        assert_eq!(answer.unwrap_err().code(), Code::Unavailable);
        assert_eq!(service.calls.get(), 1);
    }
}
