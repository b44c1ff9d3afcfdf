// Where a review comes from: a kernel, which notes verdicts, or a page, which only shows them.

function reviewKernelSource(model) {
  const names = ["verdicts", "scores", "problem"];
  return {
    ...kernelSource(model),
    read: (name) => model.get(name),
    onChange(listen) {
      names.forEach((name) => model.on(`change:${name}`, listen));
      return () => names.forEach((name) => model.off(`change:${name}`, listen));
    },
    judge: (row, judgement, note) => model.send({ kind: "verdict", row, judgement, note }),
    undo: () => model.send({ kind: "undo" }),
    count: () => model.send({ kind: "scores" }),
  };
}

function reviewPageSource(data) {
  const { parcel, ...rest } = pageSource(data);
  const missing = "The picture of this place is not in the page, which would be too large.";
  return {
    ...rest,
    read: (name) => data[name] ?? "",
    onChange: () => () => {},
    parcel: (row, panel) => (row in data.parcels ? parcel(row, panel) : Promise.resolve({ problem: missing })),
    judge: () => {},
    undo: () => {},
    count: () => {},
  };
}
