// Paper cannot be unfolded. Browsers that know ::details-content do this by the style sheet alone.
(() => {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
})();

// Tips of points: at once, for touch too, and with the same run marked in every figure. Without this script
// browsers show the titles of the points instead.
(() => {
  const REACH = 14; // in units of a drawing's view box
  const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
  tip.setAttribute("aria-hidden", "true"); // the drawing is described as a whole; tables hold its numbers
  document.body.append(tip);

  const points = [...document.querySelectorAll("figure svg use:has(> title)")].map((element) => {
    const text = (element.dataset.tip = element.firstElementChild.textContent);
    element.firstElementChild.remove(); // or the browser's own tip would come on top
    const [x, y] = ["x", "y"].map((name) => Number(element.getAttribute(name)));
    return { element, text, x, y, run: text.split("\n").at(-1), svg: element.ownerSVGElement };
  });
  const bySvg = Map.groupBy(points, (point) => point.svg);
  const byRun = Map.groupBy(points, (point) => point.run);

  const nearest = (svg, event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const distance = (point) => Math.hypot(point.x - at.x, point.y - at.y);
    const best = bySvg.get(svg).reduce((one, other) => (distance(other) < distance(one) ? other : one));
    return distance(best) <= REACH ? best : null;
  };

  let shown = null;
  const show = (point) => {
    if (point === shown) return;
    for (const { element } of byRun.get(shown?.run) ?? []) element.classList.remove("chosen");
    for (const { element } of byRun.get(point?.run) ?? []) element.classList.add("chosen");
    shown = point;
    tip.hidden = point === null;
    if (point === null) return;
    tip.textContent = point.text;
    const box = point.element.getBoundingClientRect();
    const left = Math.min(box.right + 10, document.documentElement.clientWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(left, 8) + window.scrollX}px`;
    tip.style.top = `${box.top - tip.offsetHeight - 8 + window.scrollY}px`;
  };

  for (const svg of bySvg.keys()) {
    svg.addEventListener("pointermove", (event) => show(nearest(svg, event)));
    svg.addEventListener("pointerdown", (event) => show(nearest(svg, event)));
    svg.addEventListener("pointerleave", () => show(null));
  }
  document.addEventListener("keydown", (event) => event.key === "Escape" && show(null));
})();
