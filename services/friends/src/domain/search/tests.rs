use super::*;

fn fit(query: &str, username: &str, display_name: &str) -> Fit {
    let entry = SearchEntry::of(username, display_name);
    SearchQuery::read(query)
        .unwrap()
        .fit(username, &entry.name_key, &entry.search_text)
}

#[test]
fn a_beginning_fits_better_than_a_word_and_a_word_better_than_a_part() {
    let cases = [
        ("ann", "annabell", "Somebody", Fit::Start),
        ("ANN", "x_1", "Änne Bell", Fit::Start),
        ("@annabell", "annabell", "Somebody", Fit::Start),
        ("bell", "x_1", "Anna Bell", Fit::Word),
        ("bell", "anna.bell", "Somebody", Fit::Word),
        ("bell anna", "x_1", "Anna Bell", Fit::Word),
        ("nna", "x_1", "Anna Bell", Fit::Inside),
        ("小龙", "x_1", "李小龙", Fit::Word),
        ("حداد", "x_1", "بلال الحداد", Fit::Word),
        ("bel ana", "x_1", "Anna Bell", Fit::Alike),
    ];
    for (query, username, display_name, expected) in cases {
        assert_eq!(fit(query, username, display_name), expected, "{query}");
    }
}

#[test]
fn names_are_kept_by_their_words() {
    let entry = SearchEntry::of("anna.bell_99", "Änna  Bell");

    let words: Vec<(bool, &str)> = entry
        .words
        .iter()
        .map(|(inner, word)| (*inner, word.as_str()))
        .collect();

    assert_eq!(
        words,
        [(false, "anna.bell_99"), (false, "anna"), (true, "bell")]
    );
    assert_eq!(entry.search_text, " anna.bell_99 anna bell");
    assert_eq!(entry.name_key, "anna  bell");
}

#[test]
fn what_is_kept_of_the_longest_names_is_bounded() {
    let entry = SearchEntry::of(&"a_".repeat(16), &"龙 ".repeat(32));
    let crowded = SearchEntry::of("a", &"龙虎凤龟鹤鹿马羊猴鸡狗猪鼠牛兔".repeat(4));

    assert!(entry.words.len() <= NAME_WORDS);
    assert!(crowded.words.len() <= NAME_WORDS && crowded.search_text.len() < 2_000);
}

#[test]
fn a_query_of_which_too_little_counts_is_none() {
    for text in ["", " ", "a", "  a  ", "@a", "\u{301}\u{301}"] {
        assert_eq!(SearchQuery::read(text), None, "{text:?}");
    }
    assert_eq!(
        SearchQuery::read(" Anna   BELL ").unwrap().phrase(),
        "anna bell"
    );
}

#[test]
fn only_a_run_of_three_letters_is_a_piece() {
    for (text, expected) in [
        ("ann", true),
        ("an", false),
        ("%%%", false),
        ("a.b.c", false),
        ("li wu", false),
        ("a abc", true),
    ] {
        assert_eq!(
            SearchQuery::read(text).unwrap().has_piece(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn wildcards_in_a_query_stand_for_themselves() {
    assert_eq!(containing(r"50%_\x"), r"%50\%\_\\x%");
}

#[test]
fn hits_come_by_fit_then_nearness_then_alphabet() {
    let key = |fit, near, text: &str| HitKey {
        fit,
        near: Reverse(near),
        text: text.to_owned(),
        user: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
    };
    let expected = vec![
        key(Fit::Start, FRIEND, "zoe"),
        key(Fit::Start, 3, "zoe"),
        key(Fit::Start, 1, "anna"),
        key(Fit::Start, 0, "anna"),
        key(Fit::Start, 0, "bell"),
        key(Fit::Word, FRIEND, "anna"),
    ];
    let mut sorted = expected.clone();
    sorted.reverse();

    sorted.sort();

    assert_eq!(sorted, expected);
}
