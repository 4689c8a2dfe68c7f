//! The streams of writes, one to each chat node: opened, and opened again whenever they break, less and less often while they never work. One task
//! drives them all.

use std::time::Duration;

use futures::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream, FuturesUnordered, SelectAll},
};
use kith_api::chat::v1::{Reply, SendRequest, SendResponse};
use kith_auth::Caller;
use kith_client::{Upstream, Way};
use tokio::sync::mpsc::{self, Permit, Sender, error::TrySendError};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::{IN_FLIGHT, LONGEST_PAUSE, PAUSE, next, opened, owner::Owner, pending::StreamId};
use crate::ws::MAX_ANSWER;

/// All of them.
pub(super) struct Streams {
    chat: Upstream,
    lines: Vec<Line>,
    last_id: u64,
    openings: FuturesUnordered<BoxFuture<'static, (StreamId, Option<Opened>)>>,
    heard: SelectAll<BoxStream<'static, News>>,
    reserving: FuturesUnordered<BoxFuture<'static, StreamId>>,
}

/// What comes from them.
pub(super) enum News {
    /// A stream is open.
    Open(StreamId, Owner),
    /// It answers.
    Heard(StreamId, Vec<Reply>),
    /// It is no more.
    Broken(StreamId),
    /// It may take more.
    Ready,
}

/// A node that there is to be a stream to.
struct Line {
    way: Way,
    /// The one that is open or being opened.
    id: StreamId,
    requests: Option<Sender<SendRequest>>,
    is_reserving: bool,
    /// Before the next opening, growing while it never works.
    pause: Duration,
}

struct Opened {
    requests: Sender<SendRequest>,
    replies: Streaming<SendResponse>,
}

impl Streams {
    pub(super) fn new(chat: Upstream) -> Self {
        Self {
            chat,
            lines: Vec::new(),
            last_id: 0,
            openings: FuturesUnordered::new(),
            heard: SelectAll::new(),
            reserving: FuturesUnordered::new(),
        }
    }

    /// These are the nodes; gives the streams that are no more.
    pub(super) fn follow(&mut self, ways: Vec<Way>) -> Vec<StreamId> {
        let (stay, gone): (Vec<Line>, _) = std::mem::take(&mut self.lines)
            .into_iter()
            .partition(|line| ways.contains(&line.way));
        self.lines = stay;
        for way in ways {
            if !self.lines.iter().any(|line| line.way == way) {
                let id = self.open(&way, Duration::ZERO);
                self.lines.push(Line {
                    way,
                    id,
                    requests: None,
                    is_reserving: false,
                    pause: PAUSE,
                });
            }
        }
        gone.into_iter().map(|line| line.id).collect()
    }

    /// A stream is no more, or never was: another one is opened after a pause.
    pub(super) fn reopen(&mut self, id: StreamId) {
        let Some(place) = self.lines.iter().position(|line| line.id == id) else {
            return;
        };
        let line = &self.lines[place];
        let (way, pause) = (line.way.clone(), line.pause);
        let id = self.open(&way, pause.mul_f64(kith_clock::jitter(0.3)));
        let line = &mut self.lines[place];
        line.id = id;
        line.requests = None;
        line.is_reserving = false;
        line.pause = (pause * 2).min(LONGEST_PAUSE);
    }

    /// Room for a request on this stream; without any, news will come of it.
    pub(super) fn room_on(&mut self, id: StreamId) -> Option<Permit<'_, SendRequest>> {
        let line = self.lines.iter_mut().find(|line| line.id == id)?;
        let requests = line.requests.as_ref()?;
        match requests.try_reserve() {
            Ok(permit) => return Some(permit),
            Err(TrySendError::Full(())) if !line.is_reserving => {
                line.is_reserving = true;
                let requests = requests.clone();
                let reserving = async move {
                    let _ = requests.reserve().await;
                    id
                };
                self.reserving.push(reserving.boxed());
            }
            // Somebody waits already; or it is broken, of which news will come.
            Err(_) => {}
        }
        None
    }

    /// Waits for what comes next.
    pub(super) async fn next(&mut self) -> News {
        loop {
            tokio::select! {
                Some(news) = self.heard.next(), if !self.heard.is_empty() => {
                    self.note(&news);
                    return news;
                }
                Some(id) = self.reserving.next(), if !self.reserving.is_empty() => {
                    if let Some(line) = self.line(id) {
                        line.is_reserving = false;
                    }
                    return News::Ready;
                }
                Some((id, opened)) = self.openings.next(), if !self.openings.is_empty() => {
                    match opened {
                        Some(opened) => if let Some(node) = self.opened(id, opened) {
                            return News::Open(id, node);
                        },
                        None => self.reopen(id),
                    }
                }
                else => std::future::pending().await,
            }
        }
    }

    /// Begins to open a stream.
    fn open(&mut self, way: &Way, after: Duration) -> StreamId {
        self.last_id += 1;
        let id = StreamId(self.last_id);
        let node = self.chat.over(way);
        let opening = async move {
            tokio::time::sleep(after).await;
            let (requests, outgoing) = mpsc::channel(IN_FLIGHT);
            let mut client = node
                .delivery_stream(&Caller::node("gateway"))
                .max_decoding_message_size(MAX_ANSWER);
            let opening = client.send(ReceiverStream::new(outgoing));
            let replies = opened("writes", opening).await;
            (id, replies.map(|replies| Opened { requests, replies }))
        };
        self.openings.push(opening.boxed());
        id
    }

    /// A stream is open; nothing when nobody wants it any more.
    fn opened(&mut self, id: StreamId, opened: Opened) -> Option<Owner> {
        let line = self.line(id)?;
        line.requests = Some(opened.requests);
        let node = Owner::at(line.way.address);
        self.heard.push(news_of(id, opened.replies));
        Some(node)
    }

    fn note(&mut self, news: &News) {
        if let News::Heard(id, _) = news
            && let Some(line) = self.line(*id)
        {
            line.pause = PAUSE;
        }
    }

    fn line(&mut self, id: StreamId) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.id == id)
    }
}

/// What a stream says, and its end.
fn news_of(id: StreamId, replies: Streaming<SendResponse>) -> BoxStream<'static, News> {
    let news = stream::unfold(Some(replies), move |replies| async move {
        let mut replies = replies?;
        match next(&mut replies).await {
            Ok(response) => Some((News::Heard(id, response.replies), Some(replies))),
            Err(status) => {
                tracing::warn!(code = ?status.code(), "a stream of writes broke");
                Some((News::Broken(id), None))
            }
        }
    });
    news.boxed()
}
