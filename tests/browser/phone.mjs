// A phone with a browser: a real Chromium on a profile of its own, with what people do on it as methods.

import { readdirSync, readFileSync } from "node:fs";
import { chromium } from "playwright-core";

export const PATIENCE_MS = 45_000;
const PROGRAMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where Chromium is on this machine. */
export function program() {
  const found = PROGRAMS.find((path) => {
    try {
      return readFileSync(path, { flag: "r" }).length > 0;
    } catch {
      return false;
    }
  });
  if (!found) throw new Error("no Chromium here: install it with `apt-get install chromium`, or run `.ci/setup build`");
  return found;
}

/** What a test fills in: a sound form of 250 voters with these votes. */
export function numbers(votes, invalid = 5) {
  const valid = Object.values(votes).reduce((sum, count) => sum + count, 0);
  const total = valid + invalid;
  const people = (count) => ({ male: Math.floor(count / 2), female: count - Math.floor(count / 2), total: count });
  return {
    registered: people(250), turnout: { dpt: people(total), dptb: people(0), dpk: people(0), total: people(total) },
    ballots: { received: 255, used: total, returned: 0, unused: 255 - total }, disabled: people(0), votes, valid, invalid, total,
  };
}

/** Pointers and numbers of a form. */
function leaves(value, at = "") {
  if (typeof value !== "object") return [[at, value]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${at}/${key}`));
}

export class Phone {
  /** `spki`: the key of the authority that signed the nodes' certificates; this browser trusts nothing else that is not public. */
  static async on(profile, { base, spki, dark = false, width = 360, height = 740 }) {
    const phone = new Phone();
    phone.base = base;
    phone.profile = profile;
    phone.complaints = [];
    phone.puts = [];
    phone.answered = 0;
    phone.context = await chromium.launchPersistentContext(profile, {
      executablePath: program(),
      args: ["--no-sandbox", `--ignore-certificate-errors-spki-list=${spki}`, "--disable-background-networking"],
      viewport: { width, height }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: "id-ID", timezoneId: "Asia/Jakarta",
      colorScheme: dark ? "dark" : "light",
    });
    phone.context.setDefaultTimeout(PATIENCE_MS);
    phone.context.on("page", (page) => phone.listen(page));
    phone.page = phone.context.pages()[0] ?? (await phone.context.newPage());
    phone.listen(phone.page);
    return phone;
  }

  /** Whatever the browser complains about, but for the network being away, which is what these tests do to it. */
  listen(page) {
    if (this.heard?.has(page)) return;
    (this.heard ??= new Set()).add(page);
    const network = /net::ERR_|Failed to load resource|WebSocket/;
    page.on("console", (message) => {
      if (message.type() === "error" && !network.test(message.text())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("response", (response) => {
      if (response.request().method() === "PUT") this.answered += 1;
    });
    page.on("request", (request) => {
      if (request.method() === "PUT") this.puts.push(request.headers()["idempotency-key"]);
    });
  }

  async open(fragment = "") {
    await this.page.goto(`${this.base}/entri/${fragment}`);
    await this.page.locator("h1").waitFor();
  }

  async heading(text) {
    await this.page.getByRole("heading", { level: 1, name: text, exact: true }).waitFor();
  }

  async tap(name, role = "button") {
    await this.page.getByRole(role, { name }).first().click();
  }

  async signIn({ username, password }) {
    await this.heading("Masuk");
    await this.page.getByText("Kata sandi", { exact: true }).first().click();
    await this.page.getByLabel("Nama akun").fill(username);
    await this.page.getByRole("textbox", { name: "Kata sandi" }).fill(password);
    await this.tap("Masuk");
    await this.page.getByRole("heading", { level: 1, name: /^TPS/ }).waitFor();
  }

  /** Waits until everything that is needed without signal is on the phone. */
  async prepared() {
    await this.page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await this.page.waitForFunction(async () => (await navigator.serviceWorker.getRegistration("/entri/"))?.active?.state === "activated");
  }

  async goto(screen, contest, station) {
    await this.page.evaluate((hash) => (location.hash = hash), `#/${screen}/${contest}/${station}`);
  }

  /** Opens the blank form of a station. */
  async blankForm(contest, station) {
    await this.goto("isi", contest, station);
    // Another station's form may still be on the screen.
    await this.page.locator(".place .code", { hasText: station }).waitFor();
    await this.page.getByText("kotak terisi").waitFor();
  }

  box(pointer) {
    return this.page.locator(`[id="kotak${pointer.replaceAll("/", "-")}"]`);
  }

  async type(pointer, number) {
    await this.box(pointer).fill(String(number));
    await this.box(pointer).dispatchEvent("change");
  }

  async fillIn(form) {
    for (const [pointer, number] of leaves(form)) await this.type(pointer, number);
  }

  async readBack() {
    await this.tap("Baca ulang");
    await this.heading("Baca ulang");
  }

  async send() {
    await this.tap("Kirim");
    await this.page.getByRole("heading", { level: 1, name: /^TPS \d/ }).waitFor();
  }

  /** Asks the app to try now, unless it has done so by itself already. */
  async sendNow(page = this.page) {
    const button = page.getByRole("button", { name: "Coba kirim sekarang" });
    await button.or(page.getByRole("heading", { name: /^Diterima #|^Sudah ada versi|^Isi formulir$/ })).first().waitFor();
    // The button goes when the app was quicker; what comes of it is looked at by whoever asks.
    await button.click({ timeout: 3000 }).catch(() => undefined);
  }

  /** The number of the receipt that is shown. */
  async receipt() {
    const heading = this.page.getByRole("heading", { name: /^Diterima #/ });
    await heading.waitFor();
    return Number((await heading.textContent()).replace(/\D/g, ""));
  }

  async shows(text) {
    await this.page.getByText(text).first().waitFor();
  }

  /** What lies in one of the app's stores. */
  stored(store) {
    return this.page.evaluate((name) => new Promise((resolve, reject) => {
      const opening = indexedDB.open("rakit-entri");
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const asking = opening.result.transaction(name).objectStore(name).getAll();
        asking.onsuccess = () => {
          opening.result.close();
          resolve(asking.result);
        };
      };
    }), store);
  }

  /** Ends the browser as an empty battery does. */
  async kill() {
    const gone = new Promise((resolve) => this.context.once("close", resolve));
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      let line = "";
      try {
        line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        continue;
      }
      if (line.includes(`--user-data-dir=${this.profile}`)) {
        try {
          process.kill(Number(pid), "SIGKILL");
        } catch {
          // It went with its parent.
        }
      }
    }
    await gone;
  }

  async close() {
    await this.context.close();
    if (this.complaints.length > 0) throw new Error(`the browser complained:\n${this.complaints.join("\n")}`);
  }
}
