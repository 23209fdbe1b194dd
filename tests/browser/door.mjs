// One address in front of all nodes, as a name with several addresses or a balancer of connections is: each connection
// goes to the first node that takes it. Bytes pass as they are; TLS ends at the node.
//
// Invariant: what is asked for while answers are withheld reaches the node, and nothing of what it says comes back.

import { connect, createServer } from "node:net";

const CONNECT_MS_MAX = 2000;

export class Door {
  static async before(addresses) {
    const door = new Door();
    door.addresses = addresses;
    door.open = true;
    door.withheld = false;
    door.pairs = new Set();
    door.server = createServer((client) => door.enter(client));
    await new Promise((resolve) => door.server.listen(0, "127.0.0.1", resolve));
    door.base = `https://127.0.0.1:${door.server.address().port}`;
    return door;
  }

  enter(client) {
    client.on("error", () => client.destroy());
    if (!this.open) return client.resetAndDestroy();
    this.through(client, [...this.addresses]);
  }

  through(client, left) {
    const address = left.shift();
    if (!address || client.destroyed) return client.destroy();
    const node = connect({ host: address.host, port: address.port });
    const timer = setTimeout(() => node.destroy(new Error("no answer")), CONNECT_MS_MAX);
    let joined = false;
    node.on("error", () => {
      clearTimeout(timer);
      if (joined) client.destroy();
      else this.through(client, left);
    });
    node.on("connect", () => {
      clearTimeout(timer);
      joined = true;
      this.join(client, node, address);
    });
  }

  join(client, node, address) {
    const pair = { client, node, address };
    this.pairs.add(pair);
    client.on("data", (bytes) => node.write(bytes));
    node.on("data", (bytes) => {
      if (!this.withheld) client.write(bytes);
    });
    const end = () => {
      this.pairs.delete(pair);
      client.destroy();
      node.destroy();
    };
    for (const side of [client, node]) side.on("close", end);
  }

  /** The address that connections go through now. */
  current() {
    return [...this.pairs].at(-1)?.address ?? null;
  }

  /** Lets requests through and keeps every answer back. */
  withhold() {
    this.withheld = true;
  }

  /** Ends all connections, and lets nobody in until it is opened again. */
  shut() {
    this.open = false;
    for (const { client, node } of this.pairs) {
      client.resetAndDestroy();
      node.destroy();
    }
  }

  reopen() {
    this.open = true;
    this.withheld = false;
  }

  close() {
    this.shut();
    this.server.close();
  }
}
