// "select" tells which of the buttons, by its data-number, was pressed.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-number]");
  if (button) trigger("select", { number: Number(button.dataset.number) });
});
