//! Officers who photograph: each photo is handed in, named by a form of their own, and looked at wherever one is; some
//! hand in what no scanner may let pass.
//!
//! Invariant: what is handed in is like nothing else that was, so that its name tells it apart; a name that a form's
//! acknowledgement stands for is noted when that is here.

use std::time::Duration;

use api::client::{Client, ClientError};
use api::dto::submission::TallyBody;
use api::ports::MediaType;
use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::{ImageBuffer, Luma};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::officers::{PATIENCE, PHOTOGRAPHED, PHOTOGRAPHED_FIRST};
use super::readers::Desk;
use super::record::{Call, Fate, Record};
use crate::chance::Chance;
use crate::judges::photos::{Photos, Shown};
use crate::live::fleet::Fleet;
use crate::live::transport::HttpTransport;
use crate::live::{Trouble, country, harness, scanner};

/// Between two photos.
const PAUSE: Duration = Duration::from_millis(100);
/// Of a hundred files, so many have a virus in them.
const INFECTED_PERCENT: u64 = 20;
/// Longest wait for a node at rest to show a photo.
const REST_MAX: Duration = Duration::from_secs(30);

/// The photo of a number: its digits as black and white fields, which survive every encoding.
fn photo(number: u64) -> Result<Bytes, Trouble> {
    let pixels = ImageBuffer::from_fn(64, 64, |x, y| {
        let field = y.div_euclid(8).saturating_mul(8).saturating_add(x.div_euclid(8));
        let lit = number.checked_shr(field).is_some_and(|rest| rest & 1 == 1);
        Luma([if lit { 255_u8 } else { 0 }])
    });
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&pixels).map_err(harness)?;
    Ok(bytes.into())
}

fn name_of(bytes: &[u8]) -> String {
    tally::ids::hex(&<[u8; 32]>::from(Sha256::digest(bytes)))
}

/// Works until told to stop; answers what became of everything.
pub(super) async fn work(
    client: Option<&Client<HttpTransport>>,
    desk: Desk<'_>,
    mut chance: Chance,
) -> Result<Photos, Trouble> {
    let mut photos = Photos::default();
    let Some(client) = client else { return Ok(photos) };
    while !desk.stop.get() {
        sleep(PAUSE).await;
        if chance.percent(20) {
            client.begin_at(0);
        }
        let number = desk.record.next_form();
        if chance.percent(INFECTED_PERCENT) {
            hand_in_infected(client, desk, &mut photos, (number, &mut chance)).await;
        } else {
            hand_in(client, desk, &mut photos, (number, &mut chance)).await?;
        }
    }
    Ok(photos)
}

/// Whether the node has no room for photos, as it says itself; then another is asked the next time.
fn is_full(client: &Client<HttpTransport>, error: &ClientError, nodes: usize, chance: &mut Chance) -> bool {
    let full = error.code() == Some("disk-full");
    if full {
        client.begin_at(chance.place(nodes));
    }
    full
}

async fn hand_in_infected(
    client: &Client<HttpTransport>,
    desk: Desk<'_>,
    photos: &mut Photos,
    (number, chance): (u64, &mut Chance),
) {
    let bytes = scanner::infected(number);
    let name = name_of(&bytes);
    // Whatever is said, it must be nowhere.
    photos.refused(name.clone());
    let complaint = match client.upload(MediaType::Pdf, bytes.into()).await {
        Ok(_) => photos.taken_in(&name),
        Err(ClientError::Refused(problem)) if problem.code == "infected" => None,
        Err(ClientError::Unavailable { .. }) => return,
        Err(error) if is_full(client, &error, desk.nodes.len(), chance) => return,
        Err(error) => Some(format!("a file with a virus in it was refused as something else: {error}")),
    };
    desk.record.judged("photos", complaint);
}

/// Hands a photo in, names it, and looks whether it is there.
async fn hand_in(
    client: &Client<HttpTransport>,
    desk: Desk<'_>,
    photos: &mut Photos,
    (number, chance): (u64, &mut Chance),
) -> Result<(), Trouble> {
    let uploaded = match client.upload(MediaType::Jpeg, photo(number)?).await {
        Ok(answer) => answer.value,
        Err(ClientError::Unavailable { .. }) => return Ok(()),
        Err(error) if is_full(client, &error, desk.nodes.len(), chance) => return Ok(()),
        Err(error) => {
            desk.record.judged("photos", Some(format!("a photo was refused: {error}")));
            return Ok(());
        }
    };
    let station = PHOTOGRAPHED_FIRST.saturating_add(chance.below(PHOTOGRAPHED));
    let seen = desk.record.revision(station);
    let call = Call { client: "photographer".to_owned(), station, called_us: desk.record.now_us() };
    let body = TallyBody { attachments: vec![uploaded.sha256.clone()], ..country::body(number)? };
    let fate = name(client, desk.record, (station, seen), &body).await;
    desk.record.wrote_as("photo", &call, (seen, number), fate);
    let Fate::Accepted(revision, index) = fate else { return Ok(()) };
    photos.named(uploaded.sha256.clone(), (station, revision));
    let place = chance.place(desk.nodes.len());
    if let Some(node) = desk.nodes.get(place) {
        let shown = look(node, &uploaded.sha256, index).await;
        desk.record.judged("photos", photos.looked(id(place), &uploaded.sha256, &shown));
    }
    Ok(())
}

async fn name(
    client: &Client<HttpTransport>,
    record: &Record,
    (station, seen): (u64, u32),
    body: &TallyBody,
) -> Fate {
    let (key, code) = (Uuid::new_v4(), country::station(station));
    for _ in 0..PATIENCE {
        match client.put_tally((country::CONTEST, &code), seen, key, body).await {
            Ok(answer) => {
                let receipt = &answer.value.receipt;
                return Fate::Accepted(receipt.revision, receipt.index);
            }
            Err(ClientError::Refused(problem)) if problem.code == "stale-revision" => {
                return Fate::Stale(problem.extra.current_revision.unwrap_or_default());
            }
            Err(ClientError::Unavailable { .. }) => {}
            Err(error) => {
                record
                    .judged("photos", Some(format!("a form that names a stored photo was refused: {error}")));
                return Fate::Unknown;
            }
        }
    }
    Fate::Unknown
}

/// Asks a node for a photo, at an index at which it knows that a form names it.
async fn look(node: &Client<HttpTransport>, name: &str, index: u64) -> Shown {
    match node.attachment(&format!("{name}?min_index={index}")).await {
        Ok(answer) => Shown::Bytes(name_of(&answer.value)),
        Err(ClientError::Refused(problem)) if matches!(problem.status, 404 | 410) => Shown::Nothing,
        Err(error) => Shown::NoAnswer(error.to_string()),
    }
}

fn id(place: usize) -> u64 {
    u64::try_from(place).unwrap_or(u64::MAX)
}

/// When nobody writes any more: every node is asked for everything.
pub(super) async fn finish(nodes: &[Client<HttpTransport>], record: &Record, photos: &Photos) {
    let index = record.index();
    for (place, node) in nodes.iter().enumerate() {
        for name in photos.all_named().chain(photos.all_refused()) {
            let shown = settled(node, name, index).await;
            record.judged("photos", photos.at_rest(id(place), name, &shown));
        }
    }
}

/// Asks until there is an answer: a node that was away may still have to fetch.
async fn settled(node: &Client<HttpTransport>, name: &str, index: u64) -> Shown {
    let began = Instant::now();
    loop {
        let shown = look(node, name, index).await;
        if !matches!(shown, Shown::NoAnswer(_)) || began.elapsed() > REST_MAX {
            return shown;
        }
        sleep(PAUSE).await;
    }
}

/// Plants a loss: one photo that is named goes from the disk of every node.
pub(super) fn lose_one(fleet: &Fleet, photos: &Photos) -> Result<(), Trouble> {
    let name = photos.all_named().next().ok_or_else(|| harness("no photo to lose"))?;
    let shard = name.get(..3).unwrap_or_default();
    for place in fleet.members() {
        let file = fleet.directory(place)?.join("data/blobs").join(shard).join(name);
        if let Err(error) = std::fs::remove_file(&file)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(harness(format!("{}: {error}", file.display())));
        }
    }
    Ok(())
}
