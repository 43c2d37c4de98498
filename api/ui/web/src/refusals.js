/**
 * Refusals in words: the exchange's stable code, a sentence for those that people meet, and the detail it gave.
 *
 * The sentences are fetched with the first refusal, for most visits see none.
 */
import { html } from "lit";
import { addWords, word, wordOr } from "./words.js";

let isAsked = false;

/** @param {any} refusal a Refusal of the feed or a Problem of a request */
export function refusalView(refusal) {
  if (!isAsked) {
    isAsked = true;
    import("./refusals.json").then((sentences) => addWords(sentences.default));
  }
  const said = wordOr(`code.${refusal.code}`, refusal.title || refusal.detail || refusal.code);
  const rule = refusal.rule ? `${refusal.rule.profile}@${refusal.rule.version}: ${refusal.rule.provision}` : "";
  const detail = refusal.detail && refusal.detail !== said ? refusal.detail : "";
  return html`<div class="notice bad" role="alert">
    <strong>${word("refused")}:</strong> ${said}
    <span class="fine">${refusal.code}${detail ? ` · ${detail}` : ""}${rule ? ` · ${rule}` : ""}</span>
  </div>`;
}
