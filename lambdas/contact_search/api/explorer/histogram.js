// A histogram of the loaded contacts over time. A part of it is chosen by dragging, or with the two sliders below it.

import { byId, element, graphic } from "./dom.js";
import { number, time, TIME_ZONE } from "./format.js";

const BARS = 60;
const STEPS = 200; // of the sliders
const [WIDTH, HEIGHT] = [600, 80]; // of the drawing's own coordinates
const figure = byId("histogram");

/**
 * Draw the histogram.
 * @param moments When the contacts were, in milliseconds.
 * @param start Where the axis begins and ends, in milliseconds.
 * @param onRange Called with the chosen start and end; null where the range cannot be narrowed.
 */
export function draw(moments, start, end, onRange) {
  const inside = moments.filter((moment) => moment >= start && moment <= end);
  figure.hidden = inside.length < 2 || !(end > start);
  if (figure.hidden) return;
  const counts = new Array(BARS).fill(0);
  for (const moment of inside) counts[Math.min(BARS - 1, Math.floor(((moment - start) / (end - start)) * BARS))] += 1;
  const label = `${number(inside.length)} contacts from ${time(start)} to ${time(end)}. ${peak(counts, start, end)}`;
  const svg = graphic(
    "svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    ...counts.map((count, index) => bar(count, index, Math.max(...counts))),
  );
  const axis = element("div", { class: "axis" });
  figure.replaceChildren(svg, axis);
  if (!onRange) {
    axis.append(element("span", {}, time(start)), element("span", {}, `${time(end)} (${TIME_ZONE})`));
    return;
  }
  addRange(svg, axis, start, end, onRange);
}

export function hide() {
  figure.hidden = true;
}

function bar(count, index, most) {
  const height = count && Math.max(2, (count / most) * (HEIGHT - 6));
  const width = WIDTH / BARS;
  return graphic("rect", { class: "bar", x: index * width + 0.75, y: HEIGHT - height, width: width - 1.5, height });
}

function peak(counts, start, end) {
  const most = Math.max(...counts);
  const at = start + ((end - start) * counts.indexOf(most)) / counts.length;
  return `Most, ${number(most)}, about ${time(at)}.`;
}

/** Add the sliders, and the selection that they and the pointer change. */
function addRange(svg, axis, start, end, onRange) {
  const selection = graphic("rect", { class: "selection", y: 0, height: HEIGHT, width: 0 });
  svg.append(selection);
  const [low, high] = [slider("Start of the range", 0), slider("End of the range", STEPS)];
  const text = element("span");
  const search = element("button", { type: "button", hidden: true, click: narrow }, "Search this range");
  axis.append(text, search);
  svg.after(element("div", { class: "range" }, low, high));

  const momentAt = (step) => start + ((end - start) * step) / STEPS;
  const stepAt = (event) => {
    const box = svg.getBoundingClientRect();
    return Math.round(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * STEPS);
  };

  function slider(label, value) {
    return element("input", {
      type: "range", min: 0, max: STEPS, value, "aria-label": label, input: show,
      keydown: (event) => event.key === "Enter" && narrow(),
    });
  }

  function chosen() {
    return [Number(low.value), Number(high.value)].sort((one, other) => one - other);
  }

  function show() {
    const [from, to] = chosen();
    const isPart = to > from && (from > 0 || to < STEPS);
    selection.setAttribute("x", (from / STEPS) * WIDTH);
    selection.setAttribute("width", isPart ? ((to - from) / STEPS) * WIDTH : 0);
    text.textContent = `${time(momentAt(from))} – ${time(momentAt(to))} (${TIME_ZONE})`;
    search.hidden = !isPart;
    for (const input of [low, high]) input.setAttribute("aria-valuetext", time(momentAt(Number(input.value))));
  }

  function narrow() {
    const [from, to] = chosen();
    if (to > from && (from > 0 || to < STEPS)) onRange(momentAt(from), momentAt(to));
  }

  svg.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const began = stepAt(event);
    svg.setPointerCapture(event.pointerId);
    const move = (moved) => {
      [low.value, high.value] = [began, stepAt(moved)].sort((one, other) => one - other);
      show();
    };
    const stop = (stopped) => {
      svg.removeEventListener("pointermove", move);
      if (stopped.type === "pointerup" && stepAt(stopped) !== began) {
        narrow();
      } else {
        [low.value, high.value] = [0, STEPS];
        show();
      }
    };
    svg.addEventListener("pointermove", move);
    svg.addEventListener("pointerup", stop, { once: true });
    svg.addEventListener("pointercancel", stop, { once: true });
  });
  show();
}
