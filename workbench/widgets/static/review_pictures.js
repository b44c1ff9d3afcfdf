// The surroundings of a cell: the reference beside the predictions, all at the same place.

const AROUND = 2.6; // of the cell's larger side
const LEAST_AROUND_PX = 48;
const CORNER_GAP_PX = 5;

function makeReviewPictures(host, { schema, store, zoomBy }) {
  const panels = element("div", { className: "wbc-panels" });
  const legend = element("div", { className: "wbc-bar wbc-legend" });
  const problem = element("p", { className: "wbc-problem", hidden: true });
  problem.setAttribute("role", "alert");
  host.append(problem, panels, legend);
  let scene = null; // {row, image, layers} on screen: behind the state while values load
  let look = null;
  let painted = {};
  let moved = [0, 0];
  let updates = 0;
  let drawing = false;

  async function show(at, state) {
    look = state;
    const turn = ++updates;
    if (at === null) {
      scene = null;
      panels.replaceChildren();
      panels.dataset.key = "";
      legend.replaceChildren();
      problem.hidden = true;
      return;
    }
    const row = schema.rows[at];
    const names = ["reference", ...row.panels];
    const [image, ...own] = await Promise.all([
      store.image(String(at)),
      ...names.map((name) => store.layer(String(at), name)),
    ]);
    if (turn !== updates) return; // something else was chosen meanwhile
    if (scene?.at !== at) [painted, moved] = [{}, [0, 0]];
    scene = { at, row, names, image, layers: Object.fromEntries(names.map((name, n) => [name, own[n]])) };
    const faults = [image, ...own].map(({ problem: text }) => text).filter(Boolean);
    problem.hidden = !faults.length;
    problem.textContent = [...new Set(faults)].join(" ");
    layOut();
    draw();
  }

  function layOut() {
    const key = JSON.stringify(scene.names);
    if (panels.dataset.key !== key) {
      panels.dataset.key = key;
      panels.style.setProperty("--wbc-columns", scene.names.length);
      panels.replaceChildren(...scene.names.map(makePanel));
    }
    const [side, cell_id, member] = scene.row.cells[0];
    const picked = { panel: side === "reference" ? "reference" : member, side, cell_id };
    [...panels.children].forEach((box, at) => {
      const name = scene.names[at];
      const text = scene.image.problem ? "" : describeCell(name, partnerIn(name, picked, scene.layers));
      box.querySelector(".wbc-record").textContent = text;
    });
    const outcomes = new Set(
      scene.row.panels.flatMap((name) =>
        ["reference", "predicted"].flatMap((of) => [...scene.layers[name].cells[of].values()].map((cell) => cell.outcome)),
      ),
    );
    const entries = [["reference", REFERENCE_COLOUR]];
    for (const [outcome, colour] of Object.entries(schema.outcomes)) {
      if (outcomes.has(outcome)) entries.push([outcome, colour]);
    }
    legend.replaceChildren(
      ...entries.map(([name, colour]) => {
        const entry = element("span", { className: "wbc-entry" });
        const swatch = element("span", { className: "wbc-swatch wbr-swatch" });
        swatch.style.borderColor = colour;
        entry.append(swatch, name);
        return entry;
      }),
      element("span", { className: "wbc-soft", textContent: "in corners: what to judge; dashed: a reference cell that was lost" }),
    );
  }

  function makePanel(name) {
    const box = element("figure", { className: "wbc-panel" });
    const canvas = element("canvas", { className: "wbc-canvas" });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Cells of ${name}`);
    const frame = element("div", { className: "wbc-frame wbr-frame" });
    frame.append(canvas);
    const record = element("p", { className: "wbc-record" });
    record.setAttribute("aria-live", "polite");
    box.append(element("figcaption", { textContent: name }), frame, record);
    watchPointer(canvas, {
      onMove: (dx, dy) => {
        const { zoom } = viewOf(canvas);
        moved = [moved[0] - dy / zoom, moved[1] - dx / zoom];
        draw();
      },
      onZoom: zoomBy,
      onClick: () => {},
    });
    return box;
  }

  function viewOf(canvas) {
    const [width, height] = [canvas.clientWidth || 1, canvas.clientHeight || 1];
    const [top, left, bottom, right] = scene.row.box;
    const around = Math.max(LEAST_AROUND_PX, AROUND * Math.max(bottom - top, right - left));
    const zoom = (Math.min(width, height) / around) * look.zoom;
    const row = (top + bottom) / 2 - scene.image.top + moved[0];
    const column = (left + right) / 2 - scene.image.left + moved[1];
    return { zoom, left: width / 2 - column * zoom, top: height / 2 - row * zoom };
  }

  // A pointer moves more often than a screen is drawn.
  function draw() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      if (scene && !scene.image.problem) drawNow();
    });
  }

  function drawNow() {
    const { image, names } = scene;
    const light = { channel: null, contrast: look.contrast };
    const base = once("image", JSON.stringify(light), () => paintImage(image, light));
    panels.querySelectorAll("canvas").forEach((canvas, at) => {
      const view = viewOf(canvas);
      const context = fitCanvas(canvas);
      context.imageSmoothingEnabled = view.zoom < 1;
      const put = (picture) =>
        context.drawImage(picture, view.left, view.top, image.width * view.zoom, image.height * view.zoom);
      put(base);
      const line = lineOnInk(image, view.zoom);
      const key = JSON.stringify([look.drawing, line]);
      put(once(names[at], key, () => paintInk(image, coatsOf(names[at]), { drawing: look.drawing, line })));
      drawCorners(context, view);
    });
  }

  function coatsOf(name) {
    const { layers, row } = scene;
    const coats = panelCoats(name, layers[name], layers.reference, { outcomes: schema.outcomes, hidden: [] });
    if (name !== "reference") return coats;
    // Cells that a verdict is about have the colour of the error in the reference too.
    const ids = new Set(row.cells.filter(([side]) => side === "reference").map(([, id]) => id));
    const colour = schema.outcomes[row.kind] ?? REFERENCE_COLOUR;
    return [...coats, { ranks: layers.reference.ranks, colours: rankColours(layers.reference, (id) => (ids.has(id) ? colour : null)) }];
  }

  // Corners around what a verdict is about, seen on any ground: they hide no cell.
  function drawCorners(context, { zoom, left, top }) {
    const [first, start, last, end] = scene.row.box;
    const x = [start, end].map((column) => left + (column - scene.image.left) * zoom);
    const y = [first, last].map((row) => top + (row - scene.image.top) * zoom);
    const arm = Math.max(6, Math.min(18, (x[1] - x[0]) / 4, (y[1] - y[0]) / 4));
    context.beginPath();
    for (const [atX, wayX] of [[x[0] - CORNER_GAP_PX, 1], [x[1] + CORNER_GAP_PX, -1]]) {
      for (const [atY, wayY] of [[y[0] - CORNER_GAP_PX, 1], [y[1] + CORNER_GAP_PX, -1]]) {
        context.moveTo(atX + wayX * arm, atY);
        context.lineTo(atX, atY);
        context.lineTo(atX, atY + wayY * arm);
      }
    }
    for (const [width, colour] of [[5, "#000000"], [2, MARK_COLOUR]]) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke();
    }
  }

  // Painting takes longer than drawing: the last picture of each kind is kept.
  function once(kind, key, paint) {
    if (painted[kind]?.key !== key) painted[kind] = { key, picture: paint() };
    return painted[kind].picture;
  }

  const resizing = new ResizeObserver(draw);
  resizing.observe(panels);
  return {
    show,
    // What is likely wanted next is fetched while this one is looked at.
    fetch: (at) => ["", "reference", ...schema.rows[at].panels].forEach((name) => store.layer(String(at), name)),
    centre: () => (moved = [0, 0]),
    forget: () => resizing.disconnect(),
  };
}
