// The list of places with their verdicts, and what filters it.

function makeReviewList(host, { schema, change }) {
  const menu = (label, name) => {
    const select = element("select");
    select.addEventListener("change", () => change({ [name]: select.value }));
    const box = element("label", { className: "wbc-control", textContent: label });
    box.append(select);
    return { box, select };
  };
  const fill = (select, options, value) => {
    const key = JSON.stringify(options);
    if (select.dataset.key !== key) {
      select.dataset.key = key;
      select.replaceChildren(
        ...options.map(([given, textContent]) => element("option", { value: given, textContent })),
      );
    }
    select.value = value;
  };
  const [shown, kind, reviewer] = [menu("Show", "shown"), menu("Type", "kind"), menu("Judged by", "reviewer")];
  const filters = element("div", { className: "wbc-bar" });
  filters.append(shown.box, kind.box, reviewer.box);
  const list = element("ol", { className: "wbr-list" });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Places to look at");
  const none = element("p", { className: "wbc-soft" });
  host.append(filters, list, none);

  const items = schema.rows.map((row, at) => {
    const item = element("li", { className: "wbr-item", title: row.image_id });
    item.setAttribute("role", "option");
    const number = element("span", { className: "wbr-number", textContent: at + 1 });
    const text = element("span", { className: "wbr-text" });
    const about = element("span", { className: "wbc-soft wbr-about", textContent: row.about });
    text.append(row.kind, about);
    const badge = element("span", { className: "wbr-badge" });
    item.append(number, text, badge);
    item.addEventListener("click", () => change({ place: at }));
    return { item, badge };
  });
  list.append(...items.map(({ item }) => item));
  let seen = null;

  return (view, verdicts, state) => {
    const isShown = new Set(view.rows);
    items.forEach(({ item, badge }, at) => {
      const verdict = verdicts[at];
      item.hidden = !isShown.has(at);
      item.setAttribute("aria-selected", String(at === view.current));
      badge.textContent = verdict ? JUDGEMENT_SIGNS[verdict.judgement] : "";
      badge.dataset.judgement = verdict?.judgement ?? "";
      badge.title = verdict ? `${verdict.judgement} – ${verdict.reviewer}` : "";
      badge.setAttribute("aria-label", verdict?.judgement ?? "not judged");
    });
    none.textContent = schema.rows.length ? "Nothing passes these filters." : "There is nothing to look at.";
    none.hidden = view.rows.length > 0;
    fill(shown.select, [["all", "all"], ["unjudged", "not judged"], ["judged", "judged"]], state.shown);
    const kinds = [...new Set(schema.rows.map((row) => row.kind))];
    fill(kind.select, [["", "all"], ...kinds.map((name) => [name, name])], state.kind);
    const people = new Set(verdicts.flatMap((verdict) => Object.keys(verdict?.by ?? {})));
    if (state.reviewer) people.add(state.reviewer);
    const named = [...people].sort().map((name) => [name, name || "unnamed"]);
    fill(reviewer.select, [["", "anybody"], ...named.filter(([name]) => name)], state.reviewer);
    if (seen !== view.current && view.current !== null) {
      // Within the list alone: the notebook around it stays where it is.
      const { item } = items[view.current];
      const [top, bottom] = [item.offsetTop, item.offsetTop + item.offsetHeight];
      if (top < list.scrollTop) list.scrollTop = top;
      if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
      seen = view.current;
    }
  };
}
