//! A body on its way into quarantine.
//!
//! Invariant: it ends within a deadline, with at most so many bytes, and not slower than the least pace; memory holds
//! one part of it.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout_at};

use super::{PART_BYTES, too_large};
use crate::error::Problem;
use crate::limits::{UPLOAD_BYTES_MAX, UPLOAD_MS_MAX, UPLOAD_PACE_BYTES, UPLOAD_PACE_MS};
use crate::ports::ScratchFile;

/// What has come, and by when more must.
struct Pace {
    ends: Instant,
    /// The end of the time that is looked at now, and what came in it.
    look: Instant,
    came: u64,
}

fn later(from: Instant, milliseconds: u64) -> Instant {
    from.checked_add(Duration::from_millis(milliseconds)).unwrap_or(from)
}

impl Pace {
    fn new() -> Self {
        let now = Instant::now();
        Self { ends: later(now, UPLOAD_MS_MAX), look: later(now, UPLOAD_PACE_MS), came: 0 }
    }

    /// Looks at the clock; the body is over when it is too late or too little came.
    fn kept(&mut self, now: Instant) -> Result<(), Problem> {
        if now >= self.ends {
            return Err(slow());
        }
        if now >= self.look {
            if self.came < UPLOAD_PACE_BYTES {
                return Err(slow());
            }
            self.look = later(now, UPLOAD_PACE_MS);
            self.came = 0;
        }
        Ok(())
    }

    fn next_look(&self) -> Instant {
        self.look.min(self.ends)
    }
}

fn slow() -> Problem {
    Problem::wrong("", "Berkas tidak tiba pada waktunya; coba lagi di jaringan yang lebih baik.")
}

fn broken() -> Problem {
    Problem::wrong("", "Berkas terputus di tengah jalan; unggah lagi.")
}

/// Receives all of a body; answers how many bytes came.
pub(super) async fn receive(mut body: Body, waiting: &mut dyn ScratchFile) -> Result<u64, Problem> {
    let mut pace = Pace::new();
    let mut size = 0_u64;
    let mut part = BytesMut::new();
    loop {
        let Ok(frame) = timeout_at(pace.next_look(), body.frame()).await else {
            pace.kept(Instant::now())?;
            continue;
        };
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|_| broken())?;
        let Ok(data) = frame.into_data() else { continue };
        let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
        size = size.saturating_add(length);
        if size > UPLOAD_BYTES_MAX {
            return Err(too_large());
        }
        pace.came = pace.came.saturating_add(length);
        pace.kept(Instant::now())?;
        part.extend_from_slice(&data);
        if part.len() >= PART_BYTES {
            waiting.write(part.split().freeze()).await?;
        }
    }
    waiting.write(Bytes::from(part)).await?;
    Ok(size)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;
    use futures_util::stream;

    use super::*;
    use crate::error::Code;
    use crate::ports::{AttachmentError, Content};

    #[derive(Default)]
    struct Memory(Vec<u8>);

    impl Content for Memory {
        fn read(&self, _: u64, _: usize) -> BoxFuture<'_, Result<Bytes, AttachmentError>> {
            async { Ok(Bytes::new()) }.boxed()
        }
    }

    impl ScratchFile for Memory {
        fn write(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<(), AttachmentError>> {
            self.0.extend_from_slice(&bytes);
            async { Ok(()) }.boxed()
        }
    }

    /// A body that gives so many bytes each so many milliseconds.
    fn dripping(bytes: usize, every_ms: u64) -> Body {
        let drops = stream::unfold((), move |()| async move {
            tokio::time::sleep(Duration::from_millis(every_ms)).await;
            Some((Ok::<_, std::io::Error>(Bytes::from(vec![0; bytes])), ()))
        });
        Body::from_stream(drops)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_crawls_or_stalls_ends() {
        for (bytes, every_ms) in [(1, 100), (500, 1_000), (1_000_000, 40_000)] {
            let began = Instant::now();
            let problem = receive(dripping(bytes, every_ms), &mut Memory::default()).await.unwrap_err();
            assert_eq!(problem.code, Code::BadRequest);
            assert!(began.elapsed() <= Duration::from_millis(UPLOAD_PACE_MS + 1), "{:?}", began.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_fast_enough_and_endless_ends_too() {
        let began = Instant::now();
        let problem = receive(dripping(2_000, 1_000), &mut Memory::default()).await.unwrap_err();
        assert_eq!(problem.code, Code::BadRequest);
        assert!(began.elapsed() <= Duration::from_millis(UPLOAD_MS_MAX + 1), "{:?}", began.elapsed());
        let problem = receive(dripping(1_000_000, 1), &mut Memory::default()).await.unwrap_err();
        assert_eq!(problem.code, Code::TooLarge);
    }

    #[tokio::test]
    async fn all_that_came_is_there() {
        let bytes: Vec<u8> = (0..700_000_u32).map(|place| place.to_le_bytes()[1]).collect();
        let mut memory = Memory::default();
        assert_eq!(receive(Body::from(bytes.clone()), &mut memory).await.unwrap(), 700_000);
        assert_eq!(memory.0, bytes);
    }
}
