// The enquiry form that any website embeds with one script element; service/README.md lists its attributes.
// It draws itself into a shadow root, keeps nothing in the browser and asks nobody but its endpoint.
(() => {
  "use strict";
  const WORDING = {}; // filled when served: messages/form-*.toml by language
  const STYLE = ""; // filled when served: enquiry-form.css
  const SLOW_MS = 3000;
  const GIVE_UP_MS = 20000;
  const SERVICES = ["physiotherapy", "massage"];

  const script = document.currentScript ?? document.querySelector("script[data-endpoint]");
  const site = script.dataset;
  const booking = { physiotherapy: site.bookingPhysiotherapy, massage: site.bookingMassage };

  /** An element; attributes without a value, and children that are not there, are left out. */
  function el(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.filter(Boolean));
    return element;
  }

  /** The first language of the script, the page, then the browser that there is wording for. */
  function languageHere() {
    const wanted = [site.lang, document.documentElement.lang, ...navigator.languages, "en"];
    return wanted.map((tag) => (tag ?? "").slice(0, 2).toLowerCase()).find((tag) => WORDING[tag]);
  }

  /** A guess from common words, for when no answer says in which language the visitor wrote. */
  function languageOf(text, otherwise) {
    const count = (words) => (text.toLowerCase().match(words) ?? []).length;
    const es = count(/[ñ¿¡]|(?<!\p{L})(el|la|los|las|de|que|con|una?|por|para|me|mi|duele|hola|tengo|y|en)(?!\p{L})/gu);
    const en = count(/(?<!\p{L})(the|my|i|and|with|have|is|for|you|can|of|to|it|in|hello|a)(?!\p{L})/gu);
    return es === en ? otherwise : es > en ? "es" : "en";
  }

  /** Which kind of answer the visitor sees. Urgency goes first; whatever is not understood goes to a person. */
  function kindOf(answer) {
    const code = answer.flags?.[0]?.code;
    if (answer.urgency === "emergency") return code === "mental_health_crisis" ? "crisis" : "emergency";
    if (answer.urgency === "urgent") return code === "safeguarding" ? "discreet" : "urgent";
    if (answer.escalate !== false) return code === "sexual_request" ? "refusal" : "review";
    if (answer.decision === "route" && SERVICES.includes(answer.service)) return "route";
    if (answer.decision !== "confirm") return "review";
    return ["not_enough_information", "too_short"].includes(code) ? "more" : "confirm";
  }

  /** Ways to a person; nothing where the site named none. */
  function contact(words, heading, text) {
    const digits = (site.whatsapp ?? "").replace(/\D/g, "");
    const ways = [
      site.phone && link(`tel:${site.phone.replace(/[^\d+]/g, "")}`,
        words.contact.phone.replace("{number}", site.phone.replaceAll(" ", "\u00a0"))),
      digits && link(`https://wa.me/${digits}`, words.contact.whatsapp),
      site.contact && link(site.contact, words.contact.form),
    ];
    if (!ways.some(Boolean)) return undefined;
    return el("div", { class: "contact" }, heading && el("h3", {}, heading), el("p", { class: "ways" }, ...ways),
      copyButton(words, text));
  }

  function link(href, label, style = "quiet") {
    return el("a", { class: style, href }, label);
  }

  /** So that nothing has to be typed twice. The text goes into no link: addresses end up in histories and logs. */
  function copyButton(words, text) {
    if (!navigator.clipboard) return undefined;
    const said = el("span", { role: "status" });
    const button = el("button", { type: "button", class: "plain" }, words.contact.copy);
    button.addEventListener("click", async () => {
      said.textContent = "";
      await navigator.clipboard.writeText(text).then(() => (said.textContent = words.contact.copied), () => {});
    });
    return el("p", { class: "copy" }, button, " ", said);
  }

  /** Tap-to-call buttons for the numbers that the message names, in its order. */
  function calls(words, message) {
    const named = Object.keys(words.calls).filter((number) => message.includes(number));
    named.sort((one, other) => message.indexOf(one) - message.indexOf(other));
    return el("p", { class: "calls" }, ...named.map((number) =>
      el("a", { class: "call", href: `tel:${number}` },
        el("b", {}, words.calls[number].button), " ", el("span", {}, words.calls[number].line))));
  }

  function steps(words, kind) {
    return el("div", {}, el("h3", {}, words.steps.above),
      el("ol", {}, ...words.steps[kind].map((step) => el("li", {}, step))));
  }

  function book(words, service) {
    return booking[service] && link(booking[service], words.book[service], "button");
  }

  function cards(words, suggested) {
    const order = suggested === "massage" ? [...SERVICES].reverse() : SERVICES;
    return el("div", { class: "cards" }, ...order.map((service) =>
      el("div", { class: "card" },
        service === suggested && el("p", { class: "above" }, words.suggestion.above),
        el("h3", {}, words.heading[service]), el("p", {}, words.line[service]), book(words, service))));
  }

  function suggestion(words, service) {
    const other = SERVICES.find((name) => name !== service);
    return [
      el("p", { class: "why" }, el("b", {}, words.suggestion.why), " ", words.suggestion[service]),
      el("p", { class: "ways" }, book(words, service), booking[other] && link(booking[other], words.other[other])),
    ];
  }

  /** One question whose answer is added to the text. */
  function question(words, text, ask) {
    const field = el("textarea", { id: "more", rows: 2, dir: "auto", autocomplete: "off", "aria-describedby": "more-hint" });
    const form = el("form", { class: "more", novalidate: "" },
      el("label", { for: "more" }, words.more.label), el("p", { class: "hint", id: "more-hint" }, words.more.hint),
      field, el("button", { class: "button" }, words.more.send));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (field.value.trim()) ask(`${text}\n${field.value.trim()}`);
      else field.focus();
    });
    return form;
  }

  /** What follows the message, by kind: (words of its language, answer, text, function that asks again) → elements. */
  const BELOW = {
    route: (words, answer, text) => [...suggestion(words, answer.service), contact(words, words.contact.unsure, text)],
    confirm: (words, answer, text) => [cards(words, answer.service), contact(words, words.contact.unsure, text)],
    more: (words, answer, text, ask) => [question(words, text, ask), el("p", { class: "or" }, words.more.or),
      cards(words, answer.service), contact(words, words.contact.unsure, text)],
    review: (words, answer, text) => [contact(words, words.contact.review, text)],
    refusal: () => [],
    urgent: (words, answer, text) => [steps(words, "urgent"), calls(words, answer.message),
      contact(words, words.contact.above, text)],
    discreet: (words, answer, text) => [calls(words, answer.message), contact(words, words.contact.above, text)],
    emergency: (words, answer) => [calls(words, answer.message), steps(words, "emergency")],
    crisis: (words, answer) => [calls(words, answer.message), steps(words, "crisis")],
  };

  /** Ask the endpoint. Returns the answer, or {failure} with, for `busy`, the seconds to wait where they are told. */
  async function predict(text) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), GIVE_UP_MS);
    try {
      const response = await fetch(site.endpoint, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text, channel: "form" }),
        credentials: "omit",
        cache: "no-store",
        referrerPolicy: "no-referrer",
        signal: stop.signal,
      });
      if (response.status === 429) {
        return { failure: "busy", seconds: parseInt(response.headers.get("retry-after"), 10) };
      }
      if (response.status === 413) return { failure: "long" };
      const answer = response.ok ? await response.json() : {};
      return answer.decision && typeof answer.message === "string" ? answer : { failure: "failed" };
    } catch {
      return { failure: "failed" };
    } finally {
      clearTimeout(timer);
    }
  }

  function build(firstText) {
    const here = languageHere();
    const words = WORDING[here];
    const field = el("textarea", { id: "text", rows: 5, dir: "auto", autocomplete: "off", required: "",
      "aria-describedby": "hint error" });
    field.value = firstText;
    const error = el("p", { id: "error", class: "error", role: "alert" });
    const button = el("button", { class: "button" }, words.send);
    const notice = el("div", { class: "notice", role: "status" });
    const politely = el("div", { class: "said", role: "status" });
    const atOnce = el("div", { class: "said", role: "alert" });
    const below = el("div", { class: "below" });
    const panel = el("section", { class: "answer", tabindex: -1 }, politely, atOnce, below);
    const form = el("form", { novalidate: "" },
      el("label", { for: "text" }, words.label), el("p", { class: "hint", id: "hint" }, words.hint), field, error,
      el("p", { class: "consent" }, words.consent, " ", site.privacy && el("a", { href: site.privacy }, words.privacy)),
      button, notice);
    const root = el("div", { class: "enquiry", lang: here, dir: words.dir }, form, panel);
    const moves = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
    let asking = false;

    /** Fill the panel: what is said is announced, what can be done follows. */
    function show(language, kind, said, rest) {
      const focused = root.getRootNode().activeElement;
      const focusGoes = panel.contains(focused) || notice.contains(focused);
      notice.replaceChildren();
      Object.assign(panel, { lang: language, dir: WORDING[language].dir });
      panel.dataset.kind = kind;
      politely.replaceChildren();
      atOnce.replaceChildren();
      below.replaceChildren(...rest.filter(Boolean));
      (["emergency", "crisis", "urgent"].includes(kind) ? atOnce : politely).append(...said.filter(Boolean));
      if (focusGoes) panel.focus({ preventScroll: true });
      panel.scrollIntoView({ behavior: moves(), block: "start" });
    }

    function showAnswer(answer, text) {
      // A language without wording is answered in English by the service, and here.
      const language = WORDING[answer.language] ? answer.language : "en";
      const its = WORDING[language];
      const kind = kindOf(answer);
      const said = [kind === "route" && el("p", { class: "above" }, its.suggestion.above),
        el("h2", {}, its.heading[kind === "route" ? answer.service : kind]),
        el("p", { class: "message" }, answer.message)];
      show(language, kind, said, BELOW[kind](its, answer, text, ask));
    }

    function showFailure({ failure, seconds }, text) {
      const language = languageOf(text, here);
      const its = WORDING[language];
      const why = seconds > 0 ? its.failure.busy_seconds.replace("{seconds}", seconds) : its.failure[failure];
      const again = el("button", { type: "button", class: "button" }, its.again);
      again.addEventListener("click", () => ask(field.value));
      show(language, failure, [el("h2", {}, its.heading[failure]), el("p", { class: "message" }, why)], [
        contact(its, its.contact.above, text), el("p", { class: "ways" }, again),
        el("p", { class: "urgent-note" }, its.failure.urgent, " ", el("a", { href: "tel:112" }, its.calls[112].button))]);
    }

    async function ask(text) {
      if (asking) return;
      field.value = text;
      const empty = !text.trim();
      error.textContent = empty ? words.empty : "";
      field.setAttribute("aria-invalid", empty);
      if (empty) {
        field.focus();
        return;
      }
      asking = true;
      button.setAttribute("aria-disabled", true);
      notice.replaceChildren(el("p", {}, words.reading));
      notice.scrollIntoView({ behavior: moves(), block: "nearest" });
      const slow = setTimeout(() => {
        notice.replaceChildren(el("p", {}, words.slow), contact(words, undefined, text) ?? "");
      }, SLOW_MS);
      const answer = await predict(text);
      clearTimeout(slow);
      asking = false;
      button.removeAttribute("aria-disabled");
      if (answer.failure) showFailure(answer, text);
      else showAnswer(answer, text);
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(field.value);
    });
    return { root, field };
  }

  /** Take the place of the page's plain form, with what was typed there already. */
  function start() {
    const before = script.previousElementSibling;
    const plain = site.place ? document.querySelector(site.place) : before?.matches("form") ? before : null;
    const typed = plain?.querySelector("textarea");
    const wasTyping = typed && document.activeElement === typed;
    const { root, field } = build(typed?.value ?? "");
    const host = el("div", { class: "enquiry-form" });
    const shadow = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    shadow.adoptedStyleSheets = [sheet];
    shadow.append(root);
    if (plain) plain.replaceWith(host);
    else script.before(host);
    if (wasTyping) field.focus();
  }

  if (site.place && document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
