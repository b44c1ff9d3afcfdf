// The explorer: controls, cloud and gallery around one state. What it shows follows from the state
// by resolveGallery; whatever is touched changes the state, and the state is told to the kernel.

const TELL_AFTER_MS = 120;

function mount(root, source) {
  root.classList.add("wbx");
  // JupyterLab would take arrows and Enter for its own, as in a cell.
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  const levels = Object.keys(source.schema);
  const tables = Object.fromEntries(levels.map((level) => [level, makeTable(level, source)]));
  let state = structuredClone(source.readState());
  let shown = null; // {table, chosen, view} on screen: behind the state while values are loaded
  let open = null; // place in the gallery of the large picture
  let opener = null;
  let telling = null;
  let updates = 0;
  let pending = null;

  const parts = layOut(root);
  const cloud = makeCloud(parts.cloud, {
    onBrush: (brush) => oncePerFrame(() => change({ brush, picked: null })),
    onPick: (picked) => change({ picked, brush: null }),
    onClear: clear,
    describe,
  });
  const gallery = makeGallery(parts.tiles, { source, onOpen: openLarge, onMark: cloud.mark });
  const large = makeLarge(parts.large, {
    source,
    onClose: closeLarge,
    onStep: (step) => showLarge(Math.min(Math.max(open + step, 0), shown.view.shown.length - 1)),
    onOutlined: () => set({ ...state, outlined: !state.outlined }),
  });
  const controls = makeControls(parts, { levels, tables, change, set, clear, state: () => state });

  function change(changes) {
    set({ ...state, [state.level]: { ...state[state.level], ...changes } });
  }

  function set(next) {
    state = next;
    clearTimeout(telling);
    telling = setTimeout(() => source.writeState(structuredClone(state)), TELL_AFTER_MS);
    return update();
  }

  // A pointer moves more often than a screen is drawn.
  function oncePerFrame(act) {
    if (!pending) requestAnimationFrame(() => [pending, (pending = null)][0]());
    pending = act;
  }

  function clear() {
    const { brush, picked } = state[state.level];
    if (brush || picked !== null) change({ brush: null, picked: null });
  }

  async function update() {
    const turn = ++updates;
    const [table, chosen] = [tables[state.level], state[state.level]];
    controls.show(state);
    const names = [chosen.x, chosen.y, chosen.colour, chosen.sort, ...Object.keys(chosen.filters)];
    await table.load([...names, "image_id", ...(state.level === "cells" ? ["cell_id"] : [])]);
    if (turn !== updates) return; // something else was chosen meanwhile
    const view = resolveGallery(table, chosen);
    shown = { table, chosen, view };
    paint();
    gallery.show(table, chosen, view, state.outlined);
    if (open !== null) showLarge(Math.min(open, view.shown.length - 1));
  }

  function paint() {
    if (!shown) return;
    cloud.draw(shown.table, shown.chosen, shown.view);
    describeView(parts, cloud, { ...shown, source, change });
  }

  function describe(row) {
    const { table, chosen } = shown;
    const { x, y, colour } = chosen;
    const columns = [...new Set([x, y, colour])].filter(Boolean).map((name) => table.columns[name]);
    const lines = columns.map((column) => `${column.label}: ${formatValue(column, row)}`);
    return [nameOf(table, row), ...lines];
  }

  function openLarge(row, tile) {
    opener = tile;
    showLarge(shown.view.shown.indexOf(row));
  }

  function showLarge(place) {
    if (place < 0) return closeLarge();
    const { table, view } = shown;
    const row = view.shown[place];
    if (place !== open) source.pick(table.level, row);
    open = place;
    cloud.mark(row);
    const [count, small] = [view.shown.length, gallery.pictureOf(row)];
    large.show(table, row, { place, count, outlined: state.outlined, small });
  }

  function closeLarge() {
    open = null;
    large.hide();
    cloud.mark(null);
    const tile = opener && parts.tiles.querySelector(`[data-row="${opener.dataset.row}"]`);
    tile?.focus({ preventScroll: true });
  }

  root.addEventListener("keydown", (event) => event.key === "Escape" && clear());
  parts.keep.hidden = !source.keep;
  parts.keep.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [name, said] = ["input", "output"].map((tag) => parts.keep.querySelector(tag));
    // The kernel keeps what it knows to be chosen, so it is told first.
    clearTimeout(telling);
    source.writeState(structuredClone(state));
    said.textContent = await source.keep(name.value);
  });
  const resizing = new ResizeObserver(paint);
  resizing.observe(parts.cloud);
  // JupyterLab hides the panel for a moment while its theme changes.
  const theming = new MutationObserver(() => requestAnimationFrame(paint));
  theming.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  const forget = source.onState(() => {
    const told = source.readState();
    if (sameValue(told, state)) return;
    state = structuredClone(told);
    update();
  });
  update();
  return () => {
    clearTimeout(telling);
    resizing.disconnect();
    theming.disconnect();
    forget();
  };
}

// A table whose values come when they are needed.
function makeTable(level, source) {
  const schema = source.schema[level];
  const columns = Object.fromEntries(
    schema.columns.map((column) => [column.name, { ...column, values: null }]),
  );
  const loading = new Map();
  const loadOne = async (name) => {
    const { values, names } = await source.values(level, name);
    columns[name].values = values;
    if (names.length) columns[name].names = names;
  };
  return {
    level,
    schema,
    columns,
    nRows: schema.n_rows,
    orders: new Map(),
    load(names) {
      for (const name of names) {
        if (name && !loading.has(name)) loading.set(name, loadOne(name));
      }
      return Promise.all(names.map((name) => loading.get(name)));
    },
  };
}

function describeView(parts, cloud, { table, chosen, view, source, change }) {
  const { scene } = cloud;
  const noun = table.level;
  const [shown, found, all] = [view.shown.length, view.rows.length, table.nRows].map(formatNumber);
  const part = view.rows.length < table.nRows;
  parts.count.textContent = part
    ? `${shown} of ${found} ${noun} chosen, of ${all} in all`
    : `${shown} of ${all} ${noun}`;
  const restricted = chosen.brush !== null || chosen.picked !== null;
  parts.clear.disabled = !restricted;
  if (!scene) return;
  const nVisible = view.visible.reduce((sum, is) => sum + is, 0);
  const notes = [];
  if (scene.nDrawn > MOST_POINTS) {
    notes.push(
      `${formatNumber(scene.nDrawn)} ${noun} as density: fullest spot ${formatNumber(scene.most)}.`,
    );
  }
  if (nVisible > scene.nDrawn) {
    notes.push(`${formatNumber(nVisible - scene.nDrawn)} ${noun} lack a value on these axes.`);
  }
  if (restricted) notes.push(`Above: all ${noun} grey, the chosen ones as a line, each as shares.`);
  if (source.note) notes.push(source.note(table.level));
  parts.note.textContent = notes.filter(Boolean).join(" ");
  drawLegend(parts.legend, scene, { chosen, change });
  cloud.name(
    `${scene.columns.y.label} against ${scene.columns.x.label}, ${nVisible} ${noun}. ` +
      "Drag to choose, arrows to walk, Enter to pick, Escape to clear.",
  );
}

function drawLegend(host, scene, { chosen, change }) {
  const { colours } = scene;
  const column = scene.table.columns[chosen.colour];
  const wanted = chosen.filters[chosen.colour];
  const entries = colours.entries.map((entry) => {
    const item = element("button", { type: "button", className: "wbx-entry" });
    const swatch = element("canvas", { className: "wbx-swatch" });
    fitCanvas(swatch, 14, 14);
    const context = swatch.getContext("2d");
    context.fillStyle = entry.colour;
    context.fill(shapePath(entry.shape, 7, 7, 4.5));
    item.append(swatch, `${entry.name} (${formatNumber(entry.count)})`);
    const named = column.names.includes(entry.name);
    item.disabled = !named;
    item.title = named ? "Show these alone, or all again" : "";
    item.setAttribute("aria-pressed", String(wanted === entry.name));
    item.addEventListener("click", () => {
      const { [column.name]: before, ...filters } = chosen.filters;
      change({ filters: before === entry.name ? filters : { ...filters, [column.name]: entry.name } });
    });
    return item;
  });
  if (colours.range) {
    const bar = element("span", { className: "wbx-ramp" });
    bar.style.background = `linear-gradient(90deg, ${VIRIDIS.join(",")})`;
    const [low, high] = colours.range.map(formatNumber);
    const unit = column.is_log ? " (logarithmic)" : "";
    entries.push(element("span", { textContent: `${column.label}${unit}: ${low}` }), bar);
    entries.push(element("span", { textContent: high }));
  }
  host.replaceChildren(...entries);
}

function sameValue(a, b) {
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return a === b;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => sameValue(a[key], b[key]));
}

function element(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

function mountStillPage() {
  const data = JSON.parse(document.getElementById("data").textContent);
  mount(document.getElementById("explorer"), pageSource(data));
}

export default { render: ({ model, el }) => mount(el, kernelSource(model)) };
