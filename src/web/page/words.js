// German and English. Every text of the page stands here in both languages.

const WORDS = {
  en: {
    language: "English", skip: "Skip to content", views: "Views", leave: "Sign out",
    unreachable: "the server does not answer",
    enter_title: "Sign in", enter_help: "This page shows what the mail filter does. You need a token from whoever runs it.",
    token: "Token", token_help: "It stays in this browser tab and is forgotten when you close it.", enter: "Sign in",
    token_wrong: "This token is not known.", token_gone: "This token does not count any more.",
    nothing_here: "Nothing to see", portal_help: "This token writes recipients' policies over the API; it sees no mail.",
    r_operator: "operator", r_help_desk: "help desk", r_recipient: "recipient", r_portal: "portal",
    v_live: "Live", v_verdicts: "Verdicts", v_quarantine: "Quarantine", v_rules: "Rules", v_health: "Health", v_explain: "Explain",
    a_accept: "accepted", a_tag: "tagged", a_quarantine: "set aside", a_defer: "deferred", a_reject: "refused",
    a_held: "held", a_released: "released", a_deleted: "deleted", a_up: "up", a_down: "down", a_unused: "not used yet",
    live_help: "Every mail as it is judged. The bars count the last 30 minutes.",
    connecting: "connecting", connected: "reading along", ended: "the server is stopping", pause: "Pause", go_on: "Go on",
    lost: "{0} left out: this page reads too slowly", chart: "{0} mails in the last {1} minutes, by outcome",
    at: "Time", outcome: "Outcome", points: "Points", sender: "Sender", symbols: "Symbols", reference: "Reference",
    null_sender: "(empty sender)", more: "{0} more",
    verdicts_help: "The last 500 verdicts since the start. They are in memory only; a restart forgets them.",
    filter: "Filter", filter_hint: "symbol, sender, reference, queue ID", any: "all outcomes", refresh: "Refresh",
    none: "Nothing fits.", none_yet: "Nothing yet.", shown_of: "{0} of {1}",
    verdict: "Verdict {0}", back: "Back to the list", door: "Door", queue_id: "Queue ID", size: "Size", client: "Client",
    why: "Why", weighs: "{0} points in sum", authentication: "Authentication", outcomes: "Recipients", recipient: "Recipient",
    reply: "Reply", objection: "Objection", facts: "What was asked", question: "Question", answer: "Answer",
    symbol: "Symbol", meaning: "Meaning", seen: "Seen", least: "at least {0}", no_symbols: "No symbol was found.",
    quarantine_help: "Mail that was set aside and that somebody waits for, newest first.",
    with_done: "with released and deleted mail", subject: "Subject", no_subject: "(no subject)", release: "Release", remove: "Delete",
    ask_release: "Release to all who wait for it?", ask_remove: "Delete for good?", yes: "Yes", no: "No",
    released: "Released: {0}", not_released: "The mailstore did not take it: {0}", removed: "Deleted.",
    may_not: "You cannot release this one yourself: ask the help desk and tell them the reference.",
    from_field: "From", envelope_sender: "Envelope sender", stored: "Set aside", parts: "Parts", path: "Part", name: "Name",
    declared: "Declared", detected: "Detected", header: "Header section", state: "State",
    learn_ham: "Teach as wanted", learn_spam: "Teach as unwanted", learned: "Taught; the model knows {0} wanted and {1} unwanted mails.",
    mail: "Mail {0}",
    rules_help: "{0} mails were judged since the start. A rule in the shadow is counted and weighs nothing.",
    group: "Group", hits: "Hits", rate: "Rate", score_of: "Points", only_hits: "only rules that hit", shadow: "shadow", least_of: "Demands",
    health_help: "The state of this server, looked at every five seconds.",
    takes: "Mail is taken.", takes_not: "No mail is taken.", drains: "The server is stopping: mails under way end, new ones are not taken.",
    dependencies: "Dependencies", queues: "Under way", server: "Server", version: "Version", rulebook: "Rulebook", uptime: "Running for",
    subjects: "Subjects with a class", reloads: "Reloads (failed)", mails_open: "Mails between MAIL and reply", small: "Small mails being judged",
    large: "Large mails being judged", of: "{0} of {1}", q_mails: "Mails (counted every minute)", q_octets: "On the disk", q_oldest: "Oldest",
    reload: "Reload configuration", reloaded: "Reloaded.",
    d_clamd: "virus scanner", d_dns: "name servers", d_mailstore: "mailstore", d_store: "store", d_quarantine: "quarantine", d_spool: "spool",
    seconds: "{0} s", minutes: "{0} min", hours: "{0} h", days: "{0} days",
    explain_help: "Judges a mail as if it arrived now. Nothing is delivered, counted, kept or learned.",
    source: "The mail with its header", drop: "Drop a file here, choose one, or paste the source text.", choose: "Choose a file",
    circumstances: "Circumstances (guessed from the mail if left empty)", e_ip: "Client address", e_from: "Envelope sender", e_to: "Recipient",
    why_not: "Why not these rules? (names with commas)", do_explain: "Explain", working: "Judging ...", too_large: "This file is too large.",
    no_mail: "There is no mail yet.", because: "because {0}", reaches: "{0} reaches {1}", stays_below: "{0} stays below {1}", changes: "What would have changed it",
    no_changes: "No single fact and no three findings less would have changed the outcome.",
    sum: "Sum", facts_order: "Facts, in order", read_by: "Read by", nobody: "nobody", rules_hit: "Rules that hit, where they matched",
    octets_at: "{0}, octets {1} to {2}", checks: "Checks", found_none: "nothing found", looks_at: "looks at {0}", conditions: "Why, or why not",
    hits_yes: "hits", hits_no: "does not hit", v_yes: "yes", v_no: "no", v_open: "open", short: "decides", from_check: "A check reports it; it has no condition.",
    learned_says: "Learned model", unwanted: "{0} that it is unwanted", edits: "Header edits", times: "{0} times", guessed: "guessed: {0}",
    envelope: "Envelope", message: "Message",
  },
  de: {
    language: "Deutsch", skip: "Zum Inhalt springen", views: "Ansichten", leave: "Abmelden",
    unreachable: "der Server antwortet nicht",
    enter_title: "Anmelden", enter_help: "Diese Seite zeigt, was der Mailfilter tut. Sie brauchen ein Token von denen, die ihn betreiben.",
    token: "Token", token_help: "Es bleibt in diesem Browser-Tab und ist vergessen, wenn Sie ihn schließen.", enter: "Anmelden",
    token_wrong: "Dieses Token ist nicht bekannt.", token_gone: "Dieses Token gilt nicht mehr.",
    nothing_here: "Nichts zu sehen", portal_help: "Dieses Token schreibt Regeln für Empfänger über die API; es sieht keine Mail.",
    r_operator: "Betrieb", r_help_desk: "Helpdesk", r_recipient: "Empfänger", r_portal: "Portal",
    v_live: "Live", v_verdicts: "Urteile", v_quarantine: "Quarantäne", v_rules: "Regeln", v_health: "Zustand", v_explain: "Erklären",
    a_accept: "angenommen", a_tag: "markiert", a_quarantine: "zurückgehalten", a_defer: "aufgeschoben", a_reject: "abgelehnt",
    a_held: "gehalten", a_released: "zugestellt", a_deleted: "gelöscht", a_up: "erreichbar", a_down: "ausgefallen", a_unused: "noch nicht benutzt",
    live_help: "Jede Mail, sobald über sie geurteilt ist. Die Balken zählen die letzten 30 Minuten.",
    connecting: "verbinde", connected: "liest mit", ended: "der Server hält an", pause: "Anhalten", go_on: "Weiter",
    lost: "{0} ausgelassen: diese Seite liest zu langsam", chart: "{0} Mails in den letzten {1} Minuten, nach Ausgang",
    at: "Zeit", outcome: "Ausgang", points: "Punkte", sender: "Absender", symbols: "Symbole", reference: "Referenz",
    null_sender: "(leerer Absender)", more: "{0} weitere",
    verdicts_help: "Die letzten 500 Urteile seit dem Start. Sie stehen nur im Speicher; ein Neustart vergisst sie.",
    filter: "Filter", filter_hint: "Symbol, Absender, Referenz, Queue-ID", any: "jeder Ausgang", refresh: "Neu laden",
    none: "Nichts passt.", none_yet: "Noch nichts.", shown_of: "{0} von {1}",
    verdict: "Urteil {0}", back: "Zurück zur Liste", door: "Eingang", queue_id: "Queue-ID", size: "Größe", client: "Client",
    why: "Warum", weighs: "{0} Punkte in der Summe", authentication: "Authentifizierung", outcomes: "Empfänger", recipient: "Empfänger",
    reply: "Antwort", objection: "Einwand", facts: "Was gefragt wurde", question: "Frage", answer: "Antwort",
    symbol: "Symbol", meaning: "Bedeutung", seen: "Gesehen", least: "mindestens {0}", no_symbols: "Kein Symbol wurde gefunden.",
    quarantine_help: "Mail, die zurückgehalten wurde und auf die jemand wartet, die neueste zuerst.",
    with_done: "auch zugestellte und gelöschte", subject: "Betreff", no_subject: "(kein Betreff)", release: "Zustellen", remove: "Löschen",
    ask_release: "Allen zustellen, die darauf warten?", ask_remove: "Endgültig löschen?", yes: "Ja", no: "Nein",
    released: "Zugestellt: {0}", not_released: "Der Mailspeicher hat sie nicht genommen: {0}", removed: "Gelöscht.",
    may_not: "Diese Mail können Sie nicht selbst zustellen: fragen Sie den Helpdesk und nennen Sie die Referenz.",
    from_field: "Von", envelope_sender: "Absender des Umschlags", stored: "Zurückgehalten", parts: "Teile", path: "Teil", name: "Name",
    declared: "Angegeben", detected: "Erkannt", header: "Kopfzeilen", state: "Stand",
    learn_ham: "Als erwünscht lernen", learn_spam: "Als unerwünscht lernen", learned: "Gelernt; das Modell kennt {0} erwünschte und {1} unerwünschte Mails.",
    mail: "Mail {0}",
    rules_help: "Seit dem Start wurde über {0} Mails geurteilt. Eine Regel im Schatten wird gezählt und wiegt nichts.",
    group: "Gruppe", hits: "Treffer", rate: "Anteil", score_of: "Punkte", only_hits: "nur Regeln mit Treffern", shadow: "Schatten", least_of: "Verlangt",
    health_help: "Der Zustand dieses Servers, alle fünf Sekunden nachgesehen.",
    takes: "Mail wird angenommen.", takes_not: "Es wird keine Mail angenommen.", drains: "Der Server hält an: laufende Mails enden, neue werden nicht angenommen.",
    dependencies: "Abhängigkeiten", queues: "Unterwegs", server: "Server", version: "Version", rulebook: "Regelwerk", uptime: "Läuft seit",
    subjects: "Personen mit Klasse", reloads: "Neu geladen (gescheitert)", mails_open: "Mails zwischen MAIL und Antwort", small: "Kleine Mails im Urteil",
    large: "Große Mails im Urteil", of: "{0} von {1}", q_mails: "Mails (jede Minute gezählt)", q_octets: "Auf der Platte", q_oldest: "Älteste",
    reload: "Konfiguration neu laden", reloaded: "Neu geladen.",
    d_clamd: "Virenscanner", d_dns: "Nameserver", d_mailstore: "Mailspeicher", d_store: "Gedächtnis", d_quarantine: "Quarantäne", d_spool: "Spool",
    seconds: "{0} s", minutes: "{0} min", hours: "{0} h", days: "{0} Tage",
    explain_help: "Urteilt über eine Mail, als käme sie jetzt an. Nichts wird zugestellt, gezählt, behalten oder gelernt.",
    source: "Die Mail mit ihren Kopfzeilen", drop: "Legen Sie eine Datei hier ab, wählen Sie eine, oder fügen Sie den Quelltext ein.", choose: "Datei wählen",
    circumstances: "Umstände (was leer bleibt, wird aus der Mail geraten)", e_ip: "Adresse des Clients", e_from: "Absender des Umschlags", e_to: "Empfänger",
    why_not: "Warum diese Regeln nicht? (Namen mit Komma)", do_explain: "Erklären", working: "Urteilt ...", too_large: "Diese Datei ist zu groß.",
    no_mail: "Noch ist keine Mail da.", because: "weil: {0}", reaches: "{0} erreicht {1}", stays_below: "{0} bleibt unter {1}", changes: "Was es geändert hätte",
    no_changes: "Keine einzelne Tatsache und keine drei Funde weniger hätten den Ausgang geändert.",
    sum: "Summe", facts_order: "Tatsachen, der Reihe nach", read_by: "Gelesen von", nobody: "niemand", rules_hit: "Regeln, die trafen, und wo",
    octets_at: "{0}, Oktette {1} bis {2}", checks: "Prüfungen", found_none: "nichts gefunden", looks_at: "sieht auf {0}", conditions: "Warum, oder warum nicht",
    hits_yes: "trifft", hits_no: "trifft nicht", v_yes: "ja", v_no: "nein", v_open: "offen", short: "entscheidet", from_check: "Eine Prüfung meldet es; es hat keine Bedingung.",
    learned_says: "Gelerntes Modell", unwanted: "{0}, dass sie unerwünscht ist", edits: "Änderungen am Kopf", times: "{0} mal", guessed: "geraten: {0}",
    envelope: "Umschlag", message: "Mail",
  },
};

const PLACE = "wehr-language";
const known = (word) => Object.hasOwn(WORDS, word);
let chosen = sessionStorage.getItem(PLACE) ?? navigator.language.slice(0, 2).toLowerCase();
if (!known(chosen)) chosen = "en";

export const language = () => chosen;
export const locale = () => (chosen === "de" ? "de-DE" : "en-GB");
export const words = (of) => WORDS[of];

export function choose(word) {
  if (!known(word)) return;
  chosen = word;
  sessionStorage.setItem(PLACE, word);
}

/** A text in the chosen language; {0} and so on are replaced. */
export function t(name, ...values) {
  const text = WORDS[chosen][name] ?? WORDS.en[name] ?? name;
  return text.replace(/\{(\d)\}/g, (_, place) => values[Number(place)] ?? "");
}
