// What opens and closes: menus, dialogs, messages.
document.addEventListener("click", (e) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(e.target)) menu.open = false;
  }
  const close = e.target.closest("[data-close]");
  if (close) close.closest(close.dataset.close)?.remove();

  // Buttons that command a dialog, where the browser does not know them itself.
  const button = e.target.closest("button[commandfor]");
  if (button && !("command" in HTMLButtonElement.prototype)) {
    const dialog = document.getElementById(button.getAttribute("commandfor"));
    if (button.getAttribute("command") === "show-modal") dialog.showModal();
    else dialog.close();
  }
  if (e.target instanceof HTMLDialogElement) { // beside its content
    const r = e.target.getBoundingClientRect();
    if (e.clientX < r.left || e.clientX > r.right || e.clientY < r.top || e.clientY > r.bottom) e.target.close();
  }
});

document.addEventListener("keydown", (e) => {
  if (e.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Messages go by themselves, after long enough to be read, unless one points at them.
for (const toast of document.querySelectorAll(".toast")) {
  let timer;
  const leave = () => { timer = setTimeout(() => toast.remove(), 8000); };
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  toast.addEventListener("pointerleave", leave);
  toast.addEventListener("focusin", () => clearTimeout(timer));
  leave();
}

// tell shows a message of the page's own: sutor.tell("✗", "bad", "…").
window.sutor = {
  tell(sign, tone, text) {
    const box = document.getElementById("toasts");
    if (!box) return null;
    const toast = document.createElement("div");
    toast.className = "toast " + tone;
    const mark = document.createElement("span");
    mark.setAttribute("aria-hidden", "true");
    mark.textContent = sign;
    const words = document.createElement("span");
    words.textContent = text;
    toast.append(mark, words);
    box.append(toast);
    return toast;
  },
};

// A part of a page that could not be fetched says so; what stands there stays.
document.addEventListener("htmx:response:error", (e) => {
  const status = e.detail.ctx?.response?.status;
  if (status === 401) location.reload(); // leads to the sign-in, and back
  else sutor.tell("✗", "bad", "That could not be shown. Load the page again to see why.");
});
document.addEventListener("htmx:error", (e) => {
  if (!e.detail.ctx?.response) sutor.tell("!", "warn", "The server cannot be reached. Check the connection and try again.");
});
