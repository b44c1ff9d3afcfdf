// The review: a list, the cell in its surroundings, verdicts by keys. Whatever is touched changes the
// state, and the state is told to the kernel, which notes the verdicts.

const TELL_AFTER_MS = 120;
const COUNT_AFTER_MS = 600;

function mountReview(root, source) {
  root.classList.add("wbc", "wbr");
  root.tabIndex = 0;
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Review of cells");
  // JupyterLab would take arrows and letters for its own.
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  const { schema } = source;
  let state = structuredClone(source.readState());
  let verdicts = structuredClone(source.read("verdicts"));
  let [telling, counting] = [null, null];
  const resolve = () => resolveReview(schema.rows, verdicts, state);

  const title = element("div", { className: "wbr-title", textContent: schema.title });
  const progress = element("p", { className: "wbr-progress" });
  progress.setAttribute("aria-live", "polite");
  const problem = element("p", { className: "wbc-problem", hidden: true });
  problem.setAttribute("role", "alert");
  const [aside, main] = [element("div", { className: "wbr-aside" }), element("div", { className: "wbr-main" })];
  const body = element("div", { className: "wbr-body" });
  body.append(aside, main);
  const hint = element("p", { className: "wbc-soft" });
  hint.textContent = schema.can_judge
    ? "Keys: 1 model error, 2 annotation error, 3 ambiguous, N note, U undo, ← → step, O outlines, + − 0 zoom. Drag to move."
    : "A page to read: verdicts are given in the notebook. Keys: ← → step, O outlines, + − 0 zoom. Drag to move.";
  root.replaceChildren(title, progress, problem, body, hint);

  const showList = makeReviewList(aside, {
    schema,
    change: (changes) => {
      change(changes);
      if ("place" in changes) root.focus({ preventScroll: true });
    },
  });
  const place = element("p", { className: "wbc-place" });
  const pictureBox = element("div");
  const judging = element("div", { className: "wbc-bar wbr-judging" });
  const told = element("p", { className: "wbr-told" });
  const summary = element("div", { className: "wbr-summary" });
  main.append(place, judging, told, pictureBox, summary);
  const pictures = makeReviewPictures(pictureBox, {
    schema,
    store: makeStore(source),
    zoomBy: (factor) => zoom(state.zoom * factor),
  });

  const button = (text, act, hints = "") => {
    const made = element("button", { type: "button", textContent: text, title: hints });
    made.addEventListener("click", act);
    return made;
  };
  const choices = schema.judgements.map((judgement, at) => {
    const made = button("", () => judge(judgement), `Key ${at + 1}`);
    const badge = element("span", { className: "wbr-badge", textContent: JUDGEMENT_SIGNS[judgement] });
    badge.dataset.judgement = judgement;
    const text = element("span");
    made.append(badge, text);
    made.className = "wbr-choice";
    made.disabled = !schema.can_judge;
    return { judgement, made, text, at };
  });
  const note = element("input", { type: "text", className: "wbr-note", placeholder: "Note (N), Enter keeps it" });
  note.setAttribute("aria-label", "Note");
  note.maxLength = 2000;
  const takeBack = button("Take back", () => judge("withdrawn"), "Leave this cell without your verdict");
  const undo = button("Undo (U)", undoLast, "Take back the last verdict and go to its cell");
  const drawing = element("select");
  drawing.append(...["outlines", "fills", "nothing"].map((v) => element("option", { value: v, textContent: v })));
  drawing.addEventListener("change", () => change({ drawing: drawing.value }));
  const drawn = element("label", { className: "wbc-control", textContent: "Cells as" });
  drawn.append(drawing);
  const bright = element("input", { type: "range", min: 0.02, max: 1, step: 0.01 });
  bright.addEventListener("input", () => change({ contrast: [state.contrast[0], Math.max(+bright.value, state.contrast[0] + 0.01)] }));
  const white = element("label", { className: "wbc-control", textContent: "White" });
  white.append(bright);
  const own = schema.can_judge ? [note, takeBack, undo] : [];
  judging.append(...choices.map(({ made }) => made), ...own, drawn, white);
  aside.append(button("Export CSV", saveCsv, "The list with its verdicts"));

  function change(changes) {
    if ("place" in changes || "shown" in changes || "kind" in changes || "reviewer" in changes) pictures.centre();
    const fresh = "place" in changes ? { zoom: 1 } : {};
    state = { ...state, ...fresh, ...changes };
    clearTimeout(telling);
    telling = setTimeout(tell, TELL_AFTER_MS);
    update();
  }

  function tell() {
    clearTimeout(telling);
    source.writeState(structuredClone(state));
  }

  function zoom(to) {
    change({ zoom: Math.min(16, Math.max(0.1, to)) });
  }

  function step(by) {
    const to = stepFrom(resolve(), by);
    if (to !== null && to !== resolve().current) change({ place: to });
  }

  function judge(judgement) {
    const view = resolve();
    if (!schema.can_judge || view.current === null) return;
    const after = stepFrom(view, 1);
    const text = judgement === "withdrawn" ? "" : note.value.trim();
    source.judge(view.current, judgement, text);
    // The screen does not wait for the kernel; what the kernel then tells is what stands.
    verdicts[view.current] = judged(verdicts[view.current], judgement, text);
    note.value = "";
    note.dataset.of = "";
    countSoon();
    if (judgement === "withdrawn") update();
    else change({ place: after });
  }

  function judged(before, judgement, text) {
    const by = { ...before?.by };
    delete by[schema.reviewer];
    if (judgement !== "withdrawn") {
      return { judgement, note: text, reviewer: schema.reviewer, time: "", by: { ...by, [schema.reviewer]: judgement } };
    }
    const left = Object.entries(by).at(-1);
    return left ? { judgement: left[1], note: "", reviewer: left[0], time: "", by } : null;
  }

  function undoLast() {
    if (!schema.can_judge) return;
    tell(); // a step that is told later would lead away again
    source.undo();
    countSoon();
  }

  function countSoon() {
    clearTimeout(counting);
    counting = setTimeout(source.count, COUNT_AFTER_MS);
  }

  function keepNote() {
    const verdict = verdicts[resolve().current];
    root.focus({ preventScroll: true });
    // Without a verdict the note waits for one.
    if (verdict?.reviewer === schema.reviewer) judge(verdict.judgement);
  }

  function saveCsv() {
    // The mark at the start tells spreadsheets that this is UTF-8.
    const blob = new Blob(["\ufeff" + reviewCsv(schema, verdicts)], { type: "text/csv" });
    const link = element("a", { href: URL.createObjectURL(blob), download: `verdicts_${schema.member}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function update() {
    const view = resolve();
    const scores = source.read("scores");
    const n = schema.rows.length;
    progress.textContent = [`${view.n_judged} of ${n} judged`, scores.sentence, schema.expected].filter(Boolean).join("; ");
    problem.textContent = source.read("problem");
    problem.hidden = !problem.textContent;
    showList(view, verdicts, state);
    const row = schema.rows[view.current];
    const verdict = verdicts[view.current];
    place.textContent = row ? `${view.current + 1} of ${n} · ${row.kind} · ${row.about} · ${row.image_id}` : "";
    for (const { judgement, made, text, at } of choices) {
      text.textContent = `${at + 1} ${judgement} (${view.counts[judgement] ?? 0})`;
      made.setAttribute("aria-pressed", String(verdict?.judgement === judgement));
    }
    takeBack.disabled = !(verdict && schema.reviewer in verdict.by);
    told.textContent = verdict ? describeVerdict(verdict) : row ? "Not judged yet." : "";
    if (note.dataset.of !== String(view.current)) {
      note.dataset.of = String(view.current);
      note.value = verdict?.reviewer === schema.reviewer ? verdict.note : "";
    }
    drawing.value = state.drawing;
    bright.value = state.contrast[1];
    showSummary(summary, scores);
    pictures.show(view.current, state);
    const next = stepFrom(view, 1);
    if (next !== null) pictures.fetch(next);
  }

  const keys = {
    1: () => judge(schema.judgements[0]),
    2: () => judge(schema.judgements[1]),
    3: () => judge(schema.judgements[2]),
    n: () => note.focus(),
    u: undoLast,
    ArrowRight: () => step(1),
    ArrowDown: () => step(1),
    ArrowLeft: () => step(-1),
    ArrowUp: () => step(-1),
    o: () => change({ drawing: { outlines: "fills", fills: "nothing", nothing: "outlines" }[state.drawing] }),
    "+": () => zoom(state.zoom * STEP),
    "=": () => zoom(state.zoom * STEP),
    "-": () => zoom(state.zoom / STEP),
    0: () => {
      pictures.centre();
      zoom(1);
    },
  };

  root.addEventListener("keydown", (event) => {
    if (event.target === note) {
      event.stopPropagation();
      if (event.key === "Enter") keepNote();
      if (event.key === "Escape") root.focus({ preventScroll: true });
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("select, input")) return event.stopPropagation();
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });

  const forgetState = source.onState(() => {
    const read = source.readState();
    if (JSON.stringify(read) === JSON.stringify(state)) return;
    state = structuredClone(read);
    update();
  });
  const forgetRest = source.onChange(() => {
    verdicts = structuredClone(source.read("verdicts"));
    update();
  });
  update();
  return () => {
    clearTimeout(telling);
    clearTimeout(counting);
    pictures.forget();
    forgetState();
    forgetRest();
  };
}

function describeVerdict({ judgement, note, reviewer, by }) {
  const others = Object.entries(by).filter(([name]) => name !== reviewer);
  const rest = others.map(([name, said]) => `${name || "somebody unnamed"}: ${said}`).join(", ");
  return [`${judgement}, by ${reviewer || "somebody unnamed"}`, note && `“${note}”`, rest && `before: ${rest}`]
    .filter(Boolean)
    .join(" · ");
}

// Scores of all models with and without what is disputed, and how far reviewers agree.
function showSummary(host, { header, rows, agreement }) {
  const key = JSON.stringify([rows, agreement]);
  if (host.dataset.key === key) return;
  host.dataset.key = key;
  const table = element("table");
  table.append(element("caption", { textContent: "Mean F1 at IoU 0.5 with and without disputed cells" }));
  const line = (tag, texts) => {
    const made = element("tr");
    made.append(...texts.map((textContent) => element(tag, { textContent })));
    return made;
  };
  const [head, body] = [element("thead"), element("tbody")];
  head.append(line("th", header));
  body.append(...rows.map((texts) => line("td", texts)));
  table.append(head, body);
  host.replaceChildren(table, ...agreement.map((textContent) => element("p", { className: "wbc-soft", textContent })));
}

function mountStillReview() {
  const data = JSON.parse(document.getElementById("data").textContent);
  mountReview(document.getElementById("review"), reviewPageSource(data));
}

export default { render: ({ model, el }) => mountReview(el, reviewKernelSource(model)) };
