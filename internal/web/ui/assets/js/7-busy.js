// Steps for which the page waits: they say so, and for how long already.
document.addEventListener("submit", (e) => {
  const box = e.target.querySelector("[data-busy]");
  if (!box) return;
  box.hidden = false;
  const begun = Date.now();
  const says = box.querySelector("[data-seconds]");
  const timer = setInterval(() => { says.textContent = Math.round((Date.now() - begun) / 1000) + " s"; }, 1000);
  const button = e.target.querySelector("button");
  button.disabled = true;
  addEventListener("pageshow", () => { // come back to by the browser's own button
    clearInterval(timer);
    box.hidden = true;
    button.disabled = false;
  }, { once: true });
});
