// Where images and cells come from: a kernel, which is asked for what is shown, or the page. Both
// give parcels in one form: a description and deflated bytes.

const KEPT_PARCELS = 48;

function kernelSource(model) {
  const waiting = new Map();
  const self = Math.random().toString(36).slice(2); // several views may share a model
  let n = 0;
  let come = () => {};
  const receive = (message, buffers) => {
    if (message.kind === "come") return come();
    waiting.get(message.request)?.({ ...message, blocks: buffers });
    waiting.delete(message.request);
  };
  model.on("msg:custom", receive);
  return {
    schema: model.get("schema"),
    readState: () => model.get("state"),
    onCome: (act) => (come = act),
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
    parcel: (image_id, panel) =>
      new Promise((answer) => {
        const request = `${self} ${n++}`;
        waiting.set(request, answer);
        model.send({ kind: "parcel", image_id, panel, request });
      }),
    tell: (kind, image_id, cell) => model.send({ kind, image_id, cell }),
  };
}

function pageSource({ schema, state, parcels }) {
  let current = state;
  return {
    schema,
    readState: () => current,
    onCome: () => {},
    writeState: (changed) => (current = changed),
    onState: () => () => {},
    async parcel(image_id, panel) {
      const { about, problem, blocks = [] } = parcels[image_id][panel];
      const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      return { about, problem, blocks: blocks.map(bytesOf) };
    },
    tell: () => {},
  };
}

// Parcels as arrays, each fetched once; the last ones are kept, so that going back is quick.
function makeStore(source) {
  const kept = new Map();
  const get = (image_id, panel) => {
    const key = JSON.stringify([image_id, panel]);
    const found = kept.get(key) ?? source.parcel(image_id, panel).then(panel ? openLayer : openImage);
    kept.delete(key);
    kept.set(key, found);
    if (kept.size > KEPT_PARCELS) kept.delete(kept.keys().next().value);
    return found;
  };
  return { image: (image_id) => get(image_id, ""), layer: get };
}

async function openImage({ about, blocks, problem }) {
  if (problem) return { problem, height: 1, width: 1, channels: [], planes: [] };
  const values = await inflate(blocks[0]);
  const size = about.height * about.width;
  const planes = about.channels.map((_, at) => values.subarray(at * size, (at + 1) * size));
  return { ...about, planes };
}

async function openLayer({ about, blocks, problem }) {
  const cells = { reference: new Map(), predicted: new Map() };
  if (problem) return { problem, ids: [], ranks: null, cells };
  const [bytes, told] = await Promise.all(blocks.map(inflate));
  const ranks = about.dtype === "u2" ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer);
  const { ids, columns } = JSON.parse(new TextDecoder().decode(told));
  const names = Object.keys(columns);
  columns.cell_id.forEach((id, row) => {
    const cell = Object.fromEntries(names.map((name) => [name, columns[name][row]]));
    cells[cell.side].set(id, cell);
  });
  return { ids, ranks, cells };
}

async function inflate(block) {
  const stream = new Blob([block]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
