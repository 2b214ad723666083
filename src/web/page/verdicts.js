// The last verdicts, and one of them with all that it rests on.

import { el, fill, put, head, table, row, pairs, action, score, time, number, octets, sentence, button } from "./dom.js";
import { get } from "./api.js";
import { t } from "./words.js";

const NAMES_MAX = 4;
const KINDS = ["accept", "tag", "quarantine", "defer", "reject"];

/** The weightiest symbols of a verdict. */
export function symbols(entry) {
  const sorted = [...entry.symbols].sort((one, other) => Math.abs(other.score) - Math.abs(one.score));
  const rest = sorted.length - NAMES_MAX;
  return el("span", { class: "names" },
    sorted.slice(0, NAMES_MAX).map((one) => el("code", { class: one.score > 0 ? "against" : one.score < 0 ? "for" : "" }, one.symbol)),
    rest > 0 && el("span", { class: "hint" }, t("more", number(rest))));
}

export const link = (entry) => el("a", { href: `#verdicts/${encodeURIComponent(entry.reference)}` }, el("code", {}, entry.reference));

/** Symbols with what they weigh and say. */
export function why(list, withSeen = true) {
  if (list.length === 0) return el("p", { class: "help" }, t("no_symbols"));
  const sorted = [...list].sort((one, other) => other.score - one.score);
  return table(t("why"), [t("symbol"), t("points"), t("meaning"), withSeen && t("seen")].filter(Boolean), sorted.map((one) => row([
    el("code", {}, one.symbol ?? one.name),
    { cell: score(one.score), class: "right" },
    [sentence(one.about ?? ""), one.least_action && one.least_action !== "accept"
      && el("span", { class: "hint block" }, t("least", t(`a_${one.least_action}`)))],
    ...(withSeen ? [{ cell: one.detail ?? "", class: "seen" }] : []),
  ])));
}

function authentication(auth) {
  const word = (name, result) => el("li", {}, el("b", {}, name), " ", el("span", { class: `result ${result}` }, result));
  return el("ul", { class: "results" }, word("SPF", auth.spf),
    (auth.dkim.length ? auth.dkim : ["none"]).map((result) => word("DKIM", result)), word("ARC", auth.arc), word("DMARC", auth.dmarc));
}

async function one(body, name) {
  const entry = await get(`verdicts/${encodeURIComponent(name)}`);
  const own = entry.private;
  fill(body, el("p", {}, el("a", { href: "#verdicts" }, t("back"))),
    head(t("verdict", entry.reference)),
    el("p", { class: "verdict" }, action(entry.action), " ", t("weighs", number(entry.score, 2))),
    pairs([[t("at"), time(entry.received_at)], [t("sender"), own?.sender || entry.sender_domain || t("null_sender")], [t("client"), own?.client],
      [t("door"), entry.door], [t("queue_id"), entry.queue_id], [t("size"), octets(entry.bytes)]]),
    el("h2", {}, t("why")), why(entry.symbols, entry.symbols.some((symbol) => symbol.detail)),
    el("h2", {}, t("authentication")), authentication(entry.authentication));
  if (own?.outcomes.length) {
    const isObjected = own.outcomes.some((told) => told.objection);
    put(body, el("h2", {}, t("outcomes")),
      table(t("outcomes"), [t("recipient"), t("outcome"), t("reply"), isObjected && t("objection")].filter(Boolean), own.outcomes.map((told) =>
        row([told.recipient, action(told.action), told.reply, ...(isObjected ? [told.objection ?? ""] : [])]))));
  }
  if (own?.facts.length) {
    put(body, el("h2", {}, t("facts")),
      table(t("facts"), [t("question"), t("answer")], own.facts.map((fact) =>
        row([{ cell: el("code", {}, fact.question), class: "seen" }, { cell: fact.answer, class: "seen" }]))));
  }
}

export default async function show({ body, of, me }) {
  if (of) return one(body, of);
  const field = el("input", { id: "filter", type: "search", placeholder: t("filter_hint"), autocomplete: "off" });
  const kind = el("select", { "aria-label": t("outcome") }, el("option", { value: "" }, t("any")),
    KINDS.map((word) => el("option", { value: word }, t(`a_${word}`))));
  const count = el("span", { class: "hint", "aria-live": "polite" });
  const place = el("div", {});
  let all = [];
  const text = (entry) => [entry.reference, entry.queue_id, entry.sender_domain, entry.private?.sender, entry.door,
    ...(entry.private?.outcomes ?? []).map((told) => told.recipient), ...entry.symbols.map((one) => one.symbol)].join(" ").toLowerCase();
  const draw = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = all.filter((entry) => (!kind.value || entry.action === kind.value) && words.every((word) => text(entry).includes(word)));
    fill(count, t("shown_of", number(fits.length), number(all.length)));
    if (fits.length === 0) return fill(place, el("p", { class: "help" }, t(all.length ? "none" : "none_yet")));
    return fill(place, table(t("v_verdicts"), ["at", "outcome", "points", "sender", "symbols", "reference"].map((name) => t(name)), fits.map((entry) => row([
      time(entry.received_at), { cell: action(entry.action), class: "tight" }, { cell: score(entry.score), class: "right" },
      (me.role === "help_desk" ? entry.sender_domain : entry.private?.sender) || t("null_sender"),
      { cell: symbols(entry), class: "wide" }, { cell: link(entry), class: "tight" }]))));
  };
  const load = async () => { all = (await get("verdicts")).verdicts; draw(); };
  field.addEventListener("input", draw);
  kind.addEventListener("change", draw);
  fill(body, head(t("v_verdicts"), t("verdicts_help")),
    el("div", { class: "bar-line", role: "search" }, el("label", { for: "filter" }, t("filter")), field, kind, button(t("refresh"), load), count),
    place);
  await load();
}
