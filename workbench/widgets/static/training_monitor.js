// The training monitor: what the kernel has read of trainings; while one goes on, it is asked again.

const LOOK_EVERY_MS = 2000;
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#808000"];
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "5 5"];

function mountMonitor(root, { read, onContent, look, validate }) {
  root.classList.add("wbc", "wbm");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Training monitor");
  const state = document.createElement("ul");
  const plots = document.createElement("div");
  const about = document.createElement("p");
  const figure = document.createElement("figure");
  figure.className = "wbm-picture";
  state.className = "wbm-state";
  plots.className = "wbm-plots";
  about.className = "wbc-soft";
  root.replaceChildren(state, plots, figure, about);
  const hidden = new Set();

  function show() {
    const { networks, note, picture } = read();
    // Colour never tells alone.
    const drawn = networks.map((network, at) => ({
      ...network,
      colour: COLOURS[at % COLOURS.length],
      dash: DASHES[at % DASHES.length],
    }));
    state.replaceChildren(...drawn.map(line));
    const shown = drawn.filter(({ name, epoch }) => !hidden.has(name) && epoch.length);
    const series = (key, points) => shown.map((one) => ({ ...one, x: one.epoch, y: one[key], points }));
    const plot = (title, yLabel, lines, yRange) => linePlot({ title, xLabel: "Epoch", yLabel, series: lines, yRange });
    plots.replaceChildren(
      ...(shown.length
        ? [
            plot("Training loss", "Loss", series("train_loss", false)),
            plot("Validation loss", "Loss", series("validation_loss", true)),
            plot("Validation F1 at IoU 0.5", "F1, mean over images", series("validation_f1", true), [0, 1]),
          ]
        : []),
    );
    about.textContent = note;
    figure.replaceChildren(...pictureParts(picture));
  }

  function line({ name, sentence, state: now, colour, dash, validation_f1 }) {
    const item = document.createElement("li");
    const toggle = document.createElement("button");
    const swatch = vector("svg", { width: 28, height: 10, "aria-hidden": "true" });
    const sample = vector("line", { x1: 0, x2: 28, y1: 5, y2: 5, class: "wbl-line" });
    const told = document.createElement("span");
    const hasScore = validation_f1.some((value) => value !== null);
    toggle.type = "button";
    toggle.className = "wbc-entry";
    toggle.title = "Show or hide its curves";
    toggle.setAttribute("aria-pressed", String(!hidden.has(name)));
    sample.style.stroke = colour;
    sample.setAttribute("stroke-dasharray", dash);
    swatch.append(sample);
    toggle.append(swatch, name);
    toggle.addEventListener("click", () => {
      if (!hidden.delete(name)) hidden.add(name);
      show();
    });
    told.textContent = sentence;
    told.className = now === "failed" || now === "blocked" ? "wbm-failed" : "";
    item.append(toggle, told);
    if (validate && hasScore) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Validation image";
      button.title = "What the best weights so far find in a validation image; takes a few seconds";
      button.addEventListener("click", () => {
        button.disabled = true;
        validate(name);
      });
      item.append(button);
    }
    return item;
  }

  function pictureParts({ title, jpeg }) {
    if (!title) return [];
    const caption = document.createElement("figcaption");
    caption.textContent = title;
    if (!jpeg) return [caption];
    const image = document.createElement("img");
    image.src = `data:image/jpeg;base64,${jpeg}`;
    image.alt = title;
    return [caption, image];
  }

  const forget = onContent(show);
  // Nobody looks at a hidden page, and an ended training does not change.
  const asking = setInterval(() => read().going && !document.hidden && look(), LOOK_EVERY_MS);
  show();
  return () => {
    clearInterval(asking);
    forget();
  };
}

function mountStillMonitor() {
  const content = JSON.parse(document.getElementById("data").textContent);
  mountMonitor(document.getElementById("monitor"), { read: () => content, onContent: () => () => {}, look: () => {}, validate: null });
}

export default {
  render: ({ model, el }) =>
    mountMonitor(el, {
      read: () => model.get("content"),
      onContent(listen) {
        model.on("change:content", listen);
        return () => model.off("change:content", listen);
      },
      look: () => model.send({ kind: "look" }),
      validate: (name) => model.send({ kind: "validation", name }),
    }),
};
