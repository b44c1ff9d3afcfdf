// A slider for the weight of each part of a ranking, above a table that follows them at once.

// Python's resolve_ranking answers the same question; the tests hold both to the same answers.
function resolveRanking({ models, values, start }, weights) {
  const ranked = rankModels(values, weights);
  if (!ranked) return [];
  const before = rankModels(values, start) ?? ranked;
  return models
    .map((model, row) => ({
      row,
      model,
      rank: ranked.ranks[row],
      moved: before.ranks[row] - ranked.ranks[row],
      overall: ranked.overall[row],
    }))
    .sort((a, b) => a.rank - b.rank);
}

function rankModels(values, weights) {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (!(sum > 0)) return null;
  const overall = values.map((parts) =>
    parts.reduce((total, value, part) => total + (value * weights[part]) / sum, 0),
  );
  // What rounding parts is a tie, and a tie shares its ranks.
  const scale = Math.max(...overall.map(Math.abs)) || 1;
  const rounded = overall.map((value) => Math.round((value / scale) * 1e12));
  const ranks = rounded.map((value) => {
    const above = rounded.filter((other) => other > value).length;
    const equal = rounded.filter((other) => other === value).length;
    return above + (equal + 1) / 2;
  });
  return { overall, ranks };
}

function mountRanking(host, source) {
  const { parts, most } = source.content;
  const root = make("div", { className: "wbr" });
  const sliders = make("div", { className: "wbr-sliders" });
  const controls = parts.map((part, place) => {
    const label = make("label", { className: "wbr-slider" });
    const slider = make("input", { type: "range", min: 0, max: most, step: 0.05 });
    slider.setAttribute("aria-label", `Weight of ${part}`);
    // Not an output element: each slider would be read out, and the sentence below says it all.
    const amount = make("span", { className: "wbr-amount" });
    slider.addEventListener("input", () => {
      const weights = [...source.weights()];
      weights[place] = Number(slider.value);
      source.weigh(weights);
    });
    label.append(make("span", { textContent: part }), slider, amount);
    sliders.append(label);
    return { slider, amount };
  });
  const reset = make("button", { type: "button", textContent: "Back to the first weights" });
  reset.addEventListener("click", () => source.weigh(source.content.start));
  const said = make("p", { className: "wbr-said" });
  said.setAttribute("role", "status");
  const bar = make("div", { className: "wbr-bar" });
  bar.append(reset, said);
  const table = make("table");
  table.setAttribute("aria-label", "Ranking under these weights");
  const head = make("thead");
  const names = make("tr");
  const body = make("tbody");
  ["Rank", "Moved", "Model", "Overall", ...parts].forEach((name, column) => {
    const cell = make("th", { textContent: name, scope: "col" });
    cell.classList.toggle("wbr-number", column !== 2);
    names.append(cell);
  });
  head.append(names);
  table.append(head, body);
  const scroll = make("div", { className: "wbr-scroll" });
  scroll.append(table);
  root.append(sliders, bar, scroll);
  host.replaceChildren(root);

  function show() {
    const weights = source.weights();
    const sum = weights.reduce((total, weight) => total + weight, 0);
    controls.forEach(({ slider, amount }, place) => {
      slider.value = weights[place];
      const share = sum > 0 ? ` · ${Math.round((100 * weights[place]) / sum)} %` : "";
      amount.textContent = `${Number(weights[place].toFixed(2))}${share}`;
      slider.setAttribute("aria-valuetext", amount.textContent);
    });
    const rows = resolveRanking(source.content, weights);
    body.replaceChildren(...rows.map((row) => lineOf(row, weights)));
    said.textContent = sentence(rows);
  }

  function lineOf({ row, model, rank, moved, overall }, weights) {
    const line = make("tr");
    const cells = [rankText(rank), movedText(moved), model, overall.toFixed(3)];
    cells.forEach((text, column) => {
      const cell = make("td", { textContent: text });
      cell.classList.toggle("wbr-number", column !== 2);
      cell.classList.toggle("wbr-overall", column === 3);
      if (column === 3) fill(cell, overall);
      line.append(cell);
    });
    source.content.values[row].forEach((value, part) => {
      const cell = make("td", { textContent: value.toFixed(2), className: "wbr-number" });
      cell.classList.toggle("wbr-off", !weights[part]);
      fill(cell, value);
      line.append(cell);
    });
    return line;
  }

  function fill(cell, value) {
    cell.style.setProperty("--wbr-share", `${100 * Math.min(Math.max(value, 0), 1)}%`);
  }

  source.onChange(show);
  show();
}

function sentence(rows) {
  if (!rows.length) return "All weights are 0, so there is no ranking: move one up.";
  const first = rows.filter((row) => row.rank === rows[0].rank).map((row) => row.model);
  const moved = rows.filter((row) => row.moved).length;
  const change = moved
    ? `${moved} of ${rows.length} models have another rank than with the first weights.`
    : "The ranks are those of the first weights.";
  return `First: ${first.join(" and ")}. ${change}`;
}

function rankText(rank) {
  return Number.isInteger(rank) ? String(rank) : rank.toFixed(1);
}

function movedText(moved) {
  if (!moved) return "";
  return moved > 0 ? `▲ ${Number(moved.toFixed(1))}` : `▼ ${Number((-moved).toFixed(1))}`;
}

function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

function rankingSource(model) {
  return {
    content: model.get("content"),
    weights: () => model.get("weights"),
    weigh: (weights) => {
      model.set("weights", weights);
      model.save_changes();
    },
    onChange: (show) => model.on("change:weights", show),
  };
}

function mountStillRanking() {
  const data = JSON.parse(document.getElementById("data").textContent);
  let weights = data.weights;
  let tell = () => {};
  mountRanking(document.getElementById("ranking"), {
    content: data.content,
    weights: () => weights,
    weigh: (moved) => {
      weights = moved;
      tell();
    },
    onChange: (show) => {
      tell = show;
    },
  });
  // In a notebook the frame is as tall as what it shows; no frame, or one of another origin: null.
  const frame = window.frameElement;
  if (frame) {
    new ResizeObserver(() => {
      frame.style.height = `${document.documentElement.offsetHeight + 2}px`;
    }).observe(document.body);
  }
}

export default { render: ({ model, el }) => mountRanking(el, rankingSource(model)) };
