// The gallery: a tile for each row that is shown, its picture fetched once.

const PICTURES_KEPT = 3000;
const PER_REQUEST = 24;

// Pictures by row; what is asked for again is there at once, the oldest are let go.
function makePictures(source) {
  const kept = new Map();
  const keyOf = (level, row, outlined) => `${level} ${row} ${outlined}`;
  return {
    of: (level, row, outlined) => kept.get(keyOf(level, row, outlined)),
    async fetch(level, rows, outlined) {
      const pictures = await source.pictures(level, rows, outlined, false);
      pictures.forEach((picture, i) => kept.set(keyOf(level, rows[i], outlined), picture));
      for (const key of kept.keys()) {
        if (kept.size <= PICTURES_KEPT) break;
        if (kept.get(key).url) URL.revokeObjectURL(kept.get(key).url);
        kept.delete(key);
      }
    },
  };
}

function makeGallery(host, { source, onOpen, onMark }) {
  const pictures = makePictures(source);
  let wanted = { level: "", rows: [], outlined: false };
  let fetching = false;

  function show(table, state, view, outlined) {
    wanted = { level: table.level, rows: Array.from(view.shown), outlined };
    const tiles = wanted.rows.map((row) => makeTile(table, state, row));
    host.replaceChildren(...tiles);
    if (!tiles.length) {
      const text = "Nothing is left: clear the brush or a filter.";
      host.append(element("p", { className: "wbx-empty", textContent: text }));
    }
    fetchMissing();
  }

  function makeTile(table, state, row) {
    const name = nameOf(table, row);
    const sorted = table.columns[state.sort];
    const plain = table.level === "cells" ? `cell ${formatValue(table.columns.cell_id, row)}` : name;
    const caption = sorted && sorted.kind !== "text" ? formatValue(sorted, row) : plain;
    const tile = element("button", { className: "wbx-tile", type: "button", title: name });
    tile.dataset.row = row;
    const frame = element("span", { className: "wbx-frame" });
    fillFrame(frame, pictures.of(table.level, row, wanted.outlined), name);
    tile.append(frame, element("span", { className: "wbx-caption", textContent: caption }));
    tile.addEventListener("click", () => onOpen(row, tile));
    for (const type of ["pointerenter", "focus"]) tile.addEventListener(type, () => onMark(row));
    for (const type of ["pointerleave", "blur"]) tile.addEventListener(type, () => onMark(null));
    return tile;
  }

  // One request at a time, and each for what is wanted by then: nothing is fetched in vain.
  async function fetchMissing() {
    if (fetching) return;
    fetching = true;
    try {
      for (;;) {
        const { level, rows, outlined } = wanted;
        const missing = rows.filter((row) => !pictures.of(level, row, outlined));
        if (!missing.length) break;
        await pictures.fetch(level, missing.slice(0, PER_REQUEST), outlined);
        if (wanted.level !== level || wanted.outlined !== outlined) continue;
        for (const tile of host.querySelectorAll(".wbx-tile")) {
          const picture = pictures.of(level, Number(tile.dataset.row), outlined);
          const frame = tile.querySelector(".wbx-frame");
          if (picture && !frame.hasChildNodes()) fillFrame(frame, picture, tile.title);
        }
      }
    } finally {
      fetching = false;
    }
  }

  return { show, pictureOf: (row) => pictures.of(wanted.level, row, wanted.outlined) };
}

// A picture is {url, ring}: "" where there is none; the ring marks a cell in its image.
function fillFrame(frame, picture, name) {
  if (!picture) return;
  if (!picture.url) {
    const text = "no picture";
    frame.append(element("span", { className: "wbx-none", textContent: text }));
    return;
  }
  const box = element("span", { className: "wbx-picture" });
  box.append(element("img", { src: picture.url, alt: name, draggable: false }));
  if (picture.ring) {
    const ring = element("span", { className: "wbx-ring" });
    [ring.style.left, ring.style.top] = picture.ring.map((share) => `${100 * share}%`);
    box.append(ring);
  }
  frame.append(box);
}

function nameOf(table, row) {
  const image = formatValue(table.columns.image_id, row);
  return table.level === "cells" ? `${image}, cell ${table.columns.cell_id.values[row]}` : image;
}
