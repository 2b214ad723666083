// Elements and texts. Whatever comes from a mail goes through a text node, never through markup.

import { t, locale } from "./words.js";

/** An element; `about` holds attributes, listeners (functions) and properties (booleans). */
export function el(name, about = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(about)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (typeof value === "boolean") made.toggleAttribute(key, value);
    else if (value !== undefined && value !== null) made.setAttribute(key, value);
  }
  put(made, ...children);
  return made;
}

/** Appends elements and texts. */
export function put(place, ...children) {
  for (const child of children.flat(3)) {
    if (child === undefined || child === null || child === false) continue;
    place.append(child instanceof Node ? child : shown(String(child)));
  }
  return place;
}

/** Puts these in place of all that was there. */
export function fill(place, ...children) {
  place.replaceChildren();
  return put(place, ...children);
}

/** Foreign text: control characters and those that turn the direction stand as their code. */
export function shown(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (letter) => "\\u" + letter.codePointAt(0).toString(16).padStart(4, "0"));
}

/** Tells each cell of a row what its column is called: on narrow screens rows stand as cards. */
export function name(line, heads) {
  [...line.children].forEach((cell, place) => { if (heads[place]) cell.dataset.head = heads[place]; });
  return line;
}

/** A table with a caption for readers, headers with scope, and rows of cells. */
export function table(caption, heads, rows, about = {}) {
  for (const line of rows) name(line, heads);
  const kind = (place) => (rows[0]?.children[place]?.classList.contains("right") ? "right" : null);
  return el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption },
    el("table", about,
      el("caption", { class: "unseen" }, caption),
      el("thead", {}, el("tr", {}, heads.map((head, place) => el("th", { scope: "col", class: kind(place) }, head)))),
      el("tbody", {}, rows)));
}

/** A row; the first cell is its header. */
export function row(cells, about = {}) {
  return el("tr", about, cells.map((cell, place) => {
    const isDressed = typeof cell === "object" && cell !== null && "cell" in cell;
    const inside = isDressed ? cell.cell : cell;
    const kind = isDressed ? { class: cell.class } : {};
    return place === 0 ? el("th", { scope: "row", ...kind }, inside) : el("td", kind, inside);
  }));
}

/** Pairs of a name and a value. */
export function pairs(list) {
  return el("dl", { class: "pairs" },
    list.filter(([, value]) => value !== undefined && value !== null && value !== "")
      .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

/** A heading with a line of help below it. */
export function head(title, help) {
  return [el("h1", { tabindex: "-1" }, title), help && el("p", { class: "help" }, help)];
}

/** What becomes of a mail, as a mark with a shape, so that colour is not needed. */
export function action(word) {
  const known = ["accept", "tag", "quarantine", "defer", "reject", "held", "released", "deleted", "up", "down", "unused"];
  const kind = known.includes(word) ? word : "accept";
  return el("span", { class: `mark ${kind}` }, t(`a_${kind}`));
}

export const number = (value, digits = 0) =>
  new Intl.NumberFormat(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

/** Points with their sign. */
export function score(value) {
  const points = Number(value);
  const text = (points > 0 ? "+" : "") + number(points, 2);
  return el("span", { class: points > 0 ? "points against" : points < 0 ? "points for" : "points" }, text);
}

export function time(text) {
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return text;
  const shown = new Intl.DateTimeFormat(locale(), { dateStyle: "short", timeStyle: "medium" }).format(moment);
  return el("time", { datetime: text }, shown);
}

export function octets(count) {
  if (count < 1024) return `${number(count)} B`;
  if (count < 1024 * 1024) return `${number(count / 1024, 1)} KiB`;
  return `${number(count / 1024 / 1024, 1)} MiB`;
}

export function span(seconds) {
  if (seconds < 120) return t("seconds", number(seconds));
  if (seconds < 7200) return t("minutes", number(Math.round(seconds / 60)));
  if (seconds < 172800) return t("hours", number(Math.round(seconds / 3600)));
  return t("days", number(Math.round(seconds / 86400)));
}

/** Sentences of rules are written in English. */
export const sentence = (text) => el("span", { lang: "en" }, text);

/** A button with the name of what it is for, read aloud. */
export const button = (label, press, about = {}) => el("button", { type: "button", click: press, ...about }, label);
