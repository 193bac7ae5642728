// Keeps a page as new as etcd: reads it again when something that it shows has changed, and puts the
// difference in its place. Without this script every page is whole; it is then as old as its loading.
"use strict";

(() => {
  const FIRST_WAIT = 10; // ms, in which the rest of a burst comes
  const MOST_ROWS = 100; // beyond so many changed rows the whole list is read
  const main = document.getElementById("main");
  const live = document.getElementById("live");

  // ---- The difference between what is there and what shall be there.

  const isTyping = (form) =>
    form.dataset.typed !== undefined ||
    (form.contains(document.activeElement) &&
      document.activeElement.matches("input, select, textarea"));

  // What a person does to the page itself is theirs.
  const isTheirs = (element, attribute) =>
    (element.nodeName === "DETAILS" && attribute === "open") ||
    (element.nodeName === "TR" && attribute === "hidden");

  function morph(have, want) {
    if (have.nodeType !== Node.ELEMENT_NODE) {
      if (have.nodeValue !== want.nodeValue) have.nodeValue = want.nodeValue;
      return;
    }
    if (have.nodeName === "FORM" && isTyping(have)) return;
    for (const { name } of [...have.attributes]) {
      if (!want.hasAttribute(name) && !isTheirs(have, name)) have.removeAttribute(name);
    }
    for (const { name, value } of want.attributes) {
      if (have.getAttribute(name) === value || isTheirs(have, name)) continue;
      have.setAttribute(name, value);
      if (name === "value" && have.nodeName === "INPUT") have.value = value;
    }
    morphChildren(have, want);
  }

  const isSame = (have, want) =>
    have.nodeName === want.nodeName && (have.id || "") === (want.id || "");

  function morphChildren(have, want) {
    const known = new Map();
    for (const child of have.children) if (child.id) known.set(child.id, child);
    let place = have.firstChild;
    for (const wanted of [...want.childNodes]) {
      const old = wanted.id ? known.get(wanted.id) : undefined;
      if (old && old !== place) {
        have.insertBefore(old, place);
        place = old;
      }
      if (place && isSame(place, wanted)) {
        const next = place.nextSibling;
        morph(place, wanted);
        place = next;
      } else {
        have.insertBefore(document.importNode(wanted, true), place);
      }
    }
    while (place) {
      const next = place.nextSibling;
      place.remove();
      place = next;
    }
  }

  // ---- Reading again.

  const parser = new DOMParser();

  async function read(url) {
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    if (answer.redirected) {
      location.reload(); // nobody is logged in any more
      return null;
    }
    return parser.parseFromString(await answer.text(), "text/html").getElementById("main");
  }

  async function readPage() {
    const wanted = await read(location.href);
    if (!wanted) return;
    const focused = document.activeElement;
    morphChildren(main, wanted);
    if (focused !== document.activeElement && focused.isConnected) {
      focused.focus({ preventScroll: true });
    }
    filterRows();
  }

  // The list of VMs may be long: only the rows that have changed are read.
  async function readRows(ids) {
    const table = document.getElementById("vms");
    const url = new URL(location.href);
    url.searchParams.set("rows", ids.join(","));
    const wanted = await read(url);
    if (!wanted) return;
    const body = table.tBodies[0];
    const rows = new Map([...wanted.querySelectorAll("#vms tbody tr")].map((row) => [row.id, row]));
    for (const id of ids) {
      const have = document.getElementById("vm-" + id);
      const want = rows.get("vm-" + id);
      if (have && want) {
        morph(have, want);
        have.searchText = undefined;
      } else if (want) {
        const name = want.dataset.name;
        const after = [...body.rows].find((row) => row.dataset.name > name);
        body.insertBefore(document.importNode(want, true), after ?? null);
      } else if (have) have.remove();
    }
    filterRows();
  }

  let rows = new Set();
  let isWhole = false;
  let isReading = false;
  let timer = 0;

  function later(wait) {
    if (timer || isReading) return;
    timer = setTimeout(readNews, wait);
  }

  async function readNews() {
    timer = 0;
    isReading = true;
    const begun = performance.now();
    const ids = [...rows];
    const whole = isWhole || ids.length > MOST_ROWS;
    rows = new Set();
    isWhole = false;
    try {
      if (whole) await readPage();
      else await readRows(ids);
    } catch {
      isWhole = true; // the server is away; its stream tells when it is back
    }
    isReading = false;
    // One that takes long is not done all the time.
    if (isWhole || rows.size > 0) later(Math.max(FIRST_WAIT, 2 * (performance.now() - begun)));
  }

  function note(kind, id) {
    const table = document.getElementById("vms");
    if (kind === "vm" && table?.dataset.sort === "name") rows.add(id);
    else isWhole = true;
    later(FIRST_WAIT);
  }

  // ---- Being told.

  function say(text) {
    live.hidden = false;
    if (live.textContent !== text) live.textContent = text;
  }

  const kinds = main.dataset.kinds.split(" ").filter((kind) => kind);
  let events = null;
  let seen = document.body.dataset.revision; // etcd's revision that the page has come to

  // A browser keeps few connections to one server: a page that nobody sees gives its own back.
  function follow() {
    if (!live || kinds.length === 0 || events || document.visibilityState === "hidden") return;
    const query = new URLSearchParams({ kinds: kinds.join(","), after: seen });
    events = new EventSource("/api/v1/events?" + query);
    for (const kind of kinds) {
      events.addEventListener(kind, (event) => {
        seen = event.lastEventId;
        const { id } = JSON.parse(event.data);
        if (kind !== "vm" || !main.dataset.vm || main.dataset.vm === id) note(kind, id);
      });
    }
    events.addEventListener("reload", (event) => {
      seen = event.lastEventId;
      readWhole();
    });
    events.addEventListener("open", () => say("Live"));
    events.addEventListener("error", ({ target }) => {
      say("Not live: the server cannot be reached");
      // A stream that was refused does not come back by itself.
      if (target.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
    });
  }

  function rest() {
    events?.close();
    events = null;
  }

  function readWhole() {
    isWhole = true;
    later(FIRST_WAIT);
  }

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") rest();
    else follow();
  });

  // Ages grow though nothing changes. The list of VMs is too long to be read for that.
  setInterval(() => {
    if (events && !document.getElementById("vms")) readWhole();
  }, 60000);

  // ---- Filtering while one types.

  let isFiltered = false;

  function filterRows() {
    const input = document.getElementById("q");
    const table = document.getElementById("vms");
    if (!input || !table) return;
    const words = input.value.toLowerCase().split(" ").filter((word) => word);
    const all = table.tBodies[0].rows.length;
    let shown = all;
    if (words.length > 0 || isFiltered) {
      shown = 0;
      for (const row of table.tBodies[0].rows) {
        row.searchText ??= row.textContent.toLowerCase();
        const isShown = words.every((word) => row.searchText.includes(word));
        if (row.hidden === isShown) row.hidden = !isShown;
        if (isShown) shown += 1;
      }
    }
    isFiltered = words.length > 0;
    const text = shown === all ? `${all} VM${all === 1 ? "" : "s"}` : `${shown} of ${all} VMs`;
    const count = document.getElementById("count");
    if (count.textContent !== text) count.textContent = text;
  }

  let typing = 0;

  document.addEventListener("input", (event) => {
    const { target } = event;
    if (target.id === "q") {
      const table = document.getElementById("vms");
      filterRows();
      const url = new URL(location.href);
      url.searchParams.set("q", target.value);
      history.replaceState(null, "", url);
      // Rows that the server has left out are not here to be shown.
      if (!target.value.includes(table.dataset.query)) {
        clearTimeout(typing);
        typing = setTimeout(readWhole, 150);
      }
    } else if (target.form) target.form.dataset.typed = "";
  });

  follow();
})();
