/** What the parts of the auctions' page say of a lot in one way, and the words of them all. */
import { feed, hall } from "./hall.js";
import words from "./lots.json";
import { clock } from "./numbers.js";
import { addWords, current } from "./words.js";

addWords(words);

/** What a lot costs now: its clock's price, its award, its leading bid, or where bidding starts. @param {any} lot */
export function priceOf(lot) {
  return lot.price_minor || (lot.state === "open" && lot.clock_minor) || lot.leading_minor || lot.start_minor;
}

/** The time until a moment, as hours, minutes and seconds. @param {number} atNs */
export function left(atNs) {
  const seconds = Math.max(0, Math.floor((atNs / 1e6 - feed.nowMs) / 1e3));
  const days = Math.floor(seconds / 86_400);
  const rest = [Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  return (days ? `${days} d ` : "") + rest.map((part) => String(part).padStart(2, "0")).join(":");
}

/** A moment with its date. @param {number} atNs */
export function moment(atNs) {
  const day = new Date(atNs / 1e6).toLocaleDateString(current() === "zh" ? "zh-CN" : "en-GB");
  return `${day} ${clock(atNs)}`;
}

/** Names of lots by their identifiers. @param {string[]} ids */
export function names(ids) {
  return ids.map((id) => hall.keepers.get(id)?.lot.name ?? id).join(" + ");
}

/** Whether bids are committed to first and revealed after. @param {any} lot */
export function isSealed(lot) {
  return lot.method === "sealed" || lot.method === "tender";
}

/** Parts per million as per cent. @param {number} ppm */
export function percent(ppm) {
  return `${ppm / 10_000} %`;
}
