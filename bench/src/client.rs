//! A cheap WebSocket client: it reads of each frame only what is counted, because driver, server and Postgres share
//! the processors. What a real device does with a frame is the SDK's business.

use std::time::Instant;

use anyhow::{Context as _, bail};
use futures::{SinkExt as _, StreamExt as _};
use kith_e2e::Person;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{Message, client::IntoClientRequest as _, protocol::WebSocketConfig},
};

/// The length of a message's text, which is that of an ordinary chat message with some links and emoji.
const TEXT_BYTES: usize = 200;
/// Digits of the moment of sending at the beginning of a text.
const STAMP_DIGITS: usize = 12;
const READ_BUFFER: usize = 16 * 1024;

/// One authenticated socket.
pub(crate) struct Client {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The text without its stamp.
    filler: String,
}

/// What a frame says to the bench.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The answer to a send: the message's place in its room.
    Acknowledged { seq: u64 },
    /// The answer to a send that was refused.
    Refused,
    /// A message, and how many microseconds after the bench's begin it was sent.
    Message { seq: u64, sent: u64 },
    /// An event of the room that is no message.
    Event { seq: u64 },
    /// Something that is not counted.
    Other,
}

impl Client {
    /// Connects somebody and waits for `ready`.
    pub(crate) async fn connect(person: &Person) -> anyhow::Result<Self> {
        let request = person.api.socket_url().into_client_request()?;
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
        let (stream, _) = connect_async_with_config(request, Some(config), true).await?;
        let mut client = Self {
            stream,
            filler: ".".repeat(TEXT_BYTES - STAMP_DIGITS - 1),
        };
        let hello = format!(r#"{{"t":"hello","token":"{}"}}"#, person.token());
        client.stream.send(Message::text(hello)).await?;
        let first = client.next().await?;
        anyhow::ensure!(first.contains(r#""t":"ready""#), "not ready: {first}");
        Ok(client)
    }

    /// Says something; the text begins with the moment, counted from `begin`.
    pub(crate) async fn send(
        &mut self,
        room: &str,
        client_id: &str,
        begin: Instant,
    ) -> anyhow::Result<()> {
        let frame = format!(
            r#"{{"t":"send","ref":"s","room_id":"{room}","client_id":"{client_id}","text":"{:012} {}"}}"#,
            begin.elapsed().as_micros(),
            self.filler
        );
        self.stream
            .send(Message::text(frame))
            .await
            .context("sending")
    }

    /// Hears the next frame. Safe to drop half way.
    pub(crate) async fn hear(&mut self) -> anyhow::Result<Heard> {
        Ok(hear(&self.next().await?))
    }

    async fn next(&mut self) -> anyhow::Result<tokio_tungstenite::tungstenite::Utf8Bytes> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(frame))) => bail!("the server closed a socket: {frame:?}"),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error).context("reading a socket"),
                None => bail!("a socket ended"),
            }
        }
    }
}

fn hear(frame: &str) -> Heard {
    let is = |kind: &str| frame.starts_with(kind) || frame[1..].contains(&kind[1..]);
    if is(r#"{"t":"event""#) {
        let Some(seq) = number_after(frame, r#""seq":"#) else {
            return Heard::Other;
        };
        return match number_after(frame, r#""text":""#) {
            Some(sent) => Heard::Message { seq, sent },
            None => Heard::Event { seq },
        };
    }
    if is(r#"{"t":"ok""#) {
        return number_after(frame, r#""seq":"#)
            .map_or(Heard::Other, |seq| Heard::Acknowledged { seq });
    }
    if is(r#"{"t":"err""#) {
        Heard::Refused
    } else {
        Heard::Other
    }
}

/// The number that follows the first occurrence of `key`.
fn number_after(frame: &str, key: &str) -> Option<u64> {
    let rest = &frame[frame.find(key)? + key.len()..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_counted_is_read() {
        let event = r#"{"t":"event","room_id":"r","seq":7,"type":"message.created","d":{"seq":7,"text":"000000001234 .."}}"#;
        let joined = r#"{"t":"event","room_id":"r","seq":8,"type":"participant.joined","d":{"role":"member"}}"#;
        let ok = r#"{"t":"ok","ref":"s","d":{"message":{"id":"i","seq":9,"text":"1"},"duplicate":false}}"#;

        assert_eq!(hear(event), Heard::Message { seq: 7, sent: 1234 });
        assert_eq!(hear(joined), Heard::Event { seq: 8 });
        assert_eq!(hear(ok), Heard::Acknowledged { seq: 9 });
        assert_eq!(hear(r#"{"t":"err","code":"unavailable"}"#), Heard::Refused);
        assert_eq!(hear(r#"{"t":"heads","useq":3}"#), Heard::Other);
    }

    #[test]
    fn the_order_of_fields_does_not_matter() {
        let event = r#"{"d":{"text":"000000000005 ..","seq":7},"seq":7,"t":"event"}"#;

        assert_eq!(hear(event), Heard::Message { seq: 7, sent: 5 });
    }
}
