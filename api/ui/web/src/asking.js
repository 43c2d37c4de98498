/**
 * What the order's ticket and the bid's have in common: a dialog that asks before anything is sent, what came of it,
 * and figures in lines.
 *
 * What is asked about is `asking`; while it is sent it cannot be called back. An answer that never came is no refusal:
 * the page then says that it does not know.
 */
import { html } from "lit";
import { PageElement, announce } from "./element.js";
import { refusalView } from "./refusals.js";
import { word } from "./words.js";

export class AskingElement extends PageElement {
  static properties = {
    said: { state: true },
    refusal: { state: true },
    asking: { state: true },
    isSending: { state: true },
  };

  /** @param {...[EventTarget, string]} heard */
  constructor(...heard) {
    super(...heard);
    this.said = "";
    /** @type {any} */ this.refusal = null;
    /** @type {any} */ this.asking = null;
    this.isSending = false;
  }

  /** Another subject: what was said of the last is not of this one. */
  forget() {
    this.said = "";
    this.refusal = this.asking = null;
  }

  /** Ask about something. @param {any} draft */
  ask(draft) {
    this.forget();
    this.asking = draft;
  }

  updated() {
    const dialog = this.querySelector("dialog");
    if (!dialog) return;
    if (this.asking && !dialog.open) dialog.showModal();
    if (!this.asking && dialog.open) dialog.close();
  }

  /** Back to the form; what is on its way cannot be called back. @param {Event} event */
  back(event) {
    event.preventDefault();
    if (!this.isSending) this.asking = null;
  }

  /**
   * Send what was asked about.
   * @param {() => Promise<string>} work sends, and answers what to say of it
   * @param {string} unknown the word for an answer that never came
   */
  async sending(work, unknown) {
    this.isSending = true;
    try {
      this.said = await work();
      announce(this.said);
    } catch (refusal) {
      if (/** @type {any} */ (refusal).code === "feed.unknown") this.said = word(unknown);
      else this.refusal = refusal;
    }
    this.isSending = false;
    this.asking = null;
  }

  /** What came of the last one. */
  verdict() {
    return html`${this.said ? html`<p class="notice good" data-said>${this.said}</p>` : ""}
    ${this.refusal ? refusalView(this.refusal) : ""}`;
  }

  /** @param {string} id of its title @param {(asking: any) => unknown} question */
  dialog(id, question) {
    return html`<dialog aria-labelledby=${id} @cancel=${this.back}>${this.asking ? question(this.asking) : ""}</dialog>`;
  }

  /**
   * The end of a question: why it cannot be sent now, and the two ways on.
   * @param {{obstacle: string, kind: string, back: string, send: string, act: () => void}} choice
   */
  choice({ obstacle, kind, back, send, act }) {
    return html`${obstacle ? html`<p class="notice bad" role="alert">${word(obstacle)}</p>` : ""}
      <div class="buttons">
        <button class="quiet" ?disabled=${this.isSending} @click=${this.back}>${word(back)}</button>
        <button
          class="primary ${kind}"
          name="send"
          autofocus
          ?disabled=${this.isSending || obstacle !== ""}
          @click=${act}
        >
          ${word(send)}
        </button>
      </div>`;
  }
}

/**
 * Figures in lines, the last one possibly their total.
 * @param {[string, unknown][]} lines @param {[string, unknown] | null} total
 */
export function figures(lines, total = null) {
  const line = (/** @type {[string, unknown]} */ [label, value], /** @type {string} */ kind) =>
    html`<div class=${kind}>
      <dt>${label}</dt>
      <dd>${value}</dd>
    </div>`;
  return html`<dl class="costs">
    ${lines.map((one) => line(one, ""))} ${total ? line(total, "total") : ""}
  </dl>`;
}

/**
 * A labelled field for one number.
 * @param {{name: string, label: unknown, value: string, wrong: string, mode?: string, typed: (text: string) => void}} field
 */
export function numberField({ name, label, value, wrong, mode = "decimal", typed }) {
  return html`<label
    >${label}
    <input
      name=${name}
      inputmode=${mode}
      maxlength="20"
      .value=${value}
      aria-describedby=${wrong}
      @input=${(/** @type {any} */ event) => typed(event.target.value)}
  /></label>`;
}
