/**
 * What all elements of the pages share.
 *
 * They render into the page itself, not into a shadow: one style sheet, labels that reach their fields, and assistive
 * technology and tests see what a plain page would have. Lit inserts every value as text.
 */
import { LitElement } from "lit";
import { changed } from "./words.js";

export class PageElement extends LitElement {
  /** @type {[EventTarget, string][]} */ #sources;
  #again = () => this.requestUpdate();

  /** @param {[EventTarget, string][]} sources what it renders again after, beside a change of language */
  constructor(...sources) {
    super();
    this.#sources = [[changed, "change"], ...sources];
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    for (const [source, name] of this.#sources) source.addEventListener(name, this.#again);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const [source, name] of this.#sources) source.removeEventListener(name, this.#again);
  }
}

const spoken = document.querySelector("#announcements");

/** Say something to those who do not see the page. @param {string} text */
export function announce(text) {
  if (spoken) spoken.textContent = text;
}
