// The bars above the panels: which image, which panels, how drawn; and the legend, which switches.

function makeControls(host, { schema, change, step, fit }) {
  const top = element("div", { className: "wbc-bar" });
  const low = element("div", { className: "wbc-bar" });
  const legend = element("div", { className: "wbc-bar wbc-legend" });
  host.append(top, low, legend);

  const button = (text, title, act) => {
    const made = element("button", { type: "button", textContent: text, title });
    made.addEventListener("click", act);
    return made;
  };
  const menu = (label, options, act) => {
    const select = element("select");
    select.append(...options.map(([value, text]) => element("option", { value, textContent: text })));
    select.addEventListener("change", () => act(select.value));
    const box = element("label", { className: "wbc-control", textContent: label });
    box.append(select);
    return { box, select };
  };

  const place = element("span", { className: "wbc-place" });
  place.setAttribute("aria-live", "polite");
  const orders = Object.keys(schema.orders).map((name) => [
    name,
    schema.models.includes(name) ? `worst of ${name}` : name,
  ]);
  const order = menu("Order", orders, (value) => change({ order: value, place: 0 }));
  const layout = menu("Layout", [["side by side"], ["curtain"]].map(([v]) => [v, v]), (value) =>
    change({ layout: value }),
  );
  const drawing = menu("Cells as", ["outlines", "fills", "nothing"].map((v) => [v, v]), (value) =>
    change({ drawing: value }),
  );
  const channel = menu("Channel", [], (value) => change({ channel: value === "" ? null : +value }));
  const range = (label, which) => {
    const input = element("input", { type: "range", min: 0, max: 1, step: 0.01 });
    input.addEventListener("input", () => act(+input.value));
    const act = (value) => {
      const [below, above] = read().contrast;
      change({
        contrast: which
          ? [below, Math.max(value, below + 0.01)]
          : [Math.min(value, above - 0.01), above],
      });
    };
    const box = element("label", { className: "wbc-control", textContent: label });
    box.append(input);
    return { box, input };
  };
  let read = () => ({ contrast: [0, 1] });
  const [dark, bright] = [range("Black", 0), range("White", 1)];
  top.append(
    button("‹ Previous", "Left arrow", () => step(-1)),
    button("Next ›", "Right arrow", () => step(1)),
    place,
    order.box,
    layout.box,
    button("Whole image", "0", fit),
  );
  low.append(drawing.box, channel.box, dark.box, bright.box);

  const panels = ["reference", ...schema.models].map((name, at) => {
    const toggle = button(name, at < 9 ? `Key ${at + 1}` : "", () => change(togglePanel(read(), name)));
    toggle.className = "wbc-toggle";
    return { name, toggle };
  });
  const group = element("span", { className: "wbc-group" });
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Panels");
  group.append("Panels", ...panels.map(({ toggle }) => toggle));
  low.append(group);

  const entries = Object.entries(schema.outcomes).map(([outcome, colour]) => {
    const toggle = button("", `Show or hide ${outcome} cells`, () => {
      const { hidden } = read();
      change({
        hidden: hidden.includes(outcome) ? hidden.filter((o) => o !== outcome) : [...hidden, outcome],
      });
    });
    toggle.className = "wbc-entry";
    const swatch = element("span", { className: "wbc-swatch" });
    swatch.style.borderColor = colour;
    const text = element("span");
    toggle.append(swatch, text);
    return { outcome, toggle, text };
  });
  const reference = element("span", { className: "wbc-entry" });
  const swatch = element("span", { className: "wbc-swatch" });
  swatch.style.borderColor = REFERENCE_COLOUR;
  reference.append(swatch, "reference");
  const dashes = element("span", { className: "wbc-soft", textContent: "dashed: a reference cell that was lost" });
  legend.append(reference, ...entries.map(({ toggle }) => toggle), dashes);

  return {
    bind: (readState) => (read = readState),
    show(state, image, counts, about) {
      place.textContent = about;
      order.select.value = state.order;
      layout.select.value = state.layout;
      drawing.select.value = state.drawing;
      channel.box.hidden = image.channels.length < 2;
      const names = image.channels.map(({ name }, at) => [String(at), name]);
      const options = [["", names.length > 3 ? "first three as colours" : "all"], ...names];
      if (channel.select.options.length !== options.length) {
        channel.select.replaceChildren(
          ...options.map(([value, textContent]) => element("option", { value, textContent })),
        );
      }
      channel.select.value = state.channel === null ? "" : String(state.channel);
      [dark.input.value, bright.input.value] = state.contrast;
      for (const { name, toggle } of panels) {
        toggle.setAttribute("aria-pressed", String(state.panels.includes(name)));
      }
      for (const { outcome, toggle, text } of entries) {
        const n = counts[outcome] ?? 0;
        text.textContent = `${outcome} (${n.toLocaleString("en")})`;
        toggle.setAttribute("aria-pressed", String(!state.hidden.includes(outcome)));
      }
    },
  };
}

// One panel always stays; a new one takes its place in the order of the buttons.
function togglePanel({ panels }, name) {
  if (!panels.includes(name)) return { panels: [...panels, name] };
  return panels.length > 1 ? { panels: panels.filter((panel) => panel !== name) } : {};
}
