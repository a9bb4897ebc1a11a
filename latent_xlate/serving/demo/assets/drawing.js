// A small drawing in white on black. Its value is a PNG as a data URL; "input" tells that it has changed.
const canvas = element.querySelector("canvas");
const context = canvas.getContext("2d");
const penMark = element.querySelector(".xlate-pen");
const paper = element.querySelector(".xlate-paper");
const WIDTH = 22, STEP = 8, PAUSE = 350;
let position = [canvas.width / 2, canvas.height / 2], down = false, timer = null, mine = null;

function clear() {
  context.fillStyle = "black";
  context.fillRect(0, 0, canvas.width, canvas.height);
  paper.classList.remove("xlate-drawn");
  down = false;
  mark();
}

function mark() {
  penMark.style.left = `${(100 * position[0]) / canvas.width}%`;
  penMark.style.top = `${(100 * position[1]) / canvas.height}%`;
  penMark.classList.toggle("xlate-down", down);
}

function line(to) {
  context.strokeStyle = "white";
  context.lineWidth = WIDTH;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(...position);
  context.lineTo(...to);
  context.stroke();
  paper.classList.add("xlate-drawn");
}

function moveTo(to) {
  if (down) line(to);
  position = to;
  mark();
}

// Several strokes make one drawing: it is told of once the pen rests.
function tell() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    mine = canvas.toDataURL("image/png");
    props.value = mine;
    trigger("input");
  }, PAUSE);
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  return [
    ((event.clientX - box.left) * canvas.width) / box.width,
    ((event.clientY - box.top) * canvas.height) / box.height,
  ];
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  clearTimeout(timer);
  position = place(event);
  down = true;
  moveTo(position);
});
canvas.addEventListener("pointermove", (event) => {
  if (canvas.hasPointerCapture(event.pointerId)) for (const each of event.getCoalescedEvents?.() ?? [event]) moveTo(place(each));
});
for (const name of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(name, () => {
    down = false;
    mark();
    tell();
  });
}

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
canvas.addEventListener("keydown", (event) => {
  if (event.key in MOVES) {
    const limits = [canvas.width, canvas.height];
    moveTo(position.map((at, axis) => Math.min(Math.max(at + STEP * MOVES[event.key][axis], 0), limits[axis])));
    if (down) tell();
  } else if (event.key === " ") {
    down = !down;
    if (down) line(position);
    mark();
    tell();
  } else if (event.key === "Delete" || event.key === "Backspace") {
    clearTimeout(timer);
    clear();
  } else {
    return;
  }
  event.preventDefault();
});

// Python empties the value where another input is to be drawn.
watch("value", () => {
  if (props.value !== mine) clear();
});
clear();
