//! Keys, replies, pastes, and bytes cut anywhere.

use super::*;
use proptest::prelude::*;

fn parse(bytes: &[u8]) -> Vec<Input> {
    let (mut parser, mut out) = (Parser::default(), Vec::new());
    parser.feed(bytes, &mut out);
    while parser.patience().is_some() {
        parser.silence(&mut out);
    }
    out
}

fn plain(code: KeyCode) -> Input {
    key(code, KeyModifiers::NONE)
}

#[test]
fn keys() {
    let (ctrl, alt, shift) = (KeyModifiers::CONTROL, KeyModifiers::ALT, KeyModifiers::SHIFT);
    let cases: &[(&[u8], Input)] = &[
        (b"a", plain(KeyCode::Char('a'))),
        (b"G", key(KeyCode::Char('G'), shift)),
        ("ß".as_bytes(), plain(KeyCode::Char('ß'))),
        ("日".as_bytes(), plain(KeyCode::Char('日'))),
        ("😀".as_bytes(), plain(KeyCode::Char('😀'))),
        (b"\r", plain(KeyCode::Enter)),
        (b"\t", plain(KeyCode::Tab)),
        (b"\x7f", plain(KeyCode::Backspace)),
        (b"\x1b", plain(KeyCode::Esc)),
        (b"\x03", key(KeyCode::Char('c'), ctrl)),
        (b"\x1a", key(KeyCode::Char('z'), ctrl)),
        (b"\x00", key(KeyCode::Char(' '), ctrl)),
        (b"\x1bx", key(KeyCode::Char('x'), alt)),
        (b"\x1bG", key(KeyCode::Char('G'), alt | shift)),
        ("\x1bé".as_bytes(), key(KeyCode::Char('é'), alt)),
        (b"\x1b\r", key(KeyCode::Enter, alt)),
        (b"\x1b\x7f", key(KeyCode::Backspace, alt)),
        (b"\x1b[", key(KeyCode::Char('['), alt)),
        (b"\x1b]", key(KeyCode::Char(']'), alt)),
        (b"\x1bP", key(KeyCode::Char('P'), alt | shift)),
        (b"\x1bO", key(KeyCode::Char('O'), alt | shift)),
        (b"\x1b[A", plain(KeyCode::Up)),
        (b"\x1bOB", plain(KeyCode::Down)),
        (b"\x1b[1;5C", key(KeyCode::Right, ctrl)),
        (b"\x1b[1;2D", key(KeyCode::Left, shift)),
        (b"\x1b[Z", key(KeyCode::BackTab, shift)),
        (b"\x1b[H", plain(KeyCode::Home)),
        (b"\x1b[1~", plain(KeyCode::Home)),
        (b"\x1bOF", plain(KeyCode::End)),
        (b"\x1b[4~", plain(KeyCode::End)),
        (b"\x1b[5~", plain(KeyCode::PageUp)),
        (b"\x1b[6;5~", key(KeyCode::PageDown, ctrl)),
        (b"\x1b[2~", plain(KeyCode::Insert)),
        (b"\x1b[3~", plain(KeyCode::Delete)),
        (b"\x1bOP", plain(KeyCode::F(1))),
        (b"\x1b[[E", plain(KeyCode::F(5))),
        (b"\x1b[15~", plain(KeyCode::F(5))),
        (b"\x1b[17~", plain(KeyCode::F(6))),
        (b"\x1b[24~", plain(KeyCode::F(12))),
        (b"\x1b[1;2R", key(KeyCode::F(3), shift)),
        (b"\x1b[97;5u", key(KeyCode::Char('a'), ctrl)),
        (b"\x1b[27;5;9~", key(KeyCode::Tab, ctrl)),
        (b"\x1b[0n", Input::Ack),
    ];
    for (bytes, wanted) in cases {
        assert_eq!(parse(bytes), std::slice::from_ref(wanted), "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn acknowledgements_are_taken_out_amid_keys() {
    assert_eq!(
        parse(b"a\x1b[0n\x1b[A\x1b[0nb\x1b[0n"),
        [
            plain(KeyCode::Char('a')),
            Input::Ack,
            plain(KeyCode::Up),
            Input::Ack,
            plain(KeyCode::Char('b')),
            Input::Ack
        ]
    );
}

#[test]
fn replies_that_nobody_asked_for_become_no_keys() {
    for reply in [
        "\x1b]11;rgb:1111/1515/1b1b\x07",
        "\x1b]11;rgb:1111/1515/1b1b\x1b\\",
        "\x1b[?2026;2$y",
        "\x1b[?64;1;2c",
        "\x1b[>0;276;0c",
        "\x1b[24;80R",
        "\x1bP>|XTerm(380)\x1b\\",
        "\x1b[I\x1b[O",
        "\x1b[<0;10;10M",
        "\x1b[200;300;400;500;600;700;800;900;1000;1100;1200;1300;1400;1500;1600;1700m",
    ] {
        let got = parse(format!("{reply}q").as_bytes());
        let wanted = plain(KeyCode::Char('q'));
        // `ESC \` ends a string; where it stood alone it would be Alt-backslash, which no key of ours is.
        let rest: Vec<_> =
            got.iter().filter(|i| **i != key(KeyCode::Char('\\'), KeyModifiers::ALT)).collect();
        assert_eq!(rest, [&wanted], "{reply:?}");
    }
}

#[test]
fn a_paste_is_one_event_whatever_stands_in_it() {
    assert_eq!(
        parse(b"\x1b[200~yes\r\nq\x1b[0n\x1b[A done\x1b[201~x"),
        [Input::Paste("yes\nq done".into()), plain(KeyCode::Char('x'))],
        "an acknowledgement in a paste is text and is cleaned away"
    );
    assert_eq!(parse("\x1b[200~a\u{202E}b\x1b[201~".as_bytes()), [Input::Paste("a\\u{202e}b".into())]);
}

#[test]
fn a_paste_without_an_end_gives_the_keyboard_back() {
    let (mut parser, mut out) = (Parser::default(), Vec::new());
    parser.feed(b"\x1b[200~abc", &mut out);
    assert_eq!(parser.patience(), Some(ENDLESS_PASTE_MS));
    parser.silence(&mut out);
    parser.feed(b"q", &mut out);
    assert_eq!(out, [Input::Paste("abc".into()), plain(KeyCode::Char('q'))]);
}

#[test]
fn a_huge_paste_is_cut_and_its_end_still_seen() {
    let text = [b"\x1b[200~".as_slice(), &vec![b'a'; PASTE_MAX + 5000], b"\x1b[201~q"].concat();
    let got = parse(&text);
    assert_eq!(got.len(), 2);
    assert!(matches!(&got[0], Input::Paste(t) if t.len() == PASTE_MAX));
    assert_eq!(got[1], plain(KeyCode::Char('q')));
}

#[test]
fn silence_settles_what_is_open_and_the_next_key_is_a_key() {
    for open in ["\x1b", "\x1b[", "\x1b]", "\x1bP", "\x1b[1;", "\x1b]11;rgb", "\x1b[[", "\x1bO"] {
        let (mut parser, mut out) = (Parser::default(), Vec::new());
        parser.feed(open.as_bytes(), &mut out);
        assert!(parser.patience().is_some(), "{open:?}");
        parser.silence(&mut out);
        assert_eq!(parser.patience(), None, "{open:?}");
        parser.feed(b"q", &mut out);
        assert_eq!(out.last(), Some(&plain(KeyCode::Char('q'))), "{open:?}");
    }
}

#[test]
fn broken_utf8_is_dropped_and_what_follows_stands() {
    assert_eq!(parse(b"\xe2\x82q\xff\xc3"), [plain(KeyCode::Char('q'))]);
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-zA-Z0-9 äß日😀]".prop_map(String::into_bytes),
        proptest::sample::select(vec![
            &b"\x1b[A"[..],
            b"\x1bOP",
            b"\x1b[5~",
            b"\x1b[1;5C",
            b"\x1b[0n",
            b"\x1b[Z",
            b"\x1bx",
            b"\x1b[[B",
            b"\r",
            b"\x03",
            b"\x1b[200~pasted \x1b[0n\r\n\x1b[201~",
            b"\x1b]11;rgb:1/2/3\x07",
            b"\x1b[?2026;2$y",
        ])
        .prop_map(<[u8]>::to_vec),
        proptest::collection::vec(any::<u8>(), 1..6),
    ]
}

proptest! {
    #[test]
    fn how_bytes_are_cut_changes_nothing(
        pieces in proptest::collection::vec(piece(), 0..30),
        cuts in proptest::collection::vec(1usize..7, 1..20),
    ) {
        let bytes = pieces.concat();
        let (mut whole, mut at_once) = (Parser::default(), Vec::new());
        whole.feed(&bytes, &mut at_once);
        let (mut cut, mut in_parts, mut rest) = (Parser::default(), Vec::new(), &bytes[..]);
        for length in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (part, left) = rest.split_at((*length).min(rest.len()));
            cut.feed(part, &mut in_parts);
            rest = left;
        }
        whole.silence(&mut at_once);
        cut.silence(&mut in_parts);
        prop_assert_eq!(at_once, in_parts);
    }
}
