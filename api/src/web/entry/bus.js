// Tells screens, in this tab and in others, that something on the phone changed.

const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("rakit-entri") : null;
const listeners = new Set();

function tell() {
  for (const listener of listeners) listener();
}

channel?.addEventListener("message", tell);

/** Says that queue, receipts, drafts or session changed. */
export function changed() {
  tell();
  channel?.postMessage("changed");
}

/** Calls back on every change until the answered function is called. */
export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
