/**
 * Integers on the wire, decimals on the page.
 *
 * Prices travel in ticks and money in minor units, all at most 2^53 - 1; here they become decimal strings, and what a
 * person types becomes an integer again, exactly and never through a fraction.
 */
import { current } from "./words.js";

const PPM = 1_000_000;

/** @typedef {{rate_ppm: number, minimum_minor: number, maximum_minor: number | null}} FeeRow */

/** Digits in threes. @param {string} digits */
function grouped(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A count. @param {number} count */
export function whole(count) {
  return (count < 0 ? "−" : "") + grouped(String(Math.abs(count)));
}

/**
 * Minor units as a decimal: 12345 at scale 2 is 123.45.
 * @param {number} minor
 * @param {number} scale
 */
export function decimal(minor, scale) {
  const digits = String(Math.abs(minor)).padStart(scale + 1, "0");
  const point = digits.length - scale;
  const text = grouped(digits.slice(0, point)) + (scale ? `.${digits.slice(point)}` : "");
  return (minor < 0 ? "−" : "") + text;
}

/**
 * A typed decimal as minor units, or null where it is none or has more decimals than the currency.
 * @param {string} text
 * @param {number} scale
 * @returns {number | null}
 */
export function minorOf(text, scale) {
  const found = /^(\d{1,15})(?:\.(\d*))?$/.exec(text.replace(/[,\s]/g, ""));
  if (!found) return null;
  const fraction = (found[2] ?? "").replace(/0+$/, "");
  if (fraction.length > scale) return null;
  const minor = Number(found[1] + fraction.padEnd(scale, "0"));
  return Number.isSafeInteger(minor) ? minor : null;
}

/** A typed count of lots, or null. @param {string} text */
export function countOf(text) {
  const plain = text.replace(/[,\s]/g, "");
  const count = /^\d{1,16}$/.test(plain) ? Number(plain) : 0;
  return count > 0 && Number.isSafeInteger(count) ? count : null;
}

/**
 * The fee of an order that trades this much, as the published schedule has it: the rate rounded up, within the row's
 * least and most, never above the notional. The product of notional and rate may pass 2^53, so it is taken in parts.
 * @param {FeeRow} row
 * @param {number} notional
 */
export function feeOf(row, notional) {
  const rest = notional % PPM;
  const rated = ((notional - rest) / PPM) * row.rate_ppm + Math.ceil((rest * row.rate_ppm) / PPM);
  const least = Math.max(row.minimum_minor, rated);
  const most = row.maximum_minor === null ? least : Math.min(least, row.maximum_minor);
  return Math.min(most, notional);
}

/** A moment of the exchange's clock, as a local time. @param {number} atNs */
export function clock(atNs) {
  return new Date(atNs / 1e6).toLocaleTimeString(current() === "zh" ? "zh-CN" : "en-GB", { hour12: false });
}
