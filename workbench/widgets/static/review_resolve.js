// What a state shows: as resolve_review of the package does, which the tests hold it to.

const JUDGEMENT_SIGNS = { "model error": "M", "annotation error": "A", ambiguous: "?" };

function resolveReview(rows, verdicts, state) {
  const shown = rows.flatMap(({ kind }, row) => {
    const verdict = verdicts[row];
    const isShown =
      (!state.kind || state.kind === kind) &&
      (state.shown === "all" || state.shown === (verdict ? "judged" : "unjudged")) &&
      (!state.reviewer || (verdict && state.reviewer in verdict.by));
    return isShown ? [row] : [];
  });
  const counts = {};
  for (const verdict of verdicts) {
    if (verdict) counts[verdict.judgement] = (counts[verdict.judgement] ?? 0) + 1;
  }
  const current = shown.find((row) => row >= state.place) ?? shown.at(-1) ?? null;
  return { rows: shown, current, counts, n_judged: verdicts.filter(Boolean).length };
}

function stepFrom({ rows, current }, by) {
  if (current === null) return null;
  return rows[Math.min(Math.max(rows.indexOf(current) + by, 0), rows.length - 1)];
}

// Every row of the list with its verdict, as a spreadsheet reads it.
function reviewCsv({ rows, member }, verdicts) {
  const header = ["place", "image_id", "member", "kind", "cells", "judgement", "note", "reviewer", "time"];
  const lines = rows.map((row, at) => {
    const told = verdicts[at] ?? {};
    const cells = row.cells.map(([side, id]) => `${side}:${id}`).join(" ");
    return [at + 1, row.image_id, member, row.kind, cells, told.judgement, told.note, told.reviewer, told.time];
  });
  const quoted = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
  return [header, ...lines].map((line) => line.map(quoted).join(",") + "\r\n").join("");
}
