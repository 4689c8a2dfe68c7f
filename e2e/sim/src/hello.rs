//! One socket at a gateway: its hello, what is written to it and read from it, its requests, its end.

use std::{sync::Arc, time::Duration};

use kith_delivery::{Opening, Step, Told, in_telling_order};
use kith_sdk::{
    model::{Ready, Resumed, TooLong},
    sync::Resume,
};

use crate::{
    database::{RoomEvent, Synced, room_id},
    gateway::HEARTBEAT,
    plan::Sabotage,
    socket::{Answer, Socket, Stretch, Wire},
    world::{MILLISECOND, SECOND, World},
};

/// Events of one fetch.
const FETCH: u64 = 10;
/// How long a socket may take to open.
const OPENING: u64 = 8 * SECOND;

/// A socket's connection.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) socket: Arc<Socket>,
    pub(crate) phone: usize,
    /// The phone's number of it.
    pub(crate) number: u64,
    opening: Option<Opening<Socket>>,
    resume: Option<Resume>,
    synced: Option<Synced>,
    is_reading: bool,
    is_open: bool,
    is_pumped: bool,
    /// What was written last arrives then.
    arrives: u64,
}

impl World {
    /// A hello has arrived.
    pub(crate) fn hello(
        &mut self,
        gateway: usize,
        phone: usize,
        number: u64,
        resume: Option<Resume>,
    ) {
        let own = &mut self.gateways[gateway];
        if !own.is_up {
            let lag = self.lag();
            self.after(lag, move |world| world.link_lost(phone, number));
            return;
        }
        own.next_socket += 1;
        let id = own.next_socket;
        let is_silent = self.sabotage == Some(Sabotage::SilentOverflow);
        let user = self.phones[phone].user;
        let socket = Arc::new(Socket::new(id, user, self.plan.queue, is_silent));
        self.phones[phone].link = Some((gateway, id));
        let conn = Conn {
            socket: socket.clone(),
            phone,
            number,
            opening: None,
            resume,
            synced: None,
            is_reading: false,
            is_open: false,
            is_pumped: false,
            arrives: self.now,
        };
        self.gateways[gateway].conns.insert(id, conn);
        let opening = self.with_logs(gateway, |logs, effects| Opening::new(socket, logs, effects));
        if let Some(conn) = self.conn(gateway, id) {
            conn.opening = Some(opening);
        }
        self.go_on_opening(gateway, id);
        let generation = self.gateways[gateway].generation;
        self.after(OPENING, move |world| {
            let is_late = world.gateways[gateway].generation == generation
                && world.conn(gateway, id).is_some_and(|conn| !conn.is_open);
            if is_late {
                world.close_socket(gateway, id, Duration::ZERO);
            }
        });
    }

    pub(crate) fn conn(&mut self, gateway: usize, id: u64) -> Option<&mut Conn> {
        self.gateways[gateway].conns.get_mut(&id)
    }

    /// Goes on with a hello that may have waited for heads.
    pub(crate) fn go_on_opening(&mut self, gateway: usize, id: u64) {
        let Some(conn) = self.conn(gateway, id) else {
            return;
        };
        if conn.is_reading {
            return;
        }
        let Some(mut opening) = conn.opening.take() else {
            return;
        };
        let step = self.with_logs(gateway, |logs, effects| opening.next(logs, effects));
        let Some(conn) = self.conn(gateway, id) else {
            return;
        };
        match step {
            Step::Wait(_) => conn.opening = Some(opening),
            Step::Read => {
                conn.opening = Some(opening);
                conn.is_reading = true;
                self.read_snapshot(gateway, id);
            }
            Step::Open => {
                conn.is_open = true;
                self.tell_missed(gateway, id);
                let generation = self.gateways[gateway].generation;
                self.after(HEARTBEAT, move |world| {
                    world.heartbeat(gateway, generation, id);
                });
            }
        }
    }

    fn read_snapshot(&mut self, gateway: usize, id: u64) {
        let Some(conn) = self.conn(gateway, id) else {
            return;
        };
        let (user, resume) = (conn.socket.user, conn.resume.clone());
        self.ask(
            gateway,
            move |world, _| {
                let mut synced = world.database.sync(user, resume.as_ref());
                synced.snapshot.epoch = world.seen(synced.snapshot.epoch);
                Some(synced)
            },
            move |world, synced| {
                let Some(synced) = synced else {
                    world.close_socket(gateway, id, Duration::ZERO);
                    return;
                };
                let Some(conn) = world.conn(gateway, id) else {
                    return;
                };
                let Some(mut opening) = conn.opening.take() else {
                    return;
                };
                conn.is_reading = false;
                world.with_logs(gateway, |logs, effects| {
                    opening.read(logs, &synced.snapshot, effects);
                });
                if let Some(conn) = world.conn(gateway, id) {
                    conn.opening = Some(opening);
                    conn.synced = Some(synced);
                }
                world.go_on_opening(gateway, id);
            },
        );
    }

    /// `ready`, and what was missed: before anything that the queue holds.
    fn tell_missed(&mut self, gateway: usize, id: u64) {
        let Some(conn) = self.conn(gateway, id) else {
            return;
        };
        let Some(synced) = conn.synced.take() else {
            return;
        };
        let is_resuming = conn.resume.is_some();
        let snapshot = &synced.snapshot;
        let mut frames = vec![Wire::Ready(Box::new(Ready {
            session_id: uuid::Uuid::nil(),
            user_id: conn.socket.user_id.into(),
            epoch: snapshot.epoch,
            useq: snapshot.useq,
            heartbeat_ms: HEARTBEAT / MILLISECOND,
            server_time: chrono::DateTime::default(),
            rooms: snapshot
                .rooms
                .iter()
                .map(|&(room, head)| (room.into(), head))
                .collect(),
            limits: serde_json::Value::Null,
        }))];
        if synced.is_invalid {
            frames.push(Wire::CursorInvalid);
        } else if is_resuming {
            let told = in_telling_order(
                synced.events,
                synced.user_events,
                |event| event.room,
                |event| event.turn(),
            );
            frames.extend(told.map(|missed| match missed {
                Told::Room(event) => Wire::Room(event),
                Told::User(event) => Wire::User(event),
            }));
            frames.push(Wire::Resumed(Box::new(Resumed {
                useq: snapshot.useq,
                too_long: synced
                    .too_long
                    .iter()
                    .map(|&(room, last_seq)| TooLong {
                        room_id: room_id(room).into(),
                        last_seq,
                    })
                    .collect(),
                user_too_long: false,
            })));
        }
        for frame in frames {
            self.write(gateway, id, frame);
        }
        self.pump_socket(gateway, id);
    }

    /// A frame goes to the device, after all before it.
    fn write(&mut self, gateway: usize, id: u64, frame: Wire) {
        let at = self.now + self.lag();
        let Some(conn) = self.conn(gateway, id) else {
            return;
        };
        conn.arrives = conn.arrives.max(at);
        let (at, phone, number) = (conn.arrives, conn.phone, conn.number);
        self.at(at, move |world| world.hear(phone, number, frame));
    }

    /// Writes what the queue holds, as fast as the device reads.
    pub(crate) fn pump_socket(&mut self, gateway: usize, id: u64) {
        let Some(conn) = self.conn(gateway, id) else {
            return;
        };
        let (is_idle, phone) = (conn.is_pumped || !conn.is_open, conn.phone);
        if is_idle {
            return;
        }
        conn.is_pumped = true;
        let is_slow = self.phones[phone].is_slow;
        let pause = if is_slow { 150 * MILLISECOND } else { 100 };
        let generation = self.gateways[gateway].generation;
        self.after(pause, move |world| {
            if world.gateways[gateway].generation == generation {
                world.write_queue(gateway, id, if is_slow { 1 } else { 64 });
            }
        });
    }

    fn write_queue(&mut self, gateway: usize, id: u64, count: usize) {
        let Some(conn) = self.conn(gateway, id) else {
            return;
        };
        conn.is_pumped = false;
        let mut frames = Vec::new();
        let socket = conn.socket.clone();
        socket.outgoing().take(count, |frame| frames.push(frame));
        let has_more = !socket.outgoing().is_empty();
        for frame in frames {
            self.write(gateway, id, frame);
        }
        if let Some(lost) = socket.take_lost() {
            let rooms = kith_delivery::Socket::following(&*socket).heads(&lost.rooms);
            if !lost.rooms.is_empty() {
                let useq = self.gateways[gateway].logs.useq(socket.user_id);
                socket.outgoing().enqueue(Wire::Behind { useq, rooms });
            }
            if lost.user {
                self.with_logs(gateway, |logs, effects| logs.rejoin_user(&socket, effects));
            }
            self.pump_socket(gateway, id);
        }
        if has_more {
            self.pump_socket(gateway, id);
        }
    }

    fn heartbeat(&mut self, gateway: usize, generation: u64, id: u64) {
        if self.gateways[gateway].generation != generation {
            return;
        }
        let Some(conn) = self.conn(gateway, id) else {
            return;
        };
        let socket = conn.socket.clone();
        let rooms = kith_delivery::Socket::following(&*socket).moved();
        let useq = self.gateways[gateway].logs.useq(socket.user_id);
        socket.outgoing().enqueue(Wire::Heads { useq, rooms });
        self.pump_socket(gateway, id);
        self.after(HEARTBEAT, move |world| {
            world.heartbeat(gateway, generation, id);
        });
    }

    /// The gateway ends a socket.
    pub(crate) fn close_socket(&mut self, gateway: usize, id: u64, _: Duration) {
        let Some(conn) = self.gateways[gateway].conns.remove(&id) else {
            return;
        };
        self.gateways[gateway].logs.leave(&conn.socket);
        let at = conn.arrives.max(self.now + self.lag());
        self.at(at, move |world| world.link_lost(conn.phone, conn.number));
    }

    /// The gateway notices that the device is gone.
    pub(crate) fn forget_socket(&mut self, gateway: usize, id: u64) {
        if let Some(conn) = self.gateways[gateway].conns.remove(&id) {
            self.gateways[gateway].logs.leave(&conn.socket);
        }
    }

    /// A device sends something.
    pub(crate) fn request_send(&mut self, gateway: usize, id: u64, room: usize, client_id: String) {
        let Some(conn) = self.conn(gateway, id).filter(|conn| conn.is_open) else {
            return;
        };
        let user = conn.socket.user;
        let name = client_id.clone();
        self.ask(
            gateway,
            move |world, node| {
                let appended = world.database.append(room, user, &name);
                if let Some((event, false)) = &appended {
                    world.committed(node, event);
                }
                Some(appended.map(|(event, _)| event))
            },
            move |world, answer: Option<Option<Arc<RoomEvent>>>| {
                let answer = match answer {
                    None => Err(true),
                    Some(None) => Err(false),
                    Some(Some(event)) => Ok(event),
                };
                world.answer(
                    gateway,
                    id,
                    Wire::Sent {
                        room,
                        client_id,
                        answer,
                    },
                );
            },
        );
    }

    /// A device fetches; what is detached goes on once it has all.
    pub(crate) fn request_fetch(&mut self, gateway: usize, id: u64, room: usize, after: u64) {
        let Some(conn) = self.conn(gateway, id).filter(|conn| conn.is_open) else {
            return;
        };
        let user = conn.socket.user;
        self.ask(
            gateway,
            move |world, _| {
                let log = &world.database.rooms[room];
                let stay = log.stay(user);
                let page = stay.map(|stay| {
                    let from_seq = stay.joined.max(after + 1);
                    Stretch {
                        events: log.window(from_seq, from_seq + FETCH - 1),
                        from_seq,
                        last_seq: log.head(),
                    }
                });
                Some((page, world.seen(world.database.epoch)))
            },
            move |world, answer: Option<(Option<Stretch>, u64)>| {
                let admitted = answer.filter(|(_, epoch)| {
                    world.with_logs(gateway, |logs, effects| logs.admits(*epoch, effects))
                });
                let answer = admitted.map(|(page, _)| page);
                let cursor = answer.as_ref().and_then(Option::as_ref).and_then(|page| {
                    let cursor = page.events.last().map_or(after, |event| event.seq);
                    (cursor >= page.last_seq).then_some(cursor)
                });
                let answer = match answer {
                    None => Answer::Failed,
                    Some(None) => Answer::Refused,
                    Some(Some(page)) => Answer::Good(page),
                };
                world.answer(gateway, id, Wire::Fetched { room, answer });
                let Some(conn) = world.conn(gateway, id) else {
                    return;
                };
                let socket = conn.socket.clone();
                if let Some(cursor) = cursor {
                    world.with_logs(gateway, |logs, effects| {
                        logs.rejoin_room(&socket, room_id(room), cursor, effects);
                    });
                }
            },
        );
    }

    /// A device asks for everything missed in one piece.
    pub(crate) fn request_sync(&mut self, gateway: usize, id: u64, resume: Resume) {
        let Some(conn) = self.conn(gateway, id).filter(|conn| conn.is_open) else {
            return;
        };
        let user = conn.socket.user;
        self.ask(
            gateway,
            move |world, _| Some(world.database.sync(user, Some(&resume))),
            move |world, synced| {
                // Not over the socket: it may overtake what is in the queue.
                let Some(conn) = world.conn(gateway, id) else {
                    return;
                };
                let (phone, number) = (conn.phone, conn.number);
                let synced = synced.filter(|synced| !synced.is_invalid).map(Box::new);
                let lag = world.lag();
                world.after(lag, move |world| world.hear_synced(phone, number, synced));
            },
        );
    }

    fn answer(&mut self, gateway: usize, id: u64, frame: Wire) {
        if let Some(conn) = self.conn(gateway, id) {
            conn.socket.clone().outgoing().enqueue(frame);
            self.pump_socket(gateway, id);
        }
    }

    /// A gateway that believes whatever comes.
    pub(crate) fn push_unchecked(&mut self, gateway: usize, event: &Arc<RoomEvent>) {
        for id in self.socket_ids(gateway) {
            let Some(conn) = self.conn(gateway, id) else {
                continue;
            };
            let socket = conn.socket.clone();
            let sits = kith_delivery::Socket::following(&*socket)
                .followed(room_id(event.room))
                .is_some();
            if sits {
                socket.outgoing().enqueue(Wire::Room(event.clone()));
                self.pump_socket(gateway, id);
            }
        }
    }
}
