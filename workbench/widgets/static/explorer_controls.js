// Menus, slider and switches: they show the state, and change it.

function layOut(root) {
  root.innerHTML = `
    <div class="wbx-body">
      <section class="wbx-left" aria-label="Cloud">
        <div class="wbx-bar wbx-axes"></div>
        <div class="wbx-cloud"></div>
        <div class="wbx-legend"></div>
        <p class="wbx-note"></p>
      </section>
      <section class="wbx-right" aria-label="Gallery">
        <div class="wbx-bar wbx-filters"></div>
        <div class="wbx-bar wbx-order"></div>
        <div class="wbx-bar">
          <strong class="wbx-count" aria-live="polite">Waiting for the kernel …</strong>
          <button type="button" class="wbx-clear" title="Escape or a double click in the cloud">
            Clear choice</button>
        </div>
        <form class="wbx-bar wbx-keep" hidden>
          <label class="wbx-control">Keep this choice as
            <input class="wbx-name" maxlength="60" required placeholder="a name"></label>
          <button>Keep</button><output class="wbx-kept"></output>
        </form>
        <div class="wbx-tiles"></div>
      </section>
    </div>
    <div class="wbx-large"></div>`;
  const names = ["axes", "cloud", "legend", "note", "filters", "order", "count", "clear", "tiles", "large", "keep"];
  return Object.fromEntries(names.map((name) => [name, root.querySelector(`.wbx-${name}`)]));
}

function makeControls(parts, { levels, tables, change, set, clear, state }) {
  parts.clear.addEventListener("click", clear);
  let built = "";

  // Menus depend on the level alone: rebuilt under a hand, one would close.
  function build(level) {
    const { schema } = tables[level];
    const numbers = schema.columns.filter((column) => column.kind === "number");
    const coloured = schema.columns.filter((column) => ["number", "category"].includes(column.kind));
    const named = (columns) => columns.map((column) => [column.name, column.label]);
    const ofColumns = (label, key, options) =>
      makeMenu(label, options, state()[level][key], (value) =>
        change(key === "x" || key === "y" ? { [key]: value, brush: null } : { [key]: value }),
      );
    parts.axes.replaceChildren(
      ...(levels.length > 1 ? [makeSwitch()] : []),
      ofColumns("Across", "x", named(numbers)),
      ofColumns("Up", "y", named(numbers)),
      ofColumns("Colour", "colour", [["", "none"], ...named(coloured)]),
    );
    parts.filters.replaceChildren(
      ...schema.filters.map((name) => {
        const column = tables[level].columns[name];
        const options = column.names.map((option, i) => [
          option, `${option} (${formatNumber(column.counts[i])})`,
        ]);
        const menu = makeMenu(column.label, [["", "all"], ...options], "", (value) => {
          const { [name]: _, ...filters } = state()[level].filters;
          change({ filters: value ? { ...filters, [name]: value } : filters });
        });
        menu.dataset.filter = name;
        return menu;
      }),
    );
    parts.order.replaceChildren(
      ofColumns("Sort by", "sort", [["", "order of the table"], ...named(schema.columns)]),
      makeButton("wbx-direction", () => change({ descending: !state()[level].descending })),
      makeSlider(),
      makeButton("wbx-outlines", () => set({ ...state(), outlined: !state().outlined }), "Outlines"),
    );
  }

  function makeSwitch() {
    const group = element("div", { className: "wbx-switch" });
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "A point is an image or a cell");
    for (const level of levels) {
      const text = level === "images" ? "Images" : "Cells";
      const item = makeButton("wbx-level", () => switchTo(level), text);
      item.dataset.level = level;
      group.append(item);
    }
    return group;
  }

  // Filters that both levels have are kept.
  function switchTo(level) {
    const now = state();
    if (now.level === level) return;
    const common = Object.entries(now[now.level].filters).filter(
      ([name, value]) => tables[level].columns[name]?.names.includes(value),
    );
    const next = { ...now[level], filters: Object.fromEntries(common) };
    set({ ...now, level, [level]: next });
  }

  function makeSlider() {
    const label = element("label", { className: "wbx-control", textContent: "Pictures " });
    const slider = element("input", { type: "range", min: 6, max: 240, step: 6 });
    const number = element("output");
    slider.addEventListener("input", () => change({ n_shown: Number(slider.value) }));
    label.append(slider, number);
    return label;
  }

  function show({ level, outlined, [level]: chosen }) {
    if (built !== level) build(level);
    built = level;
    for (const item of parts.axes.querySelectorAll(".wbx-level")) {
      item.setAttribute("aria-pressed", String(item.dataset.level === level));
    }
    const [x, y, colour] = [...parts.axes.querySelectorAll("select")];
    [x.value, y.value, colour.value] = [chosen.x, chosen.y, chosen.colour];
    for (const menu of parts.filters.children) {
      menu.querySelector("select").value = chosen.filters[menu.dataset.filter] ?? "";
    }
    parts.order.querySelector("select").value = chosen.sort;
    const direction = parts.order.querySelector(".wbx-direction");
    direction.textContent = chosen.descending ? "↓ high to low" : "↑ low to high";
    direction.disabled = !chosen.sort;
    const slider = parts.order.querySelector("input");
    slider.value = chosen.n_shown;
    parts.order.querySelector("output").textContent = chosen.n_shown;
    parts.order.querySelector(".wbx-outlines").setAttribute("aria-pressed", String(outlined));
  }

  return { show };
}

function makeMenu(text, options, value, onChange) {
  const label = element("label", { className: "wbx-control", textContent: `${text} ` });
  const menu = element("select");
  for (const [name, shown] of options) {
    menu.append(element("option", { value: name, textContent: shown }));
  }
  menu.value = value;
  menu.addEventListener("change", () => onChange(menu.value));
  label.append(menu);
  return label;
}

function makeButton(className, onclick, textContent = "") {
  return element("button", { type: "button", className, onclick, textContent });
}
