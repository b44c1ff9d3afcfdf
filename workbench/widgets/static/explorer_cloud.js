// The cloud: points or their density, a brush, and what the pointer is near.

const MOST_POINTS = 15000;
const MOST_SHAPES = 8000;
const SPOT_PX = 3;
const NEAR_PX = 9;

function makeCloud(host, { onBrush, onPick, onClear, describe }) {
  const points = element("canvas", { className: "wbx-points", ariaHidden: "true" });
  const overlay = element("canvas", { className: "wbx-overlay", tabIndex: 0 });
  overlay.setAttribute("role", "application");
  const tip = element("div", { className: "wbx-tip", hidden: true });
  host.append(points, overlay, tip);
  let scene = null; // what is drawn now
  let positions = { key: "" };
  let drag = null;
  let near = null; // row under the pointer, or walked to by keys
  let marked = null; // row whose picture the pointer is on

  function draw(table, state, view) {
    const width = host.clientWidth;
    const height = host.clientHeight;
    if (!width || !height) return;
    const colours = makeColours(table.columns[state.colour]);
    const columns = { x: table.columns[state.x], y: table.columns[state.y] };
    const scales = {
      x: makeScale(columns.x, FRAME.left, width - FRAME.right),
      y: makeScale(columns.y, height - FRAME.bottom, FRAME.top),
    };
    const key = [table.level, state.x, state.y, width, height].join();
    if (positions.key !== key) positions = { key, ...place(columns, scales, table.nRows) };
    near = near !== null && view.visible[near] ? near : null;
    scene = { table, state, view, columns, scales, colours, width, height, ink: readInk(host) };
    scene.restricted = state.picked !== null || state.brush !== null;
    for (const canvas of [points, overlay]) fitCanvas(canvas, width, height);
    const context = points.getContext("2d");
    drawAxes(context, scene);
    drawStrip(context, scene, positions.x);
    scene.nDrawn = countDrawn();
    if (scene.nDrawn > MOST_POINTS) drawDensity(context);
    else drawPoints(context);
    drawOverlay();
  }

  function countDrawn() {
    let n = 0;
    for (let row = 0; row < scene.table.nRows; row++) {
      n += scene.view.visible[row] && !Number.isNaN(positions.x[row] + positions.y[row]);
    }
    return n;
  }

  function drawPoints(context) {
    const { view, table, colours, ink, restricted, nDrawn } = scene;
    const radius = nDrawn < 600 ? 3.6 : nDrawn < 3000 ? 2.8 : 2;
    const withShapes = colours.shaped && nDrawn < MOST_SHAPES;
    const paint = (row, colour, alpha) => {
      const [x, y] = [positions.x[row], positions.y[row]];
      if (Number.isNaN(x + y)) return;
      context.globalAlpha = alpha;
      context.fillStyle = colour;
      const place = colours.ofRow(row);
      const shape = withShapes ? SHAPES[place] ?? "circle" : "circle";
      context.fill(shapePath(shape, x, y, radius));
    };
    if (restricted) {
      for (let row = 0; row < table.nRows; row++) {
        if (view.visible[row] && !view.chosen[row]) paint(row, ink.faint, 0.45);
      }
    }
    for (let row = 0; row < table.nRows; row++) {
      if (view.chosen[row]) paint(row, colours.colours[colours.ofRow(row)], 0.8);
    }
    context.globalAlpha = 1;
  }

  // Spots of three pixels: the colour is the most frequent one, the more cells the less see-through.
  function drawDensity(context) {
    const { view, table, colours, ink, restricted, width, height } = scene;
    const across = Math.ceil(width / SPOT_PX);
    const down = Math.ceil(height / SPOT_PX);
    const n = colours.colours.length;
    const counts = new Uint32Array(across * down * n);
    const others = new Uint32Array(across * down);
    for (let row = 0; row < table.nRows; row++) {
      if (!view.visible[row] || Number.isNaN(positions.x[row] + positions.y[row])) continue;
      const spot =
        Math.floor(positions.y[row] / SPOT_PX) * across + Math.floor(positions.x[row] / SPOT_PX);
      if (view.chosen[row]) counts[spot * n + colours.ofRow(row)]++;
      else others[spot]++;
    }
    const rgb = colours.colours.map(parseColour);
    const faint = parseColour(ink.faint);
    const totals = new Uint32Array(across * down);
    let most = 2;
    for (let spot = 0; spot < totals.length; spot++) {
      for (let place = 0; place < n; place++) totals[spot] += counts[spot * n + place];
      most = Math.max(most, totals[spot], others[spot]);
    }
    const image = new ImageData(across, down);
    for (let spot = 0; spot < totals.length; spot++) {
      const count = totals[spot] || others[spot];
      if (!count) continue;
      let best = 0;
      for (let place = 1; place < n; place++) {
        if (counts[spot * n + place] > counts[spot * n + best]) best = place;
      }
      image.data.set(totals[spot] ? rgb[best] : faint, 4 * spot);
      image.data[4 * spot + 3] = 105 + (150 * Math.log(count)) / Math.log(most);
    }
    const small = new OffscreenCanvas(across, down);
    small.getContext("2d").putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, across * SPOT_PX, down * SPOT_PX);
    scene.most = most;
  }

  function drawOverlay() {
    const context = overlay.getContext("2d");
    const { scales, state, ink, width, height } = scene;
    context.clearRect(0, 0, width, height);
    const brush = drag?.box ?? (state.picked === null && state.brush && boxOf(state.brush, scales));
    if (brush) {
      const [left, top, right, bottom] = clipped(brush, width, height);
      context.fillStyle = ink.brushFill;
      context.fillRect(left, top, right - left, bottom - top);
      context.strokeStyle = ink.accent;
      context.lineWidth = 1.5;
      context.strokeRect(left, top, right - left, bottom - top);
    }
    for (const [row, size] of [[state.picked, 8], [marked, 8], [near, 6]]) {
      if (row === null || !(row < scene.table.nRows)) continue;
      context.strokeStyle = ink.text;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(positions.x[row], positions.y[row], size, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  function showTip() {
    tip.hidden = near === null || drag !== null;
    if (tip.hidden) return;
    tip.replaceChildren(...describe(near).map((line) => element("div", { textContent: line })));
    const [x, y] = [positions.x[near], positions.y[near]];
    tip.style.left = `${Math.min(x + 12, scene.width - tip.offsetWidth - 4)}px`;
    tip.style.top = `${y + 14 + tip.offsetHeight > scene.height ? y - 14 - tip.offsetHeight : y + 14}px`;
  }

  function nearest(x, y) {
    let best = null;
    let least = NEAR_PX ** 2;
    for (let row = 0; row < scene.table.nRows; row++) {
      const distance = (positions.x[row] - x) ** 2 + (positions.y[row] - y) ** 2;
      if (distance < least && scene.view.visible[row]) [best, least] = [row, distance];
    }
    return best;
  }

  const at = (event) => {
    const frame = overlay.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  };

  overlay.addEventListener("pointerdown", (event) => {
    if (!scene || event.button) return;
    overlay.setPointerCapture(event.pointerId);
    drag = { from: at(event), box: null };
  });
  overlay.addEventListener("pointermove", (event) => {
    if (!scene) return;
    const [x, y] = at(event);
    if (drag && (drag.box || Math.hypot(x - drag.from[0], y - drag.from[1]) > 4)) {
      const [x0, y0] = drag.from;
      drag.box = [Math.min(x0, x), Math.min(y0, y), Math.max(x0, x), Math.max(y0, y)];
      onBrush(rangeOf(drag.box, scene.scales));
    }
    near = drag ? null : nearest(x, y);
    drawOverlay();
    showTip();
  });
  overlay.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const wasClick = drag.box === null;
    drag = null;
    const row = wasClick ? nearest(...at(event)) : null;
    if (row !== null) onPick(row);
    else if (wasClick) onClear();
    else drawOverlay();
  });
  overlay.addEventListener("pointercancel", () => (drag = null));
  overlay.addEventListener("dblclick", onClear);
  overlay.addEventListener("pointerleave", () => {
    near = null;
    if (scene) drawOverlay();
    tip.hidden = true;
  });
  overlay.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step && scene) {
      near = neighbour(step);
      drawOverlay();
      showTip();
      event.preventDefault();
    } else if ((event.key === "Enter" || event.key === " ") && near !== null) {
      onPick(near);
      event.preventDefault();
    }
  });

  // The next point along x, so that the cloud can be walked by keys.
  function neighbour(step) {
    const { table, state, view } = scene;
    const order = orderOf(table, state.x, false);
    let place = near === null ? (step > 0 ? -1 : order.length) : order.indexOf(near);
    do place += step;
    while (
      place >= 0 && place < order.length &&
      (!view.visible[order[place]] || Number.isNaN(positions.x[order[place]] + positions.y[order[place]]))
    );
    return order[place] ?? near;
  }

  return {
    draw,
    mark(row) {
      marked = row;
      if (scene) drawOverlay();
    },
    get scene() {
      return scene;
    },
    name(text) {
      overlay.setAttribute("aria-label", text);
    },
  };
}

function place(columns, scales, nRows) {
  const [x, y] = [new Float32Array(nRows), new Float32Array(nRows)];
  for (let row = 0; row < nRows; row++) {
    x[row] = scales.x.toPx(columns.x.values[row]);
    y[row] = scales.y.toPx(columns.y.values[row]);
  }
  return { x, y };
}

function rangeOf([left, top, right, bottom], { x, y }) {
  return [x.toValue(left), x.toValue(right), y.toValue(bottom), y.toValue(top)];
}

function boxOf([lowX, highX, lowY, highY], { x, y }) {
  return [x.toPx(lowX), y.toPx(highY), x.toPx(highX), y.toPx(lowY)];
}

function clipped([left, top, right, bottom], width, height) {
  // A brush set by numbers may reach beyond the axes, or below 0 where they are logarithmic.
  const [least, most] = [FRAME.left, width - FRAME.right];
  const within = (value, low, high) => Math.min(high, Math.max(low, Number.isNaN(value) ? low : value));
  return [
    within(left, least, most), within(top, FRAME.top, height - FRAME.bottom),
    within(right, least, most),
    Number.isNaN(bottom) ? height - FRAME.bottom : within(bottom, FRAME.top, height - FRAME.bottom),
  ];
}
