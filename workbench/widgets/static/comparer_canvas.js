// Canvases that are dragged, clicked on and zoomed, as large as the screen shows them.

const CLICK_PX = 4;
const STEP = 1.25;

function watchPointer(canvas, { onMove, onZoom, onClick }) {
  let down = null;
  const at = (event) => [event.offsetX, event.offsetY];
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down = { last: at(event), moved: 0 };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!down) return;
    const [x, y] = at(event);
    const [dx, dy] = [x - down.last[0], y - down.last[1]];
    down.moved += Math.abs(dx) + Math.abs(dy);
    down.last = [x, y];
    if (down.moved > CLICK_PX) onMove(dx, dy);
  });
  canvas.addEventListener("pointerup", (event) => {
    if (down && down.moved <= CLICK_PX) onClick(at(event));
    down = null;
  });
  canvas.addEventListener("pointercancel", () => (down = null));
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      onZoom(STEP ** (-Math.sign(event.deltaY)), at(event));
    },
    { passive: false },
  );
}

function fitCanvas(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((size) => Math.round(size * ratio));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  return context;
}

function element(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}
