// What passes now: verdicts as they are made, and how many of each kind came in the last minutes.

import { el, fill, head, row, name, action, score, time, number } from "./dom.js";
import { follow, get } from "./api.js";
import { t } from "./words.js";
import { link, symbols } from "./verdicts.js";

const ROWS_MAX = 100;
const MINUTES = 30;
const KINDS = ["accept", "tag", "quarantine", "defer", "reject"];
const SVG = "http://www.w3.org/2000/svg";

const svg = (kind, about) => {
  const made = document.createElementNS(SVG, kind);
  for (const [key, value] of Object.entries(about)) made.setAttribute(key, value);
  return made;
};

/** Verdicts of the last minutes, a bar a minute. */
function chart(seen) {
  const now = Math.floor(Date.now() / 60000);
  const bars = Array.from({ length: MINUTES }, () => Object.fromEntries(KINDS.map((kind) => [kind, 0])));
  for (const { minute, kind } of seen) {
    const place = MINUTES - 1 - (now - minute);
    if (place >= 0 && place < MINUTES && KINDS.includes(kind)) bars[place][kind] += 1;
  }
  const sums = bars.map((bar) => KINDS.reduce((sum, kind) => sum + bar[kind], 0));
  const most = Math.max(4, ...sums);
  const total = sums.reduce((sum, one) => sum + one, 0);
  const picture = svg("svg", { viewBox: "0 0 600 90", role: "img", class: "chart", preserveAspectRatio: "none",
    "aria-label": t("chart", number(total), number(MINUTES)) });
  picture.append(svg("line", { x1: 0, x2: 600, y1: 89.5, y2: 89.5, class: "axis" }));
  bars.forEach((bar, place) => {
    let top = 89;
    for (const kind of KINDS) {
      const height = bar[kind] / most * 84;
      if (height === 0) continue;
      top -= height;
      picture.append(svg("rect", { x: place * 20 + 3, y: top.toFixed(2), width: 14, height: height.toFixed(2), class: `bar ${kind}` }));
    }
  });
  return picture;
}

const HEADS = ["at", "outcome", "points", "sender", "symbols", "reference"];

const line = (entry, me) => name(row([
  time(entry.received_at),
  { cell: action(entry.action), class: "tight" },
  { cell: score(entry.score), class: "right" },
  me.role === "operator" ? entry.private?.sender || t("null_sender") : entry.sender_domain || t("null_sender"),
  { cell: symbols(entry), class: "wide" },
  { cell: link(entry), class: "tight" },
]), HEADS.map((head) => t(head)));

export default async function show({ body, me }) {
  const state = el("span", { class: "state" }, t("connecting"));
  const count = Object.fromEntries(KINDS.map((kind) => [kind, 0]));
  const seen = [];
  const sums = el("ul", { class: "tiles" });
  const picture = el("div", {});
  const rows = el("tbody", {});
  const said = el("p", { class: "unseen", "aria-live": "polite" });
  const pause = el("button", { type: "button", "aria-pressed": "false" }, t("pause"));
  const held = [];
  let isPaused = false;
  let last = 0;
  let waiting = null;
  let latest = null;

  const drawSums = () => {
    fill(sums, KINDS.map((kind) => el("li", { class: `tile ${kind}` }, el("b", {}, number(count[kind])), action(kind))));
    fill(picture, chart(seen));
  };
  const drop = (entry) => {
    rows.prepend(line(entry, me));
    while (rows.children.length > ROWS_MAX) rows.lastElementChild.remove();
  };
  const take = (entry, isNew) => {
    if (entry.number <= last) return;
    last = entry.number;
    count[entry.action] = (count[entry.action] ?? 0) + 1;
    seen.push({ minute: Math.floor(Date.parse(entry.received_at) / 60000), kind: entry.action });
    if (seen.length > 5000) seen.shift();
    if (isPaused) { held.push(entry); while (held.length > ROWS_MAX) held.shift(); } else drop(entry);
    if (isNew) latest = entry;
  };
  // At most every five seconds something is read aloud; a stream that talks without end helps nobody.
  const speaking = setInterval(() => {
    if (latest === null || isPaused) return;
    fill(said, `${t(`a_${latest.action}`)}: ${latest.sender_domain || t("null_sender")}, ${number(latest.score, 2)}`);
    latest = null;
  }, 5000);
  const drawing = setInterval(drawSums, 10000);
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    fill(pause, t(isPaused ? "go_on" : "pause"));
    if (!isPaused) held.splice(0).forEach(drop);
  });

  fill(body, head(t("v_live"), t("live_help")), el("div", { class: "bar-line" }, state, pause), sums, picture, said,
    el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": t("v_live") }, el("table", {},
      el("caption", { class: "unseen" }, t("v_live")),
      el("thead", {}, el("tr", {}, HEADS.map((head) => el("th", { scope: "col", class: head === "points" ? "right" : null }, t(head))))), rows)));
  const kept = (await get("verdicts?limit=100")).verdicts;
  kept.reverse().forEach((entry) => take(entry, false));
  drawSums();

  const stop = new AbortController();
  const lost = el("span", { class: "state down" });
  const heard = (event, data) => {
    if (event === "verdict") { take(data, true); drawSums(); }
    if (event === "lost") { fill(lost, t("lost", number(data.lost))); state.after(lost); }
    if (event === "end") fill(state, t("ended"));
  };
  const run = async () => {
    for (let pauseFor = 1; !stop.signal.aborted; pauseFor = Math.min(pauseFor * 2, 30)) {
      try {
        const begun = follow(heard, stop.signal);
        fill(state, t("connected"));
        state.className = "state up";
        await begun;
      } catch (error) {
        if (stop.signal.aborted) return;
        fill(state, error.message);
      }
      state.className = "state down";
      await new Promise((done) => { waiting = setTimeout(done, pauseFor * 1000); });
    }
  };
  run();
  return () => { stop.abort(); clearTimeout(waiting); clearInterval(speaking); clearInterval(drawing); };
}
