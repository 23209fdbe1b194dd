//! Attachments: on a majority before they are named, everywhere in the end, never served damaged.

use std::time::Duration;

use store::engine::Disk as _;
use store::{About, Engine, MediaType, MemoryDisk, MemoryEngine};
use tally::account::{Role, Scope};
use tally::command::{
    AccountDefinition, Command, Item, NewCredential, Principal, Proof, RegionDefinition, RequestIdentity,
    StationDefinition,
};
use tally::contest::{Contest, ContestOption};
use tally::form::Form;
use tally::ids::{
    AccountId, AttachmentId, ContestId, Fingerprint, LogTime, NodeId, RequestKey, SessionId, hex,
};
use tally::outcome::Outcome;
use tally::region::{RegionCode, StationCode};
use tally::rules::RuleSet;
use tally::station::{StationKind, Submission};

use super::harness::{PATIENCE, World, member, settings, until};
use crate::settings::{ATTACHMENT_UNNAMED_MS, Settings};
use crate::{BlobError, Cluster, Member, MemberRole, ProposeError, Stored};

const OFFICER: Principal = Principal::Session { account: AccountId(1), session: SessionId([1; 16]) };

fn content(number: u8, length: usize) -> Vec<u8> {
    (0..length).map(|place| number.wrapping_add(u8::try_from(place % 253).unwrap())).collect()
}

async fn store<E: Engine>(node: &Cluster<E>, bytes: &[u8], deadline: Duration) -> Result<Stored, BlobError> {
    let mut upload = node.begin_blob().await?;
    for part in bytes.chunks(50_000) {
        upload.write(part).await?;
    }
    upload.finish(About { media_type: MediaType::Png, scan: None }, deadline).await
}

async fn read<E: Engine>(node: &Cluster<E>, id: AttachmentId) -> Result<Vec<u8>, BlobError> {
    let reader = node.open_blob(id, PATIENCE).await?;
    let mut bytes = Vec::new();
    loop {
        let part = reader.read(u64::try_from(bytes.len()).unwrap(), 100_000)?;
        if part.is_empty() {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&part);
    }
}

fn holds<E: Engine>(node: &Cluster<E>, id: AttachmentId) -> bool {
    node.machine().blobs().contains(id).unwrap()
}

fn contest() -> ContestId {
    ContestId::parse("ppwp").unwrap()
}

fn station(number: u64) -> StationCode {
    StationCode::new(1_101_012_001_000 + number).unwrap()
}

/// A village with stations, a contest, and somebody who may report.
async fn found(node: &Cluster<MemoryEngine>) {
    let region =
        |code: &str| RegionDefinition { code: RegionCode::parse(code).unwrap(), name: code.to_owned() };
    let defined = |number| StationDefinition {
        code: station(number),
        kind: StationKind::Home,
        name: None,
        registered: None,
    };
    let option = ContestOption { id: "1".into(), name: "Satu".into(), order: 1, color: None, party: None };
    let contest = Contest {
        id: contest(),
        name: "Uji".into(),
        kind: "ppwp".into(),
        regions: vec![RegionCode::NATION],
        partial_forms: true,
        photo_required: false,
        reason_required: false,
        poll_day: None,
        options: vec![option],
        exemptions: Vec::new(),
        index: 0,
    };
    let account = AccountDefinition {
        username: "admin".into(),
        role: Role::SuperAdmin,
        scope: Scope::Region(RegionCode::NATION),
        credential: NewCredential::Password("x".into()),
        active: true,
    };
    let session = Command::OpenSession {
        session: SessionId([1; 16]),
        account: AccountId(1),
        proof: Proof::Password("x".into()),
        second_factor_step: None,
        lifetime_ms: 36_000_000,
        idle_ms: 36_000_000,
        address: None,
    };
    let regions = ["11", "1101", "110101", "1101012001"].map(region).to_vec();
    for (principal, command) in [
        (Principal::Operator, Command::DefineRegions(regions)),
        (Principal::Operator, Command::DefineStations((1..9).map(defined).collect())),
        (Principal::Operator, Command::DefineContest(contest)),
        (Principal::System, Command::DefineAccounts(vec![account])),
        (Principal::System, session),
    ] {
        let results = node.propose(principal, vec![Item { request: None, command }]).await;
        let outcome = &results[0].as_ref().unwrap().outcome;
        assert!(!matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    }
}

fn report(number: u64, attachments: &[AttachmentId], holders: &[u64]) -> Item {
    let submission = Submission {
        form: Form { votes: vec![5], ..Form::default() },
        confirm: RuleSet(!1),
        reason: Some("uji".into()),
        attachments: attachments.to_vec(),
        holders: holders.iter().copied().map(NodeId).collect(),
        ..Submission::default()
    };
    let key = [u8::try_from(number).unwrap(); 16];
    Item {
        request: Some(RequestIdentity { key: RequestKey(key), fingerprint: Fingerprint(key) }),
        command: Command::Report { contest: contest(), station: station(number), submission },
    }
}

async fn name(node: &Cluster<MemoryEngine>, number: u64, id: AttachmentId) {
    let results = node.propose(OFFICER, vec![report(number, &[id], &[])]).await;
    let outcome = &results[0].as_ref().unwrap().outcome;
    assert!(matches!(outcome, Outcome::Tallied { .. }), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attachment_is_on_a_majority_before_it_is_named() {
    let mut world = World::of(3).await;
    let follower = world.node(world.follower().await);
    let leader = world.node(world.leader().await);
    found(&follower).await;
    let bytes = content(1, 700_000);
    let stored = store(&follower, &bytes, PATIENCE).await.unwrap();
    let id = stored.record.id;
    assert!(stored.holders.len() >= 2, "{stored:?}");
    for node in world.all().iter().filter(|node| stored.holders.contains(&node.settings().node)) {
        assert!(holds(node, id));
    }
    // Holders that are no majority of the voters are refused by the leader, whoever names them.
    for few in [&[][..], &[leader.settings().node.0], &[1, 8, 9], &[2, 2, 2]] {
        let results = leader.propose_forwarded(OFFICER, vec![report(2, &[id], few)]).await;
        assert_eq!(results, [Err(ProposeError::AttachmentNotHeld)], "{few:?}");
    }
    // What nobody has is told apart, and what stands beside it is written all the same.
    let unknown = AttachmentId([9; 32]);
    let items = vec![report(2, &[unknown], &[]), report(3, &[id], &[]), report(4, &[], &[])];
    let results = follower.propose(OFFICER, items).await;
    assert_eq!(results[0], Err(ProposeError::AttachmentUnknown));
    assert!(
        results[1..].iter().all(|result| matches!(
            result.as_ref().map(|answer| &answer.outcome),
            Ok(Outcome::Tallied { .. })
        ))
    );
    until("all have it", || world.all().iter().all(|node| holds(node, id))).await;
    world.agree().await;
    for node in world.all() {
        assert_eq!(node.view().attachments(None, 10).unwrap(), [id]);
        assert_eq!(node.view().attachment(id).unwrap().unwrap().station, station(3));
    }
    let missing = leader.missing_for(&[1, 2, 3].into()).await.unwrap();
    assert_eq!((missing.named, missing.lacking.len(), missing.without_majority), (1, 0, 0));
    // A node that is not there has nothing.
    let missing = leader.missing_for(&[leader.settings().node.0, 7].into()).await.unwrap();
    assert_eq!((missing.lacking[&NodeId(7)], missing.without_majority), (1, 1));
    // An edge has it once somebody asks.
    let edge_id = leader.allocate_node().await.unwrap().0;
    world.add_disk(edge_id, MemoryDisk::new());
    let edge = world.start(Settings { edge: true, ..settings(edge_id) }).await;
    leader.add_member(Member { role: MemberRole::Edge, ..member(edge_id) }).await.unwrap();
    until("it knows the others", || edge.status().members.len() == 4).await;
    assert_eq!(read(&edge, id).await.unwrap(), bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_majority_an_upload_is_not_answered_as_kept() {
    let world = World::of(3).await;
    let node = world.node(1);
    world.kill(2).await;
    world.kill(3).await;
    let stored = store(&node, &content(1, 10), Duration::from_millis(300)).await;
    assert_eq!(stored, Err(BlobError::NotHeld(vec![NodeId(1)])));
    assert_eq!(node.blob_status().count, 1);
    let read = node.open_blob(AttachmentId([3; 32]), Duration::from_millis(300)).await;
    assert!(read.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_or_damaged_comes_from_the_others() {
    let world = World::of(3).await;
    found(&world.node(1)).await;
    let away = world.follower().await;
    let of_away = world.node(away).settings().clone();
    world.kill(away).await;
    let leader = world.node(world.leader().await);
    let (first, second) = (content(1, 600_000), content(2, 1_000));
    let mut ids = Vec::new();
    for (number, bytes) in [(1, &first), (2, &second)] {
        let id = store(&leader, bytes, PATIENCE).await.unwrap().record.id;
        name(&leader, number, id).await;
        ids.push(id);
    }
    let back = world.start(of_away).await;
    back.wait_ready(PATIENCE).await.unwrap();
    until("it has pulled what it missed", || ids.iter().all(|id| holds(&back, *id))).await;
    until("nothing is missing", || back.blob_status().missing == 0).await;
    assert_eq!(back.blob_status().fetched_total, 2);
    // One bit goes bad on its disk. Whether a reader or the scrubber comes first, nobody sees it.
    let disk = world.disk(away);
    let path = |id: AttachmentId| format!("blobs/{}/{}", &hex(&id.0)[..3], hex(&id.0));
    let flip = |place: u64| {
        let byte = disk.read_at(&path(ids[0]), place, 1).unwrap()[0];
        disk.write_at(&path(ids[0]), place, &[byte ^ 1]).unwrap();
    };
    flip(300_000);
    assert_eq!(read(&back, ids[0]).await.unwrap(), first);
    until("it was found", || back.blob_status().scrub_errors_total == 1).await;
    assert_eq!(read(&back, ids[0]).await.unwrap(), first);
    assert_eq!(read(&back, ids[1]).await.unwrap(), second);
    // Another one, that nobody reads: the scrubber finds it and has it replaced.
    flip(7);
    until("the scrubber has found it", || back.blob_status().scrub_errors_total == 2).await;
    until("it is replaced", || {
        let checked = back.machine().blobs().check(ids[0]).unwrap();
        checked == store::blobs::Condition::Whole && back.blob_status().damaged == 0
    })
    .await;
    // One that is gone without a trace is missed by the next pass.
    disk.remove_tree(&path(ids[1])).unwrap();
    until("it is back", || holds(&back, ids[1])).await;
    let missing = leader.missing_for(&[1, 2, 3].into()).await.unwrap();
    assert_eq!((missing.named, missing.lacking.len()), (2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_form_names_goes_after_48_hours_of_log_time() {
    let world = World::of(1).await;
    let node = world.node(1);
    found(&node).await;
    let blobs = node.machine().blobs().clone();
    let now = node.view().ledger().unwrap().log_time.0;
    let put = |number: u8, hours: u64| {
        let mut writer = blobs.begin(1_000).unwrap();
        writer.write(&[number]).unwrap();
        let at = LogTime(now - hours * 3_600_000);
        writer.finish(&About { media_type: MediaType::Jpeg, scan: None }, at).unwrap().id
    };
    assert_eq!(ATTACHMENT_UNNAMED_MS, 48 * 3_600_000);
    let (named, fresh) = (put(1, 1), put(2, 40));
    name(&node, 1, named).await;
    // As if it had been stored long before it was named.
    blobs.remove(named).unwrap();
    let (old_named, old) = (put(1, 60), put(3, 49));
    assert_eq!(old_named, named);
    until("it is removed", || !blobs.contains(old).unwrap()).await;
    let looks = node.blob_status().scrubbed_total;
    until("others were looked at again", || node.blob_status().scrubbed_total > looks + 4).await;
    assert!(holds(&node, named) && holds(&node, fresh));
}
