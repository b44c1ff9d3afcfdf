  // A number opens the list of the images or cells behind it; one number per table is a stop for Tab.
  const behind = document.getElementById("behind");
  let scores = null;
  const element = (name, text, style) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (style) made.className = style;
    return made;
  };
  const digits = (value) => value === null ? "–" : Math.abs(value) >= 100 ? value.toFixed(1) : value.toFixed(3);
  const median = (sorted) => (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
  const LONGEST = 2000;

  const rowsBehind = (key) => {
    scores ??= JSON.parse(document.getElementById("scores").textContent);
    const [measure, models, set] = key.split("|").map((part) => part.split(" ").map(Number));
    const columns = models.map((model) => scores.values[measure[0]][model]);
    const rows = scores.sets[set[0]].map((image) => {
      const values = columns.map((column) => column[image]);
      const known = values.every((value) => value !== null);
      const place = !known ? Infinity : values.length === 2 ? values[0] - values[1] : values.reduce((a, b) => a + b);
      return { image: scores.images[image], cells: scores.cells && scores.cells[image], values, known, place };
    });
    rows.sort((a, b) => a.place === b.place ? 0 : a.place - b.place);
    return { rows, measure: scores.measures[measure[0]], models: models.map((model) => scores.models[model]) };
  };
  const summary = (rows, pair) => {
    const values = rows.filter((row) => row.known).map((row) => pair ? row.values[0] - row.values[1] : row.values[0]);
    const missing = rows.length - values.length;
    let text = `${rows.length} image${rows.length === 1 ? "" : "s"}`;
    if (missing) text += `, ${missing} without a score`;
    if (values.length > 1) {
      const mean = values.reduce((a, b) => a + b) / values.length;
      text += `; ${pair ? "difference: " : ""}mean ${digits(mean)}, median ${digits(median([...values].sort((a, b) => a - b)))}`;
    }
    return text;
  };
  const fill = (title, about, names, rows) => {
    behind.querySelector("h2").textContent = title;
    behind.querySelector("p").textContent = about;
    const head = element("tr", "");
    names.forEach(([name, style]) => {
      const cell = element("th", name, style);
      cell.scope = "col";
      head.append(cell);
    });
    behind.querySelector("thead").replaceChildren(head);
    behind.querySelector("tbody").replaceChildren(...rows.map((row) => {
      const line = element("tr", "");
      row.forEach((text, place) => {
        const cell = element(place ? "td" : "th", text, names[place][1]);
        if (!place) cell.scope = "row";
        line.append(cell);
      });
      return line;
    }));
  };
  const fillImages = (key) => {
    const found = rowsBehind(key);
    const pair = found.models.length === 2;
    const title = `${found.measure}: ${found.models.length > 3 ? found.models.length + " models" : found.models.join(pair ? " − " : ", ")}`;
    const about =
      (found.models.length < 3 ? summary(found.rows, pair) : `${found.rows.length} images`) +
      (found.rows.length > LONGEST ? `. The ${LONGEST} lowest are listed` : "") + ". Lowest first.";
    const names = ["Image", ...(scores.cells ? ["Cells"] : []), ...(found.models.length > 1 ? found.models : ["Score"]), ...(pair ? ["Difference"] : [])];
    fill(title, about, names.map((name, place) => [name, place ? "number" : ""]), found.rows.slice(0, LONGEST).map((row) => [
      row.image,
      ...(scores.cells ? [row.cells] : []),
      ...row.values.map(digits),
      ...(pair ? [row.known ? digits(row.values[0] - row.values[1]) : "–"] : []),
    ]));
  };
  let cells = null;
  const CELL_COLUMNS = [["Image", ""], ["Side", ""], ["Cell", "number"], ["Model", ""], ["What became of it", ""], ["IoU", "number"]];
  const fillCells = (key) => {
    cells ??= JSON.parse(document.getElementById("cells").textContent);
    const [places, n] = cells.sets[Number(key.slice(1))];
    const rows = places.map((place) => {
      const [image, side, id, member, outcome, iou] = cells.cells[place];
      return [cells.names[image], cells.names[side], id, cells.names[member], cells.names[outcome], digits(iou)];
    });
    const about = (n > rows.length ? `The first ${rows.length} of ${n} cells` : `${n} cell${n === 1 ? "" : "s"}`) +
      ". IoU is that with the cell of the other side which overlaps it most. Notebook 06 shows them in their images.";
    fill("Cells", about, CELL_COLUMNS, rows);
  };
  const show = (key) => {
    if (key.startsWith("c")) fillCells(key); else fillImages(key);
    behind.showModal();
    behind.querySelector(".rows").scrollTop = 0;
  };
  document.querySelectorAll("main table").forEach((table) => {
    const numbers = [...table.querySelectorAll("button[data-q]")];
    numbers.forEach((number, place) => { number.tabIndex = place ? -1 : 0; });
    const go = (to) => {
      numbers.forEach((number) => { number.tabIndex = number === to ? 0 : -1; });
      to.focus();
    };
    const beside = (number, rows, columns) => {
      const cell = number.parentElement;
      let line = cell.parentElement, column = cell.cellIndex + columns;
      for (let i = 0; i < Math.abs(rows); i++) line = line && (rows > 0 ? line.nextElementSibling : line.previousElementSibling);
      for (let at = line && line.cells[column]; at; at = columns ? line.cells[column += columns] : null) {
        const found = at.querySelector("button[data-q]");
        if (found) return found;
      }
      return null;
    };
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    table.addEventListener("keydown", (event) => {
      const number = event.target.closest("button[data-q]");
      const step = steps[event.key];
      if (!number || !step) return;
      event.preventDefault();
      const to = beside(number, ...step);
      if (to) go(to);
    });
    table.addEventListener("click", (event) => {
      const number = event.target.closest("button[data-q]");
      if (!number) return;
      go(number);
      show(number.dataset.q);
    });
  });
  // A click beside the panel closes it; Esc does by itself.
  behind.addEventListener("click", (event) => { if (event.target === behind) behind.close(); });
