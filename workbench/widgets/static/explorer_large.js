// One picture large, with all that is known of its row.

function makeLarge(host, { source, onClose, onStep, onOutlined }) {
  host.hidden = true;
  host.setAttribute("role", "dialog");
  const title = element("h3", { className: "wbx-title" });
  const button = (text, label, onclick) =>
    element("button", { type: "button", textContent: text, title: label, ariaLabel: label, onclick });
  const before = button("‹", "Previous picture (left arrow)", () => onStep(-1));
  const after = button("›", "Next picture (right arrow)", () => onStep(1));
  const outlines = button("Outlines", "Outlines of labels on or off (o)", () => onOutlined());
  const close = button("Close", "Back to the gallery (Escape)", () => onClose());
  const head = element("div", { className: "wbx-head" });
  head.append(title, before, after, outlines, close);
  const frame = element("div", { className: "wbx-largeframe" });
  const facts = element("table", { className: "wbx-facts" });
  const note = element("p", { className: "wbx-note" });
  const side = element("div", { className: "wbx-side" });
  side.append(facts, note);
  const body = element("div", { className: "wbx-largebody" });
  body.append(frame, side);
  host.append(head, body);
  let asked = 0;
  let shownUrl = "";

  host.addEventListener("keydown", (event) => {
    const answer = {
      Escape: onClose,
      ArrowLeft: () => onStep(-1),
      ArrowRight: () => onStep(1),
      o: onOutlined,
    }[event.key];
    if (!answer) return;
    answer();
    event.stopPropagation();
    event.preventDefault();
  });

  async function show(table, row, { place, count, outlined, small }) {
    const request = ++asked;
    const name = nameOf(table, row);
    const wasHidden = host.hidden;
    host.hidden = false;
    host.setAttribute("aria-label", name);
    title.textContent = `${name} · ${place + 1} of ${count}`;
    [before.disabled, after.disabled] = [place === 0, place === count - 1];
    outlines.setAttribute("aria-pressed", String(outlined));
    if (wasHidden) close.focus({ preventScroll: true });
    frame.replaceChildren();
    fillFrame(frame, small, name); // until the large one is there
    const [[picture], values] = await Promise.all([
      source.pictures(table.level, [row], outlined, true),
      source.facts(table, row),
    ]);
    if (request !== asked || host.hidden) {
      URL.revokeObjectURL(picture.url);
      return;
    }
    URL.revokeObjectURL(shownUrl);
    shownUrl = picture.url;
    frame.replaceChildren();
    fillFrame(frame, picture, name);
    note.textContent = picture.note ?? "";
    facts.replaceChildren(
      ...Object.values(table.schema.columns).map((column) => {
        const line = element("tr");
        const value = values[column.name];
        const text = typeof value === "string" ? value : formatNumber(value);
        line.append(
          element("th", { scope: "row", textContent: column.label }),
          element("td", { textContent: text }),
        );
        return line;
      }),
    );
  }

  return {
    show,
    hide() {
      host.hidden = true;
    },
  };
}
