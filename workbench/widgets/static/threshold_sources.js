// Cells, and what becomes of them where the sliders stand: asked of the kernel, or found among the
// outcomes at every step that a page holds. Cells are asked for once per decoder, outcomes are light.

const KEPT_ANSWERS = 64;

function makeDecodings(source) {
  const { schema } = source;
  const kept = new Map();
  const once = (image_id, panel, open) => {
    const key = JSON.stringify([image_id, panel]);
    const found = kept.get(key) ?? source.parcel(image_id, panel).then(open);
    kept.delete(key);
    kept.set(key, found);
    if (kept.size > KEPT_ANSWERS) kept.delete(kept.keys().next().value);
    return found;
  };
  const { still } = schema;
  const asked = (kind, { member, decoder, iou_threshold, least_confidence }) =>
    JSON.stringify(
      kind === "cells" ? { kind, member, decoder } : { kind, member, decoder, iou_threshold, least_confidence },
    );
  return {
    image: ({ image_id }) => once(image_id, "", openImage),
    reference: ({ image_id }) => once(image_id, "reference", openLayer),
    cells: (state) => once(state.image_id, still ? `cells ${state.member}` : asked("cells", state), openFound),
    outcomes: still
      ? async (state) => stepOf(await once(state.image_id, `grid ${state.member}`, openOutcomes), state, schema)
      : (state) => once(state.image_id, asked("outcomes", state), openOutcomes),
  };
}

async function openFound(parcel) {
  const layer = await openLayer(parcel);
  if (layer.problem) return layer;
  const { own, others, note, has_confidences } = parcel.about;
  return { ...layer, own, others, note, has_confidences };
}

async function openOutcomes({ about, blocks, problem }) {
  if (problem) return { problem };
  return { ...about, codes: await inflate(blocks[0]) };
}

// What a page holds of the step nearest to where the sliders stand.
function stepOf(grid, { iou_threshold, least_confidence }, { iou_steps, cut_steps }) {
  if (grid.problem) return grid;
  const [row, column] = [nearest(iou_steps, iou_threshold), nearest(cut_steps, least_confidence)];
  const at = grid.index[row][column];
  const n_cells = grid.rows.length ? grid.codes.length / grid.rows.length : 0;
  return {
    row: grid.rows[at],
    codes: grid.codes.subarray(at * n_cells, (at + 1) * n_cells),
    by_iou: grid.index.map((line) => grid.rows[line[column]].f1),
    by_cut: grid.index[row].map((place) => grid.rows[place].f1),
  };
}

function nearest(steps, value) {
  let best = 0;
  steps.forEach((step, at) => {
    if (Math.abs(step - value) < Math.abs(steps[best] - value)) best = at;
  });
  return best;
}

// Cells with the outcomes written to them; the order of both is that of the table of cells.
function withOutcomes(layer, codes, names) {
  [...layer.cells.reference.values(), ...layer.cells.predicted.values()].forEach((cell, at) => {
    cell.outcome = names[codes[at]];
  });
  return layer;
}
