// A mail judged for its explanation: facts, rules in their places, what would have changed it, why not a rule.

import { el, fill, head, table, row, pairs, action, score, number, sentence, button } from "./dom.js";
import { send } from "./api.js";
import { t } from "./words.js";
import { why } from "./verdicts.js";

const FILE_BYTES_MAX = 50 * 1024 * 1024;

/** A match in its context, marked. */
const matched = (one) => el("li", {},
  el("span", { class: "hint block" }, t("octets_at", one.field, number(one.octets[0]), number(one.octets[1]))),
  el("q", { class: "context" }, one.before, el("mark", {}, one.text), one.after));

function condition(piece) {
  const value = piece.value === null ? "v_open" : piece.value !== 0 ? "v_yes" : "v_no";
  return el("li", {},
    el("span", { class: `value ${value}` }, t(value)), " ", el("code", {}, piece.text),
    piece.short && el("strong", { class: "short" }, t("short")), piece.seen && el("span", { class: "hint block" }, piece.seen),
    piece.pieces?.length > 0 && el("ul", { class: "tree" }, piece.pieces.map(condition)));
}

const reason = (one) => el("section", { class: "reason" },
  el("h3", {}, el("code", {}, one.symbol), " ", t(one.hit ? "hits_yes" : "hits_no")),
  el("p", { class: "help" }, sentence(one.about), el("span", { class: "hint block" }, one.place)),
  one.condition ? el("ul", { class: "tree" }, condition(one.condition)) : el("p", { class: "hint" }, t("from_check")));

function told({ verdict, trace }) {
  const found = trace.checks.filter((check) => check.findings.length > 0);
  const list = (items) => el("ul", { class: "plain-list" }, items.map((item) => el("li", { lang: "en" }, item)));
  const section = (title, ...inside) => [el("h2", {}, title), ...inside];
  return [
    el("h2", { id: "result", tabindex: "-1" }, verdict.subject || t("no_subject")),
    el("p", { class: "verdict" }, action(verdict.action), " ", t("weighs", number(verdict.score, 2))),
    trace.threshold === undefined ? el("p", { lang: "en" }, t("because", trace.because))
      : el("p", {}, t("because", t(verdict.score >= trace.threshold ? "reaches" : "stays_below", number(verdict.score, 2), number(trace.threshold, 2)))),
    section(t("changes"), trace.changes.length
      ? el("ul", { class: "changes" }, trace.changes.map((one) => el("li", {}, el("span", { lang: "en" }, one.when), " ", action(one.action))))
      : el("p", { class: "help" }, t("no_changes"))),
    trace.why_not?.length > 0 && section(t("conditions"), trace.why_not.map(reason)),
    section(t("why"), why(found.flatMap((check) => check.findings).concat(trace.rules.map((rule) =>
      ({ symbol: rule.symbol, score: rule.score, about: rule.about, detail: rule.shadow ? t("shadow") : "" }))))),
    trace.rules.some((rule) => rule.matches.length) && section(t("rules_hit"), trace.rules.filter((rule) => rule.matches.length).map((rule) =>
      el("details", { open: true }, el("summary", {}, el("code", {}, rule.symbol), " ", score(rule.score), rule.times > 1 && ` ${t("times", number(rule.times))}`,
        el("span", { class: "hint" }, " ", rule.place)), el("ul", { class: "matches" }, rule.matches.map(matched))))),
    section(t("facts_order"), trace.facts.length
      ? table(t("facts_order"), [t("question"), t("answer"), t("read_by")], trace.facts.map((fact) => row([
        { cell: el("code", {}, fact.question), class: "seen" }, { cell: fact.answer, class: "seen" }, fact.read_by.join(", ") || t("nobody")])))
      : el("p", { class: "help" }, t("none_yet"))),
    trace.learned && section(t("learned_says"), el("p", {}, t("unwanted", `${number(trace.learned.probability * 100, 1)} %`)),
      list(trace.learned.voices.map((voice) => `${voice.weight > 0 ? "+" : ""}${number(voice.weight, 2)} ${voice.kind} ${voice.text}`))),
    section(t("outcomes"), list(trace.outcomes)),
    section(t("envelope"), pairs([[t("message"), trace.message], [t("client"), trace.client], [t("envelope"), trace.envelope],
      [t("authentication"), trace.authentication], [t("sum"), trace.sum], ["", trace.guessed.length ? t("guessed", trace.guessed.join(", ")) : ""]])),
    trace.edits.length > 0 && section(t("edits"), list(trace.edits)),
  ];
}

export default async function show({ body, of }) {
  const source = el("textarea", { id: "source", rows: "9", spellcheck: "false", "aria-describedby": "drop-help" });
  const chosen = el("input", { type: "file", id: "file", hidden: true, "aria-label": t("choose"), accept: ".eml,message/rfc822,text/plain" });
  const named = el("span", { class: "hint" });
  const trouble = el("p", { class: "trouble", role: "alert" });
  const result = el("section", { "aria-live": "off" });
  const field = (id, label, about = {}) => {
    const input = el("input", { id, autocomplete: "off", spellcheck: "false", ...about });
    return { input, place: el("div", { class: "field" }, el("label", { for: id }, label), input) };
  };
  const ip = field("e-ip", t("e_ip"));
  const from = field("e-from", t("e_from"));
  const to = field("e-to", t("e_to"));
  const whyNot = field("e-why", t("why_not"), { value: of ?? "" });
  let file = null;
  const take = (picked) => {
    fill(trouble);
    if (!picked) return;
    if (picked.size > FILE_BYTES_MAX) { fill(trouble, t("too_large")); return; }
    file = picked;
    source.value = "";
    fill(named, picked.name);
  };
  chosen.addEventListener("change", () => take(chosen.files[0]));
  source.addEventListener("input", () => { file = null; fill(named); });
  const run = async (event) => {
    event.preventDefault();
    fill(trouble);
    const mail = file ?? (source.value ? new Blob([source.value]) : null);
    if (mail === null) { fill(trouble, t("no_mail")); source.focus(); return; }
    fill(result, el("p", { role: "status" }, t("working")));
    const fields = Object.fromEntries([["IP", ip], ["From", from], ["Rcpt", to]]
      .map(([name, { input }]) => [name, input.value.trim()]).filter(([, value]) => value));
    const names = whyNot.input.value.split(/[\s,]+/).filter(Boolean).join(",");
    try {
      const answer = await send("POST", `explain?why_not=${encodeURIComponent(names).replaceAll("%2C", ",")}`, mail, { "Content-Type": "message/rfc822", ...fields });
      fill(result, told(answer));
      result.querySelector("#result").focus();
    } catch (error) {
      fill(result);
      fill(trouble, error.message);
    }
  };
  const drop = el("div", { class: "drop" }, el("label", { for: "source" }, t("source")), source,
    el("p", { id: "drop-help", class: "hint" }, t("drop")),
    el("div", { class: "bar-line" }, chosen, button(t("choose"), () => chosen.click()), named));
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer.files[0]); });
  fill(body, head(t("v_explain"), t("explain_help")),
    el("form", { submit: run }, drop,
      el("fieldset", {}, el("legend", {}, t("circumstances")), el("div", { class: "fields" }, ip.place, from.place, to.place)),
      whyNot.place, trouble, el("button", { class: "main" }, t("do_explain"))),
    result);
}
