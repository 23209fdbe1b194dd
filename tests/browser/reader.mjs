// Somebody who reads the public site: a window of one Chromium that all readers of a run share, each without any memory.

import { chromium } from "playwright-core";
import { PATIENCE_MS, program } from "./phone.mjs";

let browser = null;

export async function closeReaders() {
  await browser?.close();
  browser = null;
}

export class Reader {
  static async on({ base, dark = false, width = 1440, height = 900, script = true }) {
    browser ??= await chromium.launch({ executablePath: program(), args: ["--no-sandbox", "--disable-background-networking"] });
    const reader = new Reader();
    reader.base = base;
    reader.complaints = [];
    reader.context = await browser.newContext({
      viewport: { width, height }, colorScheme: dark ? "dark" : "light", javaScriptEnabled: script, locale: "id-ID", timezoneId: "Asia/Jakarta",
    });
    reader.context.setDefaultTimeout(PATIENCE_MS);
    reader.page = await reader.context.newPage();
    reader.page.on("console", (message) => message.type() === "error" && reader.complaints.push(message.text()));
    reader.page.on("pageerror", (error) => reader.complaints.push(String(error)));
    return reader;
  }

  async open(path) {
    const answer = await this.page.goto(this.base + path);
    if (answer.status() !== 200) throw new Error(`${path} is answered with ${answer.status()}`);
    await this.page.locator("h1").first().waitFor();
  }

  /** A number of a page as it is written: "12.345 suara" is 12345. */
  async number(selector) {
    return Number((await this.page.locator(selector).first().textContent()).replace(/\D/g, ""));
  }

  async close() {
    await this.context.close();
    if (this.complaints.length > 0) throw new Error(`the browser complained:\n${this.complaints.join("\n")}`);
  }
}
