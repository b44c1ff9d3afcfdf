// The cloud's frame: axes with their numbers, and the histogram above.

const FRAME = { left: 62, right: 18, top: 64, bottom: 46, strip: 46 };
const N_BARS = 48;

function drawAxes(context, { scales, columns, ink, width, height }) {
  context.clearRect(0, 0, width, height);
  context.font = `12px ${ink.font}`;
  context.lineWidth = 1;
  const [bottom, right] = [height - FRAME.bottom, width - FRAME.right];
  context.textAlign = "center";
  context.textBaseline = "top";
  let free = 0; // where the last number ends: one that would touch it is left out
  for (const tick of scales.x.ticks) {
    const x = Math.round(scales.x.toPx(tick)) + 0.5;
    drawLine(context, ink.grid, x, FRAME.top, x, bottom);
    const half = context.measureText(formatNumber(tick)).width / 2;
    if (x - half < free || x + half > width) continue;
    free = x + half + 8;
    context.fillStyle = ink.text;
    context.fillText(formatNumber(tick), x, bottom + 7);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const tick of scales.y.ticks) {
    const y = Math.round(scales.y.toPx(tick)) + 0.5;
    drawLine(context, ink.grid, FRAME.left, y, right, y);
    context.fillStyle = ink.text;
    context.fillText(formatNumber(tick), FRAME.left - 7, y);
  }
  drawLine(context, ink.axis, FRAME.left + 0.5, FRAME.top, FRAME.left + 0.5, bottom);
  drawLine(context, ink.axis, FRAME.left, bottom + 0.5, right, bottom + 0.5);
  const called = (column) => column.label + (column.is_log ? " (logarithmic)" : "");
  context.fillStyle = ink.text;
  context.font = `13px ${ink.font}`;
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.fillText(called(columns.x), (FRAME.left + right) / 2, height - 4);
  context.save();
  context.translate(13, (FRAME.top + bottom) / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = "middle";
  context.fillText(called(columns.y), 0, 0);
  context.restore();
}

function drawLine(context, colour, x0, y0, x1, y1) {
  context.strokeStyle = colour;
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

// All visible rows grey, the chosen ones as a line; each as shares of its own number, since a few
// chosen ones would vanish among all.
function drawStrip(context, { table, view, ink, restricted, width }, positions) {
  const length = width - FRAME.right - FRAME.left;
  const [all, chosen] = [new Uint32Array(N_BARS), new Uint32Array(N_BARS)];
  for (let row = 0; row < table.nRows; row++) {
    if (!view.visible[row]) continue;
    const bar = Math.floor(((positions[row] - FRAME.left) / length) * N_BARS);
    if (!(bar >= 0 && bar < N_BARS)) continue;
    all[bar]++;
    chosen[bar] += view.chosen[row];
  }
  const base = FRAME.top - 10;
  const barWidth = length / N_BARS;
  const shares = (counts) => {
    const total = counts.reduce((sum, count) => sum + count, 0) || 1;
    return Array.from(counts, (count) => count / total);
  };
  const [allShares, chosenShares] = [shares(all), shares(chosen)];
  const most = Math.max(...allShares, ...(restricted ? chosenShares : []), 1e-9);
  const top = (share) => base - (share / most) * FRAME.strip;
  context.fillStyle = ink.bars;
  allShares.forEach((share, bar) => {
    const x = FRAME.left + bar * barWidth;
    context.fillRect(x, top(share), barWidth - 1, base - top(share));
  });
  drawLine(context, ink.grid, FRAME.left, base + 0.5, FRAME.left + length, base + 0.5);
  if (!restricted) return;
  context.strokeStyle = ink.accent;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(FRAME.left, base);
  chosenShares.forEach((share, bar) => {
    context.lineTo(FRAME.left + bar * barWidth, top(share));
    context.lineTo(FRAME.left + (bar + 1) * barWidth, top(share));
  });
  context.lineTo(FRAME.left + length, base);
  context.stroke();
  context.lineWidth = 1;
}

function fitCanvas(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
}

// A canvas knows no style sheet, so the colours of the theme are read from the element.
function readInk(host) {
  const style = getComputedStyle(host);
  const read = (name) => style.getPropertyValue(`--wbx-${name}`).trim();
  return {
    text: read("text"), axis: read("axis"), grid: read("grid"), bars: read("bars"),
    faint: read("faint"), accent: read("accent"),
    brushFill: read("brush"), font: style.fontFamily,
  };
}
