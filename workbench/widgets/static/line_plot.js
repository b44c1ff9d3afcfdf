// A small plot of lines: axes, ticks, and a mark where a slider stands. Lines say their name to a
// pointer that rests on them.

const PLOT = { width: 320, height: 190, left: 44, right: 12, top: 24, bottom: 36 };

// `series` are {name, x, y (null where undefined), colour, dash, points}; `mark` is {x, y} or null.
function linePlot({ title, xLabel, yLabel, series, xRange, yRange, mark }) {
  const flat = (key) => series.flatMap((one) => one[key]).filter((value) => value !== null && isFinite(value));
  const [x0, x1] = xRange ?? paddedRange(flat("x"));
  const [y0, y1] = yRange ?? paddedRange(flat("y"));
  const toX = (value) => PLOT.left + ((value - x0) / (x1 - x0)) * (PLOT.width - PLOT.left - PLOT.right);
  const toY = (value) => PLOT.height - PLOT.bottom - ((value - y0) / (y1 - y0)) * (PLOT.height - PLOT.top - PLOT.bottom);
  const root = vector("svg", { viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, class: "wbl", role: "img" });
  root.setAttribute("aria-label", title);
  root.append(text(PLOT.left, 14, title, { class: "wbl-title" }));
  for (const value of ticks(y0, y1)) {
    const y = toY(value);
    root.append(vector("line", { x1: PLOT.left, x2: PLOT.width - PLOT.right, y1: y, y2: y, class: "wbl-grid" }));
    root.append(text(PLOT.left - 5, y + 4, short(value), { "text-anchor": "end" }));
  }
  for (const value of ticks(x0, x1)) {
    root.append(text(toX(value), PLOT.height - PLOT.bottom + 14, short(value), { "text-anchor": "middle" }));
  }
  const middle = (PLOT.left + PLOT.width - PLOT.right) / 2;
  root.append(text(middle, PLOT.height - 4, xLabel, { "text-anchor": "middle" }));
  const turned = text(11, PLOT.height / 2, yLabel, { "text-anchor": "middle" });
  turned.setAttribute("transform", `rotate(-90 11 ${PLOT.height / 2})`);
  root.append(turned);
  for (const one of series) drawSeries(root, one, toX, toY);
  if (mark && mark.x !== null) {
    const x = toX(mark.x);
    root.append(vector("line", { x1: x, x2: x, y1: PLOT.top, y2: PLOT.height - PLOT.bottom, class: "wbl-mark" }));
    if (mark.y !== null) root.append(vector("circle", { cx: x, cy: toY(mark.y), r: 4, class: "wbl-dot" }));
  }
  return root;
}

function drawSeries(root, { name, x, y, colour, dash, points }, toX, toY) {
  let path = "";
  let last = false;
  x.forEach((value, at) => {
    const there = y[at] !== null && isFinite(y[at]);
    if (there) path += `${last ? "L" : "M"}${toX(value).toFixed(1)} ${toY(y[at]).toFixed(1)}`;
    last = there || (last && points); // a line goes on over epochs that were not validated
  });
  const line = vector("path", { d: path || "M0 0", class: "wbl-line" });
  if (colour) line.style.stroke = colour;
  if (dash) line.setAttribute("stroke-dasharray", dash);
  line.append(named(name));
  root.append(line);
  const alone = y.filter((value) => value !== null).length === 1;
  if (!points && !alone) return;
  x.forEach((value, at) => {
    if (y[at] === null) return;
    const dot = vector("circle", { cx: toX(value), cy: toY(y[at]), r: 3, class: "wbl-point" });
    if (colour) dot.style.fill = colour;
    dot.append(named(`${name}: ${short(y[at])}`));
    root.append(dot);
  });
}

function ticks(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n++) found.push(n * step);
  return found;
}

function paddedRange(values) {
  if (!values.length) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low < high ? [low, high] : [low - 0.5, high + 0.5];
}

function short(value) {
  return String(+value.toPrecision(3));
}

function vector(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function text(x, y, content, attributes) {
  const made = vector("text", { x, y, ...attributes });
  made.textContent = content;
  return made;
}

function named(content) {
  const made = vector("title", {});
  made.textContent = content;
  return made;
}
