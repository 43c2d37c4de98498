/**
 * The words of the pages, English and Chinese, and which of the two is shown.
 *
 * The server renders the page in the language of `?lang=` or of the browser; a choice made here is kept in
 * localStorage and wins. Elements with `data-word` are translated in place, the rest render again. A page loads the
 * words of one language, and those of the other when it is chosen.
 */

/** @typedef {"en" | "zh"} Language */

const CATALOGUES = { en: () => import("words:en"), zh: () => import("words:zh") };
const PLACE = { en: 0, zh: 1 };
const KEPT = "ipx-lang";
export const changed = new EventTarget();

/** @type {Language} */
let language = (localStorage.getItem(KEPT) ?? document.documentElement.lang).startsWith("zh") ? "zh" : "en";
/** @type {Record<string, string>} */
let words = (await CATALOGUES[language]()).default;
/** @type {Record<string, string[]>} what single pages add, in both languages */
const more = {};

/** The language shown now. @returns {Language} */
export function current() {
  return language;
}

/**
 * A word or sentence, with `{name}` places filled. An unknown key shows itself, so that a gap is seen and not hidden.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function word(key, values) {
  const text = words[key] ?? more[key]?.[PLACE[language]] ?? key;
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole)) : text;
}

/** A word that may not be known: of a code the exchange made. @param {string} key @param {string} otherwise */
export function wordOr(key, otherwise) {
  const found = word(key);
  return found === key ? otherwise : found;
}

/** Add words to the catalogue; what is shown already is rendered again. @param {Record<string, string[]>} added */
export function addWords(added) {
  Object.assign(more, added);
  changed.dispatchEvent(new Event("change"));
}

/** Show the other language from now on. @param {Language} chosen */
export async function choose(chosen) {
  words = (await CATALOGUES[chosen]()).default;
  language = chosen;
  localStorage.setItem(KEPT, chosen);
  translatePage();
  changed.dispatchEvent(new Event("change"));
}

/** Translate what the server rendered. */
export function translatePage() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = word(/** @type {HTMLElement} */ (element).dataset.word ?? "");
  }
  const page = document.documentElement.dataset.title;
  if (page) document.title = `${word(page)} · ${word("brand")}`;
}
