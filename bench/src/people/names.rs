//! Invents people with names as a large community has them: many languages and scripts, a few very frequent names and a long tail,
//! user names made out of them, glued, dotted and numbered. The same names in every run.

use std::collections::HashSet;

const LATIN: &str = "anna maria james john robert michael david linda sarah emma olivia noah liam sofia lucas mia charlotte amelia lea \
    louis hugo chloé émile zoé andré jürgen günther björn åsa søren łukasz małgorzata josé jesús begoña joão inês ángel çağla ömer elif \
    mehmet thanh minh ana luis carlos pedro paulo marta elena irina olga ivan milan jana petra stefan thomas andreas peter mark felix max \
    leon finn elias tim nina lena laura julia eva marie sophie camille manon alice rose giulia francesca marco matteo alessandro kofi ama \
    kwame chidi ngozi emeka priya anjali rahul kavya rohan deepak annabelle christopher alexander elizabeth jennifer jessica joshua \
    matthew daniel andrew brandon jonathan stephanie nicole heather melissa rachel samantha kimberly";
const STEMS: &str = "ander john lind berg holm sand nord eng lund haw king wil carl mart gar rod her fern gonz lop sanch ram tor riv mor ort \
    cast rom alv dom mend silv cost per sous oliv nun carv alm rib sant teix mat cor lim gom mar dia rich fish mill wood black white green \
    brown young hall wright scott hill baker nel mitch rob turn phil camp park edw coll stew rog reed cook bell murph bail coop ward pet gray";
const ENDINGS: &str = "son sen ez es er mann stein dahl gren qvist ström ov ova ski wicz enko ini elli etti ard eau et ois ian yan ton ham \
    ley ford worth field well by strand vik sson dóttir ić ović sky ler ner";
const HAN_FAMILY: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈卢";
const HAN_GIVEN: &str = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华玉萍红玲飞鹏辉浩宇欣怡梓涵子轩雨桐思远佳琪嘉文博俊天龙凤春梅晓东建国志美海燕雪松青云山水";
const JAPANESE: &str =
    "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上";
const JAPANESE_GIVEN: &str =
    "さくら はなこ たろう ゆうき あおい ひなた みさき けんた 翔太 美咲 大輝 陽菜 結衣 拓海";
const ARABIC: &str = "محمد أحمد علي فاطمة عائشة خديجة عمر عثمان حسن حسين يوسف إبراهيم مريم سارة نور ليلى خالد سعيد طارق زينب هدى سلمى كريم";
const ARABIC_FAMILY: &str = "الحداد النجار الخطيب المصري الشامي العلي الأحمد السيد منصور الرحيمي البغدادي التونسي المغربي القاضي الصباغ العطار الزهراني";
const CYRILLIC: &str = "иван мария александр анна дмитрий ольга сергей елена андрей наталья алексей татьяна михаил екатерина никита юлия артём фёдор";
const CYRILLIC_STEMS: &str = "иван петр сидор смирн кузнец попов васил соколов михайл новик федор мороз волк лебед семен егор павл козл степан";
const CYRILLIC_ENDINGS: &str = "ов ова ин енко ский";
const NICKS: &str = "wolf tiger panda fox bear eagle shark dragon ninja rider gamer cat star moon sun sky snow rain fire stone river red blue happy \
    lucky dark silent crazy cool fast tiny big super mega wild lazy sweet";

/// The alphabets of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    Han,
    Arabic,
    Cyrillic,
}

/// One person's names.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) username: String,
    pub(super) display: String,
    script: Script,
}

/// Numbers that look random and are the same in every run (splitmix64).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 16).unwrap_or(0) % end
    }

    /// A number below `end`, small ones far more often.
    pub(super) fn skewed(&mut self, end: usize) -> usize {
        let once = self.below(end);
        let twice = self.below(once + 1);
        self.below(twice + 1)
    }

    fn word(&mut self, words: &'static str) -> &'static str {
        let words: Vec<&str> = words.split_whitespace().collect();
        words[self.below(words.len())]
    }

    /// A frequent word more often.
    fn frequent(&mut self, words: &'static str) -> &'static str {
        let words: Vec<&str> = words.split_whitespace().collect();
        let first = self.below(words.len());
        words[self.below(first + 1)]
    }

    fn letter(&mut self, letters: &'static str) -> char {
        let count = letters.chars().count();
        letters.chars().nth(self.below(count)).unwrap_or('x')
    }
}

/// So many people.
pub(super) fn of(count: usize) -> Vec<Name> {
    let mut dice = Dice::new(7);
    let mut taken = HashSet::with_capacity(count);
    (0..count)
        .map(|_| Name::new(&mut dice, &mut taken))
        .collect()
}

impl Name {
    /// Somebody whose user name is not taken yet.
    fn new(dice: &mut Dice, taken: &mut HashSet<String>) -> Self {
        let (script, first, last) = match dice.below(100) {
            0..62 => latin(dice),
            62..74 => {
                let count = 1 + dice.below(2);
                let given: String = (0..count).map(|_| dice.letter(HAN_GIVEN)).collect();
                let family = dice.letter(HAN_FAMILY).to_string();
                (Script::Han, family + &given, String::new())
            }
            74..78 => {
                let family = dice.word(JAPANESE).to_owned();
                (Script::Han, family, dice.word(JAPANESE_GIVEN).to_owned())
            }
            78..88 => {
                let family = dice.word(ARABIC_FAMILY).to_owned();
                (Script::Arabic, dice.frequent(ARABIC).to_owned(), family)
            }
            _ => {
                let family = dice.word(CYRILLIC_STEMS).to_owned() + dice.word(CYRILLIC_ENDINGS);
                (
                    Script::Cyrillic,
                    capital(dice.frequent(CYRILLIC)),
                    capital(&family),
                )
            }
        };
        let username = username(dice, taken, &first, &last);
        let display = format!("{first} {last}").trim_end().to_owned();
        Self {
            username,
            display,
            script,
        }
    }

    /// The first characters of the display name's first word or of the user name.
    #[expect(
        clippy::unnecessary_wraps,
        reason = "one of several ways to make a query"
    )]
    pub(super) fn beginning(&self, length: usize) -> Option<String> {
        let word = self.display.split(' ').next().unwrap_or_default();
        let text = if word.chars().count() >= length {
            word
        } else {
            &self.username
        };
        Some(characters(text, 0, length.max(2)))
    }

    /// The first characters of a display name that reaches into its second word.
    pub(super) fn words(&self, length: usize) -> Option<String> {
        let text = characters(&self.display, 0, length);
        (text.chars().count() >= 13 && text.trim_end().contains(' ')).then_some(text)
    }

    /// Characters from the middle of a word.
    pub(super) fn inside(&self, length: usize, dice: &mut Dice) -> Option<String> {
        let word = self.display.split(' ').next_back()?;
        let spare = word.chars().count().checked_sub(length + 1)?;
        (self.script == Script::Latin).then(|| characters(word, 1 + dice.below(spare + 1), length))
    }

    /// A word of five letters or more with a slip.
    pub(super) fn misspelled(&self, dice: &mut Dice) -> Option<String> {
        let word = self.display.split(' ').next_back()?;
        let mut letters: Vec<char> = word.chars().collect();
        if letters.len() < 5 || self.script == Script::Han {
            return None;
        }
        let place = 1 + dice.below(letters.len() - 2);
        match dice.below(3) {
            0 => drop(letters.remove(place)),
            1 => letters.swap(place, place + 1),
            _ => letters[place] = letters[0],
        }
        Some(letters.into_iter().collect())
    }

    /// Characters from somewhere in a name of that script.
    pub(super) fn part_of(&self, script: Script, length: usize, dice: &mut Dice) -> Option<String> {
        let words: Vec<&str> = self.display.split(' ').collect();
        let word = words[dice.below(words.len())];
        let spare = word.chars().count().checked_sub(length)?;
        (self.script == script).then(|| characters(word, dice.below(spare + 1), length))
    }
}

fn latin(dice: &mut Dice) -> (Script, String, String) {
    let family = dice.word(STEMS).to_owned() + dice.word(ENDINGS);
    (
        Script::Latin,
        capital(dice.frequent(LATIN)),
        capital(&family),
    )
}

fn username(dice: &mut Dice, taken: &mut HashSet<String>, first: &str, last: &str) -> String {
    let plain = |text: &str| -> String {
        let letters = text.to_lowercase();
        letters.chars().filter(char::is_ascii_lowercase).collect()
    };
    let or_nick = |text: String, dice: &mut Dice| {
        if text.len() < 2 {
            dice.word(NICKS).to_owned()
        } else {
            text
        }
    };
    let first = or_nick(plain(first), dice);
    let last = or_nick(plain(last), dice);
    loop {
        let name = match dice.below(6) {
            0 => format!("{first}.{last}"),
            1 => format!("{first}{last}"),
            2 => format!("{}{last}", &first[..1]),
            3 => format!("{first}_{last}"),
            4 => format!(
                "{}{}{}",
                dice.word(NICKS),
                dice.word(NICKS),
                dice.below(100)
            ),
            _ => format!("{last}{first}"),
        };
        let mut name: String = name.chars().take(25).collect();
        if name.len() < 3 || taken.contains(&name) {
            name += &dice.below(999_999).to_string();
        }
        if taken.insert(name.clone()) {
            return name;
        }
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn characters(text: &str, skip: usize, take: usize) -> String {
    text.chars().skip(skip).take(take).collect()
}
