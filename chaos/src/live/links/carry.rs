//! One direction of one connection.
//!
//! Invariant: bytes leave in the order they came, each not before its delay has passed and not while the direction is
//! cut; so many are on their way at most that a reader who stops stops the writer.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Duration, Instant};

use super::{Orders, Pair};

/// Bytes taken at once.
const PIECE_BYTES: usize = 32 * 1024;
/// Pieces on their way at once.
const PIECES_MAX: usize = 64;

/// A piece, and when it arrives.
struct Piece(Vec<u8>, Instant);

/// Carries until the end of what is said, or until one side is gone.
pub(super) async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    pair: Pair,
    mut told: watch::Receiver<Orders>,
) {
    let (taken, mut arriving) = mpsc::channel::<Piece>(PIECES_MAX);
    let orders = told.clone();
    let take = async move {
        let mut buffer = vec![0; PIECE_BYTES];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let Some(bytes) = buffer.get(..length) else { return };
            let delay = orders.borrow().way(pair).delay;
            let at = Instant::now().checked_add(delay).unwrap_or_else(Instant::now);
            if taken.send(Piece(bytes.to_vec(), at)).await.is_err() {
                return;
            }
        }
    };
    let hand_on = async move {
        while let Some(Piece(bytes, at)) = arriving.recv().await {
            tokio::time::sleep_until(at).await;
            if told.wait_for(|orders| !orders.way(pair).cut).await.is_err() {
                return;
            }
            if to.write_all(&bytes).await.is_err() {
                return;
            }
            let rate = told.borrow().way(pair).bytes_per_second;
            tokio::time::sleep(time_of(bytes.len(), rate)).await;
        }
        // The end of what is said is said behind a cut as little as anything else.
        if told.wait_for(|orders| !orders.way(pair).cut).await.is_ok() {
            drop(to.shutdown().await);
        }
    };
    tokio::join!(take, hand_on);
}

/// How long so many bytes take.
fn time_of(bytes: usize, bytes_per_second: Option<u32>) -> Duration {
    let Some(rate) = bytes_per_second.filter(|rate| *rate > 0) else { return Duration::ZERO };
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    Duration::from_micros(bytes.saturating_mul(1_000_000).div_euclid(u64::from(rate)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_take_the_time_that_the_rate_says() {
        assert_eq!(time_of(1_000, None), Duration::ZERO);
        assert_eq!(time_of(1_000, Some(2_000)), Duration::from_millis(500));
    }
}
