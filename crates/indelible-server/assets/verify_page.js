// The pages around verify.js: the page that opens proofs and packs, the form on an entry's page,
// and the comparison with the checkpoint that this browser saw last.
//
// A key is used only after the visitor pinned it; what a server suggests is shown, not trusted.
// Pinned keys and seen checkpoints are kept in this browser alone, and in memory alone where the
// page was opened from a file.
(function () {
  "use strict";

  const verifier = globalThis.IndelibleVerifier;
  const { grouped, entriesOf } = verifier;
  // Entries of a pack that are listed at a time, and those that are kept to be listed.
  const ENTRIES_LISTED = 100;
  const ENTRIES_LISTED_MAX = 10000;
  // Bytes of a file that tell what it is.
  const HEAD_BYTES = 65536;
  // Bytes of a proof, a checkpoint or a consistency file that are read at most.
  const TEXT_BYTES_MAX = 4000000;
  const ADVICE = "A key should come from someone other than the server being checked: whoever "
    + "gives you both the proof and the key can have made both.";

  // ---- Elements ----

  // An element with attributes and children; a child that is a text stays a text.
  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [attribute, value] of Object.entries(attributes)) {
      made.setAttribute(attribute, value);
    }
    made.append(...children);
    return made;
  }

  function button(label, act) {
    const made = element("button", { class: "button", type: "button" }, label);
    made.addEventListener("click", act);
    return made;
  }

  let counted = 0;

  function freshId(stem) {
    counted += 1;
    return `${stem}-${counted}`;
  }

  // ---- What this browser keeps ----

  // Whether the browser's storage is this page's own. All pages that are opened from files may
  // share one, in which any of them could plant a key.
  const HAS_STORAGE = location.protocol !== "file:";

  // A map of texts to values in the browser's storage; in memory where there is none.
  class Shelf {
    constructor(name) {
      this.name = name;
      this.memory = new Map();
    }

    // What the browser keeps under a name; null where it keeps nothing for this page.
    raw(name) {
      try {
        return HAS_STORAGE ? localStorage.getItem(name) : null;
      } catch {
        return null;
      }
    }

    // What is kept; null where it cannot be read.
    parsed() {
      const text = this.raw(this.name);
      if (text === null) return new Map(this.memory);
      try {
        const kept = JSON.parse(text);
        const isObject = typeof kept === "object" && kept !== null && !Array.isArray(kept);
        return isObject ? new Map(Object.entries(kept)) : null;
      } catch {
        return null;
      }
    }

    read() {
      return this.parsed() ?? new Map();
    }

    // What was kept here and cannot be read, as text; null where there is no such thing.
    unreadable() {
      return this.parsed() === null ? this.raw(this.name) : this.raw(`${this.name}-unreadable`);
    }

    forgetUnreadable() {
      localStorage.removeItem(`${this.name}-unreadable`);
      if (this.parsed() === null) localStorage.removeItem(this.name);
    }

    // What cannot be read is never written over: it is put beside first.
    change(alter) {
      const kept = this.read();
      try {
        if (this.parsed() === null) {
          const before = this.raw(`${this.name}-unreadable`);
          const now = this.raw(this.name);
          const both = before === null ? now : `${before}\n${now}`;
          localStorage.setItem(`${this.name}-unreadable`, both);
        }
        alter(kept);
        this.memory = kept;
        if (HAS_STORAGE) localStorage.setItem(this.name, JSON.stringify(Object.fromEntries(kept)));
      } catch {
        // The browser keeps nothing for this page: it is remembered until the page is closed.
      }
    }
  }

  // `{"<origin>": "<verifier key>"}`.
  const pinned = new Shelf("indelible-pinned-keys");
  // `{"<origin>": {"checkpoint": "<note>", "key": "<verifier key it was checked with>" or null}}`,
  // with `unreadable` for what was kept there before and could not be read.
  const seen = new Shelf("indelible-seen-checkpoints");
  // `{"<host and path of a trail>": {"origin": "<name it had there>", "size": "<entries>"}}`: a
  // server that calls itself by another name does not get rid of what this browser saw.
  const places = new Shelf("indelible-trail-places");

  // `{"<verifier key>": {"after": "<the key that took its place>", "size": "<entries>"}}`: what
  // statements of rotation said that were followed here.
  const replaced = new Shelf("indelible-replaced-keys");

  // The rotation by which another key took the place of this one; null where none was followed.
  function replacementOf(vkey) {
    const found = [...replaced.read()].find(([before]) => verifier.isSameKey(before, vkey));
    const { after, size } = found?.[1] ?? {};
    const isGood = typeof after === "string" && /^[0-9]{1,20}$/.test(size);
    return isGood ? { after, size: BigInt(size) } : null;
  }

  // Where this page's trail is: host and path, which the server cannot choose anew unnoticed.
  function placeHere() {
    const found = /^.*?\/trails\/[^/]+/.exec(location.pathname);
    return location.host + (found === null ? location.pathname : found[0]);
  }

  // The trail that the page's address names; null where it names none.
  function trailHere() {
    return /\/trails\/([^/]+)/.exec(location.pathname)?.[1] ?? null;
  }

  // The name and size that the trail of this page had here before; null where it was not seen.
  function knownHere() {
    const known = places.read().get(placeHere());
    const isGood = typeof known?.origin === "string" && /^[0-9]{1,20}$/.test(known.size);
    return isGood ? { origin: known.origin, size: BigInt(known.size) } : null;
  }

  function rememberHere(origin, size) {
    places.change((kept) => kept.set(placeHere(), { origin, size: String(size) }));
  }

  function pinnedKeys() {
    const keys = [...pinned.read()].map(([origin, vkey]) => ({ origin, vkey }));
    return keys.filter(({ origin, vkey }) => {
      const { name, problem } = verifier.readKey(vkey);
      return problem === undefined && name === origin;
    });
  }

  // The pinned keys for a trail, whatever its incarnation.
  function pinnedFor(origin) {
    return pinnedKeys().filter((key) => verifier.isOneTrail(key.origin, origin));
  }

  // The same as one text, which is another one once such a key is pinned or forgotten.
  function keysOf(origin) {
    return pinnedFor(origin).map(({ vkey }) => vkey).join("\n");
  }

  const watchers = [];

  function whenPinned(watcher) {
    watchers.push(watcher);
    watcher();
  }

  function pinnedChanged() {
    for (const watcher of watchers) watcher();
  }

  // What is pinned or forgotten on another page of this browser holds here as well.
  if (HAS_STORAGE) {
    window.addEventListener("storage", ({ key }) => {
      if (key === pinned.name || key === replaced.name || key === null) pinnedChanged();
    });
  }

  const ROTATED = "A key that was rotated is followed by its statements, which the old key and the "
    + "new one have signed: give them here, or to indelible verify --key OLD --rotation FILE. To "
    + "forget the old key and pin what a server shows is to trust whoever runs that server.";
  const STOLEN = "If the old key was stolen, whoever has it can make such statements too: then get "
    + "the new key by a way that the thief does not control.";

  // What keeps a key from being pinned beside these, or an empty text. A trail has one public key
  // at a time, whatever its incarnation.
  function clash(key, pins) {
    const other = pins.find(({ origin, vkey }) => verifier.isOneTrail(origin, key.name)
      && !verifier.isSameKey(vkey, key.vkey));
    if (other === undefined) return "";
    const replacement = replacementOf(key.vkey);
    if (replacement !== null) {
      return `this key was replaced by a rotation at ${entriesOf(replacement.size)}, and one of `
        + "after it is pinned. It has signed what is older: to check that, forget the other first";
    }
    return `another public key is pinned for the same trail, as ${other.origin}. ${ROTATED}`;
  }

  // Pins keys under their names, all at once; answers for each what is wrong with it, or an empty
  // text.
  function pinAll(texts) {
    const pins = pinnedKeys();
    const added = [];
    const problems = texts.map((text) => {
      const key = verifier.readKey(text);
      const problem = key.problem ?? clash(key, [...pins, ...added]);
      if (problem === "") added.push({ origin: key.name, vkey: key.vkey });
      return problem;
    });
    if (added.length > 0) {
      pinned.change((kept) => added.forEach(({ origin, vkey }) => kept.set(origin, vkey)));
      pinnedChanged();
    }
    return problems;
  }

  function pin(text) {
    return pinAll([text])[0];
  }

  // Puts the keys that statements of rotation lead to in the place of those they lead on from.
  function follow(followed) {
    // What ended first, so that no page that hears of the new key takes the old one for current.
    replaced.change((kept) => {
      for (const { size, before, after } of followed) {
        kept.set(before, { after, size: String(size) });
      }
    });
    pinned.change((kept) => {
      for (const { origin, before, after } of followed) {
        for (const [name, vkey] of [...kept]) {
          const isOld = verifier.isOneTrail(name, origin) && verifier.isSameKey(vkey, before);
          if (isOld) kept.delete(name);
        }
        kept.set(origin, after);
      }
    });
    pinnedChanged();
  }

  // Pins the keys of a text, one in each line; answers what is wrong, line by line.
  function pinLines(text) {
    const lines = text.split("\n").map((line, at) => ({ line, number: at + 1 }))
      .filter(({ line }) => line.trim() !== "");
    const problems = pinAll(lines.map(({ line }) => line));
    return lines.map(({ number }, at) => ({ number, problem: problems[at] }))
      .filter(({ problem }) => problem !== "")
      .map(({ number, problem }) => `line ${number}: ${problem}`).join("; ");
  }

  function savePinned() {
    const text = pinnedKeys().map(({ vkey }) => `${vkey}\n`).join("");
    const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    element("a", { download: "indelible-keys.txt", href: address }).click();
    URL.revokeObjectURL(address);
  }

  // Where keys are loaded from a file, and saved as one.
  function wireKeyFile(page) {
    const find = (name) => page.querySelector(`[data-verify-${name}]`);
    find("memory").hidden = HAS_STORAGE;
    const [file, problem, save] = [find("keys"), find("keys-problem"), find("keys-save")];
    file.addEventListener("change", async () => {
      if (file.files.length === 0) return;
      try {
        const bytes = await bytesAtMost(file.files[0].stream(), TEXT_BYTES_MAX);
        problem.textContent = bytes.length > TEXT_BYTES_MAX ? "the file is too long for keys"
          : pinLines(textOfBytes(bytes));
      } catch (error) {
        problem.textContent = `the file cannot be read (${error.message})`;
      }
      file.value = "";
    });
    save.addEventListener("click", savePinned);
    whenPinned(() => {
      save.disabled = pinnedKeys().length === 0;
    });
  }

  // Where statements of rotation are given and followed.
  function rotationForm() {
    const field = freshId("verify-rotation");
    const said = element("p", { role: "status" });
    const text = element("textarea", {
      autocomplete: "off", class: "mono", id: field, required: "", rows: "4", spellcheck: "false",
    });
    const form = element("form", { class: "pin-form" },
      element("p", { class: "note" }, `${ROTATED} ${STOLEN}`),
      element("label", { for: field }, "Statements of rotation, the oldest first"), text, said,
      element("button", { class: "button", type: "submit" }, "Follow the statements"));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const given = text.value.endsWith("\n") ? text.value : `${text.value}\n`;
      const verdict = await verifier.verifyRotations(given, pinnedKeys().map(({ vkey }) => vkey));
      const isGood = verdict.state === "holds";
      said.className = isGood ? "note" : "bad";
      said.textContent = isGood ? `Followed to ${verdict.followed.at(-1).after}.`
        : `Not followed: ${verdict.problem}.`;
      if (isGood) follow(verdict.followed);
    });
    return element("details", { class: "rotation" },
      element("summary", {}, "The key was rotated"), form);
  }

  function forget(origin) {
    pinned.change((kept) => kept.delete(origin));
    pinnedChanged();
  }

  // What says of a key that another one took its place.
  function replacedMark({ after, size }) {
    return element("p", { class: "note replaced" },
      element("span", { class: "tag" }, "replaced"), ` by a rotation at ${entriesOf(size)}. `
      + "The key that took its place: ",
      element("span", { class: "mono" }, after));
  }

  function pinnedKey({ origin, vkey }) {
    const forgotten = button("Forget", () => forget(origin));
    forgotten.setAttribute("aria-label", `Forget the key for ${origin}`);
    const replacement = replacementOf(vkey);
    return element("li", { class: "pinned-key" },
      element("strong", {}, origin), " ", element("span", { class: "mono" }, vkey), " ", forgotten,
      ...(replacement === null ? [] : [replacedMark(replacement)]));
  }

  // The keys that others took the place of, which are pinned no more.
  function replacedKeys() {
    const pins = pinnedKeys();
    const isPinned = (vkey) => pins.some((key) => verifier.isSameKey(key.vkey, vkey));
    const known = [...replaced.read().keys()].filter((vkey) => !isPinned(vkey));
    return known.flatMap((vkey) => {
      const replacement = replacementOf(vkey);
      if (replacement === null) return [];
      const forgotten = button("Forget", () => {
        replaced.change((kept) => kept.delete(vkey));
        pinnedChanged();
      });
      const { name } = verifier.readKey(vkey);
      forgotten.setAttribute("aria-label", `Forget the replaced key for ${name}`);
      return [element("li", { class: "pinned-key note" },
        element("strong", {}, name), " ", element("span", { class: "mono" }, vkey), " ", forgotten,
        replacedMark(replacement))];
    });
  }

  function wirePinForm(form) {
    const [field, problem] = [
      form.querySelector("textarea"), form.querySelector("[data-verify-problem]"),
    ];
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const wrong = pin(field.value);
      problem.textContent = wrong;
      field.setAttribute("aria-invalid", String(wrong !== ""));
      if (wrong === "") field.value = "";
    });
  }

  // ---- Verdicts ----

  const SIGNS = {
    holds: "\u2713", partial: "!", warn: "!", keyless: "!", refused: "\u2717", unable: "?",
    busy: "\u2026", note: "\u2022",
  };
  const CLASSES = {
    holds: "ok", partial: "note", warn: "note", keyless: "note", refused: "bad", unable: "bad",
    busy: "note", note: "note",
  };
  const STEP_STATES = new Map([[true, "holds"], [false, "refused"], [null, "note"]]);
  const STEP_WORDS = new Map([[true, "holds"], [false, "fails"], [null, "not checked"]]);

  function sign(state) {
    return element("span", { class: "sign", "aria-hidden": "true" }, SIGNS[state]);
  }

  function stepItem(step) {
    const state = STEP_STATES.get(step.ok);
    const said = [
      sign(state), " ", element("strong", { class: "step-title" }, step.title),
      ` ${STEP_WORDS.get(step.ok)}: ${step.detail}`,
    ];
    const item = element("li", { class: `step ${CLASSES[state]}`, "data-step": step.name });
    if (step.values.length === 0) {
      item.append(...said);
      return item;
    }
    const values = step.values.map(([label, text]) => element("div", { class: "value" },
      element("dt", {}, label), element("dd", { class: "mono" }, text)));
    item.append(element("details", {},
      element("summary", {}, ...said), element("dl", { class: "values" }, ...values)));
    return item;
  }

  const PIN_FIRST = "Not checked: pin a key first.";
  // What else was checked, where no key was at hand.
  const ALL_ELSE = "All that can be checked without one holds";
  const FORM_ALONE = "Without one nothing but a checkpoint's form can be checked, and that holds";

  // What a judgement comes to that lacks nothing but a key.
  function withoutKey(origin, checked) {
    return `${PIN_FIRST} ${checked}; but no key is pinned for ${origin}, so that nothing says who `
      + "signed.";
  }

  // Where a judgement is shown: the verdict in words, the steps, and what else there is.
  class Judgement {
    // In the place of whatever was judged there before, which says nothing there any more; `name`
    // is the file's, where there is one.
    constructor(place, name = "") {
      this.name = name;
      this.verdict = element("p", { class: "verdict note", role: "status" });
      this.progress = element("p", { class: "progress note" });
      this.steps = element("ol", { class: "steps" });
      this.more = element("div", { class: "more" });
      place.replaceChildren(this.verdict, this.progress, this.steps, this.more);
    }

    say(state, words) {
      this.verdict.className = `verdict ${CLASSES[state]}`;
      this.verdict.dataset.state = state;
      const named = this.name === "" ? words : `${this.name}: ${words}`;
      this.verdict.replaceChildren(sign(state), " ", named);
      this.progress.textContent = "";
    }

    begin(words) {
      this.steps.replaceChildren();
      this.more.replaceChildren();
      this.say("busy", words);
    }

    step(step) {
      this.steps.append(stepItem(step));
    }

    // Says what a verdict came to; `proved` are the words for one that holds, and `checked` for
    // what was looked at without a key.
    close(verdict, proved, checked = ALL_ELSE) {
      const { state, origin } = verdict;
      if (state === "holds") this.say("holds", proved);
      else if (state === "keyless") this.say("keyless", withoutKey(origin, checked));
      else if (state === "unable") this.say("unable", `Not checked: ${verdict.problem}.`);
      else this.say("refused", `Not proved (${verdict.reason}): ${verdict.problem}.`);
    }
  }

  // ---- What a proof proves, and what a page shows ----

  // The fields of an entry: name, title, and the part that holds it where it is erasable.
  const FACTS = [
    ["action", "Action"], ["outcome", "Outcome"], ["user_id", "User", "actor"],
    ["on_behalf_of", "On behalf of", "actor"], ["ip_address", "Address", "actor"],
    ["user_agent", "User agent", "actor"], ["resource_type", "Resource type"],
    ["resource_id", "Resource", "target"], ["correlation_id", "Correlation", "details"],
    ["tag", "Tag"], ["id", "Id"], ["seq", "Seq"], ["occurred_at", "Occurred"],
    ["created_at", "Recorded"],
  ];

  // What a proof says of each field: a list of texts, of which only tags can have several.
  function factsOf(verdict) {
    const skeleton = JSON.parse(verdict.skeleton);
    const said = { ...skeleton, tag: skeleton.tags, seq: String(verdict.seq) };
    return new Map(FACTS.map(([name, , part]) => {
      const holder = part === undefined ? said : JSON.parse(verdict.parts[part] ?? "{}");
      const value = holder[name];
      return [name, value === undefined ? [] : [value].flat()];
    }));
  }

  function valueList(pairs) {
    return element("dl", { class: "values" }, ...pairs.map(([title, text]) =>
      element("div", { class: "value" },
        element("dt", {}, title), element("dd", { class: "mono" }, text))));
  }

  // What the proof itself shows, so that nobody has to believe the page around it.
  function provedFacts(verdict) {
    const facts = factsOf(verdict);
    const pairs = FACTS.flatMap(([name, title, part]) => {
      if (part !== undefined && verdict.notShown.includes(part)) {
        return [[title, `not shown in the proof (${part}), hence not proved`]];
      }
      return facts.get(name).map((text) => [title, text]);
    });
    return [element("h3", {}, "What the proof shows"), valueList(pairs)];
  }

  function textsOf(selector) {
    return [...document.querySelectorAll(selector)].map((one) => one.textContent);
  }

  // What the entry's page shows: the texts of each field, by name; by its title where no field has
  // that one. Null on a page that does not say where its fields are.
  function shownFacts() {
    const lists = document.querySelectorAll("[data-entry-facts]");
    if (lists.length === 0) return null;
    const times = [...document.querySelectorAll("[data-entry-line] time")];
    const timesAt = (at) => times.slice(at, at + 1).map((time) => time.getAttribute("datetime"));
    const shown = new Map([
      ["action", textsOf("h1 bdi")], ["outcome", textsOf("h1 .outcome")],
      // Digits stand in groups on pages.
      ["seq", textsOf("[data-entry-line] strong").map((text) => text.replaceAll("\u202f", ""))],
      ["occurred_at", timesAt(0)], ["created_at", timesAt(1)],
    ]);
    for (const list of lists) {
      let name = "";
      for (const place of list.children) {
        const text = place.textContent;
        if (place.localName === "dt") name = FACTS.find(([, title]) => title === text)?.[0] ?? text;
        else shown.set(name, [...(shown.get(name) ?? []), text]);
      }
    }
    return shown;
  }

  // The members that the tree of a context shows, as JSON; throws where it is no such tree.
  function treeMembers(list, isList) {
    const members = [...list.children].map((item, at) => {
      const inner = item.firstElementChild;
      const isNested = inner.localName === "details";
      const line = isNested ? inner.firstElementChild : item;
      const [key, value] = [...line.children].map((one) => one.textContent);
      if (line.textContent !== `${key} ${value}`) throw new Error("text beside a member");
      if (isList && key !== String(at)) throw new Error("an item out of its place");
      const json = isNested ? treeValue(inner.lastElementChild, value)
        : treeScalar(line.lastElementChild);
      return isList ? json : `${JSON.stringify(key)}:${json}`;
    });
    return isList ? `[${members.join(",")}]` : `{${members.join(",")}}`;
  }

  function treeValue(list, said) {
    const [count, kind] = said.split(" ");
    if (count !== String(list.children.length)) throw new Error("another count of members");
    return treeMembers(list, kind === "items");
  }

  function treeScalar(place) {
    const text = place.textContent;
    if (place.classList.contains("string")) return JSON.stringify(text);
    if (!/^(?:true|false|null|-?[0-9][-+.0-9Ee]*)$/.test(text)) throw new Error("no value");
    return text;
  }

  // The contexts that the page shows, as a tree and as JSON; a text that is none for a tree that
  // cannot be read.
  function shownContexts() {
    const trees = [...document.querySelectorAll("ul.tree")].map((tree) => {
      try {
        return treeMembers(tree, false);
      } catch (error) {
        return `no tree of a context: ${error.message}`;
      }
    });
    return [trees, textsOf("#raw-context")];
  }

  function quoted(texts) {
    return texts.length === 0 ? "nothing" : texts.map((text) => JSON.stringify(text)).join(", ");
  }

  // Where the page shows an entry otherwise than the proof does: `[field, sentence]`. Null where
  // the page does not say what of it is a field.
  function differences(verdict) {
    const shown = shownFacts();
    if (shown === null) return null;
    const found = [];
    const compare = (name, texts, due) => {
      const isSame = texts.length === due.length && texts.every((text, at) => text === due[at]);
      const differ = `this page shows ${quoted(texts)}, the proof ${quoted(due)}`;
      if (!isSame) found.push([name, differ]);
    };
    const trail = trailHere();
    if (trail !== null) compare("trail", [trail], [JSON.parse(verdict.skeleton).trail]);
    compare("skeleton", textsOf("#skeleton"), [verdict.skeleton]);
    compare("leaf", textsOf("#leaf"), [verdict.leafHash]);
    for (const [name, due] of factsOf(verdict)) compare(name, shown.get(name) ?? [], due);
    for (const [name, texts] of shown) {
      if (!FACTS.some(([known]) => known === name)) compare(name, texts, []);
    }
    const details = verdict.parts.details ?? "{}";
    const hasOne = "context" in JSON.parse(details);
    for (const contexts of shownContexts()) {
      const isSame = hasOne ? contexts.length === 1 && verifier.isContextOf(details, contexts[0])
        : contexts.length === 0;
      if (!isSame) {
        found.push(["context", `this page shows ${quoted(contexts)}, the details in the proof are `
          + `${verdict.parts.details ?? "not there"}`]);
      }
    }
    return found;
  }

  const COMPARED = "skeleton, leaf hash, fields and context are those of the proof; "
    + "notes, and what stands around the entry, were not compared";
  const UNCOMPARED = "it does not say which of its texts are fields, so that nothing of it was "
    + "compared; rely on what the proof shows";

  // Holds the page against a proof that holds, and answers whether it shows the same: null where
  // it could not be compared.
  function stepPage(judgement, verdict) {
    const found = differences(verdict);
    const isSame = found === null ? null : found.length === 0;
    const names = [...new Set((found ?? []).map(([name]) => name))].join(", ");
    const detail = { true: COMPARED, false: `${names} differ from the proof`, null: UNCOMPARED };
    judgement.step({
      name: "page", title: "This page", ok: isSame, detail: detail[isSame], values: found ?? [],
    });
    return { isSame, names };
  }

  // Whether all that was checked holds, under a key or for want of one.
  function hasHeld({ state }) {
    return state === "holds" || state === "keyless";
  }

  // Says what a proof came to: only in part where it does not show all that the skeleton names.
  // `isShown` says that the page around it was compared, and shows the same.
  function closeEntry(judgement, verdict, isShown) {
    if (hasHeld(verdict)) judgement.more.append(...provedFacts(verdict));
    if (verdict.state !== "holds") return judgement.close(verdict, "");
    const stands = `entry ${grouped(verdict.seq)} stands in the trail ${verdict.origin} of `
      + `${entriesOf(verdict.treeSize)}, under the key that you pinned`;
    const how = isShown ? ", as it is shown here" : "; what the proof shows of it is listed below";
    const { notShown } = verdict;
    if (notShown.length === 0) return judgement.say("holds", `Proved: ${stands}${how}.`);
    const parts = notShown.join(" and ");
    return judgement.say("partial", `Proved in part: ${stands}${how}. NOT shown, hence not proved: `
      + `${parts}. A part that was erased can be proved no more; one that was kept back can, by a `
      + "proof that opens it.");
  }

  // ---- What a pack proves ----

  const CLAIMS = new Map([
    ["history", "the trail of the last head continues the one of the first"],
    ["inclusion", "every entry shown stands in the trail, at its seq, with the content shown"],
    ["skeletons", "no entry of the range is left out"],
    ["completeness", "every entry of the range that matches the question is opened"],
  ]);
  const GAPS = new Map([
    ["completeness", "that no other entry matches the question"],
    ["circumstances", "who asked, when, and what made the pack: nobody signed that"],
    ["later", "what was recorded after the range"],
    ["erasure", "why some parts are erased: no entry of the pack says so"],
  ]);

  function claimList(title, claims, words) {
    const items = claims.map((claim) => element("li", {},
      element("strong", {}, claim), `: ${words.get(claim) ?? claim}`));
    return [element("h3", {}, title), element("ul", { class: "claims" }, ...items)];
  }

  // The members of a question, and what they are called, as in the form of the filters.
  const ASKED = [
    ["user_id", "User"], ["action", "Action"], ["start_date", "From"], ["end_date", "To"],
    ["outcome", "Outcome"], ["resource_type", "Resource type"], ["resource_id", "Resource"],
    ["ip_address", "Address"], ["correlation_id", "Correlation"], ["tag", "Tag"],
    ["context", "Context"],
  ];
  const MAPPED = "00000000000000000000ffff";

  // An address of 32 hexadecimal digits, as it is usually written.
  function addressText(digits) {
    if (digits.startsWith(MAPPED)) {
      return digits.slice(24).match(/../g).map((two) => parseInt(two, 16)).join(".");
    }
    // A URL's host has the shortest spelling, between brackets.
    return new URL(`http://[${digits.match(/.{4}/g).join(":")}]`).hostname.slice(1, -1);
  }

  // A block of addresses, with the length of its prefix where it has one.
  function blockText({ first, last }) {
    if (first === last) return addressText(first);
    const [low, size] = [BigInt(`0x${first}`), BigInt(`0x${last}`) - BigInt(`0x${first}`) + 1n];
    const isMapped = first.startsWith(MAPPED);
    const isOneKind = last.startsWith(MAPPED) === isMapped;
    const isBlock = isOneKind && size > 0n && (size & (size - 1n)) === 0n && low % size === 0n;
    if (!isBlock) return `${addressText(first)} to ${addressText(last)}`;
    return `${addressText(first)}/${(isMapped ? 32 : 128) - (size.toString(2).length - 1)}`;
  }

  // What a member of a question asks for, as texts of which one holds, or with tags each.
  function askedTexts(name, asked) {
    if (asked === null) return ["none"];
    if (name === "ip_address") return ["text" in asked ? asked.text : blockText(asked)];
    return [asked].flat();
  }

  function askedRow(label, texts, word) {
    const said = texts.flatMap((text, at) => [
      ...(at === 0 ? [] : [` ${word} `]), element("bdi", { class: "chip" }, text),
    ]);
    return element("div", { class: "value" }, element("dt", {}, label), element("dd", {}, ...said));
  }

  // The question of a pack in words, and what else its manifest says.
  function questionOf(verdict) {
    const manifest = JSON.parse(verdict.manifest);
    const { question } = manifest;
    const rows = ASKED.filter(([name]) => name in question).flatMap(([name, label]) => {
      const asked = question[name];
      if (name !== "context") {
        return [askedRow(label, askedTexts(name, asked), name === "tag" ? "and" : "or")];
      }
      return asked.map(({ path, values }) => askedRow(`${label}: ${path.join(".")}`, values, "or"));
    });
    const isComplete = manifest.coverage === "complete";
    const last = grouped(verdict.treeSize - 1n);
    const facts = [
      ["Trail", verdict.origin],
      ["Range", verdict.first === verdict.treeSize ? "no entry"
        : `entries ${grouped(verdict.first)} to ${last}`],
      ["Holds", isComplete ? "every entry of the range, those that match opened"
        : "the entries that match alone"],
      ...(manifest.without.length === 0 ? [] : [["Withheld", manifest.without.join(", ")]]),
      ["Made", `${manifest.created}, by ${manifest.software}`],
      ...(manifest.asked_by === undefined ? [] : [["Asked by", manifest.asked_by]]),
    ];
    const all = element("p", {}, "Every entry: no filter was set.");
    return [
      element("h3", {}, "What was asked"),
      rows.length === 0 ? all : element("dl", { class: "values asked" }, ...rows),
      element("dl", { class: "values" }, ...facts.map(([label, text]) =>
        element("div", { class: "value" }, element("dt", {}, label),
          element("dd", {}, element("bdi", {}, text))))),
    ];
  }

  const COLUMNS = ["Seq", "Occurred", "Action", "Outcome", "Resource type", "User", "Resource"];

  // What an open part says of a member; a word for one that is not open.
  function memberOf(parts, part, name) {
    const shown = parts?.get(part);
    if (shown === undefined) return "";
    return typeof shown === "string" ? shown : String(JSON.parse(shown.get("body"))[name] ?? "");
  }

  // The cells of an entry's row, which is all that is kept of it.
  function entryCells({ seq, skeleton, parts }) {
    const said = JSON.parse(skeleton);
    return [
      grouped(seq), said.occurred_at, said.action, said.outcome, said.resource_type,
      memberOf(parts, "actor", "user_id"), memberOf(parts, "target", "resource_id"),
    ];
  }

  // The entries that are opened, some at a time; `kept` are the cells of the first ones.
  function entryTable(kept, opened) {
    const heads = COLUMNS.map((text) => element("th", { scope: "col" }, text));
    const [title, body] = [element("summary"), element("tbody")];
    const scroll = element("div", {
      "aria-label": "The entries that are opened", class: "table-scroll", role: "region",
      tabindex: "0",
    }, element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body));
    const rest = element("p", { class: "note" }, `No more than ${grouped(ENTRIES_LISTED_MAX)} are `
      + "listed here. All were checked, and stand in the file.");
    let shown = 0;
    const show = () => {
      const next = kept.slice(shown, shown + ENTRIES_LISTED);
      body.append(...next.map((cells) => element("tr", {}, ...cells.map((text) =>
        element("td", {}, element("bdi", {}, text))))));
      shown += next.length;
      const isAll = BigInt(shown) === opened;
      title.textContent = isAll ? "The entries that are opened"
        : `The first ${grouped(shown)} of ${entriesOf(opened)} that are opened`;
      more.textContent = `Show ${Math.min(ENTRIES_LISTED, kept.length - shown)} more`;
      more.hidden = shown === kept.length;
      rest.hidden = !more.hidden || isAll;
    };
    const more = button("", () => {
      show();
      if (more.hidden) scroll.focus();
    });
    show();
    return element("details", { class: "pack-entries" }, title, scroll, more, rest);
  }

  // `isOutdated` says whether the pack is judged anew as soon as this judgement ends.
  async function judgePack(judgement, blob, keys, isOutdated) {
    const kept = [];
    const told = ({ bytes, entries: count }) => {
      // What is thrown here ends the verification.
      if (isOutdated()) throw new Error("other keys are to be used, or another file");
      const megabytes = (bytes / 1e6).toFixed(1);
      judgement.progress.textContent = `${entriesOf(count)}, ${megabytes} MB read`;
    };
    const verdict = await verifier.verifyPack(blob, keys, told, (entry) => {
      const isListed = entry.parts !== undefined && kept.length < ENTRIES_LISTED_MAX;
      if (isListed) kept.push(entryCells(entry));
    });
    verdict.steps.forEach((step) => judgement.step(step));
    judgement.close(verdict, `Proved: what this pack shows of the trail ${verdict.origin} is as it `
      + `was recorded, in ${entriesOf(verdict.entries)}, under the key that you pinned. `
      + "What that is, and what it is not, is listed below.");
    if (!hasHeld(verdict)) return verdict;
    judgement.more.append(...questionOf(verdict));
    if (verdict.state === "holds") {
      judgement.more.append(
        ...claimList("Proved", verdict.proved, CLAIMS),
        ...claimList("Not proved", verdict.notProved, GAPS),
      );
    }
    if (kept.length > 0) judgement.more.append(entryTable(kept, verdict.opened));
    return verdict;
  }

  // ---- The page that opens files ----

  // The stream of a file, unpacked where it is gzip.
  async function unpackedStream(blob) {
    const head = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
    const isGzip = head[0] === 0x1f && head[1] === 0x8b;
    return isGzip ? blob.stream().pipeThrough(new DecompressionStream("gzip")) : blob.stream();
  }

  // The first bytes of a stream, and at most these, with one more where there are more.
  async function bytesAtMost(stream, limit) {
    const reader = stream.getReader();
    const pieces = [];
    let length = 0;
    while (length <= limit) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      length += value.length;
    }
    await reader.cancel();
    const whole = await new Blob(pieces).arrayBuffer();
    return new Uint8Array(whole).subarray(0, limit + 1);
  }

  function textOfBytes(bytes) {
    return new TextDecoder().decode(bytes);
  }

  const KINDS = "neither a proof, which begins with c2sp.org/tlog-proof@v1, nor an evidence pack, "
    + 'whose first line is JSON with "format":"indelible-pack/1", nor a checkpoint';

  const STATEMENT = "indelible/key-rotation/v1\n";

  // The text that bytes begin with, of which the last character may be cut; null where they are no
  // text.
  function textAtHead(bytes) {
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
        .decode(bytes, { stream: true });
      return /[\u0000-\u0008\u000e-\u001f]/.test(text) ? null : text;
    } catch {
      return null;
    }
  }

  // What a file is by its first bytes: "proof", "pack", "checkpoint", or `null`.
  function kindOf(text, name) {
    if (text === null) return null;
    if (text.startsWith("c2sp.org/tlog-proof@")) return "proof";
    const isNamed = /\.pack(?:\.gz)?$/.test(name);
    if (/^\{[^\n]*"format":"indelible-pack\//.test(text)) return "pack";
    // A manifest that somebody spoilt is a pack's all the same.
    if (isNamed && text.startsWith("{")) return "pack";
    const isOther = text.startsWith(STATEMENT) || text.startsWith("old ");
    return text.includes("\n\u2014 ") && !isOther ? "checkpoint" : null;
  }

  // What a file seems to be that is none of those that are checked here.
  function seeming(text, size) {
    if (size === 0) return "is empty";
    if (text === null) return "seems to be binary data";
    if (text.trim() === "") return "holds nothing but white space";
    if (text.startsWith(STATEMENT)) {
      return "is a statement of rotation: it is given above, where the key was rotated";
    }
    if (/^old [0-9]+\n/.test(text)) {
      return "is a consistency proof, which needs an older checkpoint beside it";
    }
    if (verifier.readKey(text).problem === undefined) {
      return "is a verifier key, which is pinned above";
    }
    if (kindOf(text.replace(/^\ufeff/, ""), "") !== null) {
      return "begins with a byte order mark, which something put there since it was written";
    }
    if (/^\s*<(?:!doctype\s+html|html|head|body)\b/i.test(text)) {
      return "seems to be HTML, such as a page that a server shows in the place of a file";
    }
    if (/^\s*</.test(text)) return "seems to be XML";
    if (/^\s*(?:\{\s*["}]|\[\s*[[{"\]0-9tfn-])/.test(text)) return "seems to be JSON";
    return "seems to be other text";
  }

  // Answers the verdict; null where no key can change what is said.
  async function judgeBlob({ judgement, blob, name, keys }, isOutdated) {
    try {
      const head = await bytesAtMost(await unpackedStream(blob), HEAD_BYTES);
      const text = textAtHead(head);
      const kind = kindOf(text, name);
      if (kind === null) {
        const found = seeming(text, head.length);
        judgement.say("unable", `Not checked: this is ${KINDS}. It ${found}.`);
        return null;
      }
      if (kind === "pack") return await judgePack(judgement, blob, keys, isOutdated);
      const bytes = await bytesAtMost(await unpackedStream(blob), TEXT_BYTES_MAX);
      const step = (one) => judgement.step(one);
      if (kind === "proof") {
        const verdict = await verifier.verifyProof(bytes, keys, step);
        closeEntry(judgement, verdict, false);
        return verdict;
      }
      const verdict = await verifier.verifyCheckpoint(bytes, keys, step);
      judgement.close(verdict, `The checkpoint of ${verdict.origin} with `
        + `${entriesOf(verdict.treeSize)} is signed with the key that you pinned.`, FORM_ALONE);
      return verdict;
    } catch (error) {
      judgement.say("unable", `Not checked: the file cannot be read (${error.message}).`);
      return null;
    }
  }

  // Whether the keys that were pinned or forgotten since a file was judged can change what is said
  // of it: they are its trail's, or of somebody who signed what it holds.
  function bearsOn({ keys, verdict }) {
    // It is still to be judged, under the keys of then.
    if (keys === null) return false;
    const now = pinnedKeys().map(({ vkey }) => vkey);
    const changed = [...keys, ...now].filter((vkey) => keys.includes(vkey) !== now.includes(vkey));
    if (changed.length === 0 || verdict === null) return false;
    if (verdict?.origin === undefined) return true;
    const texts = verdict.steps.flatMap(({ values }) => values.map(([, text]) => text));
    return changed.map((vkey) => verifier.readKey(vkey).name).some((name) =>
      verifier.isOneTrail(name, verdict.origin)
        || texts.some((text) => text.includes(`\u2014 ${name} `)));
  }

  function wireDrop(zone, open) {
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("is-over");
    });
    zone.addEventListener("dragleave", () => zone.classList.remove("is-over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("is-over");
      const file = event.dataTransfer.files[0];
      if (file !== undefined) open(file, file.name);
    });
  }

  function startPage(page) {
    const find = (name) => page.querySelector(`[data-verify-${name}]`);
    find("work").hidden = false;
    wirePinForm(find("pin"));
    whenPinned(() => {
      const keys = pinnedKeys();
      const none = element("li", { class: "pinned-key note" }, "No key is pinned yet.");
      const pins = keys.length > 0 ? keys.map(pinnedKey) : [none];
      find("pinned").replaceChildren(...pins, ...replacedKeys());
    });
    find("rotation").replaceChildren(rotationForm());
    wireKeyFile(page);
    new Judgement(find("result")).say("note", "Nothing has been opened yet.");
    let opened = null;
    const judge = oneAtATime(async (isOutdated) => {
      const file = opened;
      file.keys = pinnedKeys().map(({ vkey }) => vkey);
      file.verdict = await judgeBlob(file, isOutdated);
    });
    const open = (blob, name) => {
      const judgement = new Judgement(find("result"), name);
      judgement.begin("Checking\u2026");
      opened = { judgement, blob, name, keys: null, verdict: undefined };
      judge();
    };
    // What was judged under other keys is judged again.
    whenPinned(() => {
      if (opened !== null && bearsOn(opened)) open(opened.blob, opened.name);
    });
    const file = find("file");
    // So that the same file can be chosen again, once a key is pinned.
    file.addEventListener("click", () => {
      file.value = "";
    });
    file.addEventListener("change", () => {
      if (file.files.length > 0) open(file.files[0], file.files[0].name);
    });
    find("open").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = event.target.elements.text.value;
      // What is copied from a page often lacks the last line feed, which every file has.
      const whole = text.endsWith("\n") ? text : `${text}\n`;
      open(new Blob([whole]), "the text");
    });
    wireDrop(find("drop"), open);
  }

  // Does something when it is asked to, and never twice at once: what is asked meanwhile, however
  // often, is done once more. `act` is given what says whether it will be.
  function oneAtATime(act) {
    let [isDue, isRunning] = [false, false];
    return async () => {
      isDue = true;
      if (isRunning) return;
      isRunning = true;
      try {
        while (isDue) {
          isDue = false;
          await act(() => isDue);
        }
      } finally {
        isRunning = false;
      }
    };
  }

  // ---- What a page fetches from its own server ----

  async function fetched(address) {
    const url = new URL(address, location.href);
    if (url.origin !== location.origin) throw new Error("the address is another server's");
    const answer = await fetch(url, {
      cache: "no-store", credentials: "same-origin", redirect: "error",
    });
    if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
    return bytesAtMost(answer.body, TEXT_BYTES_MAX);
  }

  // ---- The form on an entry's page ----

  function keyForm() {
    const [field, problem] = [freshId("verify-key"), freshId("verify-key-problem")];
    const form = element("form", { class: "pin-form" },
      element("label", { for: field }, "Verifier key from elsewhere"),
      element("textarea", {
        "aria-describedby": problem, autocomplete: "off", class: "mono", id: field,
        required: "", rows: "2", spellcheck: "false",
      }),
      element("p", { class: "bad", "data-verify-problem": "", id: problem, role: "alert" }),
      element("button", { class: "button", type: "submit" }, "Pin the key from elsewhere"));
    wirePinForm(form);
    return form;
  }

  // Says where this browser knows the page's trail by another name, and under which keys.
  function otherName(origin) {
    const known = knownHere();
    if (known === null || verifier.isOneTrail(known.origin, origin)) return [];
    const keys = pinnedFor(known.origin);
    const held = keys.length === 0 ? "" : " The keys that are pinned for that name:";
    return [
      element("p", { class: "bad" }, `This trail had the name ${known.origin} here before, and the `
        + `server calls it ${origin} now. A rewritten history can be shown under a new name, with `
        + `a key of its own: ask whoever runs the trail before you pin one.${held}`),
      ...(keys.length === 0 ? [] : [
        element("ul", { class: "pinned-keys" }, ...keys.map(pinnedKey)),
      ]),
    ];
  }

  function keyChoice(place, origin, suggested) {
    const keys = pinnedFor(origin);
    const renamed = otherName(origin);
    if (keys.length > 0) {
      const isSame = suggested === ""
        || keys.some(({ vkey }) => verifier.isSameKey(vkey, suggested));
      const differs = element("p", { class: "bad" },
        "The server shows another public key than the one that you pinned: ",
        element("span", { class: "mono" }, suggested));
      const isOne = keys.every(({ vkey }) => verifier.isSameKey(vkey, keys[0].vkey));
      const several = element("p", { class: "bad" }, "Several public keys are pinned for this "
        + "trail, and each of them is trusted: forget those that you have from nobody.");
      place.replaceChildren(
        ...renamed,
        element("p", {}, "The key that you pinned for this trail:"),
        element("ul", { class: "pinned-keys" }, ...keys.map(pinnedKey)),
        ...(isOne ? [] : [several]), ...(isSame ? [] : [differs, rotationForm()]),
      );
      return;
    }
    const problem = element("p", { class: "bad", role: "alert" });
    const shown = [
      element("p", {}, "The server shows this key: ",
        element("span", { class: "mono" }, suggested)),
      button("Pin this key", () => {
        problem.textContent = pin(suggested);
      }),
      problem,
    ];
    place.replaceChildren(
      ...renamed,
      element("p", {}, `No key is pinned for ${origin}. ${ADVICE}`),
      // What a server suggests under a new name is not offered at a click.
      ...(suggested === "" || renamed.length > 0 ? [] : shown), keyForm(),
    );
  }

  // A trail is known at its address once its key is pinned, unless a checkpoint of it tells more.
  function rememberPinned(origin) {
    const isSeen = [...seen.read().keys()].some((name) => verifier.isOneTrail(name, origin));
    const isNew = knownHere() === null && !isSeen;
    if (isNew && pinnedFor(origin).length > 0) rememberHere(origin, 0);
  }

  function startEntry(section) {
    const { verifyProofUrl, verifyOrigin, verifySuggestedKey, verifySeq } = section.dataset;
    const [choice, result] = [element("div", { class: "key-choice" }), element("div")];
    let judgement = new Judgement(result);
    // The keys under which it was judged last; null where it was not yet.
    let under = null;
    const judgeNow = oneAtATime(async () => {
      start.disabled = true;
      under = keysOf(verifyOrigin);
      await judgeEntry(judgement, verifyProofUrl, verifyOrigin, verifySeq);
      start.disabled = false;
    });
    // What is judged already is not shown any more.
    const judge = () => {
      judgement = new Judgement(result);
      judgement.begin("Checking\u2026");
      judgeNow();
    };
    const start = button("Verify in this browser", judge);
    whenPinned(() => {
      rememberPinned(verifyOrigin);
      keyChoice(choice, verifyOrigin, verifySuggestedKey ?? "");
      if (under !== null && under !== keysOf(verifyOrigin)) judge();
    });
    const form = element("div", { class: "verify-entry" }, choice, start, result);
    section.querySelector(".verify-entry")?.remove();
    section.append(form);
  }

  async function judgeEntry(judgement, address, origin, seq) {
    try {
      const proof = await fetched(address);
      const keys = pinnedFor(origin).map(({ vkey }) => vkey);
      const verdict = await verifier.verifyProof(proof, keys, (one) => judgement.step(one));
      const isAsked = verdict.origin === origin && (seq ?? `${verdict.seq}`) === `${verdict.seq}`;
      if (hasHeld(verdict) && !isAsked) {
        const other = `entry ${grouped(verdict.seq)} of ${verdict.origin}`;
        judgement.say("refused", `Not proved: the server gave the proof of ${other}, which is not `
          + "the one of this page.");
        return;
      }
      const page = hasHeld(verdict) ? stepPage(judgement, verdict) : { isSame: null };
      closeEntry(judgement, verdict, page.isSame === true);
      if (page.isSame === false) {
        judgement.say("refused", `Not proved: this page shows ${page.names} otherwise than the `
          + "proof. Load the page again, since an entry may be erased meanwhile; if it stays so, "
          + "rely on what the proof shows.");
      }
    } catch (error) {
      judgement.say("unable", `Not checked: the proof cannot be fetched (${error.message}).`);
    }
  }

  // ---- The checkpoint that this browser saw last ----

  // The checkpoints that do not fit; `led` is the one that a proof leads to, where it is another.
  function checkpointList(kept, present, led) {
    const third = led === undefined ? [] : [["Given with a proof", led]];
    return valueList([["Seen last, and kept", kept], ["Shown now", present], ...third]);
  }

  // Proofs that are asked for while the trail grows between them.
  const PROOFS_MAX = 12;

  // The trail of the page, held against what this browser saw of it: under its name, and at its
  // place, so that neither can be exchanged alone.
  class Comparison {
    constructor(section) {
      this.consistency = section.dataset.consistencyUrl;
      this.checkpoint = section.dataset.checkpointUrl;
      this.origin = section.dataset.trailOrigin;
      const place = element("div", { class: "seen-checkpoint" });
      const choice = element("div", { class: "key-choice" });
      section.querySelectorAll(".seen-checkpoint, .key-choice").forEach((one) => one.remove());
      section.append(place, choice);
      this.place = place;
      // The keys under which it was compared last; null where it was not yet.
      this.under = null;
      this.runSoon = oneAtATime(() => this.run());
      whenPinned(() => {
        keyChoice(choice, this.origin, "");
        if (this.under !== keysOf(this.origin)) this.again();
      });
    }

    // Compares anew; what a comparison still comes to that runs is not shown any more.
    again() {
      this.due = new Judgement(this.place);
      this.due.begin("Comparing with the checkpoint that this browser saw last\u2026");
      this.runSoon();
    }

    async run() {
      this.judgement = this.due;
      this.under = keysOf(this.origin);
      try {
        const keys = pinnedFor(this.origin).map(({ vkey }) => vkey);
        this.keys = keys.length > 0 ? keys : null;
        await this.compare();
      } catch (error) {
        this.judgement.say("unable", `Not compared: ${error.message}.`);
      }
      this.showUnreadable();
    }

    // The name under which this browser knows the trail; null where it never saw it.
    known() {
      const here = knownHere();
      if (here !== null) return here.origin;
      const names = [...seen.read().keys()];
      if (names.includes(this.origin)) return this.origin;
      const own = names.filter((name) => verifier.isOneTrail(name, this.origin));
      return own.find((name) => own.every((other) => !verifier.isLater(other, name))) ?? null;
    }

    async compare() {
      const step = (one) => this.judgement.step(one);
      // Before anything is fetched, since other windows remember what they see meanwhile.
      const here = knownHere();
      const found = await fetched(this.checkpoint);
      const present = await verifier.verifyCheckpoint(found, this.keys, step);
      const known = this.known();
      const kept = known === null ? undefined : seen.read().get(known);
      if (known !== null && !verifier.isOneTrail(known, this.origin)) {
        return this.renamed(known, kept, present.checkpoint ?? textOfBytes(found));
      }
      if (!hasHeld(present)) return this.unsigned(present);
      if (present.origin !== this.origin) {
        const other = `the checkpoint is of ${present.origin}, not of ${this.origin}`;
        return this.judgement.say("refused", `Not compared: ${other}.`);
      }
      const trail = trailHere();
      if (trail !== null && trail !== this.origin.split("/")[1]) {
        const other = `the address names the trail ${trail}, the checkpoint is of ${this.origin}`;
        return this.judgement.say("refused", `Not compared: ${other}.`);
      }
      if (this.keys !== null && present.state !== "holds") return this.unsigned(present);
      if (known === null) return this.first(present);
      if (kept === undefined) return this.unkept(present, knownHere().size);
      const before = typeof kept?.checkpoint !== "string" ? { state: "refused" }
        : await verifier.verifyCheckpoint(kept.checkpoint, null);
      if (before.state === "unable") return this.judgement.close(before, "");
      if (!hasHeld(before)) return this.unread(present, kept);
      return this.against(before, present, kept, here);
    }

    // Where the pinned key has not signed, the statements that the page shows may lead on from it.
    async unsigned(present) {
      this.judgement.close(present, "");
      if (present.reason !== "wrong-key" || this.keys === null) return;
      const statements = textsOf("[data-rotation]").join("");
      const verdict = statements === "" ? { followed: [] }
        : await verifier.verifyRotations(statements, this.keys);
      if (verdict.state !== "holds") {
        const none = verdict.problem === undefined ? "" : ` Not followed: ${verdict.problem}.`;
        this.judgement.more.append(element("p", { class: "bad" }, ROTATED + none), rotationForm());
        return;
      }
      const { after } = verdict.followed.at(-1);
      this.judgement.more.append(
        element("p", {}, "The statements on this page lead on from the key that you pinned, which "
          + `has signed them, to this one: ${after}. ${STOLEN}`),
        button("Follow the statements", () => follow(verdict.followed)),
      );
    }

    // `here` is what was known of the trail at its address.
    async against(before, present, kept, here) {
      const isOne = before.origin === present.origin;
      if (!isOne && !verifier.isLater(present.origin, before.origin)) {
        const back = `this browser saw the trail as ${before.origin}, and it calls itself `
          + `${present.origin} now`;
        return this.differ(back, kept.checkpoint, present.checkpoint);
      }
      const differ = isOne
        ? (why, led) => this.differ(why, kept.checkpoint, present.checkpoint, led)
        : (why, led) => this.unsettled(before, present, why, led);
      // Where no key was pinned, more may have been seen than is kept.
      const isMore = isOne && here?.origin === before.origin && here.size > before.treeSize;
      const had = isMore ? here.size : before.treeSize;
      if (had > present.treeSize) {
        return differ(`the trail had ${entriesOf(had)} when this browser saw it last, `
          + `and has ${entriesOf(present.treeSize)} now`);
      }
      if (before.treeSize < present.treeSize) return this.grown(before, present, kept, differ);
      if (before.root === present.root) return this.same(before, present, kept);
      const forked = `two histories of ${entriesOf(present.treeSize)} have different roots`;
      return differ(forked);
    }

    // What nothing says about a checkpoint that no key was held against.
    caveat() {
      return this.keys === null ? ` ${PIN_FIRST} Nothing says yet who signed it.` : "";
    }

    // The trail goes on from what was seen, which only a signature makes somebody's word.
    goesOn(how, words, isKept) {
      if (this.keys !== null) return this.judgement.say("holds", `${how}: ${words}`);
      const stays = isKept ? "" : " The checkpoint of before stays kept, since that one is signed.";
      return this.judgement.say("keyless", `${PIN_FIRST} ${how}, but the signature was not checked `
        + `(no key is pinned): ${words}${stays}`);
    }

    keep({ checkpoint, treeSize, signedBy }) {
      const key = signedBy[0] ?? null;
      seen.change((kept) => kept.set(this.origin, {
        ...kept.get(this.origin), checkpoint, key,
      }));
      rememberHere(this.origin, treeSize);
    }

    // Keeps a checkpoint that goes on from the one that is kept; answers whether it did. What no
    // key has judged never takes the place of what one has.
    keepOn(checkpoint, kept, isOne) {
      const isWorthIt = this.keys !== null || (kept.key ?? null) === null;
      if (isWorthIt) this.keep(checkpoint);
      // Under a later name it would hide what was seen under the earlier one.
      else if (isOne) rememberHere(this.origin, checkpoint.treeSize);
      return isWorthIt;
    }

    first(present) {
      this.keep(present);
      const state = this.keys === null ? "keyless" : "note";
      this.judgement.say(state, "First visit: there is nothing to compare with yet. The "
        + `checkpoint of ${entriesOf(present.treeSize)} is kept in this browser.${this.caveat()}`);
    }

    // The trail was seen here, and no checkpoint of it is kept any more.
    unkept(present, size) {
      if (size === 0n) return this.first(present);
      const seenBefore = `this browser saw the trail with ${entriesOf(size)} before`;
      if (size > present.treeSize) {
        return this.differ(`${seenBefore}, and it has ${entriesOf(present.treeSize)} now`,
          "no checkpoint is kept", present.checkpoint);
      }
      this.keep(present);
      return this.judgement.say("warn", `Not compared: ${seenBefore}, but does not keep its `
        + `checkpoint any more. The one of ${entriesOf(present.treeSize)} is kept from now on.`
        + this.caveat());
    }

    // What was kept cannot be read: that is no first visit, and it stays.
    unread(present, kept) {
      const key = present.signedBy[0] ?? null;
      seen.change((all) => all.set(this.origin, {
        checkpoint: present.checkpoint, key, unreadable: kept,
      }));
      rememberHere(this.origin, present.treeSize);
      this.judgement.say("unable", "Not compared: the checkpoint that this browser kept of the "
        + "trail cannot be read. It stays, beside the one of "
        + `${entriesOf(present.treeSize)}, which is kept from now on.${this.caveat()}`);
    }

    showUnreadable() {
      const spoilt = [seen, places, replaced].filter((shelf) => shelf.unreadable() !== null);
      const kept = seen.read().get(this.origin)?.unreadable;
      const texts = spoilt.map((shelf) => shelf.unreadable());
      if (kept !== undefined) texts.push(JSON.stringify(kept));
      if (texts.length === 0) return;
      this.judgement.more.append(
        element("p", { class: "bad" }, "This browser keeps something of before that cannot be "
          + "read, so that nothing is compared with it. Save it, and ask who altered it."),
        valueList(texts.map((text) => ["Kept, and not readable", text])),
        button("Forget what cannot be read", () => {
          for (const shelf of spoilt) shelf.forgetUnreadable();
          if (kept !== undefined) {
            seen.change((all) => {
              const { checkpoint, key } = all.get(this.origin);
              all.set(this.origin, { checkpoint, key });
            });
          }
          this.again();
        }),
      );
    }

    same(before, present, kept) {
      const isOne = before.origin === present.origin;
      // The same again, unsigned, is no reason to forget under which key it was seen.
      const isAgain = isOne && this.keys === null;
      if (isAgain) rememberHere(this.origin, present.treeSize);
      const isKept = isAgain || this.keepOn(present, kept, isOne);
      const went = isOne ? "" : ` It went on as ${present.origin}; its first entry since says why.`;
      this.goesOn("The same as when this browser saw it last",
        `${entriesOf(present.treeSize)}, and the same root.${went}`, isKept);
    }

    // The proof that leads on from what was seen; and, where it leads past the checkpoint that is
    // shown, the one that leads on from that, to the same size: else nothing would tell that what
    // is shown is of another history. A trail may grow between any two answers.
    async proofs(before, present, kept) {
      const keys = kept.key === null || kept.key === undefined ? null : [kept.key];
      const maySucceed = before.origin !== present.origin;
      const older = { checkpoint: kept.checkpoint, keys, maySucceed };
      const shown = { checkpoint: present.checkpoint, keys: this.keys };
      const ask = async (old, size) => verifier.verifyConsistency(
        await fetched(`${this.consistency}?from=${size}`), old, this.keys,
      );
      let [verdict, on] = [await ask(older, before.treeSize), null];
      for (let asked = 1; asked < PROOFS_MAX; asked += 1) {
        if (!hasHeld(verdict) || verdict.treeSize <= present.treeSize) break;
        if (on !== null && (!hasHeld(on) || on.treeSize === verdict.treeSize)) break;
        const isBehind = on === null || on.treeSize < verdict.treeSize;
        if (isBehind) on = await ask(shown, present.treeSize);
        else verdict = await ask(older, before.treeSize);
      }
      return { verdict, on };
    }

    async grown(before, present, kept, differ) {
      const isOne = before.origin === present.origin;
      let found;
      try {
        found = await this.proofs(before, present, kept);
      } catch (error) {
        if (isOne) throw error;
        return differ(`no proof can be fetched (${error.message})`);
      }
      const { verdict, on } = found;
      const proofs = on === null ? [verdict] : [verdict, on];
      for (const { steps } of proofs) steps.forEach((one) => this.judgement.step(one));
      const unable = proofs.find(({ state }) => state === "unable");
      if (unable !== undefined) return this.judgement.close(unable, "");
      if (!hasHeld(verdict)) return differ(verdict.problem);
      const isOther = verdict.origin !== present.origin || verdict.treeSize < present.treeSize
        || (verdict.treeSize === present.treeSize && verdict.root !== present.root);
      if (isOther) {
        const other = "the proof leads to another checkpoint than the one shown";
        return differ(other, verdict.checkpoint);
      }
      if (verdict.treeSize > present.treeSize) {
        const apart = (why) => this.differ(why, kept.checkpoint, present.checkpoint,
          verdict.checkpoint);
        if (!hasHeld(on)) return apart(`nothing leads on from what is shown now: ${on.problem}`);
        if (on.treeSize !== verdict.treeSize) {
          return this.judgement.say("unable", "Not compared: each proof that the server gave leads "
            + "to another size. A trail that grows all the time can look so; load the page again.");
        }
        const forked = `two histories of ${entriesOf(on.treeSize)} have different roots`;
        if (on.root !== verdict.root) return apart(forked);
      }
      const isKept = this.keepOn(verdict, kept, isOne);
      const went = isOne ? "" : ` It went on as ${present.origin}; its first entry since says why.`;
      return this.goesOn("Grown and consistent", `the ${entriesOf(verdict.treeSize)} begin with `
        + `all of the ${entriesOf(before.treeSize)} that this browser saw last.${went}`, isKept);
    }

    // The trail goes on under a later name, and does not continue what was seen: a loss that it
    // was succeeded after looks so, and a rewritten history too.
    unsettled(before, present, why, led) {
      this.judgement.say("warn", `NOT continued: the trail calls itself ${present.origin}, and `
        + `nothing shows that it continues ${before.origin}, which this browser saw: ${why}. After `
        + "a loss a trail goes on like this, and its first entry since, audit_trail_succeeded, "
        + "says what was lost; a rewritten history looks like this too. The checkpoint seen last "
        + "is kept; ask whoever runs the trail, and save both.");
      const kept = seen.read().get(before.origin).checkpoint;
      this.judgement.more.append(checkpointList(kept, present.checkpoint, led), button(
        "Go on from the checkpoint shown now",
        () => {
          this.keep(present);
          this.again();
        },
      ));
    }

    // Another trail is where this browser saw one: whoever rewrites a history can rename it too.
    renamed(known, kept, present) {
      const size = knownHere()?.size;
      const had = size === undefined ? "" : `, with ${entriesOf(size)}`;
      this.judgement.say("refused", `NOT the same trail: this trail had the name ${known} here `
        + `before${had}, and calls itself ${this.origin} now. A rewritten history can be shown `
        + "under a new name, so that nothing of it is compared. What this browser saw is kept; "
        + "save both, and ask whoever runs the trail.");
      const older = kept?.checkpoint ?? "no checkpoint is kept";
      this.judgement.more.append(checkpointList(String(older), present), button(
        "Take the new name for this address",
        () => {
          places.change((all) => all.delete(placeHere()));
          this.again();
        },
      ));
    }

    // The older checkpoint stays: it is the evidence.
    differ(problem, kept, present, led) {
      this.judgement.say("refused", `NOT consistent: ${problem}. The checkpoint seen last is kept; `
        + "save both, and ask whoever runs the trail.");
      this.judgement.more.append(checkpointList(kept, present, led), button(
        "Forget the checkpoint seen last",
        () => {
          seen.change((all) => {
            for (const name of [...all.keys()]) {
              if (verifier.isOneTrail(name, this.origin)) all.delete(name);
            }
          });
          places.change((all) => all.delete(placeHere()));
          this.again();
        },
      ));
    }
  }

  // ---- Start ----

  async function start() {
    for (const page of document.querySelectorAll("[data-verify-page]")) {
      startPage(page);
      const problem = await verifier.unsupported();
      const note = page.querySelector("[data-verify-unsupported]");
      note.textContent = problem === null ? "" : `Nothing can be checked here: ${problem}.`;
      note.hidden = problem === null;
    }
    document.querySelectorAll("section[data-verify-proof-url]").forEach(startEntry);
    for (const section of document.querySelectorAll("section[data-consistency-url]")) {
      new Comparison(section);
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
