use proptest::prelude::*;

use super::*;

/// A client's frame.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..=125 => bytes.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..=0xFFFF => {
            bytes.push(0xFE);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(0xFF);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    let mut payload = payload.to_vec();
    unmask(&mut payload, mask);
    bytes.extend(payload);
    bytes
}

fn decode(bytes: &[u8]) -> Result<Vec<Incoming>, Violation> {
    let mut decoder = Decoder::default();
    decoder.feed(bytes);
    let mut messages = Vec::new();
    while let Some(message) = decoder.next()? {
        messages.push(message);
    }
    Ok(messages)
}

#[test]
fn broken_frames_end_the_connection_with_their_code() {
    let long = vec![b'a'; MAX_MESSAGE + 1];
    let cases: Vec<(&str, Vec<u8>, Violation)> = vec![
        ("reserved bit", masked(0xC1, b"a"), Violation::Protocol),
        ("unknown opcode", masked(0x83, b"a"), Violation::Protocol),
        ("unmasked", vec![0x81, 1, b'a'], Violation::Protocol),
        (
            "stray continuation",
            masked(0x80, b"a"),
            Violation::Protocol,
        ),
        (
            "text inside a message",
            [masked(0x01, b"a"), masked(0x81, b"b")].concat(),
            Violation::Protocol,
        ),
        ("fragmented ping", masked(0x09, b"a"), Violation::Protocol),
        ("long ping", masked(0x89, &[0; 126]), Violation::Protocol),
        ("close of one byte", masked(0x88, &[3]), Violation::Protocol),
        ("close 1005", masked(0x88, &[3, 237]), Violation::Protocol),
        ("binary", masked(0x82, b"a"), Violation::Binary),
        ("no UTF-8", masked(0x81, &[0xFF]), Violation::NotUtf8),
        ("one byte too long", masked(0x81, &long), Violation::TooLong),
        (
            "too long by its header alone",
            masked(0x81, &long)[..14].to_vec(),
            Violation::TooLong,
        ),
        (
            "too long in fragments",
            [masked(0x01, &long[1..]), masked(0x80, b"a")].concat(),
            Violation::TooLong,
        ),
    ];
    for (name, bytes, violation) in cases {
        assert_eq!(decode(&bytes), Err(violation), "{name}");
    }
}

#[test]
fn a_ping_may_come_between_the_fragments_of_a_message() {
    let bytes = [
        masked(0x01, "hé".as_bytes()),
        masked(0x89, b"p"),
        masked(0x00, b""),
        masked(0x80, b"llo"),
        masked(0x88, &[3, 232]),
    ]
    .concat();

    let messages = decode(&bytes).unwrap();

    assert_eq!(
        messages,
        [
            Incoming::Ping(b"p".to_vec()),
            Incoming::Text("héllo".to_owned()),
            Incoming::Close(Some(1000)),
        ]
    );
}

#[test]
fn the_longest_message_passes() {
    let text = "a".repeat(MAX_MESSAGE);

    let messages = decode(&masked(0x81, text.as_bytes())).unwrap();

    assert_eq!(messages, [Incoming::Text(text)]);
}

#[test]
fn a_frame_carries_the_shortest_header_that_fits() {
    let cases = [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)];
    for (length, header) in cases {
        let frame = Frame::text(|bytes| bytes.extend(vec![b'a'; length]));

        assert_eq!(frame.len(), header + length, "{length}");
        assert_eq!(frame.into_bytes()[0], 0x81);
    }
}

proptest! {
    #[test]
    fn however_the_bytes_are_cut_the_messages_are_the_same(
        texts in prop::collection::vec(".{0,300}", 1..6),
        cuts in prop::collection::vec(1usize..40, 1..200),
    ) {
        let bytes: Vec<u8> = texts.iter().flat_map(|text| masked(0x81, text.as_bytes())).collect();
        let mut decoder = Decoder::default();
        let mut messages = Vec::new();
        let mut rest = bytes.as_slice();
        let mut cuts = cuts.into_iter().cycle();

        while !rest.is_empty() {
            let (piece, later) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            decoder.feed(piece);
            while let Some(Incoming::Text(text)) = decoder.next().unwrap() {
                messages.push(text);
            }
            rest = later;
        }

        prop_assert_eq!(messages, texts);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = decode(&bytes);
    }
}
