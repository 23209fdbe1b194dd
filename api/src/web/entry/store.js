// The phone's own database. Invariant: what must change together changes in one transaction.

const NAME = "rakit-entri";
const VERSION = 1;
const STORES = ["meta", "answers", "drafts", "queue", "receipts", "photos"];

let opening = null;

function opened() {
  const request = indexedDB.open(NAME, VERSION);
  request.onupgradeneeded = () => {
    for (const name of STORES) if (!request.result.objectStoreNames.contains(name)) request.result.createObjectStore(name, { keyPath: "id" });
  };
  return new Promise((resolve, reject) => {
    request.onblocked = () => reject(new Error("database blocked by another tab"));
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      // A later release in another tab may have to change the shape: make room.
      request.result.onversionchange = () => {
        request.result.close();
        opening = null;
      };
      resolve(request.result);
    };
  });
}

function database() {
  opening ??= opened().catch((error) => {
    opening = null;
    throw error;
  });
  return opening;
}

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function access(store) {
  return {
    get: (id) => settled(store.get(id)),
    all: (prefix) => settled(store.getAll(prefix === undefined ? undefined : IDBKeyRange.bound(prefix, `${prefix}\uffff`))),
    put: (value) => settled(store.put(value)),
    remove: (id) => settled(store.delete(id)),
  };
}

/**
 * Runs `work` in one transaction over the named stores and answers what it answers, once everything is on the disk.
 * `work` may wait for nothing but what it asks of these stores.
 */
export async function transact(names, work, mode = "readwrite") {
  const base = await database();
  // Strict: an answer to the officer means that a phone without battery still has it.
  const transaction = base.transaction(names, mode, { durability: mode === "readwrite" ? "strict" : "default" });
  const done = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
  });
  done.catch(() => undefined);
  try {
    const stores = Object.fromEntries(names.map((name) => [name, access(transaction.objectStore(name))]));
    const result = await work(stores);
    await done;
    return result;
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // It has ended already.
    }
    throw error;
  }
}

/** One value. */
export function read(name, id) {
  return transact([name], (stores) => stores[name].get(id), "readonly");
}

/** All values whose id begins so. */
export function readAll(name, prefix) {
  return transact([name], (stores) => stores[name].all(prefix), "readonly");
}

/** Puts one value. */
export function write(name, value) {
  return transact([name], (stores) => stores[name].put(value));
}

/** Takes one value away. */
export function remove(name, id) {
  return transact([name], (stores) => stores[name].remove(id));
}

/** Asks the browser not to clear the database when space is short. */
export async function persist() {
  try {
    return (await navigator.storage?.persist?.()) ?? false;
  } catch {
    return false;
  }
}
