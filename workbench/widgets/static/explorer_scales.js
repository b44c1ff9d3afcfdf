// Numbers to pixels, colours and words.

// Okabe and Ito's palette as in figures/_theme.py; the last stands for all further categories.
const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"];
const OTHERS = "#7F7F7F";
// Viridis without its ends, of which one vanishes on white and the other on black.
const VIRIDIS = ["#46327E", "#365C8D", "#277F8E", "#1FA187", "#4AC16D", "#A0DA39"];
const SHAPES = ["circle", "square", "diamond", "triangle", "cross", "bar"];

function formatNumber(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (Math.abs(value) >= 1000 || Number.isInteger(value)) {
    return Math.round(value).toLocaleString("en");
  }
  return String(Number(value.toPrecision(3)));
}

function formatValue(column, row) {
  const value = column.values[row];
  return column.names.length ? column.names[value] : formatNumber(value);
}

// Lowest and highest finite value, found once a column.
function extentOf(column) {
  if (!column.extent) {
    let low = Infinity;
    let high = -Infinity;
    for (const value of column.values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    column.extent = low <= high ? [low, high] : [0, 1];
  }
  return column.extent;
}

function makeScale(column, from, to) {
  const bend = column.is_log ? Math.log10 : (value) => value;
  const unbend = column.is_log ? (value) => 10 ** value : (value) => value;
  let [low, high] = extentOf(column).map(bend);
  const margin = high > low ? 0.04 * (high - low) : Math.max(0.5, 0.1 * Math.abs(low));
  [low, high] = [low - margin, high + margin];
  const step = (to - from) / (high - low);
  return {
    toPx: (value) => from + (bend(value) - low) * step,
    toValue: (px) => unbend(low + (px - from) / step),
    ticks: column.is_log
      ? logTicks(unbend(low), unbend(high), Math.abs(to - from))
      : linearTicks(low, high, Math.abs(to - from)),
  };
}

function linearTicks(low, high, length) {
  const wanted = Math.max(2, length / 70);
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((base) => base * power >= rough) ?? 10);
  const ticks = [];
  for (let at = Math.ceil(low / step); at * step <= high; at++) ticks.push(at * step);
  return ticks.map((tick) => Number(tick.toPrecision(12)));
}

function logTicks(low, high, length) {
  const decades = Math.log10(high / low);
  const bases = length / decades > 130 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil((decades * 45) / length));
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    if (power % every) continue;
    for (const base of bases) {
      const tick = Number((base * 10 ** power).toPrecision(3));
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}

// How a column colours points: a colour and a shape for each row, and entries of a legend.
function makeColours(column) {
  if (!column) return { ofRow: () => 0, colours: [PALETTE[0]], entries: [] };
  if (column.kind === "category") {
    const ranked = column.names.map((_, code) => code);
    if (ranked.length > PALETTE.length) {
      ranked.sort((a, b) => column.counts[b] - column.counts[a] || a - b);
    }
    const places = new Uint8Array(column.names.length).fill(PALETTE.length);
    ranked.slice(0, PALETTE.length).forEach((code, place) => (places[code] = place));
    const entries = ranked.slice(0, PALETTE.length).map((code, place) => ({
      name: column.names[code],
      count: column.counts[code],
      colour: PALETTE[place],
      shape: SHAPES[place],
    }));
    const rest = ranked.slice(PALETTE.length);
    if (rest.length) {
      const count = rest.reduce((sum, code) => sum + column.counts[code], 0);
      entries.push({ name: `${rest.length} others`, count, colour: OTHERS, shape: "circle" });
    }
    const colours = [...PALETTE, OTHERS];
    return { ofRow: (row) => places[column.values[row]], colours, entries, shaped: true };
  }
  const bend = column.is_log ? Math.log10 : (value) => value;
  const [low, high] = extentOf(column).map(bend);
  const last = VIRIDIS.length * 4 - 1;
  const colours = Array.from({ length: last + 1 }, (_, at) => viridis(at / last));
  colours.push(OTHERS); // without a value
  const ofRow = (row) => {
    const share = (bend(column.values[row]) - low) / (high - low || 1);
    return Number.isNaN(share) ? last + 1 : Math.round(share * last);
  };
  return { ofRow, colours, entries: [], range: extentOf(column) };
}

function viridis(share) {
  const at = share * (VIRIDIS.length - 1);
  const first = Math.min(VIRIDIS.length - 2, Math.floor(at));
  const [a, b] = [parseColour(VIRIDIS[first]), parseColour(VIRIDIS[first + 1])];
  const mixed = a.map((part, i) => Math.round(part + (b[i] - part) * (at - first)));
  return `#${mixed.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

function parseColour(text) {
  return [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
}

function shapePath(shape, x, y, r) {
  const path = new Path2D();
  const half = r * 0.9;
  if (shape === "circle") path.arc(x, y, r, 0, 2 * Math.PI);
  else if (shape === "square") path.rect(x - half, y - half, 2 * half, 2 * half);
  else if (shape === "bar") path.rect(x - 1.3 * r, y - 0.5 * r, 2.6 * r, r);
  else {
    const corners = {
      diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
      triangle: [[0, -1.2], [1.2, 0.9], [-1.2, 0.9]],
      cross: [
        [-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4],
        [0.4, 1.2], [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4],
      ],
    }[shape];
    corners.forEach(([dx, dy], i) => path[i ? "lineTo" : "moveTo"](x + dx * r, y + dy * r));
    path.closePath();
  }
  return path;
}
