// The threshold panel: one picture, sliders beside it, and curves that show where the sliders stand.
// At most one question is on its way; while it is, only the newest place of the sliders is kept.

const TELL_AFTER_MS = 120;
const SLOW_AFTER_MS = 400;

function mount(root, source) {
  root.classList.add("wbc", "wbt");
  root.tabIndex = 0;
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Thresholds and decoder");
  // JupyterLab would take arrows and letters for its own.
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  const { schema } = source;
  const decodings = makeDecodings(source);
  let state = structuredClone(source.readState());
  let scene = null; // {image, reference, layer, outcomes, state} on screen
  let place = { centre: null, zoom: null };
  let [wanted, busy, telling, drawing] = [false, false, null, false];
  let painted = {};
  let picked = null;

  const bar = element("div");
  const legend = element("div", { className: "wbc-bar wbc-legend" });
  const problem = element("p", { className: "wbc-problem", hidden: true });
  problem.setAttribute("role", "alert");
  const slow = element("p", { className: "wbt-slow", hidden: true, textContent: "Asking the network, once for this image …" });
  slow.setAttribute("role", "status");
  const canvas = element("canvas", { className: "wbc-canvas" });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Image with the cells that were found");
  const frame = element("div", { className: "wbc-frame" });
  frame.append(canvas, slow);
  const record = element("p", { className: "wbc-record" });
  record.setAttribute("aria-live", "polite");
  const hint = element("p", { className: "wbc-soft", textContent: "Drag to move, wheel to zoom, click a cell. Keys: ← → image, O outlines, + − 0 zoom." });
  const pictures = element("div", { className: "wbt-picture" });
  pictures.append(frame, record, legend, hint);
  const scores = element("dl", { className: "wbt-scores" });
  const sliders = element("div", { className: "wbt-sliders" });
  const curves = element("div", { className: "wbt-curves" });
  const side = element("div", { className: "wbt-side" });
  side.append(scores, sliders, curves);
  const body = element("div", { className: "wbt-body" });
  body.append(pictures, side);
  root.replaceChildren(bar, problem, body);
  const controls = makeDials({ bar, sliders }, { schema, change, step, fit });
  controls.bind(() => state, () => scene?.layer ?? {});
  const showLegend = makeLegend(legend, { schema, read: () => state, change });

  function change(changes) {
    const other = "image_id" in changes || "member" in changes;
    if ("image_id" in changes) place = { centre: null, zoom: null };
    if (other) picked = null;
    state = { ...state, ...changes };
    if (other) state = { ...state, decoder: decoderOf(state), ...changes };
    clearTimeout(telling);
    telling = setTimeout(() => source.writeState(structuredClone(state)), TELL_AFTER_MS);
    update();
  }

  // Another image begins as it was predicted. A page holds the cells of moved settings for one image.
  function decoderOf({ image_id, member }) {
    const { still, shown, decoder } = schema;
    return still && shown.image_id === image_id && shown.member === member ? decoder : null;
  }

  function step(by) {
    const { image_ids } = schema;
    const at = image_ids.indexOf(state.image_id) + by;
    change({ image_id: image_ids[(at + image_ids.length) % image_ids.length] });
  }

  function fit() {
    place = { centre: null, zoom: null };
    draw();
  }

  async function update() {
    wanted = true;
    if (busy) return;
    busy = true;
    while (wanted) {
      wanted = false;
      const waiting = setTimeout(() => (slow.hidden = schema.still), SLOW_AFTER_MS);
      await show(structuredClone(state));
      clearTimeout(waiting);
      slow.hidden = true;
    }
    busy = false;
  }

  async function show(now) {
    const [image, reference, layer] = await Promise.all([
      decodings.image(now), decodings.reference(now), decodings.cells(now),
    ]);
    const outcomes = layer.problem ? { problem: layer.problem } : await decodings.outcomes(now);
    const faults = [image, reference, layer, outcomes].map(({ problem: words }) => words).filter(Boolean);
    problem.hidden = !faults.length;
    problem.textContent = [...new Set(faults)].join(" ");
    if (scene?.image !== image) painted = {};
    if (scene?.layer !== layer) picked = picked?.side === "reference" ? picked : null;
    if (!faults.length) withOutcomes(layer, outcomes.codes, schema.outcome_names);
    scene = { image, reference, layer, outcomes, state: now };
    controls.show(state, layer);
    if (faults.length) {
      scores.replaceChildren();
      curves.replaceChildren();
    } else {
      showLegend({ row: outcomes.row, hidden: now.hidden });
      showScores(outcomes.row);
      showCurves(now, outcomes);
    }
    draw();
  }

  function showScores(row) {
    const number = (value) => (value === null ? "undefined" : value.toFixed(2));
    const facts = [
      ["F1", number(row.f1)], ["Precision", number(row.precision)], ["Recall", number(row.recall)],
      ["Found", `${row.tp} of ${row.n_reference}`], ["Predicted", `${row.n_predicted}`],
    ];
    scores.replaceChildren(
      ...facts.map(([name, value]) => {
        const box = element("div");
        box.append(element("dt", { textContent: name }), element("dd", { textContent: value }));
        return box;
      }),
    );
  }

  function showCurves(now, { row, by_iou, by_cut }) {
    const plot = (title, xLabel, x, y, at) =>
      linePlot({ title, xLabel, yLabel: "F1", xRange: [0, 1], yRange: [0, 1], series: [{ name: "F1", x, y }], mark: { x: at, y: row.f1 } });
    const plots = [plot("F1 against the IoU threshold", "IoU threshold", schema.iou_steps, by_iou, now.iou_threshold)];
    if (scene.layer.has_confidences) {
      plots.push(plot("F1 against the confidence cut", "Confidence cut", schema.cut_steps, by_cut, now.least_confidence));
    }
    curves.replaceChildren(...plots);
  }

  function viewOf() {
    const [width, height] = [canvas.clientWidth || 1, canvas.clientHeight || 1];
    const { image } = scene;
    const zoom = place.zoom ?? Math.min(width / image.width, height / image.height);
    const [row, column] = place.centre ?? [image.height / 2, image.width / 2];
    return { zoom, centre: [row, column], left: width / 2 - column * zoom, top: height / 2 - row * zoom };
  }

  function zoomAbout(factor, at) {
    const { zoom, left, top } = viewOf();
    const next = Math.min(MOST_ZOOM, Math.max(0.02, zoom * factor));
    const [column, row] = [(at[0] - left) / zoom, (at[1] - top) / zoom];
    // What lies under the pointer stays there.
    const centre = [row + (canvas.clientHeight / 2 - at[1]) / next, column + (canvas.clientWidth / 2 - at[0]) / next];
    place = { zoom: next, centre };
    draw();
  }

  watchPointer(canvas, {
    onMove: (dx, dy) => {
      const { zoom, centre } = viewOf();
      place = { zoom, centre: [centre[0] - dy / zoom, centre[1] - dx / zoom] };
      draw();
    },
    onZoom: (factor, at) => scene && zoomAbout(factor, at),
    onClick: (at) => {
      if (!scene || scene.layer.problem) return;
      const { zoom, left, top } = viewOf();
      const point = [(at[1] - top) / zoom, (at[0] - left) / zoom];
      picked = cellAt("own", point, scene.image, { own: scene.layer, reference: scene.reference });
      draw();
    },
  });

  function draw() {
    if (drawing) return;
    drawing = true;
    requestAnimationFrame(() => {
      drawing = false;
      if (scene) drawNow();
    });
  }

  function drawNow() {
    const { image, layer, reference, outcomes } = scene;
    const view = viewOf();
    const context = fitCanvas(canvas);
    context.imageSmoothingEnabled = view.zoom < 1;
    const put = (picture) => context.drawImage(picture, view.left, view.top, image.width * view.zoom, image.height * view.zoom);
    put(once("image", image, () => paintImage(image, { channel: null, contrast: [0, 1] })));
    record.textContent = "";
    if (layer.problem || outcomes.problem) return;
    const line = lineOnInk(image, view.zoom);
    const look = [layer, outcomes, state.drawing, state.hidden.join(), line];
    put(once("ink", look, () => {
      const coats = panelCoats("own", layer, reference, { outcomes: schema.outcomes, hidden: state.hidden });
      return paintInk(image, coats, { drawing: state.drawing, line });
    }));
    const cell = picked && found(layer, picked.side, picked.cell_id);
    if (!cell) return;
    record.textContent = describeCell("own", cell);
    const owner = cell.side === "reference" ? reference : layer;
    const colours = rankColours(owner, (id) => (id === cell.cell_id ? MARK_COLOUR : null));
    put(paintInk(image, [{ ranks: owner.ranks, colours }], { drawing: "outlines", line: 2 * line }));
  }

  // Painting takes longer than drawing: the last picture of each kind is kept.
  function once(kind, look, paint) {
    const parts = [look].flat();
    const kept = painted[kind];
    if (!kept || parts.some((part, at) => part !== kept.parts[at])) painted[kind] = { parts, picture: paint() };
    return painted[kind].picture;
  }

  const middle = (factor) => scene && zoomAbout(factor, [canvas.clientWidth / 2, canvas.clientHeight / 2]);
  const keys = {
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    o: () => change({ drawing: after(["outlines", "fills", "nothing"], state.drawing) }),
    "+": () => middle(STEP),
    "=": () => middle(STEP),
    "-": () => middle(1 / STEP),
    0: fit,
    Escape: () => ((picked = null), draw()),
  };
  root.addEventListener("keydown", (event) => {
    // A slider and a menu have their own use for keys.
    if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|SELECT/.test(event.target.tagName)) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });

  const resizing = new ResizeObserver(draw);
  resizing.observe(frame);
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

function mountStillThreshold() {
  const data = JSON.parse(document.getElementById("data").textContent);
  mount(document.getElementById("threshold"), pageSource(data));
}

export default { render: ({ model, el }) => mount(el, kernelSource(model)) };
