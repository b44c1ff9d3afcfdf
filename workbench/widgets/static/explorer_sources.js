// Where values and pictures come from: a kernel, which is asked for what is needed, or the page.

const ARRAYS = { f4: Float32Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array };

function kernelSource(model) {
  const waiting = new Map();
  const self = Math.random().toString(36).slice(2); // several views may share a model
  let n = 0;
  const receive = (message, buffers) => {
    waiting.get(message.request)?.({ message, buffers });
    waiting.delete(message.request);
  };
  model.on("msg:custom", receive);
  const ask = (content) =>
    new Promise((answer) => {
      const request = `${self} ${n++}`;
      waiting.set(request, answer);
      model.send({ ...content, request });
    });
  return {
    schema: model.get("schema"),
    readState: () => model.get("state"),
    writeState(state) {
      model.set("state", state);
      model.save_changes();
    },
    onState(listen) {
      model.on("change:state", listen);
      return () => {
        model.off("change:state", listen);
        model.off("msg:custom", receive);
      };
    },
    async values(level, name) {
      const { message, buffers } = await ask({ kind: "column", level, name });
      return { values: readArray(message.dtype, buffers[0]), names: message.names ?? [] };
    },
    async pictures(level, rows, outlined, large) {
      const { buffers } = await ask({ kind: "pictures", level, rows, outlined, large });
      return buffers.map((buffer) => ({ url: buffer.byteLength ? jpegUrl(buffer) : "" }));
    },
    async facts(table, row) {
      const { message } = await ask({ kind: "facts", level: table.level, rows: [row] });
      return message.facts[0];
    },
    pick: (level, row) => model.send({ kind: "pick", level, rows: [row] }),
    keep: model.get("keeps") ? async (name) => (await ask({ kind: "keep", name })).message.text : null,
  };
}

function pageSource(data) {
  let state = data.state;
  const { images } = data.columns;
  const columnOf = (level, name) => {
    const column = data.columns[level][name];
    column.values ??= readArray(column.dtype, bytesOf(column.data));
    return { values: column.values, names: column.names ?? [] };
  };
  const factOf = (level, name, row) => data.columns[level][name] && columnOf(level, name).values[row];
  let rowOfImage = null;

  // A cell is shown by a ring in the picture of its image.
  function imageOfCell(row) {
    const ids = columnOf("images", "image_id");
    rowOfImage ??= new Map(Array.from(ids.values, (code, at) => [ids.names[code], at]));
    const cellIds = columnOf("cells", "image_id");
    const image = rowOfImage.get(cellIds.names[cellIds.values[row]]);
    const size = [factOf("images", "width_px", image), factOf("images", "height_px", image)];
    const at = [factOf("cells", "column_px", row), factOf("cells", "row_px", row)];
    const ring = at.map((value, axis) => (value + 0.5) / size[axis]);
    return { image, ring: ring.some(Number.isNaN) ? null : ring };
  }

  return {
    schema: data.schema,
    readState: () => state,
    writeState: (changed) => (state = changed),
    onState: () => () => {},
    values: async (level, name) => columnOf(level, name),
    async pictures(level, rows, outlined, large) {
      return rows.map((row) => {
        const { image, ring } = level === "cells" ? imageOfCell(row) : { image: row };
        const embedded = data.pictures[image];
        const chosen = embedded?.[outlined ? embedded.length - 1 : 0];
        const note = large
          ? "This page holds small pictures alone; the notebook with its kernel shows them large."
          : "";
        return { url: chosen ? jpegUrl(bytesOf(chosen)) : "", ring, note };
      });
    },
    async facts(table, row) {
      const named = Object.entries(table.schema.columns).map(([, column]) => {
        const { values, names } = columnOf(table.level, column.name);
        const texts = column.names.length ? column.names : names;
        return [column.name, texts.length ? texts[values[row]] : values[row]];
      });
      return Object.fromEntries(named);
    },
    pick: () => {},
    note(level) {
      const { n_rows: here, n_all: all } = data.schema[level];
      const n = Object.keys(data.pictures).length;
      const parts = [];
      if (here < all) parts.push(`${formatNumber(here)} of ${formatNumber(all)} ${level}, drawn at random`);
      if (n < data.schema.images.n_rows) {
        parts.push(`pictures of ${formatNumber(n)} of ${formatNumber(data.schema.images.n_rows)} images`);
      }
      return parts.length ? `To stay small, this page holds ${parts.join(" and ")}.` : "";
    },
  };
}

function readArray(dtype, bytes) {
  const start = bytes.byteOffset;
  return new ARRAYS[dtype](bytes.buffer.slice(start, start + bytes.byteLength));
}

function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

function jpegUrl(bytes) {
  return URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
}
