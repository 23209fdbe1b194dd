//! openraft's own suite of what storage must do, over both engines.

use std::marker::PhantomData;

use openraft::testing::log::{StoreBuilder, Suite};
use store::engine::Disk;
use store::{MemoryDisk, RocksDisk};

use super::harness::{identity, settings};
use crate::adapter::log_store::LogStore;
use crate::adapter::state_machine::StateMachine;
use crate::apply::ApplyWorker;
use crate::types::TypeConfig;

struct Builder<D, F>(F, PhantomData<fn() -> D>);

/// Keeps the directory of a disk until a test is over.
type Guard = Option<tempfile::TempDir>;

impl<D, F> StoreBuilder<TypeConfig, LogStore<D::Engine>, StateMachine<D::Engine>, Guard> for Builder<D, F>
where
    D: Disk,
    F: Fn() -> (Guard, D) + Send + Sync,
{
    async fn build(
        &self,
    ) -> Result<(Guard, LogStore<D::Engine>, StateMachine<D::Engine>), openraft::StorageError<TypeConfig>>
    {
        let (guard, disk) = (self.0)();
        let (log, machine) =
            store::create_on(&disk, &identity(&settings(1)), store::Options::default()).unwrap();
        let worker = ApplyWorker::new(machine, false).unwrap();
        Ok((guard, LogStore(log), StateMachine(worker)))
    }
}

async fn all_of_it<D: Disk>(disk: impl Fn() -> (Guard, D) + Send + Sync + 'static) {
    let builder = Builder::<D, _>(disk, PhantomData);
    Suite::<TypeConfig, _, _, _, _>::test_all(builder).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_engine_is_what_openraft_needs() {
    all_of_it(|| (None, MemoryDisk::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rocksdb_is_what_openraft_needs() {
    all_of_it(|| {
        let directory = tempfile::tempdir().unwrap();
        let disk = RocksDisk::new(directory.path());
        (Some(directory), disk)
    })
    .await;
}
