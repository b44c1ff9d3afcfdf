// What is known of a cell: in the panel it was picked in, and of its partner in every other panel.

// The cell that stands for the picked one in a panel, or null: {side, cell_id, row} .
function partnerIn(panel, picked, layers) {
  if (!picked) return null;
  if (panel === picked.panel) return found(layers[panel], picked.side, picked.cell_id);
  const reference = referenceOf(picked, layers);
  if (panel === "reference") return reference ? found(layers.reference, "reference", reference) : null;
  if (!reference) return null;
  const row = layers[panel].cells.reference.get(reference);
  if (row?.partner_id) return found(layers[panel], "predicted", row.partner_id);
  return found(layers[panel], "reference", reference);
}

function referenceOf(picked, layers) {
  if (picked.side === "reference") return picked.cell_id;
  return layers[picked.panel].cells.predicted.get(picked.cell_id)?.partner_id || null;
}

function found(layer, side, cell_id) {
  const row = layer.cells[side].get(cell_id);
  return row ? { side, cell_id, row } : null;
}

function describeCell(panel, cell) {
  if (!cell) return "no partner here";
  const { side, cell_id, row } = cell;
  const parts = [`${panel === "reference" ? "reference" : side} cell ${cell_id}`];
  if (row.outcome) parts.push(row.detail ? `${row.outcome} (${words(row.detail)})` : row.outcome);
  if (panel !== "reference") {
    const iou = row.matched_iou ?? row.partner_iou;
    if (iou !== null && iou !== undefined) parts.push(`IoU ${iou.toFixed(2)}`);
    if (row.confidence !== null && row.confidence !== undefined) {
      parts.push(`confidence ${row.confidence.toFixed(2)}`);
    }
  }
  parts.push(`${row.area_px.toLocaleString("en")} px`);
  return parts.join(" · ");
}

function words(name) {
  return name.replaceAll("_", " ");
}

// The cell under a point of a panel: what the model predicted there, or a reference cell it lost.
function cellAt(panel, point, image, layers) {
  const [row, column] = point.map(Math.floor);
  if (row < 0 || column < 0 || row >= image.height || column >= image.width) return null;
  const at = row * image.width + column;
  const own = layers[panel];
  const side = panel === "reference" ? "reference" : "predicted";
  const rank = own.ranks?.[at];
  if (rank) return { panel, side, cell_id: own.ids[rank - 1] };
  const lost = panel === "reference" ? 0 : layers.reference.ranks?.[at];
  return lost ? { panel, side: "reference", cell_id: layers.reference.ids[lost - 1] } : null;
}

// Cells of a model that are not matched, on either side, from top to bottom.
function wrongCells(panel, layer, hidden) {
  return ["reference", "predicted"]
    .flatMap((side) =>
      [...layer.cells[side].values()]
        .filter(({ outcome }) => outcome && outcome !== "matched" && !hidden.includes(outcome))
        .map((row) => ({ panel, side, cell_id: row.cell_id, row })),
    )
    .sort((a, b) => a.row.row_px - b.row.row_px || a.row.column_px - b.row.column_px);
}
