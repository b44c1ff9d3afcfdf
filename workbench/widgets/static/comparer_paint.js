// Pictures from arrays: the image with its contrast, and the cells of a panel as ink over it. Both
// are painted once for each change of look; panning and zooming only draws them elsewhere.

const FINE_PX = 1536; // small images get finer ink, so that lines stay thin when they are enlarged
const LINE_PX = 2.4;
const FILL_ALPHA = 0.38;
const REFERENCE_COLOUR = "#00A676";
const MARK_COLOUR = "#FFFFFF";
const MARK_GROUND = "#000000";

function paintImage(image, { channel, contrast }) {
  const canvas = element("canvas", { width: image.width, height: image.height });
  if (!image.planes.length) return canvas;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(image.width, image.height);
  const [low, high] = contrast.map((share) => 255 * share);
  const look = Uint8ClampedArray.from({ length: 256 }, (_, value) => (255 * (value - low)) / (high - low));
  const one = channel ?? (image.planes.length === 1 ? 0 : null);
  const planes = one !== null ? [one, one, one].map((at) => image.planes[at]) : image.planes.slice(0, 3);
  const out = pixels.data;
  const [red, green, blue] = planes;
  for (let at = 0, to = 0; at < red.length; at++, to += 4) {
    out[to] = look[red[at]];
    out[to + 1] = look[green[at]];
    out[to + 2] = blue ? look[blue[at]] : 0;
    out[to + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

function inkScale(image) {
  return Math.min(4, Math.max(1, Math.floor(FINE_PX / Math.max(image.width, image.height))));
}

// How thick lines are on the ink, in steps of two, so that zooming rarely paints anew.
function lineOnInk(image, zoom) {
  const wanted = (LINE_PX * inkScale(image)) / zoom;
  return Math.min(16, Math.max(1, 2 ** Math.round(Math.log2(wanted))));
}

// Paint cells: `coats` are {ranks, colours (per rank, 0 for none), dashed, line}, the later above; a
// coat may have a line of its own.
function paintInk(image, coats, { drawing, line }) {
  const scale = inkScale(image);
  const [width, height] = [image.width * scale, image.height * scale];
  const canvas = element("canvas", { width, height });
  if (drawing === "nothing") return canvas;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(width, height);
  const out = new Uint32Array(pixels.data.buffer);
  const fill = drawing === "fills" ? Math.round(255 * FILL_ALPHA) << 24 : 0;
  for (const { ranks, colours, dashed, line: own = line } of coats) {
    if (!ranks) continue;
    const reaches = own > 2 ? [own, own >> 1] : [own];
    const places = { rows: inkPlaces(image.height, scale, reaches), columns: inkPlaces(image.width, scale, reaches) };
    for (let row = 0; row < height; row++) {
      const start = places.rows.at[row] * image.width;
      for (let column = 0; column < width; column++) {
        const rank = ranks[start + places.columns.at[column]];
        if (!rank || !colours[rank]) continue;
        const at = row * width + column;
        if (isBorder(ranks, rank, row, column, places, image.width)) {
          if (!dashed || Math.floor((row + column) / (3 * own)) % 2) out[at] = colours[rank];
        } else if (fill && !dashed) {
          out[at] = ((colours[rank] & 0xffffff) | fill) >>> 0;
        }
      }
    }
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

// For each line of ink, the line of the image it shows, and those that lie a reach before and after;
// -1 beyond the image.
function inkPlaces(size, scale, reaches) {
  const shifted = (by) =>
    Int32Array.from({ length: size * scale }, (_, place) => {
      const moved = place + by;
      return moved < 0 || moved >= size * scale ? -1 : Math.floor(moved / scale);
    });
  return { at: shifted(0), around: reaches.flatMap((reach) => [shifted(-reach), shifted(reach)]) };
}

function isBorder(ranks, rank, row, column, { rows, columns }, stride) {
  const [x, y] = [columns.at[column], rows.at[row]];
  for (let side = 0; side < rows.around.length; side++) {
    const otherRow = rows.around[side][row];
    if (otherRow < 0 || ranks[otherRow * stride + x] !== rank) return true;
    const otherColumn = columns.around[side][column];
    if (otherColumn < 0 || ranks[y * stride + otherColumn] !== rank) return true;
  }
  return false;
}

// The colour of each rank as the little-endian word of its pixel; 0 for what is not drawn.
function rankColours(layer, colourOf) {
  const colours = new Uint32Array(layer.ids.length + 1);
  layer.ids.forEach((id, at) => {
    const colour = colourOf(id);
    colours[at + 1] = colour ? pixelOf(colour) : 0;
  });
  return colours;
}

function pixelOf(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

// What is painted over a panel: its own cells, and the reference's cells that the model lost.
function panelCoats(panel, layer, reference, { outcomes, hidden }) {
  if (panel === "reference") {
    return [{ ranks: layer.ranks, colours: rankColours(layer, () => REFERENCE_COLOUR) }];
  }
  const shown = (cell) => (cell && !hidden.includes(cell.outcome) ? outcomes[cell.outcome] : null);
  const { predicted, reference: lost } = layer.cells;
  const isLost = (cell) => cell && cell.outcome !== "matched";
  return [
    {
      ranks: reference.ranks,
      dashed: true,
      colours: rankColours(reference, (id) => (isLost(lost.get(id)) ? shown(lost.get(id)) : null)),
    },
    { ranks: layer.ranks, colours: rankColours(layer, (id) => shown(predicted.get(id))) },
  ];
}
