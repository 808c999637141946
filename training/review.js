// The review queue's page. `screen` says what to show; every act goes to Python, which answers with the next screen.
// Keys: P, M, O the service; the letter beside a flag sets or clears it; Enter saves, then goes on; S skips.

const KEYS = { physiotherapy: "p", massage: "m", other: "o" };
const LETTERS = "abcdefghijklnqrtuvwxyz";  // not those of a service, nor S
const LOUD = { emergency: "emergency", urgent: "urgent", review: "a person reads it", confirm: "the visitor is asked" };

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

const label = (code) => code.replaceAll("_", " ");

function head(screen) {
  return make("header", {},
    make("strong", {}, screen.title),
    make("span", {}, `${screen.done} of ${screen.total} by ${screen.reviewer}`),
    make("progress", { max: Math.max(screen.total, 1), value: screen.done, "aria-label": "reviewed" }));
}

function enquiry(screen) {
  const text = make("blockquote", { lang: screen.language });
  text.innerHTML = screen.html;  // escaped by Python; holds mark and s alone
  return text;
}

function start(screen, send) {
  const name = make("input", { id: "rq-name", required: true, maxlength: 64, autocomplete: "off" });
  const samples = screen.samples.map((sample, place) => make("label", { class: "rq-sample" },
    make("input", { type: "radio", name: "rq-sample", value: sample.name, checked: place === 0, disabled: !sample.size }),
    ` ${sample.title} `, make("small", {}, `(${sample.size})`)));
  return make("form", { onsubmit: (event) => {
    event.preventDefault();
    const sample = event.target.elements["rq-sample"].value;
    if (name.value.trim() && sample) send({ act: "begin", reviewer: name.value, sample });
  } },
    make("label", { for: "rq-name" }, "Your name, kept beside each verdict"), name,
    make("fieldset", {}, make("legend", {}, "What to work through"), ...samples),
    make("button", { class: "rq-main" }, "Start ⏎"));
}

function judge(screen, send, keys) {
  const chosen = { service: null, flags: new Set() };
  const save = make("button", { class: "rq-main", disabled: true, onclick: () => give() }, "Save ⏎");
  const services = screen.services.map((service) => make("button",
    { "aria-pressed": "false", onclick: () => pick(service) }, make("kbd", {}, KEYS[service].toUpperCase()), " ", service));
  const flags = screen.flags.map((flag, place) => make("button",
    { "aria-pressed": "false", title: flag.meaning, class: `rq-${flag.urgency}`, onclick: () => toggle(flag.code) },
    make("kbd", {}, LETTERS[place].toUpperCase()), " ", label(flag.code)));
  const pick = (service) => {
    chosen.service = service;
    screen.services.forEach((name, i) => services[i].setAttribute("aria-pressed", String(name === service)));
    save.disabled = false;
  };
  const toggle = (code) => {
    if (!chosen.flags.delete(code)) chosen.flags.add(code);
    screen.flags.forEach((flag, i) => flags[i].setAttribute("aria-pressed", String(chosen.flags.has(flag.code))));
  };
  const give = () => {
    if (!chosen.service) return;
    save.disabled = true;
    send({ act: "judge", service: chosen.service, flags: [...chosen.flags] });
  };
  for (const service of screen.services) keys[KEYS[service]] = () => pick(service);
  screen.flags.forEach((flag, place) => { keys[LETTERS[place]] = () => toggle(flag.code); });
  keys.s = () => send({ act: "skip" });
  keys.enter = give;
  const groups = Object.keys(LOUD).map((urgency) => make("div", { class: "rq-group" },
    make("span", {}, LOUD[urgency]),
    make("div", {}, ...flags.filter((_, place) => screen.flags[place].urgency === urgency))));
  return make("section", {}, head(screen), enquiry(screen),
    make("div", { class: "rq-group", role: "group", "aria-label": "service" },
      make("span", {}, "which service fits"), make("div", {}, ...services)),
    ...groups,
    make("footer", {}, save, make("button", { onclick: () => send({ act: "skip" }) }, make("kbd", {}, "S"), " later"),
      make("small", {}, "The model's answer is shown after yours is saved.")));
}

function shown(screen, send, keys) {
  keys.enter = () => send({ act: "next" });
  const row = ([name, mine, model, same]) => make("tr", { class: same ? "rq-same" : "rq-other" },
    make("th", { scope: "row" }, name), make("td", {}, label(mine)), make("td", {}, label(model)),
    make("td", {}, same ? "✓ same" : "≠ differs"));
  return make("section", {}, head(screen), enquiry(screen),
    make("table", {}, make("thead", {}, make("tr", {}, ...["", "you", "the model", ""].map((name) => make("th", {}, name)))),
      make("tbody", {}, ...screen.rows.map(row))),
    make("p", {}, screen.answer),
    screen.aside.length ? make("p", {}, "Set aside: ", screen.aside.join("; ")) : null,
    make("footer", {}, make("button", { class: "rq-main", onclick: () => send({ act: "next" }) }, "Next ⏎"),
      make("button", { onclick: () => send({ act: "leave" }) }, "Stop here"),
      make("small", {}, `Saved at ${screen.saved}.`)));
}

function end(screen, send) {
  return make("section", {}, head(screen), make("p", {}, "All of this sample is reviewed. Thank you."),
    make("footer", {}, make("button", { class: "rq-main", onclick: () => send({ act: "leave" }) }, "Another sample")));
}

function render({ model, el }) {
  const box = make("div", { class: "review-queue", tabindex: 0 });
  let keys = {};
  const send = (message) => model.send(message);
  const draw = (focus) => {
    const screen = model.get("screen");
    keys = {};
    const made = { start, judge, shown, end }[screen.kind](screen, send, keys);
    box.replaceChildren(...[screen.problem ? make("p", { role: "alert" }, screen.problem) : null, made].filter(Boolean));
    if (focus) box.focus({ preventScroll: true });
  };
  // Jupyter has keys of its own: what is typed here stays here.
  box.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.tagName === "INPUT") return;
    const key = event.key.toLowerCase();
    if (key === "enter" && event.target.tagName === "BUTTON" && !event.target.classList.contains("rq-main")) return;
    if (keys[key]) { event.preventDefault(); keys[key](); }
  });
  model.on("change:screen", () => draw(true));
  draw(false);
  el.append(box);
}

export default { render };
