// A list of names to choose several from: check boxes that fold away, with a search box above long lists. The names are
// not asked for before someone opens the list.

import { element } from "./dom.js";

const LONG = 10; // entries

/**
 * Make a pick list in a container.
 * @param find Returns the names that contain a text, all of them for "". May be asynchronous.
 */
export function pickList(container, { label, find }) {
  const chosen = new Set();
  const summary = element("span");
  const options = element("div", { class: "options", role: "group", "aria-label": label, tabindex: -1 });
  const search = element("input", {
    type: "search", "aria-label": `Find: ${label}`, placeholder: "Find", hidden: true, input: () => refresh(),
  });
  const note = element("p", { class: "hint" });
  const details = element("details", { class: "pick", toggle: () => details.open && refresh() }, element("summary", {}, `${label}: `, summary), search, options, note);
  container.replaceChildren(details);
  describe();

  /** Show the names that match the search box, those that are chosen first. */
  async function refresh() {
    const text = search.value.trim();
    let names;
    try {
      names = await find(text);
    } catch (problem) {
      note.textContent = problem.message;
      return;
    }
    if (text !== search.value.trim()) return; // a later answer is on its way
    note.textContent = names.length || chosen.size ? "" : "Nothing found.";
    search.hidden = !text && names.length <= LONG;
    const others = names.filter((entry) => !chosen.has(entry));
    options.replaceChildren(...[...chosen, ...others].map(option));
    options.hidden = !options.childElementCount;
  }

  function option(value) {
    const box = element("input", {
      type: "checkbox", checked: chosen.has(value),
      change: () => {
        if (box.checked) chosen.add(value);
        else chosen.delete(value);
        describe();
      },
    });
    return element("label", {}, box, value);
  }

  function describe() {
    const names = [...chosen];
    summary.textContent = names.length > 2 ? `${names.length} chosen` : names.join(", ") || "any";
  }

  return {
    values: () => [...chosen],
    /** Choose these names, and no others. */
    choose(names) {
      chosen.clear();
      names.forEach((entry) => chosen.add(entry));
      describe();
      if (details.open) refresh();
    },
  };
}
