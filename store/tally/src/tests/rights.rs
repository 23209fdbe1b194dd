//! Every command, by every role, in and out of scope, straight to the decision: what the door would have stopped is stopped
//! here too.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt::Write as _;

use crate::account::{Role, SecondFactor};
use crate::command::{Command, NewCredential, Principal};
use crate::ids::{AccountId, NodeId, SessionId};
use crate::outcome::{Outcome, Refusal};

use super::sample;
use super::world::{
    World, account_definition, answer_of, approval_of, certification_of, complaint_of, correction_of,
    hold_of, open_session, region_definition, release_of, report_of, review_of, station_definition, whole,
};

const IN_SCOPE: &str = "1101012001003";
const OUT_OF_SCOPE: &str = "1201012001001";

/// The callers: one of each role with the province 11 as scope, an operator, the system, a session of nobody, and
/// somebody without one.
fn callers(world: &mut World) -> Vec<(String, Principal)> {
    let mut callers = Vec::new();
    for (number, role) in (100_u8..).zip(Role::ALL) {
        let name = String::from("hak-") + &number.to_string();
        world.accept(
            Principal::Operator,
            Command::DefineAccounts([account_definition(&name, role, "11")].into()),
        );
        let account = world.model.ledger().accounts;
        world.accept(Principal::System, open_session(number, account, &name));
        let session = SessionId([number; 16]);
        callers.push((role.name().into(), Principal::Session { account: AccountId(account), session }));
    }
    callers.push(("operator".into(), Principal::Operator));
    callers.push(("system".into(), Principal::System));
    let nobody = Principal::Session { account: AccountId(1), session: SessionId([250; 16]) };
    callers.push(("nobody".into(), nobody));
    callers.push(("public".into(), Principal::Public));
    callers
}

fn account(role: Role, scope: &str) -> Command {
    Command::DefineAccounts([account_definition("orang-baru", role, scope)].into())
}

/// Commands with a place to aim at; whatever else they may be refused for, rights come first.
fn aimed(code: &str) -> Vec<(&'static str, Command)> {
    let province = &code[..2];
    Vec::from([
        ("report", report_of(code, whole())),
        ("correct", correction_of(code, 1, whole())),
        ("hold", hold_of(code, 1)),
        ("release", release_of(code, 1)),
        ("review", review_of(code, 1, sample::whole_form())),
        ("certify", certification_of(code, 1, None)),
        ("approve", approval_of(code, 1)),
        ("complain", complaint_of(code, 1)),
        ("answer", answer_of(code, 1)),
        ("account of an officer", account(Role::Officer, code)),
        ("account of an admin", account(Role::Admin, province)),
        ("account of an auditor", account(Role::Auditor, province)),
        ("region", Command::DefineRegions([region_definition(province)].into())),
        ("station", Command::DefineStations([station_definition(code)].into())),
    ])
}

fn unaimed() -> Vec<(&'static str, Command)> {
    let factor = SecondFactor { secret: [1; 20].into(), last_step: 1 };
    Vec::from([
        ("mark", Command::Mark),
        ("found", super::world::found("lagi")),
        ("raise level", Command::RaiseLevel { level: 9 }),
        ("allocate node", Command::AllocateNode),
        ("contest of the nation", Command::DefineContest(sample::contest())),
        ("open session", open_session(200, 1, "admin")),
        ("expire sessions", Command::ExpireSessions(Vec::new())),
        ("end sessions of the first", Command::EndSessions(AccountId(1))),
        ("observe", Command::Observe(Vec::new())),
        ("touch session", Command::TouchSession),
        ("set second factor", Command::SetSecondFactor(Some(factor))),
        ("set password", Command::SetPassword { before: Some("salah".into()), after: "x".into() }),
        ("close session", Command::CloseSession),
    ])
}

/// `-` refused for want of rights, `!` for want of a session, `x` let through.
fn verdict(outcome: &Outcome) -> char {
    match outcome {
        Outcome::Refused(Refusal::Forbidden) => '-',
        Outcome::Refused(Refusal::Unauthenticated) => '!',
        _ => 'x',
    }
}

fn table() -> String {
    let places = [("", unaimed()), (", in scope", aimed(IN_SCOPE)), (", out of scope", aimed(OUT_OF_SCOPE))];
    let mut table = String::new();
    for (place, commands) in places {
        for (name, command) in commands {
            let mut line = String::new();
            let mut world = World::new();
            let callers = callers(&mut world);
            for (_, principal) in callers {
                // Each asks the same country; nobody's command changes another's rights in this order.
                let mut asked = World { model: world.model.clone(), index: world.index, now: world.now };
                write!(line, " {}", verdict(&asked.ask(principal, command.clone()))).unwrap();
            }
            writeln!(table, "{:34}{line}", String::from(name) + place).unwrap();
        }
    }
    table
}

/// Columns: super admin, admin, certifier, reviewer, officer, auditor, operator, system, nobody, public. A password that is wrong
/// is refused like a want of rights; a session opened by a person never is.
const TABLE: &str = "\
mark                               - - - - - - x x ! -
found                              - - - - - - x x ! -
raise level                        - - - - - - x x ! -
allocate node                      - - - - - - x x ! -
contest of the nation              - - - - - - x - ! -
open session                       - - - - - - x x ! -
expire sessions                    - - - - - - x x ! -
end sessions of the first          - - - - - - x x ! -
observe                            - - - - - - x x ! -
touch session                      x x x x x x x x ! x
set second factor                  x x x x x x - - ! -
set password                       - - - - - - - - ! -
close session                      x x x x x x - - ! -
report, in scope                   x - - - x - - - ! -
correct, in scope                  x - - - x - - - ! -
hold, in scope                     x - x - - - - - ! -
release, in scope                  x - x - - - - - ! -
review, in scope                   x - - x - - - - ! -
certify, in scope                  x - x - - - - - ! -
approve, in scope                  x - x - - - - - ! -
complain, in scope                 - - - - - - - - ! x
answer, in scope                   x x x x - - - - ! -
account of an officer, in scope    x x - - - - x x ! -
account of an admin, in scope      x - - - - - x x ! -
account of an auditor, in scope    x - - - - - x x ! -
region, in scope                   x - - - - - x - ! -
station, in scope                  x - - - - - x - ! -
report, out of scope               - - - - - - - - ! -
correct, out of scope              - - - - - - - - ! -
hold, out of scope                 - - - - - - - - ! -
release, out of scope              - - - - - - - - ! -
review, out of scope               - - - - - - - - ! -
certify, out of scope              - - - - - - - - ! -
approve, out of scope              - - - - - - - - ! -
complain, out of scope             - - - - - - - - ! x
answer, out of scope               - - - - - - - - ! -
account of an officer, out of scope - - - - - - x x ! -
account of an admin, out of scope  - - - - - - x x ! -
account of an auditor, out of scope - - - - - - x x ! -
region, out of scope               - - - - - - x - ! -
station, out of scope              - - - - - - x - ! -
";

#[test]
fn rights_at_the_decision_are_this_table() {
    let found = table();
    assert!(found == TABLE, "the table should be:\n{found}");
}

#[test]
fn nobody_takes_over_what_they_do_not_govern_by_keeping_its_credential() {
    let mut world = World::new();
    let callers = callers(&mut world);
    for (name, principal) in callers
        .iter()
        .filter(|(name, _)| !["operator", "system", "nobody", "public"].contains(&name.as_str()))
    {
        let mut definition = account_definition("auditor", Role::Officer, "11");
        definition.credential = NewCredential::Kept;
        let refusal = world.refusal(*principal, Command::DefineAccounts([definition].into()));
        assert_eq!(refusal, Refusal::Forbidden, "{name}");
    }
    assert_eq!(world.model.ledger().next_node, NodeId(4));
}
