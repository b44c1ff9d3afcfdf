// A table whose numbers open the list of the images behind them: by a click, or arrows and Enter.

const LONG_TEXT = 30;

function mountTable(host, source) {
  const { title, header, isNumber, rows, opens } = source.content;
  const root = element("div", { className: "wbt" });
  const table = element("table", { className: "wbt-table" });
  table.setAttribute("role", "grid");
  const list = element("div", { className: "wbt-list", hidden: true });
  list.setAttribute("role", "region");
  list.setAttribute("aria-live", "polite");
  const hint = element("p", { className: "wbt-hint" });
  hint.textContent = "A number opens the list behind it: click it, or use arrows and Enter.";
  const buttons = new Map();
  let active = null;

  table.setAttribute("aria-label", title);
  const names = element("tr");
  header.forEach((name, column) => {
    const cell = element("th", { scope: "col" });
    // Long names break at their own joints, so that more columns fit.
    const joints = name.split(/(?<=\w{3}[_./-])(?=\w{3})/);
    cell.append(...joints.flatMap((part) => [part, document.createElement("wbr")]).slice(0, -1));
    cell.classList.toggle("wbt-number", isNumber[column]);
    names.append(cell);
  });
  const head = element("thead");
  head.append(names);
  const body = element("tbody");
  rows.forEach((texts, row) => {
    const line = element("tr");
    texts.forEach((text, column) => {
      const cell = element("td");
      cell.setAttribute("role", "gridcell");
      cell.classList.toggle("wbt-number", isNumber[column]);
      cell.classList.toggle("wbt-long", text.length >= LONG_TEXT && !isNumber[column]);
      if (opens[row][column]) {
        const button = element("button", { type: "button", textContent: text, tabIndex: -1 });
        button.setAttribute("aria-expanded", "false");
        button.setAttribute("aria-label", `${header[column]}: ${text}. Show its images.`);
        button.addEventListener("click", () => source.pick(isPicked(row, column) ? [] : [row, column]));
        button.addEventListener("focus", () => setActive(row, column));
        buttons.set(`${row},${column}`, { button, row, column });
        cell.append(button);
      } else {
        cell.textContent = text;
      }
      line.append(cell);
    });
    body.append(line);
  });
  table.append(head, body);
  const scroll = element("div", { className: "wbt-scroll" });
  scroll.append(table);
  // Above the table, not its caption: that would be as wide as the widest row.
  root.append(element("p", { className: "wbt-title", textContent: title }), scroll);
  if (buttons.size) root.append(hint, list);
  if (source.content.note) {
    root.append(element("p", { className: "wbt-hint", textContent: source.content.note }));
  }
  host.replaceChildren(root);

  function isPicked(row, column) {
    const [ofRow, ofColumn] = source.picked();
    return ofRow === row && ofColumn === column;
  }

  function setActive(row, column) {
    // One stop for the tab key; arrows go on from there.
    if (active) active.button.tabIndex = -1;
    active = buttons.get(`${row},${column}`);
    active.button.tabIndex = 0;
  }

  function move(key) {
    const places = [...buttons.values()];
    const { row, column } = active;
    const inRow = places.filter((place) => place.row === row);
    const inColumn = places.filter((place) => place.column === column);
    const before = { ArrowLeft: [inRow, "column"], ArrowUp: [inColumn, "row"] }[key];
    const after = { ArrowRight: [inRow, "column"], ArrowDown: [inColumn, "row"] }[key];
    if (key === "Home") return inRow[0];
    if (key === "End") return inRow.at(-1);
    if (before) return before[0].filter((place) => place[before[1]] < active[before[1]]).at(-1);
    if (after) return after[0].find((place) => place[after[1]] > active[after[1]]);
    return null;
  }

  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && source.picked().length) {
      event.preventDefault();
      event.stopPropagation();
      const [row, column] = source.picked();
      source.pick([]);
      buttons.get(`${row},${column}`).button.focus();
      return;
    }
    if (!body.contains(event.target)) return;
    const next = move(event.key);
    const isMove = event.key.startsWith("Arrow") || ["Home", "End"].includes(event.key);
    if (isMove) {
      // Neither the page nor the notebook moves along.
      event.preventDefault();
      event.stopPropagation();
    }
    if (next) next.button.focus();
  });

  function show() {
    const picked = source.picked();
    const listing = source.listing();
    for (const { button, row, column } of buttons.values()) {
      button.setAttribute("aria-expanded", String(picked[0] === row && picked[1] === column));
    }
    list.hidden = !picked.length;
    if (!picked.length) return;
    const [row, column] = picked;
    const isThere = listing && listing.of && listing.of[0] === row && listing.of[1] === column;
    const name = `${rows[row][0]} · ${header[column]}: ${rows[row][column]}`;
    list.setAttribute("aria-label", `Images behind ${name}`);
    const top = element("div", { className: "wbt-top" });
    const close = element("button", { type: "button", textContent: "Close" });
    close.addEventListener("click", () => {
      source.pick([]);
      buttons.get(`${row},${column}`).button.focus();
    });
    const about = isThere ? `${name} – ${listing.about}` : `${name} …`;
    top.append(element("strong", { className: "wbt-name", textContent: about }), close);
    list.replaceChildren(top);
    if (isThere) list.append(listTable(listing));
  }

  source.onChange(show);
  const [first] = buttons.values();
  if (first) setActive(first.row, first.column);
  show();
}

function listTable({ header, isNumber, rows }) {
  const table = element("table", { className: "wbt-images" });
  const fill = (tag, texts) => {
    const line = element("tr");
    texts.forEach((text, column) => {
      const cell = element(tag, { textContent: text });
      if (tag === "th") cell.scope = "col";
      cell.classList.toggle("wbt-number", isNumber[column]);
      line.append(cell);
    });
    return line;
  };
  const head = element("thead");
  head.append(fill("th", header));
  const body = element("tbody");
  body.append(...rows.map((texts) => fill("td", texts)));
  table.append(head, body);
  const scroll = element("div", { className: "wbt-scroll wbt-low", tabIndex: 0 });
  scroll.append(table);
  return scroll;
}

function element(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

function tableSource(model) {
  return {
    content: model.get("content"),
    picked: () => model.get("picked"),
    listing: () => model.get("listing"),
    pick: (place) => {
      model.set("picked", place);
      model.save_changes();
    },
    onChange: (show) => {
      model.on("change:picked", show);
      model.on("change:listing", show);
    },
  };
}

function mountStillTable() {
  const data = JSON.parse(document.getElementById("data").textContent);
  let picked = data.picked;
  let tell = () => {};
  mountTable(document.getElementById("table"), {
    content: data.content,
    picked: () => picked,
    listing: () => ({ of: picked, ...data.listings[data.places[picked[0]]?.[picked[1]]] }),
    pick: (place) => {
      picked = place;
      tell();
    },
    onChange: (show) => {
      tell = show;
    },
  });
  // In a notebook the frame is as tall as what it shows; no frame, or one of another origin: null.
  const frame = window.frameElement;
  if (frame) {
    new ResizeObserver(() => {
      frame.style.height = `${document.documentElement.offsetHeight + 2}px`;
    }).observe(document.body);
  }
}

export default { render: ({ model, el }) => mountTable(el, tableSource(model)) };
