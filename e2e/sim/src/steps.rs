//! What people do, and what breaks meanwhile.

use crate::world::{MILLISECOND, SECOND, World};

impl World {
    /// Plans all steps; gives the end.
    pub(crate) fn plan_steps(&mut self) -> u64 {
        let mut at = SECOND;
        for _ in 0..self.plan.steps {
            at += self.random.below(self.plan.pace * MILLISECOND + 1);
            self.at(at, Self::step);
        }
        at + SECOND
    }

    fn step(&mut self) {
        let plan = self.plan.clone();
        self.break_something();
        if self.random.chance(plan.churn) {
            self.churn();
        }
        let phone = self.random.index(self.phones.len());
        match self.random.below(10) {
            0 => self.back_up_phone(phone),
            1 => self.move_read_position(),
            _ => {
                let count = 1 + self.random.below(4);
                for _ in 0..count {
                    self.say(phone);
                }
            }
        }
    }

    fn break_something(&mut self) {
        let plan = self.plan.clone();
        let phone = self.random.index(self.phones.len());
        let node = self.random.index(self.nodes.len());
        let gateway = self.random.index(self.gateways.len());
        if self.random.chance(plan.flaps) {
            self.cut(phone);
        }
        if self.random.chance(plan.crashes) {
            self.crash_phone(phone);
        }
        if self.random.chance(plan.slow) {
            self.phones[phone].is_slow ^= true;
        }
        if self.random.chance(plan.gateway_crashes) && self.gateways[gateway].is_up {
            self.crash_gateway(gateway);
            let pause = self.random.between(10, 3_000) * MILLISECOND;
            self.after(pause, move |world| {
                if !world.gateways[gateway].is_up {
                    world.start_gateway(gateway);
                }
            });
        }
        if self.random.chance(plan.node_crashes) && self.nodes[node].is_up {
            self.crash_node(node);
            let pause = self.random.between(10, 3_000) * MILLISECOND;
            self.after(pause, move |world| {
                if !world.nodes[node].is_up {
                    world.start_node(node);
                }
            });
        }
        if self.random.chance(plan.splits) {
            let pause = self.random.between(10, 6_000) * MILLISECOND;
            if self.random.chance(500) {
                self.split(node);
                self.after(pause, move |world| world.end_split(node));
            } else {
                let until = self.now + pause;
                self.split_gateway(gateway, until);
            }
        }
        if self.random.chance(plan.outages) {
            self.database_down_until = self.now + self.random.between(10, 3_000) * MILLISECOND;
            self.tell(|| "the database is down".to_owned());
        }
        if plan.restores > 0 && self.random.chance(100) {
            self.database.back_up();
        }
        if self.random.chance(plan.restores) {
            self.restore();
        }
        if self.random.chance(plan.floods) {
            self.flood();
        }
    }

    /// Somebody comes, or goes, or both.
    fn churn(&mut self) {
        let room = self.random.index(self.plan.rooms);
        let user = self.random.index(self.plan.users);
        let turns = 1 + self.random.below(3);
        for _ in 0..turns {
            let Some(node) = self.some_node().filter(|_| self.has_database()) else {
                return;
            };
            if self.database.rooms[room].stay(user).is_some() {
                if let Some(outcome) = self.database.leave(room, user) {
                    self.committed_outcome(node, outcome, false);
                }
            } else if let Some(outcome) = self.database.join(room, user) {
                self.committed_outcome(node, outcome, true);
            }
        }
    }

    fn move_read_position(&mut self) {
        let room = self.random.index(self.plan.rooms);
        let user = self.random.index(self.plan.users);
        let head = self.database.rooms[room].head();
        if head == 0 || !self.has_database() {
            return;
        }
        let seq = self.random.between(1, head);
        if let Some(node) = self.some_node()
            && let Some(outcome) = self.database.read(room, user, seq)
        {
            self.committed_outcome(node, outcome, false);
        }
    }

    /// More than anybody is sent is said at once, and the node dies before it tells anybody.
    fn flood(&mut self) {
        let room = self.random.index(self.plan.rooms);
        let user = self.random.index(self.plan.users);
        if !self.has_database() {
            return;
        }
        self.tell(|| format!("room {room} is flooded"));
        let round = self.now;
        for index in 0..1_050 {
            let client_id = format!("flood-{round}-{index}");
            let _ = self.database.append(room, user, &client_id);
        }
    }
}
