// Plays the sound of the button that was pressed, and no other.
let playing = null;
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-sound]");
  if (!button) return;
  if (playing) playing.pause();
  playing = new Audio(button.dataset.sound);
  button.classList.add("xlate-playing");
  for (const name of ["ended", "pause", "error"]) {
    playing.addEventListener(name, () => button.classList.remove("xlate-playing"));
  }
  playing.play();
});
