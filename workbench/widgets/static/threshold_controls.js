// Sliders, menus and the legend of the threshold panel.

function makeDials(host, { schema, change, step, fit }) {
  const top = element("div", { className: "wbc-bar" });
  const image = element("select");
  image.setAttribute("aria-label", "Image");
  image.append(...schema.image_ids.map((value) => element("option", { value, textContent: value })));
  image.addEventListener("change", () => change({ image_id: image.value }));
  const member = element("select");
  member.append(...schema.members.map((value) => element("option", { value, textContent: value })));
  member.addEventListener("change", () => change({ member: member.value }));
  const drawing = element("select");
  drawing.append(...["outlines", "fills", "nothing"].map((value) => element("option", { value, textContent: value })));
  drawing.addEventListener("change", () => change({ drawing: drawing.value }));
  const count = element("span", { className: "wbc-soft" });
  top.append(
    pushButton("‹ Previous", "Left arrow", () => step(-1)),
    pushButton("Next ›", "Right arrow", () => step(1)),
    image, count, labelled("Model", member), labelled("Cells as", drawing),
    pushButton("Whole image", "0", fit),
  );
  host.bar.replaceChildren(top);

  const steps = (values) => ({ low: values[0], high: values.at(-1), step: values[1] - values[0] });
  // A page knows what happens at these steps; a kernel at any.
  const fine = (values) => (schema.still ? steps(values) : { ...steps(values), step: 0.01 });
  const iou = slider("IoU threshold", fine(schema.iou_steps), (value) => change({ iou_threshold: value }));
  iou.box.title = "A predicted cell counts as found if it shares at least this much with a reference cell.";
  const cut = slider("Confidence cut", fine(schema.cut_steps), (value) => change({ least_confidence: value }));
  cut.box.title = "Predicted cells below this confidence are left out of the score.";
  const note = element("p", { className: "wbc-soft wbt-note" });
  const decoder = element("div", { className: "wbt-decoder" });
  host.sliders.replaceChildren(iou.box, cut.box, note, decoder);

  let drawn = "";
  let dials = [];
  function showDecoder(state, layer) {
    const now = state.decoder ?? layer.own;
    const key = JSON.stringify([layer.own && layer.own.kind, now?.kind, layer.note, schema.still, layer.others]);
    if (key !== drawn) {
      drawn = key;
      dials = [];
      decoder.replaceChildren(...(now ? parts(layer, now) : [element("p", { className: "wbc-soft", textContent: layer.note })]));
    }
    for (const { name, input, show } of dials) show(now[name], input, state);
    const reset = decoder.querySelector("button");
    if (reset) reset.disabled = schema.still || !state.decoder;
  }

  function parts(layer, now) {
    const kind = element("select", { disabled: schema.still });
    kind.append(
      ...[layer.own, ...layer.others].map(({ kind: value }) => element("option", { value, textContent: value.replaceAll("_", " ") })),
    );
    kind.value = now.kind;
    kind.addEventListener("change", () => {
      const chosen = layer.others.find((other) => other.kind === kind.value);
      change({ decoder: chosen ?? null });
    });
    const reset = pushButton("As predicted", "Back to the settings of the prediction that was scored", () => change({ decoder: null }));
    const head = element("div", { className: "wbc-bar" });
    head.append(labelled("Decoder", kind), reset);
    dials = Object.keys(now).filter((name) => name !== "kind").map((name) => dial(name, now, layer));
    const why = element("p", { className: "wbc-soft" });
    why.textContent = schema.still ? "The decoder's settings need the network: open the notebook with a kernel to move them." : "";
    return [head, ...dials.map(({ box }) => box), why];
  }

  function dial(name, now, layer) {
    const { label, low, high, step: by, help, off_at_end } = schema.dials[name];
    const highest = Math.max(high, now[name] ?? high, layer.own[name] ?? low);
    const made = slider(label, { low, high: highest, step: by }, (value) => {
      const current = read().decoder ?? layerNow().own;
      change({ decoder: { ...current, [name]: off_at_end && value >= highest ? null : value } });
    });
    made.box.title = help;
    made.input.disabled = schema.still;
    const show = (value) => made.show(value ?? highest, value === null ? "off" : undefined);
    return { ...made, name, show };
  }

  let read = () => ({});
  let layerNow = () => ({});
  return {
    bind: (readState, readLayer) => ([read, layerNow] = [readState, readLayer]),
    show(state, layer) {
      image.value = state.image_id;
      member.value = state.member;
      drawing.value = state.drawing;
      const all = schema.n_all ?? schema.image_ids.length;
      const n = schema.image_ids.length;
      const place = schema.image_ids.indexOf(state.image_id) + 1;
      count.textContent = `${place} of ${n}${all > n ? ` in this page (of ${all})` : ""}`;
      iou.show(state.iou_threshold);
      cut.show(state.least_confidence);
      if (layer.problem) return;
      cut.input.disabled = !layer.has_confidences;
      note.textContent = layer.has_confidences ? "" : `${state.member} gives its cells no confidence: there is nothing to cut.`;
      showDecoder(state, layer);
    },
  };
}

function slider(label, { low, high, step }, act) {
  const input = element("input", { type: "range", min: low, max: high, step });
  const value = element("output");
  input.addEventListener("input", () => {
    value.textContent = short(+input.value);
    act(+input.value);
  });
  const box = element("label", { className: "wbt-slider" });
  box.append(element("span", { textContent: label }), input, value);
  const show = (now, words) => {
    input.value = now;
    value.textContent = words ?? short(now);
  };
  return { box, input, show };
}

function makeLegend(host, { schema, read, change }) {
  const entries = Object.entries(schema.outcomes).map(([outcome, colour]) => {
    const toggle = pushButton("", "", () => {
      const { hidden } = read();
      change({ hidden: hidden.includes(outcome) ? hidden.filter((one) => one !== outcome) : [...hidden, outcome] });
    });
    toggle.className = "wbc-entry";
    const swatch = element("span", { className: "wbc-swatch" });
    swatch.style.borderColor = colour;
    const words = element("span");
    toggle.append(swatch, words);
    return { outcome, toggle, words };
  });
  host.replaceChildren(...entries.map(({ toggle }) => toggle), element("span", { className: "wbc-soft", textContent: "dashed: a reference cell that was lost" }));
  return ({ row, hidden }) => {
    for (const { outcome, toggle, words } of entries) {
      const counts = { matched: row.tp, ignored: row.n_below, ...row.n_events };
      const name = outcome === "ignored" ? "below the cut" : outcome;
      words.textContent = `${name} (${counts[outcome] ?? 0})`;
      toggle.title = ["matched", "ignored"].includes(outcome) ? `Show or hide cells: ${name}` : `Number of errors; show or hide their cells`;
      toggle.setAttribute("aria-pressed", String(!hidden.includes(outcome)));
    }
  };
}

function pushButton(textContent, title, act) {
  const made = element("button", { type: "button", textContent, title });
  made.addEventListener("click", act);
  return made;
}

function labelled(label, control) {
  const box = element("label", { className: "wbc-control", textContent: label });
  box.append(control);
  return box;
}
