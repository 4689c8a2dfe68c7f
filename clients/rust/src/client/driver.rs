//! The task of a device. It waits for whatever comes first, tells the state machine, stores, and only then does what that says
//! and shows what has happened: what the server may learn of, and what the app may show, is on the disk before.

mod connection;

use std::{collections::VecDeque, time::Duration};

use futures::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use super::{
    calls::{self, Answered, Call},
    login::{Access, Refreshed},
    update::{End, Update},
};
use crate::{
    device::{Action, Device},
    model::ServerFrame,
    outbox::Pending,
    rest::Api,
    socket::Link,
    store::{Store, Stored},
};
use connection::Line;

/// Frames that are taken in before they are stored together.
const AT_ONCE: usize = 256;

/// What the client asks of the task.
#[derive(Debug)]
pub(super) enum Order {
    /// Say this, and say when it is stored.
    Say(Pending, oneshot::Sender<()>),
    Hurry,
    Stop,
}

/// What the client can see of the task.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) api: Api,
    pub(super) link: Option<Link>,
    pub(super) end: Option<End>,
}

pub(super) struct Driver<S> {
    servers: Vec<Api>,
    /// The server of the last attempt to connect.
    server: usize,
    access: Access,
    device: Device,
    store: S,
    line: Option<Line>,
    calls: FuturesUnordered<Call>,
    /// Another token is asked for until there is one.
    waits_for_token: bool,
    /// The device wants to connect, once there is a token.
    wants_line: bool,
    /// The server asked not to be connected to before then.
    stay_away: Option<Instant>,
    /// Shown when there is room.
    news: VecDeque<Update>,
    /// Who waits for what they said to be stored.
    sayers: Vec<oneshot::Sender<()>>,
    end: Option<End>,
}

/// What one turn has brought about, before any of it is done.
#[derive(Default)]
struct Turn {
    actions: Vec<Action>,
    news: Vec<Update>,
    /// There is something to store, also when nothing has to be done.
    is_new: bool,
}

impl<S: Store> Driver<S> {
    pub(super) fn new(servers: Vec<Api>, access: Access, device: Device, store: S) -> Self {
        Self {
            servers,
            server: 0,
            access,
            device,
            store,
            line: None,
            calls: FuturesUnordered::new(),
            waits_for_token: false,
            wants_line: false,
            stay_away: None,
            news: VecDeque::new(),
            sayers: Vec::new(),
            end: None,
        }
    }

    pub(super) async fn run(
        mut self,
        mut orders: mpsc::UnboundedReceiver<Order>,
        updates: mpsc::Sender<Update>,
        told: watch::Sender<Told>,
    ) {
        let mut turn = Turn::default();
        self.device
            .tick(std::time::Instant::now(), &mut turn.actions);
        loop {
            self.finish(turn).await;
            self.tell(&told);
            if self.end.is_some() {
                break;
            }
            if updates.is_closed() {
                self.news.clear();
            }
            turn = self.wait(&mut orders, &updates).await;
        }
        if let Some(line) = self.line.take() {
            line.close();
        }
        // Whatever had happened is stored, and shown to whoever still reads.
        for update in self.news.drain(..) {
            if updates.send(update).await.is_err() {
                break;
            }
        }
    }

    /// Waits for what comes first.
    async fn wait(
        &mut self,
        orders: &mut mpsc::UnboundedReceiver<Order>,
        updates: &mpsc::Sender<Update>,
    ) -> Turn {
        let mut turn = Turn::default();
        let now = std::time::Instant::now;
        let (due, token_due) = (self.device.due(), self.access.due);
        // What is not read yet holds up the socket, and nothing else.
        let is_read = self.news.is_empty() || updates.is_closed();
        let silence = self.line.as_ref().map(Line::silent_at);
        tokio::select! {
            order = orders.recv() => self.take_order(order, &mut turn),
            permit = updates.reserve(), if !is_read => {
                if let (Ok(permit), Some(update)) = (permit, self.news.pop_front()) {
                    permit.send(update);
                }
            }
            frame = Line::next(&mut self.line), if is_read => self.take_frames(frame, &mut turn).await,
            Some(answered) = self.calls.next(), if !self.calls.is_empty() => self.take_answer(answered, &mut turn),
            refreshed = self.access.answer(), if self.access.is_asking() => self.take_token(refreshed, &mut turn),
            () = until(silence), if is_read && silence.is_some() => self.lost(None, &mut turn),
            () = until(token_due), if token_due.is_some() => self.refresh(&mut turn),
            () = until(due.map(Instant::from_std)), if due.is_some() => self.device.tick(now(), &mut turn.actions),
        }
        turn
    }

    fn take_order(&mut self, order: Option<Order>, turn: &mut Turn) {
        match order {
            Some(Order::Say(pending, stored)) => {
                self.sayers.push(stored);
                turn.is_new = true;
                self.device.say(pending, &mut turn.actions);
            }
            Some(Order::Hurry) => {
                let now = std::time::Instant::now();
                self.device.hurry(now);
                self.device.tick(now, &mut turn.actions);
            }
            Some(Order::Stop) | None => self.end = Some(End::Stopped),
        }
    }

    /// Takes in a frame, and those that have come behind it.
    async fn take_frames(&mut self, first: Option<ServerFrame>, turn: &mut Turn) {
        if let Some(frame) = first {
            self.take_frame(frame, turn);
        }
        for _ in 1..AT_ONCE {
            let Some(frame) = self.line.as_mut().and_then(Line::try_next) else {
                break;
            };
            self.take_frame(frame, turn);
        }
        if let Some(line) = self.line.as_ref().filter(|line| line.has_ended()) {
            let closed = line.closed().await;
            self.lost(Some(closed), turn);
        }
    }

    fn take_frame(&mut self, frame: ServerFrame, turn: &mut Turn) {
        match frame {
            ServerFrame::Receipt(_) | ServerFrame::Typing(_) | ServerFrame::Presence(_) => {
                turn.news.push(Update::Passing(frame));
                return;
            }
            ServerFrame::Drain(drain) => {
                self.stay_away =
                    Some(Instant::now() + Duration::from_millis(drain.resume_after_ms));
            }
            ServerFrame::Ready(_)
            | ServerFrame::Event(_)
            | ServerFrame::User(_)
            | ServerFrame::Resumed(_)
            | ServerFrame::Err(_) => turn.is_new = true,
            _ => {}
        }
        if let Some(line) = &mut self.line {
            line.hears(&frame);
        }
        self.device.frame(frame, &mut turn.actions);
    }

    fn take_answer(&mut self, answered: Answered, turn: &mut Turn) {
        let now = std::time::Instant::now();
        turn.is_new = true;
        match answered {
            Answered::Knocked(knocked) => self.knocked(knocked, turn),
            Answered::Sent {
                room,
                client_id,
                outcome,
            } => {
                let settled = outcome.as_ref().map(drop).map_err(|retryable| *retryable);
                self.device
                    .sent((room, &client_id), settled, now, &mut turn.actions);
                turn.news.extend(outcome.ok().map(Update::Sent));
            }
            // A room that could not be loaded is asked for again by its next event.
            Answered::Fetched(room, Err(false)) | Answered::Loaded(room, None) => {
                self.device.fetch_refused(room);
            }
            Answered::Fetched(room, answer) => {
                self.device
                    .fetched(room, answer.ok(), now, &mut turn.actions);
            }
            Answered::Synced(answer) => {
                self.device
                    .synced(answer.map(|answer| *answer), now, &mut turn.actions);
            }
            Answered::Loaded(room, Some(loaded)) => {
                self.device.track(room, loaded.last_seq, &mut turn.actions);
                turn.news.push(Update::Room(loaded));
            }
        }
    }

    /// Stores what a turn has brought about, then does it.
    async fn finish(&mut self, turn: Turn) {
        let Turn {
            actions,
            mut news,
            is_new,
        } = turn;
        let mut deeds = Vec::new();
        for action in actions {
            match shown(action) {
                Ok(update) => news.push(update),
                Err(deed) => deeds.push(deed),
            }
        }
        let names_refresh = self.waits_for_token && self.access.name_refresh();
        if (is_new || names_refresh || !news.is_empty()) && !self.save(&news).await {
            return;
        }
        for sayer in self.sayers.drain(..) {
            // They may have gone meanwhile.
            let _ = sayer.send(());
        }
        self.news.extend(news);
        for deed in deeds {
            self.carry_out(deed);
        }
        self.ask_for_token();
    }

    async fn save(&mut self, news: &[Update]) -> bool {
        let stored = Stored {
            login: Some(self.access.login.clone()),
            device: self.device.saved(),
        };
        let saved = self.store.save(&stored, news).await;
        if let Err(error) = &saved {
            self.end = Some(End::Storage(error.to_string()));
        }
        saved.is_ok()
    }

    fn carry_out(&mut self, deed: Action) {
        let api = self.api();
        let link = self.line.as_ref().map(Line::link);
        let call = match (deed, link) {
            (Action::Connect, _) => return self.connect(),
            (Action::Sync(resume), _) => calls::sync(&api, resume),
            (Action::Load(room), _) => calls::load(&api, room),
            (Action::Fetch { room, after }, Some(link)) => calls::fetch(link, room, after),
            (Action::Send(pending), Some(link)) => calls::send(link, pending),
            // Its connection has ended meanwhile: it is asked for again on the next one.
            _ => return,
        };
        self.calls.push(call);
    }

    /// The server that the device is at, asked with the token of now.
    fn api(&self) -> Api {
        self.servers[self.server].with_token(&self.access.login.access_token)
    }

    fn tell(&self, told: &watch::Sender<Told>) {
        let link = self.line.as_ref().filter(|_| self.device.is_live());
        let is_live = link.is_some();
        told.send_if_modified(|told| {
            let is_same = told.link.is_some() == is_live && told.end == self.end;
            told.link = link.map(|line| line.link().clone());
            told.api = self.api();
            told.end.clone_from(&self.end);
            !is_same
        });
    }
}

/// What the app is shown of an action; else what is to be done.
fn shown(action: Action) -> Result<Update, Action> {
    Ok(match action {
        Action::StartOver(ready) => Update::StartOver(ready),
        Action::Apply(event) => Update::Event(event),
        Action::ApplyOwn(event) => Update::Own(event),
        Action::Page { room, last_seq } => Update::Skipped { room, last_seq },
        Action::LoadLists => Update::Lists,
        Action::Failed(pending) => Update::NotSent(pending),
        deed => return Err(deed),
    })
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
