//! Bodies of requests and answers: one frame, or a stream of frames through a bounded channel.
//!
//! Invariant: no body makes its reader hold more than one largest frame and what it already handed on.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::mpsc;

use super::wire::{self, WireError};
use crate::settings::FRAME_BYTES_MAX;

/// What is sent.
pub(crate) enum PeerBody {
    /// One frame, or nothing.
    Whole(Option<Bytes>),
    /// Frames as they come, until the sender is dropped.
    Stream(mpsc::Receiver<Bytes>),
}

impl PeerBody {
    pub(crate) const fn whole(frame: Bytes) -> Self {
        Self::Whole(Some(frame))
    }
}

impl Body for PeerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(frame) => Poll::Ready(frame.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(receiver) => {
                receiver.poll_recv(context).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(frame) => {
                let length = frame.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Self::Stream(_) => SizeHint::default(),
        }
    }
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the connection broke: {0}")]
    Broken(#[from] hyper::Error),
    #[error("{0}")]
    Wire(#[from] WireError),
}

/// The frames of a body, one after the other.
pub(crate) struct Frames {
    body: Incoming,
    buffer: BytesMut,
}

impl Frames {
    pub(crate) fn new(body: Incoming) -> Self {
        Self { body, buffer: BytesMut::new() }
    }

    /// The next frame; `None` at the end. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            if let Some(frame) = wire::take_frame(&mut self.buffer)? {
                return Ok(Some(frame));
            }
            match self.body.frame().await {
                Some(part) => {
                    // Trailers carry nothing here.
                    if let Ok(data) = part?.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(WireError::Short.into()),
            }
        }
    }
}

/// A whole body: at most one largest frame. A body that came in one piece is not copied.
pub(crate) async fn collect(mut body: Incoming) -> Result<Bytes, BodyError> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(part) = body.frame().await {
        let Ok(data) = part?.into_data() else { continue };
        let length = first.len().saturating_add(rest.len()).saturating_add(data.len());
        if length > FRAME_BYTES_MAX.saturating_add(wire::HEADER_BYTES) {
            return Err(WireError::TooLarge.into());
        }
        if first.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len().saturating_add(rest.len()));
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}
