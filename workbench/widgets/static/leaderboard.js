// The leaderboard: menus above, models below, and under a number the list of its images. Which rows
// stand where follows from state and board by the rules of widgets/_board_state.py.

const [MEAN, CI_LOW, CI_HIGH, NORMALISED] = [0, 1, 2, 3];
const MOST_LISTED = 500;

function resolveBoard(board, state, measures) {
  const models = Object.keys(board.facts);
  const by = rankingOf(state, measures);
  const isUp = state.sort === "model" || lowerFirst(measures, by);
  const sign = isUp === state.worst_first ? -1 : 1;
  const value = (model) => board.facts[model][by][MEAN];
  const order = models.slice().sort((a, b) => {
    if (state.sort === "model") return sign * (a < b ? -1 : a > b ? 1 : 0);
    const missing = (value(a) === null) - (value(b) === null);
    return missing || sign * (value(a) - value(b));
  });
  return order.map((model) => ({
    model,
    place: placeText(board.places[by][model]),
    cells: measures.map(({ key }) => valueText(board.facts[model][key], state.values)),
  }));
}

function rankingOf(state, measures) {
  return state.sort === "model" ? measures[0].key : state.sort;
}

function lowerFirst(measures, key) {
  return measures.find((measure) => measure.key === key).lower;
}

function valueText(fact, values) {
  if (values === "normalised") return fact[NORMALISED] === null ? "–" : fact[NORMALISED].toFixed(2);
  if (fact[MEAN] === null) return "–";
  const mean = fact[MEAN].toFixed(3);
  return fact[CI_LOW] === null ? mean : `${mean} [${fact[CI_LOW].toFixed(3)}, ${fact[CI_HIGH].toFixed(3)}]`;
}

function placeText([place, low, high]) {
  if (place === null) return "";
  return low === high ? `${place}` : `${place} (${low}–${high})`;
}

function mount(host, source) {
  const { schema } = source;
  let state = structuredClone(source.readState());
  const root = element("div", { className: "wbt wbl" });
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  const bar = element("div", { className: "wbl-bar" });
  const about = element("p", { className: "wbt-hint" });
  about.setAttribute("aria-live", "polite");
  const scroll = element("div", { className: "wbt-scroll" });
  const list = element("div", { className: "wbt-list", hidden: true });
  list.setAttribute("role", "region");
  root.append(bar, scroll, about, list);
  host.replaceChildren(root);

  const menu = (label, options, name) => {
    const select = element("select");
    select.append(...options.map((value) => element("option", { value, textContent: value })));
    select.addEventListener("change", () => change({ [name]: select.value, picked: null }));
    const box = element("label", { className: "wbl-control", textContent: label });
    box.append(select);
    bar.append(box);
    return select;
  };
  const images = menu("Images", Object.keys(schema.slices), "images");
  const values = menu("Values", ["raw", "normalised"], "values");

  function change(changes) {
    state = { ...state, ...changes };
    source.writeState(structuredClone(state));
    show();
  }

  function show() {
    [images.value, values.value] = [state.images, state.values];
    const board = source.board(state.images);
    if (!board?.places[rankingOf(state, schema.measures)]) return; // on its way
    const n = [...new Set(Object.values(board.n))];
    const noun = (count) => `${count.toLocaleString("en")} image${count === 1 ? "" : "s"}`;
    about.textContent =
      `${n.map(noun).join(" or ")} with a score for every model. In brackets the 95 % interval of the mean; ` +
      "behind a place that of the rank when images are drawn anew. Models whose rank intervals overlap may share a place." +
      (source.lists ? " A number opens the list of its images." : " The images behind the numbers are not in this page.");
    const table = element("table", { className: "wbl-table" });
    table.append(head(), body(resolveBoard(board, state, schema.measures)));
    const focus = keyOf(document.activeElement);
    scroll.replaceChildren(table);
    if (focus) scroll.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus();
    showList();
  }

  function keyOf(node) {
    return scroll.contains(node) ? node.dataset.key : null;
  }

  function head() {
    const line = element("tr");
    line.append(element("th", { textContent: "Place", scope: "col" }));
    for (const { key, label } of [{ key: "model", label: "Model" }, ...schema.measures]) {
      const cell = element("th", { scope: "col" });
      const isSorted = state.sort === key;
      const isDown = (key !== "model" && !lowerFirst(schema.measures, key)) !== state.worst_first;
      cell.setAttribute("aria-sort", isSorted ? (isDown ? "descending" : "ascending") : "none");
      const button = element("button", { type: "button", textContent: label + (isSorted ? (isDown ? " ↓" : " ↑") : "") });
      button.dataset.key = `head ${key}`;
      button.addEventListener("click", () =>
        change(isSorted ? { worst_first: !state.worst_first } : { sort: key, worst_first: false }),
      );
      cell.append(button);
      line.append(cell);
    }
    const made = element("thead");
    made.append(line);
    return made;
  }

  function body(rows) {
    const made = element("tbody");
    for (const { model, place, cells } of rows) {
      const line = element("tr");
      line.append(element("td", { textContent: place }), element("th", { textContent: model, scope: "row" }));
      cells.forEach((text, at) => {
        const { key, label } = schema.measures[at];
        const cell = element("td", { className: "wbt-number" });
        if (source.lists && text !== "–") {
          const button = element("button", { type: "button" });
          // The interval in smaller type, so that eight measures fit a laptop's screen.
          const [mean, ...interval] = text.split(" [");
          button.append(mean, ...interval.map((rest) => element("small", { textContent: ` [${rest}` })));
          const isOpen = state.picked?.[0] === model && state.picked?.[1] === key;
          button.dataset.key = `${model} ${key}`;
          button.setAttribute("aria-expanded", String(isOpen));
          button.setAttribute("aria-label", `${model}, ${label}: ${text}. Show its images.`);
          button.addEventListener("click", () => change({ picked: isOpen ? null : [model, key] }));
          cell.append(button);
        } else {
          cell.textContent = text;
        }
        line.append(cell);
      });
      made.append(line);
    }
    return made;
  }

  async function showList() {
    list.hidden = !state.picked;
    if (!state.picked) return;
    const [model, key] = state.picked;
    const { label, lower } = schema.measures.find((measure) => measure.key === key);
    const matrix = await source.values(key);
    if (state.picked?.[0] !== model || state.picked?.[1] !== key) return;
    const width = schema.models.length;
    const column = schema.models.indexOf(model);
    const at = (row, place) => matrix[row * width + place];
    const rows = schema.slices[state.images]
      .filter((row) => !Number.isNaN(at(row, column)))
      .sort((a, b) => (lower ? -1 : 1) * (at(a, column) - at(b, column)) || a - b);
    const top = element("div", { className: "wbt-top" });
    const close = element("button", { type: "button", textContent: "Close" });
    close.addEventListener("click", () => change({ picked: null }));
    const shown = rows.slice(0, MOST_LISTED);
    const count = rows.length > shown.length ? `the first ${shown.length} of ` : "";
    const name = `${label} of ${model}, ${state.images} – ${count}${rows.length.toLocaleString("en")} images, worst first`;
    list.setAttribute("aria-label", name);
    top.append(element("strong", { className: "wbt-name", textContent: name }), close);
    const table = element("table");
    const heads = element("tr");
    heads.append(
      ...["Image", model, ...schema.models.filter((other) => other !== model)].map((textContent, place) =>
        element("th", { textContent, scope: "col", className: place ? "wbt-number" : "" }),
      ),
    );
    const order = [column, ...schema.models.map((_, place) => place).filter((place) => place !== column)];
    const lines = shown.map((row) => {
      const line = element("tr");
      const first = element("td");
      if (source.pick) {
        const button = element("button", { type: "button", textContent: schema.images[row] });
        button.addEventListener("click", () => source.pick(schema.images[row], model));
        first.append(button);
      } else {
        first.textContent = schema.images[row];
      }
      const rest = order.map((place) => {
        const value = at(row, place);
        const textContent = Number.isNaN(value) ? "–" : value.toFixed(3);
        return element("td", { className: "wbt-number", textContent });
      });
      line.append(first, ...rest);
      return line;
    });
    const [thead, tbody] = [element("thead"), element("tbody")];
    thead.append(heads);
    tbody.append(...lines);
    table.append(thead, tbody);
    const low = element("div", { className: "wbt-scroll wbt-low", tabIndex: 0 });
    low.append(table);
    list.replaceChildren(top, low);
  }

  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !state.picked) return;
    event.preventDefault();
    event.stopPropagation();
    const [model, key] = state.picked;
    change({ picked: null });
    scroll.querySelector(`[data-key="${CSS.escape(`${model} ${key}`)}"]`)?.focus();
  });
  const forget = source.onChange(() => {
    state = structuredClone(source.readState());
    show();
  });
  show();
  return forget;
}

function element(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

function kernelSource(model) {
  const waiting = new Map();
  const kept = new Map();
  const self = Math.random().toString(36).slice(2); // several views may share a model
  model.on("msg:custom", (message, buffers) => {
    const { buffer, byteOffset, byteLength } = buffers[0];
    waiting.get(message.request)?.(new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength)));
    waiting.delete(message.request);
  });
  return {
    schema: model.get("schema"),
    lists: true,
    readState: () => model.get("state"),
    writeState(state) {
      model.set("state", state);
      model.save_changes();
    },
    board: (images) => (model.get("board").images === images ? model.get("board") : null),
    values(measure) {
      if (!kept.has(measure)) {
        const answered = new Promise((answer) => {
          const request = `${self} ${measure}`;
          waiting.set(request, answer);
          model.send({ kind: "values", measure, request });
        });
        kept.set(measure, answered);
      }
      return kept.get(measure);
    },
    pick: (image_id, name) => model.send({ kind: "pick", image_id, model: name }),
    onChange(listen) {
      model.on("change:state", listen);
      model.on("change:board", listen);
      return () => {
        model.off("change:state", listen);
        model.off("change:board", listen);
      };
    },
  };
}

function mountStillBoard() {
  const data = JSON.parse(document.getElementById("data").textContent);
  let state = data.state;
  mount(document.getElementById("board"), {
    schema: data.schema,
    lists: Object.keys(data.values).length > 0,
    readState: () => state,
    writeState: (changed) => (state = changed),
    board: (images) => data.boards[images],
    async values(measure) {
      const bytes = Uint8Array.from(atob(data.values[measure]), (letter) => letter.charCodeAt(0));
      return new Float32Array(bytes.buffer);
    },
    pick: null,
    onChange: () => () => {},
  });
  // In a notebook the frame is as tall as what it shows; no frame, or one of another origin: null.
  const frame = window.frameElement;
  if (frame) {
    new ResizeObserver(() => {
      frame.style.height = `${document.documentElement.offsetHeight + 2}px`;
    }).observe(document.body);
  }
}

export default { render: ({ model, el }) => mount(el, kernelSource(model)) };
