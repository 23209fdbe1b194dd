//! Forms of a feed, sent in batches, several on their way at once.
//!
//! Invariant: every row read is counted exactly once in the summary. A row's key is made from cluster, contest, station
//! and digest, so the same row is the same request whenever and however often it is sent. A station that stands in the
//! file again with another form is sent only after everything else has ended: which one wins does not depend on luck.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::dto::batch::{BatchBody, BatchItem, BatchResults};
use api::dto::contests::{Contest, Contests};
use api::dto::form;
use api::dto::status::Status;
use indicatif::ProgressBar;
use tally::contest;
use tally::digest::form_digest;
use tally::form::Form;
use tally::ids::{ContestId, FormDigest, hex};
use tally::region::StationCode;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::feed::{Columns, Row};
use super::summary::{Ending, Summary};
use super::table::Table;
use super::verdict::{Verdict, judge};
use crate::client::Client;
use crate::failure::Failure;
use crate::text;

/// Items of one batch.
const BATCH_ITEMS_MAX: usize = 500;
/// The reason that stands beside a confirmation.
const REASON: &str = "impor";
/// Pause before items whose outcome is unknown are sent again.
const UNKNOWN_PAUSE: Duration = Duration::from_millis(50);

/// What to import and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The contest.
    pub contest: String,
    /// The file.
    pub file: PathBuf,
    /// Whether to confirm what needs it.
    pub confirm: bool,
    /// Batches on their way at once.
    pub in_flight: usize,
    /// How long an item may stay unknown before the import gives up.
    pub patience: Duration,
}

/// A row on its way.
#[derive(Clone, Debug)]
struct Sent {
    item: BatchItem,
    digest: String,
}

/// What became of a batch: each row with its verdict.
type Judged = Vec<(Sent, Verdict)>;

/// The import at work.
struct Import<'a> {
    client: Arc<Client>,
    plan: &'a Plan,
    contest: contest::Contest,
    /// Namespace of the rows' keys.
    keys: Uuid,
    /// Log index applied before the first row was sent.
    before: u64,
    summary: Summary,
    progress: &'a ProgressBar,
    /// The form that each station was sent with; bounded by the register, eight bytes of digest each.
    seen: BTreeMap<StationCode, [u8; 8]>,
    /// Rows of stations that were sent with another form.
    late: VecDeque<(StationCode, Form)>,
    /// Rows that want to be sent again with a confirmation.
    unconfirmed: Vec<Sent>,
    tasks: JoinSet<Result<Judged, Failure>>,
    last_acknowledged: Instant,
}

/// Sends all forms of a file.
pub async fn run(client: Arc<Client>, plan: &Plan, progress: &ProgressBar) -> Result<Summary, Failure> {
    let status = client.get::<Status>("/api/v1/status?consistency=linearizable").await?.value;
    let contests = client.get::<Contests>("/api/v1/contests?consistency=linearizable").await?;
    let name = &plan.contest;
    let wire = contests.value.contests.into_iter().find(|contest| contest.id == *name).ok_or_else(|| {
        Failure::failed(text!(
            "kontes \"{name}\" belum ada; muat dulu dengan `rakit import contests`",
            "there is no contest \"{name}\"; load it first with `rakit import contests`"
        ))
    })?;
    let keys = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("rakit://{}", status.cluster).as_bytes());
    let begun = Instant::now();
    let mut import = Import {
        client,
        plan,
        contest: known_contest(&wire)?,
        keys,
        before: contests.index.unwrap_or_default(),
        summary: Summary::default(),
        progress,
        seen: BTreeMap::new(),
        late: VecDeque::new(),
        unconfirmed: Vec::new(),
        tasks: JoinSet::new(),
        last_acknowledged: begun,
    };
    import.send_all().await?;
    import.summary.seconds = begun.elapsed().as_secs_f64();
    Ok(import.summary)
}

/// The contest as far as forms and digests need it: its options in the order of the ballot.
fn known_contest(wire: &Contest) -> Result<contest::Contest, Failure> {
    let id = ContestId::parse(&wire.id);
    let id = id.ok_or_else(|| Failure::failed(format!("contest \"{}\"", wire.id)))?;
    let options = wire.options.iter().map(|option| contest::ContestOption {
        id: option.id.clone(),
        name: option.name.clone(),
        order: option.order,
        color: option.color.clone(),
        party: option.party.clone(),
    });
    Ok(contest::Contest {
        id,
        name: wire.name.clone(),
        kind: wire.kind.clone(),
        regions: Vec::new(),
        partial_forms: wire.partial_forms,
        photo_required: wire.photo_required,
        reason_required: wire.reason_required,
        poll_day: wire.poll_day.as_deref().and_then(api::dto::text::parse_day),
        options: options.collect(),
        exemptions: Vec::new(),
        index: 0,
    })
}

impl Import<'_> {
    async fn send_all(&mut self) -> Result<(), Failure> {
        let mut table = Table::open(&self.plan.file)?;
        let columns = Columns::find(&table, self.contest.options.len())?;
        let mut record = csv::StringRecord::new();
        let mut batch = Vec::with_capacity(BATCH_ITEMS_MAX);
        while table.read(&mut record)? {
            if let Some((station, form)) = self.row(&columns, &record) {
                self.take(station, form, &mut batch);
            }
            if batch.len() >= BATCH_ITEMS_MAX {
                self.send(std::mem::take(&mut batch)).await?;
            }
            if self.unconfirmed.len() >= BATCH_ITEMS_MAX {
                self.send_unconfirmed().await?;
            }
        }
        self.send(batch).await?;
        self.drain().await?;
        // One at a time for each station: the next is sent when the one before has ended.
        while !self.late.is_empty() {
            self.seen.clear();
            let mut batch = Vec::new();
            for (station, form) in std::mem::take(&mut self.late) {
                if batch.len() < BATCH_ITEMS_MAX {
                    self.take(station, form, &mut batch);
                } else {
                    self.late.push_back((station, form));
                }
            }
            self.send(batch).await?;
            self.drain().await?;
        }
        Ok(())
    }

    /// Reads a row; counts it at once when there is nothing to send.
    fn row(&mut self, columns: &Columns, record: &csv::StringRecord) -> Option<(StationCode, Form)> {
        const NONE: [&str; 0] = [];
        match columns.read(record) {
            Row::Form(station, form) => return Some((station, form)),
            Row::WithoutVotes => self.summary.count(Ending::Skipped, None, NONE),
            Row::WrongStation => self.summary.count(Ending::Refused, Some("not-found"), ["R01"]),
            Row::WrongCount(_) => self.summary.count(Ending::Refused, Some("invalid-form"), ["R03"]),
        }
        self.progress.inc(1);
        None
    }

    /// Puts a form into the batch, or aside when its station is on its way already.
    fn take(&mut self, station: StationCode, form: Form, batch: &mut Vec<Sent>) {
        const NONE: [&str; 0] = [];
        let digest = form_digest(&form, &self.contest);
        let mark = digest.0.first_chunk().copied().unwrap_or_default();
        match self.seen.insert(station, mark) {
            None => batch.push(self.sent(station, &form, digest)),
            Some(before) if before == mark => {
                self.summary.count(Ending::Unchanged, None, NONE);
                self.progress.inc(1);
            }
            Some(before) => {
                self.seen.insert(station, before);
                self.late.push_back((station, form));
            }
        }
    }

    fn sent(&self, station: StationCode, form: &Form, digest: FormDigest) -> Sent {
        let item = BatchItem {
            key: self.key(&station.to_string(), &hex(&digest.0), "").to_string(),
            contest: self.plan.contest.clone(),
            station: station.to_string(),
            if_revision: 0,
            form: form::Form::of(form, &self.contest),
            confirm: Vec::new(),
            reason: None,
            attachments: Vec::new(),
            observed_at: None,
            count_kind: None,
        };
        Sent { item, digest: hex(&digest.0) }
    }

    /// The key of a row, with the rules that it confirms: a confirmed form is another request.
    fn key(&self, station: &str, digest: &str, confirmed: &str) -> Uuid {
        let name = format!("{}/{station}/{digest}/{confirmed}", self.plan.contest);
        Uuid::new_v5(&self.keys, name.as_bytes())
    }

    /// Sends a batch when there is room for one more.
    async fn send(&mut self, batch: Vec<Sent>) -> Result<(), Failure> {
        if batch.is_empty() {
            return Ok(());
        }
        while self.tasks.len() >= self.plan.in_flight.max(1) {
            self.finish_one().await?;
        }
        let (client, before, patience) = (Arc::clone(&self.client), self.before, self.plan.patience);
        self.tasks.spawn(async move { send_until_known(&client, batch, before, patience).await });
        Ok(())
    }

    async fn send_unconfirmed(&mut self) -> Result<(), Failure> {
        let chunk: Vec<Sent> = {
            let first = self.unconfirmed.len().min(BATCH_ITEMS_MAX);
            self.unconfirmed.drain(..first).collect()
        };
        self.send(chunk).await
    }

    /// Waits until nothing is on its way and nothing wants a confirmation.
    async fn drain(&mut self) -> Result<(), Failure> {
        loop {
            while !self.tasks.is_empty() {
                self.finish_one().await?;
            }
            if self.unconfirmed.is_empty() {
                return Ok(());
            }
            self.send_unconfirmed().await?;
        }
    }

    async fn finish_one(&mut self) -> Result<(), Failure> {
        let Some(joined) = self.tasks.join_next().await else {
            return Ok(());
        };
        let judged = joined.map_err(|error| Failure::failed(error.to_string()))??;
        let now = Instant::now();
        let gap = now.saturating_duration_since(self.last_acknowledged).as_millis();
        self.last_acknowledged = now;
        let gap = u64::try_from(gap).unwrap_or(u64::MAX);
        self.summary.longest_gap_ms = self.summary.longest_gap_ms.max(gap);
        for (sent, verdict) in judged {
            match verdict {
                Verdict::Ended { ending, code, rules } => {
                    self.summary.count(ending, code.as_deref(), rules);
                    self.progress.inc(1);
                }
                Verdict::Confirm(rules) if self.plan.confirm => self.confirm_later(sent, rules)?,
                Verdict::Confirm(rules) => {
                    self.summary.count(Ending::Refused, Some("confirmation-required"), rules);
                    self.progress.inc(1);
                }
                Verdict::Unknown => {
                    return Err(Failure::failed("an unknown outcome was taken for an answer"));
                }
            }
        }
        Ok(())
    }

    fn confirm_later(&mut self, mut sent: Sent, rules: Vec<String>) -> Result<(), Failure> {
        sent.item.key = self.key(&sent.item.station, &sent.digest, &rules.join("+")).to_string();
        sent.item.confirm = rules;
        sent.item.reason = Some(REASON.to_owned());
        if sent.item.confirm.is_empty() {
            return Err(Failure::failed("a confirmation was asked for without naming a rule"));
        }
        self.unconfirmed.push(sent);
        Ok(())
    }
}

/// Sends a batch, and what stays unknown of it again with the same keys, until every item has an answer.
async fn send_until_known(
    client: &Client,
    mut batch: Vec<Sent>,
    before: u64,
    patience: Duration,
) -> Result<Judged, Failure> {
    let mut judged = Vec::with_capacity(batch.len());
    let begun = Instant::now();
    loop {
        let body = BatchBody { items: batch.iter().map(|sent| sent.item.clone()).collect() };
        let answer = client.post::<_, BatchResults>("/api/v1/batches", &body, None).await?;
        let mut results: BTreeMap<String, _> =
            answer.value.results.into_iter().map(|result| (result.key.clone(), result)).collect();
        let mut unknown = Vec::new();
        for sent in batch {
            let confirmed = !sent.item.confirm.is_empty();
            let result = results.remove(&sent.item.key);
            match result.map_or(Verdict::Unknown, |result| judge(&result, confirmed, before, &sent.digest)) {
                Verdict::Unknown => unknown.push(sent),
                verdict @ (Verdict::Ended { .. } | Verdict::Confirm(_)) => judged.push((sent, verdict)),
            }
        }
        if unknown.is_empty() {
            return Ok(judged);
        }
        if begun.elapsed() >= patience {
            let (count, seconds) = (unknown.len(), patience.as_secs());
            return Err(Failure::unavailable(text!(
                "{count} baris tanpa hasil yang pasti selama {seconds} detik; jalankan lagi impor ini",
                "{count} rows without a certain outcome for {seconds} seconds; run this import again"
            )));
        }
        batch = unknown;
        tokio::time::sleep(UNKNOWN_PAUSE).await;
    }
}

/// Stations abroad that a file has forms of.
pub fn stations_abroad(
    file: &Path,
    options: usize,
) -> Result<std::collections::BTreeSet<StationCode>, Failure> {
    let mut table = Table::open(file)?;
    let columns = Columns::find(&table, options)?;
    let mut record = csv::StringRecord::new();
    let mut found = std::collections::BTreeSet::new();
    while table.read(&mut record)? {
        found.extend(columns.station(&record).filter(|station| station.abroad()));
    }
    Ok(found)
}
