// The comparer: bars and panels around one state. All panels share one pan and zoom; whatever is
// touched changes the state, and the state is told to the kernel.

const TELL_AFTER_MS = 120;
const MOST_ZOOM = 64;

function mount(root, source) {
  root.classList.add("wbc");
  root.tabIndex = 0;
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Comparer of segmentations");
  // JupyterLab would take arrows and letters for its own.
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  const { schema } = source;
  const store = makeStore(source);
  let state = structuredClone(source.readState());
  let scene = null; // {image, layers, reference} on screen: behind the state while values load
  let painted = {};
  let telling = null;
  let updates = 0;
  let drawing = false;

  const bars = element("div");
  const panels = element("div", { className: "wbc-panels" });
  const problem = element("p", { className: "wbc-problem", hidden: true });
  problem.setAttribute("role", "alert");
  const hint = element("p", { className: "wbc-soft" });
  hint.textContent =
    "Drag to move, wheel to zoom, click a cell. Keys: ← → image, W hardest first, E next wrong cell, " +
    "O outlines, C curtain, + − 0 zoom, 1–9 panels" + (schema.inspects ? ", V open in napari." : ".");
  root.replaceChildren(bars, problem, panels, hint);
  const controls = makeControls(bars, { schema, change, step, fit });
  controls.bind(() => state);

  const imageId = () => schema.image_ids[schema.orders[state.order][state.place]];
  const shownPanels = () => (state.layout === "curtain" ? state.panels.slice(0, 2) : state.panels);

  function change(changes) {
    const other = "place" in changes || "order" in changes;
    const fresh = other ? { cell: null, centre_px: null, zoom: null } : {};
    state = { ...state, ...fresh, ...changes };
    clearTimeout(telling);
    telling = setTimeout(() => source.writeState(structuredClone(state)), TELL_AFTER_MS);
    const onlyMoves = Object.keys(changes).every((name) => ["centre_px", "zoom", "curtain"].includes(name));
    return onlyMoves && scene ? draw() : update();
  }

  function step(by) {
    const n = schema.image_ids.length;
    change({ place: (state.place + by + n) % n });
  }

  function fit() {
    change({ centre_px: null, zoom: null });
  }

  async function update() {
    const turn = ++updates;
    const [image_id, names] = [imageId(), shownPanels()];
    const [image, reference, ...own] = await Promise.all([
      store.image(image_id),
      store.layer(image_id, "reference"),
      ...names.map((name) => store.layer(image_id, name)),
    ]);
    if (turn !== updates) return; // something else was chosen meanwhile
    const layers = { reference, ...Object.fromEntries(names.map((name, at) => [name, own[at]])) };
    if (scene?.image_id !== image_id) painted = {};
    scene = { image_id, image, layers };
    const faults = [image, ...Object.values(layers)].map(({ problem: text }) => text).filter(Boolean);
    problem.hidden = !faults.length;
    problem.textContent = [...new Set(faults)].join(" ");
    const counts = {};
    for (const name of names.filter((panel) => panel !== "reference")) {
      for (const side of ["reference", "predicted"]) {
        for (const { outcome } of layers[name].cells[side].values()) {
          // A matched pair is one match, not two.
          if (side === "predicted" || outcome !== "matched") counts[outcome] = (counts[outcome] ?? 0) + 1;
        }
      }
    }
    const all = schema.n_all ?? schema.image_ids.length;
    const n = schema.image_ids.length;
    const kept = all > n ? ` in this page (of ${all})` : "";
    controls.show(state, image, counts, `${image_id} – ${state.place + 1} of ${n}${kept}`);
    layOut();
    draw();
    // The next image is likely wanted; it is fetched while this one is looked at.
    const next = schema.image_ids[schema.orders[state.order][(state.place + 1) % n]];
    for (const panel of ["", "reference", ...names]) store.layer(next, panel);
  }

  function layOut() {
    const names = shownPanels();
    const titles = state.layout === "curtain" ? [names] : names.map((name) => [name]);
    const key = JSON.stringify([titles, state.layout]);
    if (panels.dataset.key !== key) {
      panels.dataset.key = key;
      panels.style.setProperty("--wbc-columns", Math.min(titles.length, titles.length === 4 ? 2 : 3));
      panels.replaceChildren(...titles.map(makePanel));
    }
    [...panels.children].forEach((box, at) => describe(box, titles[at]));
  }

  function describe(box, names) {
    const score = (name) => {
      if (name === "reference") return `${scene.layers.reference.ids.length.toLocaleString("en")} cells`;
      const value = schema.scores[name][schema.orders[state.order][state.place]];
      return value === null ? "F1 undefined" : `F1 ${value.toFixed(2)}`;
    };
    box.querySelector("figcaption").textContent = names
      .map((name) => `${name} · ${score(name)}`)
      .join("   |   ");
    const record = box.querySelector(".wbc-record");
    const texts = names.map((name) => describeCell(name, partnerIn(name, state.cell, scene.layers)));
    record.textContent = state.cell ? texts.join("   |   ") : "";
  }

  function makePanel(names) {
    const box = element("figure", { className: "wbc-panel" });
    const canvas = element("canvas", { className: "wbc-canvas" });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Cells of ${names.join(" and ")}`);
    const frame = element("div", { className: "wbc-frame" });
    frame.append(canvas);
    if (names.length === 2) {
      const slider = element("input", { type: "range", min: 0, max: 1, step: 0.005, className: "wbc-curtain" });
      slider.setAttribute("aria-label", `Curtain between ${names[0]} and ${names[1]}`);
      slider.value = state.curtain;
      slider.addEventListener("input", () => change({ curtain: +slider.value }));
      frame.append(slider);
    }
    const record = element("p", { className: "wbc-record" });
    record.setAttribute("aria-live", "polite");
    box.append(element("figcaption"), frame, record);
    watchPointer(canvas, {
      onMove: (dx, dy) => {
        const { zoom, centre } = viewOf(canvas);
        change({ zoom, centre_px: [centre[0] - dy / zoom, centre[1] - dx / zoom] });
      },
      onZoom: (factor, at) => zoomAbout(canvas, factor, at),
      onClick: (at) => {
        const { zoom, left, top } = viewOf(canvas);
        const point = [(at[1] - top) / zoom, (at[0] - left) / zoom];
        const isLeft = names.length < 2 || at[0] < state.curtain * canvas.clientWidth;
        pick(cellAt(isLeft ? names[0] : names[1], point, scene.image, scene.layers));
      },
    });
    return box;
  }

  function pick(cell) {
    change({ cell });
    if (cell) source.tell("cell", scene.image_id, cell);
  }

  function viewOf(canvas) {
    const [width, height] = [canvas.clientWidth || 1, canvas.clientHeight || 1];
    const { image } = scene;
    const zoom = state.zoom ?? Math.min(width / image.width, height / image.height);
    const centre = state.centre_px ?? [image.height / 2, image.width / 2];
    return { zoom, centre, left: width / 2 - centre[1] * zoom, top: height / 2 - centre[0] * zoom };
  }

  function zoomAbout(canvas, factor, at) {
    const { zoom, left, top } = viewOf(canvas);
    const next = Math.min(MOST_ZOOM, Math.max(0.02, zoom * factor));
    const [column, row] = [(at[0] - left) / zoom, (at[1] - top) / zoom];
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    // What lies under the pointer stays there.
    const centre_px = [row + (height / 2 - at[1]) / next, column + (width / 2 - at[0]) / next];
    change({ zoom: next, centre_px });
  }

  // A pointer moves more often than a screen is drawn.
  function draw() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      if (scene) drawNow();
    });
  }

  function drawNow() {
    const base = once("image", JSON.stringify([state.channel, state.contrast]), () =>
      paintImage(scene.image, state),
    );
    const names = shownPanels();
    const boxes = [...panels.querySelectorAll("canvas")];
    boxes.forEach((canvas, at) => {
      const view = viewOf(canvas);
      const context = fitCanvas(canvas);
      context.imageSmoothingEnabled = view.zoom < 1;
      place(context, base, view);
      if (boxes.length === names.length) return drawPanel(context, names[at], view);
      const edge = state.curtain * canvas.clientWidth;
      clipped(context, [0, edge], canvas, () => drawPanel(context, names[0], view));
      clipped(context, [edge, canvas.clientWidth], canvas, () => drawPanel(context, names[1], view));
      context.fillStyle = MARK_COLOUR;
      context.fillRect(edge - 1, 0, 2, canvas.clientHeight);
    });
  }

  function drawPanel(context, name, view) {
    const { image, layers } = scene;
    const line = lineOnInk(image, view.zoom);
    const look = JSON.stringify([state.drawing, state.hidden, line]);
    const ink = once(name, look, () => {
      const coats = panelCoats(name, layers[name], layers.reference, { ...state, outcomes: schema.outcomes });
      return paintInk(image, coats, { drawing: state.drawing, line });
    });
    place(context, ink, view);
    const partner = partnerIn(name, state.cell, layers);
    if (!partner) return;
    const owner = partner.side === "reference" ? "reference" : name;
    const mark = once(`mark ${name}`, JSON.stringify([partner.side, partner.cell_id, line]), () => {
      const layer = layers[owner];
      const colours = rankColours(layer, (id) => (id === partner.cell_id ? MARK_COLOUR : null));
      return paintInk(image, [{ ranks: layer.ranks, colours }], { drawing: "outlines", line: 2 * line });
    });
    place(context, mark, view);
  }

  function place(context, picture, { zoom, left, top }) {
    context.drawImage(picture, left, top, scene.image.width * zoom, scene.image.height * zoom);
  }

  // Painting takes longer than drawing: the last picture of each kind is kept.
  function once(kind, look, paint) {
    if (painted[kind]?.look !== look) painted[kind] = { look, picture: paint() };
    return painted[kind].picture;
  }

  function nextWrong(by) {
    const name = shownPanels().find((panel) => panel !== "reference");
    if (!name) return;
    const cells = wrongCells(name, scene.layers[name], state.hidden);
    if (!cells.length) return;
    const now = cells.findIndex(({ side, cell_id }) => side === state.cell?.side && cell_id === state.cell?.cell_id);
    const at = now < 0 ? (by > 0 ? 0 : cells.length - 1) : (now + by + cells.length) % cells.length;
    const { panel, side, cell_id, row } = cells[at];
    const [canvas] = panels.querySelectorAll("canvas");
    const around = 6 * Math.sqrt(row.area_px);
    const zoom = Math.min(MOST_ZOOM, Math.min(canvas.clientWidth, canvas.clientHeight) / around);
    change({ zoom, centre_px: [row.row_px + 0.5, row.column_px + 0.5] });
    pick({ panel, side, cell_id });
  }

  const keys = {
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    n: () => step(1),
    p: () => step(-1),
    w: () => change({ order: "hardest for all", place: 0 }),
    e: () => nextWrong(1),
    E: () => nextWrong(-1),
    o: () => change({ drawing: after(["outlines", "fills", "nothing"], state.drawing) }),
    c: () => change({ layout: after(["side by side", "curtain"], state.layout) }),
    "+": () => zoomMiddle(STEP),
    "=": () => zoomMiddle(STEP),
    "-": () => zoomMiddle(1 / STEP),
    0: fit,
    v: () => schema.inspects && state.cell && source.tell("inspect", scene.image_id, state.cell),
    Escape: () => pick(null),
  };

  function zoomMiddle(factor) {
    const [canvas] = panels.querySelectorAll("canvas");
    zoomAbout(canvas, factor, [canvas.clientWidth / 2, canvas.clientHeight / 2]);
  }

  root.addEventListener("keydown", (event) => {
    if (!scene || event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyped = event.target.matches("select, input");
    if (isTyped && event.key !== "Escape") return event.stopPropagation();
    const name = ["reference", ...schema.models][Number(event.key) - 1];
    const act = keys[event.key] ?? (name && /^[1-9]$/.test(event.key) ? () => change(togglePanel(state, name)) : null);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });

  const resizing = new ResizeObserver(draw);
  resizing.observe(panels);
  const forget = source.onState(() => {
    const told = source.readState();
    if (JSON.stringify(told) === JSON.stringify(state)) return;
    state = structuredClone(told);
    update();
  });
  update();
  return () => {
    clearTimeout(telling);
    resizing.disconnect();
    forget();
  };
}

function clipped(context, [left, right], canvas, act) {
  context.save();
  context.beginPath();
  context.rect(left, 0, right - left, canvas.clientHeight);
  context.clip();
  act();
  context.restore();
}

function after(values, value) {
  return values[(values.indexOf(value) + 1) % values.length];
}

function mountStillComparer() {
  const data = JSON.parse(document.getElementById("data").textContent);
  mount(document.getElementById("comparer"), pageSource(data));
}

export default { render: ({ model, el }) => mount(el, kernelSource(model)) };
