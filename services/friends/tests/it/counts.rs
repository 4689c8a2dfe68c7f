//! Counts are right after any history: compared with a recount.

use std::collections::BTreeSet;

use kith_api::friends::v1 as wire;
use kith_ids::UserId;
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use wire::Relation;

use crate::world::World;

const PEOPLE: usize = 6;

#[derive(Debug, Clone, Copy)]
enum Act {
    Ask(usize, usize),
    Remove(usize, usize),
    Block(usize, usize),
    Unblock(usize, usize),
    /// The account of the first goes.
    Delete(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let two = (0..PEOPLE, 0..PEOPLE).prop_filter("two people", |(one, other)| one != other);
    (two, 0..40).prop_map(|((one, other), kind)| match kind {
        0 => Act::Delete(one),
        1..=27 => Act::Ask(one, other),
        28..=31 => Act::Remove(one, other),
        32..=35 => Act::Block(one, other),
        _ => Act::Unblock(one, other),
    })
}

/// What the rules say of a history, in the plainest form.
#[derive(Debug, Default)]
struct Model {
    friends: BTreeSet<(usize, usize)>,
    blocks: BTreeSet<(usize, usize)>,
    /// (sender, receiver, hidden)
    pending: BTreeSet<(usize, usize, bool)>,
    gone: BTreeSet<usize>,
}

impl Model {
    fn apply(&mut self, act: Act) {
        match act {
            Act::Ask(one, other)
            | Act::Remove(one, other)
            | Act::Block(one, other)
            | Act::Unblock(one, other)
                if self.gone.contains(&one) || self.gone.contains(&other) => {}
            Act::Delete(one) => {
                self.gone.insert(one);
                let is_other = |pair: &(usize, usize)| pair.0 != one && pair.1 != one;
                self.friends.retain(is_other);
                self.blocks.retain(is_other);
                self.pending.retain(|(from, to, _)| is_other(&(*from, *to)));
            }
            Act::Ask(one, other) => self.ask(one, other),
            Act::Remove(one, other) => {
                self.friends.remove(&ordered(one, other));
            }
            Act::Block(one, other) => {
                if self.blocks.insert((one, other)) {
                    self.friends.remove(&ordered(one, other));
                    self.pending
                        .retain(|(sender, receiver, _)| (*sender, *receiver) != (one, other));
                    if self.pending.remove(&(other, one, false)) {
                        self.pending.insert((other, one, true));
                    }
                }
            }
            Act::Unblock(one, other) => {
                self.blocks.remove(&(one, other));
            }
        }
    }

    fn ask(&mut self, one: usize, other: usize) {
        if self.blocks.contains(&(one, other)) || self.friends.contains(&ordered(one, other)) {
            return;
        }
        if self.pending.contains(&(other, one, false)) {
            self.friends.insert(ordered(one, other));
            self.pending
                .retain(|(sender, receiver, _)| ordered(*sender, *receiver) != ordered(one, other));
            return;
        }
        let hidden = self.blocks.contains(&(other, one));
        if !self.pending.contains(&(one, other, !hidden)) {
            self.pending.insert((one, other, hidden));
        }
    }

    fn friends_of(&self, who: usize) -> BTreeSet<usize> {
        (0..PEOPLE)
            .filter(|other| self.friends.contains(&ordered(who, *other)))
            .collect()
    }

    fn mutual(&self, viewer: usize, other: usize) -> usize {
        if viewer == other {
            return 0;
        }
        let theirs = self.friends_of(other);
        self.friends_of(viewer).intersection(&theirs).count()
    }

    fn relation(&self, viewer: usize, other: usize) -> Relation {
        if viewer == other {
            Relation::Self_
        } else if self.blocks.contains(&(viewer, other)) {
            Relation::Blocked
        } else if self.friends.contains(&ordered(viewer, other)) {
            Relation::Friends
        } else if self.pending.contains(&(other, viewer, false)) {
            Relation::Incoming
        } else if [false, true]
            .iter()
            .any(|hidden| self.pending.contains(&(viewer, other, *hidden)))
        {
            Relation::Outgoing
        } else {
            Relation::None
        }
    }
}

fn ordered(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}

/// Lets people act, and the model with them.
async fn play(world: &World, people: &[UserId], history: &[Act]) -> Model {
    let mut model = Model::default();
    for act in history {
        match *act {
            Act::Delete(one) if !model.gone.contains(&one) => {
                world.accounts.delete(people[one]);
                world.apply(people[one]).await;
            }
            Act::Delete(_) => {}
            // May be refused; the model says when.
            Act::Ask(one, other) => drop(world.send(people[one], people[other]).await),
            Act::Remove(one, other) => drop(world.remove(people[one], people[other]).await),
            Act::Block(one, other) => drop(world.block(people[one], people[other]).await),
            Act::Unblock(one, other) => drop(world.unblock(people[one], people[other]).await),
        }
        model.apply(*act);
    }
    model
}

#[tokio::test]
async fn counts_and_relations_are_those_of_a_recount_after_any_history() {
    let world = World::new().await;
    // The same histories in every run: a failure can be looked at.
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for round in 0..4 {
        let people: Vec<UserId> = (0..PEOPLE)
            .map(|index| world.user(&format!("p{round}_{index}")))
            .collect();
        let histories = proptest::collection::vec(act(), 40);
        let history = histories.new_tree(&mut runner).unwrap().current();

        let model = play(&world, &people, &history).await;

        let here =
            |who: &(usize, usize)| !model.gone.contains(&who.0) && !model.gone.contains(&who.1);
        for (viewer, other) in (0..PEOPLE)
            .flat_map(|one| (0..PEOPLE).map(move |two| (one, two)))
            .filter(here)
        {
            let seen = world.see(people[viewer], people[other]).await.unwrap();
            let expected = (
                model.relation(viewer, other),
                model.friends_of(other).len(),
                model.mutual(viewer, other),
            );
            let counts = (
                seen.relation(),
                seen.friends_count as usize,
                seen.mutual_friends_count as usize,
            );
            assert_eq!(counts, expected, "{viewer} sees {other} after {history:?}");
        }
    }
}
