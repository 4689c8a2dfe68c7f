use kith_clock::Clock;
use proptest::prelude::*;

use super::*;

const ROLES: [Role; 3] = [Role::Owner, Role::Admin, Role::Member];

fn allowed(kind: RoomKind, role: Role, act: Act) -> bool {
    permit(kind, role, act).is_ok()
}

#[test]
fn the_table_of_roles_and_acts_holds() {
    let table = [
        (Act::Rename, [true, true, false]),
        (Act::Add, [true, true, false]),
        (Act::SetRole, [true, false, false]),
        (Act::Remove(Role::Owner), [true, false, false]),
        (Act::Remove(Role::Admin), [true, false, false]),
        (Act::Remove(Role::Member), [true, true, false]),
        (Act::Leave, [true, true, true]),
    ];
    for (act, expected) in table {
        let found = ROLES.map(|role| allowed(RoomKind::Group, role, act));

        assert_eq!(found, expected, "{act:?}");
    }
}

#[test]
fn nobody_leaves_adds_or_renames_in_a_direct_room() {
    for role in ROLES {
        for act in [
            Act::Rename,
            Act::Add,
            Act::SetRole,
            Act::Remove(Role::Member),
            Act::Leave,
        ] {
            assert!(!allowed(RoomKind::Direct, role, act), "{role:?} {act:?}");
        }
    }
}

#[test]
fn the_last_owner_goes_only_as_the_last_person() {
    let alone = Crew {
        owners: 1,
        participants: 1,
    };
    let with_others = Crew {
        owners: 1,
        participants: 2,
    };
    let two_owners = Crew {
        owners: 2,
        participants: 2,
    };

    assert!(may_go(Role::Owner, alone).is_ok());
    assert!(matches!(
        may_go(Role::Owner, with_others),
        Err(Error::LastOwner)
    ));
    assert!(may_go(Role::Owner, two_owners).is_ok());
    assert!(may_go(Role::Admin, with_others).is_ok());
}

#[test]
fn the_last_owner_does_not_step_down() {
    let one = Crew {
        owners: 1,
        participants: 5,
    };
    let two = Crew {
        owners: 2,
        participants: 5,
    };

    assert!(matches!(
        may_become(Role::Owner, Role::Member, one),
        Err(Error::LastOwner)
    ));
    assert!(may_become(Role::Owner, Role::Owner, one).is_ok());
    assert!(may_become(Role::Owner, Role::Admin, two).is_ok());
    assert!(may_become(Role::Member, Role::Owner, one).is_ok());
}

#[test]
fn a_group_goes_to_its_longest_standing_admin_and_else_member() {
    let clock = Clock::mock(chrono::DateTime::UNIX_EPOCH);
    let candidate = |role, joined_seq| Candidate {
        user_id: clock.new_id().into(),
        role,
        joined_seq,
    };
    let member = candidate(Role::Member, 1);
    let later_admin = candidate(Role::Admin, 9);
    let admin = candidate(Role::Admin, 4);

    assert_eq!(heir(&[member, later_admin, admin]), Some(admin.user_id));
    assert_eq!(heir(&[member]), Some(member.user_id));
    assert_eq!(heir(&[]), None);
}

proptest! {
    /// Whatever is asked of a group in whatever order, it has an owner as long as it has people.
    #[test]
    fn a_group_with_people_always_has_an_owner(
        steps in prop::collection::vec((0usize..6, 0usize..6, 0usize..3, any::<bool>()), 0..60)
    ) {
        let mut crew: Vec<Option<Role>> = vec![Some(Role::Owner), Some(Role::Member), Some(Role::Member), None, None, None];
        for (actor, target, wanted, goes) in steps {
            let (Some(by), Some(of)) = (crew[actor], crew[target]) else { continue };
            let owners = crew.iter().filter(|role| **role == Some(Role::Owner)).count();
            let count = Crew {
                owners: i64::try_from(owners).unwrap(),
                participants: i64::try_from(crew.iter().flatten().count()).unwrap(),
            };
            if goes {
                let act = if actor == target { Act::Leave } else { Act::Remove(of) };
                if permit(RoomKind::Group, by, act).and_then(|()| may_go(of, count)).is_ok() {
                    crew[target] = None;
                }
            } else if permit(RoomKind::Group, by, Act::SetRole).and_then(|()| may_become(of, ROLES[wanted], count)).is_ok() {
                crew[target] = Some(ROLES[wanted]);
            }
            let people = crew.iter().flatten().count();
            let owners = crew.iter().filter(|role| **role == Some(Role::Owner)).count();
            prop_assert!(people == 0 || owners > 0, "{crew:?}");
        }
    }
}
