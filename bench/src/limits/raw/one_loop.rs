//! A bare server as lean as it gets: accepts, shakes hands with everybody, and gives what they say to the room. One thread, one large buffer to read into, and no
//! write before all that can be read has been.

use std::io::{ErrorKind, Read as _, Write as _};

use anyhow::Context as _;
use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};

use super::room::{Outcome, Room};

const LISTENER: Token = Token(usize::MAX);
const EVENTS: usize = 1024;
const READ_BUFFER: usize = 128 * 1024;

struct Server {
    poll: Poll,
    listener: TcpListener,
    streams: Vec<Option<TcpStream>>,
    room: Room,
    buffer: Vec<u8>,
}

/// Serves until it is killed; prints where.
pub(crate) fn run() -> anyhow::Result<()> {
    let poll = Poll::new()?;
    let mut listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
    let mut server = Server {
        poll,
        listener,
        streams: Vec::new(),
        room: Room::default(),
        buffer: vec![0; READ_BUFFER],
    };
    let mut events = Events::with_capacity(EVENTS);
    loop {
        match server.poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled.context("waiting for sockets")?,
        }
        for event in &events {
            if event.token() == LISTENER {
                server.accept()?;
                continue;
            }
            if event.is_readable() {
                server.read(event.token().0);
            }
            if event.is_writable() {
                server.room.touch(event.token().0);
            }
        }
        server.write();
    }
}

impl Server {
    fn accept(&mut self) -> anyhow::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((mut stream, _)) => {
                    stream.set_nodelay(true)?;
                    let token = Token(self.streams.len());
                    let both = Interest::READABLE | Interest::WRITABLE;
                    self.poll.registry().register(&mut stream, token, both)?;
                    self.streams.push(Some(stream));
                    self.room.enter();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("accepting"),
            }
        }
    }

    fn read(&mut self, at: usize) {
        while let Some(stream) = &mut self.streams[at] {
            match stream.read(&mut self.buffer) {
                Ok(count) if count > 0 => {
                    self.room.hear(at, &self.buffer[..count]);
                    if count < self.buffer.len() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => self.end(at),
            }
        }
    }

    fn write(&mut self) {
        while let Some(at) = self.room.next_touched() {
            while let Some(stream) = &mut self.streams[at] {
                match self.room.write(at, stream) {
                    Ok(Outcome::More) => {}
                    Ok(Outcome::Done) => break,
                    Err(_) => self.end(at),
                }
            }
        }
    }

    fn end(&mut self, at: usize) {
        self.streams[at] = None;
        self.room.leave(at);
    }
}
