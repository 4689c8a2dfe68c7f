//! The load generator's engine: one thread, all sockets of a load, one large buffer to read into. It shares the processors with what it
//! measures, so it has no task and no timer a socket, reads as much as there is in one call, and of a frame looks only at what is counted.

pub(crate) mod frames;
pub(crate) mod wire;

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use mio::{Events, Interest, Poll, Token};

use frames::Frame;
use wire::Wire;

/// Larger than any frame, and still in the processor's cache.
const READ_BUFFER: usize = 128 * 1024;
/// Sockets that are served before the kernel is asked again.
const EVENTS: usize = 1024;
/// Connections that are made at once.
const CONNECTING: usize = 8;

/// What a load does with its sockets.
pub(crate) trait Player {
    /// Hears a frame; an answer on the same socket leaves with `Wire::say`.
    fn hear(&mut self, socket: usize, frame: Frame<'_>, wire: &mut Wire) -> anyhow::Result<()>;

    /// What is due by now; gives the moment at which it wants to be asked again, or nothing when it is done.
    fn tick(&mut self, now: Instant, wires: &mut [Wire]) -> anyhow::Result<Option<Instant>>;
}

/// Who connects, and where: an address such as `127.0.0.1:41234` and an access token.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) address: String,
    pub(crate) token: String,
}

/// Open sockets and the loop that serves them.
pub(crate) struct Driver {
    poll: Poll,
    wires: Vec<Wire>,
    buffer: Vec<u8>,
}

impl Driver {
    /// Connects everybody and waits until each has heard `ready`.
    pub(crate) fn connect(visitors: &[Visitor]) -> anyhow::Result<Self> {
        let mut driver = Self {
            poll: Poll::new()?,
            wires: Vec::new(),
            buffer: vec![0; READ_BUFFER],
        };
        driver.admit(visitors)?;
        Ok(driver)
    }

    /// Connects more people. Nobody is served meanwhile: many come in several parts, with some play between them.
    pub(crate) fn admit(&mut self, visitors: &[Visitor]) -> anyhow::Result<()> {
        for mut wire in connect(visitors)? {
            let both = Interest::READABLE | Interest::WRITABLE;
            let place = Token(self.wires.len());
            self.poll
                .registry()
                .register(&mut wire.stream, place, both)?;
            self.wires.push(wire);
        }
        Ok(())
    }

    /// Serves the sockets until the player is done.
    pub(crate) fn play(&mut self, player: &mut impl Player) -> anyhow::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        // What came with the handshake waits in no kernel buffer, so no event would tell of it.
        for at in 0..self.wires.len() {
            self.serve(at, player)?;
        }
        while let Some(next) = player.tick(Instant::now(), &mut self.wires)? {
            for wire in &mut self.wires {
                wire.flush()?;
            }
            let pause = next.saturating_duration_since(Instant::now());
            match self.poll.poll(&mut events, Some(pause)) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                polled => polled.context("waiting for sockets")?,
            }
            for event in &events {
                self.serve(event.token().0, player)?;
            }
        }
        Ok(())
    }

    /// Reads what there is, lets the player hear it, and writes what it says.
    fn serve(&mut self, at: usize, player: &mut impl Player) -> anyhow::Result<()> {
        let wire = &mut self.wires[at];
        loop {
            let read = wire.read(&mut self.buffer)?;
            let mut rest = &self.buffer[..read.filled];
            while let Some((frame, after)) = frames::split(rest) {
                player.hear(at, frame, wire)?;
                rest = after;
            }
            ensure!(rest.len() < READ_BUFFER, "a frame without an end");
            wire.keep(rest);
            if read.is_all {
                return wire.flush();
            }
        }
    }
}

/// Several at once: a handshake is mostly waiting.
fn connect(visitors: &[Visitor]) -> anyhow::Result<Vec<Wire>> {
    let share = visitors.len().div_ceil(CONNECTING).max(1);
    std::thread::scope(|scope| {
        let connecting: Vec<_> = visitors
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().map(Wire::connect).collect()))
            .collect();
        let mut wires = Vec::with_capacity(visitors.len());
        for thread in connecting {
            let part: anyhow::Result<Vec<Wire>> = match thread.join() {
                Ok(part) => part,
                Err(_) => bail!("a thread that connects sockets died"),
            };
            wires.extend(part?);
        }
        Ok(wires)
    })
}

/// Listens for a while without saying anything but pongs.
pub(crate) struct Listen {
    until: Instant,
}

impl Listen {
    /// For so long.
    pub(crate) fn for_the_next(time: Duration) -> Self {
        Self {
            until: Instant::now() + time,
        }
    }
}

impl Player for Listen {
    fn hear(&mut self, _: usize, frame: Frame<'_>, wire: &mut Wire) -> anyhow::Result<()> {
        match frame {
            Frame::Ping => wire.pong(),
            Frame::Close(why) => bail!("the server closed a socket: {why}"),
            Frame::Text(_) | Frame::Other => {}
        }
        Ok(())
    }

    fn tick(&mut self, now: Instant, _: &mut [Wire]) -> anyhow::Result<Option<Instant>> {
        Ok((now < self.until).then_some(self.until))
    }
}
