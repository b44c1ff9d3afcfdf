  // On paper no table may be wider than its sheet, or the browser would shrink every page.
  const LARGEST_PT = 8.5, SMALLEST_PT = 6.2, PARTED_PT = 7.5;
  const SCREEN_PT = 10.5;
  const eachText = (within, change) => {
    const walker = document.createTreeWalker(within, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const changed = change(walker.currentNode);
      if (changed !== walker.currentNode.data) walker.currentNode.data = changed;
    }
  };
  // A number stays on the line of its sign and of its unit.
  document.querySelectorAll("main p, main caption, main figcaption, main th, main td").forEach((text) =>
    eachText(text, (node) => node.data.replace(/ (?=[=<] |%)|(?<=[=<]) (?=\S)/g, "\u00a0")));

  // Long headers break at their own joints, so that more columns fit.
  document.querySelectorAll("main thead th").forEach((header) => {
    const joints = header.textContent.split(/(?<=\w{3}[_./-])(?=\w{3})/);
    header.replaceChildren(...joints.flatMap((part) => [part, document.createElement("wbr")]).slice(0, -1));
  });

  const BREAK = "\u200b";
  const withBreaks = (node) => node.data.replace(/\S{25,}/g, (word) =>
    word.replace(/[_./-]+/g, "$&" + BREAK).replace(/[^\u200b]{24}(?=[^\u200b]{4})/g, "$&" + BREAK));
  const widthOf = (table) => {
    table.style.cssText = "min-width: 0; width: min-content";
    const columns = [...table.tHead.rows[0].cells].map((cell) => cell.offsetWidth);
    const width = table.offsetWidth;
    table.style.cssText = "";
    return { width, columns };
  };
  const typeFor = (width) => Math.min(LARGEST_PT, (SCREEN_PT * SHEET_WIDTH) / width);
  const setType = (table, points) => table.style.setProperty("--paper-size", `${points.toFixed(2)}pt`);
  // Columns in groups that fit; each part repeats the first column, which names the rows.
  const partsOf = (columns) => {
    const room = (SCREEN_PT * SHEET_WIDTH) / PARTED_PT - columns[0];
    const parts = [[]];
    let taken = 0;
    columns.slice(1).forEach((width, place) => {
      if (taken + width > room && parts.at(-1).length) { parts.push([]); taken = 0; }
      parts.at(-1).push(place + 1);
      taken += width;
    });
    return parts;
  };
  const partTable = (scroll, table, columns) => {
    const parts = partsOf(columns);
    let last = scroll;
    parts.forEach((part, number) => {
      const copy = scroll.cloneNode(true);
      copy.classList.add("on-paper");
      copy.setAttribute("aria-hidden", "true");
      const parted = copy.querySelector("table");
      [...parted.rows].forEach((row) => [...row.cells].forEach((cell, column) => {
        if (column && !part.includes(column)) cell.remove();
      }));
      if (number) parted.querySelector("caption div").textContent = "The same table, further columns.";
      const width = columns[0] + part.reduce((sum, column) => sum + columns[column], 0);
      setType(parted, Math.min(PARTED_PT, typeFor(width)));
      last.after(copy);
      last = copy;
    });
    scroll.classList.add("off-paper");
  };
  const fitTables = () => document.querySelectorAll("main .scroll:not(.on-paper)").forEach((scroll) => {
    const table = scroll.querySelector("table");
    const { width, columns } = widthOf(table);
    if (typeFor(width) < SMALLEST_PT && columns.length > 2) partTable(scroll, table, columns);
    else setType(table, typeFor(width));
  });
  let isPaper = false;
  let unbroken = [];
  const toPaper = () => {
    if (isPaper) return;
    isPaper = true;
    document.querySelectorAll("main table").forEach((table) => eachText(table, (node) => {
      const changed = withBreaks(node);
      if (changed !== node.data) unbroken.push([node, node.data]);
      return changed;
    }));
    fitTables();
  };
  const toScreen = () => {
    isPaper = false;
    document.querySelectorAll(".on-paper").forEach((copy) => copy.remove());
    document.querySelectorAll(".off-paper").forEach((scroll) => scroll.classList.remove("off-paper"));
    unbroken.forEach(([node, text]) => { node.data = text; });
    unbroken = [];
  };
  if (location.hash === "#paper") toPaper();
  window.addEventListener("beforeprint", toPaper);
  window.addEventListener("afterprint", toScreen);
