// What a case is given: the cluster's addresses, a door in front of them, phones, a second look at the server, and a hand
// that ends nodes. The hand belongs to whoever started this script: one JSON line asks, one answers.

import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connect } from "node:tls";
import { Door } from "./door.mjs";
import { PATIENCE_MS, Phone } from "./phone.mjs";
import { closeReaders, Reader } from "./reader.mjs";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Asks the hand outside: {kill: node}, {start: node}. */
async function ask(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
  const { value, done } = await lines.next();
  if (done) throw new Error("nobody answers any more");
  const answer = JSON.parse(value);
  if (answer.error) throw new Error(answer.error);
  return answer;
}

/** The hash by which a browser can be told to trust one key. */
function keyHash(certificate) {
  return createHash("sha256").update(certificate.publicKey.export({ type: "spki", format: "der" })).digest("base64");
}

function keyOfNode({ host, port }, authority) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ca: authority }, () => {
      resolve(keyHash(new X509Certificate(socket.getPeerCertificate(false).raw)));
      socket.end();
    });
    socket.on("error", reject);
  });
}

export async function until(what, look) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export function equal(found, wanted, what) {
  const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`${what}: ${left}, but should be ${right}`);
}

export class Stage {
  static async of(settings) {
    const stage = new Stage();
    Object.assign(stage, settings);
    stage.authority = readFileSync(settings.authority);
    stage.addresses = settings.officers.map((url) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) }));
    stage.spki = (await Promise.all(stage.addresses.map((address) => keyOfNode(address, stage.authority)))).join(",");
    stage.door = await Door.before(stage.addresses);
    stage.phones = [];
    stage.tokens = new Map();
    return stage;
  }

  profile() {
    return mkdtempSync(join(tmpdir(), "rakit-phone-"));
  }

  async phone(more = {}) {
    const phone = await Phone.on(more.profile ?? this.profile(), { base: this.door.base, spki: this.spki, ...more });
    this.phones.push(phone);
    return phone;
  }

  /** Somebody who reads the public site of a node, without any account. */
  async reader(more = {}) {
    const reader = await Reader.on({ base: this.public[more.node ?? 0], ...more });
    this.phones.push(reader);
    return reader;
  }

  /** A figure that is told and not judged. */
  measured(what) {
    process.stdout.write(`${JSON.stringify({ measured: what })}\n`);
  }

  /** A call to a node that no phone is part of: {status, body}. */
  call(node, method, path, { token = null, headers = {}, body = null } = {}) {
    const { host, port } = this.addresses[node];
    const text = body === null ? null : JSON.stringify(body);
    const all = { ...headers, ...(token ? { authorization: `Bearer ${token}` } : {}), ...(text ? { "content-type": "application/json" } : {}) };
    return new Promise((resolve, reject) => {
      const request = https.request({ host, port, method, path, headers: all, ca: this.authority, timeout: PATIENCE_MS }, (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("error", reject);
        response.on("end", () => {
          const answer = Buffer.concat(parts).toString();
          resolve({ status: response.statusCode, body: answer.startsWith("{") ? JSON.parse(answer) : answer });
        });
      });
      request.on("error", reject);
      request.end(text);
    });
  }

  /** Bytes handed in at a node: {status, body}. */
  async bytes(node, path, { token, kind, bytes }) {
    const { host, port } = this.addresses[node];
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, "content-type": kind, "content-length": bytes.length };
      const request = https.request({ host, port, method: "POST", path, headers, ca: this.authority, timeout: PATIENCE_MS }, (response) => {
        const parts = [];
        response.on("data", (part) => parts.push(part));
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode, body: JSON.parse(Buffer.concat(parts).toString()) }));
      });
      request.on("error", reject);
      request.end(bytes);
    });
  }

  async token(node, { username, password }) {
    const known = this.tokens.get(username);
    if (known) return known;
    const answer = await this.call(node, "POST", "/api/v1/session", { body: { username, password } });
    equal(answer.status, 201, `signing in as ${username}`);
    this.tokens.set(username, answer.body.token);
    return answer.body.token;
  }

  /** A station as the server has it, seen from a node. */
  async station(node, account, contest, station) {
    const token = await this.token(node, account);
    const answer = await this.call(node, "GET", `/api/v1/stations/${station}/${contest}`, { token });
    return answer.status === 200 ? answer.body : null;
  }

  /** Revisions that a station went through. */
  revisions(seen) {
    return seen.history.filter((entry) => ["report", "correction"].includes(entry.kind)).map((entry) => entry.revision);
  }

  kill(node) {
    return ask({ kill: node });
  }

  start(node) {
    return ask({ start: node });
  }

  place(address) {
    return this.addresses.findIndex((one) => one.port === address.port);
  }

  async end() {
    this.door.reopen();
    for (const phone of this.phones) await phone.context.close().catch(() => undefined);
    await closeReaders();
    for (const profile of new Set(this.phones.map((phone) => phone.profile).filter(Boolean))) rmSync(profile, { recursive: true, force: true });
    this.door.close();
  }
}
