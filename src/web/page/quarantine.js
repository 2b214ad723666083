// Mail set aside: listed, shown, released, deleted, taught, as far as the role goes.

import { el, fill, put, head, table, row, pairs, action, score, time, number, octets, button } from "./dom.js";
import { get, send } from "./api.js";
import { t } from "./words.js";

/** A button that asks once more in its place. */
function sure(label, question, press, about = {}) {
  const place = el("span", { class: "sure" });
  const calm = () => fill(place, button(label, ask, about));
  const ask = () => {
    const no = button(t("no"), () => { calm(); place.firstElementChild.focus(); });
    fill(place, el("span", { role: "alert" }, question), button(t("yes"), async () => { calm(); await press(); }, { class: "danger" }), no);
    no.focus();
  };
  calm();
  return place;
}

const subject = (mail) => mail.subject || t("no_subject");
const states = (mail) => mail.recipients ? mail.recipients.map((one) => one.state) : mail.states;

function actions(mail, { me, tell, after }) {
  const path = `quarantine/${encodeURIComponent(mail.id)}`;
  const guarded = (work) => async () => {
    try { await work(); } catch (error) { tell(error.message, true); }
  };
  const release = guarded(async () => {
    const told = await send("POST", `${path}/release`);
    const bad = told.recipients.find((one) => one.state === "held");
    tell(bad ? t("not_released", bad.reply) : t("released", told.recipients.map((one) => one.recipient).join(", ")), Boolean(bad));
    await after();
  });
  const remove = guarded(async () => { await send("DELETE", path); tell(t("removed")); await after(); });
  const learn = (kind) => guarded(async () => {
    const told = await send("POST", `learn?as=${kind}`, JSON.stringify({ quarantine: mail.id }), { "Content-Type": "application/json" });
    tell(t("learned", number(told.ham), number(told.spam)));
  });
  const isHeld = states(mail).includes("held");
  const isHolder = me.role === "operator" || me.role === "recipient";
  return [
    isHolder && isHeld && mail.may_release && sure(t("release"), t("ask_release"), release, { class: "main" }),
    isHolder && isHeld && !mail.may_release && el("p", { class: "help" }, t("may_not")),
    isHolder && sure(t("remove"), t("ask_remove"), remove),
    me.role !== "recipient" && [button(t("learn_ham"), learn("ham")), button(t("learn_spam"), learn("spam"))],
  ];
}

async function one({ body, of, me, tell }) {
  const mail = await get(`quarantine/${encodeURIComponent(of)}`);
  const after = async () => { location.hash = "#quarantine"; };
  fill(body, el("p", {}, el("a", { href: "#quarantine" }, t("back"))), head(subject(mail)),
    pairs([[t("from_field"), mail.from], [t("envelope_sender"), mail.sender || t("null_sender")], [t("stored"), time(mail.stored_at)],
      [t("points"), score(mail.score)], [t("size"), octets(mail.bytes)], [t("reference"), el("code", {}, mail.reference)]]),
    el("p", { class: "names" }, el("span", { class: "hint" }, t("symbols")), mail.symbols.map((name) => el("code", {}, name))),
    el("div", { class: "bar-line" }, actions(mail, { me, tell, after })),
    el("h2", {}, t("outcomes")),
    table(t("outcomes"), [t("recipient"), t("state"), t("at")], mail.recipients.map((one) => row([one.address, action(one.state), time(one.since)]))),
    el("h2", {}, t("parts")),
    table(t("parts"), [t("path"), t("name"), t("declared"), t("detected"), t("size")], mail.parts.map((part) =>
      row([part.path, { cell: part.name, class: "seen" }, part.declared, part.detected, { cell: octets(part.bytes), class: "right" }]))),
    el("h2", {}, t("header")), el("pre", { tabindex: "0", role: "region", "aria-label": t("header") }, mail.head.replaceAll("\r\n", "\n")));
}

export default async function show(frame) {
  const { body, of, me, tell } = frame;
  if (of) return one(frame);
  const all = el("input", { type: "checkbox", id: "all" });
  const place = el("div", {});
  const isOpen = me.role !== "help_desk";
  const load = async () => {
    const { mails } = await get(`quarantine?all=${all.checked ? 1 : 0}`);
    if (mails.length === 0) return fill(place, el("p", { class: "help" }, t("none_yet")));
    const names = isOpen ? ["subject", "from_field", "stored", "points", "state"] : ["reference", "sender", "stored", "points", "state", "symbols"];
    const marks = (mail) => [...new Set(states(mail))].map((state) => action(state));
    const rows = mails.map((mail) => isOpen
      ? row([{ cell: el("a", { href: `#quarantine/${encodeURIComponent(mail.id)}` }, subject(mail)), class: "wide" },
        { cell: [mail.from || mail.sender, me.role === "operator" && el("span", { class: "hint block" }, mail.recipients.map((one) => one.address).join(", "))], class: "seen" },
        time(mail.stored_at), { cell: score(mail.score), class: "right" }, { cell: marks(mail), class: "tight" }])
      : row([el("code", {}, mail.reference), mail.sender_domain, time(mail.stored_at), { cell: score(mail.score), class: "right" },
        { cell: marks(mail), class: "tight" },
        [el("span", { class: "names" }, mail.symbols.map((name) => el("code", {}, name))), el("div", { class: "bar-line" }, actions(mail, { me, tell, after: load }))]]));
    return fill(place, table(t("v_quarantine"), names.map((name) => t(name)), rows));
  };
  all.addEventListener("change", load);
  fill(body, head(t("v_quarantine"), t("quarantine_help")),
    el("div", { class: "bar-line" }, all, el("label", { for: "all" }, t("with_done")), button(t("refresh"), load)), place);
  await load();
}
