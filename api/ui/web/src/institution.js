/** The institution's page: its patents and what they lack, a list to upload and its faults, listings, outcomes. */
import "./style.css";
import "./institution.css";
import { html } from "lit";
import { PageElement, announce } from "./element.js";
import { session } from "./frame.js";
import { whole } from "./numbers.js";
import { refusalView } from "./refusals.js";
import words from "./institution.json";
import { addWords, word, wordOr } from "./words.js";

addWords(words);

const MEGABYTE = 1_048_576;
const LARGEST_MB = 128;
const COUNTS = ["rows", "accepted", "incomplete", "rejected", "new", "changed", "same", "refused"];
const imported = new EventTarget();

/** A list of the institution's own, a page at a time. A kind says where it is read and how a line of it looks. */
class OwnList extends PageElement {
  static properties = { items: { state: true }, problem: { state: true }, isBusy: { state: true } };
  kind = "";
  path = "";
  /** The filter that keeps the list to the institution's own. */ owner = "member_id";
  /** @type {string[]} the words above the columns */ columns = [];

  constructor() {
    super([session, "change"]);
    /** @type {any[]} */ this.items = [];
    /** @type {any} */ this.problem = null;
    this.isBusy = false;
    this.cursor = "";
    session.addEventListener("change", () => this.reload());
  }

  reload() {
    this.items = [];
    this.cursor = "";
    if (session.me) this.more();
  }

  async more() {
    const me = session.me;
    const query = new URLSearchParams({ [this.owner]: me.member.member_id, limit: "100" });
    if (this.cursor) query.set("cursor", this.cursor);
    this.isBusy = true;
    this.problem = null;
    try {
      const found = await session.get(`${this.path}?${query}`);
      if (session.me !== me) return; // somebody else is logged in by now
      this.items = [...this.items, ...found.items];
      this.cursor = found.next_cursor ?? "";
    } catch (problem) {
      this.problem = problem;
    } finally {
      this.isBusy = false;
    }
  }

  render() {
    return html`
      <header>
        <h2>${word(this.kind)}</h2>
        ${this.items.length ? html`<span class="fine">${word("patents.shown", { shown: `${whole(this.items.length)}${this.cursor ? "+" : ""}` })}</span>` : ""}
      </header>
      ${this.items.length ? this.table() : ""}
      ${!this.items.length && !this.problem ? html`<p class="empty">${word(this.isBusy ? "loading" : `${this.kind}.none`)}</p>` : ""}
      ${this.problem ? html`${refusalView(this.problem)}<button class="quiet" @click=${() => this.more()}>${word("retry")}</button>` : ""}
      ${this.cursor && !this.problem ? html`<button class="quiet more" ?disabled=${this.isBusy} @click=${() => this.more()}>${word("more")}</button>` : ""}
    `;
  }

  table() {
    return html`<div class="scroll tall" tabindex="0" role="region" aria-label=${word(this.kind)}>
      <table>
        <thead>
          <tr>
            ${this.columns.map((column) => html`<th scope="col">${word(column)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${this.items.map((item) => this.row(item))}
        </tbody>
      </table>
    </div>`;
  }

  /** @param {any} item @returns {unknown} */
  row(item) {
    return html`<tr>
      <td>${item}</td>
    </tr>`;
  }
}

class PatentList extends OwnList {
  kind = "patents";
  path = "/v1/patents";
  owner = "owner_id";
  columns = [
    "patents.number",
    "patents.title",
    "patents.status",
    "patents.expiry",
    "patents.missing",
    "patents.blocks",
  ];

  constructor() {
    super();
    imported.addEventListener("change", () => this.reload());
  }

  /** @param {any} patent */
  row(patent) {
    const missing = patent.missing.map((/** @type {string} */ name) => word(`field.${name}`)).join(" · ");
    return html`<tr data-patent=${patent.number}>
      <td class="time">${patent.number}</td>
      <td>${patent.title}</td>
      <td class="time">${wordOr(`status.${patent.status}`, patent.status)}</td>
      <td class="time">${patent.nominal_expiry || "–"}</td>
      <td>${missing || html`<span class="tag good">${word("patents.complete")}</span>`}</td>
      <td>
        ${patent.blocks.map((/** @type {string} */ purpose) => html`<span class="tag">${word(`purpose.${purpose}`)}</span>`)}
      </td>
    </tr>`;
  }
}

class ListingList extends OwnList {
  kind = "listings";
  path = "/v1/listings";
  columns = ["listings.name", "listings.asset", "listings.method", "listings.state"];

  /** @param {any} listing */
  row(listing) {
    return html`<tr data-listing=${listing.listing_id}>
      <td>${listing.name}</td>
      <td class="time">${listing.asset_id}</td>
      <td>${wordOr(`method.${listing.method}`, listing.method)}</td>
      <td>
        ${word(`listing.${listing.state}`)} ${listing.reason ? html`<span class="fine">${listing.reason}</span>` : ""}
      </td>
    </tr>`;
  }
}

class OutcomeList extends OwnList {
  kind = "outcomes";
  path = "/v1/outcomes";
  columns = [
    "outcomes.title",
    "outcomes.level",
    "outcomes.class",
    "outcomes.form",
    "outcomes.patents",
    "outcomes.node",
  ];

  /** @param {any} outcome */
  row(outcome) {
    return html`<tr data-outcome=${outcome.outcome_id}>
      <td>${outcome.title}</td>
      <td>TRL ${outcome.readiness_level}</td>
      <td>${word(`class.${outcome.technology_class}`)}</td>
      <td>${word(`form.${outcome.form}`)}</td>
      <td>${whole(outcome.patent_ids.length)}</td>
      <td>${outcome.node}</td>
    </tr>`;
  }
}

/** A CSV goes up; every row that was not taken whole comes back with its line, column and reason. */
class PatentUpload extends PageElement {
  static properties = { report: { state: true }, problem: { state: true }, isBusy: { state: true } };

  constructor() {
    super([session, "change"]);
    /** @type {any} */ this.report = null;
    /** @type {any} */ this.problem = null;
    this.isBusy = false;
    session.addEventListener("change", () => (this.report = this.problem = null));
  }

  /** @param {SubmitEvent} event */
  async upload(event) {
    event.preventDefault();
    const file = /** @type {File} */ (new FormData(/** @type {HTMLFormElement} */ (event.target)).get("file"));
    this.report = this.problem = null;
    if (file.size > LARGEST_MB * MEGABYTE) {
      this.problem = { code: "request.too_large" };
      return;
    }
    this.isBusy = true;
    try {
      this.report = await session.send("POST", "/v1/patents/upload", {
        body: file,
        headers: { "content-type": "text/csv" },
      });
      announce(word("upload.done"));
      imported.dispatchEvent(new Event("change"));
    } catch (problem) {
      this.problem = problem;
    }
    this.isBusy = false;
  }

  render() {
    const roles = session.me?.user.roles ?? [];
    const mayUpload = roles.includes("institution") || roles.includes("operator");
    return html`
      <h2>${word("upload")}</h2>
      ${
        mayUpload
          ? html`<form class="upload" @submit=${this.upload} aria-busy=${this.isBusy}>
                <label
                  >${word("upload.file", { megabytes: LARGEST_MB })}<input
                    type="file"
                    name="file"
                    accept=".csv,text/csv"
                    required
                /></label>
                <button class="primary" ?disabled=${this.isBusy}>
                  ${word(this.isBusy ? "upload.waiting" : "upload.submit")}
                </button>
              </form>
              <p class="fine">${word("upload.note")}</p>`
          : html`<p class="empty">${word("upload.wrong")}</p>`
      }
      ${this.problem ? refusalView(this.problem) : ""} ${this.report ? this.reportView(this.report) : ""}
    `;
  }

  /** @param {any} report */
  reportView(report) {
    return html`
      <dl class="counts">
        ${COUNTS.map(
          (name) =>
            html`<div data-count=${name}>
              <dt class="fine">${word(`upload.count.${name}`)}</dt>
              <dd><b>${whole(report[name])}</b></dd>
            </div>`,
        )}
      </dl>
      ${report.reports.length ? this.rows(report) : html`<p class="notice good">${word("upload.rows.none")}</p>`}
      ${report.not_listed ? html`<p class="fine">${word("upload.not_listed", { count: whole(report.not_listed) })}</p>` : ""}
    `;
  }

  /** @param {any} report */
  rows(report) {
    const columns = ["upload.line", "verdict", "patents.number", "upload.column", "upload.reason", "upload.code"];
    return html`<div class="scroll tall" tabindex="0" role="region" aria-label=${word("upload.rows")}>
      <table class="faults">
        <caption class="unseen">
          ${word("upload.rows")}
        </caption>
        <thead>
          <tr>
            ${columns.map((column) => html`<th scope="col" class=${column === "upload.line" ? "number" : ""}>${word(column)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${report.reports.map((/** @type {any} */ row) => this.row(row))}
        </tbody>
      </table>
    </div>`;
  }

  /** @param {any} row */
  row(row) {
    const isLost = row.verdict === "rejected" || row.verdict === "refused";
    return html`<tr data-line=${row.line} data-code=${row.code}>
      <td class="number">${row.line}</td>
      <td class="time">
        <span class="tag ${isLost ? "bad" : ""}">${wordOr(`verdict.${row.verdict}`, row.verdict)}</span>
      </td>
      <td class="time">${row.number}</td>
      <td>${row.column}</td>
      <td>${wordOr(`fault.${row.code}`, row.code)} <span class="fine">${row.detail}</span></td>
      <td class="fine">${row.code}</td>
    </tr>`;
  }
}

customElements.define("patent-upload", PatentUpload);
customElements.define("patent-list", PatentList);
customElements.define("listing-list", ListingList);
customElements.define("outcome-list", OutcomeList);
