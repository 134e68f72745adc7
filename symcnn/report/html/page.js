"use strict";
// The page without this script is complete. It adds: numbers at another step of the training (looked up in the page's
// data, never computed), the other appearances of what is touched, and LaTeX to copy. Attributes that it reads:
//   data-v="x_12_image1"        a number or a quantity by its key; with data-digits the number changes with the step
//   data-p                      a number that stands in brackets while it is negative
//   data-heat, data-edge        a cell's colour, a line's width: |value| against data-scale, its sign by class
//   data-on="f_11 f_12"         lights up when one of these is touched
(() => {
  const { decimal, thousands, steps, shown, values } = JSON.parse(document.getElementById("states").textContent);
  const the = (id) => document.getElementById(id);
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const without = (text) => text.replace(/\.?0+$/, "");

  // As Python writes a number with so many significant digits.
  function text(value, digits) {
    const size = Math.abs(value);
    if (size >= 1e15) return value.toExponential(digits - 1);
    if (Number.isInteger(value) || size >= 10 ** digits) return String(Math.round(value) || 0);
    const [mantissa, power] = value.toExponential(digits - 1).split("e");
    const exponent = Number(power);
    if (exponent < -9) return `${without(mantissa)}e${power}`;
    if (exponent >= digits) return String(Math.round(value));
    const places = digits - 1 - exponent;
    return places ? without(value.toFixed(places)) : value.toFixed(0);
  }
  function written(value, digits) {
    const [mantissa, exponent] = text(value, digits).split("e");
    const power = exponent === undefined ? "" :
      "·10" + [...String(Number(exponent))].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");
    return (mantissa + power).replace(".", decimal).replace("-", "−");
  }

  // --- the step of the training
  const live = all("[data-v][data-digits]").filter((e) => values[e.dataset.v]);
  const drawn = all("[data-heat], [data-edge]").filter((e) => values[e.dataset.heat || e.dataset.edge]);
  const slider = the("t");
  let at = steps.indexOf(shown);

  function draw(element) {
    const { heat, edge, scale } = element.dataset;
    const value = values[heat || edge][at], share = Math.abs(value) / scale;
    if (heat) element.setAttribute("fill-opacity", (value ? Math.min(1, 0.12 + 0.88 * share) : 0).toFixed(3));
    else element.setAttribute("stroke-width", (0.7 + 2.6 * Math.min(1, share)).toFixed(2));
    element.classList.toggle("positive", value >= 0);
    element.classList.toggle("negative", value < 0);
  }
  // A number that has grown is set closer: its cell has not. All are measured before any is set: one layout, not many.
  const roomy = [...new Set(live.map((e) => e.closest("text[data-room]")).filter(Boolean))];
  function fit() {
    for (const text of roomy) text.removeAttribute("textLength");
    const large = roomy.filter((text) => text.getComputedTextLength() > text.dataset.room);
    for (const text of large) {
      text.setAttribute("textLength", text.dataset.room);
      text.setAttribute("lengthAdjust", "spacingAndGlyphs");
    }
  }
  function go(index) {
    at = index;
    for (const element of live) {
      const { v, digits, p } = element.dataset, number = written(values[v][at], Number(digits));
      element.textContent = p !== undefined && number[0] === "−" ? `(${number})` : number;
    }
    fit();
    drawn.forEach(draw);
    slider.value = at;
    const step = String(steps[at]).replace(/\B(?=(\d{3})+$)/g, thousands);
    slider.setAttribute("aria-valuetext", step);
    the("at").textContent = step;
    the("back").disabled = steps[at] === shown;
  }

  // --- what is touched
  const bare = (key) => key.replace(/_image\d+$/, "");
  const image = (key) => (key.match(/_image\d+$/) || [""])[0];
  const appearances = new Map(), switched = new Map();
  const add = (map, key, element) => map.set(key, [...(map.get(key) || []), element]);
  for (const e of all("[data-v]")) add(appearances, bare(e.dataset.v), e);
  for (const e of all("[data-on]")) for (const key of e.dataset.on.split(" ")) add(switched, bare(key), e);
  let followed = "", marked = [];

  function mark(elements, name) {
    for (const e of elements) e.classList.add(name);
    marked.push(...elements);
  }
  // Its appearances in any image, or in the same one; and what its gradient is made of: that equation's quantities.
  function light(key) {
    for (const e of marked) e.classList.remove("lit", "near");
    marked = [];
    if (!key) return;
    const quantity = bare(key), one = image(key);
    const gradient = the(quantity.startsWith("dE_d") ? quantity : `dE_d${quantity}`);
    const parts = new Set(gradient ? all("[data-v]", gradient).map((e) => bare(e.dataset.v)) : []);
    parts.delete(quantity);
    for (const part of parts) mark(appearances.get(part) || [], "near");
    const same = (e) => !one || !image(e.dataset.v) || image(e.dataset.v) === one;
    mark((appearances.get(quantity) || []).filter(same), "lit");
    mark(switched.get(quantity) || [], "lit");
  }
  function follow(key) {
    followed = key;
    light(key);
    const choice = the("on"), where = the("where");
    if (!choice) return;
    const quantity = bare(key).replace(/^dE_d/, "");
    choice.value = [...choice.options].some((o) => o.value === quantity) ? quantity : "";
    const equation = key && (the(bare(key)) || the(`dE_d${quantity}`));
    where.hidden = !(equation && equation.matches(".eq"));
    if (where.hidden) return;
    where.href = `#${equation.id}`;
    where.textContent = equation.querySelector("button").textContent;
  }

  // --- addresses: #t=60, #on=f_12, #t=60&on=f_12; any other leads to a part of the page
  function address() {
    const parts = [steps[at] === shown ? "" : `t=${steps[at]}`, followed ? `on=${followed}` : ""].filter(Boolean);
    history.replaceState(null, "", parts.length ? `#${parts.join("&")}` : location.pathname + location.search);
  }
  function arrive() {
    const found = new URLSearchParams(location.hash.slice(1));
    const step = found.has("t") ? steps.indexOf(Number(found.get("t"))) : -1;
    if (step >= 0 && slider) go(step);
    if (found.has("on")) follow(found.get("on"));
  }

  // --- hands
  if (slider) {
    let waiting = 0;
    slider.addEventListener("input", () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(() => go(Number(slider.value)));
    });
    slider.addEventListener("change", () => { go(Number(slider.value)); address(); });
    the("back").addEventListener("click", () => { go(steps.indexOf(shown)); address(); slider.focus(); });
  }
  const touched = (event) => event.target.closest("[data-v], [data-on]");
  const keyOf = (e) => e.dataset.v || e.dataset.on.split(" ")[0];
  document.addEventListener("pointerover", (event) => {
    const e = event.pointerType === "mouse" && touched(event);
    if (e) light(keyOf(e));
  });
  document.addEventListener("pointerout", (event) => {
    if (event.pointerType === "mouse" && touched(event)) light(followed);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-tex]"), e = touched(event);
    if (button) copy(button.dataset.tex);
    else if (e) { follow(keyOf(e) === followed ? "" : keyOf(e)); address(); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && followed) { follow(""); address(); }
  });
  the("on")?.addEventListener("change", (event) => { follow(event.target.value); address(); });
  async function copy(tex) {
    const said = the("said");
    try {
      await navigator.clipboard.writeText(tex);
    } catch { // a page opened from a file in some browsers
      const field = document.body.appendChild(Object.assign(document.createElement("textarea"), { value: tex }));
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    said.textContent = said.dataset.copied;
    setTimeout(() => { said.textContent = ""; }, 2500);
  }

  for (const button of all("[data-tex]")) button.disabled = false;
  the("bar").hidden = !(slider || the("on"));
  addEventListener("hashchange", arrive);
  arrive();
})();
